//! What every function behind the API shares: its state, its layers, and the loop that serves it.

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef, Request};
use axum::middleware::{self, Next};
use axum::response::Response;
use serde::Serialize;
use serde_json::{Map, Value};
use tracing::Instrument;
use usher_domain::Resource;
use usher_runtime::{Aws, Clock, ConfigError, config};
use usher_store::Store;

use crate::{Groups, Problem, idempotency};

/// The largest request that Lambda takes, in bytes.
const LARGEST_BODY: usize = 6 * 1024 * 1024;

/// What a function behind the API needs at least. A function that needs more has a state of its own, of which this is a
/// part.
#[derive(Debug, Clone)]
pub struct Api {
    /// The table.
    pub store: Store,
    /// The clock.
    pub clock: Clock,
    /// Who operates Usher.
    pub groups: Groups,
}

impl Api {
    /// Reads what it needs from the environment.
    pub fn from_environment(aws: &Aws) -> Result<Self, ConfigError> {
        Ok(Self {
            store: Store::new(aws.dynamodb(), config::required("TABLE_NAME")?),
            clock: Clock::System,
            groups: Groups { operators: config::required("OPERATORS_GROUP")? },
        })
    }
}

impl FromRef<Api> for Store {
    fn from_ref(api: &Api) -> Self {
        api.store.clone()
    }
}

impl FromRef<Api> for Clock {
    fn from_ref(api: &Api) -> Self {
        api.clock.clone()
    }
}

/// Finishes the routes of a function: idempotency, one 404 for whatever is not there, and a log span per request.
pub fn router(routes: Router<Api>, api: Api) -> Router {
    routes
        .fallback(async || Problem::not_found())
        .method_not_allowed_fallback(async || Problem::not_found())
        .layer(middleware::from_fn_with_state(api.clone(), idempotency::layer))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn(log))
        .with_state(api)
}

/// One span and one line a request: the route, never the path, which on the public pages holds the link.
async fn log(request: Request, next: Next) -> Response {
    let context = request.extensions().get::<lambda_http::Context>();
    let request_id = context.map_or("-", |context| context.request_id.as_str()).to_owned();
    let organisation = request.uri().path().split('/').nth(3).and_then(|text| text.parse().ok());
    let organisation = organisation.map(|id: usher_domain::OrganisationId| id.to_string()).unwrap_or_default();
    let method = request.method().clone();
    let span = tracing::info_span!("request", request_id, organisation, %method);
    async {
        let response = next.run(request).await;
        tracing::info!(status = response.status().as_u16(), "answered");
        response
    }
    .instrument(span)
    .await
}

/// Serves a function until Lambda ends it.
pub async fn run(router: Router) -> Result<(), lambda_http::Error> {
    lambda_http::run(router).await
}

/// Writes places the way the API does: `{seats, products: {id: …}, courses: {slug: …}}`.
pub fn places<'a, T: Serialize + 'a>(places: impl Iterator<Item = (&'a Resource, T)>) -> Value {
    let (mut all, mut products, mut courses) = (Map::new(), Map::new(), Map::new());
    for (resource, value) in places {
        let value = serde_json::to_value(value).unwrap_or(Value::Null);
        match resource {
            Resource::Seat => all.insert("seats".to_owned(), value),
            Resource::Product(id) => products.insert(id.clone(), value),
            Resource::Course(slug) => courses.insert(slug.clone(), value),
        };
    }
    all.insert("products".to_owned(), products.into());
    all.insert("courses".to_owned(), courses.into());
    all.into()
}
