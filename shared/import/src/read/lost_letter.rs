//! Letters that an earlier conversion, or this one, could not read.

use memchr::memmem;

/// The replacement character, which stands for a letter that could not be decoded.
pub(crate) const REPLACEMENT: &str = "\u{fffd}";
/// What `failed.csv` writes for a lost letter where its encoding has no U+FFFD. A row that contains it stays rejected.
pub(crate) const LOST: &str = "<?>";

/// Whether a text contains a lost letter.
pub(crate) fn has_lost_letter(text: &str) -> bool {
    [REPLACEMENT, LOST].into_iter().any(|lost| memmem::find(text.as_bytes(), lost.as_bytes()).is_some())
}
