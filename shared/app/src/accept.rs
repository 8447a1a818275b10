//! Accept: the invited person becomes a member, once.
//!
//! ```text
//! check_acceptable   decide whether the link can be accepted; writes nothing
//! (the edge)         authenticate the person
//! accept_invitation  save; when somebody else wrote in between, load and decide again, without authenticating again
//! ```

use jiff::Timestamp;
use usher_domain::invitation::is_acceptable;
use usher_domain::text::ShortText;
use usher_domain::{LinkStatus, TransitionError};
use usher_store::{Store, StoreError};

use crate::resolve_link::ResolvedLink;
use crate::retry::{Contention, until_saved};

/// What a person enters about themselves.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    /// The first name.
    pub first: Option<ShortText>,
    /// The last name.
    pub last: Option<ShortText>,
    /// The phone number, as they wrote it.
    pub phone: Option<String>,
}

/// A link that could be accepted when it was checked.
#[derive(Debug, Clone, Copy)]
pub struct Acceptable<'a>(&'a ResolvedLink);

/// What a link that is not refused is ready for.
#[derive(Debug, Clone, Copy)]
pub enum Readiness<'a> {
    /// To be accepted.
    Open(Acceptable<'a>),
    /// Nothing: it was accepted, and a repetition by the same person is the same success.
    Accepted,
}

/// Why an invitation was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The link cannot be accepted.
    #[error("the link cannot be accepted: {0:?}")]
    Link(LinkStatus),
    /// Its role or team was deleted, or the inviter may no longer invite.
    #[error("what the invitation offers can no longer be given")]
    OutOfDate,
    /// The membership was deleted.
    #[error("the membership was deleted")]
    NotFound,
    /// The state changed in a way that the link's status does not explain.
    #[error(transparent)]
    Transition(#[from] TransitionError),
    /// Others kept writing the same membership.
    #[error(transparent)]
    Contention(#[from] Contention),
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Decides whether a link can be accepted at this time.
pub async fn check_acceptable<'a>(
    store: &Store,
    resolved: &'a ResolvedLink,
    now: Timestamp,
) -> Result<Readiness<'a>, AcceptError> {
    match resolved.status(now) {
        LinkStatus::Open { .. } if can_be_given(store, resolved).await? => Ok(Readiness::Open(Acceptable(resolved))),
        LinkStatus::Open { .. } => Err(AcceptError::OutOfDate),
        LinkStatus::Accepted => Ok(Readiness::Accepted),
        status => Err(AcceptError::Link(status)),
    }
}

/// Accepts the invitation of a person who is authenticated. Of several clicks of the same person one writes, and the
/// others find them a member, which is the same success.
pub async fn accept_invitation(
    store: &Store,
    acceptable: Acceptable<'_>,
    profile: &Profile,
    now: Timestamp,
) -> Result<(), AcceptError> {
    let Acceptable(checked) = acceptable;
    let mut first = true;
    until_saved(|| {
        let first = std::mem::replace(&mut first, false);
        async move {
            if first {
                return save(store, checked, profile, now).await;
            }
            let stored = store.membership(checked.link.organisation, checked.link.membership).await?;
            let stored = stored.ok_or(AcceptError::NotFound)?;
            let resolved = ResolvedLink { stored, ..checked.clone() };
            match check_acceptable(store, &resolved, now).await? {
                Readiness::Open(_) => save(store, &resolved, profile, now).await,
                Readiness::Accepted => Ok(Some(())),
            }
        }
    })
    .await
}

async fn save(
    store: &Store,
    resolved: &ResolvedLink,
    profile: &Profile,
    now: Timestamp,
) -> Result<Option<()>, AcceptError> {
    let member = resolved.membership().clone().accept(now)?;
    let member = member.with_profile(profile.first.clone(), profile.last.clone(), profile.phone.clone());
    let saved = store.update_membership(&resolved.stored, &member).await?;
    if saved {
        tracing::info!("joined");
    }
    Ok(saved.then_some(()))
}

/// Whether what the invitation offers can still be given.
pub(crate) async fn can_be_given(store: &Store, resolved: &ResolvedLink) -> Result<bool, StoreError> {
    let (id, invitation) = (resolved.organisation.id, resolved.membership());
    let team_exists = match &invitation.entitlements.team {
        Some(team) => store.has_team(id, team).await?,
        None => true,
    };
    let inviter = match invitation.invited_by {
        Some(inviter) => store.membership(id, inviter).await?,
        None => None,
    };
    let inviter = inviter.as_ref().map(|stored| &stored.membership);
    Ok(is_acceptable(invitation, &resolved.organisation.catalogue, team_exists, inviter))
}
