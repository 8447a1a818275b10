//! `POST /v1/orgs`.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use usher_app::{NewCourse, NewOrganisation, NewProduct, OrganisationRequest, create_organisation};
use usher_domain::{InvitationInput, OrganisationId, ReservationId, Role};
use usher_http::{Api, Caller, Fingerprint, JsonBody, Problem, organisation_view};
use usher_runtime::random;

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
struct ProductRequest {
    name: Option<String>,
    limit: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CourseRequest {
    slug: String,
    title: Option<String>,
    limit: Option<u32>,
}

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields, expecting = "a team is its name, or an object with a name and nothing else")]
enum TeamRequest {
    Name(String),
    Object { name: String },
}

/// The body of a request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateRequest {
    name: String,
    seats: Option<u32>,
    roles: Option<Roles>,
    default_role: Option<String>,
    #[serde(default)]
    teams: Vec<TeamRequest>,
    #[serde(default)]
    products: BTreeMap<String, ProductRequest>,
    #[serde(default)]
    courses: Vec<CourseRequest>,
    invitation_seconds: Option<u32>,
    dashboard_url: Option<String>,
    #[serde(default)]
    admins: Vec<InvitationInput<'static>>,
}

impl CreateRequest {
    fn into_new(self) -> NewOrganisation {
        let roles = self.roles.map(|roles| match roles {
            Roles::List(roles) => roles,
            Roles::ByName(roles) => roles
                .into_iter()
                .map(|(name, role)| Role { name: name.into(), rank: role.rank, can_invite: role.can_invite })
                .collect(),
        });
        let team = |team| match team {
            TeamRequest::Name(name) | TeamRequest::Object { name } => name,
        };
        let product = |(id, ProductRequest { name, limit })| (id, NewProduct { name, limit });
        let course = |CourseRequest { slug, title, limit }| NewCourse { slug, title, limit };
        NewOrganisation {
            name: self.name,
            seats: self.seats,
            roles,
            default_role: self.default_role,
            teams: self.teams.into_iter().map(team).collect(),
            products: self.products.into_iter().map(product).collect(),
            courses: self.courses.into_iter().map(course).collect(),
            invitation_seconds: self.invitation_seconds,
            dashboard_url: self.dashboard_url,
            admins: self.admins,
        }
    }
}

/// Creates an organisation and invites its first admins.
pub(crate) async fn create(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    fingerprint: Option<Extension<Fingerprint>>,
    JsonBody(new): JsonBody<CreateRequest>,
) -> Result<Response, Problem> {
    if !caller.operator {
        let detail = "Only operators create organisations.";
        return Err(Problem::new(StatusCode::FORBIDDEN, "not_an_operator", detail));
    }
    let now = api.clock.now();
    let random_id = || OrganisationId::from_parts(u64::try_from(now.as_millisecond()).unwrap_or(0), random::bits());
    let request = match (headers.get("idempotency-key"), fingerprint) {
        (Some(key), Some(Extension(Fingerprint(fingerprint)))) => {
            let parts = [b"organisation".as_slice(), caller.email.canonical().as_bytes(), key.as_bytes()];
            OrganisationRequest {
                id: OrganisationId::from_bytes(ReservationId::derived(&parts).to_bytes()),
                fingerprint,
            }
        }
        // Nothing can repeat it.
        _ => OrganisationRequest { id: random_id(), fingerprint: String::new() },
    };
    let id = request.id;
    let reservation = ReservationId::from_bytes(random::bits().to_be_bytes());
    let created = create_organisation(&api.store, new.into_new(), &request, reservation, now).await?;
    let location = [(header::LOCATION, format!("/v1/orgs/{id}"))];
    let mut body = organisation_view(&created.organisation, &created.capacity);
    body["admins_invited"] = json!(created.admins_invited);
    Ok((StatusCode::CREATED, location, Json(body)).into_response())
}
