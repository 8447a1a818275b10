//! The edge of the API: who calls, what they may, and how answers and refusals are written.

mod admin;
mod body;
mod caller;
mod cursor;
mod idempotency;
mod patch;
mod problem;
mod server;
mod view;

pub use admin::{Admin, organisation_of};
pub use body::JsonBody;
pub use caller::{Caller, Groups};
pub use cursor::{LIST_LIMIT, ListQuery, next_cursor, no_place, read_cursor};
pub use idempotency::Unkept;
pub use patch::Patch;
pub use problem::{FieldError, Problem};
pub use server::{Api, places, router, run};
pub use view::{MailView, MembershipView, organisation_view};
