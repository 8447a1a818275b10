//! `GET /imports/template`: a file to begin from.

use axum::Extension;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use usher_domain::{Issue, IssueCode};
use usher_http::{Admin, Problem};
use usher_import::{PEOPLE, SampleFormat};

use crate::Imports;

/// The largest file that can be uploaded, in bytes.
const LARGEST: HeaderName = HeaderName::from_static("usher-max-bytes");
/// The most people of one file.
const MOST_PEOPLE: HeaderName = HeaderName::from_static("usher-max-people");

#[derive(Debug, Deserialize)]
pub(crate) struct TemplateQuery {
    format: Option<String>,
}

pub(crate) async fn template(
    admin: Admin,
    Extension(imports): Extension<Imports>,
    query: Result<Query<TemplateQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let found = query.ok().and_then(|Query(query)| query.format).unwrap_or_default();
    let format: SampleFormat = found.parse().map_err(|_| unknown(found, imports.forms.largest))?;
    let headers = [
        (header::CONTENT_TYPE, format.content_type().to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", format.file_name())),
        (LARGEST, imports.forms.largest.to_string()),
        (MOST_PEOPLE, PEOPLE.to_string()),
    ];
    Ok((headers, format.write(&admin.organisation.catalogue)).into_response())
}

fn unknown(found: String, largest: u64) -> Problem {
    let message = format!(
        "is none of the formats; name one of them. A file may have up to {largest} bytes and {PEOPLE} people, and \
         needs none of these layouts as long as it has a column of addresses"
    );
    Problem::invalid(vec![Issue {
        found: Some(found).filter(|found| !found.is_empty()),
        allowed: ["standard", "extended", "addresses", "names"].map(str::to_owned).to_vec(),
        ..Issue::plain("format", IssueCode::FormatUnknown, message)
    }])
}
