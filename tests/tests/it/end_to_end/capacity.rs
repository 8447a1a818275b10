//! Many at once: no seat is sold twice, nobody joins twice.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use usher_tests::stack::{Answer, PASSWORD, Stack, Web};

/// The longest pause between two retries. All pauses together are four minutes.
const GIVE_UP: Duration = Duration::from_secs(256);

/// How many of the requests for seats are under way at once. A local cloud on two cores makes a process for each, and more of
/// them only wait for one another; the story in `tests/it/capacity/concurrency.rs` has all two hundred at once.
const AT_ONCE: u32 = 40;

/// Retries like a well-behaved client when the server is overloaded or fails, with growing pauses. Counts the failures
/// that may have had an effect.
fn patiently(failures: &AtomicUsize, request: impl Fn() -> Answer) -> Answer {
    let mut pause = Duration::from_secs(1);
    loop {
        let answer = request();
        if answer.status != 429 && answer.status < 500 {
            return answer;
        }
        if answer.status >= 500 {
            failures.fetch_add(1, Ordering::SeqCst);
        }
        assert!(pause < GIVE_UP, "refused on every retry: {} {}", answer.status, answer.text());
        std::thread::sleep(pause);
        pause *= 2;
    }
}

#[test]
#[ignore = "needs a deployed stack: make end-to-end"]
fn two_hundred_requests_on_fifty_free_seats_invite_fifty() {
    let stack = Stack::from_environment();
    let acme = stack.organisation(51);
    let (invited, failures) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for first in 0..AT_ONCE {
            let (acme, invited, failures) = (&acme, &invited, &failures);
            let invite = move |number: u32| {
                let person = json!({"email": acme.address(&format!("p{number}")), "role": "sales_rep"});
                let answer = patiently(failures, || acme.post("/invitations", &json!({"invitations": [person]})));
                if answer.status == 200 {
                    // A request whose answer was lost may be repeated.
                    let outcome = answer.json()["results"][0]["outcome"].clone();
                    assert!(["invited", "already_invited"].iter().any(|expected| outcome == *expected), "{outcome}");
                    invited.fetch_add(1, Ordering::SeqCst);
                } else {
                    assert_eq!(answer.refusal(), (409, "capacity_exceeded".to_owned()));
                }
            };
            scope.spawn(move || (first..200).step_by(AT_ONCE as usize).for_each(invite));
        }
    });
    assert_eq!(acme.seats(), (51, 51, 0));
    let (invited, failures) = (invited.into_inner(), failures.into_inner());
    // A request that was cut off holds its seat until the sweeper looks after it. On a machine that copes there is none.
    assert!(invited <= 50 && invited + failures >= 50, "{invited} invited, {failures} failed");
    let pending = acme.list("/invitations?status=pending").len();
    assert!((invited..=50).contains(&pending), "{invited} invited, {pending} pending");
    acme.wait_until_idle();
    let mut recipients: Vec<_> = stack.mails(&acme.name).into_iter().flat_map(|mail| mail.to).collect();
    assert_eq!(recipients.len(), pending + 1, "each of them, and the admin, once");
    recipients.sort_unstable();
    recipients.dedup();
    assert_eq!(recipients.len(), pending + 1);
}

#[test]
#[ignore = "needs a deployed stack: make end-to-end"]
fn fifty_accepts_at_once_make_one_member_with_one_account() {
    let stack = Stack::from_environment();
    let acme = stack.organisation(5);
    let email = acme.address("eager");
    let id = acme.invite(&email, "manager");
    let link = acme.link(&email);
    let (web, failures): (&Web, _) = (&stack.web, AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| {
                let answer =
                    patiently(&failures, || web.post_form(&link, &[("password", PASSWORD), ("first_name", "Eager")]));
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
    acme.wait_until_idle();
    assert_eq!(acme.mails(&email).len(), 1);
}
