//! The state that every function behind the API has.

use axum::extract::FromRef;
use usher_runtime::{Aws, Clock, ConfigError, config};
use usher_store::Store;

use crate::Groups;

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

    /// Opens the connections to the table before the first request comes: two, for the organisation and the admin, which
    /// every request reads at once.
    pub async fn connect(&self) {
        self.store.connect(2).await;
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

impl FromRef<Api> for Groups {
    fn from_ref(api: &Api) -> Self {
        api.groups.clone()
    }
}
