//! Stories through the real functions and the real SDK, by resource and verb.
#![expect(clippy::expect_used, reason = "tests; a failed expectation is the message")]

mod capacity;
mod chaos;
mod end_to_end;
mod imports;
mod invitations;
mod mail;
mod members;
mod openapi;
mod organisations;
mod random_files;
mod structure;
mod sweeper;
