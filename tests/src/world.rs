//! One deployment, with a clock that stands until it is moved.

mod functions;

use aws_lambda_events::event::s3::S3Event;
use aws_lambda_events::event::sqs::SqsEvent;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use lambda_http::request::RequestContext;
use serde_json::{Value, json};
use tower::ServiceExt;
use usher_domain::{MembershipId, OrganisationId};
use usher_runtime::Clock;
use usher_store::Store;

use crate::Cloud;
use crate::cloud::{BUCKET, Mail, Message, TABLE};

/// An answer of the API.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    /// The body, which has to be JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON ({}): {}", self.status, self.text))
    }

    /// The body of a success.
    #[must_use]
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.text);
        self.json()
    }

    /// Status and code of a refusal.
    #[must_use]
    #[track_caller]
    pub fn refusal(&self) -> (u16, String) {
        let content_type = self.headers.get("content-type").and_then(|value| value.to_str().ok());
        assert_eq!(content_type, Some("application/problem+json"), "{} {}", self.status, self.text);
        (self.status.as_u16(), self.json()["code"].as_str().expect("a code").to_owned())
    }
}

/// A deployment.
#[derive(Debug, Clone)]
pub struct World {
    pub cloud: Cloud,
    pub clock: Clock,
    pub store: Store,
}

/// The largest file that imports take here, in bytes.
pub const LARGEST_FILE: u64 = 10_000_000;

fn sqs_event(message: &Message) -> SqsEvent {
    let record = json!({"messageId": "m", "body": message.body, "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {}});
    serde_json::from_value(json!({"Records": [record]})).expect("an SQS event")
}

/// The event of a file that was put into the bucket.
#[must_use]
pub fn upload_event(key: &str, version: &str) -> S3Event {
    let event = json!({"Records": [{"eventName": "ObjectCreated:Put", "eventTime": "2026-03-02T09:00:00Z", "requestParameters": {}, "responseElements": {}, "userIdentity": {}, "s3": {
        "bucket": {"name": BUCKET, "ownerIdentity": {}}, "object": {"key": key, "size": 1, "versionId": version}}}]});
    serde_json::from_value(event).expect("an S3 event")
}

pub const OPERATOR: &str = "olga@operators.example";
pub const ADMIN: &str = "ada@acme.example";

impl World {
    #[must_use]
    pub fn new() -> Self {
        Self::in_cloud(Cloud::new())
    }

    #[must_use]
    pub fn in_cloud(cloud: Cloud) -> Self {
        usher_runtime::telemetry::init();
        let clock = Clock::fixed("2026-03-02T09:00:00Z".parse().expect("a time"));
        let store = Store::new(cloud.aws().dynamodb(), TABLE);
        Self { cloud, clock, store }
    }

    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn advance(&self, by: SignedDuration) {
        self.clock.advance(by);
    }

    /// Hands the table's changes to the relay, filtered as the template does.
    pub async fn relay_changes(&self) {
        let due = |record: &Value| {
            let new = |name: &str| record["dynamodb"]["NewImage"][name]["S"].as_str().unwrap_or_default().to_owned();
            (new("status") == "pending" && new("mail_state") == "queued")
                || (new("kind") == "import"
                    && ["applying", "cancelled", "completed", "failed"].contains(&new("status").as_str()))
        };
        let records: Vec<Value> = self.cloud.stream().into_iter().filter(due).collect();
        for batch in records.chunks(100) {
            let event = serde_json::from_value(json!({"Records": batch})).expect("a stream event");
            let answer = relay::handle(&self.relay(), event).await.expect("relayed");
            assert!(answer.batch_item_failures.is_empty(), "{answer:?}");
        }
    }

    /// Hands messages to the mailer; those it could not deal with are returned.
    pub async fn mail(&self, messages: Vec<Message>) -> Vec<Message> {
        let mut again = Vec::new();
        for message in messages {
            let answer = mailer::handle(&self.mailer(), sqs_event(&message)).await;
            if !answer.batch_item_failures.is_empty() {
                again.push(message);
            }
        }
        again
    }

    /// Hands parts to import-apply; those it could not deal with are returned.
    pub async fn apply(&self, messages: Vec<Message>) -> Vec<Message> {
        self.apply_within(SignedDuration::from_mins(10), messages).await
    }

    /// The same with so much time for each.
    pub async fn apply_within(&self, time: SignedDuration, messages: Vec<Message>) -> Vec<Message> {
        let mut again = Vec::new();
        for message in messages {
            let deadline = self.now() + time;
            let answer = import_apply::handle(&self.import_apply(), sqs_event(&message), deadline).await;
            if !answer.batch_item_failures.is_empty() {
                again.push(message);
            }
        }
        again
    }

    /// Lets everything happen that follows from what happened: until no change, job or mail is left.
    pub async fn settle(&self) {
        for _ in 0..100 {
            self.relay_changes().await;
            let (mails, parts) = (self.cloud.take_messages("mail"), self.cloud.take_messages("apply"));
            if mails.is_empty() && parts.is_empty() {
                return;
            }
            assert_eq!(self.mail(mails).await, []);
            assert_eq!(self.apply(parts).await, []);
        }
        panic!("it never comes to rest");
    }

    /// The newest mail to somebody.
    #[must_use]
    #[track_caller]
    pub fn mail_to(&self, email: &str) -> Mail {
        self.cloud.mails().into_iter().rfind(|mail| mail.to == email).unwrap_or_else(|| panic!("no mail to {email}"))
    }

    /// Delivers the event of a file that was put into the bucket.
    pub async fn file_arrived(&self, key: &str, version: &str) {
        self.file_arrived_at(&self.bulk_import(), key, version).await;
    }

    /// The same to a planner that is set up otherwise.
    pub async fn file_arrived_at(&self, bulk: &bulk_import::BulkImport, key: &str, version: &str) {
        bulk_import::handle(bulk, upload_event(key, version)).await.expect("planned");
    }

    /// A visit of the public page.
    pub async fn visit(&self, method: Method, path: &str, form: &str) -> Reply {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "text/html")
            .body(Body::from(form.to_owned()))
            .expect("a request");
        self.send(request).await
    }

    /// A request with everything said.
    pub async fn send(&self, request: Request<Body>) -> Reply {
        let router = self.router(&request.uri().to_string(), request.method());
        let answer = router.oneshot(request).await.expect("a router always answers");
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        // Nearly all is UTF-8; a `failed.csv` is in the encoding of the file it comes from.
        let text = String::from_utf8(bytes.to_vec())
            .unwrap_or_else(|_| encoding_rs::WINDOWS_1252.decode(&bytes).0.into_owned());
        Reply { status: parts.status, headers: parts.headers, text }
    }

    /// A request of somebody with a verified address, as the gateway passes it on.
    #[must_use]
    pub fn request(&self, who: &str, method: Method, path: &str, body: Body) -> Request<Body> {
        let group = if who == OPERATOR { "[operators]" } else { "[]" };
        let claims = json!({"email": who, "email_verified": "true", "cognito:groups": group});
        self.request_with(&claims, method, path, body)
    }

    /// A request with these claims.
    #[must_use]
    pub fn request_with(&self, claims: &Value, method: Method, path: &str, body: Body) -> Request<Body> {
        let context = json!({
            "http": {"method": method.as_str(), "path": path},
            "timeEpoch": 0,
            "authorizer": {"jwt": {"claims": claims, "scopes": []}},
        });
        let context = serde_json::from_value(context).expect("a request context");
        Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .extension(RequestContext::ApiGatewayV2(context))
            .body(body)
            .expect("a request")
    }

    pub async fn post(&self, who: &str, path: &str, body: Value) -> Reply {
        self.send(self.request(who, Method::POST, path, Body::from(body.to_string()))).await
    }

    pub async fn patch(&self, who: &str, path: &str, body: Value) -> Reply {
        self.send(self.request(who, Method::PATCH, path, Body::from(body.to_string()))).await
    }

    pub async fn get(&self, who: &str, path: &str) -> Reply {
        self.send(self.request(who, Method::GET, path, Body::empty())).await
    }

    /// An organisation with this many seats, and its admin, who has joined.
    pub async fn acme(&self, seats: u32) -> Acme {
        let request = json!({
            "name": "Acme",
            "seats": seats,
            "teams": ["Enterprise", "SMB"],
            "products": {"mos_enable": {"name": "mOS Enable", "limit": 100}, "mos_opportunity": {"limit": 3}},
            "courses": [
                {"slug": "value-pyramid-program", "title": "Value Pyramid Program"},
                {"slug": "Meddicc-go-live-plan", "title": "Go Live Plan", "limit": 2},
            ],
            "dashboard_url": "https://app.example.com/acme",
            "admins": [{"email": ADMIN, "name": "Ada Admin"}],
        });
        let created = self.post(OPERATOR, "/v1/orgs", request).await.ok();
        let id: OrganisationId = created["id"].as_str().expect("an id").parse().expect("an id");
        self.join(id, ADMIN).await;
        Acme { world: self.clone(), id }
    }

    /// Lets somebody join who is invited, by the rule and not by the page.
    pub async fn join(&self, organisation: OrganisationId, email: &str) {
        let id = MembershipId::of(organisation, &email.parse().expect("an address"));
        let before = self.store.membership(organisation, id).await.expect("the table").expect("invited");
        let after = before.membership.clone().accept(self.now()).expect("open");
        assert!(self.store.update_membership(&before, &after).await.expect("the table"));
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// An organisation, seen by its admin.
#[derive(Debug, Clone)]
pub struct Acme {
    pub world: World,
    pub id: OrganisationId,
}

impl Acme {
    #[must_use]
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/orgs/{}{rest}", self.id)
    }

    pub async fn get(&self, rest: &str) -> Reply {
        self.world.get(ADMIN, &self.path(rest)).await
    }

    pub async fn post(&self, rest: &str, body: Value) -> Reply {
        self.world.post(ADMIN, &self.path(rest), body).await
    }

    pub async fn patch(&self, rest: &str, body: Value) -> Reply {
        self.world.patch(ADMIN, &self.path(rest), body).await
    }

    /// Invites one person and returns the invitation.
    pub async fn invite(&self, email: &str) -> Value {
        let body = json!({"invitations": [{"email": email, "name": "Some Body", "role": "sales_rep"}]});
        let results = self.post("/invitations", body).await.ok();
        assert_eq!(results["results"][0]["outcome"], "invited", "{results}");
        results["results"][0]["invitation"].clone()
    }

    /// Seats as `GET /v1/orgs/{org}` tells them: limit, used, free.
    pub async fn seats(&self) -> (u64, u64, u64) {
        let seats = self.get("").await.ok()["capacity"]["seats"].clone();
        let number = |name: &str| seats[name].as_u64().expect("a number");
        (number("limit"), number("used"), number("free"))
    }
}
