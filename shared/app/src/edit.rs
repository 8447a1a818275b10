//! Edit: changes the details of an invitation before it is accepted.

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;
use usher_domain::text::ShortText;
use usher_domain::{CapacityRequest, InvitationInput, Issue, Membership, MembershipId, Patch};
use usher_store::Store;

use crate::admin::Admin;
use crate::change::{ChangeError, load_committed};
use crate::retry::{Contention, until_saved};

/// The details to change. An absent field stays, `null` removes it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvitationPatch {
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

/// Why an invitation was not edited.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The new details are not valid.
    #[error("{} fields are not valid", .0.len())]
    Invalid(Vec<Issue>),
    /// The change was refused.
    #[error(transparent)]
    Change(#[from] ChangeError),
}

impl From<Contention> for EditError {
    fn from(error: Contention) -> Self {
        Self::Change(error.into())
    }
}

impl InvitationPatch {
    /// The person as a request would name them now: the stored details with the changes applied.
    fn applied_to(&self, member: &Membership) -> InvitationInput<'static> {
        let text = |text: &Option<ShortText>| text.as_ref().map(|text| text.as_str().to_owned());
        let (mut full, mut first, mut last) =
            (text(&member.name.full), text(&member.name.first), text(&member.name.last));
        // A full name replaces its parts, and a part replaces the full name.
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

/// Edits the invitation. Its link keeps working. Only additional products and courses need capacity.
pub async fn edit(
    store: &Store,
    admin: &Admin,
    id: MembershipId,
    patch: &InvitationPatch,
    now: Timestamp,
) -> Result<Membership, EditError> {
    let catalogue = &admin.organisation.catalogue;
    until_saved(|| async move {
        let before = load_committed(store, admin, id).await?;
        let input = patch.applied_to(&before.membership);
        let spec = catalogue.validate(&input, admin.authority()).map_err(EditError::Invalid)?;
        let after = before.membership.clone().edit(spec, now).map_err(ChangeError::from)?;
        let after = after.with_inviter(admin.id());
        let (old, new) =
            (CapacityRequest::of(&before.membership.entitlements), CapacityRequest::of(&after.entitlements));
        let saved = store.update_with_capacity(&before, &after, &new.minus(&old), &old.minus(&new)).await;
        if !saved.map_err(ChangeError::from)? {
            return Ok(None);
        }
        tracing::info!(membership = %after.id, by = %admin.id(), "edited");
        Ok(Some(after))
    })
    .await
}
