//! The link in a mail: a token that names one generation of one invitation and proves that we issued it.
//!
//! `token = base64url(key id ‖ organisation ‖ membership ‖ generation ‖ MAC)`. The MAC is HMAC-SHA-256 cut to 128 bits
//! (RFC 2104 §5) under the named key. Nothing about a link is stored: every copy of its mail computes the same bytes, and a
//! forged link is refused before anything is read.

use std::collections::BTreeMap;
use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::id::{MembershipId, OrganisationId};

const MAC_BYTES: usize = 16;
const PAYLOAD_BYTES: usize = 1 + 16 + 16 + 4;
const TOKEN_BYTES: usize = PAYLOAD_BYTES + MAC_BYTES;
const TOKEN_CHARACTERS: usize = TOKEN_BYTES.div_ceil(3) * 4 - 1;

/// The secret part of a link. Only [`Token::reveal`] shows it, so that it never reaches a log by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Zeroizing<String>);

impl Token {
    /// The text for the link. Anyone who sees it can accept the invitation.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// What a valid token names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The organisation that invites.
    pub organisation: OrganisationId,
    /// Who is invited.
    pub membership: MembershipId,
    /// Which of their invitations.
    pub generation: u32,
}

/// The text is not one of our tokens: mistyped, cut short, forged, or signed with a retired key. The error deliberately
/// does not say which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a valid invitation link")]
pub struct TokenError;

/// Why the keys cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkKeysError {
    /// The secret is not a JSON object of strings.
    #[error("the link keys are not a JSON object of strings")]
    NotAnObject,
    /// The member `current` is missing, or there is no key with that id.
    #[error("the link keys have no current key")]
    NoCurrent,
    /// A key's id is not a number from 0 to 255.
    #[error("a link key's id is not a number from 0 to 255")]
    KeyId,
    /// A key has fewer than 32 characters.
    #[error("a link key has fewer than 32 characters")]
    TooShort,
}

/// The keys that sign links: one current, any number still valid.
pub struct LinkKeys {
    current: u8,
    keys: BTreeMap<u8, Zeroizing<Vec<u8>>>,
}

impl fmt::Debug for LinkKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkKeys(current {}, {} in all)", self.current, self.keys.len())
    }
}

impl LinkKeys {
    /// Reads the keys from their secret: `{"current":"1","1":"…"}`. To rotate, add a key and name it current; remove the
    /// old one when its last link has expired.
    pub fn parse(secret: &str) -> Result<Self, LinkKeysError> {
        let mut texts: BTreeMap<String, String> =
            serde_json::from_str(secret).map_err(|_| LinkKeysError::NotAnObject)?;
        let key_id = |text: &str| text.parse::<u8>().map_err(|_| LinkKeysError::KeyId);
        let current = key_id(&texts.remove("current").ok_or(LinkKeysError::NoCurrent)?)?;
        let mut keys = BTreeMap::new();
        for (id, key) in texts {
            if key.len() < 32 {
                return Err(LinkKeysError::TooShort);
            }
            keys.insert(key_id(&id)?, Zeroizing::new(key.into_bytes()));
        }
        if !keys.contains_key(&current) {
            return Err(LinkKeysError::NoCurrent);
        }
        Ok(Self { current, keys })
    }

    fn mac(&self, key_id: u8, payload: &[u8]) -> Option<[u8; MAC_BYTES]> {
        let key = self.keys.get(&key_id)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
        mac.update(payload);
        let mut cut = [0; MAC_BYTES];
        cut.copy_from_slice(&mac.finalize().into_bytes()[..MAC_BYTES]);
        Some(cut)
    }

    /// The token of this link, under the current key.
    #[must_use]
    pub fn issue(&self, link: Link) -> Token {
        let mut bytes = Zeroizing::new(Vec::with_capacity(TOKEN_BYTES));
        bytes.push(self.current);
        bytes.extend_from_slice(&link.organisation.to_bytes());
        bytes.extend_from_slice(&link.membership.to_bytes());
        bytes.extend_from_slice(&link.generation.to_be_bytes());
        // `parse` checked that the current key exists, and HMAC accepts keys of any length.
        let mac = self.mac(self.current, &bytes).unwrap_or_default();
        bytes.extend_from_slice(&mac);
        Token(Zeroizing::new(BASE64URL_NOPAD.encode(&bytes)))
    }

    /// What a token names, if it is one of ours. Mail programs append characters to links (`.`, `)`, `>`, `%3D`); what
    /// follows the token is ignored if it cannot be part of one.
    pub fn verify(&self, text: &str) -> Result<Link, TokenError> {
        let token = text.get(..TOKEN_CHARACTERS).ok_or(TokenError)?;
        let rest = &text[TOKEN_CHARACTERS..];
        if rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
            return Err(TokenError);
        }
        let bytes = Zeroizing::new(BASE64URL_NOPAD.decode(token.as_bytes()).map_err(|_| TokenError)?);
        let (payload, mac) = bytes.split_at_checked(PAYLOAD_BYTES).ok_or(TokenError)?;
        let expected = self.mac(payload[0], payload).ok_or(TokenError)?;
        if !bool::from(expected.ct_eq(mac)) {
            return Err(TokenError);
        }
        let sixteen = |at: usize| <[u8; 16]>::try_from(&payload[at..at + 16]).map_err(|_| TokenError);
        let generation = <[u8; 4]>::try_from(&payload[33..]).map_err(|_| TokenError)?;
        Ok(Link {
            organisation: OrganisationId::from_bytes(sixteen(1)?),
            membership: MembershipId::from_bytes(sixteen(17)?),
            generation: u32::from_be_bytes(generation),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = r#"{"current":"1","1":"0123456789abcdef0123456789abcdef"}"#;
    const BOTH: &str =
        r#"{"current":"2","1":"0123456789abcdef0123456789abcdef","2":"fedcba9876543210fedcba9876543210"}"#;
    const NEW: &str = r#"{"current":"2","2":"fedcba9876543210fedcba9876543210"}"#;

    fn link() -> Link {
        Link {
            organisation: OrganisationId::from_parts(1, 2),
            membership: MembershipId::from_bytes([7; 16]),
            generation: 3,
        }
    }

    fn keys(secret: &str) -> LinkKeys {
        LinkKeys::parse(secret).expect("good keys")
    }

    #[test]
    fn a_token_names_its_link_and_is_always_the_same() {
        let token = keys(OLD).issue(link());
        assert_eq!(token.reveal().len(), TOKEN_CHARACTERS);
        assert_eq!(token, keys(OLD).issue(link()));
        assert_eq!(keys(OLD).verify(token.reveal()), Ok(link()));
        assert_eq!(format!("{token:?}"), "Token(…)");
    }

    #[test]
    fn keys_rotate_without_breaking_open_links() {
        let old = keys(OLD).issue(link());
        assert_eq!(keys(BOTH).verify(old.reveal()), Ok(link()));
        assert_ne!(keys(BOTH).issue(link()), old);
        assert_eq!(keys(NEW).verify(old.reveal()), Err(TokenError));
    }

    #[test]
    fn characters_after_the_token_are_ignored() {
        let token = keys(OLD).issue(link());
        for tail in [".", ")", ">", "%3D", "=", "),", "\u{a0}", "?utm_source=x", "%22"] {
            assert_eq!(keys(OLD).verify(&format!("{}{tail}", token.reveal())), Ok(link()), "{tail}");
        }
    }

    #[test]
    fn one_changed_character_is_a_forgery() {
        let token = keys(OLD).issue(link());
        for index in 0..TOKEN_CHARACTERS {
            let mut forged = token.reveal().as_bytes().to_vec();
            forged[index] = if forged[index] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).expect("ascii");
            assert_eq!(keys(OLD).verify(&forged), Err(TokenError), "at {index}");
        }
        for text in ["", "x", "é", &format!("{}A", token.reveal()), &token.reveal()[1..]] {
            assert_eq!(keys(OLD).verify(text), Err(TokenError));
        }
    }

    #[test]
    fn unusable_keys_are_refused_with_the_reason() {
        let error = |secret| LinkKeys::parse(secret).expect_err("bad keys");
        assert_eq!(error("[]"), LinkKeysError::NotAnObject);
        assert_eq!(error(r#"{"1":"0123456789abcdef0123456789abcdef"}"#), LinkKeysError::NoCurrent);
        assert_eq!(error(r#"{"current":"2","1":"0123456789abcdef0123456789abcdef"}"#), LinkKeysError::NoCurrent);
        assert_eq!(error(r#"{"current":"1","1":"short"}"#), LinkKeysError::TooShort);
        assert_eq!(error(r#"{"current":"x","x":"0123456789abcdef0123456789abcdef"}"#), LinkKeysError::KeyId);
    }
}
