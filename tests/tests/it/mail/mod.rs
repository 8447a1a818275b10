//! Invitation mails.

mod interrupted;
mod send;
