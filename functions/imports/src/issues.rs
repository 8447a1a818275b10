//! `GET /imports/{id}/issues`: what is wrong with which row.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};
use usher_domain::Severity;
use usher_domain::{Issue, IssueCode};
use usher_http::{Admin, Api, ListQuery, Problem, next_cursor, read_cursor};
use usher_import::RowIssue;
use usher_import_files::{BucketError, FlaggedRow, Line, PlanFiles};
use usher_store::ImportStatus;

use crate::show::{no_place, read_query};
use crate::{Imports, load, plan_of};

/// The query parameters of this list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IssuesQuery {
    limit: Option<String>,
    next: Option<String>,
    severity: Option<String>,
}

impl IssuesQuery {
    fn severity(&self) -> Result<Option<Severity>, Problem> {
        match self.severity.as_deref() {
            None => Ok(None),
            Some("error") => Ok(Some(Severity::Error)),
            Some("warning") => Ok(Some(Severity::Warning)),
            Some(other) => Err(Problem::invalid(vec![Issue {
                found: Some(other.to_owned()),
                allowed: ["error", "warning"].map(str::to_owned).to_vec(),
                ..Issue::plain(
                    "severity",
                    IssueCode::SeverityUnknown,
                    "is neither error nor warning; leave it out for both",
                )
            }])),
        }
    }
}

/// How many bytes of the file one page reads. If few issues have the requested severity, a page ends before it is full:
/// reading the whole file may take longer than a request may.
const BYTES_LOOKED_THROUGH: u64 = 8 << 20;

/// Where a page begins: a line of the file of issues, and how many of the line's issues are on earlier pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Place {
    offset: u64,
    issue: usize,
}

impl Place {
    fn read(cursor: &str) -> Result<Self, Problem> {
        let place = read_cursor(cursor)?;
        let (offset, issue) = place.split_once(':').ok_or_else(no_place)?;
        let offset = offset.parse().map_err(|_| no_place())?;
        Ok(Self { offset, issue: issue.parse().map_err(|_| no_place())? })
    }

    fn cursor(self) -> String {
        next_cursor(&format!("{}:{}", self.offset, self.issue))
    }
}

pub(crate) async fn issues(
    State(api): State<Api>,
    Extension(imports): Extension<Imports>,
    admin: Admin,
    Path((_, id)): Path<(String, String)>,
    query: Result<Query<IssuesQuery>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let query = read_query(query)?;
    let severity = query.severity()?;
    let limit = ListQuery { limit: query.limit, next: None }.limit()?;
    let from = query.next.as_deref().map(Place::read).transpose()?.unwrap_or_default();
    let import = load(&api, &admin, &id).await?;
    // A file that could not be read has one problem, and no rows that could have their own.
    if import.status == ImportStatus::Failed && import.plan.is_none() {
        return Ok(Json(json!({"items": [], "next": null})));
    }
    let key = PlanFiles::in_folder(&plan_of(&import)?.folder).issues();
    let lines = imports.bucket.lines_from(&key, from.offset).await;
    let mut lines = lines.map_err(|error| match error {
        BucketError::Beyond => no_place(),
        other => other.into(),
    })?;
    let mut page = Page { limit, severity, from, items: Vec::new() };
    while let Some(line) = lines.next().await? {
        if let Some(next) = page.add(&line, BYTES_LOOKED_THROUGH)? {
            return Ok(Json(json!({"items": page.items, "next": next.cursor()})));
        }
    }
    Ok(Json(json!({"items": page.items, "next": null})))
}

struct Page {
    limit: usize,
    /// Of which severity; `None` for all.
    severity: Option<Severity>,
    from: Place,
    items: Vec<RowIssue>,
}

impl Page {
    /// Adds a line's issues; says where the next page begins once this one is full, or has looked through so many bytes,
    /// and there is more.
    fn add(&mut self, line: &Line, bytes: u64) -> Result<Option<Place>, Problem> {
        if line.offset - self.from.offset > bytes {
            return Ok(Some(Place { offset: line.offset, issue: 0 }));
        }
        // The file's own lines can be read, so the offset is wrong.
        let row: FlaggedRow = serde_json::from_slice(&line.bytes).map_err(|_| no_place())?;
        let skip = if line.offset == self.from.offset { self.from.issue } else { 0 };
        let wanted = |issue: &RowIssue| self.severity.is_none_or(|severity| severity == issue.severity);
        for (index, issue) in row.issues.into_iter().enumerate().skip(skip).filter(|(_, issue)| wanted(issue)) {
            if self.items.len() == self.limit {
                return Ok(Some(Place { offset: line.offset, issue: index }));
            }
            self.items.push(issue);
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use usher_domain::IssueCode;
    use usher_import_files::write_line;

    fn file() -> Vec<Line> {
        let mut offset = 0;
        let line = |(line, messages): (u32, &[&'static str])| {
            let code =
                |message: &str| if message < "a" { IssueCode::InvitationDiffers } else { IssueCode::RoleUnknown };
            let issues = messages.iter().map(|message| RowIssue::of_row(line, code(message), *message)).collect();
            let mut bytes = Vec::new();
            write_line(&FlaggedRow { row: line, line, issues, cells: Vec::new() }, &mut bytes);
            let line = Line { offset, bytes };
            offset += line.bytes.len() as u64;
            line
        };
        [(2, &["a", "b", "C"] as &[_]), (5, &["D"]), (9, &["e", "f"])].into_iter().map(line).collect()
    }

    #[test]
    fn pages_of_any_size_hold_every_issue_once() {
        let all = (None, &["a", "b", "C", "D", "e", "f"] as &[_]);
        let (errors, warnings) =
            ((Some(Severity::Error), &["a", "b", "e", "f"] as &[_]), (Some(Severity::Warning), &["C", "D"] as &[_]));
        let cases = (1..8).flat_map(|limit| [all, errors, warnings].map(|of| (limit, of)));
        let cases = cases.flat_map(|case| [0, 1, 150, u64::MAX].map(|bytes| (case, bytes)));
        for ((limit, (severity, expected)), bytes) in cases {
            let (mut from, mut messages, mut pages) = (Place::default(), Vec::new(), 0);
            loop {
                pages += 1;
                let mut page = Page { limit, severity, from, items: Vec::new() };
                let lines = file().into_iter().filter(|line| line.offset >= from.offset);
                let next = lines.into_iter().find_map(|line| page.add(&line, bytes).expect("our own lines"));
                assert!(page.items.len() <= limit);
                messages.extend(page.items.into_iter().map(|issue| issue.message));
                match next {
                    Some(place) => from = Place::read(&place.cursor()).expect("our own place"),
                    None => break,
                }
            }
            assert_eq!(messages, expected, "pages of {limit}, {severity:?}, {bytes} bytes");
            // One line a page at the most, however few of its issues are asked for.
            assert!(bytes > 0 || pages >= file().len(), "{pages} pages of {bytes} bytes");
        }
    }

    #[test]
    fn other_cursors_are_refused() {
        for cursor in ["", "x", &next_cursor("12"), &next_cursor("a:b"), &next_cursor("-1:0")] {
            assert!(Place::read(cursor).is_err(), "{cursor}");
        }
    }
}
