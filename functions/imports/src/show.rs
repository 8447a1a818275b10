//! `GET /imports` and `GET /imports/{id}`.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use serde_json::{Value, json};
use usher_domain::IssueCode;
use usher_http::{Admin, Api, ListQuery, Problem, next_cursor, read_cursor};

use crate::{load, view::view};

type Listed = Result<Query<ListQuery>, QueryRejection>;

/// The query parameters of a list, all of which have to be its own.
pub(crate) fn read_query<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, Problem> {
    let query = query.map(|Query(query)| query);
    query.map_err(|rejection| Problem::invalid_field("query", IssueCode::QueryInvalid, rejection.body_text()))
}

pub(crate) async fn list(State(api): State<Api>, admin: Admin, query: Listed) -> Result<Json<Value>, Problem> {
    let query = read_query(query)?;
    let from = query.next.as_deref().map(read_cursor).transpose()?;
    let from = from.map(|place| place.parse().map_err(|_| no_place())).transpose()?;
    let page = api.store.list_imports(admin.organisation.id, query.limit()?, from).await?;
    let now = api.clock.now();
    let items: Vec<_> = page.items.iter().map(|import| view(import, &admin.capacity, now)).collect();
    Ok(Json(json!({"items": items, "next": page.next.as_deref().map(next_cursor)})))
}

pub(crate) async fn one(
    State(api): State<Api>,
    admin: Admin,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let import = load(&api, &admin, &id).await?;
    Ok(Json(view(&import, &admin.capacity, api.clock.now())))
}

/// A cursor that no page gave.
pub(crate) fn no_place() -> Problem {
    let message = "is no place in this list; use the one from the page before";
    Problem::invalid_field("next", IssueCode::NextInvalid, message)
}
