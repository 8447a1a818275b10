//! Permissions: each function may only call the actions of its role in `template.yaml`, so a call that works here is also
//! allowed when deployed. The resources of a permission are not checked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::Value;
use serde_norway::Value as Yaml;

use super::Call;
use crate::template;

/// Signs the calls of the test itself, which may do everything.
pub(super) const TEST: &str = "test";

/// The actions of each function.
static ROLES: LazyLock<BTreeMap<String, BTreeSet<String>>> = LazyLock::new(|| {
    template::functions().map(|(name, function)| (name.to_owned(), actions_of(&function["Policies"]))).collect()
});

/// Every action anywhere in a policy, including those that depend on a condition.
fn actions_of(policy: &Yaml) -> BTreeSet<String> {
    match policy {
        Yaml::Sequence(entries) => entries.iter().flat_map(actions_of).collect(),
        Yaml::Tagged(tagged) => actions_of(&tagged.value),
        Yaml::Mapping(members) => {
            let of_member = |(name, value): (&Yaml, &Yaml)| match name.as_str() {
                Some("Action") => texts(value),
                _ => actions_of(value),
            };
            members.iter().flat_map(of_member).collect()
        }
        _ => BTreeSet::new(),
    }
}

fn texts(value: &Yaml) -> BTreeSet<String> {
    let one = std::slice::from_ref(value);
    let all = value.as_sequence().map_or(one, Vec::as_slice);
    all.iter().map(|text| text.as_str().expect("an action").to_owned()).collect()
}

/// Fails the test if the function that signed the call may not make it.
pub(super) fn assert_allowed(call: &Call) {
    let who = call.authorization.split_once("Credential=").and_then(|(_, rest)| rest.split('/').next()).unwrap_or(TEST);
    if who == TEST {
        return;
    }
    let allowed = ROLES.get(who).unwrap_or_else(|| panic!("the template has no role for {who}"));
    for action in actions(call) {
        assert!(allowed.contains(&action), "the template does not allow {who} {action}");
    }
}

/// The actions that a call needs, by the names that roles know them under.
fn actions(call: &Call) -> Vec<String> {
    let verb = call.operation.rsplit('.').next().unwrap_or_default();
    match call.operation.split(['_', '.']).next() {
        Some("DynamoDB") => table_actions(verb, &call.body),
        Some("AmazonSQS") => vec![format!("sqs:{}", verb.trim_end_matches("Batch"))],
        Some("AWSCognitoIdentityProviderService") => vec![format!("cognito-idp:{verb}")],
        Some("secretsmanager") => vec![format!("secretsmanager:{verb}")],
        _ if call.path.starts_with("/v2/email/") => vec![mail_action(&call.path)],
        _ => vec![file_action(&call.method, &call.query)],
    }
}

fn table_actions(verb: &str, body: &[u8]) -> Vec<String> {
    let body: Value = serde_json::from_slice(body).expect("the SDK sends JSON");
    let entries = |name: &str| body[name].as_array().cloned().unwrap_or_default().into_iter();
    match verb {
        "TransactWriteItems" => {
            let kinds = entries("TransactItems").flat_map(|item| item.as_object().cloned().unwrap_or_default());
            kinds.map(|(kind, _)| format!("dynamodb:{kind}Item")).collect()
        }
        "BatchExecuteStatement" => {
            let statement = |entry: Value| match entry["Statement"].as_str().and_then(|text| text.split(' ').next()) {
                Some("INSERT") => "dynamodb:PartiQLInsert".to_owned(),
                Some("UPDATE") => "dynamodb:PartiQLUpdate".to_owned(),
                other => panic!("unknown statement: {other:?}"),
            };
            entries("Statements").map(statement).collect()
        }
        other => vec![format!("dynamodb:{other}")],
    }
}

fn mail_action(path: &str) -> String {
    let verb = match path.rsplit('/').next() {
        Some("outbound-emails") => "SendEmail",
        Some("outbound-bulk-emails") => "SendBulkEmail",
        Some("account") => "GetAccount",
        other => panic!("unknown mail operation: {other:?}"),
    };
    format!("ses:{verb}")
}

fn file_action(method: &str, query: &str) -> String {
    let verb = match method {
        "GET" | "HEAD" if query.contains("versionId=") => "GetObjectVersion",
        "GET" | "HEAD" => "GetObject",
        "DELETE" => "AbortMultipartUpload",
        _ => "PutObject",
    };
    format!("s3:{verb}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(operation: &str, body: &str) -> Call {
        Call {
            method: "POST".into(),
            path: "/".into(),
            query: String::new(),
            operation: operation.into(),
            range: String::new(),
            authorization: String::new(),
            body: body.into(),
        }
    }

    fn signed(who: &str, operation: &str) -> Call {
        let authorization = format!("AWS4-HMAC-SHA256 Credential={who}/20260302/x");
        Call { authorization, ..call(operation, "{}") }
    }

    #[test]
    fn a_transaction_needs_what_its_parts_need() {
        let body = r#"{"TransactItems": [{"Put": {}}, {"Update": {}}, {"ConditionCheck": {}}]}"#;
        let needed = actions(&call("DynamoDB_20120810.TransactWriteItems", body));
        assert_eq!(needed, ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:ConditionCheckItem"]);
    }

    #[test]
    #[should_panic(expected = "does not allow Mailer dynamodb:Query")]
    fn a_function_that_does_more_than_it_may_is_found_out() {
        assert_allowed(&signed("Mailer", "DynamoDB_20120810.Query"));
    }

    #[test]
    fn what_a_role_allows_is_allowed() {
        assert_allowed(&signed("Mailer", "DynamoDB_20120810.GetItem"));
        assert_allowed(&signed("test", "DynamoDB_20120810.Query"));
    }
}
