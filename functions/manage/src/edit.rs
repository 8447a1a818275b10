//! Editing an invitation before it is accepted.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Deserializer};
use usher_domain::{Demand, DraftRequest, Membership, Status, TransitionError};
use usher_http::{Admin, Api, FieldError, JsonBody, MembershipView, Problem};

use crate::steps::check_rank;
use crate::{ATTEMPTS, load_settled, refused};

/// Tells "set to nothing" (`null`) from "left as it is" (absent).
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// What to change; what is absent stays, `null` takes away.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EditRequest {
    #[serde(default, deserialize_with = "present")]
    name: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    first_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    last_name: Option<Option<String>>,
    role: Option<String>,
    #[serde(default, deserialize_with = "present")]
    team: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    job_title: Option<Option<String>>,
    products: Option<Vec<String>>,
    courses: Option<Vec<String>>,
}

impl EditRequest {
    /// The person as they would be asked for now: what is there, with the changes laid over it.
    fn over(&self, member: &Membership) -> DraftRequest {
        let text = |text: &Option<usher_domain::text::ShortText>| text.as_ref().map(|text| text.as_str().to_owned());
        let laid = |change: &Option<Option<String>>, old: Option<String>| change.clone().unwrap_or(old);
        let (mut full, mut first, mut last) =
            (text(&member.name.full), text(&member.name.first), text(&member.name.last));
        // A name given in one form replaces one that was given in the other.
        if self.name.as_ref().is_some_and(Option::is_some) {
            (first, last) = (None, None);
        }
        if self.first_name.is_some() || self.last_name.is_some() {
            full = None;
        }
        let access = &member.access;
        DraftRequest {
            email: member.email.as_typed().to_owned(),
            name: laid(&self.name, full),
            first_name: laid(&self.first_name, first),
            last_name: laid(&self.last_name, last),
            role: self.role.clone().or_else(|| Some(access.role.clone())),
            team: laid(&self.team, access.team.clone()),
            job_title: laid(&self.job_title, text(&access.job_title)),
            products: self.products.clone().unwrap_or_else(|| access.products.iter().cloned().collect()),
            courses: self.courses.clone().unwrap_or_else(|| access.courses.iter().cloned().collect()),
            send: None,
        }
    }
}

/// Changes what the invitation gives. The link stays good. Only what it gives in addition needs new places.
pub(crate) async fn edit(
    State(api): State<Api>,
    admin: Admin,
    Path((_, id)): Path<(String, String)>,
    JsonBody(request): JsonBody<EditRequest>,
) -> Result<Json<MembershipView>, Problem> {
    let now = api.clock.now();
    let organisation = &admin.organisation;
    for _ in 0..ATTEMPTS {
        let before = load_settled(&api.store, organisation.id, &id).await?;
        check_rank(&admin, &before.membership)?;
        // By the clock, recorded or not: what the API calls expired cannot be edited.
        if before.membership.status(now) == Status::Expired {
            return Err(refused(TransitionError::Expired));
        }
        let draft = organisation.catalogue.check(&request.over(&before.membership), admin.authority());
        let draft = draft.map_err(|problems| {
            Problem::invalid(problems.into_iter().map(|problem| FieldError::at("", problem)).collect())
        })?;
        let after = before.membership.clone().edit(draft.name, draft.access, now).map_err(refused)?;
        let after = after.vouched_for_by(admin.id());
        let (old, new) = (Demand::of(&before.membership.access), Demand::of(&after.access));
        if api.store.update_exchanging(&before, &after, &new.minus(&old), &old.minus(&new)).await? {
            tracing::info!(membership = %after.id, by = %admin.id(), "edited");
            return Ok(Json(MembershipView::invitation(&after, &organisation.catalogue, now)));
        }
    }
    Err(Problem::changed_meanwhile())
}
