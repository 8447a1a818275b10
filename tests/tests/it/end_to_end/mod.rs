//! The deployed template, from outside: real HTTP, real uploads, mails read where they were sent, permissions enforced.

mod accept;
mod canary;
mod capacity;
mod imports;
mod links;
mod permissions;
mod refused_files;
mod repeated_files;
mod scale;
mod sweeper;
