//! A cloud in this process. It replaces the SDK's HTTP client, so everything above it is the real code, and every
//! call can be made to fail before or after it takes effect.

mod answer;
mod connector;
mod fault;
mod files;
mod mail;
mod queues;
mod roles;
mod server;
mod table;
mod user_pool;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use serde_json::{Value, json};
use usher_runtime::Aws;

use answer::{Answer, Call};
pub use fault::{Fault, Killed};
pub use mail::Mail;
pub use queues::Message;
pub use server::CloudServer;
pub use user_pool::Account;

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
    running: AtomicUsize,
    most_at_once: AtomicUsize,
    killed: tokio::sync::Notify,
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

impl Cloud {
    #[must_use]
    pub fn new() -> Self {
        Self::with(table::Table::new())
    }

    /// A cloud for a million people: slower, but as fast for the last person as for the first.
    #[must_use]
    pub fn large() -> Self {
        Self::with(table::Table::in_a_file())
    }

    fn with(table: table::Table) -> Self {
        Self(Arc::new(Inner {
            table,
            state: Mutex::default(),
            writes: AtomicUsize::new(0),
            running: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
            killed: tokio::sync::Notify::new(),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("no test panics while it holds the cloud")
    }

    /// The SDK for tests, which may call everything.
    #[must_use]
    pub fn aws(&self) -> Aws {
        self.aws_of(roles::TEST)
    }

    /// The SDK for a function, by its name in the template. A call that its role does not allow fails the test.
    #[must_use]
    pub fn aws_of(&self, function: &str) -> Aws {
        let credentials = Credentials::new(function, "test", None, None, "test");
        let http = SharedHttpClient::new(self.clone());
        let aws = Aws::new("eu-central-1".to_owned(), credentials, http, Some("http://cloud.invalid".to_owned()));
        // As many attempts as in production, without the pauses.
        let at_once = Duration::from_millis(1);
        aws.with_retries(
            RetryConfig::standard().with_max_attempts(3).with_initial_backoff(at_once).with_max_backoff(at_once),
        )
    }

    /// Makes calls fail: `plan` decides about each call by its operation.
    pub fn fail(&self, plan: impl FnMut(&str) -> Option<Fault> + Send + 'static) {
        self.state().plan = Some(Box::new(plan));
    }

    /// Makes every call succeed again.
    pub fn stop_failing(&self) {
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

    /// Writes an item of the table past every function.
    pub fn put_item(&self, item: &Value) {
        let request = json!({"TableName": TABLE, "Item": item});
        let answer = self.0.table.answer("PutItem", request.to_string().as_bytes());
        assert_eq!(answer.status, 200);
    }

    /// Deletes an item of the table, which no function does.
    pub fn remove_item(&self, item: &Value) {
        let request = json!({"TableName": TABLE, "Key": {"pk": item["pk"], "sk": item["sk"]}});
        let answer = self.0.table.answer("DeleteItem", request.to_string().as_bytes());
        assert_eq!(answer.status, 200);
    }

    /// The records of the table's stream since the last call.
    #[must_use]
    pub fn stream(&self) -> Vec<Value> {
        self.0.table.stream()
    }

    /// Starts to count what reads and writes of the table would cost.
    pub fn meter(&self) {
        self.0.table.meter();
    }

    /// The write units since then, as DynamoDB bills them: one for each kilobyte begun of an item and of its entry in the
    /// index, twice as many in a transaction.
    #[must_use]
    pub fn write_units(&self) -> f64 {
        self.0.table.write_units()
    }

    /// The read units since then: one for each four kilobytes begun, half as many for an eventually consistent read.
    #[must_use]
    pub fn read_units(&self) -> f64 {
        self.0.table.read_units()
    }

    /// The most calls that ran at the same time so far, and forgets it.
    #[must_use]
    pub fn take_most_at_once(&self) -> usize {
        self.0.most_at_once.swap(0, Ordering::SeqCst)
    }

    /// How many calls changed the table.
    #[must_use]
    pub fn writes(&self) -> usize {
        self.0.writes.load(Ordering::SeqCst)
    }

    /// The import reports that were sent, which go out one by one.
    #[must_use]
    pub fn report_mails(&self) -> Vec<Mail> {
        self.state().mail.reports.clone()
    }

    /// The invitations that were sent, in order.
    #[must_use]
    pub fn mails(&self) -> Vec<Mail> {
        self.state().mail.sent.clone()
    }

    /// Has the next call of the mail service answer so for each recipient.
    pub fn answer_mails(&self, statuses: &[&'static str]) {
        self.state().mail.statuses = statuses.to_vec();
    }

    /// Limits the account of the mail service to this many mails a second.
    pub fn set_sending_rate(&self, rate: f64) {
        self.state().mail.rate = rate;
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

    /// Creates an account that was used before.
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

    /// Lets a lifecycle rule delete every file at this time, in the format of S3: `Fri, 03 Apr 2026 00:00:00 GMT`. The files
    /// stay; S3 only says so.
    pub fn expire_files(&self, at: &str) {
        self.state().files.expiry = Some(at.to_owned());
    }

    /// A file of the bucket.
    #[must_use]
    pub fn file(&self, key: &str) -> Option<Vec<u8>> {
        self.state().files.get(key)
    }
}

impl Default for Cloud {
    fn default() -> Self {
        Self::new()
    }
}
