//! Everybody a file asked for so far, found again by their address or by one that looks like it.
//!
//! It is the one thing that grows with the file: 32 bytes a person, and four in a table that is between three and six
//! eighths full. People are found by how their address looks, since one that is the same looks the same; the few that look
//! like an earlier one are in a table of their own. Most people are new, so what a look-up costs is memory that is far
//! away: the table holds enough of each hash to say no without touching the person, and many people are looked up one
//! right after the other, so that the processor waits for several at once.

use std::hash::{BuildHasher, Hasher, RandomState};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use memchr::memchr;

use crate::validate::places::Places;
use usher_domain::email::{ADDRESS_BYTES, EmailAddress};

/// What a row's person is told apart from others by. Addresses are hashed with secrets of this file, so that none can be made
/// whose addresses collide, or crowd the table.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    /// A hash of the address. It tells apart the few who look like somebody else; the others look different.
    identity: u64,
    /// A hash of what the row asks for: it tells a repetition from a contradiction.
    content: u64,
    /// A hash, by another function, of how the address looks: without its tag, and with letters that are read for one
    /// another made one.
    look: u64,
    /// A part of what `identity` would be of the address without its tag.
    untagged: u32,
    line: u32,
}

/// How an address relates to an earlier one that is not the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Likeness {
    /// The same but for a tag behind a plus sign.
    Twin,
    /// Easily mistaken for it.
    LookAlike,
}

/// What is known of a row's person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sighting {
    /// Not seen before. Somebody like them may have been, on the line that is named.
    New(Option<(Likeness, u32)>),
    /// On this line already; whether with the same details.
    Known { line: u32, same: bool },
}

/// Everybody so far.
#[derive(Default)]
pub(crate) struct Seen {
    /// The first of those whose addresses look the same, and where they are found by it.
    firsts: Vec<Key>,
    by_look: Places,
    /// The others of them, who are few, and where they are found by who they are.
    others: Vec<Key>,
    by_identity: HashTable<u32>,
    identities: RandomState,
    looks: foldhash::quality::RandomState,
}

/// How many bytes are compared at once.
const LANE: usize = 16;

/// Room for an address, and for what the last lane looks at behind its end.
type Room = [u8; ADDRESS_BYTES.next_multiple_of(LANE) + 1];

/// Writes an address without its tag into an empty room, and says how long it is.
fn write_untagged(email: &EmailAddress, text: &mut Room) -> usize {
    let address = email.canonical().as_bytes();
    text[..address.len()].copy_from_slice(address);
    let (local, domain) = email.parts();
    let Some(plus) = memchr(b'+', local.as_bytes()) else { return address.len() };
    let length = plus + 1 + domain.len();
    text.copy_within(local.len()..address.len(), plus);
    text[length..address.len()].fill(0);
    length
}

/// Makes letters one that are read for one another, and says how long the text is then. No letter stands behind it.
fn make_alike(text: &mut [u8], length: usize) -> usize {
    let lanes = length.div_ceil(LANE);
    let (firsts, seconds) = (text.as_chunks::<LANE>().0, text[1..].as_chunks::<LANE>().0);
    let is = |byte: &u8, letter: u8| u8::from(*byte == letter);
    let mut pairs = 0;
    for (firsts, seconds) in firsts.iter().zip(seconds).take(lanes) {
        for (first, second) in firsts.iter().zip(seconds) {
            pairs |= is(first, b'r') & is(second, b'n') | is(first, b'v') & is(second, b'v');
        }
    }
    for lane in text.as_chunks_mut::<LANE>().0.iter_mut().take(lanes) {
        for byte in lane {
            *byte = if *byte == b'0' { b'o' } else { *byte };
            *byte = if *byte == b'1' { b'l' } else { *byte };
        }
    }
    if pairs == 0 { length } else { join_pairs(text, length) }
}

fn join_pairs(text: &mut [u8], length: usize) -> usize {
    let (mut from, mut to) = (0, 0);
    while from < length {
        let joined = match text[from..length] {
            [b'r', b'n', ..] => Some(b'm'),
            [b'v', b'v', ..] => Some(b'w'),
            _ => None,
        };
        text[to] = joined.unwrap_or(text[from]);
        from += if joined.is_some() { 2 } else { 1 };
        to += 1;
    }
    to
}

fn hash(with: &impl BuildHasher, text: &[u8]) -> u64 {
    let mut hasher = with.build_hasher();
    hasher.write(text);
    hasher.finish()
}

impl Seen {
    /// The key of a row that asks for `content`.
    pub(crate) fn key(&self, email: &EmailAddress, content: u64, line: u32) -> Key {
        let address = email.canonical().as_bytes();
        let identity = hash(&self.identities, address);
        let mut text: Room = [0; _];
        let length = write_untagged(email, &mut text);
        // Most addresses have no tag.
        let untagged = if length == address.len() { identity } else { hash(&self.identities, &text[..length]) };
        let [a, b, c, d, ..] = untagged.to_le_bytes();
        let length = make_alike(&mut text, length);
        let look = hash(&self.looks, &text[..length]);
        Key { identity, content, look, untagged: u32::from_le_bytes([a, b, c, d]), line }
    }

    /// Prepares for looking for these people: memory that is far away is waited for together, and is near when they are met
    /// one by one.
    pub(crate) fn expect<'a>(&self, keys: impl Iterator<Item = &'a Key>) {
        for key in keys {
            self.by_look.expect(key.look);
        }
    }

    /// Looks for a person, and remembers one not seen before unless there are as many as there may be at `most`, which is a
    /// number that [`Places`] can hold: then there is `None`.
    pub(crate) fn meet(&mut self, key: &Key, most: usize) -> Option<Sighting> {
        let Self { firsts, by_look, others, by_identity, .. } = self;
        let known = |before: &Key| Sighting::Known { line: before.line, same: before.content == key.content };
        let has_room = firsts.len() + others.len() < most;
        let first = match by_look.find(key.look, |number| firsts[number as usize].look == key.look) {
            Ok(first) => &firsts[first as usize],
            Err(vacancy) => {
                return has_room.then(|| {
                    firsts.push(*key);
                    by_look.fill(vacancy, firsts.iter().map(|first| first.look));
                    Sighting::New(None)
                });
            }
        };
        if first.identity == key.identity {
            return Some(known(first));
        }
        let identity = |number: &u32| others[*number as usize].identity;
        match by_identity.entry(key.identity, |number| identity(number) == key.identity, identity) {
            Entry::Occupied(entry) => Some(known(&others[*entry.get() as usize])),
            Entry::Vacant(entry) => {
                entry.insert(u32::try_from(others.len()).ok().filter(|_| has_room)?);
                others.push(*key);
                let likeness = if first.untagged == key.untagged { Likeness::Twin } else { Likeness::LookAlike };
                Some(Sighting::New(Some((likeness, first.line))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn meet(seen: &mut Seen, email: &str, content: u64, line: u32) -> Option<Sighting> {
        let email: EmailAddress = email.parse().expect("an address");
        seen.meet(&seen.key(&email, content, line), 6)
    }

    #[test]
    fn the_same_person_is_known_and_a_like_one_is_named() {
        let mut seen = Seen::default();
        let new = |like| Some(Sighting::New(like));
        assert_eq!(meet(&mut seen, "ada@x.example", 1, 2), new(None));
        assert_eq!(meet(&mut seen, "ADA@x.example", 1, 3), Some(Sighting::Known { line: 2, same: true }));
        assert_eq!(meet(&mut seen, "ada@x.example", 2, 4), Some(Sighting::Known { line: 2, same: false }));
        assert_eq!(meet(&mut seen, "ada+news@x.example", 1, 5), new(Some((Likeness::Twin, 2))));
        assert_eq!(meet(&mut seen, "bob.marner@x.example", 1, 6), new(None));
        assert_eq!(meet(&mut seen, "b0b.mamer@x.example", 1, 7), new(Some((Likeness::LookAlike, 6))));
        assert_eq!(meet(&mut seen, "b0b.mamer@x.example", 1, 8), Some(Sighting::Known { line: 7, same: true }));
        assert_eq!(meet(&mut seen, "person.10@x.example", 1, 8), new(None));
        assert_eq!(meet(&mut seen, "person.11@x.example", 1, 9), new(None));
        assert_eq!(meet(&mut seen, "person.12@x.example", 1, 10), None, "there is room for six");
    }

    #[test]
    fn numbered_addresses_do_not_look_alike() {
        let seen = Seen::default();
        let looks: HashSet<u64> = (0..1_000_000)
            .map(|n| {
                let email = format!("konta{:03}.fili{:03}@acme.example", n / 1_000, n % 1_000);
                // Without the digits that are read for letters, none of them looks like another.
                let email = email.replace('0', "a").replace('1', "b").parse().expect("an address");
                seen.key(&email, 0, 0).look
            })
            .collect();
        assert_eq!(looks.len(), 1_000_000);
    }

    /// How an address looks, a letter after the other.
    fn plainly(address: &str) -> String {
        without_tag(address).replace('0', "o").replace('1', "l").replace("rn", "m").replace("vv", "w")
    }

    fn without_tag(address: &str) -> String {
        let (local, domain) = address.split_once('@').expect("an address");
        format!("{}@{domain}", local.split('+').next().unwrap_or_default())
    }

    proptest::proptest! {
        #[test]
        fn addresses_look_the_same_just_as_they_read(
            one in "[rnv01olmw+]{1,3}[rnvx]{0,40}@[rnv01]{1,20}\\.(rn|vv|com)",
            other in "[rnv01olmw]{1,3}@[rnv01]{1,3}\\.(rn|m|vv|w)",
        ) {
            let swapped = one.replace('o', "0").replace('l', "1").replace('m', "rn").replace('w', "vv");
            let texts = [one.as_str(), &swapped, &other];
            let seen = Seen::default();
            let keys = texts.map(|text| text.parse().map(|email| seen.key(&email, 0, 0)));
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
