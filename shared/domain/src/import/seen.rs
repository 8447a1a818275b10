//! Everybody a file asked for so far, found again by their address or by one that looks like it.
//!
//! It is the one thing that grows with the file: 40 bytes a person, and nine in a table that is between half and seven
//! eighths full. People are found by how their address looks, since one that is the same looks the same; the few that look
//! like an earlier one are in a table of their own. Most people are new, so what a look-up costs is memory that is far away: the table holds enough of
//! each hash to say no without touching the person.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use memchr::memchr;
use rustc_hash::FxHasher;
use std::hash::Hasher;

use crate::email::{ADDRESS_BYTES, EmailAddress};
use crate::id::MembershipId;

/// The row that stands for a person. Bytes throughout, which saves the padding, times a million.
#[derive(Clone, Copy)]
struct Person {
    id: [u8; 16],
    line: [u8; 4],
    /// A hash of what the row asks for: it tells a repetition from a contradiction.
    content: [u8; 8],
    /// A hash of how the address looks.
    look: [u8; 8],
    /// A part of a hash of the address without its tag.
    untagged: [u8; 4],
}

/// Where a person stands among the people, and a part of the hash of how their address looks.
#[derive(Clone, Copy)]
struct Place {
    number: u32,
    part: u32,
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
}

/// The hash a table of places looks at: at its low bits for the place, at its high ones for the person.
fn spread(part: u32) -> u64 {
    u64::from(part).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32)
}

/// Each byte as the letter it is read for.
const ALIKE: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "it is below 256")]
        let itself = byte as u8;
        table[byte] = match itself {
            b'0' => b'o',
            b'1' => b'l',
            other => other,
        };
        byte += 1;
    }
    table
};

/// How an address looks, without tags, and with letters that are read for one another made one; and the address without
/// its tag. Whoever makes two addresses collide gets one warning too many in their own file.
fn look(email: &EmailAddress) -> (u64, u64) {
    let (local, domain) = email.parts();
    let local = memchr(b'+', local.as_bytes()).map_or(local, |plus| &local[..plus]);
    let hash = |parts: [&[u8]; 2]| {
        let mut hasher = FxHasher::default();
        for part in parts {
            hasher.write(part);
        }
        hasher.finish()
    };
    let untagged = hash([local.as_bytes(), domain.as_bytes()]);
    let (mut seen, mut length) = ([0; ADDRESS_BYTES], 0);
    for part in [local.as_bytes(), domain.as_bytes()] {
        let mut before = 0;
        for byte in part {
            let joined = match (before, *byte) {
                (b'r', b'n') => b'm',
                (b'v', b'v') => b'w',
                _ => 0,
            };
            length -= usize::from(joined != 0);
            seen[length] = if joined == 0 { ALIKE[usize::from(*byte)] } else { joined };
            length += 1;
            before = if joined == 0 { *byte } else { 0 };
        }
    }
    (hash([&seen[..length], b""]), untagged)
}

/// The lower half of a hash.
fn low(hash: u64) -> u32 {
    let [a, b, c, d, ..] = hash.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

impl Seen {
    /// Looks for a person, and remembers one not seen before unless there is no more room: then there is `None`.
    pub(super) fn meet(
        &mut self,
        id: MembershipId,
        email: &EmailAddress,
        content: u64,
        line: u32,
        most: usize,
    ) -> Option<Sighting> {
        let (look, untagged) = look(email);
        let (part, look, untagged) = (low(look), look.to_le_bytes(), low(untagged));
        let Self { people, by_look, look_alikes } = self;
        let content = content.to_le_bytes();
        let number = u32::try_from(people.len()).ok().filter(|_| people.len() < most);
        let person =
            Person { id: id.to_bytes(), line: line.to_le_bytes(), content, look, untagged: untagged.to_le_bytes() };
        let hash = |place: &Place| spread(place.part);
        let looks_so = |place: &Place| place.part == part && people[place.number as usize].look == look;
        match by_look.entry(spread(part), looks_so, hash) {
            Entry::Vacant(entry) => {
                let number = number?;
                entry.insert(Place { number, part });
                people.push(person);
                Some(Sighting::New(None))
            }
            Entry::Occupied(entry) => {
                let first = people[entry.get().number as usize];
                let known = |person: &Person| Sighting::Known {
                    line: u32::from_le_bytes(person.line),
                    same: person.content == content,
                };
                if first.id == person.id {
                    return Some(known(&first));
                }
                let hash = |number: &u32| id_hash(people[*number as usize].id);
                match look_alikes.entry(id_hash(person.id), |number| people[*number as usize].id == person.id, hash) {
                    Entry::Occupied(entry) => Some(known(&people[*entry.get() as usize])),
                    Entry::Vacant(entry) => {
                        entry.insert(number?);
                        people.push(person);
                        let twins = first.untagged == person.untagged;
                        let likeness = if twins { Likeness::Twin } else { Likeness::LookAlike };
                        Some(Sighting::New(Some((likeness, u32::from_le_bytes(first.line)))))
                    }
                }
            }
        }
    }
}

/// An id is a part of a SHA-256, so each part of it is a hash.
fn id_hash(id: [u8; 16]) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&id[..8]);
    u64::from_le_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::OrganisationId;

    fn meet(seen: &mut Seen, email: &str, content: u64, line: u32) -> Option<Sighting> {
        let email: EmailAddress = email.parse().expect("an address");
        seen.meet(MembershipId::of(OrganisationId::from_parts(1, 1), &email), &email, content, line, 6)
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
}
