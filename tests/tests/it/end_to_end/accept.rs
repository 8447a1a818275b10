//! From an invitation to a member.

use serde_json::json;
use usher_tests::stack::{PASSWORD, Stack};

#[test]
#[ignore = "needs a deployed stack: make end-to-end"]
fn a_person_is_invited_mailed_and_joins() {
    let stack = Stack::from_environment();
    let acme = stack.organisation(10);
    let email = acme.address("john");
    let invited = acme.post(
        "/invitations",
        &json!({"invitations": [{"email": email, "name": "John Smith", "role": "sales_rep", "team": "SMB",
            "products": ["mos_enable"], "courses": ["value-pyramid-program"]}]}),
    );
    let invited = invited.ok();
    assert_eq!(invited["results"][0]["outcome"], "invited", "{invited}");
    assert_eq!(acme.seats(), (10, 2, 8));

    let link = acme.link(&email);
    let mail = acme.mails(&email).remove(0);
    assert_eq!(mail.subject, format!("Your invitation to {}", acme.name));
    assert!(mail.body_text.contains("Hello John Smith"), "{}", mail.body_text);
    assert!(mail.body_text.contains("Ada Admin invites you"), "{}", mail.body_text);
    assert!(mail.body_html.contains(&link), "{}", mail.body_html);
    assert!(link.starts_with(&stack.known.api_url), "{link}");

    let page = stack.web.get(&link);
    assert_eq!(page.status, 200, "{}", page.text());
    for words in ["Ada Admin", "sales rep", &email, &acme.name, "name=\"password\"", "value=\"John\""] {
        assert!(page.text().contains(words), "{words} in {}", page.text());
    }
    assert!(!page.text().contains("<script"));
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert!(page.header("content-security-policy").is_some_and(|policy| policy.contains("default-src 'none'")));
    let head = stack.web.head(&link);
    assert_eq!((head.status, head.bytes.len()), (200, 0));

    let fields = [("first_name", "Jon"), ("last_name", "Smith-Jones"), ("phone", "+49 30 901820")];
    let too_short = [&fields[..], &[("password", "short")]].concat();
    let again = stack.web.post_form(&link, &too_short);
    assert_eq!(again.status, 422, "{}", again.text());
    assert!(again.text().contains("id=\"password-error\"") && again.text().contains("value=\"Smith-Jones\""));
    assert!(!again.text().contains("value=\"short\""));
    assert_eq!(stack.accounts(&email), 0);

    let right = [&fields[..], &[("password", PASSWORD)]].concat();
    for _ in 0..2 {
        let joined = stack.web.post_form(&link, &right);
        assert_eq!(joined.status, 303, "{}", joined.text());
        assert_eq!(joined.header("location"), Some("https://app.example.com/acme"));
        assert_eq!(joined.header("set-cookie"), None);
    }
    let wrong = stack.web.post_form(&link, &[("password", "not the one that was chosen")]);
    assert_eq!(wrong.status, 410, "{}", wrong.text());
    let page = stack.web.get(&link);
    assert_eq!(page.status, 410);
    assert!(page.text().contains("You have already joined"), "{}", page.text());
    assert!(!page.text().contains("name=\"password\""));

    assert!(stack.sign_in(&email, PASSWORD).is_some());
    assert!(stack.sign_in(&email, "not the one that was chosen").is_none());
    let members = acme.list("/members");
    let john = members.iter().find(|member| member["email"] == email.as_str()).expect("among the members");
    assert_eq!((&john["first_name"], &john["last_name"]), (&json!("Jon"), &json!("Smith-Jones")));
    assert_eq!((&john["role"], &john["team"], &john["status"]), (&json!("sales_rep"), &json!("SMB"), &json!("active")));
    assert_eq!((&john["products"], &john["phone"]), (&json!(["mos_enable"]), &json!("+49 30 901820")));
    assert_eq!(acme.seats(), (10, 2, 8));
    assert_eq!(acme.mails(&email).len(), 1);
}

#[test]
#[ignore = "needs a deployed stack: make end-to-end"]
fn a_person_with_an_account_signs_in_and_keeps_the_password() {
    let stack = Stack::from_environment();
    let (first, second) = (stack.organisation(5), stack.organisation(5));
    let email = first.address("two.houses");
    let _ = first.invite(&email, "manager");
    first.join(&first.link(&email), "Two", "Houses");

    let id = second.invite(&email, "manager");
    let link = second.link(&email);
    let page = stack.web.get(&link).text();
    assert!(page.contains("autocomplete=\"current-password\""), "{page}");
    let wrong = stack.web.post_form(&link, &[("password", "another good password")]);
    assert_eq!(wrong.status, 401, "{}", wrong.text());
    assert!(stack.sign_in(&email, "another good password").is_none());
    assert_eq!(second.get(&format!("/members/{id}")).refusal(), (404, "not_found".to_owned()));

    let joined = stack.web.post_form(&link, &[("password", PASSWORD)]);
    assert_eq!(joined.status, 303, "{}", joined.text());
    assert_eq!(second.get(&format!("/members/{id}")).ok()["status"], "active");
    assert_eq!(stack.accounts(&email), 1);
}

#[test]
#[ignore = "needs a deployed stack: make end-to-end"]
fn a_signed_in_person_accepts_with_their_token() {
    let stack = Stack::from_environment();
    let (first, second) = (stack.organisation(5), stack.organisation(5));
    let (_, token) = first.member("signed.in", "manager");
    let (_, stranger) = first.member("stranger", "manager");
    let email = first.address("signed.in");
    let id = second.invite(&email, "manager");
    let link = second.link(&email);
    let post = |token: &str| stack.web.call(token, http::Method::POST, &link, Some(&json!({})));
    assert_eq!(post(&stranger).refusal(), (409, "wrong_account".to_owned()));
    assert_eq!(post("rubbish").refusal(), (401, "unauthenticated".to_owned()));
    assert_eq!(post(&stack.token_of_another_issuer(&email)).refusal(), (401, "unauthenticated".to_owned()));
    assert_eq!(second.get(&format!("/members/{id}")).status, 404);
    let joined = post(&token);
    assert!(joined.status < 400, "{} {}", joined.status, joined.text());
    assert_eq!(second.get(&format!("/members/{id}")).ok()["status"], "active");
}
