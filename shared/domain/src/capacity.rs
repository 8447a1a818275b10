//! Places: seats, product licences and course places, counted together.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::spec::Entitlements;

/// One kind of place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// A seat in the organisation; everybody takes one.
    Seat,
    /// A licence of the product with this id.
    Product(String),
    /// A place in the course with this slug.
    Course(String),
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seat => f.write_str("seats"),
            Self::Product(id) => write!(f, "product {id}"),
            Self::Course(slug) => write!(f, "course {slug}"),
        }
    }
}

/// How many places of each kind something takes, or gives back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CapacityRequest(BTreeMap<Resource, u32>);

impl CapacityRequest {
    /// What one person takes.
    #[must_use]
    pub fn of(entitlements: &Entitlements) -> Self {
        let mut needed = Self::default();
        needed.add(entitlements);
        needed
    }

    /// Adds what one more person takes.
    pub fn add(&mut self, entitlements: &Entitlements) {
        *self.0.entry(Resource::Seat).or_default() += 1;
        for product in &entitlements.products {
            *self.0.entry(Resource::Product(product.clone())).or_default() += 1;
        }
        for course in &entitlements.courses {
            *self.0.entry(Resource::Course(course.clone())).or_default() += 1;
        }
    }

    /// Adds another demand to this one.
    pub fn merge(&mut self, other: &Self) {
        for (resource, count) in &other.0 {
            *self.0.entry(resource.clone()).or_default() += count;
        }
    }

    /// What this takes that the other does not: a person whose products changed from `other` to `self` needs that much more.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        let more =
            self.0.iter().map(|(resource, count)| (resource.clone(), count.saturating_sub(other.count(resource))));
        more.collect()
    }

    /// How many places of one kind.
    #[must_use]
    pub fn count(&self, resource: &Resource) -> u32 {
        self.0.get(resource).copied().unwrap_or(0)
    }

    /// Whether it takes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every kind of place it takes, with the number.
    pub fn iter(&self) -> impl Iterator<Item = (&Resource, u32)> {
        self.0.iter().map(|(resource, count)| (resource, *count))
    }
}

impl FromIterator<(Resource, u32)> for CapacityRequest {
    fn from_iter<I: IntoIterator<Item = (Resource, u32)>>(places: I) -> Self {
        let mut needed = Self::default();
        for (resource, count) in places {
            if count > 0 {
                *needed.0.entry(resource).or_default() += count;
            }
        }
        needed
    }
}

/// One kind of place: how many there are and how many are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Allowance {
    /// How many there are; `None` for as many as one likes.
    pub limit: Option<u32>,
    /// How many are taken, by members and by open invitations.
    pub used: u32,
}

impl Allowance {
    /// How many are left; `None` for as many as one likes. A limit lowered below what is taken leaves none.
    #[must_use]
    pub fn free(self) -> Option<u32> {
        self.limit.map(|limit| limit.saturating_sub(self.used))
    }
}

/// All places of an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capacity(pub BTreeMap<Resource, Allowance>);

/// The arithmetic of one kind of place that a demand touches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sum {
    /// How many there are; `None` for as many as one likes.
    pub limit: Option<u32>,
    /// How many are taken.
    pub used: u32,
    /// How many are left; `None` for as many as one likes.
    pub free: Option<u32>,
    /// How many are wanted.
    pub needed: u32,
    /// How many are wanted beyond those left.
    pub missing: u32,
}

/// A demand that does not fit, with the arithmetic of every place it wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapacityExceeded(pub BTreeMap<Resource, Sum>);

impl Capacity {
    /// How many places of one kind there are and are taken. A kind nobody has set a limit for is unlimited.
    #[must_use]
    pub fn allowance(&self, resource: &Resource) -> Allowance {
        self.0.get(resource).copied().unwrap_or_default()
    }

    /// The arithmetic for every place that a demand wants.
    #[must_use]
    pub fn sums(&self, needed: &CapacityRequest) -> BTreeMap<Resource, Sum> {
        let sum = |resource: &Resource, needed: u32| {
            let allowance = self.allowance(resource);
            let free = allowance.free();
            let missing = free.map_or(0, |free| needed.saturating_sub(free));
            Sum { limit: allowance.limit, used: allowance.used, free, needed, missing }
        };
        needed.iter().map(|(resource, needed)| (resource.clone(), sum(resource, needed))).collect()
    }

    /// Whether a demand fits as a whole; it is never met in part.
    pub fn check(&self, needed: &CapacityRequest) -> Result<(), CapacityExceeded> {
        let sums = self.sums(needed);
        if sums.values().all(|sum| sum.missing == 0) { Ok(()) } else { Err(CapacityExceeded(sums)) }
    }
}

impl fmt::Display for CapacityExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = self.0.iter().filter(|(_, sum)| sum.missing > 0);
        for (index, (resource, sum)) in short.enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            let free = sum.free.unwrap_or(0);
            write!(f, "{resource}: {} needed, {free} free, {} missing", sum.needed, sum.missing)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn capacity(limit: Option<u32>, used: u32) -> Capacity {
        Capacity([(Resource::Seat, Allowance { limit, used })].into())
    }

    fn seats(count: u32) -> CapacityRequest {
        [(Resource::Seat, count)].into_iter().collect()
    }

    #[test]
    fn a_demand_fits_as_a_whole_or_not_at_all() {
        assert_eq!(capacity(Some(50), 48).check(&seats(2)), Ok(()));
        let exceeded = capacity(Some(50), 48).check(&seats(3)).expect_err("one too many");
        assert_eq!(exceeded.to_string(), "seats: 3 needed, 2 free, 1 missing");
        assert_eq!(capacity(None, 1_000_000).check(&seats(1_000_000)), Ok(()));
    }

    #[test]
    fn a_limit_below_what_is_taken_leaves_nothing() {
        assert_eq!(Allowance { limit: Some(5), used: 9 }.free(), Some(0));
    }

    proptest! {
        #[test]
        fn sums_add_up(limit in 0u32..100, used in 0u32..100, needed in 1u32..100) {
            let sum = capacity(Some(limit), used).sums(&seats(needed))[&Resource::Seat].clone();
            prop_assert_eq!(sum.missing > 0, needed > sum.free.unwrap_or(0));
            prop_assert_eq!(sum.needed - sum.missing, needed.min(sum.free.unwrap_or(0)));
        }

        #[test]
        fn what_is_merged_can_be_taken_away_again(a in 0u32..9, b in 0u32..9) {
            let mut both = seats(a);
            both.merge(&seats(b));
            prop_assert_eq!(both.minus(&seats(b)), seats(a));
        }
    }
}
