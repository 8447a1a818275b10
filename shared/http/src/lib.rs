//! The edge of the API: who calls, what they may do, and how answers and problems are written.

mod admin;
mod api;
mod body;
mod caller;
mod capacity;
mod cursor;
mod from_errors;
mod idempotency;
mod problem;
mod problem_imports;
mod server;
mod unkept;
mod view;

pub use admin::{Admin, organisation_of};
pub use api::Api;
pub use body::JsonBody;
pub use caller::{Caller, Groups};
pub use capacity::by_resource;
pub use cursor::{LIST_LIMIT, ListQuery, invalid_cursor, next_cursor, read_cursor};
pub use idempotency::Fingerprint;
pub use problem::Problem;
pub use server::{router, run};
pub use unkept::Unkept;
pub use view::{MailView, MembershipView, organisation_view};
