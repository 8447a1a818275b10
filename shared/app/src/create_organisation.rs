//! Creates an organisation with its catalogue and capacity, and invites its first admins.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use usher_domain::catalogue::fold;
use usher_domain::organisation::DEFAULT_INVITATION_SECONDS;
use usher_domain::{
    Allowance, Authority, Capacity, CapacityRequest, Catalogue, Course, InvitationInput, InvitationSpec, Issue,
    IssueCode, MembershipId, Organisation, OrganisationId, Product, ReservationId, Resource, Role, Team,
};
use usher_store::{CREATED_AT_ONCE, CreateOrganisation, MOST_RESOURCES, ReserveError, Store, StoreError};

use crate::invite::invite;
use crate::organisation_rules::{
    check_dashboard_url, check_default_role, check_invitation_seconds, check_name, check_unique, display_text,
};

/// A product of a new organisation. Its name is its id unless it has one.
#[derive(Debug, Clone)]
pub struct NewProduct {
    /// The name.
    pub name: Option<String>,
    /// How many licences there are; `None` for unlimited.
    pub limit: Option<u32>,
}

/// A course of a new organisation. Its title is its slug unless it has one.
#[derive(Debug, Clone)]
pub struct NewCourse {
    /// The slug.
    pub slug: String,
    /// The title.
    pub title: Option<String>,
    /// How many places there are; `None` for unlimited.
    pub limit: Option<u32>,
}

/// An organisation to create, unchecked.
#[derive(Default)]
pub struct NewOrganisation {
    /// The name.
    pub name: String,
    /// How many seats there are; `None` for unlimited.
    pub seats: Option<u32>,
    /// The roles; `None` for the usual three.
    pub roles: Option<Vec<Role>>,
    /// The role of people without one in the request.
    pub default_role: Option<String>,
    /// The names of the teams.
    pub teams: Vec<String>,
    /// The products, by id.
    pub products: BTreeMap<String, NewProduct>,
    /// The courses.
    pub courses: Vec<NewCourse>,
    /// How long invitations are open; `None` for 7 days.
    pub invitation_seconds: Option<u32>,
    /// Where people go after they joined.
    pub dashboard_url: Option<String>,
    /// The first admins.
    pub admins: Vec<InvitationInput<'static>>,
}

/// The organisation that was created, or was there from the same request.
#[derive(Debug, Clone)]
pub struct CreatedOrganisation {
    /// The organisation.
    pub organisation: Organisation,
    /// Its capacity after the invitations.
    pub capacity: Capacity,
    /// How many admins were invited.
    pub admins_invited: usize,
}

/// Why an organisation was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateOrganisationError {
    /// Fields are not valid.
    #[error("{} fields are not valid", .0.len())]
    Invalid(Vec<Issue>),
    /// The idempotency key made another organisation before.
    #[error("the idempotency key was used for another organisation")]
    KeyReused,
    /// The admins could not be invited. The organisation exists.
    #[error(transparent)]
    Invite(#[from] ReserveError),
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn usual_roles() -> Vec<Role> {
    let role = |name: &str, rank, can_invite| Role { name: name.into(), rank, can_invite };
    vec![role("admin", 30, true), role("manager", 20, false), role("sales_rep", 10, false)]
}

impl NewOrganisation {
    /// The organisation, its capacity and its first admins, or everything that is wrong.
    fn check(self, id: OrganisationId) -> Result<(Organisation, Capacity, Vec<InvitationSpec>), Vec<Issue>> {
        let mut issues = Vec::new();
        let name = display_text("name", &self.name, &mut issues);
        let catalogue = self.catalogue(&mut issues);
        let invitation_seconds = self.invitation_seconds.unwrap_or(DEFAULT_INVITATION_SECONDS);
        check_invitation_seconds(invitation_seconds, &mut issues);
        if let Some(url) = &self.dashboard_url {
            check_dashboard_url(url, &mut issues);
        }
        if let Some(role) = &self.default_role {
            check_default_role(role, &catalogue, &mut issues);
        }
        let capacity = self.capacity();
        let admins = admins(&self.admins, &catalogue, &mut issues);
        let mut needed = CapacityRequest::default();
        for admin in &admins {
            needed.add(&admin.entitlements);
        }
        if let Err(exceeded) = capacity.check(&needed) {
            issues.push(Issue::plain("admins", IssueCode::CapacityExceeded, format!("do not fit: {exceeded}")));
        }
        if capacity.0.len() > MOST_RESOURCES {
            let message = format!("and products together are limited to {MOST_RESOURCES}");
            issues.push(Issue::plain("courses", IssueCode::TooMany, message));
        }
        let Self { default_role, dashboard_url, .. } = self;
        match name {
            Some(name) if issues.is_empty() => {
                let organisation =
                    Organisation { id, name, invitation_seconds, dashboard_url, default_role, catalogue };
                Ok((organisation, capacity, admins))
            }
            _ => Err(issues),
        }
    }

    fn catalogue(&self, issues: &mut Vec<Issue>) -> Catalogue {
        let mut roles = self.roles.clone().unwrap_or_else(usual_roles);
        roles.sort_by_key(|role| std::cmp::Reverse(role.rank));
        let mut seen = BTreeSet::new();
        for role in &roles {
            check_name("roles", &role.name, &mut seen, issues);
        }
        if !roles.iter().any(|role| role.can_invite) {
            let message = "none of them may invite; set can_invite on one";
            issues.push(Issue::plain("roles", IssueCode::NoAdminRole, message));
        }
        let catalogue = Catalogue {
            roles,
            teams: self.teams(issues),
            products: self.products(issues),
            courses: self.courses(issues),
        };
        if catalogue.teams.len() + catalogue.courses.len() > CREATED_AT_ONCE {
            let message =
                format!("and teams together are limited to {CREATED_AT_ONCE} at first; create the rest afterwards");
            issues.push(Issue::plain("courses", IssueCode::TooMany, message));
        }
        catalogue
    }

    fn teams(&self, issues: &mut Vec<Issue>) -> Vec<Team> {
        let (mut seen, mut teams) = (BTreeSet::new(), Vec::new());
        for (index, name) in self.teams.iter().enumerate() {
            let field = format!("teams[{index}]");
            let Some(name) = display_text(&field, name, issues) else { continue };
            check_unique(&field, name.as_str(), &mut seen, issues);
            // Derived from the first name, so that a repeated request creates the same team.
            let id = ReservationId::derived(&[b"team", fold(name.as_str()).as_bytes()]);
            let id = OrganisationId::from_bytes(id.to_bytes());
            teams.push(Team { id: id.to_string().to_lowercase().into(), name });
        }
        teams
    }

    fn products(&self, issues: &mut Vec<Issue>) -> Vec<Product> {
        let (mut seen, mut products) = (BTreeSet::new(), Vec::new());
        for (id, product) in &self.products {
            let field = format!("products.{id}");
            check_name(&field, id, &mut seen, issues);
            if let Some(name) = display_text(&field, product.name.as_ref().unwrap_or(id), issues) {
                products.push(Product { id: id.clone(), name });
            }
        }
        products
    }

    fn courses(&self, issues: &mut Vec<Issue>) -> Vec<Course> {
        let (mut seen, mut courses) = (BTreeSet::new(), Vec::new());
        for (index, course) in self.courses.iter().enumerate() {
            let field = format!("courses[{index}]");
            check_name(&field, &course.slug, &mut seen, issues);
            if let Some(title) = display_text(&field, course.title.as_ref().unwrap_or(&course.slug), issues) {
                courses.push(Course { slug: course.slug.clone(), title });
            }
        }
        courses
    }

    fn capacity(&self) -> Capacity {
        let allowance = |limit| Allowance { limit, used: 0 };
        let mut capacity = BTreeMap::from([(Resource::Seat, allowance(self.seats))]);
        for (id, product) in &self.products {
            capacity.insert(Resource::Product(id.clone()), allowance(product.limit));
        }
        for course in &self.courses {
            capacity.insert(Resource::Course(course.slug.clone()), allowance(course.limit));
        }
        Capacity(capacity)
    }
}

fn admins(inputs: &[InvitationInput<'_>], catalogue: &Catalogue, issues: &mut Vec<Issue>) -> Vec<InvitationSpec> {
    let highest = catalogue.roles.iter().find(|role| role.can_invite).map(|role| role.name.as_str());
    let authority = Authority { rank: None, default_role: highest };
    let mut specs = Vec::new();
    for (index, input) in inputs.iter().enumerate() {
        let field = format!("admins[{index}].");
        match catalogue.validate(input, authority) {
            Ok(spec) if catalogue.role(&spec.entitlements.role).is_some_and(|role| role.can_invite) => specs.push(spec),
            Ok(spec) => {
                let message = format!("{:?} may not invite; an admin needs a role that may", spec.entitlements.role);
                issues.push(Issue::plain("role", IssueCode::RoleNotAdmin, message).at(&field));
            }
            Err(wrong) => issues.extend(wrong.into_iter().map(|issue| issue.at(&field))),
        }
    }
    specs
}

/// The organisation that a request makes. With an idempotency key the id follows from it, so that a repetition creates no
/// second organisation, even if the first answer and its record were both lost. The fingerprint is kept with the
/// organisation: the same key with another body, days later, must not invite one customer's admins to another's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganisationRequest {
    /// The organisation's id.
    pub id: OrganisationId,
    /// Tells the body of the request from others.
    pub fingerprint: String,
}

/// Creates the organisation of this request, and invites its first admins. Repeated, it creates nothing and invites nobody
/// twice.
pub async fn create_organisation(
    store: &Store,
    new: NewOrganisation,
    request: &OrganisationRequest,
    reservation: ReservationId,
    now: Timestamp,
) -> Result<CreatedOrganisation, CreateOrganisationError> {
    let id = request.id;
    let (organisation, capacity, mut admins) = new.check(id).map_err(CreateOrganisationError::Invalid)?;
    let admins_invited = admins.len();
    match store.create_organisation(&organisation, &capacity, &request.fingerprint).await? {
        CreateOrganisation::Created | CreateOrganisation::AlreadyExists => {}
        CreateOrganisation::OtherRequest => return Err(CreateOrganisationError::KeyReused),
    }
    // Of a repetition: an invitation that has ended since, or was revoked, stays so. Whom a cut-off attempt missed is invited.
    let id_of = |admin: &InvitationSpec| MembershipId::of(id, &admin.email);
    let ids: Vec<MembershipId> = admins.iter().map(id_of).collect();
    let known = store.memberships(id, &ids).await?;
    admins.retain(|admin| !known.contains_key(&id_of(admin)));
    invite(store, &organisation, admins, None, reservation, now).await?;
    tracing::info!(organisation = %id, admins = admins_invited, "created");
    let capacity = store.capacity(id).await?;
    Ok(CreatedOrganisation { organisation, capacity, admins_invited })
}
