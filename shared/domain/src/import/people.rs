//! Who a file asks for: each request judged by the catalogue and by the rows before it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};

use super::row::Outcome;
use crate::draft::{Authority, Draft, DraftRequest, FieldProblem};
use crate::id::MembershipId;
use crate::issue::IssueCode;
use crate::organisation::Organisation;

/// The most people one file may invite. It bounds the one thing that grows with the file, at some 60 MB.
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

/// The row that stands for a person. The hash of what it asks for tells a repetition from a contradiction; as bytes,
/// because that saves the padding, times a million.
#[derive(Clone, Copy)]
struct Seen {
    line: u32,
    hash: [u8; 8],
}

/// Everybody a file asked for so far.
pub(super) struct People<'a> {
    organisation: &'a Organisation,
    rank: Option<u32>,
    defaults: ImportDefaults,
    has_role_column: bool,
    seen: HashMap<[u8; 16], Seen>,
}

impl<'a> People<'a> {
    pub(super) fn new(organisation: &'a Organisation, rank: Option<u32>, defaults: ImportDefaults) -> Self {
        Self { organisation, rank, defaults, has_role_column: false, seen: HashMap::new() }
    }

    pub(super) fn organisation(&self) -> &'a Organisation {
        self.organisation
    }

    pub(super) fn defaults(&self) -> &ImportDefaults {
        &self.defaults
    }

    /// A file with a column for roles has to fill it: a blank there is a slip, and not a wish for the usual role.
    pub(super) fn expect_roles(&mut self) {
        self.has_role_column = true;
    }

    /// What becomes of one request. `problems` are those already found while it was read.
    pub(super) fn judge(
        &mut self,
        line: u32,
        request: &DraftRequest,
        mut problems: Vec<FieldProblem>,
    ) -> Result<Outcome, Vec<FieldProblem>> {
        let usual_role = self.organisation.default_role.as_deref().filter(|_| !self.has_role_column);
        let authority = Authority { rank: self.rank, default_role: self.defaults.role.as_deref().or(usual_role) };
        match self.organisation.catalogue.check(request, authority) {
            Ok(draft) if problems.is_empty() => self.enter(line, draft),
            Ok(_) => Err(problems),
            Err(found) => {
                problems.extend(found);
                Err(problems)
            }
        }
    }

    fn enter(&mut self, line: u32, draft: Draft) -> Result<Outcome, Vec<FieldProblem>> {
        let id = MembershipId::of(self.organisation.id, &draft.email);
        let hash = content_hash(&draft);
        let full = self.seen.len() >= PEOPLE;
        match self.seen.entry(id.to_bytes()) {
            Entry::Occupied(entry) if entry.get().hash == hash => {
                Ok(Outcome::IgnoredDuplicate { of: entry.get().line, email: draft.email })
            }
            Entry::Occupied(entry) => {
                let first = entry.get().line;
                let message = format!(
                    "is on line {first} already, with other details; line {first} stands and line {line} is left out, \
                     so correct the one and delete the other"
                );
                Err(vec![FieldProblem::new("email", IssueCode::ConflictingDuplicate, draft.email.as_typed(), message)])
            }
            Entry::Vacant(_) if full => {
                let message = format!("is one too many: a file may hold {PEOPLE} people; put the rest into another");
                Err(vec![FieldProblem::new("email", IssueCode::TooManyPeople, draft.email.as_typed(), message)])
            }
            Entry::Vacant(entry) => {
                entry.insert(Seen { line, hash });
                Ok(Outcome::Good(draft))
            }
        }
    }
}

/// A hash of everything a row asks for but the address. Rows are compared by what they come to, not by how they are
/// spelled, so a column that is ignored makes no conflict.
fn content_hash(draft: &Draft) -> [u8; 8] {
    let Draft { email: _, name, access, send } = draft;
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    (&access.role, &access.team, &access.job_title, &access.products, &access.courses, send).hash(&mut hasher);
    hasher.finish().to_le_bytes()
}
