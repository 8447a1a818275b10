//! Plans whose files are deleted before the import has ended.

use jiff::SignedDuration;
use serde_json::{Value, json};
use usher_tests::World;
use usher_tests::world::{Acme, assert_accounted_for, id, people_csv};

/// Takes the file of a part out of the bucket.
async fn remove_part(acme: &Acme, import: &Value, part: u32) {
    let folder = acme.import_folder(import).await;
    acme.world.cloud.remove_file(&format!("{folder}/part-{part:06}.jsonl"));
}

fn counts(import: &Value) -> [u64; 4] {
    ["created", "already_exists", "drifted", "cancelled"].map(|name| import["counts"][name].as_u64().expect("a count"))
}

#[tokio::test]
async fn a_part_whose_file_is_gone_releases_its_seats() {
    for cancelled in [false, true] {
        let acme = World::new().acme(50).await;
        let import = acme.plan_import("people.csv", people_csv(10), json!({})).await;
        let parts = acme.send_import_for_parts(&import).await;
        assert_eq!(acme.seats().await, (50, 11, 39));
        remove_part(&acme, &import, 1).await;
        if cancelled {
            let _ = acme.cancel_import(&import).await;
        }
        assert_eq!(acme.world.apply(parts.clone()).await, parts, "the file may still be read on the first day");
        acme.world.advance(SignedDuration::from_hours(25));
        let _ = acme.world.apply(parts).await;
        acme.world.drain().await;
        let done = acme.import(&import).await;
        assert_eq!(acme.seats().await, (50, 1, 49), "{done}");
        assert!(done["finished_at"].is_string(), "{done}");
        assert_eq!((counts(&done), &done["problem"]["code"]), ([0, 0, 0, 10], &json!("files_gone")), "{done}");
        assert_accounted_for(&done);
        assert_eq!(done["status"], if cancelled { "cancelled" } else { "completed" });
    }
}

/// Some of its rows were applied before the file was gone, some by hand, and other parts are not concerned.
#[tokio::test]
async fn the_rows_that_a_lost_part_had_created_keep_their_seats() {
    let acme = World::new().acme(9_000).await;
    acme.world.drain().await;
    let import = acme.plan_import("people.csv", people_csv(6_000), json!({})).await;
    let _ = acme.invite("p700@x.example").await;
    let mut parts = acme.send_import_for_parts(&import).await;
    let clock = acme.world.clock.clone();
    acme.world.cloud.fail(move |operation| {
        if operation.ends_with("BatchExecuteStatement") {
            clock.advance(SignedDuration::from_secs(1));
        }
        None
    });
    let second = parts.split_off(1);
    assert_eq!(acme.world.apply_within(SignedDuration::from_secs(11), parts).await, []);
    acme.world.cloud.stop_failing();
    let rest = acme.world.cloud.take_messages("apply");
    remove_part(&acme, &import, 1).await;
    acme.world.advance(SignedDuration::from_hours(25));
    for messages in [rest, second] {
        assert_eq!(acme.world.apply(messages).await, []);
    }
    acme.world.drain().await;
    let done = acme.import(&import).await;
    assert_eq!((&done["status"], counts(&done)), (&json!("completed"), [1_500, 1, 0, 4_499]), "{done}");
    assert_accounted_for(&done);
    assert_eq!(acme.seats().await, (9_000, 1_502, 7_498));
}

/// No capacity is reserved for rows that cannot be read, whichever part they are in.
#[tokio::test]
async fn an_import_is_not_sent_without_all_of_its_files() {
    for part in [1, 2, 3] {
        let acme = World::new().acme(20_000).await;
        let import = acme.plan_import("people.csv", people_csv(10_001), json!({})).await;
        remove_part(&acme, &import, part).await;
        let reply = acme.post(&format!("/imports/{}/send", id(&import)), json!({"digest": import["digest"]})).await;
        assert_eq!(reply.refusal(), (409, "import_files_gone".into()), "part {part}");
        assert_eq!(acme.seats().await, (20_000, 1, 19_999));
    }
}

/// S3 deletes files at midnight UTC, and says when. An import of a few rows may take two hours.
#[tokio::test]
async fn an_import_is_not_sent_shortly_before_its_files_expire() {
    let acme = World::new().acme(50).await;
    let import = acme.plan_import("people.csv", people_csv(10), json!({})).await;
    acme.world.cloud.expire_files("Fri, 03 Apr 2026 00:00:00 GMT");
    acme.world.advance(SignedDuration::from_hours(31 * 24 + 14));
    assert_eq!(acme.world.now().to_string(), "2026-04-02T23:00:00Z");
    let path = format!("/imports/{}/send", id(&import));
    let reply = acme.post(&path, json!({"digest": import["digest"]})).await;
    assert_eq!(reply.refusal(), (409, "import_files_gone".into()));
    assert_eq!(acme.seats().await, (50, 1, 49));
    acme.world.cloud.expire_files("Sat, 04 Apr 2026 00:00:00 GMT");
    assert_eq!(acme.complete_import(&import).await["counts"]["created"], 10);
}
