//! Stories, told through the real functions and the real SDK.
#![expect(clippy::expect_used, reason = "tests; a failed expectation is the message")]

mod capacity;
mod invite;
mod manage;
mod organisation;
mod sweep;
