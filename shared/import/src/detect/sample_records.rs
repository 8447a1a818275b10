//! The records at the beginning of a file, as one dialect reads them.

use crate::read::cells::{Cell, Split, split};
use crate::read::dialect::Dialect;

/// How many records are examined.
const SAMPLE_RECORDS: usize = 100;
/// The records of a sample.
pub(crate) struct SampleRecords {
    pub(crate) dialect: Dialect,
    pub(crate) records: Vec<Record>,
}

pub(crate) struct Record {
    pub(crate) cells: Vec<String>,
    /// Where the next record begins.
    pub(crate) end: usize,
    /// How many lines this record has.
    pub(crate) lines: u32,
}

impl Record {
    pub(crate) fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| cell.trim().is_empty())
    }

    pub(crate) fn is_comment(&self) -> bool {
        self.cells.first().is_some_and(|cell| is_comment(cell, self.cells.len() > 1))
    }

    pub(crate) fn filled(&self) -> usize {
        self.cells.iter().filter(|cell| !cell.trim().is_empty()).count()
    }

    pub(crate) fn has_address(&self) -> bool {
        self.cells.iter().any(|cell| cell.contains('@'))
    }
}

impl SampleRecords {
    pub(crate) fn of(text: &str, last: bool, dialect: Dialect) -> Self {
        let mut cells: Vec<Cell> = Vec::new();
        let mut records = Vec::new();
        let mut at = 0;
        while records.len() < SAMPLE_RECORDS {
            let rest = &text[at..];
            // The last record of the sample may be cut off; it is left out.
            let Split::Record { length, lines } = split(rest, dialect, last, &mut cells) else { break };
            if length == 0 {
                break;
            }
            let cells = cells.iter().map(|cell| cell.text(rest, 0, dialect).into_owned()).collect();
            records.push(Record { cells, end: at + length, lines });
            at += length;
        }
        Self { dialect, records }
    }
}

/// Whether a line that begins with this cell is a comment. `#N/A` before other cells is not: a spreadsheet writes it for a
/// failed look-up.
pub(crate) fn is_comment(first_cell: &str, has_more: bool) -> bool {
    first_cell.starts_with("# ")
        || first_cell == "#"
        || (first_cell.starts_with('#') && !has_more && !first_cell.contains('@'))
}
