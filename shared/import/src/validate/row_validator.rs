//! Who a file asks for: each request judged by the catalogue and by the rows before it.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use hashbrown::HashTable;
use rustc_hash::FxHasher;
use serde::{Deserialize, Serialize};

use crate::read::records::Records;
use crate::report::row::Outcome;
use crate::validate::domains::Domains;
use crate::validate::duplicate_index::{Key, Likeness, Seen, Sighting};
use crate::validate::places::HIGHEST;
use crate::validate::table::Table;
use usher_domain::email::EmailAddress;
use usher_domain::issue::IssueCode;
use usher_domain::organisation::Organisation;
use usher_domain::spec::{Authority, Entitlements, InvitationInput, InvitationSpec, Issue};
use usher_domain::validator::InvitationValidator;

/// The most people one file may invite. It bounds the one thing that grows with the file, at some 80 MB.
pub const PEOPLE: usize = 1_800_000;
const _: () = assert!(PEOPLE <= HIGHEST as usize, "people are found by their numbers");

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
pub(crate) struct People<'a> {
    organisation: &'a Organisation,
    rank: Option<u32>,
    defaults: ImportDefaults,
    validator: InvitationValidator<'a>,
    domains: Domains,
    seen: Seen,
    /// What rows before were given, by the cells that say so; and what the last one was, since many files are sorted.
    given: HashTable<Arc<Given>>,
    given_last: Option<Arc<Given>>,
}

/// What rows are given whose cells say the same.
struct Given {
    cells: Box<[Box<str>]>,
    /// The hash of the cells, and the one of what they come to.
    cells_hash: u64,
    hash: u64,
    entitlements: Arc<Entitlements>,
}

impl Given {
    /// Whether the cells of the current record say the same.
    fn is_said(&self, table: &Table, records: &Records) -> bool {
        self.cells.iter().map(|cell| Some(&**cell)).eq(table.given(records))
    }
}

/// How many different things rows give are remembered. Most files have few.
const GIVEN: usize = 1_000;
/// How many bytes of cells they are remembered by at most.
const GIVEN_BYTES: usize = 1_000;

/// Somebody whose row is in order by itself. Whether it also is beside the rows before it is found out for many at once.
pub(crate) struct Invitee {
    spec: Box<InvitationSpec>,
    key: Key,
    /// None before they were looked for, and where there was no more room for them.
    sighting: Option<Sighting>,
}

/// What a row's person comes to: with what is wrong, or with what is worth a look.
pub(crate) type Judgement = Result<(Outcome, Vec<Issue>), Vec<Issue>>;

impl<'a> People<'a> {
    pub(crate) fn new(organisation: &'a Organisation, rank: Option<u32>, defaults: ImportDefaults) -> Self {
        let authority = Authority { rank, default_role: organisation.default_role.as_deref() };
        let validator = InvitationValidator::new(&organisation.catalogue, authority);
        let (domains, seen) = (Domains::default(), Seen::default());
        Self { organisation, rank, defaults, validator, domains, seen, given: HashTable::new(), given_last: None }
    }

    pub(crate) fn validator(&self) -> &InvitationValidator<'a> {
        &self.validator
    }

    pub(crate) fn defaults(&self) -> &ImportDefaults {
        &self.defaults
    }

    /// A file with a column for roles has to fill it: a blank there is a slip, and not a wish for the usual role.
    pub(crate) fn expect_roles(&mut self) {
        let authority = Authority { rank: self.rank, default_role: None };
        self.validator = InvitationValidator::new(&self.organisation.catalogue, authority);
    }

    /// Gets to know the domains of the file from its beginning.
    pub(crate) fn look_at(&mut self, sample: &str) {
        self.domains = Domains::of_sample(sample);
    }

    /// Checks one request by itself. `problems` are those already found while it was read.
    pub(crate) fn check(
        &self,
        line: u32,
        request: &InvitationInput<'_>,
        mut problems: Vec<Issue>,
    ) -> Result<Invitee, Vec<Issue>> {
        match self.validator.validate(request) {
            Ok(spec) if problems.is_empty() => {
                let given = given_hash(&spec.entitlements);
                Ok(self.invitee(line, Box::new(spec), given))
            }
            Ok(_) => Err(problems),
            Err(found) => {
                problems.extend(found);
                Err(problems)
            }
        }
    }

    /// The short way for most records of a table: somebody who is in order by themselves, and who is given what somebody
    /// before them was whose cells said the same.
    pub(crate) fn recognise(&mut self, line: u32, table: &Table, records: &Records) -> Option<Invitee> {
        if !self.given_last.as_ref().is_some_and(|given| given.is_said(table, records)) {
            self.given_last = Some(Arc::clone(self.given_before(cells_hash(table, records), table, records)?));
        }
        let Given { entitlements, hash, .. } = self.given_last.as_deref()?;
        let spec = table.spec(records, entitlements, self.defaults.send.unwrap_or(true))?;
        Some(self.invitee(line, spec, *hash))
    }

    /// What the cells of the current record gave before.
    fn given_before(&self, cells_hash: u64, table: &Table, records: &Records) -> Option<&Arc<Given>> {
        self.given.find(cells_hash, |given| given.is_said(table, records))
    }

    /// Checks the current record of a table by itself, and remembers what its person is given.
    pub(crate) fn check_record(&mut self, line: u32, table: &Table, records: &Records) -> Result<Invitee, Vec<Issue>> {
        let (request, problems) = table.request(records, &self.defaults);
        let invitee = self.check(line, &request, problems)?;
        let bytes: Option<usize> = table.given(records).map(|cell| cell.map(str::len)).sum();
        let cells_hash = cells_hash(table, records);
        if bytes.is_some_and(|bytes| bytes <= GIVEN_BYTES) && self.given_before(cells_hash, table, records).is_none() {
            if self.given.len() >= GIVEN {
                self.given.clear();
            }
            let entitlements = Arc::clone(&invitee.spec.entitlements);
            let cells = table.given(records).flatten().map(Box::from).collect();
            let given = Arc::new(Given { cells, cells_hash, hash: given_hash(&entitlements), entitlements });
            self.given.insert_unique(cells_hash, given, |given| given.cells_hash);
        }
        Ok(invitee)
    }

    /// `given`: the hash of what they are given.
    fn invitee(&self, line: u32, spec: Box<InvitationSpec>, given: u64) -> Invitee {
        let key = self.seen.key(&spec.email, content_hash(&spec, given), line);
        Invitee { spec, key, sighting: None }
    }

    /// Prepares for meeting these people.
    pub(crate) fn expect<'b>(&self, invitees: impl Iterator<Item = &'b Invitee>) {
        self.seen.expect(invitees.map(|invitee| &invitee.key));
    }

    /// Looks for people among those of the rows before, in the order of the file.
    pub(crate) fn meet<'b>(&mut self, invitees: impl Iterator<Item = &'b mut Invitee>) {
        for invitee in invitees {
            invitee.sighting = self.seen.meet(&invitee.key, PEOPLE);
        }
    }

    /// What becomes of somebody who was looked for.
    pub(crate) fn judge(&mut self, line: u32, invitee: Invitee) -> Judgement {
        let Invitee { spec, sighting, .. } = invitee;
        let refuse = |code, message: String| Err(vec![Issue::new("email", code, spec.email.as_typed(), message)]);
        match sighting {
            Some(Sighting::Known { line: of, same: true }) => {
                Ok((Outcome::IgnoredDuplicate { of, email: spec.email }, Vec::new()))
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
                let warnings = self.warnings(&spec.email, another);
                Ok((Outcome::Valid(spec), warnings))
            }
        }
    }

    fn warnings(&mut self, email: &EmailAddress, another: Option<(Likeness, u32)>) -> Vec<Issue> {
        let found = email.as_typed();
        let warning = |code, message: String| Issue::new("email", code, found, message);
        let mut warnings = Vec::new();
        let verdict = self.domains.verdict(email.domain());
        if let Some(meant) = &verdict.slip_of {
            let message = format!("is a letter away from {meant}; was that meant?");
            let suggestion = found.rsplit_once('@').map(|(local, _)| format!("{local}@{meant}"));
            warnings.push(Issue { suggestion, ..warning(IssueCode::EmailDomainTypo, message) });
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

/// A hash of the cells that say what the person of the current record is given.
fn cells_hash(table: &Table, records: &Records) -> u64 {
    hash_of(|hasher| table.given(records).flatten().for_each(|cell| cell.hash(hasher)))
}

/// A hash of everything a row asks for but the address. Rows are compared by what they come to, not by how they are
/// spelled, so a column that is ignored makes no conflict.
fn content_hash(spec: &InvitationSpec, given: u64) -> u64 {
    let InvitationSpec { email: _, name, job_title, entitlements: _, send } = spec;
    hash_of(|hasher| (given, name, job_title, send).hash(hasher))
}

/// A hash of what somebody is given.
fn given_hash(entitlements: &Entitlements) -> u64 {
    let Entitlements { role, team, products, courses } = entitlements;
    hash_of(|hasher| (role, team, products, courses).hash(hasher))
}

fn hash_of(write: impl FnOnce(&mut FxHasher)) -> u64 {
    let mut hasher = FxHasher::default();
    write(&mut hasher);
    hasher.finish()
}
