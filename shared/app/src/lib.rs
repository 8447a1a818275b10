//! The use cases: what admins, invitees, operators and the clock can do, one file each, named as users name them.
//!
//! Each loads what its decision needs, decides with the domain, and saves with a conditional write. It knows no HTTP, no
//! Lambda event and no template, so every edge (the JSON API, pages, queues) calls the same routine.

mod accept;
mod admin;
mod change;
mod change_organisation;
mod check_delivery;
mod commit_reservation;
mod create_organisation;
mod deactivate;
mod edit;
mod expire;
pub mod import;
mod insert_invitations;
mod invite;
mod list_memberships;
mod organisation_rules;
mod reactivate;
mod renew_link;
mod resend;
mod resolve_link;
pub mod retry;
mod revoke;

pub use accept::{AcceptError, Acceptable, Profile, Readiness, accept_invitation, check_acceptable};
pub use admin::{Admin, AdminError};
pub use change::{ChangeError, load_membership};
pub use change_organisation::{ChangeOrganisationError, OrganisationPatch, change_organisation};
pub use check_delivery::check_delivery;
pub use commit_reservation::commit_reservation;
pub use create_organisation::{
    CreateOrganisationError, CreatedOrganisation, NewCourse, NewOrganisation, NewProduct, OrganisationRequest,
    create_organisation,
};
pub use deactivate::{DeactivateError, deactivate};
pub use edit::{EditError, InvitationPatch, edit};
pub use expire::{expire, expire_due};
pub use invite::{InviteResult, invite};
pub use list_memberships::list_memberships;
pub use reactivate::reactivate;
pub use renew_link::{RenewError, renew_link};
pub use resend::resend;
pub use resolve_link::{ResolvedLink, inviter_name, resolve_link};
pub use revoke::revoke;
