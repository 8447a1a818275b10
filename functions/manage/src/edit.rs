//! Editing an invitation before it is accepted.

use std::borrow::Cow;
use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use usher_domain::{CapacityRequest, InvitationInput, Membership};
use usher_http::{Admin, Api, FieldError, JsonBody, MembershipView, Patch, Problem};

use crate::steps::check_rank;
use crate::{ATTEMPTS, load_settled, refused};

/// What to change; what is absent stays, `null` takes away.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EditRequest {
    #[serde(default)]
    name: Patch<String>,
    #[serde(default)]
    first_name: Patch<String>,
    #[serde(default)]
    last_name: Patch<String>,
    role: Option<String>,
    #[serde(default)]
    team: Patch<String>,
    #[serde(default)]
    job_title: Patch<String>,
    products: Option<Vec<String>>,
    courses: Option<Vec<String>>,
}

impl EditRequest {
    /// The person as they would be asked for now: what is there, with the changes laid over it.
    fn over(&self, member: &Membership) -> InvitationInput<'static> {
        let text = |text: &Option<usher_domain::text::ShortText>| text.as_ref().map(|text| text.as_str().to_owned());
        let (mut full, mut first, mut last) =
            (text(&member.name.full), text(&member.name.first), text(&member.name.last));
        // A name given in one form replaces one that was given in the other.
        if matches!(self.name, Patch::Set(Some(_))) {
            (first, last) = (None, None);
        }
        if self.first_name != Patch::Keep || self.last_name != Patch::Keep {
            full = None;
        }
        let entitlements = &member.entitlements;
        let ids = |new: &Option<Vec<String>>, old: &BTreeSet<String>| {
            let ids = new.clone().unwrap_or_else(|| old.iter().cloned().collect());
            ids.into_iter().map(Cow::Owned).collect()
        };
        InvitationInput {
            email: Cow::Owned(member.email.as_typed().to_owned()),
            name: self.name.over(full).map(Cow::Owned),
            first_name: self.first_name.over(first).map(Cow::Owned),
            last_name: self.last_name.over(last).map(Cow::Owned),
            role: Some(Cow::Owned(self.role.clone().unwrap_or_else(|| entitlements.role.to_string()))),
            team: self.team.over(entitlements.team.as_ref().map(ToString::to_string)).map(Cow::Owned),
            job_title: self.job_title.over(text(&member.job_title)).map(Cow::Owned),
            products: ids(&self.products, &entitlements.products),
            courses: ids(&self.courses, &entitlements.courses),
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
        let spec = organisation.catalogue.validate(&request.over(&before.membership), admin.authority());
        let spec = spec.map_err(|problems| {
            Problem::invalid(problems.into_iter().map(|problem| FieldError::at("", problem)).collect())
        })?;
        let after = before.membership.clone().edit(spec, now).map_err(refused)?;
        let after = after.with_inviter(admin.id());
        let (old, new) =
            (CapacityRequest::of(&before.membership.entitlements), CapacityRequest::of(&after.entitlements));
        if api.store.update_exchanging_capacity(&before, &after, &new.minus(&old), &old.minus(&new)).await? {
            tracing::info!(membership = %after.id, by = %admin.id(), "edited");
            return Ok(Json(MembershipView::invitation(&after, &organisation.catalogue, now)));
        }
    }
    Err(Problem::changed_meanwhile())
}
