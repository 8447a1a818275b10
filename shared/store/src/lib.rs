//! The table: what is stored, how it is found, and every conditional write with the race that its condition closes. No
//! decision about people.
//!
//! Counters change only inside transactions. Never use `ADD` outside one: when its answer is lost, the SDK repeats it, and
//! it counts twice.

mod bulk;
mod capacity;
mod delivery_check;
mod due;
mod error;
mod expire;
mod idempotency;
mod import;
mod item;
pub mod keys;
mod limiter;
mod list;
mod mail;
mod mail_batch;
mod membership;
mod organisation;
mod reservation;
mod transact;
mod write;

pub use bulk::Inserted;
pub use capacity::{MOST_RESOURCES, ReserveError};
pub use delivery_check::DeliveryWalk;
pub use due::{Due, DueItem, DueList};
pub use error::StoreError;
pub use idempotency::{IdempotencyClaim, LARGEST_ANSWER, StoredResponse};
pub use import::{
    CompletedPart, Import, ImportCounts, ImportFailure, ImportMode, ImportPlan, ImportSource, ImportStatus, OnIssues,
    PartLease, PartOutcome, PartPlan, Reading, RecountedPart, StartError,
};
pub use list::{ListFilter, Page};
pub use mail::MailResult;
pub use mail_batch::{BatchClaim, BatchStep};
pub use membership::Versioned;
pub use organisation::{CREATED_AT_ONCE, CreateOrganisation, Snapshot};
pub use reservation::Reservation;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use std::collections::HashMap;
use std::time::Duration;

use limiter::ConcurrencyLimiter;

/// How long a start waits for the connection: Lambda gives it 10 seconds in all.
pub const STARTING: Duration = Duration::from_secs(8);

/// One stored item.
pub type Item = HashMap<String, AttributeValue>;

/// The table.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: String,
    /// How many bulk reads and writes run at once. A partition takes fewer writes than reads.
    reads: ConcurrencyLimiter,
    writes: ConcurrencyLimiter,
}

impl Store {
    /// The table of this name.
    #[must_use]
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into(), reads: ConcurrencyLimiter::new(), writes: ConcurrencyLimiter::new() }
    }

    /// Opens as many connections to the table as the first request uses at once, so that it finds them open: while a
    /// function starts, Lambda gives it a whole processor. Reads an item that does not exist; if that fails, or takes long,
    /// the first request will say so.
    pub async fn connect(&self, connections: usize) {
        let nothing = keys::Key { pk: "-".to_owned(), sk: "-".to_owned() };
        let reads = futures::future::join_all((0..connections).map(|_| self.get(&nothing)));
        drop(tokio::time::timeout(STARTING, reads).await);
    }
}
