//! Changes an organisation's settings and limits.

use std::collections::BTreeMap;

use serde::Deserialize;
use usher_domain::{Capacity, Catalogue, Issue, IssueCode, Organisation, Patch, Resource};
use usher_store::{Store, StoreError};

use crate::organisation_rules::{check_dashboard_url, check_default_role, check_invitation_seconds, display_text};
use crate::retry::{Contention, until_saved_within};

/// The settings to change. An absent field stays, `null` removes a setting or a limit.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganisationPatch {
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

/// Why an organisation was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeOrganisationError {
    /// Only operators change limits.
    #[error("only operators change limits")]
    NotAnOperator,
    /// Fields are not valid.
    #[error("{} fields are not valid", .0.len())]
    Invalid(Vec<Issue>),
    /// Others kept changing the organisation.
    #[error(transparent)]
    Contention(#[from] Contention),
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OrganisationPatch {
    fn changes_limits(&self) -> bool {
        self.seats != Patch::Keep || !self.product_limits.is_empty() || !self.course_limits.is_empty()
    }

    fn settings(&self, before: &Organisation, issues: &mut Vec<Issue>) -> Organisation {
        let mut organisation = before.clone();
        if let Some(name) = &self.name
            && let Some(name) = display_text("name", name, issues)
        {
            organisation.name = name;
        }
        if let Some(seconds) = self.invitation_seconds {
            check_invitation_seconds(seconds, issues);
            organisation.invitation_seconds = seconds;
        }
        if let Patch::Set(url) = &self.dashboard_url {
            if let Some(url) = url {
                check_dashboard_url(url, issues);
            }
            organisation.dashboard_url.clone_from(url);
        }
        if let Patch::Set(role) = &self.default_role {
            if let Some(role) = role {
                check_default_role(role, &organisation.catalogue, issues);
            }
            organisation.default_role.clone_from(role);
        }
        organisation
    }

    /// The limits to set, by resource.
    fn limits(&self, catalogue: &Catalogue, issues: &mut Vec<Issue>) -> Vec<(Resource, Option<u32>)> {
        let mut limits = Vec::new();
        if let Patch::Set(limit) = self.seats {
            limits.push((Resource::Seat, limit));
        }
        for (id, limit) in &self.product_limits {
            let Some(product) = catalogue.product(id) else {
                let field = format!("product_limits.{id}");
                issues.push(Issue::plain(field, IssueCode::ProductUnknown, "does not exist"));
                continue;
            };
            limits.push((Resource::Product(product.id.clone()), *limit));
        }
        for (slug, limit) in &self.course_limits {
            let Some(course) = catalogue.course(slug) else {
                let field = format!("course_limits.{slug}");
                issues.push(Issue::plain(field, IssueCode::CourseUnknown, "does not exist"));
                continue;
            };
            limits.push((Resource::Course(course.slug.clone()), *limit));
        }
        limits
    }
}

/// Every invitation moves the amounts that a limit depends on, so limits compete with many writers.
const ATTEMPTS: usize = 10;

/// Changes an organisation, as it was loaded with its capacity. Limits are for operators: they are what is paid for.
pub async fn change_organisation(
    store: &Store,
    before: &Organisation,
    capacity: &Capacity,
    operator: bool,
    patch: &OrganisationPatch,
) -> Result<(Organisation, Capacity), ChangeOrganisationError> {
    if patch.changes_limits() && !operator {
        return Err(ChangeOrganisationError::NotAnOperator);
    }
    let mut issues = Vec::new();
    let organisation = &patch.settings(before, &mut issues);
    let limits = &patch.limits(&before.catalogue, &mut issues);
    if !issues.is_empty() {
        return Err(ChangeOrganisationError::Invalid(issues));
    }
    let mut loaded = Some(capacity.clone());
    until_saved_within(ATTEMPTS, || {
        let loaded = loaded.take();
        async move {
            let seen = match loaded {
                Some(capacity) => capacity,
                None => store.capacity(organisation.id).await?,
            };
            let mut changed = seen.clone();
            for (resource, limit) in limits {
                changed.0.entry(resource.clone()).or_default().limit = *limit;
            }
            if !store.change_organisation(before, organisation, &seen, &changed).await? {
                return Ok(None);
            }
            tracing::info!(organisation = %organisation.id, limits = patch.changes_limits(), "changed");
            Ok(Some((organisation.clone(), changed)))
        }
    })
    .await
}
