//! The admin who sends the request.

use std::ops::Deref;

use axum::extract::{FromRef, FromRequestParts, RawPathParams};
use http::request::Parts;
use usher_domain::OrganisationId;
use usher_store::Store;

use crate::{Caller, Groups, Problem};

/// The organisation that the path names. A malformed id is treated like one that does not exist.
pub async fn organisation_of<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<OrganisationId, Problem> {
    let parameters = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Problem::not_found())?;
    let found = parameters.iter().find(|(name, _)| *name == "org").map(|(_, text)| text.to_owned());
    found.and_then(|text| text.parse().ok()).ok_or_else(Problem::not_found)
}

/// An active admin of the organisation that the path names. The token only says who they are; what they may do is loaded.
#[derive(Debug, Clone)]
pub struct Admin(pub usher_app::Admin);

impl Deref for Admin {
    type Target = usher_app::Admin;

    fn deref(&self) -> &usher_app::Admin {
        &self.0
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Admin
where
    Store: FromRef<S>,
    Groups: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let organisation = organisation_of(parts, state).await?;
        let store = Store::from_ref(state);
        Ok(Self(usher_app::Admin::load(&store, organisation, &caller.email).await?))
    }
}
