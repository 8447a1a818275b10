//! Validates rows: each by the catalogue, then against the rows before it.

use usher_domain::spec::Authority;
use usher_domain::validator::validate_person;
use usher_domain::{
    EmailAddress, InvitationInput, InvitationSpec, InvitationValidator, Issue, IssueCode, Organisation,
};

use super::defaults::ImportDefaults;
use super::domains::Domains;
use super::duplicate_index::{DuplicateIndex, Match, Similarity};
use super::entitlement_cache::{EntitlementCache, EntitlementKey};
use super::table::Table;
use crate::read::records::Records;

/// The most people one file may invite. It bounds the one structure that grows with the file, and fits its hash table.
pub const PEOPLE: usize = 1_800_000;

/// A valid row, before or after it is compared with the rows before it.
pub(crate) struct ValidRow {
    pub(crate) spec: Box<InvitationSpec>,
    /// The earlier line that asks for exactly the same.
    pub(crate) duplicate_of: Option<u32>,
    /// What deserves a look; the row can be invited all the same.
    pub(crate) warnings: Vec<Issue>,
}

/// Validates the rows of one file, in their order.
pub(crate) struct RowValidator<'a> {
    organisation: &'a Organisation,
    rank: Option<u32>,
    defaults: ImportDefaults,
    validator: InvitationValidator<'a>,
    cache: EntitlementCache,
    key: EntitlementKey,
    domains: Domains,
    index: DuplicateIndex,
}

impl<'a> RowValidator<'a> {
    pub(crate) fn new(organisation: &'a Organisation, rank: Option<u32>, defaults: ImportDefaults) -> Self {
        let authority = Authority { rank, default_role: organisation.default_role.as_deref() };
        Self {
            organisation,
            rank,
            defaults,
            validator: InvitationValidator::new(&organisation.catalogue, authority),
            cache: EntitlementCache::default(),
            key: EntitlementKey::default(),
            domains: Domains::default(),
            index: DuplicateIndex::default(),
        }
    }

    pub(crate) fn validator(&self) -> &InvitationValidator<'a> {
        &self.validator
    }

    pub(crate) fn defaults(&self) -> &ImportDefaults {
        &self.defaults
    }

    /// Requires a role in every row. Where a file has a role column, a blank cell is a slip and not a wish for the
    /// default.
    pub(crate) fn require_roles(&mut self) {
        let authority = Authority { rank: self.rank, default_role: None };
        self.validator = InvitationValidator::new(&self.organisation.catalogue, authority);
    }

    /// Learns the domains of the file from its beginning.
    pub(crate) fn learn_domains(&mut self, sample: &str) {
        self.domains = Domains::of_sample(sample);
    }

    /// Validates the current record of a table by the catalogue.
    pub(crate) fn validate_record(
        &mut self,
        table: &Table,
        records: &Records,
    ) -> Result<Box<InvitationSpec>, Vec<Issue>> {
        let mut input = table.person(records, &self.defaults);
        self.key.set(table.entitlement_cells(records));
        if let Some(entitlements) = self.cache.get(&self.key) {
            return validate_person(&input, entitlements).map(Box::new);
        }
        let mut issues = table.add_entitlements(records, &self.defaults, &mut input);
        match self.validator.validate(&input) {
            Ok(spec) if issues.is_empty() => {
                self.cache.insert(&self.key, &spec.entitlements);
                Ok(Box::new(spec))
            }
            Ok(_) => Err(issues),
            Err(found) => {
                issues.extend(found);
                Err(issues)
            }
        }
    }

    /// Validates one entry of a list by the catalogue.
    pub(crate) fn validate_entry(&self, input: &InvitationInput<'_>) -> Result<Box<InvitationSpec>, Vec<Issue>> {
        self.validator.validate(input).map(Box::new)
    }

    /// Compares a row that is valid by itself with the rows before it.
    pub(crate) fn classify(&mut self, line: u32, spec: Box<InvitationSpec>) -> Result<ValidRow, Vec<Issue>> {
        let key = self.index.key(&spec, line);
        let refuse = |code, message: String| Err(vec![Issue::new("email", code, spec.email.as_typed(), message)]);
        let (duplicate_of, warnings) = match self.index.insert(&key, PEOPLE) {
            Match::New(similar) => (None, self.warnings(&spec.email, similar)),
            Match::Known { line: first, same: true } => (Some(first), Vec::new()),
            Match::Known { line: first, same: false } => {
                let message = format!(
                    "is already on line {first}, with other details; line {first} is used and line {line} is not, so \
                     correct one and delete the other"
                );
                return refuse(IssueCode::ConflictingDuplicate, message);
            }
            Match::Full => {
                let message =
                    format!("exceeds the limit of {PEOPLE} people in one file; put the rest into another file");
                return refuse(IssueCode::TooManyPeople, message);
            }
        };
        Ok(ValidRow { spec, duplicate_of, warnings })
    }

    fn warnings(&mut self, email: &EmailAddress, similar: Option<(Similarity, u32)>) -> Vec<Issue> {
        let found = email.as_typed();
        let warning = |code, message: String| Issue::new("email", code, found, message);
        let mut warnings = Vec::new();
        let verdict = self.domains.verdict(email.domain());
        if let Some(meant) = &verdict.typo_of {
            let message = format!("is one letter away from {meant}; did you mean that?");
            let suggestion = found.rsplit_once('@').map(|(local, _)| format!("{local}@{meant}"));
            warnings.push(Issue { suggestion, ..warning(IssueCode::EmailDomainTypo, message) });
        }
        if verdict.private {
            let message =
                format!("is a free address at {}, while most others are at the company's domain", email.domain());
            warnings.push(warning(IssueCode::EmailFreeMail, message));
        }
        match similar {
            Some((Similarity::PlusTag, first)) => {
                let message =
                    format!("differs from the address on line {first} only by its plus tag; is it the same person?");
                warnings.push(warning(IssueCode::EmailPlusTagTwin, message));
            }
            Some((Similarity::LookAlike, first)) => {
                let message = format!("looks like the address on line {first}; is it another person?");
                warnings.push(warning(IssueCode::EmailLookAlike, message));
            }
            None => {}
        }
        warnings
    }
}
