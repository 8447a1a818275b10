//! Options of the uploader: how a file is to be read, instead of detecting it.

use encoding_rs::{Encoding, REPLACEMENT};
use serde::{Deserialize, Serialize};

use usher_domain::{Issue, IssueCode};

use crate::read::dialect::{DELIMITERS, QUOTES};

/// The encodings that messages offer. Every label of the WHATWG Encoding Standard is accepted.
const ENCODINGS: [&str; 9] =
    ["UTF-8", "UTF-16LE", "UTF-16BE", "windows-1250", "windows-1252", "ISO-8859-15", "Shift_JIS", "GB18030", "EUC-KR"];

/// The dialect of a file, as far as the uploader names it. The rest is detected.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DialectOverride {
    /// The encoding, by any label of the WHATWG Encoding Standard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// What separates cells: `,`, `;`, a tab, `|` or `^`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<String>,
    /// What quotes cells: `"` or `'`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    /// Whether the first line of the table names its columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<bool>,
}

fn one_of(text: Option<&String>, allowed: &[u8]) -> Option<u8> {
    let [byte] = text?.as_bytes() else { return None };
    allowed.contains(byte).then_some(*byte)
}

impl DialectOverride {
    /// One issue for each option that is not supported.
    #[must_use]
    pub fn check(&self) -> Vec<Issue> {
        let mut issues = Vec::new();
        let mut refuse = |field: &'static str, found: &Option<String>, allowed: Vec<String>| {
            let found = found.as_deref().unwrap_or_default();
            let shown: Vec<_> = allowed.iter().map(|value| if value == "\t" { "tab" } else { value }).collect();
            let message =
                format!("{found:?} is not a supported {field}; use one of: {}; or leave it out", shown.join(", "));
            issues.push(Issue { allowed, ..Issue::new(field, IssueCode::DialectUnknown, found, message) });
        };
        let characters = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte).to_string()).collect();
        if self.encoding.is_some() && self.encoding().is_none() {
            refuse("encoding", &self.encoding, ENCODINGS.map(str::to_owned).to_vec());
        }
        if self.delimiter.is_some() && self.delimiter().is_none() {
            refuse("delimiter", &self.delimiter, characters(&DELIMITERS));
        }
        if self.quote.is_some() && self.quote().is_none() {
            refuse("quote", &self.quote, characters(&QUOTES));
        }
        issues
    }

    pub(crate) fn encoding(&self) -> Option<&'static Encoding> {
        Encoding::for_label(self.encoding.as_ref()?.as_bytes()).filter(|encoding| *encoding != REPLACEMENT)
    }

    pub(crate) fn delimiter(&self) -> Option<u8> {
        one_of(self.delimiter.as_ref(), &DELIMITERS)
    }

    pub(crate) fn quote(&self) -> Option<u8> {
        one_of(self.quote.as_ref(), &QUOTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsupported_options_are_named_with_the_supported_ones() {
        let text = |text: &str| Some(text.to_owned());
        let fine = DialectOverride { encoding: text("latin1"), delimiter: text("\t"), quote: text("'"), header: None };
        assert!(fine.check().is_empty() && DialectOverride::default().check().is_empty());
        let wrong = DialectOverride { encoding: text("EBCDIC"), delimiter: text("::"), quote: text(""), header: None };
        let fields: Vec<_> = wrong.check().into_iter().map(|issue| (issue.field, issue.allowed.len())).collect();
        assert_eq!(fields, [("encoding".into(), 9), ("delimiter".into(), 5), ("quote".into(), 2)]);
    }
}
