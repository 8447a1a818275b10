//! Lists and single entries.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use usher_domain::{Membership, MembershipId, Status};
use usher_http::{Admin, Api, ListQuery, MembershipView, Problem, next_cursor, no_place, read_cursor};
use usher_store::{ListFilter, Store};

use crate::load;

/// The filters of both lists; which of them apply is checked.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filters {
    status: Option<String>,
    email: Option<String>,
    team: Option<String>,
    import: Option<String>,
    limit: Option<String>,
    next: Option<String>,
}

/// One page.
#[derive(Debug, Serialize)]
pub(crate) struct List {
    items: Vec<MembershipView>,
    next: Option<String>,
}

/// Which of the two lists.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Invitations,
    Members,
}

impl Kind {
    /// The stored states behind each status that the list can be filtered by.
    fn statuses(self) -> &'static [(&'static str, &'static [&'static str])] {
        match self {
            Self::Invitations => &[
                ("held", &["held"]),
                ("pending", &["pending"]),
                ("accepted", &["active", "deactivated"]),
                ("expired", &["expired"]),
                ("revoked", &["revoked"]),
            ],
            Self::Members => &[("active", &["active"]), ("deactivated", &["deactivated"])],
        }
    }

    fn view(self, membership: &Membership, admin: &Admin, now: jiff::Timestamp) -> Option<MembershipView> {
        let catalogue = &admin.organisation.catalogue;
        match self {
            Self::Invitations => Some(MembershipView::invitation(membership, catalogue, now)),
            Self::Members => MembershipView::member(membership, catalogue, now),
        }
    }
}

fn filter(kind: Kind, filters: &Filters, admin: &Admin) -> Result<ListFilter, Problem> {
    let mut filter = ListFilter::default();
    match &filters.status {
        Some(status) => {
            let known = kind.statuses().iter().find(|(name, _)| name == status);
            let (_, stored) = known.ok_or_else(|| {
                let names: Vec<_> = kind.statuses().iter().map(|(name, _)| *name).collect();
                let message = format!("is {status:?}; it can be {}", names.join(", "));
                Problem::invalid_field("status", "status_unknown", message)
            })?;
            filter.statuses = stored.to_vec();
        }
        None if kind == Kind::Members => filter.statuses = vec!["active", "deactivated"],
        None => {}
    }
    if let Some(team) = &filters.team {
        let known = admin.organisation.catalogue.team(team);
        let message = || Problem::invalid_field("team", "team_unknown", format!("there is no team {team:?}"));
        filter.team = Some(known.ok_or_else(message)?.id.to_string());
    }
    if let Some(import) = &filters.import {
        let message = |_| Problem::invalid_field("import", "import_invalid", "is not the id of an import");
        filter.import = Some(import.parse().map_err(message)?);
    }
    Ok(filter)
}

async fn list(kind: Kind, api: Api, admin: Admin, filters: Filters) -> Result<Json<List>, Problem> {
    let now = api.clock.now();
    let organisation = admin.organisation.id;
    let stored = filter(kind, &filters, &admin)?;
    let query = ListQuery { limit: filters.limit, next: filters.next };
    let limit = query.limit()?;
    if let Some(email) = &filters.email {
        // An address looks itself up: no list is read for it.
        let email = email.parse().map_err(|error: usher_domain::EmailAddressError| {
            Problem::invalid_field("email", error.code().as_str(), error.to_string())
        })?;
        let found = api.store.membership(organisation, MembershipId::of(organisation, &email)).await?;
        let found = found.map(|found| found.membership).filter(|found| passes(&stored, found, now));
        let items = found.iter().filter_map(|found| kind.view(found, &admin, now)).collect();
        return Ok(Json(List { items, next: None }));
    }
    let from = query.next.as_deref().map(read_cursor).transpose()?;
    if from.as_deref().is_some_and(|place| !Store::is_place_in_list(place)) {
        return Err(no_place());
    }
    let page = api.store.list_memberships(organisation, &stored, limit, from.as_deref(), now).await?;
    let items = page.items.iter().filter_map(|found| kind.view(found, &admin, now)).collect();
    Ok(Json(List { items, next: page.next.as_deref().map(next_cursor) }))
}

fn passes(filter: &ListFilter, membership: &Membership, now: jiff::Timestamp) -> bool {
    let status = match membership.status(now) {
        Status::Held => "held",
        Status::Pending => "pending",
        Status::Expired => "expired",
        Status::Revoked => "revoked",
        Status::Active => "active",
        Status::Deactivated => "deactivated",
    };
    (filter.statuses.is_empty() || filter.statuses.contains(&status))
        && filter.team.as_ref().is_none_or(|team| membership.entitlements.team.as_deref() == Some(team.as_str()))
        && filter.import.is_none_or(|import| membership.import == Some(import))
}

fn query(filters: Result<Query<Filters>, axum::extract::rejection::QueryRejection>) -> Result<Filters, Problem> {
    filters
        .map(|Query(filters)| filters)
        .map_err(|rejection| Problem::invalid_field("query", "query_invalid", rejection.body_text()))
}

type Filtered = Result<Query<Filters>, axum::extract::rejection::QueryRejection>;

pub(crate) async fn invitations(
    State(api): State<Api>,
    admin: Admin,
    filters: Filtered,
) -> Result<Json<List>, Problem> {
    list(Kind::Invitations, api, admin, query(filters)?).await
}

pub(crate) async fn members(State(api): State<Api>, admin: Admin, filters: Filtered) -> Result<Json<List>, Problem> {
    list(Kind::Members, api, admin, query(filters)?).await
}

pub(crate) async fn invitation(
    State(api): State<Api>,
    admin: Admin,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<MembershipView>, Problem> {
    let found = load(&api.store, admin.organisation.id, &id).await?.membership;
    Ok(Json(MembershipView::invitation(&found, &admin.organisation.catalogue, api.clock.now())))
}

pub(crate) async fn member(
    State(api): State<Api>,
    admin: Admin,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<MembershipView>, Problem> {
    let found = load(&api.store, admin.organisation.id, &id).await?.membership;
    let view = MembershipView::member(&found, &admin.organisation.catalogue, api.clock.now());
    view.map(Json).ok_or_else(Problem::not_found)
}
