//! Creating an organisation, with everything it starts out with.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use usher_domain::catalogue::fold;
use usher_domain::id::ReservationId;
use usher_domain::organisation::{DEFAULT_INVITATION_SECONDS, LONGEST_INVITATION_SECONDS, SHORTEST_INVITATION_SECONDS};
use usher_domain::spec::Authority;
use usher_domain::text::ShortText;
use usher_domain::{
    Allowance, Capacity, CapacityRequest, Catalogue, Course, InvitationInput, InvitationSpec, Organisation,
    OrganisationId, Product, Resource, Role, Team,
};
use usher_http::{Api, Caller, FieldError, JsonBody, Problem, organisation_view};
use usher_runtime::random;
use usher_store::{CREATED_AT_ONCE, MOST_RESOURCES};

/// Roles as a list of objects with a name, or as an object from name to the rest.
#[derive(Deserialize)]
#[serde(untagged, expecting = "roles are a list, each with name and rank, or an object from name to rank")]
enum Roles {
    List(Vec<Role>),
    ByName(BTreeMap<String, RoleSettings>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleSettings {
    rank: u32,
    #[serde(default)]
    can_invite: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewProduct {
    name: Option<String>,
    limit: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewCourse {
    slug: String,
    title: Option<String>,
    limit: Option<u32>,
}

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields, expecting = "a team is its name, or an object with a name and nothing else")]
enum NewTeam {
    Name(String),
    Object { name: String },
}

/// What an organisation starts out with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateRequest {
    name: String,
    seats: Option<u32>,
    roles: Option<Roles>,
    default_role: Option<String>,
    #[serde(default)]
    teams: Vec<NewTeam>,
    #[serde(default)]
    products: BTreeMap<String, NewProduct>,
    #[serde(default)]
    courses: Vec<NewCourse>,
    invitation_seconds: Option<u32>,
    dashboard_url: Option<String>,
    #[serde(default)]
    admins: Vec<InvitationInput<'static>>,
}

fn usual_roles() -> Vec<Role> {
    let role = |name: &str, rank, can_invite| Role { name: name.into(), rank, can_invite };
    vec![role("admin", 30, true), role("manager", 20, false), role("sales_rep", 10, false)]
}

/// A text that people see; what is wrong with it is reported under the field's name.
pub(crate) fn display_text(field: &str, text: &str, errors: &mut Vec<FieldError>) -> Option<ShortText> {
    match text.parse() {
        Ok(text) => Some(text),
        Err(message) => {
            errors.push(FieldError::new(field, "text_invalid", message));
            None
        }
    }
}

/// A name that requests and files use: letters, digits, `-` and `_`, at most 64.
fn check_name(field: &str, text: &str, seen: &mut BTreeSet<String>, errors: &mut Vec<FieldError>) {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if !plain || text.is_empty() || text.len() > 64 {
        let message = format!("is {text:?}; use 1 to 64 letters, digits, - and _");
        errors.push(FieldError::new(field, "name_invalid", message));
    } else if !seen.insert(fold(text)) {
        errors.push(FieldError::new(field, "name_twice", format!("{text:?} is there twice")));
    }
}

pub(crate) fn check_dashboard_url(url: &str, errors: &mut Vec<FieldError>) {
    let secure =
        url.starts_with("https://") || url.starts_with("http://localhost") || url.starts_with("http://127.0.0.1");
    let plain = !url.contains(|c: char| c.is_whitespace() || c.is_control() || "\"'<>\\`;,".contains(c));
    if !(secure && plain && url.len() <= 2_000) {
        let message = "is not an address to send people to; it begins with https:// and holds no blanks or quotes";
        errors.push(FieldError::new("dashboard_url", "url_invalid", message));
    }
}

pub(crate) fn check_invitation_seconds(seconds: u32, errors: &mut Vec<FieldError>) {
    if !(SHORTEST_INVITATION_SECONDS..=LONGEST_INVITATION_SECONDS).contains(&seconds) {
        let message = format!(
            "is {seconds}; an invitation is open from {SHORTEST_INVITATION_SECONDS} to {LONGEST_INVITATION_SECONDS} seconds"
        );
        errors.push(FieldError::new("invitation_seconds", "duration_invalid", message));
    }
}

fn catalogue(request: &mut CreateRequest, errors: &mut Vec<FieldError>) -> Catalogue {
    let mut roles = match request.roles.take() {
        None => usual_roles(),
        Some(Roles::List(roles)) => roles,
        Some(Roles::ByName(roles)) => roles
            .into_iter()
            .map(|(name, role)| Role { name: name.into(), rank: role.rank, can_invite: role.can_invite })
            .collect(),
    };
    roles.sort_by_key(|role| std::cmp::Reverse(role.rank));
    let mut seen = BTreeSet::new();
    for role in &roles {
        check_name("roles", &role.name, &mut seen, errors);
    }
    if !roles.iter().any(|role| role.can_invite) {
        errors.push(FieldError::new("roles", "no_admin_role", "none of them may invite; set can_invite on one"));
    }
    seen.clear();
    let mut teams = Vec::new();
    for (index, team) in request.teams.iter().enumerate() {
        let (NewTeam::Name(name) | NewTeam::Object { name }) = team;
        let field = format!("teams[{index}]");
        if let Some(name) = display_text(&field, name, errors) {
            if !seen.insert(fold(name.as_str())) {
                errors.push(FieldError::new(&field, "name_twice", format!("{:?} is there twice", name.as_str())));
            }
            // Derived from the name it starts out with, so that a repeated request makes the same team.
            let id = OrganisationId::from_bytes(
                ReservationId::derived(&[b"team", fold(name.as_str()).as_bytes()]).to_bytes(),
            );
            teams.push(Team { id: id.to_string().to_lowercase().into(), name });
        }
    }
    seen.clear();
    let mut products = Vec::new();
    for (id, product) in &request.products {
        let field = format!("products.{id}");
        check_name(&field, id, &mut seen, errors);
        if let Some(name) = display_text(&field, product.name.as_ref().unwrap_or(id), errors) {
            products.push(Product { id: id.clone(), name });
        }
    }
    seen.clear();
    let mut courses = Vec::new();
    for (index, course) in request.courses.iter().enumerate() {
        let field = format!("courses[{index}]");
        check_name(&field, &course.slug, &mut seen, errors);
        if let Some(title) = display_text(&field, course.title.as_ref().unwrap_or(&course.slug), errors) {
            courses.push(Course { slug: course.slug.clone(), title });
        }
    }
    if teams.len() + courses.len() > CREATED_AT_ONCE {
        let message = format!("with the teams are more than {CREATED_AT_ONCE}; create the rest afterwards");
        errors.push(FieldError::new("courses", "too_many", message));
    }
    Catalogue { roles, teams, products, courses }
}

fn capacity(request: &CreateRequest) -> Capacity {
    let allowance = |limit| Allowance { limit, used: 0 };
    let mut places = BTreeMap::from([(Resource::Seat, allowance(request.seats))]);
    for (id, product) in &request.products {
        places.insert(Resource::Product(id.clone()), allowance(product.limit));
    }
    for course in &request.courses {
        places.insert(Resource::Course(course.slug.clone()), allowance(course.limit));
    }
    Capacity(places)
}

fn admins(
    requests: Vec<InvitationInput<'_>>,
    catalogue: &Catalogue,
    errors: &mut Vec<FieldError>,
) -> Vec<InvitationSpec> {
    let highest = catalogue.roles.iter().find(|role| role.can_invite).map(|role| role.name.as_str());
    let authority = Authority { rank: None, default_role: highest };
    let mut specs = Vec::new();
    for (index, request) in requests.into_iter().enumerate() {
        let field = format!("admins[{index}].");
        match catalogue.validate(&request, authority) {
            Ok(spec) if catalogue.role(&spec.entitlements.role).is_some_and(|role| role.can_invite) => specs.push(spec),
            Ok(spec) => {
                let message = format!("{:?} may not invite, so it is no admin's", spec.entitlements.role);
                errors.push(FieldError::new(format!("{field}role"), "role_not_admin", message));
            }
            Err(problems) => errors.extend(problems.into_iter().map(|problem| FieldError::at(&field, problem))),
        }
    }
    specs
}

/// Creates an organisation and invites its first admins.
pub(crate) async fn create(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    JsonBody(mut request): JsonBody<CreateRequest>,
) -> Result<Response, Problem> {
    if !caller.operator {
        let detail = "Only operators create organisations.";
        return Err(Problem::new(StatusCode::FORBIDDEN, "not_an_operator", detail));
    }
    let now = api.clock.now();
    let mut errors = Vec::new();
    let name = display_text("name", &request.name, &mut errors);
    let catalogue = catalogue(&mut request, &mut errors);
    let invitation_seconds = request.invitation_seconds.unwrap_or(DEFAULT_INVITATION_SECONDS);
    check_invitation_seconds(invitation_seconds, &mut errors);
    if let Some(url) = &request.dashboard_url {
        check_dashboard_url(url, &mut errors);
    }
    let default_role = request.default_role.take();
    if let Some(role) = &default_role
        && catalogue.role(role).is_none()
    {
        errors.push(FieldError::new("default_role", "role_unknown", format!("there is no role {role:?}")));
    }
    let capacity = capacity(&request);
    let specs = admins(request.admins, &catalogue, &mut errors);
    let mut needed = CapacityRequest::default();
    for spec in &specs {
        needed.add(&spec.entitlements);
    }
    if let Err(exceeded) = capacity.check(&needed) {
        errors.push(FieldError::new("admins", "capacity_exceeded", format!("do not fit: {exceeded}")));
    }
    if capacity.0.len() > MOST_RESOURCES {
        let message = format!("with the products are more than {MOST_RESOURCES}, the most that are counted together");
        errors.push(FieldError::new("courses", "too_many", message));
    }
    let (Some(name), true) = (name, errors.is_empty()) else { return Err(Problem::invalid(errors)) };

    // With an Idempotency-Key the id follows from it: even if the first answer and its record were both lost, a
    // repetition makes no second organisation.
    let id = match headers.get("idempotency-key") {
        Some(key) => {
            let parts = [b"organisation".as_slice(), caller.email.canonical().as_bytes(), key.as_bytes()];
            OrganisationId::from_bytes(ReservationId::derived(&parts).to_bytes())
        }
        None => OrganisationId::from_parts(u64::try_from(now.as_millisecond()).unwrap_or(0), random::bits()),
    };
    let dashboard_url = request.dashboard_url;
    let organisation = Organisation { id, name, invitation_seconds, dashboard_url, default_role, catalogue };
    api.store.create_organisation(&organisation, &capacity).await?;
    let reservation = ReservationId::from_bytes(random::bits().to_be_bytes());
    let invited = usher_app::invite::invite(&api.store, &organisation, specs, None, reservation, now).await?.len();
    tracing::info!(organisation = %id, admins = invited, "created");
    let capacity = api.store.capacity(id).await?;
    let location = [(header::LOCATION, format!("/v1/orgs/{id}"))];
    let mut body = organisation_view(&organisation, &capacity);
    body["admins_invited"] = json!(invited);
    Ok((StatusCode::CREATED, location, Json(body)).into_response())
}
