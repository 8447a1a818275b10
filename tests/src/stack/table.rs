//! The table, item by item.

use std::collections::BTreeMap;

use super::Stack;

/// Items by key, each as its attributes in order.
pub type Dump = BTreeMap<String, BTreeMap<String, String>>;

impl Stack {
    /// Every item in which these words occur, in a key or in a value.
    #[must_use]
    pub fn items_with(&self, words: &str) -> Dump {
        let scan = self.aws.dynamodb().scan().table_name(&self.known.table).into_paginator().items().send();
        let items = self.wait(scan.collect::<Result<Vec<_>, _>>()).expect("the table");
        let items = items.into_iter().map(|item| {
            let text = |name: &str| item[name].as_s().expect("a key").clone();
            let key = format!("{} {}", text("pk"), text("sk"));
            let attributes = item.iter().map(|(name, value)| (name.clone(), format!("{value:?}"))).collect();
            (key, attributes)
        });
        items.filter(|(_, item): &(_, BTreeMap<_, String>)| item.values().any(|value| value.contains(words))).collect()
    }
}
