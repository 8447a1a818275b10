//! Capacity: seats in the organisation, licences of products and places in courses, counted together.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::spec::Entitlements;

/// One thing that is counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// A seat in the organisation; every membership uses one.
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

/// How much of each resource is reserved or released.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CapacityRequest(BTreeMap<Resource, u32>);

impl CapacityRequest {
    /// What one person needs.
    #[must_use]
    pub fn of(entitlements: &Entitlements) -> Self {
        let mut needed = Self::default();
        needed.add(entitlements);
        needed
    }

    /// Adds what one more person needs.
    pub fn add(&mut self, entitlements: &Entitlements) {
        *self.0.entry(Resource::Seat).or_default() += 1;
        for product in &entitlements.products {
            *self.0.entry(Resource::Product(product.clone())).or_default() += 1;
        }
        for course in &entitlements.courses {
            *self.0.entry(Resource::Course(course.clone())).or_default() += 1;
        }
    }

    /// Adds another request to this one.
    pub fn merge(&mut self, other: &Self) {
        for (resource, count) in &other.0 {
            *self.0.entry(resource.clone()).or_default() += count;
        }
    }

    /// What this needs beyond the other: a change of products from `other` to `self` reserves that much more.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        let more =
            self.0.iter().map(|(resource, count)| (resource.clone(), count.saturating_sub(other.count(resource))));
        more.collect()
    }

    /// How much of one resource.
    #[must_use]
    pub fn count(&self, resource: &Resource) -> u32 {
        self.0.get(resource).copied().unwrap_or(0)
    }

    /// Whether it needs nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every resource it needs, with the number.
    pub fn iter(&self) -> impl Iterator<Item = (&Resource, u32)> {
        self.0.iter().map(|(resource, count)| (resource, *count))
    }
}

impl FromIterator<(Resource, u32)> for CapacityRequest {
    fn from_iter<I: IntoIterator<Item = (Resource, u32)>>(counts: I) -> Self {
        let mut needed = Self::default();
        for (resource, count) in counts {
            if count > 0 {
                *needed.0.entry(resource).or_default() += count;
            }
        }
        needed
    }
}

/// One resource: its limit and how much of it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Allowance {
    /// The limit; `None` for unlimited.
    pub limit: Option<u32>,
    /// How much members and open invitations use.
    pub used: u32,
}

impl Allowance {
    /// How much is free; `None` for unlimited. Nothing is free under a limit that was lowered below what is used.
    #[must_use]
    pub fn free(self) -> Option<u32> {
        self.limit.map(|limit| limit.saturating_sub(self.used))
    }
}

/// The capacity of an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capacity(pub BTreeMap<Resource, Allowance>);

/// The figures of one resource that a request needs, as the API shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Arithmetic {
    /// The limit; `None` for unlimited.
    pub limit: Option<u32>,
    /// How much is used.
    pub used: u32,
    /// How much is free; `None` for unlimited.
    pub free: Option<u32>,
    /// How much the request needs.
    pub needed: u32,
    /// How much is needed beyond what is free.
    pub missing: u32,
}

/// A request that does not fit, with the figures of every resource it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapacityExceeded(pub BTreeMap<Resource, Arithmetic>);

impl Capacity {
    /// Limit and use of one resource. A resource without a limit is unlimited.
    #[must_use]
    pub fn allowance(&self, resource: &Resource) -> Allowance {
        self.0.get(resource).copied().unwrap_or_default()
    }

    /// The figures of every resource that a request needs.
    #[must_use]
    pub fn arithmetic(&self, needed: &CapacityRequest) -> BTreeMap<Resource, Arithmetic> {
        let figures = |resource: &Resource, needed: u32| {
            let allowance = self.allowance(resource);
            let free = allowance.free();
            let missing = free.map_or(0, |free| needed.saturating_sub(free));
            Arithmetic { limit: allowance.limit, used: allowance.used, free, needed, missing }
        };
        needed.iter().map(|(resource, needed)| (resource.clone(), figures(resource, needed))).collect()
    }

    /// Whether a request fits. It is granted whole or not at all.
    pub fn check(&self, needed: &CapacityRequest) -> Result<(), CapacityExceeded> {
        let arithmetic = self.arithmetic(needed);
        let fits = arithmetic.values().all(|figures| figures.missing == 0);
        if fits { Ok(()) } else { Err(CapacityExceeded(arithmetic)) }
    }
}

impl fmt::Display for CapacityExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = self.0.iter().filter(|(_, figures)| figures.missing > 0);
        for (index, (resource, figures)) in short.enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            let free = figures.free.unwrap_or(0);
            write!(f, "{resource}: {} needed, {free} free, {} missing", figures.needed, figures.missing)?;
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
    fn a_request_fits_whole_or_not_at_all() {
        assert_eq!(capacity(Some(50), 48).check(&seats(2)), Ok(()));
        let exceeded = capacity(Some(50), 48).check(&seats(3)).expect_err("one too many");
        assert_eq!(exceeded.to_string(), "seats: 3 needed, 2 free, 1 missing");
        assert_eq!(capacity(None, 1_000_000).check(&seats(1_000_000)), Ok(()));
    }

    #[test]
    fn nothing_is_free_under_a_limit_below_what_is_used() {
        assert_eq!(Allowance { limit: Some(5), used: 9 }.free(), Some(0));
    }

    proptest! {
        #[test]
        fn figures_add_up(limit in 0u32..100, used in 0u32..100, needed in 1u32..100) {
            let figures = capacity(Some(limit), used).arithmetic(&seats(needed))[&Resource::Seat].clone();
            prop_assert_eq!(figures.missing > 0, needed > figures.free.unwrap_or(0));
            prop_assert_eq!(figures.needed - figures.missing, needed.min(figures.free.unwrap_or(0)));
        }

        #[test]
        fn what_was_merged_can_be_subtracted(a in 0u32..9, b in 0u32..9) {
            let mut both = seats(a);
            both.merge(&seats(b));
            prop_assert_eq!(both.minus(&seats(b)), seats(a));
        }
    }
}
