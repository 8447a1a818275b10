//! Addresses: one canonical spelling that every path uses, and the spelling as typed for display.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use memchr::memchr;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::issue_code::IssueCode;
use crate::text::{is_invisible, trimmed};

/// The most bytes of a whole address (RFC 5321 §4.5.3.1.3, less the angle brackets).
pub const ADDRESS_BYTES: usize = 254;
/// The most bytes of what stands before the `@` (RFC 5321 §4.5.3.1.1).
pub const LOCAL_PART_BYTES: usize = 64;

/// A mail address that can be written to, with one canonical form: trimmed, NFC, lower case, the domain as IDNA
/// A-labels. Two addresses are equal when their canonical forms are.
///
/// Dots and plus tags are kept: two mailboxes that some provider merges are still two people to everybody else.
#[derive(Clone, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct EmailAddress {
    canonical: Box<str>,
    /// Where the `@` stands in the canonical form, whose length fits as well ([`ADDRESS_BYTES`]).
    at: u8,
    /// `None` when it was typed in its canonical form, as most are.
    typed: Option<Box<str>>,
}

/// Why a text is not an address that can be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmailAddressError {
    /// Nothing but blanks.
    #[error("is empty; give an address such as ada@example.com")]
    Empty,
    /// No `@`, or nothing behind it.
    #[error("has no domain; an address looks like ada@example.com")]
    NoDomain,
    /// Nothing before the `@`.
    #[error("has nothing before the @; an address looks like ada@example.com")]
    NoLocalPart,
    /// A blank inside.
    #[error("contains a space; an address has none")]
    Space,
    /// A control, bidirectional or zero-width character, which would make two different addresses look the same.
    #[error("contains an invisible character; type the address anew instead of pasting it")]
    Invisible,
    /// The mail service carries only 7-bit local parts.
    #[error("has letters outside a-z before the @, which our mail service cannot deliver to")]
    LocalPartNotAscii,
    /// A character that may not stand before the `@`, or a dot at an end or doubled.
    #[error(
        "is not spelled as an address: what stands before the @ may hold letters, digits and !#$%&'*+-/=?^_`{{|}}~, with single dots between them"
    )]
    LocalPart,
    /// Not a domain name with at least two labels.
    #[error(
        "has a domain that cannot exist; it needs at least two parts of letters, digits and hyphens, such as example.com"
    )]
    Domain,
    /// Over [`ADDRESS_BYTES`] or [`LOCAL_PART_BYTES`].
    #[error("is too long; at most 254 bytes, 64 of them before the @")]
    TooLong,
}

impl EmailAddressError {
    /// The stable code that clients may rely on.
    #[must_use]
    pub fn code(self) -> IssueCode {
        match self {
            Self::Empty => IssueCode::EmailMissing,
            Self::NoDomain => IssueCode::EmailWithoutDomain,
            Self::Space => IssueCode::EmailWithSpace,
            Self::Invisible => IssueCode::EmailWithInvisibleCharacter,
            Self::LocalPartNotAscii => IssueCode::EmailLocalPartNotAscii,
            Self::NoLocalPart | Self::LocalPart | Self::Domain => IssueCode::EmailInvalid,
            Self::TooLong => IssueCode::EmailTooLong,
        }
    }
}

impl EmailAddress {
    /// The one form that identifies the mailbox.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The address as its owner, or whoever invited them, wrote it.
    #[must_use]
    pub fn as_typed(&self) -> &str {
        self.typed.as_deref().unwrap_or(&self.canonical)
    }

    /// The domain, as IDNA A-labels.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.parts().1
    }

    /// What stands before the `@` and behind it, in canonical form.
    #[must_use]
    pub fn parts(&self) -> (&str, &str) {
        let at = usize::from(self.at);
        (&self.canonical[..at], &self.canonical[at + 1..])
    }
}

const fn is_atom_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'/' | b'=' | b'?' | b'^' | b'_' | b'`' | b'{'..=b'~'
        )
}

/// A byte that may not stand before an `@` (RFC 5322 §3.2.3, `dot-atom`).
const NOT_LOCAL: u8 = 1;
/// A byte that may not stand in a domain.
const NOT_DOMAIN: u8 = 2;
const DOT: u8 = 4;
/// What divides a domain into words: dots and hyphens.
const DIVIDER: u8 = 8;
const UPPER_CASE: u8 = 16;

/// What each byte is in an address.
const CLASSES: [u8; 256] = {
    let mut classes = [NOT_LOCAL | NOT_DOMAIN; 256];
    let mut byte: u8 = 0;
    while byte < 128 {
        classes[byte as usize] = match byte {
            b'.' => DOT | DIVIDER,
            b'-' => DIVIDER,
            b'A'..=b'Z' => UPPER_CASE,
            b'a'..=b'z' | b'0'..=b'9' => 0,
            _ if is_atom_character(byte) => NOT_DOMAIN,
            _ => NOT_LOCAL | NOT_DOMAIN,
        };
        byte += 1;
    }
    classes
};

/// What there is in a text, and what of it stands at an end of it or beside its like.
fn classes(text: &[u8]) -> (u8, u8) {
    let (mut all, mut beside, mut before) = (0, 0, DOT | DIVIDER);
    for byte in text {
        let class = CLASSES[usize::from(*byte)];
        all |= class;
        beside |= class & before;
        before = class;
    }
    (all, beside | before)
}

/// An address that needs no closer look.
struct Plain {
    at: u8,
    has_upper_case: bool,
}

/// Reads an address that is plain ASCII on both sides, in labels of letters, digits and single hyphens. Nearly all are, and
/// what is so is an address by the rules below as well, only found out many times faster.
fn plain(address: &str) -> Option<Plain> {
    let bytes = address.as_bytes();
    let at = memchr(b'@', bytes)?;
    let (local, domain) = (&bytes[..at], &bytes[at + 1..]);
    let (all_local, beside_local) = classes(local);
    let (all_domain, beside_domain) = classes(domain);
    let top_level = domain.iter().rposition(|byte| *byte == b'.')? + 1;
    // Dots and hyphens of a domain, and dots before it, may neither begin, end nor meet.
    let is_local = all_local & NOT_LOCAL == 0 && beside_local & DOT == 0 && at <= LOCAL_PART_BYTES;
    let is_domain = all_domain & NOT_DOMAIN == 0 && beside_domain & DIVIDER == 0;
    let is_top_level = domain.len() >= top_level + 2 && domain[top_level].is_ascii_alphabetic();
    // A label may have 63 bytes (RFC 1035 §2.3.4), which no domain this short can exceed.
    let is_plain = is_local && is_domain && is_top_level && domain.len() <= 63;
    let has_upper_case = (all_local | all_domain) & UPPER_CASE != 0;
    is_plain.then_some(Plain { at: u8::try_from(at).ok()?, has_upper_case })
}

fn check_local_part(local: &str) -> Result<(), EmailAddressError> {
    if local.is_empty() {
        return Err(EmailAddressError::NoLocalPart);
    }
    if !local.is_ascii() {
        return Err(EmailAddressError::LocalPartNotAscii);
    }
    let well_formed = local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atom_character));
    if well_formed { Ok(()) } else { Err(EmailAddressError::LocalPart) }
}

fn canonical_domain(domain: &str) -> Result<String, EmailAddressError> {
    let ascii = idna::domain_to_ascii_strict(domain).map_err(|_| EmailAddressError::Domain)?;
    let mut labels = ascii.rsplit('.');
    let top_level = labels.next().unwrap_or_default();
    let plausible = labels.next().is_some() && top_level.len() >= 2 && !top_level.bytes().all(|b| b.is_ascii_digit());
    if plausible { Ok(ascii) } else { Err(EmailAddressError::Domain) }
}

impl FromStr for EmailAddress {
    type Err = EmailAddressError;

    fn from_str(text: &str) -> Result<Self, EmailAddressError> {
        let typed = trimmed(text);
        Self::read_plain(typed).map_or_else(|| Self::read_closely(typed), Ok)
    }
}

impl EmailAddress {
    /// Reads an address that needs no closer look, without blanks around it.
    fn read_plain(typed: &str) -> Option<Self> {
        let Plain { at, has_upper_case } = plain(typed)?;
        Some(if has_upper_case {
            Self { canonical: typed.to_ascii_lowercase().into(), at, typed: Some(typed.into()) }
        } else {
            Self { canonical: typed.into(), at, typed: None }
        })
    }

    /// Reads an address by all the rules there are.
    fn read_closely(typed: &str) -> Result<Self, EmailAddressError> {
        if typed.is_empty() {
            return Err(EmailAddressError::Empty);
        }
        if typed.chars().any(is_invisible) {
            return Err(EmailAddressError::Invisible);
        }
        if typed.contains(char::is_whitespace) {
            return Err(EmailAddressError::Space);
        }
        let normal: String = if typed.is_ascii() { typed.to_owned() } else { typed.nfc().collect() };
        let (local, domain) = normal.rsplit_once('@').ok_or(EmailAddressError::NoDomain)?;
        if domain.is_empty() {
            return Err(EmailAddressError::NoDomain);
        }
        check_local_part(local)?;
        let canonical = format!("{}@{}", local.to_ascii_lowercase(), canonical_domain(domain)?);
        if canonical.len() > ADDRESS_BYTES || local.len() > LOCAL_PART_BYTES {
            return Err(EmailAddressError::TooLong);
        }
        let at = u8::try_from(local.len()).map_err(|_| EmailAddressError::TooLong)?;
        let typed = (canonical != typed).then(|| normal.as_str().into());
        Ok(Self { canonical: canonical.into(), at, typed })
    }
}

impl PartialEq for EmailAddress {
    fn eq(&self, other: &Self) -> bool {
        self.canonical == other.canonical
    }
}

impl Eq for EmailAddress {}

impl Hash for EmailAddress {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.canonical.hash(state);
    }
}

/// An address is personal data: what is logged by accident shows that there is one, not which.
impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

impl From<EmailAddress> for String {
    fn from(email: EmailAddress) -> Self {
        email.as_typed().to_owned()
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = EmailAddressError;

    fn try_from(text: String) -> Result<Self, EmailAddressError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        text.parse::<EmailAddress>().map(|email| email.canonical.into()).expect(text)
    }

    fn error(text: &str) -> EmailAddressError {
        text.parse::<EmailAddress>().expect_err(text)
    }

    #[test]
    fn one_mailbox_has_one_canonical_form() {
        assert_eq!(canonical("  Ada.Lovelace@Example.COM\u{a0}"), "ada.lovelace@example.com");
        assert_eq!(canonical("ada@BÜCHER.example"), "ada@xn--bcher-kva.example");
        assert_eq!(canonical("ada@bu\u{308}cher.example"), "ada@xn--bcher-kva.example");
        assert_eq!(canonical("ada@xn--bcher-kva.example"), "ada@xn--bcher-kva.example");
        assert_eq!(canonical("a.d.a+tag@example.com"), "a.d.a+tag@example.com");
    }

    #[test]
    fn the_typed_form_is_kept_for_display() {
        let email: EmailAddress = " Ada@Bücher.example ".parse().expect("an address");
        assert_eq!(email.as_typed(), "Ada@Bücher.example");
        assert_eq!(email.domain(), "xn--bcher-kva.example");
        assert_eq!(format!("{email:?}"), "EmailAddress(…)");
    }

    #[test]
    fn what_cannot_be_written_to_is_refused_with_its_reason() {
        assert_eq!(error("  "), EmailAddressError::Empty);
        assert_eq!(error("ada"), EmailAddressError::NoDomain);
        assert_eq!(error("ada@"), EmailAddressError::NoDomain);
        assert_eq!(error("@example.com"), EmailAddressError::NoLocalPart);
        assert_eq!(error("ada lovelace@example.com"), EmailAddressError::Space);
        assert_eq!(error("ada\u{200b}@example.com"), EmailAddressError::Invisible);
        assert_eq!(error("ada@exam\u{ad}ple.com"), EmailAddressError::Invisible);
        assert_eq!(error("\u{202e}ada@example.com"), EmailAddressError::Invisible);
        assert_eq!(error("åda@example.com"), EmailAddressError::LocalPartNotAscii);
        assert_eq!(error("ada..b@example.com"), EmailAddressError::LocalPart);
        assert_eq!(error("ada@b@example.com"), EmailAddressError::LocalPart);
        assert_eq!(error("\"ada\"@example.com"), EmailAddressError::LocalPart);
        assert_eq!(error("=cmd|'/c calc'!A1@example.com"), EmailAddressError::Space);
        for domain in
            ["localhost", "example", "-a.com", "exa_mple.com", "1.2.3.4", "[1.2.3.4]", "a..com", "example.com."]
        {
            assert_eq!(error(&format!("ada@{domain}")), EmailAddressError::Domain, "{domain}");
        }
        assert_eq!(error(&format!("{}@example.com", "a".repeat(65))), EmailAddressError::TooLong);
    }

    proptest::proptest! {
        #[test]
        fn the_short_way_and_the_long_way_agree(text in "[a-cA.@+-]{0,6}@?[a-cA1.-]{0,8}(\\.[a-c1]{1,3})?") {
            let (short, long) = (text.parse::<EmailAddress>(), EmailAddress::read_closely(text.trim()));
            let all = |email: &EmailAddress| (email.canonical().to_owned(), email.as_typed().to_owned(), email.at);
            proptest::prop_assert_eq!(short.as_ref().map(all), long.as_ref().map(all));
        }

        #[test]
        fn canonicalising_twice_changes_nothing(text in "\\PC{0,12}@\\PC{0,12}\\.[a-zA-Z]{2,4}") {
            if let Ok(email) = text.parse::<EmailAddress>() {
                let again: EmailAddress = email.canonical().parse().expect("canonical forms parse");
                proptest::prop_assert_eq!(again.canonical(), email.canonical());
                let typed: EmailAddress = email.as_typed().parse().expect("typed forms parse");
                proptest::prop_assert_eq!(typed.canonical(), email.canonical());
            }
        }
    }
}
