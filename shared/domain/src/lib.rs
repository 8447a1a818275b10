//! The rules of Usher: people, invitations, places and imports, and nothing else.
//!
//! This crate is pure. It knows no network, no storage, no environment, no clock and no random numbers: what a decision
//! needs comes in as arguments and what follows from it goes out as values. That is what lets every rule be tested
//! without a world around it.

pub mod capacity;
pub mod catalogue;
pub mod email;
pub mod id;
pub mod invitation;
pub mod issue;
pub mod job;
pub mod link;
pub mod mail;
pub mod membership;
pub mod organisation;
pub mod pasted;
pub mod spec;
pub mod text;
pub mod validator;

pub use capacity::{Allowance, Capacity, CapacityExceeded, CapacityRequest, Resource};
pub use catalogue::{Catalogue, Course, Product, Role, Team};
pub use email::{EmailAddress, EmailAddressError};
pub use id::{ImportId, MembershipId, OrganisationId, ReservationId};
pub use invitation::{Decision, decide};
pub use issue::{IssueCode, Severity};
pub use job::{ApplyJob, MailJob, MailRecipient};
pub use link::{LinkKeys, Token, TokenError};
pub use mail::{MailState, MailStatus};
pub use membership::{Membership, State, Status, TransitionError};
pub use organisation::Organisation;
pub use spec::{InvitationInput, InvitationSpec, Issue};
pub use text::{PersonName, TextError};
pub use validator::InvitationValidator;
