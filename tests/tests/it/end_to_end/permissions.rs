//! Permissions: the token identifies a person, their own membership says what they may do.

use http::Method;
use serde_json::json;
use usher_tests::stack::{PASSWORD, Stack};

#[test]
#[ignore = "needs a deployed stack: make end-to-end"]
fn without_a_valid_token_nothing_is_shown() {
    let stack = Stack::from_environment();
    let acme = stack.organisation(5);
    let path = acme.path("/invitations");
    let with = |token: &str| stack.web.call(token, Method::GET, &path, None).status;
    assert_eq!(with(&acme.token), 200);
    let none = stack.web.get(&path);
    assert_eq!(none.status, 401, "{}", none.text());
    assert_eq!(with("rubbish"), 401);
    assert_eq!(with("a.b.c"), 401);
    assert_eq!(with(&stack.token_of_another_issuer(&acme.admin)), 401);

    // Signed again without a change, it is as good as before, so that it is the change which is refused below.
    assert_eq!(with(&stack.resigned(&acme.token, |_| {})), 200);
    assert_eq!(with(&stack.resigned(&acme.token, |claims| claims["exp"] = json!(1_700_000_000))), 401);
    assert_eq!(with(&stack.resigned(&acme.token, |claims| claims["iss"] = json!("https://evil.example"))), 401);
    assert_eq!(with(&stack.resigned(&acme.token, |claims| claims["aud"] = json!("another-client"))), 401);
    let unverified = stack.resigned(&acme.token, |claims| claims["email_verified"] = json!(false));
    let unverified = stack.web.call(&unverified, Method::GET, &path, None);
    assert_eq!(unverified.refusal(), (401, "unauthenticated".to_owned()));

    // Another's claims under the first one's signature.
    let (_, other) = acme.member("other", "sales_rep");
    let (head, rest) = acme.token.split_once('.').expect("three parts");
    let claims = other.split('.').nth(1).expect("claims");
    let signature = rest.split_once('.').expect("three parts").1;
    assert_eq!(with(&format!("{head}.{claims}.{signature}")), 401);
}

#[test]
#[ignore = "needs a deployed stack: make end-to-end"]
fn an_unverified_address_is_unauthenticated() {
    let stack = Stack::from_environment();
    let acme = stack.organisation(5);
    let email = acme.address("squatter");
    stack.make_account(&stack.known.user_pool_id, &email, false, PASSWORD);
    let token = stack.sign_in(&email, PASSWORD).expect("the account that was just made");
    let id = acme.invite(&email, "admin");
    let answer = stack.web.call(&token, Method::GET, &acme.path("/invitations"), None);
    assert_eq!(answer.refusal(), (401, "unauthenticated".to_owned()));
    let accepted = stack.web.call(&token, Method::POST, &acme.link(&email), Some(&json!({})));
    assert_eq!(accepted.refusal(), (401, "unauthenticated".to_owned()));
    assert_eq!(acme.get(&format!("/invitations/{id}")).ok()["status"], "pending");
}

#[test]
#[ignore = "needs a deployed stack: make end-to-end"]
fn only_an_active_admin_of_the_organisation_acts_in_it() {
    let stack = Stack::from_environment();
    let (acme, other) = (stack.organisation(10), stack.organisation(5));
    let invite = json!({"emails": acme.address("nobody"), "role": "sales_rep"});
    let try_all = |token: &str| {
        let calls = [
            (Method::GET, "", None),
            (Method::GET, "/invitations", None),
            (Method::GET, "/members", None),
            (Method::GET, "/imports", None),
            (Method::POST, "/invitations", Some(&invite)),
        ];
        calls.map(|(method, rest, body)| stack.web.call(token, method, &acme.path(rest), body))
    };

    let (_, sales_rep) = acme.member("rep", "sales_rep");
    for answer in try_all(&sales_rep) {
        assert_eq!(answer.refusal(), (403, "not_an_admin".to_owned()));
    }

    // Somebody else's organisation looks like one that never was.
    let absent = "/v1/orgs/01ARZ3NDEKTSV4RRFFQ69G5FAV/invitations";
    let absent = stack.web.call(&other.token, Method::GET, absent, None);
    for answer in try_all(&other.token) {
        assert_eq!(answer.refusal(), (404, "not_found".to_owned()));
        assert_eq!(answer.bytes, absent.bytes);
    }
    let no_id = stack.web.call(&other.token, Method::GET, "/v1/orgs/no-id/invitations", None);
    assert_eq!((no_id.status, no_id.bytes), (404, absent.bytes));

    let (id, second) = acme.member("second", "admin");
    assert!(try_all(&second)[..4].iter().all(|answer| answer.status == 200));
    assert_eq!(acme.step("members", &id, "deactivate").ok()["status"], "deactivated");
    for answer in try_all(&second) {
        assert_eq!(answer.refusal(), (403, "deactivated".to_owned()));
    }
    assert_eq!(acme.step("members", &id, "reactivate").ok()["status"], "active");
    assert!(try_all(&second).iter().all(|answer| answer.status == 200));

    // Operators create organisations; they do not act in them, and nobody else creates any.
    let operator = stack.operator();
    let refused = stack.web.call(&operator, Method::POST, &acme.path("/invitations"), Some(&invite));
    assert_eq!(refused.refusal(), (404, "not_found".to_owned()));
    let refused = stack.web.call(&acme.token, Method::POST, "/v1/orgs", Some(&json!({"name": "Mine"})));
    assert_eq!(refused.status, 403, "{}", refused.text());
}

#[test]
#[ignore = "needs a deployed stack: make end-to-end"]
fn an_invalid_request_is_refused() {
    let stack = Stack::from_environment();
    let acme = stack.organisation(5);
    let bad: [(&[u8], u16); 4] =
        [(b"{", 400), (b"[]", 422), (b"{\"emials\": \"a@b.example\"}", 422), (b"{\"invitations\": []}", 422)];
    for (body, status) in bad {
        let bearer = format!("Bearer {}", acme.token);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let answer = stack.web.send(Method::POST, &acme.path("/invitations"), &headers, Some(body.to_vec()));
        assert_eq!(answer.refusal().0, status, "{}", answer.text());
    }
    assert_eq!(acme.seats(), (5, 1, 4));
}
