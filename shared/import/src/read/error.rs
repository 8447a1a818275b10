//! Why a file is refused as a whole: always before its first row, so that nothing has been used up.

/// The most columns of a file.
pub(crate) const COLUMNS: usize = 500;
/// The most bytes of all column names, which are kept with the import.
pub(crate) const HEADER_BYTES: usize = 16 * 1024;
/// How many characters of a value are shown back to the uploader. The row itself is kept whole.
pub(crate) const EXCERPT_CHARACTERS: usize = 120;

/// Why a file cannot be planned at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// No bytes, or only blanks.
    #[error("the file is empty; the first line must name the columns, one of them email")]
    Empty,
    /// The file is not text.
    #[error("this seems to be {seems}, not a CSV file; {remedy}")]
    NotText {
        /// What it seems to be.
        seems: &'static str,
        /// How to make a CSV file of it.
        remedy: &'static str,
    },
    /// A table of people whose columns have no names. The columns are not guessed, and the message repeats no name.
    #[error("the first line holds a person; put a line above it that names the columns, such as email,name,role,team")]
    NoHeader,
    /// A header beyond the limits.
    #[error(
        "the first line names {columns} columns in {bytes} bytes; the limit is {COLUMNS} columns and {HEADER_BYTES} bytes"
    )]
    HeaderTooLarge {
        /// How many columns.
        columns: usize,
        /// How long their names are together.
        bytes: usize,
    },
    /// Every row is a single quoted cell that holds a whole row.
    #[error(
        "every row is in quotes, which makes it a single cell; remove the quotes around the rows, or export the list again"
    )]
    RowsQuoted,
    /// The file is neither a table with an email column nor a list of addresses.
    #[error("no column holds addresses: the first line must name the columns, and one of them must be email; found {}", listed(.columns))]
    NoEmailColumn {
        /// The first cells of the first line.
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

/// The beginning of a value, with an ellipsis where it is cut.
pub(crate) fn excerpt(text: &str) -> String {
    match text.char_indices().nth(EXCERPT_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
