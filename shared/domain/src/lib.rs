//! The rules of Usher: organisations, memberships, invitations, capacity, links and imports, and nothing else.
//!
//! This crate is pure: no network, storage, environment, clock or random numbers. What a decision needs comes in as
//! arguments, and its result goes out as a value, so every rule is tested by itself.

pub mod capacity;
pub mod catalogue;
pub mod email;
#[cfg(any(test, feature = "fixtures"))]
pub mod fixtures;
pub mod id;
pub mod invitation;
pub mod issue;
mod issue_code;
pub mod job;
pub mod link;
mod link_status;
pub mod mail;
pub mod membership;
mod membership_state;
pub mod organisation;
pub mod pasted;
mod patch;
pub mod spec;
pub mod text;
pub mod validator;

pub use capacity::{Allowance, Arithmetic, Capacity, CapacityExceeded, CapacityRequest, Resource};
pub use catalogue::{Catalogue, Course, Product, Role, Team};
pub use email::{EmailAddress, EmailAddressError};
pub use id::{ImportId, MembershipId, OrganisationId, ReservationId};
pub use invitation::{ExistingMembership, InviteAction, decide};
pub use issue::{Issue, IssueCode, Severity};
pub use job::{ApplyJob, MailJob, MailRecipient};
pub use link::{Link, LinkKeys, Token, TokenError};
pub use link_status::LinkStatus;
pub use mail::{MailState, MailStatus};
pub use membership::{Membership, State, Status, TransitionError};
pub use organisation::{Organisation, RoleAboveOwn};
pub use patch::Patch;
pub use spec::{Authority, Entitlements, InvitationInput, InvitationSpec};
pub use text::{PersonName, TextError};
pub use validator::InvitationValidator;
