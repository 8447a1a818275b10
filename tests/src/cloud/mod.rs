//! A cloud in this process. It stands where the SDK's HTTP client would, so everything above it is the real thing, and
//! every call can be made to fail before or after it took effect.

mod files;
mod mail;
mod queues;
mod roles;
mod table;
mod user_pool;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use usher_runtime::Aws;

pub use mail::Mail;
pub use queues::Message;
pub use user_pool::Account;

/// What is done to a call that a test wants to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It never arrives.
    Before,
    /// It takes effect, and its answer is lost.
    After,
    /// It is refused because too much is asked at once.
    Throttled,
    /// Of a batch, one half is done and the other refused because too much is asked at once. Other calls succeed.
    Partly,
}

/// Which call fails, and how.
type Plan = Box<dyn FnMut(&str) -> Option<Fault> + Send>;

#[derive(Default)]
struct State {
    queues: queues::Queues,
    mail: mail::MailService,
    accounts: user_pool::UserPool,
    files: files::Files,
    plan: Option<Plan>,
    calls: Vec<String>,
}

struct Inner {
    table: table::Table,
    state: Mutex<State>,
    writes: AtomicUsize,
}

/// The cloud.
#[derive(Clone)]
pub struct Cloud(Arc<Inner>);

impl std::fmt::Debug for Cloud {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cloud")
    }
}

pub const TABLE: &str = "usher";
pub const BUCKET: &str = "uploads";
pub const LINK_KEYS: &str = r#"{"current":"1","1":"0123456789abcdef0123456789abcdef0123456789abcdef"}"#;

/// An answer of the cloud.
struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Answer {
    fn json(value: &Value) -> Self {
        Self { status: 200, headers: Vec::new(), body: value.to_string().into_bytes() }
    }

    fn error(status: u16, code: &str, message: &str) -> Self {
        let body = json!({"__type": code, "message": message});
        Self { status, headers: vec![("x-amzn-errortype", code.to_owned())], body: body.to_string().into_bytes() }
    }
}

/// A call, taken apart.
struct Call {
    method: String,
    path: String,
    query: String,
    operation: String,
    range: String,
    body: Vec<u8>,
}

impl Cloud {
    #[must_use]
    pub fn new() -> Self {
        Self::with(table::Table::new())
    }

    /// One whose table holds a million people: its pace is the same from the first to the last, and lower.
    #[must_use]
    pub fn large() -> Self {
        Self::with(table::Table::in_a_file())
    }

    fn with(table: table::Table) -> Self {
        Self(Arc::new(Inner { table, state: Mutex::default(), writes: AtomicUsize::new(0) }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("no test panics while it holds the cloud")
    }

    /// The door for tests.
    #[must_use]
    pub fn aws(&self) -> Aws {
        self.aws_of(roles::ANYBODY)
    }

    /// The door for a function, by its name in the template: what its role does not allow fails the test.
    #[must_use]
    pub fn aws_of(&self, function: &str) -> Aws {
        let credentials = Credentials::new(function, "test", None, None, "test");
        let http = SharedHttpClient::new(self.clone());
        let aws = Aws::new("eu-central-1".to_owned(), credentials, http, Some("http://cloud.invalid".to_owned()));
        // As many attempts as in earnest, without the waiting.
        let at_once = Duration::from_millis(1);
        aws.with_retries(
            RetryConfig::standard().with_max_attempts(3).with_initial_backoff(at_once).with_max_backoff(at_once),
        )
    }

    /// Lets calls fail: `plan` is asked for each, by its operation.
    pub fn fail(&self, plan: impl FnMut(&str) -> Option<Fault> + Send + 'static) {
        self.state().plan = Some(Box::new(plan));
    }

    /// Lets every call succeed again.
    pub fn mend(&self) {
        self.state().plan = None;
    }

    /// The operations called so far, and forgets them.
    #[must_use]
    pub fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state().calls)
    }

    /// Every item of the table, in the order of the keys.
    #[must_use]
    pub fn items(&self) -> Vec<Value> {
        self.0.table.items()
    }

    /// Takes an item out of the table, as nothing else does.
    pub fn remove_item(&self, item: &Value) {
        let request = json!({"TableName": TABLE, "Key": {"pk": item["pk"], "sk": item["sk"]}});
        let answer = self.0.table.answer("DeleteItem", request.to_string().as_bytes());
        assert_eq!(answer.status, 200);
    }

    /// Changes of the table since this was last asked, as its stream tells them.
    #[must_use]
    pub fn stream(&self) -> Vec<Value> {
        self.0.table.stream()
    }

    /// Counts from now on what writing to the table would cost.
    pub fn meter(&self) {
        self.0.table.meter();
    }

    /// The write units since then, as DynamoDB bills them: one for each kilobyte begun of an item and of its entry in the
    /// index, twice as many in a transaction.
    #[must_use]
    pub fn write_units(&self) -> f64 {
        self.0.table.write_units()
    }

    /// How many calls changed the table.
    #[must_use]
    pub fn writes(&self) -> usize {
        self.0.writes.load(Ordering::SeqCst)
    }

    /// Mails that went out one by one, and are no invitations.
    #[must_use]
    pub fn letters(&self) -> Vec<Mail> {
        self.state().mail.letters.clone()
    }

    /// Invitations that went out, in order.
    #[must_use]
    pub fn mails(&self) -> Vec<Mail> {
        self.state().mail.sent.clone()
    }

    /// Takes every message of a queue.
    #[must_use]
    pub fn take_messages(&self, queue: &str) -> Vec<Message> {
        self.state().queues.take(queue)
    }

    /// Puts messages onto a queue, behind those that are there.
    pub fn put_messages(&self, queue: &str, messages: Vec<Message>) {
        self.state().queues.put(queue, messages);
    }

    /// An account of the user pool.
    #[must_use]
    pub fn account(&self, username: &str) -> Option<Account> {
        self.state().accounts.account(username)
    }

    /// Makes an account that somebody has signed in to before.
    pub fn add_account(&self, username: &str, password: &str) {
        self.state().accounts.add(username, password);
    }

    /// Puts a file into the bucket.
    pub fn put_file(&self, key: &str, bytes: impl Into<Vec<u8>>) {
        self.state().files.put(key, bytes.into());
    }

    /// Takes a file out of the bucket.
    pub fn remove_file(&self, key: &str) {
        self.state().files.remove(key);
    }

    /// A file of the bucket.
    #[must_use]
    pub fn file(&self, key: &str) -> Option<Vec<u8>> {
        self.state().files.get(key)
    }

    fn answer(&self, call: &Call) -> Answer {
        if let Some(operation) = call.operation.strip_prefix("DynamoDB_20120810.") {
            if matches!(
                operation,
                "PutItem" | "UpdateItem" | "DeleteItem" | "TransactWriteItems" | "BatchExecuteStatement"
            ) {
                self.0.writes.fetch_add(1, Ordering::SeqCst);
            }
            return self.0.table.answer(operation, &call.body);
        }
        let mut state = self.state();
        let body = || serde_json::from_slice::<Value>(&call.body).unwrap_or(Value::Null);
        if let Some(operation) = call.operation.strip_prefix("AmazonSQS.") {
            return state.queues.answer(operation, &body());
        }
        if let Some(operation) = call.operation.strip_prefix("AWSCognitoIdentityProviderService.") {
            return state.accounts.answer(operation, &body());
        }
        if call.operation.starts_with("secretsmanager.") {
            return Answer::json(&json!({"SecretString": LINK_KEYS}));
        }
        if call.path.starts_with("/v2/email/") {
            return state.mail.answer(&call.path, &body());
        }
        state.files.answer(call)
    }

    /// Does one half of a batch.
    fn answer_partly(&self, mut call: Call) -> Answer {
        let inserts = call.operation.ends_with("BatchExecuteStatement");
        let list = match call.operation.rsplit('.').next() {
            Some("BatchExecuteStatement") => "/Statements",
            Some("BatchGetItem") => "/RequestItems/usher/Keys",
            _ => return self.answer(&call),
        };
        let mut body: Value = serde_json::from_slice(&call.body).expect("JSON");
        let whole = body.pointer_mut(list).and_then(Value::as_array_mut).expect("a batch");
        let left = whole.split_off(whole.len().div_ceil(2));
        if left.is_empty() {
            return self.answer(&call);
        }
        call.body = body.to_string().into_bytes();
        let mut answer: Value = serde_json::from_slice(&self.answer(&call).body).expect("JSON");
        if inserts {
            let refused = json!({"Error": {"Code": "ThrottlingError", "Message": "too much at once"}});
            answer["Responses"].as_array_mut().expect("responses").extend(left.iter().map(|_| refused.clone()));
        } else {
            answer["UnprocessedKeys"] = json!({TABLE: {"Keys": left, "ConsistentRead": true}});
        }
        Answer::json(&answer)
    }

    async fn call(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let header = |name: &str| request.headers().get(name).unwrap_or_default().to_owned();
        let target = header("x-amz-target");
        let range = header("range");
        let authorization = header("authorization");
        let method = request.method().to_owned();
        let uri: http::Uri = request.uri().parse().expect("a URI");
        let operation = if target.is_empty() { format!("{method} {}", uri.path()) } else { target };
        let path = uri.path().to_owned();
        let query = uri.query().unwrap_or_default().to_owned();
        let body = BodyExt::collect(request.into_body()).await.expect("a body").to_bytes().to_vec();
        let call = Call { method, path, query, operation, range, body };
        roles::assert_allowed(&authorization, &call);
        let fault = {
            let mut state = self.state();
            state.calls.push(call.operation.clone());
            state.plan.as_mut().and_then(|plan| plan(&call.operation))
        };
        let lost = || ConnectorError::io("the connection was lost".into());
        if fault == Some(Fault::Before) {
            return Err(lost());
        }
        if fault == Some(Fault::Throttled) {
            return Ok(respond(Answer::error(400, "ThrottlingException", "too much at once")));
        }
        // Others get their turn here, as they would while a call is on its way.
        tokio::task::yield_now().await;
        let answer = if fault == Some(Fault::Partly) { self.answer_partly(call) } else { self.answer(&call) };
        if fault == Some(Fault::After) { Err(lost()) } else { Ok(respond(answer)) }
    }
}

impl Default for Cloud {
    fn default() -> Self {
        Self::new()
    }
}

fn respond(answer: Answer) -> HttpResponse {
    let status = answer.status.try_into().expect("a status");
    let mut response = HttpResponse::new(status, SdkBody::from(answer.body));
    for (name, value) in answer.headers {
        response.headers_mut().insert(name, value);
    }
    response
}

impl HttpConnector for Cloud {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(Cloud::call(self.clone(), request))
    }
}

impl HttpClient for Cloud {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
