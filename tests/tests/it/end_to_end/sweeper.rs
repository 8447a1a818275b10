//! The stories of expiry are elsewhere, with a clock that tests move. This one checks the deployed permissions.

use serde_json::json;
use usher_tests::stack::Stack;

#[test]
#[ignore = "needs a deployed stack: make end-to-end"]
fn the_sweeper_runs_as_deployed() {
    let stack = Stack::from_environment();
    let acme = stack.organisation(5);
    let id = acme.invite(&acme.address("untouched"), "manager");
    let event = json!({"version": "0", "source": "aws.events", "detail-type": "Scheduled Event", "detail": {}});
    for _ in 0..2 {
        let answer = stack.sweep(&event);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("x-amz-function-error"), None, "{}", answer.text());
    }
    assert_eq!(acme.get(&format!("/invitations/{id}")).ok()["status"], "pending");
    assert_eq!(acme.seats(), (5, 2, 3));
}
