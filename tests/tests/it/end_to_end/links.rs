//! Links that are open, refused or forged.

use http::Method;
use serde_json::json;
use usher_tests::stack::{Answer, PASSWORD, Stack};

/// The code of the refusal that a program gets.
fn code(stack: &Stack, link: &str) -> (u16, String) {
    stack.web.send(Method::GET, link, &[("accept", "application/json")], None).refusal()
}

/// Everything that distinguishes two answers: all but the time and the number of the request.
fn visible(answer: &Answer) -> (u16, Vec<(String, String)>, Vec<u8>) {
    let varies = ["date", "x-amzn-requestid", "x-amz-request-id", "x-amz-id-2", "apigw-requestid"];
    let headers = answer.headers.iter().filter(|(name, _)| !varies.contains(&name.as_str()));
    let headers = headers.map(|(name, value)| (name.to_string(), format!("{value:?}"))).collect();
    (answer.status, headers, answer.bytes.clone())
}

#[test]
#[ignore = "needs a deployed stack: make end-to-end"]
fn text_that_mail_programs_append_to_a_link_is_ignored() {
    let stack = Stack::from_environment();
    let acme = stack.organisation(5);
    let email = acme.address("hung");
    let _ = acme.invite(&email, "manager");
    let link = acme.link(&email);
    for tail in ["?utm_source=newsletter&utm_medium=mail", ")", ".", "%3E", "%3D", "),", "?x=/../"] {
        let hung = format!("{link}{tail}");
        assert_eq!((stack.web.get(&hung).status, stack.web.head(&hung).status), (200, 200), "{tail}");
    }
    acme.join(&format!("{link})"), "Hung", "Up");
    assert_eq!(stack.web.get(&format!("{link}.")).status, 410);
}

#[test]
#[ignore = "needs a deployed stack: make end-to-end"]
fn a_forged_link_looks_like_an_unknown_link() {
    let stack = Stack::from_environment();
    let acme = stack.organisation(5);
    let email = acme.address("forged");
    let id = acme.invite(&email, "manager");
    let link = acme.link(&email);
    let (base, token) = link.rsplit_once('/').expect("a path");
    let unknown = visible(&stack.web.get(&format!("{base}/AAAA")));
    assert_eq!(unknown.0, 404);
    let mut forged = vec!["x".to_owned(), "A".repeat(token.len()), token[1..].to_owned(), token[..10].to_owned()];
    // Key, organisation, membership, generation and signature, each with one character changed.
    for index in [0, 1, 8, 22, 30, 44, 48, 50, 60, token.len() - 2] {
        let mut letters: Vec<char> = token.chars().collect();
        letters[index] = if letters[index] == 'Q' { 'g' } else { 'Q' };
        forged.push(letters.into_iter().collect());
    }
    forged.push(format!("{token}Q"));
    forged.push(format!("Q{token}"));
    for forged in forged {
        let address = format!("{base}/{forged}");
        assert_eq!(visible(&stack.web.get(&address)), unknown, "{forged}");
        assert_eq!(stack.web.head(&address).status, 404);
        assert_eq!(visible(&stack.web.post_form(&address, &[("password", PASSWORD)])), unknown, "{forged}");
        assert_eq!(visible(&stack.web.post_form(&format!("{address}/fresh-link"), &[])), unknown, "{forged}");
    }
    assert_eq!(acme.get(&format!("/invitations/{id}")).ok()["status"], "pending");
    assert_eq!(stack.web.get(&link).status, 200);
}

#[test]
#[ignore = "needs a deployed stack: make end-to-end"]
fn an_older_link_says_that_a_newer_one_was_sent() {
    let stack = Stack::from_environment();
    let acme = stack.organisation(5);
    let email = acme.address("again");
    let id = acme.invite(&email, "manager");
    let old = acme.link(&email);
    let resent = acme.step("invitations", &id, "resend").ok();
    assert_eq!((&resent["id"], &resent["generation"]), (&json!(id), &json!(2)));
    let new = acme.links(&email, 2).remove(1);
    assert_ne!(old, new);
    assert_eq!(code(&stack, &old), (410, "link_superseded".to_owned()));
    let page = stack.web.get(&old).text();
    assert!(page.contains("There is a newer link") && page.contains("Send a fresh link"), "{page}");
    assert_eq!(stack.web.post_form(&old, &[("password", PASSWORD)]).status, 410);
    assert_eq!(stack.accounts(&email), 0);
    // Requested right after a mail, a fresh link is promised and none is sent.
    assert_eq!(stack.web.post_form(&format!("{old}/fresh-link"), &[]).status, 202);
    assert_eq!(stack.web.get(&new).status, 200);
    acme.join(&new, "Second", "Time");
    for link in [&old, &new] {
        assert_eq!(code(&stack, link), (410, "already_accepted".to_owned()));
    }
    acme.wait_until_idle();
    assert_eq!(acme.mails(&email).len(), 2);
}

#[test]
#[ignore = "needs a deployed stack: make end-to-end"]
fn a_revoked_invitation_cannot_be_accepted_until_it_is_resent() {
    let stack = Stack::from_environment();
    let acme = stack.organisation(5);
    let email = acme.address("revoked");
    let id = acme.invite(&email, "manager");
    let link = acme.link(&email);
    assert_eq!(acme.seats(), (5, 2, 3));
    for _ in 0..2 {
        assert_eq!(acme.step("invitations", &id, "revoke").ok()["status"], "revoked");
        assert_eq!(acme.seats(), (5, 1, 4));
    }
    assert_eq!(code(&stack, &link), (410, "link_revoked".to_owned()));
    let page = stack.web.get(&link).text();
    assert!(page.contains("was withdrawn") && !page.contains("Send a fresh link"), "{page}");
    assert_eq!(stack.web.post_form(&link, &[("password", PASSWORD)]).status, 410);
    assert_eq!(stack.accounts(&email), 0);
    assert_eq!(acme.get(&format!("/members/{id}")).status, 404);

    assert_eq!(acme.step("invitations", &id, "resend").ok()["status"], "pending");
    assert_eq!(acme.seats(), (5, 2, 3));
    acme.join(&acme.links(&email, 2).remove(1), "Back", "Again");
    assert_eq!(acme.step("invitations", &id, "revoke").refusal(), (409, "already_accepted".to_owned()));
    assert_eq!(acme.step("invitations", &id, "resend").refusal(), (409, "already_accepted".to_owned()));
    assert_eq!(acme.get(&format!("/members/{id}")).ok()["status"], "active");
    assert_eq!(acme.seats(), (5, 2, 3));
}

/// Mail scanners follow links, many times.
#[test]
#[ignore = "needs a deployed stack: make end-to-end"]
fn many_looks_at_a_link_change_nothing() {
    let stack = Stack::from_environment();
    let acme = stack.organisation(5);
    let email = acme.address("scanned");
    let _ = acme.invite(&email, "manager");
    let link = acme.link(&email);
    acme.wait_until_idle();
    let before = stack.items_with(&acme.id);
    assert!(before.len() >= 4, "settings, places and two people at least: {:?}", before.keys());
    std::thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                for _ in 0..10 {
                    assert_eq!(stack.web.get(&link).status, 200);
                    assert_eq!(stack.web.head(&link).status, 200);
                }
            });
        }
    });
    assert_eq!(stack.items_with(&acme.id), before);
    assert_eq!(acme.mails(&email).len(), 1);
}
