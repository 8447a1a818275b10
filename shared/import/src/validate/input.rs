//! From the cells of a row to the input of its invitation. The input borrows from the record.

use std::borrow::Cow;

use memchr::memchr;
use usher_domain::pasted::{self, EntryName};
use usher_domain::text::trimmed;
use usher_domain::{InvitationInput, Issue, IssueCode};

use super::defaults::ImportDefaults;
use super::flag::flag;
use super::table::Table;
use crate::detect::header::Field;
use crate::read::formula::unguarded;
use crate::read::records::Records;

/// The longest cell that may hold a name beside the address, in bytes.
const ENTRY_BYTES: usize = 1_024;

/// A part of a text, borrowed from the same place as the whole.
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
    /// A cell of the current record without the blanks around it, and without the apostrophe of an earlier `failed.csv`.
    fn text<'a>(&self, records: &'a Records, column: usize) -> Cow<'a, str> {
        match records.cell(column, self.dialect) {
            Cow::Borrowed(cell) => Cow::Borrowed(unguarded(trimmed(cell))),
            Cow::Owned(cell) => Cow::Owned(unguarded(trimmed(&cell)).to_owned()),
        }
    }

    /// Reads who the current record is about. What they get is added by [`add_entitlements`](Self::add_entitlements).
    pub(crate) fn person<'a>(&self, records: &'a Records, defaults: &ImportDefaults) -> InvitationInput<'a> {
        let mut input = InvitationInput { send: defaults.send, ..InvitationInput::default() };
        for (field, column) in &self.header.fields {
            let field = match field {
                Field::Name => &mut input.name,
                Field::FirstName => &mut input.first_name,
                Field::LastName => &mut input.last_name,
                Field::JobTitle => &mut input.job_title,
                Field::Email | Field::Role | Field::Team | Field::Courses => continue,
            };
            *field = Some(self.text(records, *column));
        }
        self.add_address(records, &mut input);
        input
    }

    /// Reads what the person of the current record gets, and returns the issues of cells that cannot be read.
    pub(crate) fn add_entitlements<'a>(
        &'a self,
        records: &'a Records,
        defaults: &'a ImportDefaults,
        input: &mut InvitationInput<'a>,
    ) -> Vec<Issue> {
        for (field, column) in &self.header.fields {
            match field {
                Field::Role => input.role = Some(self.text(records, *column)),
                Field::Team => input.team = Some(self.text(records, *column)),
                Field::Courses => {
                    let text = self.text(records, *column);
                    let slugs = text.split([',', ';', '|', '\n']).map(str::trim).filter(|slug| !slug.is_empty());
                    input.courses = slugs.map(|slug| part_of(&text, slug)).collect();
                }
                Field::Email | Field::Name | Field::FirstName | Field::LastName | Field::JobTitle => {}
            }
        }
        for (field, default) in [(&mut input.role, &defaults.role), (&mut input.team, &defaults.team)] {
            if let Some(default) = default
                && field.as_deref().is_none_or(str::is_empty)
            {
                *field = Some(Cow::Borrowed(default));
            }
        }
        let mut issues = Vec::new();
        for (product, column) in &self.header.products {
            let text = self.text(records, *column);
            match flag(&text) {
                Some(true) => input.products.push(Cow::Borrowed(product)),
                Some(false) => {}
                None => {
                    let header = &self.header.names[*column];
                    let message = format!("{header:?} is neither TRUE nor FALSE");
                    let issue = Issue::new("products", IssueCode::ProductFlagUnknown, &text, message);
                    issues.push(Issue { allowed: ["TRUE", "FALSE"].map(str::to_owned).to_vec(), ..issue });
                }
            }
        }
        issues
    }

    /// Reads the address, and the name beside it if the cell is like `Last, First <a@b>`, as address books export it.
    fn add_address<'a>(&self, records: &'a Records, input: &mut InvitationInput<'a>) {
        let text = self.text(records, self.addresses().column);
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
            let named = [&input.name, &input.first_name, &input.last_name];
            if named.into_iter().flatten().all(|name| name.is_empty()) {
                match entry.name {
                    Some(EntryName::Full(full)) => input.name = Some(part(full)),
                    Some(EntryName::Parts { first, last }) => {
                        (input.first_name, input.last_name) = (Some(part(first)), Some(part(last)));
                    }
                    None => {}
                }
            }
            input.email = part(entry.address);
            return;
        }
        input.email = text;
    }
}
