//! `GET` of lists and of single entries.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use usher_app::{list_memberships, load_membership};
use usher_domain::{EmailAddress, IssueCode, Membership};
use usher_http::{Admin, Api, ListQuery, MembershipView, Problem, invalid_cursor, next_cursor, read_cursor};
use usher_store::{ListFilter, Store};

use crate::id::membership_id;

/// The filters of both lists.
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
    /// The stored states of each status that the list can be filtered by.
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
                Problem::invalid_field("status", IssueCode::StatusUnknown, message)
            })?;
            filter.statuses = stored.to_vec();
        }
        None if kind == Kind::Members => filter.statuses = vec!["active", "deactivated"],
        None => {}
    }
    if let Some(team) = &filters.team {
        let known = admin.organisation.catalogue.team(team);
        let message = || Problem::invalid_field("team", IssueCode::TeamUnknown, format!("there is no team {team:?}"));
        filter.team = Some(known.ok_or_else(message)?.id.to_string());
    }
    if let Some(import) = &filters.import {
        let message = |_| Problem::invalid_field("import", IssueCode::ImportInvalid, "is not the id of an import");
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
    let email = filters.email.as_deref().map(str::parse::<EmailAddress>).transpose();
    let email = email.map_err(|error| Problem::invalid_field("email", error.code(), error.to_string()))?;
    // A search by address has one page, so its cursor does not matter.
    let next = query.next.filter(|_| email.is_none());
    let from = next.as_deref().map(read_cursor).transpose()?;
    if from.as_deref().is_some_and(|position| !Store::is_list_position(position)) {
        return Err(invalid_cursor());
    }
    let page =
        list_memberships(&api.store, organisation, &stored, email.as_ref(), limit, from.as_deref(), &api.clock).await?;
    let items = page.items.iter().filter_map(|found| kind.view(found, &admin, now)).collect();
    Ok(Json(List { items, next: page.next.as_deref().map(next_cursor) }))
}

fn query(filters: Result<Query<Filters>, axum::extract::rejection::QueryRejection>) -> Result<Filters, Problem> {
    filters
        .map(|Query(filters)| filters)
        .map_err(|rejection| Problem::invalid_field("query", IssueCode::QueryInvalid, rejection.body_text()))
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
    let found = load_membership(&api.store, admin.organisation.id, membership_id(&id)?).await?.membership;
    Ok(Json(MembershipView::invitation(&found, &admin.organisation.catalogue, api.clock.now())))
}

pub(crate) async fn member(
    State(api): State<Api>,
    admin: Admin,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<MembershipView>, Problem> {
    let found = load_membership(&api.store, admin.organisation.id, membership_id(&id)?).await?.membership;
    let view = MembershipView::member(&found, &admin.organisation.catalogue, api.clock.now());
    view.map(Json).ok_or_else(Problem::not_found)
}
