//! Which memberships a list shows, as the table's own condition.

use std::collections::HashMap;

use jiff::Timestamp;
use usher_domain::{ImportId, MailState};

use crate::Item;
use crate::item::{n, s};

/// Which members of an organisation a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListFilter {
    /// Stored states, by the names people see: `held`, `pending`, `expired`, `revoked`, `active`, `deactivated`. Empty
    /// for all.
    pub statuses: Vec<&'static str>,
    /// The id of a team.
    pub team: Option<String>,
    /// An import.
    pub import: Option<ImportId>,
}

/// A condition with its names and values.
#[derive(Debug, Clone, Default)]
pub(super) struct Condition {
    pub(super) text: String,
    pub(super) names: HashMap<String, String>,
    pub(super) values: Item,
}

impl Condition {
    /// `now` decides which invitations count as expired.
    pub(super) fn of(filter: &ListFilter, now: Timestamp) -> Self {
        let (mut clauses, mut names, mut values) = (Vec::new(), HashMap::new(), Item::new());
        let mut statuses = Vec::new();
        for status in &filter.statuses {
            names.insert("#status".to_owned(), "status".to_owned());
            values.insert(format!(":{status}"), s(*status));
            // By the clock, not by the recorded state: the sweeper may not have recorded it yet.
            statuses.push(match *status {
                "pending" => "#status = :pending AND expires_at > :now".to_owned(),
                "expired" => {
                    values.insert(":pending".to_owned(), s("pending"));
                    "#status = :expired OR (#status = :pending AND expires_at <= :now)".to_owned()
                }
                other => format!("#status = :{other}"),
            });
        }
        if statuses.iter().any(|clause| clause.contains(":now")) {
            values.insert(":now".to_owned(), n(now.as_second()));
        }
        if !statuses.is_empty() {
            clauses.push(combined(&statuses, " OR "));
        }
        if let Some(team) = &filter.team {
            clauses.push("team = :team".to_owned());
            values.insert(":team".to_owned(), s(team));
        }
        if let Some(import) = filter.import {
            names.insert("#import".to_owned(), "import".to_owned());
            clauses.push("#import = :import".to_owned());
            values.insert(":import".to_owned(), s(import.to_string()));
        }
        Self { text: combined(&clauses, " AND "), names, values }
    }

    /// Open invitations whose mail was not sent, as far as is known.
    pub(super) fn unsent(now: Timestamp) -> Self {
        let pending = ListFilter { statuses: vec!["pending"], ..ListFilter::default() };
        let mut condition = Self::of(&pending, now);
        condition.text.push_str(" AND mail_state IN (:queued, :unknown)");
        for (name, state) in [(":queued", MailState::Queued), (":unknown", MailState::Unknown)] {
            condition.values.insert(name.to_owned(), s(state.as_str()));
        }
        condition
    }
}

/// Joins clauses. The table refuses parentheses around a single clause.
fn combined(clauses: &[String], operator: &str) -> String {
    match clauses {
        [only] => only.clone(),
        clauses => clauses.iter().map(|clause| format!("({clause})")).collect::<Vec<_>>().join(operator),
    }
}
