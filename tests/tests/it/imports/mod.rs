//! Imports, by what is done with them.

mod apply;
mod cancel;
mod capacity;
mod create;
mod deadline;
mod files_gone;
mod lease;
mod on_issues;
mod plan;
mod progress;
mod repeat;
mod report_mail;
mod results;
mod scale;
mod send;
