//! Invitations, by what is done with them.

mod accept;
mod create;
mod edit;
mod expire;
mod invitee;
mod list;
mod open_link;
mod permissions;
mod renew_link;
mod resend;
mod revoke;
