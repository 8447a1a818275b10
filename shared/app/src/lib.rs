//! The use cases: what admins, invitees, operators and the clock can do, one file each, named as users name them.
//!
//! Each loads what its decision needs, decides with the domain, and saves with a conditional write. It knows no HTTP, no
//! Lambda event and no template, so every edge (the JSON API, pages, queues) calls the same routine.

pub mod import;
mod insert_invitations;
pub mod invite;
pub mod retry;
