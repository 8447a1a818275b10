//! Typed identifiers. Two kinds of id never mix, because they are two types.

use std::fmt;
use std::str::FromStr;

use data_encoding::{Encoding, Specification};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

use crate::email::{ADDRESS_BYTES, EmailAddress};

/// A text that is not an id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not {kind} id")]
pub struct IdError {
    kind: &'static str,
    found: String,
}

/// Lower-case base32 (RFC 4648 alphabet) without padding; upper case is read as well.
static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
    specification.translate.from.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    specification.translate.to.push_str("abcdefghijklmnopqrstuvwxyz");
    specification.check_trailing_bits = true;
    #[expect(clippy::expect_used, reason = "the specification is a constant, checked by every test that prints an id")]
    specification.encoding().expect("a valid base32 specification")
});

macro_rules! ulid_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name(ulid::Ulid);

        impl $name {
            /// Makes an id from a time in milliseconds since the epoch and 80 bits of randomness (the rest is ignored).
            #[must_use]
            pub fn from_parts(milliseconds: u64, randomness: u128) -> Self {
                Self(ulid::Ulid::from_parts(milliseconds, randomness))
            }

            /// The id as 16 bytes.
            #[must_use]
            pub fn to_bytes(self) -> [u8; 16] {
                self.0.to_bytes()
            }

            /// The id that these 16 bytes spell.
            #[must_use]
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(ulid::Ulid::from_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                // Only the one spelling that `Display` gives, in either case: 26 characters hold two bits too many, and
                // the alphabet has letters that stand for digits, so other texts would name the same id.
                ulid::Ulid::from_string(text)
                    .ok()
                    .filter(|ulid| ulid.to_string().eq_ignore_ascii_case(text))
                    .map(Self)
                    .ok_or_else(|| IdError { kind: $kind, found: text.to_owned() })
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }
    };
}

ulid_id!(
    /// An organisation: a ULID, made when the organisation is created.
    OrganisationId,
    "an organisation"
);
ulid_id!(
    /// An import: a ULID made when it is announced, or derived from the object when the file arrives unannounced.
    ImportId,
    "an import"
);
ulid_id!(
    /// A reservation of places; it is derived from what asks for them, so that a retry finds the same one.
    ReservationId,
    "a reservation"
);

/// Derives a stable 128-bit id from parts that together name one thing. Each part is preceded by its length, so no two
/// lists of parts run together.
fn derive(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut id = [0; 16];
    id.copy_from_slice(&hash.finalize()[..16]);
    id
}

impl ImportId {
    /// The import that an unannounced object stands for. The same version of the same object is always the same import,
    /// however often its event is delivered.
    #[must_use]
    pub fn of_object(bucket: &str, key: &str, version: &str) -> Self {
        Self::from_bytes(derive(&[b"object", bucket.as_bytes(), key.as_bytes(), version.as_bytes()]))
    }
}

impl ReservationId {
    /// The reservation of one request, named by anything that stays the same when the request is repeated.
    #[must_use]
    pub fn derived(parts: &[&[u8]]) -> Self {
        Self::from_bytes(derive(parts))
    }
}

/// One person's standing in one organisation: the first 128 bits of SHA-256 over organisation and canonical address.
///
/// Being derived, it makes uniqueness a matter of the key itself, lets an address look itself up, and keeps addresses
/// out of URLs, logs and queues.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct MembershipId([u8; 16]);

/// How many partitions the members of one organisation are spread over.
pub const SHARDS: u8 = 8;

impl MembershipId {
    /// The membership of the person with this address in this organisation.
    #[must_use]
    pub fn of(organisation: OrganisationId, email: &EmailAddress) -> Self {
        let canonical = email.canonical().as_bytes();
        let mut text = [0; 16 + ADDRESS_BYTES];
        text[..16].copy_from_slice(&organisation.to_bytes());
        text[16..16 + canonical.len()].copy_from_slice(canonical);
        let mut id = [0; 16];
        id.copy_from_slice(&Sha256::digest(&text[..16 + canonical.len()])[..16]);
        Self(id)
    }

    /// The partition of the organisation that holds this membership: the top three bits of the id.
    #[must_use]
    pub fn shard(self) -> u8 {
        self.0[0] >> 5
    }

    /// The id as 16 bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// The id that these 16 bytes spell.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for MembershipId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE32.encode(&self.0))
    }
}

impl fmt::Debug for MembershipId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for MembershipId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        BASE32
            .decode(text.as_bytes())
            .ok()
            .and_then(|bytes| <[u8; 16]>::try_from(bytes).ok())
            .map(Self)
            .ok_or_else(|| IdError { kind: "a membership", found: text.to_owned() })
    }
}

impl From<MembershipId> for String {
    fn from(id: MembershipId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for MembershipId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_membership_id_depends_on_the_canonical_address_and_the_organisation() {
        let acme = OrganisationId::from_parts(1, 1);
        let other = OrganisationId::from_parts(1, 2);
        let id = MembershipId::of(acme, &"Ada@Example.com".parse().expect("an address"));
        assert_eq!(id, MembershipId::of(acme, &" ada@example.COM ".parse().expect("an address")));
        assert_ne!(id, MembershipId::of(other, &"ada@example.com".parse().expect("an address")));
        assert_eq!(id.to_string().len(), 26);
        assert_eq!(id.to_string().parse::<MembershipId>(), Ok(id));
        assert_eq!(id.to_string().to_uppercase().parse::<MembershipId>(), Ok(id));
    }

    #[test]
    fn other_texts_are_no_ids() {
        for text in ["", "x", "0123456789", "zzzzzzzzzzzzzzzzzzzzzzzzzz", "../../etc/passwd"] {
            assert!(text.parse::<MembershipId>().is_err(), "{text}");
            assert!(text.parse::<OrganisationId>().is_err(), "{text}");
        }
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(ImportId::of_object("a", "bc", ""), ImportId::of_object("ab", "c", ""));
    }
}
