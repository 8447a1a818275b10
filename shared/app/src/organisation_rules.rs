//! Checks of an organisation's settings, for the use cases that create and change one.

use std::collections::BTreeSet;

use usher_domain::catalogue::fold;
use usher_domain::organisation::{LONGEST_INVITATION_SECONDS, SHORTEST_INVITATION_SECONDS};
use usher_domain::text::ShortText;
use usher_domain::{Catalogue, Issue, IssueCode};

/// A text that people see.
pub(crate) fn display_text(field: &str, text: &str, issues: &mut Vec<Issue>) -> Option<ShortText> {
    match text.parse() {
        Ok(text) => Some(text),
        Err(message) => {
            let message: String = message;
            issues.push(Issue::plain(field.to_owned(), IssueCode::TextInvalid, message));
            None
        }
    }
}

/// A name that requests and files use: letters, digits, `-` and `_`, at most 64, different from the `seen` ones.
pub(crate) fn check_name(field: &str, text: &str, seen: &mut BTreeSet<String>, issues: &mut Vec<Issue>) {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if !plain || text.is_empty() || text.len() > 64 {
        let message = format!("is {text:?}; use 1 to 64 letters, digits, - and _");
        issues.push(Issue::plain(field.to_owned(), IssueCode::NameInvalid, message));
    } else {
        check_unique(field, text, seen, issues);
    }
}

/// A name that is different from the `seen` ones, spelling aside.
pub(crate) fn check_unique(field: &str, text: &str, seen: &mut BTreeSet<String>, issues: &mut Vec<Issue>) {
    if !seen.insert(fold(text)) {
        issues.push(Issue::plain(field.to_owned(), IssueCode::NameTwice, format!("{text:?} is there twice")));
    }
}

/// The page that members go to.
pub(crate) fn check_dashboard_url(url: &str, issues: &mut Vec<Issue>) {
    let secure =
        url.starts_with("https://") || url.starts_with("http://localhost") || url.starts_with("http://127.0.0.1");
    let plain = !url.contains(|c: char| c.is_whitespace() || c.is_control() || "\"'<>\\`;,".contains(c));
    if !(secure && plain && url.len() <= 2_000) {
        let message = "is not a usable URL; begin it with https://, and use no spaces or quotes";
        issues.push(Issue::plain("dashboard_url", IssueCode::UrlInvalid, message));
    }
}

/// How long invitations are open.
pub(crate) fn check_invitation_seconds(seconds: u32, issues: &mut Vec<Issue>) {
    if !(SHORTEST_INVITATION_SECONDS..=LONGEST_INVITATION_SECONDS).contains(&seconds) {
        let message = format!(
            "is {seconds}; an invitation is open from {SHORTEST_INVITATION_SECONDS} to {LONGEST_INVITATION_SECONDS} seconds"
        );
        issues.push(Issue::plain("invitation_seconds", IssueCode::DurationInvalid, message));
    }
}

/// The role of people without one in the request.
pub(crate) fn check_default_role(role: &str, catalogue: &Catalogue, issues: &mut Vec<Issue>) {
    if catalogue.role(role).is_none() {
        issues.push(Issue::plain("default_role", IssueCode::RoleUnknown, format!("there is no role {role:?}")));
    }
}
