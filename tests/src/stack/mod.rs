//! The deployed stack, seen from outside: over HTTP as programs and browsers see it, and over AWS as operators do.
//!
//! The stack is shared by all tests that run at the same time. So each makes an organisation of its own, with a name and
//! addresses that no other has, and nothing here waits for a certain time: it looks until there is something to see.

mod accounts;
mod import;
mod logs;
mod mailbox;
mod table;
mod tenant;
mod web;
mod workers;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use serde::Deserialize;
use tokio::runtime::Runtime;
use usher_runtime::{Aws, clients, random};

pub use import::{Upload, sample};
pub use mailbox::Mail;
pub use table::{Dump, StoredMember};
pub use tenant::{PASSWORD, Tenant};
pub use web::{Answer, Web};
pub use workers::RetrySooner;

/// How long background work may take: far longer than usual, so that a slow machine fails no test.
const PATIENCE: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(250);
/// How long nothing may change while the rest waits for a killed worker.
const STANDSTILL: Duration = Duration::from_mins(5);

/// The file that `make up` writes about the stack.
#[derive(Debug, Clone, Deserialize)]
pub struct Known {
    pub api_url: String,
    pub endpoint_url: String,
    pub region: String,
    pub upload_bucket: String,
    pub table: String,
    pub sweeper: String,
    pub user_pool_id: String,
    pub user_pool_client_id: String,
    pub operator_email: String,
    pub operator_password: String,
    pub mail_url: String,
}

/// A deployed stack.
#[derive(Debug)]
pub struct Stack {
    pub known: Known,
    pub web: Web,
    pub aws: Aws,
    /// Where it was written down; the local cloud keeps its state beside that.
    folder: PathBuf,
    /// The SDK is asynchronous, these tests are not: they block on each call.
    runtime: Runtime,
}

impl Stack {
    /// The stack that the environment variable `USHER_STACK` leads to.
    #[must_use]
    pub fn from_environment() -> Self {
        #[expect(clippy::disallowed_methods, reason = "configuration of the tests, not of the program")]
        let path = std::env::var("USHER_STACK").expect("USHER_STACK names the file that `make up` wrote");
        let path = PathBuf::from(path);
        let file = std::fs::read(&path).expect("the file that USHER_STACK names");
        let known: Known = serde_json::from_slice(&file).expect("what `make up` wrote");
        let root = Credentials::new("test", "test", None, None, "local cloud");
        let aws = Aws::new(
            known.region.clone(),
            root,
            clients::https(&known.region).expect("no authorities"),
            Some(known.endpoint_url.clone()),
        );
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        Self {
            web: Web::new(&known.api_url),
            aws,
            folder: path.parent().expect("a folder").to_owned(),
            runtime: runtime.expect("a runtime"),
            known,
        }
    }

    /// Waits for something asynchronous.
    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }
}

/// Looks until there is something to see.
#[track_caller]
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {} s in vain for {what}", PATIENCE.as_secs());
        std::thread::sleep(PAUSE);
    }
}

/// Looks until there is something to see, as long as the state keeps changing. For work that may take minutes: a slow
/// machine fails no test, a stuck one does.
#[track_caller]
pub fn while_it_moves<T>(what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    let (mut last, mut deadline) = (String::new(), Instant::now() + STANDSTILL);
    loop {
        match look() {
            Ok(found) => return found,
            Err(seen) if seen != last => (last, deadline) = (seen, Instant::now() + STANDSTILL),
            Err(_) => {}
        }
        assert!(Instant::now() < deadline, "nothing moved for {} s; waiting for {what}: {last}", STANDSTILL.as_secs());
        std::thread::sleep(PAUSE);
    }
}

/// Letters and digits that no other test has.
#[must_use]
pub fn unique() -> String {
    format!("{:013x}", random::bits() >> 76)
}
