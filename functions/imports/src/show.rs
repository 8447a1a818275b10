//! `GET /imports` and `GET /imports/{id}`.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::{Extension, Json};
use serde_json::{Value, json};
use usher_app::import::{CAPACITY_EXCEEDED, RecountError, recount};
use usher_domain::IssueCode;
use usher_http::{Admin, Api, ListQuery, Problem, next_cursor, read_cursor};
use usher_store::{Import, ImportPlan, ImportStatus};

use crate::{Imports, load, view::view};

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
    Extension(imports): Extension<Imports>,
    admin: Admin,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let import = as_of_now(&api, &imports, &admin, load(&api, &admin, &id).await?).await?;
    Ok(Json(view(&import, &admin.capacity, api.clock.now())))
}

/// A plan that does not fit as it was made, with what it needs now: its people may have been invited since. If it fits now,
/// the problem that it did not is over.
async fn as_of_now(api: &Api, imports: &Imports, admin: &Admin, mut import: Import) -> Result<Import, Problem> {
    let is_short = |plan: &ImportPlan| admin.capacity.check(&plan.needed()).is_err();
    if import.status != ImportStatus::Ready || !import.plan.as_ref().is_some_and(is_short) {
        return Ok(import);
    }
    let needed = match recount(&api.store, &imports.bucket, &import, api.clock.now()).await {
        Ok(needed) => needed,
        Err(RecountError::Store(error)) => return Err(error.into()),
        Err(RecountError::Bucket(error)) => {
            tracing::info!(%error, "the plan is shown as it was made");
            None
        }
    };
    if let (Some(needed), Some(plan)) = (needed, import.plan.as_mut()) {
        plan.needed = ImportPlan::needed_of(&needed);
        if admin.capacity.check(&needed).is_ok()
            && import.problem.as_ref().is_some_and(|problem| problem.code == CAPACITY_EXCEEDED)
        {
            import.problem = None;
        }
    }
    Ok(import)
}

/// A cursor that no page gave.
pub(crate) fn no_place() -> Problem {
    let message = "is no place in this list; use the one from the page before";
    Problem::invalid_field("next", IssueCode::NextInvalid, message)
}
