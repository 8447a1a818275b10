//! The measurements. Each runs in a process of its own, so that its memory is its own.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::json;
use usher_domain::Organisation;
use usher_import::{DialectOverride, ImportDefaults, Outcome, Planner};
use usher_tests::World;
use usher_tests::cloud::Cloud;
use usher_tests::world::upload_event;

use crate::file::File;

/// What was found.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Found {
    /// Rows, or people, or mails.
    pub rows: u32,
    /// How long they took.
    pub seconds: f64,
    /// Requests to the table, or of all kinds for mails.
    pub requests: usize,
    /// Write units, as DynamoDB counts them.
    pub write_units: f64,
    /// The most memory the process ever held, in kilobytes; none where the system does not tell.
    pub peak_kilobytes: Option<u64>,
}

impl Found {
    fn new(rows: u32, spent: Duration) -> Self {
        Self { rows, seconds: spent.as_secs_f64(), peak_kilobytes: peak(), ..Self::default() }
    }

    pub fn pace(&self) -> f64 {
        f64::from(self.rows) / self.seconds
    }
}

fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

/// The `csv` crate, which divides the file into cells and does no more.
pub fn csv_crate(rows: u32) -> Found {
    let mut file = File::new(rows, rows);
    let (mut record, mut records) = (csv::ByteRecord::new(), 0);
    let begun = Instant::now();
    let mut reader = csv::ReaderBuilder::new().buffer_capacity(64 * 1024).from_reader(&mut file);
    while reader.read_byte_record(&mut record).expect("a table") {
        records += 1;
    }
    let spent = begun.elapsed();
    assert_eq!(records, rows);
    Found::new(rows, spent.saturating_sub(file.spent))
}

fn acme() -> Organisation {
    let organisation = json!({
        "id": "00000000010000000000000001",
        "name": "Acme",
        "invitation_seconds": 604_800,
        "roles": [
            {"name": "admin", "rank": 30, "can_invite": true},
            {"name": "manager", "rank": 20, "can_invite": true},
            {"name": "sales_rep", "rank": 10, "can_invite": false},
        ],
        "teams": [{"id": "t-ent", "name": "Enterprise"}, {"id": "t-smb", "name": "SMB"}],
        "products": [],
        "courses": [],
    });
    serde_json::from_value(organisation).expect("an organisation")
}

/// The pure part: decode, divide, check, tell people apart.
pub fn plan(rows: u32, people: u32) -> Found {
    let organisation = acme();
    let mut planner = Planner::new(&organisation, Some(30), ImportDefaults::default(), DialectOverride::default());
    let (mut file, mut valid) = (File::new(rows, people), 0);
    let mut drain = |planner: &mut Planner<'_>| {
        while let Some(row) = planner.next_row() {
            valid += u32::from(matches!(row.outcome, Outcome::Valid(_)));
        }
    };
    let begun = Instant::now();
    while let Some(chunk) = file.chunk() {
        planner.feed(chunk).expect("a list of people");
        drain(&mut planner);
    }
    planner.finish().expect("a list of people");
    drain(&mut planner);
    let spent = begun.elapsed();
    assert_eq!((valid, planner.counts().rows), (people, rows));
    Found::new(rows, spent.saturating_sub(file.spent))
}

/// Requests to the table since this was last asked.
fn table_requests(cloud: &Cloud) -> usize {
    cloud.take_calls().iter().filter(|operation| operation.starts_with("DynamoDB_")).count()
}

/// A file through the functions themselves: planned by bulk-import (its parts written, its people looked up), and all the way,
/// sent, handed out by relay and applied by import-apply. The mails are measured by themselves.
pub async fn apply(rows: u32) -> (Found, Found) {
    let acme = World::in_cloud(Cloud::large()).acme(rows + 1).await;
    let (world, cloud) = (&acme.world, &acme.world.cloud);
    let announced = acme.post("/imports", json!({"filename": "people.csv", "mode": "review"})).await.ok();
    let id = announced["id"].as_str().expect("an id");
    let key = format!("uploads/{}/{id}/people.csv", acme.id);
    cloud.put_file(&key, File::new(rows, rows).bytes());
    let _ = (cloud.take_calls(), cloud.stream());
    cloud.meter();

    let begun = Instant::now();
    let bulk_import = usher_app::import::ImportPlanning { largest_file: None, ..world.bulk_import() };
    bulk_import::handle(&bulk_import, upload_event(&key, "v1")).await.expect("planned");
    let planned = Found::new(rows, begun.elapsed());
    let plan = acme.get(&format!("/imports/{id}")).await.ok();
    let _ = acme.post(&format!("/imports/{id}/send"), json!({"digest": plan["digest"]})).await.ok();
    world.relay_changes().await;
    let again = world.apply(cloud.take_messages("apply")).await;
    let spent = begun.elapsed();

    assert_eq!(again, [], "parts that failed");
    let done = acme.get(&format!("/imports/{id}")).await.ok();
    assert_eq!((&done["status"], &done["counts"]["created"]), (&json!("completed"), &json!(rows)), "{done}");
    assert_eq!(acme.seats().await, (u64::from(rows) + 1, u64::from(rows) + 1, 0));
    let (requests, write_units) = (table_requests(cloud), cloud.write_units());
    (planned, Found { requests, write_units, ..Found::new(rows, spent) })
}

const INVITED_AT_ONCE: u32 = 500;

/// People invited by name, 500 a request, and what they are mailed.
pub async fn invite(people: u32) -> (Found, Found) {
    let acme = World::new().acme(people + 1).await;
    let cloud = &acme.world.cloud;
    let person = |n: u32| json!({"email": format!("p{n}@x.example"), "role": "sales_rep"});
    acme.world.drain().await;
    let before = cloud.mails().len();
    let _ = cloud.take_calls();

    let begun = Instant::now();
    for from in (0..people).step_by(INVITED_AT_ONCE as usize) {
        let people: Vec<_> = (from..people.min(from + INVITED_AT_ONCE)).map(person).collect();
        let invited = acme.post("/invitations", json!({"invitations": people})).await;
        assert!(invited.status.is_success(), "{}", invited.text);
    }
    let invited = Found { requests: table_requests(cloud), ..Found::new(people, begun.elapsed()) };

    let begun = Instant::now();
    acme.world.drain().await;
    let spent = begun.elapsed();
    assert_eq!(cloud.mails().len() - before, people as usize);
    (invited, Found { requests: cloud.take_calls().len(), ..Found::new(people, spent) })
}
