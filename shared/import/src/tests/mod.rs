//! Whole files, from their bytes to the outcome of each row.

mod arrival;
mod bad_input;
mod fixtures;
mod round_trip;
mod rows_in_order;
mod samples;

use crate::*;
use usher_domain::catalogue::{Catalogue, Course, Product, Role, Team};
use usher_domain::id::OrganisationId;
use usher_domain::organisation::{DEFAULT_INVITATION_SECONDS, Organisation};
use usher_domain::spec::InvitationSpec;
use usher_domain::text::ShortText;

pub(crate) fn acme() -> Organisation {
    let text = |text: &str| text.parse::<ShortText>().expect("a short text");
    let role = |name: &str, rank| Role { name: name.into(), rank, can_invite: rank > 10 };
    let team = |id: &str, name| Team { id: id.into(), name: text(name) };
    let product = |id: &str, name| Product { id: id.into(), name: text(name) };
    let course = |slug: &str| Course { slug: slug.into(), title: text("A course") };
    Organisation {
        id: OrganisationId::from_parts(1, 1),
        name: text("Acme"),
        invitation_seconds: DEFAULT_INVITATION_SECONDS,
        dashboard_url: None,
        default_role: Some("sales_rep".into()),
        catalogue: Catalogue {
            roles: vec![role("admin", 30), role("manager", 20), role("sales_rep", 10)],
            teams: vec![team("t-ent", "Enterprise"), team("t-smb", "SMB")],
            products: vec![product("mos_enable", "mOS Enable"), product("mos_opportunity", "mOS Opportunity")],
            courses: ["meddicc-go-live-plan", "meddicc-value-program", "meddpicc-masterclass", "value-pyramid-program"]
                .map(course)
                .to_vec(),
        },
    }
}

pub(crate) struct Plan {
    pub(crate) rows: Vec<Row>,
    pub(crate) report: DialectReport,
    pub(crate) counts: Counts,
}

/// Plans a file in chunks of this size.
pub(crate) fn plan_in(bytes: &[u8], chunk: usize, defaults: &ImportDefaults) -> Result<Plan, FileError> {
    plan_for(&acme(), 30, bytes, chunk, defaults, &DialectOverride::default())
}

/// Plans a file of which something is known.
pub(crate) fn plan_as(bytes: &[u8], known: &DialectOverride) -> Result<Plan, FileError> {
    plan_for(&acme(), 30, bytes, 64 * 1024, &ImportDefaults::default(), known)
}

/// Plans a file of an organisation's admin of this rank.
pub(crate) fn plan_for(
    organisation: &Organisation,
    rank: u32,
    bytes: &[u8],
    chunk: usize,
    defaults: &ImportDefaults,
    known: &DialectOverride,
) -> Result<Plan, FileError> {
    let mut planner = Planner::new(organisation, Some(rank), defaults.clone(), known.clone());
    let mut rows = Vec::new();
    for piece in bytes.chunks(chunk) {
        planner.feed(piece)?;
        rows.extend(std::iter::from_fn(|| planner.next_row()));
    }
    planner.finish()?;
    rows.extend(std::iter::from_fn(|| planner.next_row()));
    let counts = planner.counts();
    assert_eq!(counts.rows as usize, rows.len());
    assert_eq!(counts.rows, counts.valid + counts.rejected + counts.ignored_duplicates);
    Ok(Plan { rows, report: planner.report().expect("a layout"), counts })
}

/// Plans a file, and makes sure that it does not matter how it is cut into chunks.
pub(crate) fn plan(bytes: &[u8]) -> Result<Plan, FileError> {
    let whole = plan_in(bytes, bytes.len().max(1), &ImportDefaults::default());
    for chunk in [1, 3, 1_000] {
        match (&whole, plan_in(bytes, chunk, &ImportDefaults::default())) {
            (Ok(whole), Ok(pieces)) => {
                assert!(whole.rows == pieces.rows, "chunks of {chunk} change nothing");
                assert_eq!(whole.report, pieces.report);
            }
            (Err(whole), Err(pieces)) => assert_eq!(*whole, pieces),
            _ => panic!("chunks of {chunk} change whether the file is refused"),
        }
    }
    whole
}

/// A plan as a person would want to read it.
pub(crate) fn shown(plan: &Plan) -> String {
    let mut lines = vec![serde_json::to_string_pretty(&plan.report).expect("JSON"), format!("{:?}", plan.counts)];
    lines.extend(plan.rows.iter().flat_map(shown_row));
    lines.join("\n")
}

/// A row, and a line for everything there is to say of it.
pub(crate) fn shown_row(row: &Row) -> Vec<String> {
    let line = row.line;
    let (first, issues) = match &row.outcome {
        Outcome::Valid(spec) => (format!("{line}: {}", valid(spec)), &row.warnings),
        Outcome::Duplicate { of, .. } => (format!("{line}: ignored, the same as line {of}"), &row.warnings),
        Outcome::Rejected(Rejection { issues, cells }) => (format!("{line}: rejected {cells:?}"), issues),
    };
    let told = issues.iter().map(|RowIssue { column, code, message, suggestion, .. }| {
        let column = column.as_deref().unwrap_or("row");
        let suggestion = suggestion.as_ref().map(|text| format!(" → {text}")).unwrap_or_default();
        format!("     {column}: {code}: {message}{suggestion}")
    });
    std::iter::once(first).chain(told).collect()
}

fn valid(spec: &InvitationSpec) -> String {
    let InvitationSpec { email, name, job_title, entitlements, send } = spec;
    let text = |part: &Option<ShortText>| part.as_ref().map_or("-", |part| part.as_str()).to_owned();
    format!(
        "{} | {} / {} / {} | {} | {} | {} | {:?} | {:?} | send {send}",
        email.as_typed(),
        text(&name.full),
        text(&name.first),
        text(&name.last),
        entitlements.role,
        entitlements.team.as_deref().unwrap_or("-"),
        text(job_title),
        entitlements.products,
        entitlements.courses,
    )
}

/// The codes of each row: empty for good ones and ignored ones.
pub(crate) fn codes(plan: &Plan) -> Vec<(u32, String)> {
    let codes = |row: &Row| match &row.outcome {
        Outcome::Valid(_) => "valid".to_owned(),
        Outcome::Duplicate { of, .. } => format!("same as {of}"),
        Outcome::Rejected(rejection) => {
            rejection.issues.iter().map(|issue| issue.code.as_str()).collect::<Vec<_>>().join(" ")
        }
    };
    plan.rows.iter().map(|row| (row.line, codes(row))).collect()
}
