//! `make bench`: how fast files are read and people are invited, and at what cost, beside what is aimed at.
//!
//! Every measurement runs in a process of its own, started here with its name: `bench plan 1000 1000`. `bench instructions
//! FILE` holds what the functions beside this program cost against what they did.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::cast_precision_loss,
    unreachable_pub,
    reason = "it prints a table, and stops at what it cannot measure"
)]

mod crowd;
mod file;
mod instructions;
mod measure;
mod report;

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde::de::DeserializeOwned;
use usher_import::PEOPLE;

use crowd::{List, Wave};
use measure::Found;
use report::{at_least, at_most, heading, line, pace};

const ROWS: u32 = 1_000_000;
const FEW_ROWS: u32 = 1_000;
const INVITED: u32 = 10_000;
const LISTED: u32 = 200_000;
/// How often what takes a second is measured: for half a minute, since whoever shares the machine comes and goes.
const RUNS: usize = 21;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize| arguments[index].parse().expect("a number");
    let found = match arguments.first().map(String::as_str) {
        None => return table().await,
        Some("instructions") => return instructions::check(&folder(), arguments[1].as_ref()).await,
        Some("csv") => vec![measure::csv_crate(number(1))],
        Some("plan") => vec![measure::plan(number(1), number(2))],
        Some("apply") => {
            let (planned, applied) = measure::apply(number(1)).await;
            vec![planned, applied]
        }
        Some("invite") => {
            let (invited, mailed) = measure::invite(number(1)).await;
            vec![invited, mailed]
        }
        Some("lists") => return println!("{}", serde_json::to_string(&crowd::lists(number(1)).await).expect("JSON")),
        Some("wave") => return println!("{}", serde_json::to_string(&[crowd::wave(number(1)).await]).expect("JSON")),
        Some(other) => {
            panic!("{other:?} is no measurement; there are csv, plan, apply, invite, lists, wave and instructions")
        }
    };
    println!("{}", serde_json::to_string(&found).expect("JSON"));
}

/// Where this program is, and beside it those of the functions.
fn folder() -> PathBuf {
    std::env::current_exe().expect("this program").parent().expect("its folder").to_owned()
}

/// Measures in another process.
fn measured<T: DeserializeOwned>(arguments: &[&str], numbers: &[u32]) -> Vec<T> {
    let program = std::env::current_exe().expect("this program");
    let numbers = numbers.iter().map(u32::to_string);
    let child = Command::new(program).args(arguments).args(numbers).stderr(Stdio::inherit()).output();
    let child = child.expect("this program again");
    assert!(child.status.success(), "{arguments:?} failed");
    serde_json::from_slice(&child.stdout).expect("what was found")
}

/// The size of the largest of the functions that are built as AWS runs them, in bytes.
fn largest_program() -> Option<u64> {
    let functions = std::fs::read_dir(".local/aws").ok()?;
    let sizes = functions.filter_map(|function| std::fs::metadata(function.ok()?.path().join("bootstrap")).ok());
    sizes.map(|program| program.len()).max()
}

/// The fastest of several runs: whatever else the machine does only ever makes one slower.
fn fastest(name: &str, numbers: &[u32]) -> Found {
    let runs = (0..RUNS).flat_map(|_| measured::<Found>(&[name], numbers));
    runs.min_by(|one, other| one.seconds.total_cmp(&other.seconds)).expect("a run")
}

async fn table() {
    heading("profile `release`, over TLS, as valgrind counts");
    for function in instructions::FUNCTIONS {
        let found = instructions::count(&folder(), function).await;
        let millions = |instructions: u64| instructions as f64 / 1e6;
        let (first, next) = (millions(found.first_answer), millions(found.next_answer));
        at_most(&format!("{function}: start and first answer"), first, 12.0, "million");
        match function {
            "accept" => at_most("  each answer after that: the page of a link", next, 2.5, "million"),
            _ => line("  each answer after that: one person invited", next, "million"),
        }
    }
    match largest_program() {
        Some(bytes) => at_most(
            "largest program for AWS that `make deployable` built",
            bytes as f64 / f64::from(1 << 20),
            5.0,
            "MB",
        ),
        None => println!("no program for AWS is built: see `make deployable`"),
    }

    heading(&format!("{ROWS} rows, one core, profile `bench`, fastest of {RUNS} runs"));
    let csv = &fastest("csv", &[ROWS]);
    pace("csv crate: records and cells only", csv, None);
    let plan = &fastest("plan", &[ROWS, ROWS]);
    pace("plan: decode, split, validate, find duplicates", plan, None);
    at_least("plan / csv crate", plan.pace() / csv.pace(), 0.1);

    // The same people again and again need no more room, so what the others need more is the set of people seen.
    let few = &measured::<Found>(&["plan"], &[FEW_ROWS, FEW_ROWS])[0];
    let same = &measured::<Found>(&["plan"], &[ROWS, FEW_ROWS])[0];
    if let (Some(few), Some(same), Some(all)) = (few.peak_kilobytes, same.peak_kilobytes, plan.peak_kilobytes) {
        let megabytes = |kilobytes: u64| kilobytes as f64 / 1_024.0;
        line("  peak memory, 1,000 rows", megabytes(few), "MB");
        at_most("  peak memory, as many rows of the same 1,000 people", megabytes(same), 1.1 * megabytes(few), "MB");
        at_most("  peak memory, each row somebody else", megabytes(all), 128.0, "MB");
        let people = u32::try_from(PEOPLE).expect("fewer than lines");
        let most = &measured::<Found>(&["plan"], &[people, people])[0];
        at_most(
            "  peak memory, as many people as a file may have",
            most.peak_kilobytes.map_or(f64::NAN, megabytes),
            128.0,
            "MB",
        );
        line("  the set of people seen, a row", all.saturating_sub(same) as f64 * 1_024.0 / f64::from(ROWS), "bytes");
    }

    heading("one run");
    let [planned, apply] = &measured::<Found>(&["apply"], &[ROWS])[..] else { panic!("two measurements") };
    let thousands = f64::from(apply.rows) / 1_000.0;
    pace("plan as deployed: decode to parts written, people looked up", planned, None);
    pace("plan and apply: bulk-import, relay, import-apply", apply, None);
    at_most("  requests to the table per 1,000 rows", apply.requests as f64 / thousands, 90.0, "");
    at_most("  write units per created row", apply.write_units / f64::from(apply.rows), 2.05, "");
    if let Some(peak) = apply.peak_kilobytes {
        line("  peak memory, with table and bucket in it", peak as f64 / 1_024.0, "MB");
    }

    let [invited, mailed] = &measured::<Found>(&["invite"], &[INVITED])[..] else { panic!("two measurements") };
    pace("invite: 500 a request", invited, None);
    line("  requests to the table per 1,000 people", invited.requests as f64 / f64::from(invited.rows) * 1_000.0, "");
    pace("mail: stream, queue, render, send, record", mailed, None);
    line("  requests per 1,000 mails", mailed.requests as f64 / f64::from(mailed.rows) * 1_000.0, "");

    crowds();
}

/// What a crowd in one organisation costs.
fn crowds() {
    heading(&format!("lists, {LISTED} people: the dearest page"));
    for List { path, pages, items, read_units, queries, at_once } in measured(&["lists"], &[LISTED]) {
        at_most(&path, read_units, 200.0, "units");
        at_most("  queries, with the organisation's", queries as f64, 17.0, "");
        at_most("  at the same time", at_once as f64, 8.0, "");
        line("  people found a page", items as f64 / f64::from(pages), "");
    }
    heading(&format!("{ROWS} people expire at once, 10 ms a request"));
    let wave: Vec<Wave> = measured(&["wave"], &[ROWS]);
    let [Wave { people, ticks, seconds, longest_tick_seconds, requests, others_waited }] = wave[..] else {
        panic!("one wave")
    };
    at_most("until every seat is free", seconds as f64 / 60.0, 60.0, "min");
    line("  ticks of the sweeper, five minutes apart", f64::from(ticks), "");
    at_most("  the longest tick", longest_tick_seconds as f64, 240.0, "s");
    line("  requests per 1,000 people", requests as f64 / f64::from(people) * 1_000.0, "");
    at_most("  ticks that left others waiting", f64::from(others_waited), 0.0, "");
}
