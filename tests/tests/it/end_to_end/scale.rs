//! Large files, from the bucket to the mails: 10,000 rows in `make test`, 100,000 in `make scale` while workers are killed.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::{Value, json};
use usher_store::keys;
use usher_tests::stack::{Stack, StoredMember, Tenant, until, while_it_moves};

/// How many rows `make test` carries from end to end.
const ROWS: u32 = 10_000;
/// How many workers are killed.
const KILLED: u64 = 3;
/// The parts of fewer rows are completed before three workers could be killed.
const FEWEST_ROWS: u32 = 20_000;
/// A little longer than the lease on a part: the part of a killed worker comes back when it may be applied again.
const SECONDS_UNTIL_BACK: u32 = 155;

fn rows() -> u32 {
    #[expect(clippy::disallowed_methods, reason = "configuration of the tests, not of the program")]
    let rows = std::env::var("USHER_SCALE_ROWS").map_or(100_000, |rows| rows.parse().expect("a number of rows"));
    assert!(rows >= FEWEST_ROWS, "USHER_SCALE_ROWS is {rows}; at least {FEWEST_ROWS} are needed");
    rows
}

/// The expected outcome of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Created,
    /// Somebody else invites the person between the plan and the sending.
    AlreadyExists,
    /// The row names a team that is closed between the plan and the sending.
    Drifted,
    AlreadyInvited,
    /// A role that there is not.
    Rejected,
    /// The address of the row before, and another name.
    Contradicts,
    /// The row before once more.
    Repeats,
}

fn fate(row: u32) -> Fate {
    match row % 1_000 {
        7 => Fate::Rejected,
        13 => Fate::Repeats,
        17 => Fate::Contradicts,
        23 => Fate::Drifted,
        29 => Fate::AlreadyExists,
        31 => Fate::AlreadyInvited,
        _ => Fate::Created,
    }
}

/// The rows of this fate, by their lines in the file.
fn lines(rows: u32, wanted: Fate) -> impl Iterator<Item = u32> {
    (0..rows).filter(move |row| fate(*row) == wanted).map(|row| row + 2)
}

fn address(acme: &Tenant<'_>, row: u32) -> String {
    acme.address(&format!("p{row}"))
}

/// The address of the row on a line.
fn address_on(acme: &Tenant<'_>, line: u32) -> String {
    address(acme, line - 2)
}

fn file(acme: &Tenant<'_>, rows: u32) -> Vec<u8> {
    let mut file = Vec::from("email,name,role,team\r\n");
    for row in 0..rows {
        let (of, name, role, team) = match fate(row) {
            Fate::Rejected => (row, row, "superuser", "SMB"),
            Fate::Repeats => (row - 1, row - 1, "sales_rep", "SMB"),
            Fate::Contradicts => (row - 1, row, "sales_rep", "SMB"),
            Fate::Drifted => (row, row, "sales_rep", "Enterprise"),
            Fate::Created | Fate::AlreadyExists | Fate::AlreadyInvited => (row, row, "sales_rep", "SMB"),
        };
        file.extend(format!("{},Person {name},{role},{team}\r\n", address(acme, of)).into_bytes());
    }
    file
}

/// Invites the people of these lines by name, 500 a request.
fn invite(acme: &Tenant<'_>, lines: impl Iterator<Item = u32>) {
    let people: Vec<Value> = lines.map(|line| json!({"email": address_on(acme, line), "role": "manager"})).collect();
    for people in people.chunks(500) {
        let answer = acme.post("/invitations", &json!({"invitations": people})).ok();
        let results = answer["results"].as_array().expect("a list");
        assert!(results.iter().all(|one| one["outcome"] == "invited"), "{answer}");
    }
}

/// Deletes a team directly in the table.
fn close(acme: &Tenant<'_>, name: &str) {
    let teams = acme.stack.items_with(&acme.id);
    let team = teams.iter().find(|(key, team)| key.contains(keys::TEAM_PREFIX) && team["name"].contains(name));
    let (key, _) = team.expect("a team of this name");
    let (pk, sk) = key.split_once(' ').expect("two keys");
    let text = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
    let delete = acme.stack.aws.dynamodb().delete_item().table_name(&acme.stack.known.table);
    #[expect(clippy::disallowed_methods, reason = "the test's own call")]
    let deleted = delete.key("pk", text(pk)).key("sk", text(sk)).send();
    acme.stack.wait(deleted).expect("the table");
}

/// The import, once its file is planned.
fn planned(acme: &Tenant<'_>, id: &str) -> Value {
    while_it_moves("the plan", || {
        let import = acme.get(&format!("/imports/{id}")).ok();
        let reading = import["status"] == "awaiting_upload" || import["status"] == "planning";
        if reading { Err(import.to_string()) } else { Ok(import) }
    })
}

/// Waits until so many rows are done; tells the import.
fn applied(acme: &Tenant<'_>, id: &str, rows: u64) -> Value {
    while_it_moves("the rows to be done", || {
        let import = acme.get(&format!("/imports/{id}")).ok();
        let done = import["progress"]["done"].as_u64().expect("a number");
        if done >= rows { Ok(import) } else { Err(done.to_string()) }
    })
}

fn assert_counts(import: &Value, rows: u32) {
    let expected = [
        ("created", lines(rows, Fate::Created).count()),
        ("already_exists", lines(rows, Fate::AlreadyExists).count()),
        ("drifted", lines(rows, Fate::Drifted).count()),
        ("already_invited", lines(rows, Fate::AlreadyInvited).count()),
        ("rejected", lines(rows, Fate::Rejected).count() + lines(rows, Fate::Contradicts).count()),
        ("ignored_duplicates", lines(rows, Fate::Repeats).count()),
        ("already_member", 0),
        ("deactivated_member", 0),
        ("cancelled", 0),
    ];
    assert_eq!(import["status"], "completed", "{import}");
    for (name, count) in expected {
        assert_eq!(import["counts"][name], json!(count), "{name} in {import}");
    }
    assert_eq!(import["rows"], json!(rows));
    assert_eq!(expected.iter().map(|(_, count)| count).sum::<usize>(), rows as usize);
}

/// A row of `results.csv`.
#[derive(Debug, Deserialize)]
struct Accounted {
    line: u32,
    email: String,
    outcome: String,
    membership_id: String,
}

/// Every row as `results.csv` accounts for it. A file of this size is fetched from the bucket.
fn results(acme: &Tenant<'_>, id: &str) -> Vec<Accounted> {
    let mut answer = acme.get(&format!("/imports/{id}/results.csv"));
    if answer.status == 303 {
        answer = acme.stack.web.get(answer.header("location").expect("a place"));
    }
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut reader = csv::Reader::from_reader(answer.bytes.as_slice());
    reader.deserialize().map(|row| row.expect("a row")).collect()
}

/// Each row of the file is accounted for once, in its order, by the outcome it has to have and the person it is about.
fn assert_rows(acme: &Tenant<'_>, id: &str, rows: u32, members: &BTreeMap<String, StoredMember>) {
    let results = results(acme, id);
    assert_eq!(results.len(), rows as usize);
    for (row, found) in (0..rows).zip(&results) {
        let outcome = match fate(row) {
            Fate::Created => "created",
            Fate::AlreadyExists | Fate::AlreadyInvited => "already_invited",
            Fate::Drifted => "drifted",
            Fate::Rejected | Fate::Contradicts => "rejected",
            Fate::Repeats => "ignored_duplicate",
        };
        assert_eq!((found.line, found.outcome.as_str()), (row + 2, outcome), "{found:?}");
        if outcome != "rejected" && outcome != "drifted" {
            let member = members.get(&found.email).expect("a person");
            assert_eq!(found.membership_id, member.id, "{found:?}");
        }
    }
}

/// One row a person in the table, nobody else, and each by the way they came.
fn assert_members(acme: &Tenant<'_>, id: &str, rows: u32, mut members: BTreeMap<String, StoredMember>) {
    assert_eq!(members.remove(&acme.admin).map(|admin| admin.status), Some("active".to_owned()));
    for (fate, import) in [(Fate::Created, Some(id)), (Fate::AlreadyExists, None), (Fate::AlreadyInvited, None)] {
        for line in lines(rows, fate) {
            let member = members.remove(&address_on(acme, line)).unwrap_or_else(|| panic!("no member for line {line}"));
            assert_eq!((member.status.as_str(), member.import.as_deref()), ("pending", import), "line {line}");
        }
    }
    assert!(members.is_empty(), "{} people too many", members.len());
}

/// One mail a person, and none to anybody else.
fn assert_mails(acme: &Tenant<'_>, rows: u32) {
    let mut mails: HashMap<String, u32> = HashMap::new();
    for to in acme.stack.recipients(&acme.name) {
        *mails.entry(to).or_default() += 1;
    }
    assert_eq!(mails.remove(&acme.admin), Some(1));
    for fate in [Fate::Created, Fate::AlreadyExists, Fate::AlreadyInvited] {
        for line in lines(rows, fate) {
            assert_eq!(mails.remove(&address_on(acme, line)), Some(1), "mails to the person on line {line}");
        }
    }
    assert!(mails.is_empty(), "{} people were mailed who should not be", mails.len());
}

#[test]
#[ignore = "needs a deployed stack: make end-to-end"]
fn ten_thousand_rows_have_their_outcomes() {
    every_row_has_its_outcome(ROWS, 0);
}

#[test]
#[ignore = "needs a deployed stack: make scale"]
fn every_row_of_a_large_file_has_its_outcome_though_workers_are_killed() {
    every_row_has_its_outcome(rows(), KILLED);
}

fn every_row_has_its_outcome(rows: u32, workers_killed: u64) {
    let stack = Stack::from_environment();
    let acme = stack.organisation(rows);
    invite(&acme, lines(rows, Fate::AlreadyInvited));

    let id = acme.upload("people.csv", "review", &json!({}), &file(&acme, rows));
    let plan = planned(&acme, &id);
    assert_eq!(plan["status"], "ready", "{plan}");
    let valid = plan["counts"]["valid"].as_u64().expect("a number");
    invite(&acme, lines(rows, Fate::AlreadyExists));
    close(&acme, "Enterprise");

    let retry_sooner = (workers_killed > 0).then(|| stack.retry_sooner("ApplyQueue", SECONDS_UNTIL_BACK));
    assert_eq!(acme.send_import(&plan).status / 100, 2);
    for killed in 0..workers_killed {
        let _ = applied(&acme, &id, valid * killed / (2 * workers_killed));
        stack.kill_one("import-apply");
    }
    let _ = applied(&acme, &id, valid);
    drop(retry_sooner);
    assert_counts(&acme.done(&id), rows);

    let people = [Fate::Created, Fate::AlreadyExists, Fate::AlreadyInvited].map(|fate| lines(rows, fate).count());
    let people: usize = people.iter().sum();
    while_it_moves("all mails", || {
        let mails = stack.recipients(&acme.name).len();
        if mails > people { Ok(()) } else { Err(mails.to_string()) }
    });
    until("the queue of mails to be empty", || (stack.waiting("MailQueue") == 0).then_some(()));

    let members = stack.members_of(&acme.id);
    assert_rows(&acme, &id, rows, &members);
    assert_members(&acme, &id, rows, members);
    assert_mails(&acme, rows);
    let (limit, used) = (u64::from(rows), people as u64 + 1);
    assert_eq!(acme.seats(), (limit, used, limit - used));
    for (queue, waiting) in stack.dead_letters() {
        assert_eq!(waiting, 0, "messages that nobody could process, in {queue}");
    }
}
