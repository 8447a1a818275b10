//! The deployed template, from outside: real HTTP, real uploads, mails read where they were sent, permissions enforced.

mod access;
mod canary;
mod capacity;
mod doors;
mod joining;
mod links;
mod refused_files;
mod repeated_files;
mod scale;
mod sweeper;
