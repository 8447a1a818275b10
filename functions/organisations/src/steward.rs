//! The person who may see and change an organisation.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use usher_domain::{Capacity, Organisation};
use usher_http::{Admin, Api, Caller, Problem, organisation_of};

/// An operator, or an active admin of the organisation.
pub(crate) struct Steward {
    pub(crate) operator: bool,
    pub(crate) organisation: Organisation,
    pub(crate) capacity: Capacity,
}

impl FromRequestParts<Api> for Steward {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, api).await?;
        if caller.operator {
            let id = organisation_of(parts, api).await?;
            let loaded = Box::pin(api.store.load_organisation(id, None)).await?.ok_or_else(Problem::not_found)?;
            return Ok(Self { operator: true, organisation: loaded.organisation, capacity: loaded.capacity });
        }
        let Admin(admin) = Admin::from_request_parts(parts, api).await?;
        Ok(Self { operator: false, organisation: admin.organisation, capacity: admin.capacity })
    }
}
