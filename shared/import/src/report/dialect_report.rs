//! How a file was read, so that the uploader sees a wrong guess before anything is sent.

use serde::{Deserialize, Serialize};

use crate::detect::header::{Field, Header};
use crate::read::decode::{Confidence, Finding};
use crate::read::dialect::{Dialect, Newline};
use crate::validate::table::Table;

/// One column that is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name in the file.
    pub header: String,
    /// The field it holds, as the API names it, or `product:` and an id.
    pub field: String,
}

/// How a quote is written inside a quoted cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Escape {
    /// It is doubled (RFC 4180).
    #[default]
    Doubled,
    /// It is doubled, or has a backslash before it.
    Backslash,
}

/// Lines of a table that are not rows, so that every line is accounted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SkippedLines {
    /// Lines above the header, such as a title or a date.
    pub preamble: u32,
    /// Records whose cells are all blank.
    pub blank: u32,
    /// Lines that begin with `#` and name nobody.
    pub comments: u32,
    /// Lines that repeat the header.
    pub repeated_headers: u32,
}

/// How a file was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialectReport {
    /// The encoding, by its name in the WHATWG Encoding Standard.
    pub encoding: String,
    /// Whether the file begins with a byte order mark.
    pub byte_order_mark: bool,
    /// How certain the encoding is.
    pub confidence: Confidence,
    /// The first line on which the encoding matters: check this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_line: Option<u32>,
    /// What separates cells; none for a list of addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// What quotes cells that contain the delimiter.
    pub quote: char,
    /// How a quote inside a quoted cell is written.
    #[serde(default)]
    pub escape: Escape,
    /// The line ending.
    pub newline: Newline,
    /// Whether a line names the columns. Otherwise they were inferred from their cells.
    pub has_header: bool,
    /// Lines that are not rows.
    #[serde(default)]
    pub skipped: SkippedLines,
    /// The columns that are used, in the order of the file.
    pub columns: Vec<Column>,
    /// The columns that are not used.
    pub ignored: Vec<String>,
    /// The names of all columns, without those that an earlier `failed.csv` added.
    pub header: Vec<String>,
}

impl DialectReport {
    pub(crate) fn of_list(finding: Finding, first_line: Option<u32>, newline: Newline) -> Self {
        Self {
            encoding: finding.encoding.name().to_owned(),
            byte_order_mark: finding.byte_order_mark,
            confidence: finding.confidence,
            first_line,
            delimiter: None,
            quote: '"',
            escape: Escape::Doubled,
            newline,
            has_header: false,
            skipped: SkippedLines::default(),
            columns: vec![Column { header: "email".to_owned(), field: Field::Email.as_str().to_owned() }],
            ignored: Vec::new(),
            header: vec!["email".to_owned()],
        }
    }

    pub(crate) fn of_table(
        finding: Finding,
        first_line: Option<u32>,
        newline: Newline,
        table: &Table,
        skipped: SkippedLines,
    ) -> Self {
        let Table { dialect, header, named, .. } = table;
        let mut columns = Vec::new();
        let mut ignored = Vec::new();
        let mut names = Vec::new();
        for (column, name) in header.names.iter().enumerate() {
            if header.own.contains(&column) {
                continue;
            }
            // Rejected rows may have no valid address left to find the column by, so `failed.csv` names it.
            let unnamed = header.unnamed_email && header.email == Some(column);
            names.push(if unnamed { Field::Email.as_str().to_owned() } else { name.clone() });
            match used_as(header, column) {
                Some(field) => columns.push(Column { header: name.clone(), field }),
                // A trailing delimiter makes a column without a name; it is not worth reporting.
                None if name.is_empty() => {}
                None => ignored.push(name.clone()),
            }
        }
        Self {
            delimiter: Some(char::from(dialect.delimiter)),
            quote: char::from(dialect.quote),
            escape: if dialect.backslash { Escape::Backslash } else { Escape::Doubled },
            has_header: *named,
            skipped,
            columns,
            ignored,
            header: names,
            ..Self::of_list(finding, first_line, newline)
        }
    }
}

fn used_as(header: &Header, column: usize) -> Option<String> {
    if header.email == Some(column) {
        return Some(Field::Email.as_str().to_owned());
    }
    let field = header.fields.iter().find(|(_, at)| *at == column).map(|(field, _)| field.as_str().to_owned());
    let product = || header.products.iter().find(|(_, at)| *at == column).map(|(id, _)| format!("product:{id}"));
    field.or_else(product)
}

impl DialectReport {
    /// The column of the addresses.
    #[must_use]
    pub fn email_column(&self) -> Option<usize> {
        let used = self.columns.iter().find(|column| column.field == Field::Email.as_str())?;
        // The first column with a plain name is used. A column that was found by its cells has that name here.
        let plain = self.header.iter().position(|name| Field::named(name) == Some(Field::Email));
        plain.or_else(|| self.header.iter().position(|name| *name == used.header))
    }

    /// The dialect, to write rows in it.
    pub(crate) fn dialect(&self) -> Dialect {
        Dialect {
            delimiter: self.delimiter.and_then(|delimiter| u8::try_from(delimiter).ok()).unwrap_or(b','),
            quote: u8::try_from(self.quote).unwrap_or(b'"'),
            backslash: self.escape == Escape::Backslash,
        }
    }
}
