//! Who a file asks for: each request judged by the catalogue and by the rows before it.

use std::hash::{Hash, Hasher};

use rustc_hash::FxHasher;

use serde::{Deserialize, Serialize};

use super::domains::Domains;
use super::row::Outcome;
use super::seen::{Likeness, Seen, Sighting};
use crate::check::Checker;
use crate::draft::{Authority, Draft, DraftRequest, FieldProblem};
use crate::email::EmailAddress;
use crate::id::MembershipId;
use crate::issue::IssueCode;
use crate::organisation::Organisation;

/// The most people one file may invite. It bounds the one thing that grows with the file, at some 85 MB.
pub const PEOPLE: usize = 1_800_000;

/// What a file leaves open, decided by whoever imports it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportDefaults {
    /// The role where a row names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The team where a row names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Whether the mails go out with the invitations (the default); otherwise they are held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send: Option<bool>,
}

/// Everybody a file asked for so far, and what they are judged by.
pub(super) struct People<'a> {
    organisation: &'a Organisation,
    rank: Option<u32>,
    defaults: ImportDefaults,
    checker: Checker<'a>,
    domains: Domains,
    seen: Seen,
}

/// What a row's person comes to: with what is wrong, or with what is worth a look.
pub(super) type Judgement = Result<(Outcome, Vec<FieldProblem>), Vec<FieldProblem>>;

impl<'a> People<'a> {
    pub(super) fn new(organisation: &'a Organisation, rank: Option<u32>, defaults: ImportDefaults) -> Self {
        let authority = Authority { rank, default_role: organisation.default_role.as_deref() };
        let checker = Checker::new(&organisation.catalogue, authority);
        Self { organisation, rank, defaults, checker, domains: Domains::default(), seen: Seen::default() }
    }

    pub(super) fn checker(&self) -> &Checker<'a> {
        &self.checker
    }

    pub(super) fn defaults(&self) -> &ImportDefaults {
        &self.defaults
    }

    /// A file with a column for roles has to fill it: a blank there is a slip, and not a wish for the usual role.
    pub(super) fn expect_roles(&mut self) {
        let authority = Authority { rank: self.rank, default_role: None };
        self.checker = Checker::new(&self.organisation.catalogue, authority);
    }

    /// Gets to know the domains of the file from its beginning.
    pub(super) fn look_at(&mut self, sample: &str) {
        self.domains = Domains::of_sample(sample);
    }

    /// What becomes of one request. `problems` are those already found while it was read.
    pub(super) fn judge(&mut self, line: u32, request: &DraftRequest, mut problems: Vec<FieldProblem>) -> Judgement {
        match self.checker.check(request) {
            Ok(draft) if problems.is_empty() => self.enter(line, draft),
            Ok(_) => Err(problems),
            Err(found) => {
                problems.extend(found);
                Err(problems)
            }
        }
    }

    fn enter(&mut self, line: u32, draft: Draft) -> Judgement {
        let id = MembershipId::of(self.organisation.id, &draft.email);
        let refuse =
            |code, message: String| Err(vec![FieldProblem::new("email", code, draft.email.as_typed(), message)]);
        match self.seen.meet(id, &draft.email, content_hash(&draft), line, PEOPLE) {
            Some(Sighting::Known { line: of, same: true }) => {
                Ok((Outcome::IgnoredDuplicate { of, email: draft.email }, Vec::new()))
            }
            Some(Sighting::Known { line: first, same: false }) => refuse(
                IssueCode::ConflictingDuplicate,
                format!(
                    "is on line {first} already, with other details; line {first} stands and line {line} is left out, \
                     so correct the one and delete the other"
                ),
            ),
            None => refuse(
                IssueCode::TooManyPeople,
                format!("is one too many: a file may hold {PEOPLE} people; put the rest into another"),
            ),
            Some(Sighting::New(another)) => {
                let warnings = self.warnings(&draft.email, another);
                Ok((Outcome::Good(draft), warnings))
            }
        }
    }

    fn warnings(&mut self, email: &EmailAddress, another: Option<(Likeness, u32)>) -> Vec<FieldProblem> {
        let found = email.as_typed();
        let warning = |code, message: String| FieldProblem::new("email", code, found, message);
        let mut warnings = Vec::new();
        let verdict = self.domains.verdict(email.domain());
        if let Some(meant) = &verdict.slip_of {
            let message = format!("is a letter away from {meant}; was that meant?");
            let suggestion = found.rsplit_once('@').map(|(local, _)| format!("{local}@{meant}"));
            warnings.push(FieldProblem { suggestion, ..warning(IssueCode::EmailDomainTypo, message) });
        }
        if verdict.private {
            let message =
                format!("is an address at {}, where anybody can have one; the others are not", email.domain());
            warnings.push(warning(IssueCode::EmailFreeMail, message));
        }
        match another {
            Some((Likeness::Twin, first)) => {
                let message =
                    format!("reaches the same mailbox as the address on line {first}, as far as one can tell");
                warnings.push(warning(IssueCode::EmailPlusTagTwin, message));
            }
            Some((Likeness::LookAlike, first)) => {
                let message = format!("looks much like the address on line {first}; is it another person?");
                warnings.push(warning(IssueCode::EmailLookAlike, message));
            }
            None => {}
        }
        warnings
    }
}

/// A hash of everything a row asks for but the address. Rows are compared by what they come to, not by how they are
/// spelled, so a column that is ignored makes no conflict.
fn content_hash(draft: &Draft) -> u64 {
    let Draft { email: _, name, access, send } = draft;
    let mut hasher = FxHasher::default();
    name.hash(&mut hasher);
    (&access.role, &access.team, &access.job_title, &access.products, &access.courses, send).hash(&mut hasher);
    hasher.finish()
}
