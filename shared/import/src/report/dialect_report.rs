//! What was guessed about a file, so that a wrong guess is seen before anything is sent.

use serde::{Deserialize, Serialize};

use crate::detect::header::{Field, Header};
use crate::read::decode::{Confidence, Finding};
use crate::read::dialect::{Dialect, Newline};
use crate::validate::table::Table;

/// One column that is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// What the file calls it.
    pub header: String,
    /// What it is read as: a field as the API names it, or `product:` and an id.
    pub field: String,
}

/// How a quote is written inside a quoted cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Escape {
    /// It is doubled (RFC 4180).
    #[default]
    Doubled,
    /// A backslash stands before it, or it is doubled.
    Backslash,
}

/// Lines of a table that are no rows, so that every line is accounted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SkippedLines {
    /// Lines above the header: a title, a date, or nothing.
    pub preamble: u32,
    /// Rows with nothing in any cell.
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
    /// How sure the encoding is.
    pub confidence: Confidence,
    /// The first line with a letter that another encoding would spell differently: the one to look at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_line: Option<u32>,
    /// What separates cells; none in a list of addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// What wraps cells that contain the delimiter.
    pub quote: char,
    /// What says that a quote inside a cell does not end it.
    #[serde(default)]
    pub escape: Escape,
    /// What ends lines.
    pub newline: Newline,
    /// Whether a line names the columns. Otherwise they were told by what stands in them.
    pub has_header: bool,
    /// Lines that are no rows.
    #[serde(default)]
    pub skipped: SkippedLines,
    /// The columns that are used, in the order of the file.
    pub columns: Vec<Column>,
    /// The columns that are not.
    pub ignored: Vec<String>,
    /// All columns of the file as they are called, without those this program added to an earlier `failed.csv`.
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
            // Rows that failed have no addresses left to find the column by.
            let unnamed = header.unnamed_email && header.email == Some(column);
            names.push(if unnamed { Field::Email.as_str().to_owned() } else { name.clone() });
            match used_as(header, column) {
                Some(field) => columns.push(Column { header: name.clone(), field }),
                // A trailing delimiter makes a column without a name, which nobody misses.
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
    /// Which cell of a row holds the address.
    #[must_use]
    pub fn email_column(&self) -> Option<usize> {
        let used = self.columns.iter().find(|column| column.field == Field::Email.as_str())?;
        // The first that is plainly called so is used, and one that was found by what stands in it is called so here.
        let plain = self.header.iter().position(|name| Field::named(name) == Some(Field::Email));
        plain.or_else(|| self.header.iter().position(|name| *name == used.header))
    }

    /// How rows of this file are written.
    pub(crate) fn dialect(&self) -> Dialect {
        Dialect {
            delimiter: self.delimiter.and_then(|delimiter| u8::try_from(delimiter).ok()).unwrap_or(b','),
            quote: u8::try_from(self.quote).unwrap_or(b'"'),
            backslash: self.escape == Escape::Backslash,
        }
    }
}
