//! Stories, told through the real functions and the real SDK.
#![expect(clippy::expect_used, reason = "tests; a failed expectation is the message")]

mod accept;
mod capacity;
mod end_to_end;
mod import;
mod import_deadline;
mod import_lease;
mod import_plan;
mod import_results;
mod import_scale;
mod import_told;
mod invite;
mod mail;
mod manage;
mod openapi;
mod organisation;
mod random_files;
mod sweep;
