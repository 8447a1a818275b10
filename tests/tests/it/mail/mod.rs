//! Invitation mails.

mod interrupted;
mod repair;
mod send;
