//! Everybody a file asked for so far, found again by their address or by one that looks like it.
//!
//! It is the one thing that grows with the file: 28 bytes a person, and nine in a table that is between half and seven
//! eighths full. People are found by how their address looks, since one that is the same looks the same; the few that look
//! like an earlier one are in a table of their own. Most people are new, so what a look-up costs is memory that is far
//! away: the table holds enough of each hash to say no without touching the person, and many people are looked up one
//! right after the other, so that the processor waits for several at once.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::hint::black_box;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use memchr::memchr;
use rustc_hash::FxHasher;

use crate::email::{ADDRESS_BYTES, EmailAddress};

/// What a row's person is told apart from others by.
#[derive(Clone, Copy)]
pub(super) struct Key {
    /// A hash of the address with a secret of this file, so that nobody can make two that collide. It tells apart the few
    /// who look like somebody else; the others look different.
    identity: u64,
    /// A hash of what the row asks for: it tells a repetition from a contradiction.
    content: u64,
    /// A hash of how the address looks.
    look: u64,
    /// A part of a hash of the address without its tag.
    untagged: u32,
    line: u32,
}

/// The row that stands for a person. Bytes throughout, which saves the padding, times a million.
#[derive(Clone, Copy)]
struct Person {
    identity: [u8; 8],
    content: [u8; 8],
    line: [u8; 4],
    /// The half of the hash that is not in the table.
    look: [u8; 4],
    untagged: [u8; 4],
}

/// Where a person stands among the people, and the lower half of the hash of how their address looks.
#[derive(Clone, Copy)]
struct Place {
    number: u32,
    look: u32,
}

/// How an address relates to an earlier one that is not the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Likeness {
    /// The same but for a tag behind a plus sign.
    Twin,
    /// Easily mistaken for it.
    LookAlike,
}

/// What is known of a row's person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sighting {
    /// Not seen before. Somebody like them may have been, on the line that is named.
    New(Option<(Likeness, u32)>),
    /// On this line already; whether with the same details.
    Known { line: u32, same: bool },
}

/// Everybody so far.
#[derive(Default)]
pub(super) struct Seen {
    people: Vec<Person>,
    /// The first of those whose addresses look the same.
    by_look: HashTable<Place>,
    /// The others of them, who are few, by who they are.
    look_alikes: HashTable<u32>,
    secret: RandomState,
}

/// The hash a table of places looks at: at its low bits for the place, at its high ones for the person.
fn spread(look: u32) -> u64 {
    u64::from(look).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32)
}

/// How many bytes are compared at once.
const LANE: usize = 16;

/// How an address looks, without tags, and with letters that are read for one another made one; and the address without
/// its tag. Both are hashes. Whoever makes two addresses collide gets one warning too many in their own file.
fn look(email: &EmailAddress) -> (u64, u64) {
    // Of whole texts, which it mixes well; word by word it would not, and numbered addresses would look alike.
    let hash = |text: &[u8]| {
        let mut hasher = FxHasher::default();
        hasher.write(text);
        hasher.finish()
    };
    // With room for what the last lane looks at behind the end.
    let mut text = [0; ADDRESS_BYTES.next_multiple_of(LANE) + 1];
    let mut length = email.canonical().len();
    text[..length].copy_from_slice(email.canonical().as_bytes());
    let (local, domain) = email.parts();
    if let Some(plus) = memchr(b'+', local.as_bytes()) {
        text[plus] = b'@';
        text[plus + 1..=plus + domain.len()].copy_from_slice(domain.as_bytes());
        text[plus + domain.len() + 1..length].fill(0);
        length = plus + 1 + domain.len();
    }
    let untagged = hash(&text[..length]);
    let length = make_alike(&mut text, length);
    (hash(&text[..length]), untagged)
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

/// The lower and the upper half of a hash.
#[expect(clippy::cast_possible_truncation, reason = "the halves are what is asked for")]
fn halves(hash: u64) -> (u32, u32) {
    (hash as u32, (hash >> 32) as u32)
}

impl Key {
    fn person(&self) -> Person {
        let Self { identity, content, look, untagged, line } = *self;
        Person {
            identity: identity.to_le_bytes(),
            content: content.to_le_bytes(),
            line: line.to_le_bytes(),
            look: halves(look).1.to_le_bytes(),
            untagged: untagged.to_le_bytes(),
        }
    }
}

impl Seen {
    /// The key of a row that asks for `content`.
    pub(super) fn key(&self, email: &EmailAddress, content: u64, line: u32) -> Key {
        let (look, untagged) = look(email);
        let mut identity = self.secret.build_hasher();
        identity.write(email.canonical().as_bytes());
        Key { identity: identity.finish(), content, look, untagged: halves(untagged).0, line }
    }

    /// Looks up where people would stand, all at once: memory that is far away is waited for together, and is near when
    /// they are met one by one.
    pub(super) fn expect<'a>(&self, keys: impl Iterator<Item = &'a Key>) {
        for key in keys {
            let look = halves(key.look).0;
            black_box(self.by_look.find(spread(look), |place| place.look == look));
        }
    }

    /// Looks for a person, and remembers one not seen before unless there is no more room: then there is `None`.
    pub(super) fn meet(&mut self, key: &Key, most: usize) -> Option<Sighting> {
        let Self { people, by_look, look_alikes, .. } = self;
        let person = key.person();
        let look = halves(key.look).0;
        let number = u32::try_from(people.len()).ok().filter(|_| people.len() < most);
        let looks_so = |place: &Place| place.look == look && people[place.number as usize].look == person.look;
        match by_look.entry(spread(look), looks_so, |place| spread(place.look)) {
            Entry::Vacant(entry) => {
                entry.insert(Place { number: number?, look });
                people.push(person);
                Some(Sighting::New(None))
            }
            Entry::Occupied(entry) => {
                let first = people[entry.get().number as usize];
                let line = |person: &Person| u32::from_le_bytes(person.line);
                let known =
                    |before: &Person| Sighting::Known { line: line(before), same: before.content == person.content };
                if first.identity == person.identity {
                    return Some(known(&first));
                }
                let is_same = |number: &u32| people[*number as usize].identity == person.identity;
                let hash = |number: &u32| u64::from_le_bytes(people[*number as usize].identity);
                match look_alikes.entry(key.identity, is_same, hash) {
                    Entry::Occupied(entry) => Some(known(&people[*entry.get() as usize])),
                    Entry::Vacant(entry) => {
                        entry.insert(number?);
                        people.push(person);
                        let twins = first.untagged == person.untagged;
                        let likeness = if twins { Likeness::Twin } else { Likeness::LookAlike };
                        Some(Sighting::New(Some((likeness, line(&first)))))
                    }
                }
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
        let looks = (0..1_000_000).map(|n| {
            let email = format!("konta{:03}.fili{:03}@acme.example", n / 1_000, n % 1_000);
            // Without the digits that are read for letters, none of them looks like another.
            let email = email.replace('0', "a").replace('1', "b");
            look(&email.parse().expect("an address"))
        });
        let (seen, untagged): (HashSet<u64>, HashSet<u64>) = looks.unzip();
        assert_eq!((seen.len(), untagged.len()), (1_000_000, 1_000_000));
    }

    /// How an address looks, a letter after the other.
    fn plainly(address: &str) -> String {
        untagged(address).replace('0', "o").replace('1', "l").replace("rn", "m").replace("vv", "w")
    }

    fn untagged(address: &str) -> String {
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
            let looks = texts.map(|text| text.parse::<EmailAddress>().map(|email| look(&email)));
            for (a, first) in looks.iter().enumerate() {
                for (b, second) in looks.iter().enumerate() {
                    let (Ok(first), Ok(second)) = (first, second) else { continue };
                    proptest::prop_assert_eq!(first.0 == second.0, plainly(texts[a]) == plainly(texts[b]));
                    proptest::prop_assert_eq!(first.1 == second.1, untagged(texts[a]) == untagged(texts[b]));
                }
            }
        }
    }
}
