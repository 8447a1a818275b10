//! What `template.yaml` says, so that stories run with the permissions, routes and filters that are deployed.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jiff::SignedDuration;
use serde_json::Value;
use serde_norway::Value as Yaml;

static TEMPLATE: LazyLock<Yaml> =
    LazyLock::new(|| serde_norway::from_str(include_str!("../../template.yaml")).expect("the template can be read"));

/// The functions, by name, with their properties.
pub fn functions() -> impl Iterator<Item = (&'static str, &'static Yaml)> {
    let resources = TEMPLATE["Resources"].as_mapping().expect("resources").iter();
    let functions = resources.filter(|(_, resource)| resource["Type"] == "AWS::Serverless::Function");
    functions.map(|(name, function)| (name.as_str().expect("a name"), &function["Properties"]))
}

/// How long a function may run.
#[must_use]
pub fn timeout(function: &str) -> SignedDuration {
    let (_, properties) = functions().find(|(name, _)| *name == function).expect("a function");
    SignedDuration::from_secs(properties["Timeout"].as_i64().expect("seconds"))
}

/// The method and path of every route.
#[must_use]
pub fn routes() -> BTreeSet<(String, String)> {
    let events = functions().filter_map(|(_, function)| function["Events"].as_mapping());
    let routes = events.flat_map(|events| events.values()).filter(|event| event["Type"] == "HttpApi");
    let text = |value: &Yaml| value.as_str().expect("text").to_owned();
    routes.map(|route| (text(&route["Properties"]["Method"]), text(&route["Properties"]["Path"]))).collect()
}

/// Whether the table's stream passes a record on to relay.
#[must_use]
pub fn is_relayed(record: &Value) -> bool {
    static PATTERNS: LazyLock<Vec<Value>> = LazyLock::new(|| {
        let filters = &TEMPLATE["Resources"]["TableEvents"]["Properties"]["FilterCriteria"]["Filters"];
        let pattern = |filter: &Yaml| {
            serde_json::from_str(filter["Pattern"].as_str().expect("a pattern")).expect("a pattern in JSON")
        };
        filters.as_sequence().expect("filters").iter().map(pattern).collect()
    });
    PATTERNS.iter().any(|pattern| matches(pattern, record))
}

/// Whether a pattern holds: each of its members does, and a list holds the value. (Its other forms are not used here.)
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html>
fn matches(pattern: &Value, value: &Value) -> bool {
    match pattern {
        Value::Object(members) => members.iter().all(|(name, member)| matches(member, &value[name])),
        Value::Array(allowed) => allowed.contains(value),
        other => panic!("not a pattern: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_records_that_make_work_are_relayed() {
        let record = |image: Value| json!({"dynamodb": {"NewImage": image}});
        assert!(is_relayed(&record(json!({"status": {"S": "pending"}, "mail_state": {"S": "queued"}}))));
        assert!(!is_relayed(&record(json!({"status": {"S": "pending"}, "mail_state": {"S": "sent"}}))));
        assert!(!is_relayed(&record(json!({"kind": {"S": "import"}, "status": {"S": "planned"}}))));
        assert!(!is_relayed(&json!({"dynamodb": {}})));
    }

    #[test]
    fn routes_and_functions_are_found() {
        assert!(routes().contains(&("GET".to_owned(), "/i/{token}".to_owned())));
        assert!(functions().any(|(name, _)| name == "Mailer"));
    }
}
