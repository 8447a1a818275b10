//! What the caller may do in the organisation that the path names.

use axum::extract::{FromRef, FromRequestParts, RawPathParams};
use http::StatusCode;
use http::request::Parts;
use usher_domain::spec::Authority;
use usher_domain::{Capacity, Membership, MembershipId, Organisation, OrganisationId, State};
use usher_store::Store;

use crate::{Caller, Groups, Problem};

/// The organisation that the path names. A text that is no id is treated like an id that does not exist.
pub async fn organisation_of<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<OrganisationId, Problem> {
    let parameters = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Problem::not_found())?;
    let found = parameters.iter().find(|(name, _)| *name == "org").map(|(_, text)| text.to_owned());
    found.and_then(|text| text.parse().ok()).ok_or_else(Problem::not_found)
}

/// An active administrator of the organisation that the path names, and that organisation.
#[derive(Debug, Clone)]
pub struct Admin {
    /// Their own membership.
    pub membership: Membership,
    /// The rank of their role.
    pub rank: u32,
    /// The organisation.
    pub organisation: Organisation,
    /// Its places, as they were when the request came.
    pub capacity: Capacity,
}

impl Admin {
    /// Who they are in the organisation.
    #[must_use]
    pub fn id(&self) -> MembershipId {
        self.membership.id
    }

    /// What they may give.
    #[must_use]
    pub fn authority(&self) -> Authority<'_> {
        Authority { rank: Some(self.rank), default_role: self.organisation.default_role.as_deref() }
    }
}

fn forbidden(code: &'static str, detail: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, code, detail)
}

impl<S: Send + Sync> FromRequestParts<S> for Admin
where
    Store: FromRef<S>,
    Groups: FromRef<S>,
{
    type Rejection = Problem;

    /// The token only says who somebody is. What they may do is read from the table at every request, so that a role
    /// that was taken away, or a member who was shut out, is so from that moment.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let id = organisation_of(parts, state).await?;
        let (store, caller) = (Store::from_ref(state), MembershipId::of(id, &caller.email));
        let loaded = Box::pin(store.load_organisation(id, Some(caller))).await?.ok_or_else(Problem::not_found)?;
        // Who is not a member learns nothing, not even that the organisation exists.
        let membership = loaded.member.ok_or_else(Problem::not_found)?.membership;
        match membership.state {
            State::Active { .. } => {}
            State::Deactivated { .. } => {
                return Err(forbidden("deactivated", "Your membership is deactivated; ask another admin."));
            }
            State::Held | State::Pending { .. } | State::Expired { .. } | State::Revoked { .. } => {
                return Err(Problem::not_found());
            }
        }
        let role = loaded.organisation.catalogue.role(&membership.entitlements.role).filter(|role| role.can_invite);
        let Some(rank) = role.map(|role| role.rank) else {
            return Err(forbidden("not_an_admin", "Your role does not administer this organisation."));
        };
        Ok(Self { membership, rank, organisation: loaded.organisation, capacity: loaded.capacity })
    }
}
