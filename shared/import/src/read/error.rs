//! Why a file is refused as a whole: before its first row, so that nothing has been used up.

/// The most columns of a file.
pub(crate) const COLUMNS: usize = 500;
/// The most bytes of all their names, which are kept with the import.
pub(crate) const HEADER_BYTES: usize = 16 * 1024;

/// Why a file cannot be planned at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// No bytes, or nothing but blanks.
    #[error("the file is empty; the first line must name the columns, one of them email")]
    Empty,
    /// Something other than text.
    #[error("this seems to be {seems}, not a CSV file; {remedy}")]
    NotText {
        /// What it seems to be.
        seems: &'static str,
        /// How to make a CSV file of it.
        remedy: &'static str,
    },
    /// A table of people whose columns have no names. It is not guessed which is which, and not repeated whom it names.
    #[error("the first line holds a person; put a line above it that names the columns, such as email,name,role,team")]
    NoHeader,
    /// A header that is none a person would read.
    #[error(
        "the first line names {columns} columns in {bytes} bytes; at most {COLUMNS} columns and {HEADER_BYTES} bytes are read"
    )]
    HeaderTooLarge {
        /// How many columns.
        columns: usize,
        /// How long their names are together.
        bytes: usize,
    },
    /// Every row is one cell, in quotes, that holds a whole row.
    #[error(
        "every row stands in quotes, which makes a single cell of it; remove the quotes around the rows, or export the list anew"
    )]
    RowsQuoted,
    /// Neither a table that names a column of addresses nor a list of addresses.
    #[error("no column holds addresses: the first line must name the columns, and one of them must be email; found {}", listed(.columns))]
    NoEmailColumn {
        /// The cells of the first line, as far as they help.
        columns: Vec<String>,
    },
}

impl FileError {
    /// The stable code that clients may rely on.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "file_empty",
            Self::NotText { .. } => "file_not_text",
            Self::HeaderTooLarge { .. } => "header_too_large",
            Self::RowsQuoted => "rows_quoted",
            Self::NoHeader => "no_header",
            Self::NoEmailColumn { .. } => "no_email_column",
        }
    }
}

fn listed(columns: &[String]) -> String {
    let quoted: Vec<_> = columns.iter().map(|column| format!("{column:?}")).collect();
    quoted.join(", ")
}
