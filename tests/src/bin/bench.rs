//! `make bench`: how fast files are read and people are invited, beside the pace of the `csv` crate on the same bytes.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::cast_precision_loss,
    reason = "it prints a table, and stops at what it cannot measure"
)]

use std::time::Instant;

use serde_json::json;
use usher_domain::import::{DialectOverride, ImportDefaults, Planner};
use usher_tests::World;

const ROWS: u32 = 1_000_000;
const INVITED: u32 = 10_000;

fn file(rows: u32) -> Vec<u8> {
    let mut file = Vec::from("email,name,role,team\n");
    for n in 0..rows {
        file.extend_from_slice(format!("person.{n}@company{}.example,Person {n},sales_rep,SMB\n", n % 97).as_bytes());
    }
    file
}

fn pace(rows: u32, begun: Instant) -> String {
    let seconds = begun.elapsed().as_secs_f64();
    format!("{:>12.0} rows/s {seconds:>8.2} s", f64::from(rows) / seconds)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let acme = World::new().acme(ROWS).await;
    let organisation = Box::pin(acme.world.store.load_organisation(acme.id, None))
        .await
        .expect("the table")
        .expect("Acme")
        .organisation;
    let bytes = file(ROWS);
    println!("{:<44}{:>12} rows, {} MB, one core, profile `local`", "", ROWS, bytes.len() / 1_000_000);

    let begun = Instant::now();
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let (mut record, mut records) = (csv::ByteRecord::new(), 0);
    while reader.read_byte_record(&mut record).expect("a table") {
        records += 1;
    }
    assert_eq!(records, ROWS);
    println!("{:<44}{}", "csv crate, records only", pace(ROWS, begun));

    let begun = Instant::now();
    let mut planner =
        Planner::new(&organisation, Some(u32::MAX), ImportDefaults::default(), DialectOverride::default());
    let mut good = 0;
    let mut drain = |planner: &mut Planner<'_>| {
        while let Some(row) = planner.next_row() {
            good += u32::from(matches!(row.outcome, usher_domain::import::Outcome::Good(_)));
        }
    };
    for chunk in bytes.chunks(64 * 1024) {
        planner.feed(chunk).expect("a list of people");
        drain(&mut planner);
    }
    planner.finish().expect("a list of people");
    drain(&mut planner);
    assert_eq!(good, ROWS);
    println!("{:<44}{}", "plan: decode, divide, check, find duplicates", pace(ROWS, begun));

    let people = |from: u32| -> Vec<_> {
        (from..from + 500).map(|n| json!({"email": format!("p{n}@x.example"), "role": "sales_rep"})).collect()
    };
    let _ = acme.world.cloud.take_calls();
    let begun = Instant::now();
    for from in (0..INVITED).step_by(500) {
        let invited = acme.post("/invitations", json!({"invitations": people(from)})).await;
        assert!(invited.status.is_success(), "{}", invited.text);
    }
    let requests = acme.world.cloud.take_calls().len();
    println!("{:<44}{}", "invite, 500 a request, table in this process", pace(INVITED, begun));
    println!(
        "{:<44}{:>12.0}",
        "  requests to the table per 1,000 people",
        requests as f64 / f64::from(INVITED) * 1_000.0
    );

    let begun = Instant::now();
    acme.world.settle().await;
    let mails = acme.world.cloud.mails().len();
    let calls = acme.world.cloud.take_calls();
    println!(
        "{:<44}{}",
        "mail: stream, queue, render, send, record",
        pace(u32::try_from(mails).expect("a count"), begun)
    );
    println!("{:<44}{:>12.0}", "  requests per 1,000 mails", calls.len() as f64 / mails as f64 * 1_000.0);
}
