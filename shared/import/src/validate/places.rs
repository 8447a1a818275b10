//! A hash table of the numbers 0, 1, 2 and so on, small enough to stay near.
//!
//! It is [`hashbrown`] that people would be looked up in, were it not for a million of them: there a look-up waits twice
//! for memory that is far away, once for a byte of the hash and once for the entry. Here it waits once, for four bytes that
//! hold both; files are planned a tenth faster by it. It grows, and nothing is ever taken out. Hashes have to be spread
//! evenly, and none that anybody could choose.

use std::hint::black_box;

/// How many bits of a slot say which number it holds. The others are a part of the hash, so that most numbers that are not
/// looked for are passed by without a look at what they stand for.
const NUMBER_BITS: u32 = 21;
const NUMBER: u32 = (1 << NUMBER_BITS) - 1;

/// The highest number it can hold.
pub(crate) const HIGHEST: u32 = NUMBER - 1;

/// Numbers, by the hashes of what they stand for. Open addressing with linear probing, three quarters full at most.
pub(crate) struct Places {
    /// One more than a number, under a part of its hash; 0 where there is none. As many as a power of two.
    slots: Vec<u32>,
    count: u32,
}

/// Where a number that was not found would stand, and the part of its hash to keep there.
pub(crate) struct Vacancy {
    slot: usize,
    kept: u32,
}

impl Default for Places {
    fn default() -> Self {
        Self { slots: vec![0; 64], count: 0 }
    }
}

impl Places {
    #[expect(clippy::cast_possible_truncation, reason = "only the lowest bits are asked for")]
    fn first_slot(&self, hash: u64) -> usize {
        hash as usize & (self.slots.len() - 1)
    }

    fn next_slot(&self, slot: usize) -> usize {
        (slot + 1) & (self.slots.len() - 1)
    }

    /// The part of the hash that a slot keeps. It has no bit in common with the place of a slot.
    fn kept(hash: u64) -> u32 {
        let [.., a, b, c, d] = hash.to_le_bytes();
        u32::from_le_bytes([a, b, c, d]) & !NUMBER
    }

    /// Reads where a number of this hash would stand, so that it is near when it is looked for.
    pub(crate) fn expect(&self, hash: u64) {
        black_box(self.slots[self.first_slot(hash)]);
    }

    /// The number of this hash that `is` what is looked for, or else where it would stand.
    pub(crate) fn find(&self, hash: u64, is: impl Fn(u32) -> bool) -> Result<u32, Vacancy> {
        let kept = Self::kept(hash);
        let mut slot = self.first_slot(hash);
        loop {
            let content = self.slots[slot];
            if content == 0 {
                return Err(Vacancy { slot, kept });
            }
            let number = (content & NUMBER) - 1;
            if content & !NUMBER == kept && is(number) {
                return Ok(number);
            }
            slot = self.next_slot(slot);
        }
    }

    /// Puts the next number in where it was not found: how many there were before, at most [`HIGHEST`]. `hashes` are those of
    /// what all numbers stand for, this one too, in their order.
    pub(crate) fn fill(&mut self, Vacancy { slot, kept }: Vacancy, hashes: impl Iterator<Item = u64>) {
        self.slots[slot] = kept | (self.count + 1);
        self.count += 1;
        if self.count as usize * 4 > self.slots.len() * 3 {
            self.grow(hashes);
        }
    }

    /// In the order of the numbers: it is cheaper to write to a table here and there than to read all over what they stand
    /// for.
    fn grow(&mut self, hashes: impl Iterator<Item = u64>) {
        let twice = self.slots.len() * 2;
        // What the old table says is known from elsewhere, so its memory goes first.
        self.slots = Vec::new();
        self.slots = vec![0; twice];
        for (number, hash) in (0..self.count).zip(hashes) {
            let mut slot = self.first_slot(hash);
            while self.slots[slot] != 0 {
                slot = self.next_slot(slot);
            }
            self.slots[slot] = Self::kept(hash) | (number + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        /// Few different hashes, at the end of the table and so at its beginning: many are the same in the lowest bits, in the
        /// ones that are kept, or in all.
        #[test]
        fn what_was_put_in_is_found(things in proptest::collection::vec((0u64..4, 0u64..40, 0u64..4), 0..400)) {
            let hash = |(high, low, _): (u64, u64, u64)| high << 62 | (low + 50);
            let (mut places, mut inside) = (Places::default(), Vec::new());
            for thing in things {
                places.expect(hash(thing));
                let found = places.find(hash(thing), |number| inside[number as usize] == thing);
                let expected = inside.iter().position(|other| *other == thing);
                proptest::prop_assert_eq!(found.as_ref().ok().map(|number| *number as usize), expected);
                if let Err(vacancy) = found {
                    inside.push(thing);
                    places.fill(vacancy, inside.iter().copied().map(hash));
                }
            }
        }
    }

    #[test]
    fn the_highest_number_fits() {
        let mut places = Places { count: HIGHEST, slots: vec![0; 1 << (NUMBER_BITS + 1)] };
        let hash = u64::MAX;
        let Err(vacancy) = places.find(hash, |_| true) else { panic!("nothing is there yet") };
        places.fill(vacancy, std::iter::empty());
        assert_eq!(places.find(hash, |number| number == HIGHEST).ok(), Some(HIGHEST));
        assert!(places.find(hash ^ 1 << 63, |_| true).is_err(), "it is told apart by the hash alone");
    }
}
