//! How memberships and organisations are written for clients.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use usher_domain::{Capacity, Catalogue, Membership, Organisation};

use crate::capacity::by_resource;

/// The mail of an invitation.
#[derive(Debug, Clone, Serialize)]
pub struct MailView {
    state: &'static str,
    reason: Option<String>,
    at: Timestamp,
}

/// An invitation, or the member that it became.
#[derive(Debug, Clone, Serialize)]
pub struct MembershipView {
    id: String,
    email: String,
    name: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    role: String,
    team: Option<String>,
    job_title: Option<String>,
    products: Vec<String>,
    courses: Vec<String>,
    status: &'static str,
    generation: u32,
    created_at: Timestamp,
    sent_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    accepted_at: Option<Timestamp>,
    invited_by: Option<String>,
    import: Option<String>,
    mail: Option<MailView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    joined_at: Option<Timestamp>,
}

impl MembershipView {
    /// As an invitation: every member is `accepted`.
    #[must_use]
    pub fn invitation(membership: &Membership, catalogue: &Catalogue, now: Timestamp) -> Self {
        let status = membership.status(now).of_invitation();
        Self::of(membership, catalogue, status)
    }

    /// As a member; `None` for a person who has not joined.
    #[must_use]
    pub fn member(membership: &Membership, catalogue: &Catalogue, now: Timestamp) -> Option<Self> {
        let status = membership.status(now).of_member()?;
        let view = Self::of(membership, catalogue, status);
        Some(Self { joined_at: membership.joined_at(), phone: membership.phone.clone(), ..view })
    }

    fn of(membership: &Membership, catalogue: &Catalogue, status: &'static str) -> Self {
        let text = |text: &Option<usher_domain::text::ShortText>| text.as_ref().map(|text| text.as_str().to_owned());
        let entitlements = &membership.entitlements;
        Self {
            id: membership.id.to_string(),
            email: membership.email.as_typed().to_owned(),
            name: membership.name.display(),
            first_name: text(&membership.name.first),
            last_name: text(&membership.name.last),
            role: entitlements.role.to_string(),
            team: entitlements.team.as_deref().map(|id| catalogue.team_name(id).to_owned()),
            job_title: text(&membership.job_title),
            products: entitlements.products.iter().cloned().collect(),
            courses: entitlements.courses.iter().cloned().collect(),
            status,
            generation: membership.generation,
            created_at: membership.created_at,
            sent_at: membership.sent_at,
            expires_at: membership.expires_at(),
            accepted_at: membership.joined_at(),
            invited_by: membership.invited_by.map(|id| id.to_string()),
            import: membership.import.map(|id| id.to_string()),
            mail: membership.mail.as_ref().map(|mail| MailView {
                state: mail.state.as_str(),
                reason: mail.reason.clone(),
                at: mail.at,
            }),
            phone: None,
            joined_at: None,
        }
    }
}

/// An organisation with its settings, catalogue and capacity: `capacity: {seats: {limit, used, free}, …}`.
#[must_use]
pub fn organisation_view(organisation: &Organisation, capacity: &Capacity) -> Value {
    let catalogue = &organisation.catalogue;
    let figures = by_resource(capacity.0.iter().map(|(resource, allowance)| {
        (resource, json!({"limit": allowance.limit, "used": allowance.used, "free": allowance.free()}))
    }));
    json!({
        "id": organisation.id.to_string(),
        "name": organisation.name,
        "invitation_seconds": organisation.invitation_seconds,
        "dashboard_url": organisation.dashboard_url,
        "default_role": organisation.default_role,
        "roles": catalogue.roles,
        "teams": catalogue.teams,
        "products": catalogue.products,
        "courses": catalogue.courses,
        "capacity": figures,
    })
}
