//! Lists of an organisation's people, read from all partitions at the same time, within a budget: a page may be short and
//! still have a next one.

mod filter;
mod position;
mod round;

use std::collections::VecDeque;

use jiff::Timestamp;
use usher_domain::id::SHARDS;
use usher_domain::{Membership, OrganisationId};

use filter::Condition;
pub use filter::ListFilter;
use position::{Position, Reached};
use round::{Part, Round};

use crate::{Store, StoreError, Versioned};

/// How often a page reads all partitions.
const ROUNDS: usize = 2;
/// The most that the first round looks at in each partition: even with 8 KB a person, who then has a hundred courses, it stays
/// within the budget, and shows the second one how large people are.
const FIRST: usize = 20;
/// What is read in each partition beyond its share of the page, since shares are never quite equal.
const SPARE: usize = 8;
/// What a page may cost, in halves of a read unit: 180 units, so that people who take more room than those of the first round
/// do not lead beyond 200.
const BUDGET: usize = 360;
/// How many people of each partition a round of a delivery check looks at.
const CHECKED_AT_ONCE: usize = 1_000;

/// One page of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next one begins; `None` on the last.
    pub next: Option<String>,
}

/// What the rounds of a page have read so far.
#[derive(Debug, Default)]
struct Spent {
    found: usize,
    looked_at: usize,
    half_units: usize,
}

impl Spent {
    fn add(&mut self, part: &Part) {
        self.found += part.found.len();
        self.looked_at += part.looked_at;
        self.half_units += part.half_units;
    }

    /// How many people the next round looks at in each of the `open` partitions to find `missing` more.
    fn at_once(&self, missing: usize, open: usize) -> usize {
        if self.looked_at == 0 {
            return (missing.div_ceil(open) + SPARE).min(FIRST);
        }
        // As many as the rest of the budget pays for, judging by those that were read, but not many more than needed.
        let affordable = BUDGET.saturating_sub(self.half_units) * self.looked_at / self.half_units.max(1);
        let needed = (2 * missing * self.looked_at).checked_div(self.found).unwrap_or(usize::MAX);
        (affordable / open).min((needed / open).saturating_add(SPARE))
    }
}

/// What was found in one partition.
#[derive(Debug)]
struct Found {
    /// Where the page began, and then how far it shows this partition.
    shown: Reached,
    members: VecDeque<Versioned>,
    /// How far it was read.
    read: Reached,
}

impl Store {
    /// Whether a text is a position where a page of this list ended.
    #[must_use]
    pub fn is_list_position(position: &str) -> bool {
        position.parse::<Position>().is_ok()
    }

    /// One page of an organisation's memberships, to show, in the order of their ids. It costs at most 200 read units, in at
    /// most two rounds of one query for each partition; the second only if `is_late` does not say that there is no time for
    /// it. What was written a moment ago may be missing: reads that see everything cost twice as much.
    pub async fn list_memberships(
        &self,
        organisation: OrganisationId,
        filter: &ListFilter,
        limit: usize,
        from: Option<&str>,
        now: Timestamp,
        is_late: impl Fn() -> bool,
    ) -> Result<Page<Membership>, StoreError> {
        let condition = Condition::of(filter, now);
        let mut position = read_position(from)?;
        let mut partitions =
            position.0.map(|reached| Found { shown: reached, members: VecDeque::new(), read: reached });
        let mut spent = Spent::default();
        for round in 0..ROUNDS {
            let open = position.0.iter().filter(|reached| **reached != Reached::End).count();
            let missing = limit.saturating_sub(spent.found);
            if missing == 0 || open == 0 || (round > 0 && is_late()) {
                break;
            }
            let at_once = spent.at_once(missing, open);
            if at_once == 0 {
                break;
            }
            let round = Round { organisation, condition: &condition, at_once, consistent: false };
            for part in self.read_round(round, &position).await? {
                spent.add(&part);
                let shard = usize::from(part.shard);
                position.0[shard] = part.reached;
                partitions[shard].read = part.reached;
                partitions[shard].members.extend(part.found);
            }
        }
        let mut items = take_evenly(&mut partitions, limit);
        items.sort_unstable_by_key(|member| member.id);
        let shown = Position(partitions.map(|found| if found.members.is_empty() { found.read } else { found.shown }));
        Ok(Page { items, next: (!shown.is_end()).then(|| shown.to_string()) })
    }

    /// One round over the open invitations of an organisation whose mail was not sent, to change them. Reads consistently:
    /// whoever is missed here gets no mail.
    pub async fn unsent_mails(
        &self,
        organisation: OrganisationId,
        from: Option<&str>,
        now: Timestamp,
    ) -> Result<Page<Versioned>, StoreError> {
        let condition = Condition::unsent(now);
        let mut position = read_position(from)?;
        let round = Round { organisation, condition: &condition, at_once: CHECKED_AT_ONCE, consistent: true };
        let mut items = Vec::new();
        for part in self.read_round(round, &position).await? {
            position.0[usize::from(part.shard)] = part.reached;
            items.extend(part.found);
        }
        Ok(Page { items, next: (!position.is_end()).then(|| position.to_string()) })
    }
}

fn read_position(from: Option<&str>) -> Result<Position, StoreError> {
    let position = from.map_or(Ok(Position::START), str::parse);
    position.map_err(|_| StoreError::damaged("next", "is no position of a list"))
}

/// One of each partition in turn, so that all of them are shown to about the same place, and little is read twice.
fn take_evenly(partitions: &mut [Found; SHARDS as usize], limit: usize) -> Vec<Membership> {
    let mut taken = Vec::new();
    while taken.len() < limit && partitions.iter().any(|found| !found.members.is_empty()) {
        for found in partitions.iter_mut() {
            if taken.len() < limit
                && let Some(member) = found.members.pop_front()
            {
                found.shown = Reached::After(member.membership.id);
                taken.push(member.membership);
            }
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spent(found: usize, looked_at: usize, half_units: usize) -> Spent {
        Spent { found, looked_at, half_units }
    }

    #[test]
    fn the_first_round_reads_a_little_more_than_the_page() {
        assert_eq!(spent(0, 0, 0).at_once(50, 8), 7 + SPARE);
        assert_eq!(spent(0, 0, 0).at_once(500, 8), FIRST);
    }

    #[test]
    fn the_second_round_spends_what_is_left_on_what_is_rare() {
        // 400 people of half a kilobyte cost 25 units. 155 are left, for 2,480 people.
        assert_eq!(spent(0, 400, 50).at_once(50, 8), 310);
        // As large as people can be: nothing is left.
        assert_eq!(spent(0, 400, 400).at_once(50, 8), 0);
    }

    #[test]
    fn the_second_round_reads_no_more_than_it_needs() {
        assert_eq!(spent(400, 400, 50).at_once(100, 8), 25 + SPARE);
    }
}
