//! One deployment, with a clock that only a test moves.

mod crowd;
mod functions;
mod imports;
mod invitation;
mod organisation;
mod reply;
mod requests;
mod work;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use usher_runtime::Clock;
use usher_store::Store;

pub use functions::LARGEST_FILE;
pub use imports::ResultRow;
pub use imports::{assert_accounted_for, assert_each_row_has_one_result, id, people_csv, sample};
pub use invitation::{Invitation, invitations, people};
pub use organisation::Acme;
pub use reply::Reply;
pub use work::upload_event;

use crate::Cloud;
use crate::cloud::TABLE;

pub const OPERATOR: &str = "olga@operators.example";
pub const ADMIN: &str = "ada@acme.example";

/// A deployment.
#[derive(Debug, Clone)]
pub struct World {
    pub cloud: Cloud,
    pub clock: Clock,
    pub store: Store,
}

impl World {
    #[must_use]
    pub fn new() -> Self {
        Self::in_cloud(Cloud::new())
    }

    #[must_use]
    pub fn in_cloud(cloud: Cloud) -> Self {
        usher_runtime::telemetry::init();
        let clock = Clock::fixed("2026-03-02T09:00:00Z".parse().expect("a time"));
        // The sweeper has been here. A first sweep looks back for a month, which takes a second.
        cloud.put_item(&json!({"pk": {"S": "SWEEP"}, "sk": {"S": "SWEEP"}, "swept_before": {"S": "2026-03-01"}}));
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
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}
