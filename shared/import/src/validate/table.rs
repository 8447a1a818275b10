//! The layout of a table: which records are rows, and which cells of a row mean what.

use usher_domain::catalogue::same_name;

use crate::detect::header::{Field, Header};
use crate::detect::sample_records::is_comment;
use crate::read::dialect::Dialect;
use crate::read::formula::unguarded;
use crate::read::records::{AddressColumn, Records};

/// How to read the rows of a table.
pub(crate) struct Table {
    pub(crate) dialect: Dialect,
    pub(crate) header: Header,
    /// Whether a line of the file names the columns.
    pub(crate) named: bool,
    /// The columns that name a person's role, team, products and courses.
    entitlement_columns: Vec<usize>,
}

/// A record that is not a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoRow {
    /// All cells are blank.
    Blank,
    /// It begins with `#` and names nobody.
    Comment,
    /// The header again, as in files that were concatenated.
    RepeatedHeader,
}

impl Table {
    pub(crate) fn new(dialect: Dialect, header: Header, named: bool) -> Self {
        let entitles = |field: &Field| matches!(field, Field::Role | Field::Team | Field::Courses);
        let fields = header.fields.iter().filter(|(field, _)| entitles(field)).map(|(_, column)| *column);
        let entitlement_columns = fields.chain(header.products.iter().map(|(_, column)| *column)).collect();
        Self { dialect, header, named, entitlement_columns }
    }

    /// The column of the addresses.
    pub(crate) fn addresses(&self) -> AddressColumn {
        AddressColumn { column: self.header.email.unwrap_or_default(), alone: self.header.names.len() == 1 }
    }

    /// Why the current record is not a row; `None` if it is one.
    pub(crate) fn skipped(&self, records: &Records) -> Option<NoRow> {
        let cell = |column| records.cell(column, self.dialect);
        // Ctrl-Z ends a text on some old systems.
        let is_blank = |text: &str| text.chars().all(|c| c.is_whitespace() || c == '\u{1a}');
        if (0..records.cells()).all(|column| is_blank(&cell(column))) {
            return Some(NoRow::Blank);
        }
        if records.raw().starts_with('#') {
            let has_more = (1..records.cells()).any(|column| !is_blank(&cell(column)));
            if is_comment(&cell(0), has_more) {
                return Some(NoRow::Comment);
            }
        }
        if !self.named || cell(self.addresses().column).contains('@') {
            return None;
        }
        let names = &self.header.names;
        let name = |column: usize| names.get(column).map_or("", String::as_str);
        let repeats = (0..records.cells().max(names.len())).all(|column| same_name(&cell(column), name(column)));
        repeats.then_some(NoRow::RepeatedHeader)
    }

    /// How many cells the current record has beyond the last column. Blank ones at its end, which a trailing delimiter
    /// leaves, do not count.
    pub(crate) fn excess_cells(&self, records: &Records) -> usize {
        let columns = self.header.names.len();
        let is_filled = |column: &usize| !records.cell(*column, self.dialect).trim().is_empty();
        (columns..records.cells()).rfind(is_filled).map_or(0, |column| column + 1 - columns)
    }

    /// The cells that name the entitlements of the current record; `None` for a cell that needs unescaping.
    pub(crate) fn entitlement_cells<'a>(&self, records: &'a Records) -> impl Iterator<Item = Option<&'a str>> {
        self.entitlement_columns.iter().map(|column| records.plain_cell(*column))
    }

    /// The cells of the current record as they go back to the uploader: without the columns of an earlier `failed.csv`.
    pub(crate) fn cells(&self, records: &Records) -> Vec<String> {
        let kept = (0..records.cells()).filter(|column| !self.header.own.contains(column));
        kept.map(|column| unguarded(&records.cell(column, self.dialect)).to_owned()).collect()
    }

    /// A line with broken quotes, as one cell in the column of the addresses. Nobody can be read from it until it is fixed,
    /// although the quotes it gets when it is written back are well-formed.
    pub(crate) fn cells_of_broken(&self, line: &str) -> Vec<String> {
        let own = |column: &usize| self.header.own.contains(column);
        let before = (0..self.addresses().column).filter(|column| !own(column)).map(|_| String::new());
        before.chain([line.trim_end_matches(['\r', '\n']).to_owned()]).collect()
    }
}
