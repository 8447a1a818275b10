//! Texts that strangers enter and others read.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use unicode_normalization::UnicodeNormalization;

use crate::issue_code::IssueCode;

/// The most characters of a name or title.
pub const NAME_CHARACTERS: usize = 60;

/// Why a text cannot be shown in a mail or on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Over [`NAME_CHARACTERS`].
    #[error("is longer than {NAME_CHARACTERS} characters")]
    TooLong,
    /// A newline, another control character, or one that changes the direction of text.
    #[error("contains a line break or an invisible character")]
    Invisible,
    /// Something that mail programs turn into a link: an invitation must not carry a stranger's message.
    #[error("contains a web address, or a dot that makes it look like one; leave a space after the dot")]
    Link,
    /// Angle brackets.
    #[error("contains < or >, which no name has")]
    Markup,
}

impl TextError {
    /// The stable code that clients may rely on.
    #[must_use]
    pub fn code(self) -> IssueCode {
        match self {
            Self::TooLong => IssueCode::TextTooLong,
            Self::Invisible => IssueCode::TextWithInvisibleCharacter,
            Self::Link => IssueCode::TextWithLink,
            Self::Markup => IssueCode::TextWithMarkup,
        }
    }
}

/// Whether a character is invisible by itself: controls, direction marks, zero-width joiners and so on.
#[must_use]
pub fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

fn looks_like_link(text: &str) -> bool {
    if text.contains("://") || text.contains('@') {
        return true;
    }
    text.split(|c: char| !(c.is_alphanumeric() || c == '.' || c == '-')).any(|word| {
        word.trim_matches('.').rsplit_once('.').is_some_and(|(before, top_level)| {
            !before.is_empty() && top_level.chars().count() >= 2 && top_level.chars().all(char::is_alphabetic)
        })
    })
}

/// A text without spaces around it. Most texts have none, which their first and last byte show.
#[must_use]
pub fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}

/// Whether each byte is printable ASCII that no link or markup contains.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = b' ';
    while byte <= b'~' {
        plain[byte as usize] = !matches!(byte, b'<' | b'>' | b'.' | b'@' | b':');
        byte += 1;
    }
    plain
};

/// Whether a text needs no further check.
fn is_plain(text: &str) -> bool {
    text.len() <= NAME_CHARACTERS && text.bytes().fold(true, |all, byte| all & PLAIN[usize::from(byte)])
}

/// A time as mails and pages show it.
#[must_use]
pub fn spelled_out(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%A, %-d %B %Y, %H:%M UTC").to_string()
}

/// A short text for display: trimmed, NFC, one line, no links, at most [`NAME_CHARACTERS`] characters, not empty.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ShortText(SmolStr);

impl ShortText {
    /// Reads an optional text: a blank one is `None`.
    pub fn optional(text: &str) -> Result<Option<Self>, TextError> {
        let text = trimmed(text);
        if text.is_empty() {
            return Ok(None);
        }
        if is_plain(text) {
            return Ok(Some(Self(SmolStr::new(text))));
        }
        let text: String = text.nfc().collect();
        if text.chars().any(is_invisible) {
            return Err(TextError::Invisible);
        }
        if text.contains(['<', '>']) {
            return Err(TextError::Markup);
        }
        if looks_like_link(&text) {
            return Err(TextError::Link);
        }
        if text.chars().count() > NAME_CHARACTERS {
            return Err(TextError::TooLong);
        }
        Ok(Some(Self(text.into())))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ShortText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShortText(…)")
    }
}

impl From<ShortText> for String {
    fn from(text: ShortText) -> Self {
        text.0.into()
    }
}

impl TryFrom<String> for ShortText {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for ShortText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match Self::optional(text) {
            Ok(Some(text)) => Ok(text),
            Ok(None) => Err("is empty".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// A person's name. Either part may be unknown. A full name is kept as one text, since nobody can guess where it divides.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct PersonName {
    /// The full name, if it was given as one text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full: Option<ShortText>,
    /// The first name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<ShortText>,
    /// The last name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<ShortText>,
}

impl PersonName {
    /// The name as it is shown; `None` if it is unknown.
    #[must_use]
    pub fn display(&self) -> Option<String> {
        if let Some(full) = &self.full {
            return Some(full.as_str().to_owned());
        }
        match (&self.first, &self.last) {
            (Some(first), Some(last)) => Some(format!("{} {}", first.as_str(), last.as_str())),
            (Some(one), None) | (None, Some(one)) => Some(one.as_str().to_owned()),
            (None, None) => None,
        }
    }

    /// First and last name for a form. A full name is divided at its first space, for the person to correct.
    #[must_use]
    pub fn form_fields(&self) -> (String, String) {
        let text = |part: &Option<ShortText>| part.as_ref().map(|text| text.as_str().to_owned());
        match (text(&self.first), text(&self.last), &self.full) {
            (None, None, Some(full)) => match full.as_str().split_once(' ') {
                Some((first, last)) => (first.to_owned(), last.trim().to_owned()),
                None => (full.as_str().to_owned(), String::new()),
            },
            (first, last, _) => (first.unwrap_or_default(), last.unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_real_people_pass() {
        for name in [
            "John Smith",
            "D'Angelo, Jr.",
            "J. R. R. Tolkien",
            "J.R.R. Tolkien",
            "Søren Kjær",
            "María \"La Jefa\" Gómez",
            "王小明",
            "Anne-Marie",
            "VP, Sales",
            "Engineer II",
            "R&D",
        ] {
            assert_eq!(ShortText::optional(name).map(|text| text.map(String::from)), Ok(Some(name.to_owned())));
        }
        assert_eq!(ShortText::optional("  "), Ok(None));
    }

    #[test]
    fn a_name_carries_no_message() {
        for (name, error) in [
            ("Visit http://evil.example now", TextError::Link),
            ("evil.example", TextError::Link),
            ("Click evil-site.com/path", TextError::Link),
            ("mail me@home", TextError::Link),
            ("Ada\nBcc: all", TextError::Invisible),
            ("Ada\u{202e}", TextError::Invisible),
            ("<b>Ada</b>", TextError::Markup),
        ] {
            assert_eq!(ShortText::optional(name), Err(error), "{name}");
        }
        assert_eq!(ShortText::optional(&"x".repeat(61)), Err(TextError::TooLong));
        assert!(ShortText::optional(&"é".repeat(60)).is_ok());
    }

    #[test]
    fn a_full_name_is_divided_only_for_a_form() {
        let name =
            PersonName { full: ShortText::optional("Ada King Lovelace").expect("a name"), ..PersonName::default() };
        assert_eq!(name.form_fields(), ("Ada".to_owned(), "King Lovelace".to_owned()));
        assert_eq!(name.display().as_deref(), Some("Ada King Lovelace"));
    }
}
