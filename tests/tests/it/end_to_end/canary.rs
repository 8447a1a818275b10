//! Secrets stay where they belong: no log line holds an address or a link, no item of the table holds a link.

use serde_json::json;
use usher_runtime::Clock;
use usher_tests::stack::{PASSWORD, Stack, Tenant, unique, until};

/// What a line of each function holds: the API's functions by a method and a route, the others by the name of a span.
const LINES: [[&str; 2]; 8] = [
    [r#""method":"POST""#, r#""route":"/v1/orgs","#],
    [r#""method":"POST""#, r#""route":"/v1/orgs/{org}/invitations","#],
    [r#""method":"GET""#, r#""route":"/v1/orgs/{org}/invitations","#],
    [r#""method":"POST""#, r#""route":"/v1/orgs/{org}/imports","#],
    [r#""method":"GET""#, r#""route":"/i/{token}","#],
    ["", r#""name":"import""#],
    ["", r#""name":"part""#],
    ["", r#""name":"mail""#],
];

/// Everything that people do, with addresses that occur nowhere else; the links they were mailed.
fn live(acme: &Tenant<'_>, canary: &str) -> Vec<String> {
    let web = &acme.stack.web;
    let address = |name: &str| format!("{name}-{canary}@nest.example");
    let mut links = Vec::new();

    // Invited, looked at, joined: by mistake first, then rightly, then again.
    let email = address("joins");
    let _ = acme.invite(&email, "manager");
    let link = acme.link(&email);
    for tail in ["", ")", "?utm_source=x", "x"] {
        let _ = (web.get(&format!("{link}{tail}")), web.head(&format!("{link}{tail}")));
    }
    let _ = web.post_form(&link, &[("password", "short"), ("phone", "no number")]);
    let _ = web.send(http::Method::POST, &link, &[("content-type", "application/json")], Some(b"{\"x\":".to_vec()));
    acme.join(&link, "Canary", "Bird");
    acme.join(&link, "Canary", "Bird");
    let _ = web.post_form(&link, &[("password", "wrong one, and long")]);
    let token = acme.stack.sign_in(&email, PASSWORD).expect("who has joined can sign in");
    let _ = web.call(&token, http::Method::GET, &acme.path("/members"), None);
    let _ = web.call(&token, http::Method::POST, &link, Some(&json!({})));
    links.push(link);

    // Revoked, sent again, edited; and the fresh link asked for with the old one.
    let email = address("revoked");
    let id = acme.invite(&email, "manager");
    links.extend(acme.links(&email, 1));
    let _ = acme.step("invitations", &id, "revoke");
    let _ = acme.step("invitations", &id, "resend").ok();
    links.extend(acme.links(&email, 2));
    let _ = web.post_form(&format!("{}/fresh-link", links[1]), &[]);
    let _ = acme.get(&format!("/invitations?email={email}")).ok();

    // Refused, one by one and in files.
    let pasted = format!("Canary <{}>; {} {}; nobody-{canary}", address("pasted"), address("two"), address("in-one"));
    let _ = acme.post("/invitations", &json!({"emails": pasted, "role": "sales_rep"})).ok();
    links.extend(acme.links(&address("pasted"), 1));
    let body = format!("{{\"emails\": \"{}\"", address("broken"));
    let bearer = format!("Bearer {}", acme.token);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let _ = web.send(http::Method::POST, &acme.path("/invitations"), &headers, Some(body.into_bytes()));
    let file = format!(
        "email,name,role\n{},Canary,sales_rep\n{},Canary,superuser\nno-address-{canary},Canary,sales_rep\n",
        address("row"),
        address("rejected"),
    );
    let name = format!("{canary}.csv");
    let import = acme.done(&acme.upload(&name, "send", &json!({}), file.as_bytes()));
    let _ = acme.get(&format!("/imports/{}/failed.csv", import["id"].as_str().expect("an id")));
    let dropped = acme.drop_into_inbox(&name, file.as_bytes());
    let _ = acme.planned(&dropped);
    let headless = format!("{},Canary,sales_rep\n", address("headless"));
    let _ = acme.planned(&acme.upload("headless.csv", "send", &json!({}), headless.as_bytes()));
    links.extend(acme.links(&address("row"), 1));
    acme.wait_until_idle();
    links
}

#[test]
#[ignore = "needs a deployed stack: make end-to-end"]
fn no_log_line_holds_an_address_and_no_link_is_kept_anywhere() {
    let stack = Stack::from_environment();
    let start = Clock::System.now();
    let acme = stack.organisation(20);
    let canary = format!("canary{}", unique());
    let links = live(&acme, &canary);
    let mut tokens: Vec<&str> = links.iter().map(|link| link.rsplit_once('/').expect("a path").1).collect();
    tokens.dedup();
    assert!(tokens.len() >= 5, "{}", tokens.len());
    // The end of a token is its signature: without it, or with it alone, nobody gets in, but it is secret all the same.
    let secrets: Vec<&str> = tokens.iter().flat_map(|token| [*token, &token[token.len() - 20..]]).collect();

    // A log that says nothing would pass, so first of all each function has to tell of this organisation.
    let groups = stack.log_groups();
    let functions = groups.iter().find(|group| group.ends_with("/functions")).expect("the functions' log");
    for wanted in LINES {
        let tells = |line: &String| line.contains(&acme.id) && wanted.iter().all(|part| line.contains(part));
        until(&format!("a line of this organisation with {wanted:?}"), || {
            stack.log_lines(functions, start).iter().any(tells).then_some(())
        });
    }
    for group in &groups {
        for line in stack.log_lines(group, start) {
            let ours = line.contains(&acme.id);
            assert!(!ours || !line.contains("\"ERROR\""), "something failed, in {group}: {line}");
            assert!(!line.contains(&canary), "an address, in {group}: {line}");
            assert!(!line.contains(PASSWORD), "a password, in {group}: {line}");
            for secret in &secrets {
                assert!(!line.contains(secret), "a link, in {group}: {line}");
            }
        }
    }

    for (queue, waiting) in stack.dead_letters() {
        assert_eq!(waiting, 0, "messages that nobody could process, in {queue}");
    }

    let items = stack.items_with("");
    assert!(items.keys().any(|key| key.contains(&acme.id)));
    for (key, item) in &items {
        assert!(!key.contains(&canary), "an address, in a key: {key}");
        for secret in &secrets {
            assert!(!item.values().any(|value| value.contains(secret)), "a link, in {key}: {item:?}");
        }
        let holds_it = item.values().any(|value| value.contains("@nest.example") && value.contains(&canary));
        assert!(!holds_it || key.contains(" MEMBER#"), "an address, outside of its membership, in {key}: {item:?}");
    }
}
