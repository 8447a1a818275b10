//! Cells that a spreadsheet would run as formulas.

use std::borrow::Cow;

/// Whether a cell that begins with this character is a formula to a spreadsheet, also in its full-width form.
fn begins_formula(character: char) -> bool {
    matches!(character, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠')
}

/// Whether a cell, apostrophes aside, would be read as a formula.
fn needs_guard(cell: &str) -> bool {
    cell.trim_start_matches('\'').starts_with(begins_formula)
}

/// A cell that every spreadsheet reads as text: with an apostrophe in front where it looks like a formula.
#[must_use]
pub fn guarded(cell: &str) -> Cow<'_, str> {
    if needs_guard(cell) { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

/// A cell without the apostrophe that [`guarded`] puts in front.
pub(crate) fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if needs_guard(rest) => rest,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_is_put_on_and_taken_off() {
        for cell in ["=1+1", "+49 30", "-x", "@x", "\tx", "'=x", "''=x", "＝x"] {
            assert_eq!(guarded(cell), format!("'{cell}"));
            assert_eq!(unguarded(&guarded(cell)), cell);
        }
        for cell in ["", "'", "'t Hooft", "a=b", "'a'"] {
            assert_eq!(guarded(cell), cell);
            assert_eq!(unguarded(cell), cell);
        }
    }
}
