//! Entitlements that earlier rows were granted, found again by the cells that name them.
//!
//! Most files name few combinations of role, team, products and courses. Rows with the same cells share one
//! [`Entitlements`], which saves both the look-ups in the catalogue and the memory.

use std::collections::HashMap;
use std::sync::Arc;

use usher_domain::spec::Entitlements;

/// How many combinations are remembered; when they are used up, the cache starts empty again.
const ENTRIES: usize = 1_000;
/// The longest key that is remembered, in bytes.
const KEY_BYTES: usize = 1_000;

/// The cells that name a row's entitlements, as one key.
#[derive(Default)]
pub(crate) struct EntitlementKey {
    bytes: Vec<u8>,
    /// Whether the cells can serve as a key: none is escaped, and together they are short.
    usable: bool,
}

impl EntitlementKey {
    /// Sets the key to these cells; a cell is `None` when it needs unescaping.
    pub(crate) fn set<'a>(&mut self, cells: impl Iterator<Item = Option<&'a str>>) {
        self.bytes.clear();
        for cell in cells {
            let Some(cell) = cell else {
                self.usable = false;
                return;
            };
            // With its length in front, no cell can be confused with a part of its neighbour.
            self.bytes.extend_from_slice(&cell.len().to_le_bytes());
            self.bytes.extend_from_slice(cell.as_bytes());
        }
        self.usable = self.bytes.len() <= KEY_BYTES;
    }
}

/// Entitlements by the cells that name them.
#[derive(Default)]
pub(crate) struct EntitlementCache {
    entries: HashMap<Vec<u8>, Arc<Entitlements>, foldhash::fast::RandomState>,
}

impl EntitlementCache {
    /// What an earlier row with the same cells was granted.
    pub(crate) fn get(&self, key: &EntitlementKey) -> Option<&Arc<Entitlements>> {
        self.entries.get(&key.bytes).filter(|_| key.usable)
    }

    /// Remembers what a row with these cells was granted.
    pub(crate) fn insert(&mut self, key: &EntitlementKey, entitlements: &Arc<Entitlements>) {
        if !key.usable {
            return;
        }
        if self.entries.len() >= ENTRIES {
            self.entries.clear();
        }
        self.entries.insert(key.bytes.clone(), Arc::clone(entitlements));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn key(cells: &[Option<&str>]) -> EntitlementKey {
        let mut key = EntitlementKey::default();
        key.set(cells.iter().copied());
        key
    }

    #[test]
    fn only_rows_with_the_same_cells_share_entitlements() {
        let mut cache = EntitlementCache::default();
        let (products, courses) = (BTreeSet::new(), BTreeSet::new());
        let granted = Arc::new(Entitlements { role: "admin".into(), team: None, products, courses });
        cache.insert(&key(&[Some("admin"), Some("SMB")]), &granted);
        assert!(cache.get(&key(&[Some("admin"), Some("SMB")])).is_some_and(|found| Arc::ptr_eq(found, &granted)));
        for other in [&[Some("adminS"), Some("MB")][..], &[Some("admin")], &[Some("admin"), None], &[]] {
            assert!(cache.get(&key(other)).is_none(), "{other:?}");
        }
        let long = "x".repeat(KEY_BYTES);
        cache.insert(&key(&[Some(&long)]), &granted);
        assert!(cache.get(&key(&[Some(&long)])).is_none(), "long cells are not remembered");
    }
}
