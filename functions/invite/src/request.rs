//! What a request may say.

use std::borrow::Cow;

use serde::Deserialize;
use usher_domain::{InvitationInput, Issue, IssueCode, pasted};
use usher_http::Problem;

/// The most people of one request; a file takes any number.
pub const LARGEST_REQUEST: usize = 500;

/// The body of a request: either `invitations`, or `emails` with what all of them are given.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InviteRequest {
    invitations: Option<Vec<InvitationInput<'static>>>,
    emails: Option<String>,
    role: Option<Cow<'static, str>>,
    team: Option<Cow<'static, str>>,
    job_title: Option<Cow<'static, str>>,
    #[serde(default)]
    products: Vec<Cow<'static, str>>,
    #[serde(default)]
    courses: Vec<Cow<'static, str>>,
    send: Option<bool>,
}

/// One person that is asked for, or a piece of a pasted list that names none.
pub(crate) struct Entry<'a> {
    pub(crate) request: InvitationInput<'a>,
    /// Why the piece cannot even be read.
    pub(crate) unreadable: Option<Issue>,
}

impl InviteRequest {
    /// The people asked for, in order. A request without any, or with too many, is refused as a whole.
    pub(crate) fn entries(&mut self) -> Result<Vec<Entry<'_>>, Problem> {
        let common = InvitationInput {
            role: self.role.take(),
            team: self.team.take(),
            job_title: self.job_title.take(),
            products: std::mem::take(&mut self.products),
            courses: std::mem::take(&mut self.courses),
            send: self.send,
            ..InvitationInput::default()
        };
        let (field, entries) = match (self.invitations.take(), &self.emails) {
            (Some(_), Some(_)) | (None, None) => {
                let errors = vec![Issue::plain("invitations", IssueCode::OneOf, "give either invitations or emails")];
                return Err(Problem::invalid(errors));
            }
            (Some(_), None) if common != InvitationInput::default() => {
                let message = "role, team and the rest stand in each invitation; beside it they go with emails only";
                return Err(Problem::invalid_field("invitations", IssueCode::MisplacedField, message));
            }
            (Some(invitations), None) => {
                let entry = |request| Entry { request, unreadable: None };
                ("invitations", invitations.into_iter().map(entry).collect::<Vec<_>>())
            }
            (None, Some(emails)) => ("emails", pasted_entries(emails, &common)),
        };
        match entries.len() {
            0 => Err(Problem::invalid_field(field, IssueCode::EmptyList, "names nobody; give 1 to 500 people")),
            1..=LARGEST_REQUEST => Ok(entries),
            count => {
                let message = format!("names {count} people; give at most 500, or upload a file");
                Err(Problem::invalid_field(field, IssueCode::TooMany, message))
            }
        }
    }
}

/// A piece of a pasted list keeps its place in the answer, so that nothing that was pasted is lost in silence.
fn pasted_entries<'a>(emails: &'a str, common: &InvitationInput<'a>) -> Vec<Entry<'a>> {
    let entry = |entry: pasted::Entry<'a>| {
        let request = entry.request(common);
        let unreadable = request.email.parse::<usher_domain::EmailAddress>().err().map(|error| {
            let message = format!("{error} (line {}, character {})", entry.line, entry.column);
            Issue::new("email", error.code(), entry.text, message)
        });
        Entry { request, unreadable }
    };
    pasted::parse(emails).into_iter().map(entry).collect()
}
