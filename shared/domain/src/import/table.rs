//! From the cells of one record to a request.

use memchr::memchr;

use super::candidate::is_comment;
use super::dialect::Dialect;
use super::failed::unguarded;
use super::header::{Field, Header, flag};
use super::people::ImportDefaults;
use super::records::{Addresses, Records};
use crate::catalogue::same_name;
use crate::draft::{DraftRequest, FieldProblem};
use crate::issue::IssueCode;
use crate::pasted::{self, EntryName};
use crate::text::trimmed;

/// The longest cell that may hold a name beside the address.
const ENTRY_BYTES: usize = 1_024;

/// How to read the rows of a table.
pub(super) struct Table {
    pub(super) dialect: Dialect,
    pub(super) header: Header,
    /// Whether a line of the file names the columns.
    pub(super) named: bool,
}

/// A record that is no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Skipped {
    /// Nothing but blanks.
    Blank,
    /// It begins with `#`, and names nobody.
    Comment,
    /// The header once more, as files have it that were put together from several.
    RepeatedHeader,
}

/// Puts a text into a field of a request that is used again for every row, so that its memory is used again too.
fn put(field: &mut Option<String>, text: &str) {
    let field = field.get_or_insert_default();
    field.clear();
    field.push_str(text);
}

impl Table {
    /// Where its rows have their addresses.
    pub(super) fn addresses(&self) -> Addresses {
        Addresses { column: self.header.email.unwrap_or_default(), alone: self.header.names.len() == 1 }
    }

    /// What the current record is, if it is no row.
    pub(super) fn skipped(&self, records: &Records) -> Option<Skipped> {
        let cell = |column| records.cell(column, self.dialect);
        // Ctrl-Z ends a text in some old systems.
        let is_blank = |text: &str| text.chars().all(|c| c.is_whitespace() || c == '\u{1a}');
        if (0..records.cells()).all(|column| is_blank(&cell(column))) {
            return Some(Skipped::Blank);
        }
        if records.raw().starts_with('#') {
            let has_more = (1..records.cells()).any(|column| !is_blank(&cell(column)));
            if is_comment(&cell(0), has_more) {
                return Some(Skipped::Comment);
            }
        }
        if !self.named || memchr(b'@', cell(self.header.email.unwrap_or_default()).as_bytes()).is_some() {
            return None;
        }
        let names = &self.header.names;
        let name = |column: usize| names.get(column).map_or("", String::as_str);
        let repeats = (0..records.cells().max(names.len())).all(|column| same_name(&cell(column), name(column)));
        repeats.then_some(Skipped::RepeatedHeader)
    }

    /// How many cells stand beyond the last column, not counting blank ones, which a trailing delimiter leaves.
    pub(super) fn cells_too_many(&self, records: &Records) -> usize {
        let columns = self.header.names.len();
        let is_filled = |column: &usize| !records.cell(*column, self.dialect).trim().is_empty();
        (columns..records.cells()).rfind(is_filled).map_or(0, |column| column + 1 - columns)
    }

    /// Fills the request from the current record.
    pub(super) fn fill(
        &self,
        records: &Records,
        defaults: &ImportDefaults,
        request: &mut DraftRequest,
    ) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        for text in [&mut request.name, &mut request.first_name, &mut request.last_name].into_iter().flatten() {
            text.clear();
        }
        request.products.clear();
        request.courses.clear();
        for (field, column) in &self.header.fields {
            let cell = records.cell(*column, self.dialect);
            let text = unguarded(trimmed(&cell));
            match field {
                Field::Name => put(&mut request.name, text),
                Field::FirstName => put(&mut request.first_name, text),
                Field::LastName => put(&mut request.last_name, text),
                Field::Role => put(&mut request.role, text),
                Field::Team => put(&mut request.team, text),
                Field::JobTitle => put(&mut request.job_title, text),
                Field::Courses => {
                    let slugs = text.split([',', ';', '|', '\n']).map(str::trim).filter(|slug| !slug.is_empty());
                    request.courses.extend(slugs.map(str::to_owned));
                }
                // Kept apart in the header, because no table is without it.
                Field::Email => {}
            }
        }
        for (field, default) in [(&mut request.role, &defaults.role), (&mut request.team, &defaults.team)] {
            if let Some(default) = default
                && field.as_deref().is_none_or(str::is_empty)
            {
                put(field, default);
            }
        }
        request.send = defaults.send;
        self.fill_products(records, request, &mut problems);
        self.fill_address(records, request);
        problems
    }

    fn fill_products(&self, records: &Records, request: &mut DraftRequest, problems: &mut Vec<FieldProblem>) {
        for (product, column) in &self.header.products {
            let cell = records.cell(*column, self.dialect);
            let text = unguarded(trimmed(&cell));
            match flag(text) {
                Some(true) => request.products.push(product.clone()),
                Some(false) => {}
                None => {
                    let header = &self.header.names[*column];
                    let message = format!("{header:?} is neither TRUE nor FALSE");
                    let mut problem = FieldProblem::new("products", IssueCode::ProductFlagUnknown, text, message);
                    problem.allowed = ["TRUE", "FALSE"].map(str::to_owned).to_vec();
                    problems.push(problem);
                }
            }
        }
    }

    fn fill_address(&self, records: &Records, request: &mut DraftRequest) {
        let cell = records.cell(self.header.email.unwrap_or_default(), self.dialect);
        let text = unguarded(trimmed(&cell));
        request.email.clear();
        // `Last, First <a@b>`, as address books export it, and what else mail programs put around addresses.
        let is_bare = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let bare = is_bare(text.as_bytes().first())
            && is_bare(text.as_bytes().last())
            && memchr(b':', text.as_bytes()).is_none();
        if !bare
            && text.len() <= ENTRY_BYTES
            && text.contains('@')
            && let [entry] = pasted::parse(text).as_slice()
        {
            request.email.push_str(entry.address);
            let named = [&request.name, &request.first_name, &request.last_name];
            if named.into_iter().flatten().all(String::is_empty) {
                match entry.name {
                    Some(EntryName::Full(full)) => put(&mut request.name, full),
                    Some(EntryName::Parts { first, last }) => {
                        put(&mut request.first_name, first);
                        put(&mut request.last_name, last);
                    }
                    None => {}
                }
            }
            return;
        }
        request.email.push_str(text);
    }

    /// The cells of the current record, to give back.
    pub(super) fn cells(&self, records: &Records) -> Vec<String> {
        let cell = |column| unguarded(&records.cell(column, self.dialect)).to_owned();
        let kept = |column: &usize| !self.header.own.contains(column);
        (0..records.cells()).filter(kept).map(cell).collect()
    }

    /// A line whose quotes make no sense, as one cell where the address should be: nobody can be read out of it before it
    /// is mended, though the quotes it gets when it is given back make sense.
    pub(super) fn cell_of_broken(&self, line: &str) -> Vec<String> {
        let own = |column: &usize| self.header.own.contains(column);
        let before = (0..self.header.email.unwrap_or_default()).filter(|column| !own(column)).map(|_| String::new());
        before.chain([line.trim_end_matches(['\r', '\n']).to_owned()]).collect()
    }
}
