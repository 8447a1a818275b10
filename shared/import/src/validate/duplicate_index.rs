//! The people of a file so far, found again by their address or by an address that looks like it.
//!
//! This is the one structure that grows with the file: 33 bytes a slot of its hash table, at most 70 MB.
//! People are found by how their address looks, because equal addresses look equal. The few addresses that look like an
//! earlier, different one are kept in a second table.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use usher_domain::{EmailAddress, InvitationSpec};

/// What tells one row's person from another's. The hashes use secrets of this file, so that nobody can construct addresses
/// that collide.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    /// A hash of the address.
    identity: u64,
    /// A hash of everything else the row asks for: it tells a repetition from a contradiction.
    content: u64,
    /// A hash of how the address looks: without its plus tag, and with easily confused letters unified.
    look: u64,
    /// A part of what `identity` would be without the plus tag.
    untagged: u32,
    line: u32,
}

/// How an address relates to an earlier, different one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Similarity {
    /// Equal except for a plus tag.
    PlusTag,
    /// Easily mistaken for it.
    LookAlike,
}

/// What the rows before say about a row's person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Match {
    /// The address is new. An earlier line may have a similar one.
    New(Option<(Similarity, u32)>),
    /// An earlier line has the same address; `same`: and the same details.
    Known { line: u32, same: bool },
    /// The address is new, but the index is full.
    Full,
}

/// The people of a file so far.
#[derive(Default)]
pub(crate) struct DuplicateIndex {
    /// For each look, the first person whose address looks so.
    firsts: HashTable<Key>,
    /// The people whose address looks like an earlier one, by identity.
    others: HashTable<Key>,
    /// `SipHash`, unlike the others: an identity decides whether a row is the same person.
    identities: std::hash::RandomState,
    looks: foldhash::quality::RandomState,
    contents: foldhash::fast::RandomState,
    /// Room for the look of one address, kept to save an allocation per row.
    look: Vec<u8>,
}

/// Writes how an address looks: without its plus tag, with `0` as `o`, `1` as `l`, `rn` as `m` and `vv` as `w`.
fn write_look(local: &[u8], domain: &[u8], look: &mut Vec<u8>) {
    look.clear();
    for part in [local, b"@", domain] {
        look.extend_from_slice(part);
    }
    let mut length = 0;
    let mut before = 0;
    for at in 0..look.len() {
        let byte = match (before, look[at]) {
            (b'r', b'n') | (b'v', b'v') => {
                length -= 1;
                if before == b'r' { b'm' } else { b'w' }
            }
            (_, b'0') => b'o',
            (_, b'1') => b'l',
            (_, byte) => byte,
        };
        look[length] = byte;
        before = byte;
        length += 1;
    }
    look.truncate(length);
}

impl DuplicateIndex {
    /// The key of a row that asks for this invitation.
    pub(crate) fn key(&mut self, spec: &InvitationSpec, line: u32) -> Key {
        // The address is left out: spelling it differently is no contradiction.
        let InvitationSpec { email, name, job_title, entitlements, send } = spec;
        let content = (name, job_title, &entitlements.role, &entitlements.team);
        let content = self.contents.hash_one((content, &entitlements.products, &entitlements.courses, send));
        self.key_of(email, content, line)
    }

    fn key_of(&mut self, email: &EmailAddress, content: u64, line: u32) -> Key {
        let (local, domain) = email.parts();
        let identity = self.identities.hash_one(email.canonical());
        let (name, untagged) = match local.split_once('+') {
            // Most addresses have no tag.
            None => (local, identity),
            Some((name, _)) => (name, self.identities.hash_one(format!("{name}@{domain}"))),
        };
        let [a, b, c, d, ..] = untagged.to_le_bytes();
        write_look(name.as_bytes(), domain.as_bytes(), &mut self.look);
        let look = self.looks.hash_one(&self.look);
        Key { identity, content, look, untagged: u32::from_le_bytes([a, b, c, d]), line }
    }

    /// Looks for the person of a row, and inserts a new one unless the index already holds `capacity` people.
    pub(crate) fn insert(&mut self, key: &Key, capacity: usize) -> Match {
        let known = |before: &Key| Match::Known { line: before.line, same: before.content == key.content };
        let has_room = self.firsts.len() + self.others.len() < capacity;
        let first = match self.firsts.entry(key.look, |other| other.look == key.look, |other| other.look) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(_) if !has_room => return Match::Full,
            Entry::Vacant(entry) => {
                entry.insert(*key);
                return Match::New(None);
            }
        };
        if first.identity == key.identity {
            return known(&first);
        }
        match self.others.entry(key.identity, |other| other.identity == key.identity, |other| other.identity) {
            Entry::Occupied(entry) => known(entry.get()),
            Entry::Vacant(_) if !has_room => Match::Full,
            Entry::Vacant(entry) => {
                entry.insert(*key);
                let tag_only = first.untagged == key.untagged;
                let similarity = if tag_only { Similarity::PlusTag } else { Similarity::LookAlike };
                Match::New(Some((similarity, first.line)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn insert(index: &mut DuplicateIndex, email: &str, content: u64, line: u32) -> Match {
        let email: EmailAddress = email.parse().expect("an address");
        let key = index.key_of(&email, content, line);
        index.insert(&key, 6)
    }

    #[test]
    fn the_same_person_is_found_and_a_similar_one_is_named() {
        let index = &mut DuplicateIndex::default();
        assert_eq!(insert(index, "ada@x.example", 1, 2), Match::New(None));
        assert_eq!(insert(index, "ADA@x.example", 1, 3), Match::Known { line: 2, same: true });
        assert_eq!(insert(index, "ada@x.example", 2, 4), Match::Known { line: 2, same: false });
        assert_eq!(insert(index, "ada+news@x.example", 1, 5), Match::New(Some((Similarity::PlusTag, 2))));
        assert_eq!(insert(index, "bob.marner@x.example", 1, 6), Match::New(None));
        assert_eq!(insert(index, "b0b.mamer@x.example", 1, 7), Match::New(Some((Similarity::LookAlike, 6))));
        assert_eq!(insert(index, "b0b.mamer@x.example", 1, 8), Match::Known { line: 7, same: true });
        assert_eq!(insert(index, "person.10@x.example", 1, 8), Match::New(None));
        assert_eq!(insert(index, "person.11@x.example", 1, 9), Match::New(None));
        assert_eq!(insert(index, "person.12@x.example", 1, 10), Match::Full, "there is room for six");
    }

    #[test]
    fn numbered_addresses_do_not_look_alike() {
        let mut index = DuplicateIndex::default();
        let looks: HashSet<u64> = (0..1_000_000)
            .map(|n| {
                let email = format!("konta{:03}.fili{:03}@acme.example", n / 1_000, n % 1_000);
                // Without the digits that look like letters, no two of them look alike.
                let email = email.replace('0', "a").replace('1', "b").parse().expect("an address");
                index.key_of(&email, 0, 0).look
            })
            .collect();
        assert_eq!(looks.len(), 1_000_000);
    }

    /// How an address looks, by plain replacements.
    fn plainly(address: &str) -> String {
        without_tag(address).replace('0', "o").replace('1', "l").replace("rn", "m").replace("vv", "w")
    }

    fn without_tag(address: &str) -> String {
        let (local, domain) = address.split_once('@').expect("an address");
        format!("{}@{domain}", local.split('+').next().unwrap_or_default())
    }

    proptest::proptest! {
        #[test]
        fn addresses_look_the_same_when_they_read_the_same(
            one in "[rnv01olmw+]{1,3}[rnvx]{0,40}@[rnv01]{1,20}\\.(rn|vv|com)",
            other in "[rnv01olmw]{1,3}@[rnv01]{1,3}\\.(rn|m|vv|w)",
        ) {
            let swapped = one.replace('o', "0").replace('l', "1").replace('m', "rn").replace('w', "vv");
            let texts = [one.as_str(), &swapped, &other];
            let mut index = DuplicateIndex::default();
            let keys = texts.map(|text| text.parse().map(|email| index.key_of(&email, 0, 0)));
            for (a, first) in keys.iter().enumerate() {
                for (b, second) in keys.iter().enumerate() {
                    let (Ok(first), Ok(second)) = (first, second) else { continue };
                    proptest::prop_assert_eq!(first.look == second.look, plainly(texts[a]) == plainly(texts[b]));
                    proptest::prop_assert_eq!(first.untagged == second.untagged, without_tag(texts[a]) == without_tag(texts[b]));
                    proptest::prop_assert_eq!(first.identity == second.identity, texts[a] == texts[b]);
                }
            }
        }
    }
}
