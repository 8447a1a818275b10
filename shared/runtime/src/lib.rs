//! What the world provides: configuration, clients of AWS, the clock, randomness, logs and the keys of links.
//!
//! This is the only crate that reads the environment, the time or random numbers; everybody else is handed them.

pub mod clients;
pub mod clock;
pub mod config;
pub mod fetch;
pub mod link_keys;
pub mod random;
pub mod telemetry;

pub use clients::{Aws, describe};
pub use clock::Clock;
pub use config::ConfigError;
pub use link_keys::LinkKeySource;
