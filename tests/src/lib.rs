//! The world a story runs in: the real functions and the real SDK, against a cloud that lives in this process.
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    missing_docs,
    reason = "tests; a failed expectation is the message"
)]

pub mod cloud;
pub mod snapshot;
pub mod stack;
pub mod template;
pub mod world;

pub use cloud::Cloud;
pub use snapshot::ids_hidden;
pub use world::World;
