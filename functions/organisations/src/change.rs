//! Changing an organisation's settings, and its limits.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use usher_domain::{Capacity, Resource};
use usher_http::{Api, FieldError, JsonBody, Patch, Problem};

use crate::create::{check_dashboard_url, check_invitation_seconds, display_text};
use crate::{Steward, organisation_body};

/// How often a change is tried when places move under it.
const ATTEMPTS: usize = 10;

/// What to change; what is absent stays. `null` takes a limit or a setting away.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeRequest {
    name: Option<String>,
    invitation_seconds: Option<u32>,
    #[serde(default)]
    dashboard_url: Patch<String>,
    #[serde(default)]
    default_role: Patch<String>,
    #[serde(default)]
    seats: Patch<u32>,
    #[serde(default)]
    product_limits: BTreeMap<String, Option<u32>>,
    #[serde(default)]
    course_limits: BTreeMap<String, Option<u32>>,
}

impl ChangeRequest {
    fn changes_limits(&self) -> bool {
        self.seats != Patch::Keep || !self.product_limits.is_empty() || !self.course_limits.is_empty()
    }

    fn limits(&self, steward: &Steward, seen: &Capacity, errors: &mut Vec<FieldError>) -> Capacity {
        let catalogue = &steward.organisation.catalogue;
        let mut changed = seen.clone();
        let mut set = |resource: Resource, limit: Option<u32>| {
            changed.0.entry(resource).or_default().limit = limit;
        };
        if let Patch::Set(limit) = self.seats {
            set(Resource::Seat, limit);
        }
        for (id, limit) in &self.product_limits {
            match catalogue.product(id) {
                Some(product) => {
                    set(Resource::Product(product.id.clone()), *limit);
                }
                None => {
                    errors.push(FieldError::new(format!("product_limits.{id}"), "product_unknown", "does not exist"));
                }
            }
        }
        for (slug, limit) in &self.course_limits {
            match catalogue.course(slug) {
                Some(course) => {
                    set(Resource::Course(course.slug.clone()), *limit);
                }
                None => {
                    errors.push(FieldError::new(format!("course_limits.{slug}"), "course_unknown", "does not exist"));
                }
            }
        }
        changed
    }
}

/// Changes what the request names. Limits are the operators' to change: they are what is paid for.
pub(crate) async fn change(
    State(api): State<Api>,
    steward: Steward,
    JsonBody(request): JsonBody<ChangeRequest>,
) -> Result<Response, Problem> {
    if request.changes_limits() && !steward.operator {
        let detail = "Only operators change limits; ask them for more places.";
        return Err(Problem::new(StatusCode::FORBIDDEN, "not_an_operator", detail));
    }
    let mut errors = Vec::new();
    let mut organisation = steward.organisation.clone();
    if let Some(name) = &request.name
        && let Some(name) = display_text("name", name, &mut errors)
    {
        organisation.name = name;
    }
    if let Some(seconds) = request.invitation_seconds {
        check_invitation_seconds(seconds, &mut errors);
        organisation.invitation_seconds = seconds;
    }
    if let Patch::Set(url) = &request.dashboard_url {
        if let Some(url) = url {
            check_dashboard_url(url, &mut errors);
        }
        organisation.dashboard_url.clone_from(url);
    }
    if let Patch::Set(role) = &request.default_role {
        if let Some(role) = role.as_ref().filter(|role| organisation.catalogue.role(role).is_none()) {
            errors.push(FieldError::new("default_role", "role_unknown", format!("there is no role {role:?}")));
        }
        organisation.default_role.clone_from(role);
    }
    let mut seen = steward.capacity.clone();
    for _ in 0..ATTEMPTS {
        let changed = request.limits(&steward, &seen, &mut errors);
        if !errors.is_empty() {
            return Err(Problem::invalid(errors));
        }
        if api.store.change_organisation(&steward.organisation, &organisation, &seen, &changed).await? {
            tracing::info!(organisation = %organisation.id, limits = request.changes_limits(), "changed");
            return Ok(organisation_body(&organisation, &changed));
        }
        seen = api.store.capacity(organisation.id).await?;
    }
    Err(Problem::changed_meanwhile())
}
