//! The table, item by item.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use usher_domain::id::SHARDS;
use usher_store::keys;

use super::Stack;

/// Items by key, each as its attributes in order.
pub type Dump = BTreeMap<String, BTreeMap<String, String>>;

/// The fields of a membership that tests compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMember {
    pub id: String,
    pub status: String,
    /// The import that it came by.
    pub import: Option<String>,
}

impl Stack {
    /// The people of an organisation by their addresses, as they are stored.
    #[must_use]
    pub fn members_of(&self, organisation: &str) -> BTreeMap<String, StoredMember> {
        let organisation = organisation.parse().expect("an id");
        let mut members = BTreeMap::new();
        for shard in 0..SHARDS {
            let query = self.aws.dynamodb().query().table_name(&self.known.table);
            let query = query
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", AttributeValue::S(keys::member_partition(organisation, shard)))
                .projection_expression("#sk, #email, #status, #import")
                .expression_attribute_names("#sk", "sk")
                .expression_attribute_names("#email", "email")
                .expression_attribute_names("#status", "status")
                .expression_attribute_names("#import", "import");
            let items = query.into_paginator().items().send();
            for item in self.wait(items.collect::<Result<Vec<_>, _>>()).expect("the table") {
                let text = |name: &str| item.get(name).map(|value| value.as_s().expect("text").clone());
                let member = StoredMember {
                    id: text("sk").expect("a key").trim_start_matches(keys::MEMBER_PREFIX).to_owned(),
                    status: text("status").expect("a status"),
                    import: text("import"),
                };
                assert_eq!(members.insert(text("email").expect("an address"), member), None, "one person, one row");
            }
        }
        members
    }

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
