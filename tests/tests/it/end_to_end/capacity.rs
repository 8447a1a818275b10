//! Many at once: no seat is sold twice, nobody joins twice.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use usher_tests::stack::{PASSWORD, Stack, Web, until};

/// A request that may be told to come back because too many came at once, as every client is.
fn patiently(request: impl Fn() -> usher_tests::stack::Answer) -> usher_tests::stack::Answer {
    until("an answer that is not `busy`", || Some(request()).filter(|answer| ![429, 503].contains(&answer.status)))
}

#[test]
#[ignore = "needs a deployed stack: make end-to-end"]
fn two_hundred_at_once_on_fifty_free_seats_invite_fifty() {
    let stack = Stack::from_environment();
    let acme = stack.organisation(51);
    let invited = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for number in 0..200 {
            let (acme, invited) = (&acme, &invited);
            scope.spawn(move || {
                let person = json!({"email": acme.address(&format!("p{number}")), "role": "sales_rep"});
                let answer = patiently(|| acme.post("/invitations", &json!({"invitations": [person]})));
                if answer.status == 200 {
                    // One whose answer was lost finds itself invited.
                    let outcome = answer.json()["results"][0]["outcome"].clone();
                    assert!(["invited", "already_invited"].iter().any(|expected| outcome == *expected), "{outcome}");
                    invited.fetch_add(1, Ordering::SeqCst);
                } else {
                    assert_eq!(answer.refusal(), (409, "capacity_exceeded".to_owned()));
                }
            });
        }
    });
    assert_eq!(invited.load(Ordering::SeqCst), 50);
    assert_eq!(acme.seats(), (51, 51, 0));
    assert_eq!(acme.list("/invitations?status=pending").len(), 50);
    acme.settle();
    let mut recipients: Vec<_> = stack.mails(&acme.name).into_iter().flat_map(|mail| mail.to).collect();
    assert_eq!(recipients.len(), 51, "each of them, and the admin, once");
    recipients.sort_unstable();
    recipients.dedup();
    assert_eq!(recipients.len(), 51);
}

#[test]
#[ignore = "needs a deployed stack: make end-to-end"]
fn fifty_accepts_at_once_make_one_member_with_one_account() {
    let stack = Stack::from_environment();
    let acme = stack.organisation(5);
    let email = acme.address("eager");
    let id = acme.invite(&email, "manager");
    let link = acme.link(&email);
    let web: &Web = &stack.web;
    std::thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| {
                let answer = patiently(|| web.post_form(&link, &[("password", PASSWORD), ("first_name", "Eager")]));
                assert_eq!(answer.status, 303, "{}", answer.text());
            });
        }
    });
    assert_eq!(stack.accounts(&email), 1);
    assert!(stack.sign_in(&email, PASSWORD).is_some());
    let members = acme.list("/members");
    assert_eq!(members.len(), 2, "the admin and they: {members:?}");
    assert_eq!(members.iter().filter(|member| member["id"] == id.as_str()).count(), 1);
    assert_eq!(acme.seats(), (5, 2, 3));
    acme.settle();
    assert_eq!(acme.mails(&email).len(), 1);
}
