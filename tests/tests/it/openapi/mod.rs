//! `infra/openapi.yaml` against the deployed routes and the real replies.

mod admin;
mod contract;
mod every_route;
mod imports;
mod invitations;
mod links;
mod members;
mod organisations;

use std::collections::BTreeSet;
use std::sync::Mutex;

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use usher_domain::IssueCode;
use usher_tests::World;

use contract::{CheckedWorld, Contract, Coverage};

#[test]
fn the_contract_has_exactly_the_routes_that_are_deployed() {
    assert_eq!(Contract::read().operations(), usher_tests::template::routes());
}

#[tokio::test]
async fn the_functions_serve_exactly_the_routes_of_the_contract() {
    let contract = Contract::read();
    let operations = contract.operations();
    let acme = World::new().acme(10).await;
    let id = acme.invite("jo@x.example").await["id"].as_str().expect("an id").to_owned();
    acme.world.drain().await;
    let token = acme.world.mail_to("jo@x.example").token();
    let paths: BTreeSet<&String> = operations.iter().map(|(_, path)| path).collect();
    for path in paths {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let filled = path.replace("{org}", &acme.id.to_string()).replace("{id}", &id).replace("{token}", &token);
            // Without a token: a route that exists answers 401, and any other 404.
            let request = Request::builder().method(method).uri(&filled).body(Body::empty()).expect("a request");
            let served = acme.world.send(request).await.status != 404;
            let documented = operations.contains(&(method.to_owned(), path.clone()));
            assert_eq!(served, documented, "{method} {path}");
        }
    }
}

#[test]
fn every_example_matches_its_schema() {
    fn walk(contract: &Contract, place: &str, value: &Value, count: &mut usize) {
        if let Some(schema) = value.get("schema") {
            let several = value["examples"].as_object().into_iter().flatten().map(|(_, one)| &one["value"]);
            for example in value.get("example").into_iter().chain(several) {
                let faults = contract.faults(schema, example);
                assert!(faults.is_empty(), "{place}\n{}", faults.join("\n"));
                *count += 1;
            }
        } else if let Some(example) = value.get("example").filter(|_| value.get("type").is_some()) {
            let faults = contract.faults(value, example);
            assert!(faults.is_empty(), "{place}\n{}", faults.join("\n"));
            *count += 1;
        }
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(name, value)| walk(contract, &format!("{place}/{name}"), value, count));
            }
            Value::Array(items) => items.iter().for_each(|value| walk(contract, place, value, count)),
            _ => {}
        }
    }
    let contract = Contract::read();
    let mut count = 0;
    walk(&contract, "", &contract.0, &mut count);
    assert!(count > 25, "{count}");
}

#[test]
fn the_contract_lists_and_explains_every_issue_code() {
    let contract = Contract::read();
    let schema = &contract.0["components"]["schemas"]["IssueCode"];
    let documented: Vec<_> = schema["enum"].as_array().expect("codes").iter().filter_map(Value::as_str).collect();
    let codes: Vec<_> = IssueCode::of_rows().map(IssueCode::as_str).collect();
    assert_eq!(documented, codes);
    let text = schema["description"].as_str().expect("a description");
    for code in codes {
        assert!(text.contains(&format!("`{code}`")), "{code} is not explained");
    }
}

/// Without this, an undescribed member would pass.
#[test]
fn no_reply_may_have_undescribed_members() {
    fn walk(place: &str, value: &Value) {
        // Parts of others, which are closed where they are used.
        if ["/ProblemMembers", "/OrganisationMembers", "/Person"].contains(&place) {
            return;
        }
        let object = value["type"] == "object" || value["type"][0] == "object" || value["allOf"].is_array();
        if object && value.get("properties").is_some() {
            let closed = value["additionalProperties"] == false || value["unevaluatedProperties"] == false;
            assert!(closed, "{place} is open");
        }
        match value {
            Value::Object(members) => members.iter().for_each(|(name, value)| walk(&format!("{place}/{name}"), value)),
            Value::Array(items) => items.iter().for_each(|value| walk(place, value)),
            _ => {}
        }
    }
    let contract = Contract::read();
    walk("", &contract.0["components"]["schemas"]);
    let invitation = json!({"$ref": "#/components/schemas/Invitation"});
    let example = &contract.0["components"]["responses"]["Invitation"]["content"]["application/json"]["example"];
    assert_eq!(contract.faults(&invitation, example), [""; 0]);
    let mut more = example.clone();
    more["token"] = json!("secret");
    assert_ne!(contract.faults(&invitation, &more), [""; 0]);
}

/// Codes that need a race, two million people or another deployment, or have a story of their own.
const NOT_COVERED: [&str; 11] = [
    "changed_meanwhile",
    "changed_since_plan",
    "columns_inferred",
    "files_gone",
    "header_too_large",
    "organisation_gone",
    "request_in_progress",
    "sign_in_required",
    "too_many_attempts",
    "too_many_people",
    "wrong_account",
];

#[tokio::test]
async fn every_reply_matches_the_contract_and_every_code_occurs() {
    let contract = Contract::read();
    let seen = Mutex::new(Coverage::default());
    let world = || CheckedWorld { world: World::new(), contract: &contract, seen: &seen };
    organisations::create_and_change(&world()).await;
    invitations::create_and_list(&world()).await;
    invitations::edit_resend_and_revoke(&world()).await;
    members::members(&world()).await;
    every_route::permissions(&world()).await;
    every_route::malformed_requests(&world()).await;
    imports::create_and_plan(&world()).await;
    imports::send_and_cancel(&world()).await;
    imports::refused_files(&world()).await;
    links::open_and_accept(&world()).await;
    links::refused_links(&world()).await;

    let seen = seen.into_inner().expect("what was seen");
    for operation in contract.operations() {
        let statuses = contract.operation(&operation)["responses"].as_object().expect("responses").keys();
        for status in statuses.map(|status| status.parse::<u16>().expect("a status")).filter(|status| *status < 400) {
            assert!(seen.answers.contains(&(operation.clone(), status)), "{operation:?} never answered {status}");
        }
    }
    let unseen: Vec<_> = contract.codes().difference(&seen.codes).cloned().collect();
    assert_eq!(unseen, NOT_COVERED);
}
