//! From the cells of one record to a request, or straight to a draft.

use std::borrow::Cow;
use std::sync::Arc;

use memchr::memchr;

use crate::detect::candidate::is_comment;
use crate::detect::header::{Field, Header, flag};
use crate::read::cells::split;
use crate::read::dialect::Dialect;
use crate::read::records::{Addresses, Records};
use crate::report::rejected_csv::unguarded;
use crate::validate::row_validator::ImportDefaults;
use usher_domain::catalogue::same_name;
use usher_domain::email::EmailAddress;
use usher_domain::issue::IssueCode;
use usher_domain::pasted::{self, EntryName};
use usher_domain::spec::{Entitlements, InvitationInput, InvitationSpec, Issue};
use usher_domain::text::{PersonName, ShortText, trimmed};

/// The longest cell that may hold a name beside the address.
const ENTRY_BYTES: usize = 1_024;

/// How to read the rows of a table.
pub(crate) struct Table {
    pub(crate) dialect: Dialect,
    pub(crate) header: Header,
    /// Whether a line of the file names the columns.
    pub(crate) named: bool,
    /// The columns that say what people are given, and not who they are.
    given_columns: Vec<usize>,
}

/// A record that is no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Skipped {
    /// Nothing but blanks.
    Blank,
    /// It begins with `#`, and names nobody.
    Comment,
    /// The header once more, as files have it that were put together from several.
    RepeatedHeader,
}

/// A cell without what stands around what it says: blanks, and the apostrophe of an earlier `failed.csv`.
fn text(cell: Cow<'_, str>) -> Cow<'_, str> {
    match cell {
        Cow::Borrowed(cell) => Cow::Borrowed(unguarded(trimmed(cell))),
        Cow::Owned(cell) => Cow::Owned(unguarded(trimmed(&cell)).to_owned()),
    }
}

/// A part of a text, borrowed from where the whole is.
fn part_of<'a>(whole: &Cow<'a, str>, part: &str) -> Cow<'a, str> {
    match whole {
        Cow::Borrowed(whole) => {
            let start = part.as_ptr() as usize - whole.as_ptr() as usize;
            Cow::Borrowed(&whole[start..start + part.len()])
        }
        Cow::Owned(_) => Cow::Owned(part.to_owned()),
    }
}

impl Table {
    pub(crate) fn new(dialect: Dialect, header: Header, named: bool) -> Self {
        let is_given = |field: &Field| matches!(field, Field::Role | Field::Team | Field::Courses);
        let fields = header.fields.iter().filter(|(field, _)| is_given(field)).map(|(_, column)| *column);
        let given_columns = fields.chain(header.products.iter().map(|(_, column)| *column)).collect();
        Self { dialect, header, named, given_columns }
    }

    /// Where its rows have their addresses.
    pub(crate) fn addresses(&self) -> Addresses {
        Addresses { column: self.header.email.unwrap_or_default(), alone: self.header.names.len() == 1 }
    }

    /// The cell of the current record that says whom it is about.
    fn address<'a>(&self, records: &'a Records) -> Cow<'a, str> {
        records.cell(self.header.email.unwrap_or_default(), self.dialect)
    }

    /// What the current record is, if it is no row.
    pub(crate) fn skipped(&self, records: &Records) -> Option<Skipped> {
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
        if !self.named || self.address(records).contains('@') {
            return None;
        }
        let names = &self.header.names;
        let name = |column: usize| names.get(column).map_or("", String::as_str);
        let repeats = (0..records.cells().max(names.len())).all(|column| same_name(&cell(column), name(column)));
        repeats.then_some(Skipped::RepeatedHeader)
    }

    /// How many cells stand beyond the last column, not counting blank ones, which a trailing delimiter leaves.
    pub(crate) fn cells_too_many(&self, records: &Records) -> usize {
        let columns = self.header.names.len();
        let is_filled = |column: &usize| !records.cell(*column, self.dialect).trim().is_empty();
        (columns..records.cells()).rfind(is_filled).map_or(0, |column| column + 1 - columns)
    }

    /// The short way for most records: whom the current one is about, if nothing about that needs a closer look, and what
    /// they are given, which is known already.
    pub(crate) fn spec(
        &self,
        records: &Records,
        entitlements: &Arc<Entitlements>,
        send: bool,
    ) -> Option<Box<InvitationSpec>> {
        let address = trimmed(records.plain_cell(self.header.email?)?);
        // Around an address that begins otherwise there may be something to take off.
        if !address.starts_with(|first: char| first.is_ascii_alphanumeric()) {
            return None;
        }
        let email = EmailAddress::read_plain(address)?;
        let entitlements = Arc::clone(entitlements);
        let mut spec =
            Box::new(InvitationSpec { email, name: PersonName::default(), job_title: None, entitlements, send });
        // No header has a full name beside its parts.
        for (field, column) in &self.header.fields {
            let place = match field {
                Field::Name => &mut spec.name.full,
                Field::FirstName => &mut spec.name.first,
                Field::LastName => &mut spec.name.last,
                Field::JobTitle => &mut spec.job_title,
                Field::Email | Field::Role | Field::Team | Field::Courses => continue,
            };
            *place = ShortText::optional(unguarded(trimmed(records.plain_cell(*column)?))).ok()?;
        }
        Some(spec)
    }

    /// The cells that say what the person of the current record is given, if they read as they stand in the file. Records
    /// that say the same here are given the same.
    pub(crate) fn given<'a>(&self, records: &'a Records) -> impl Iterator<Item = Option<&'a str>> {
        self.given_columns.iter().map(|column| records.plain_cell(*column))
    }

    /// What the current record asks for, and what is wrong with it already.
    pub(crate) fn request<'a>(
        &'a self,
        records: &'a Records,
        defaults: &'a ImportDefaults,
    ) -> (InvitationInput<'a>, Vec<Issue>) {
        let (mut request, mut problems) =
            (InvitationInput { send: defaults.send, ..InvitationInput::default() }, Vec::new());
        for (field, column) in &self.header.fields {
            let text = || text(records.cell(*column, self.dialect));
            match field {
                Field::Name => request.name = Some(text()),
                Field::FirstName => request.first_name = Some(text()),
                Field::LastName => request.last_name = Some(text()),
                Field::JobTitle => request.job_title = Some(text()),
                Field::Role => request.role = Some(text()),
                Field::Team => request.team = Some(text()),
                Field::Courses => {
                    let text = text();
                    let slugs = text.split([',', ';', '|', '\n']).map(str::trim).filter(|slug| !slug.is_empty());
                    request.courses = slugs.map(|slug| part_of(&text, slug)).collect();
                }
                // It may hold more than the address.
                Field::Email => {}
            }
        }
        for (field, default) in [(&mut request.role, &defaults.role), (&mut request.team, &defaults.team)] {
            if let Some(default) = default
                && field.as_deref().is_none_or(str::is_empty)
            {
                *field = Some(Cow::Borrowed(default));
            }
        }
        self.add_products(records, &mut request, &mut problems);
        self.add_address(records, &mut request);
        (request, problems)
    }

    fn add_products<'a>(&'a self, records: &Records, request: &mut InvitationInput<'a>, problems: &mut Vec<Issue>) {
        for (product, column) in &self.header.products {
            let text = text(records.cell(*column, self.dialect));
            match flag(&text) {
                Some(true) => request.products.push(Cow::Borrowed(product)),
                Some(false) => {}
                None => {
                    let header = &self.header.names[*column];
                    let message = format!("{header:?} is neither TRUE nor FALSE");
                    let mut problem = Issue::new("products", IssueCode::ProductFlagUnknown, &text, message);
                    problem.allowed = ["TRUE", "FALSE"].map(str::to_owned).to_vec();
                    problems.push(problem);
                }
            }
        }
    }

    fn add_address<'a>(&self, records: &'a Records, request: &mut InvitationInput<'a>) {
        let text = text(self.address(records));
        // `Last, First <a@b>`, as address books export it, and what else mail programs put around addresses.
        let is_bare = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let bare = is_bare(text.as_bytes().first())
            && is_bare(text.as_bytes().last())
            && !pasted::has_scheme(&text)
            && memchr(b' ', text.as_bytes()).is_none();
        if !bare
            && text.len() <= ENTRY_BYTES
            && text.contains('@')
            && let [entry] = pasted::parse(&text).as_slice()
        {
            let part = |part: &str| part_of(&text, part);
            let named = [&request.name, &request.first_name, &request.last_name];
            if named.into_iter().flatten().all(|name| name.is_empty()) {
                match entry.name {
                    Some(EntryName::Full(full)) => request.name = Some(part(full)),
                    Some(EntryName::Parts { first, last }) => {
                        (request.first_name, request.last_name) = (Some(part(first)), Some(part(last)));
                    }
                    None => {}
                }
            }
            request.email = part(entry.address);
            return;
        }
        request.email = text;
    }

    /// The cells of a record, to give back.
    pub(crate) fn cells(&self, record: &str) -> Vec<String> {
        let mut cells = Vec::new();
        let _ = split(record, self.dialect, true, &mut cells);
        let kept = cells.iter().enumerate().filter(|(column, _)| !self.header.own.contains(column));
        kept.map(|(_, cell)| unguarded(&cell.text(record, 0, self.dialect)).to_owned()).collect()
    }

    /// A line whose quotes make no sense, as one cell where the address should be: nobody can be read out of it before it
    /// is mended, though the quotes it gets when it is given back make sense.
    pub(crate) fn cell_of_broken(&self, line: &str) -> Vec<String> {
        let own = |column: &usize| self.header.own.contains(column);
        let before = (0..self.header.email.unwrap_or_default()).filter(|column| !own(column)).map(|_| String::new());
        before.chain([line.trim_end_matches(['\r', '\n']).to_owned()]).collect()
    }
}
