//! Configuration, AWS clients, the clock, randomness, logs and link keys.
//!
//! Only this crate reads the environment, the time or random numbers; other crates get them as arguments.

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
