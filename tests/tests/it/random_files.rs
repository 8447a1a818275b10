//! Fixtures with random damage, read as files and as pasted lists. `make fuzz` looks further, for as long as it is let.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

#[path = "../../../fuzz/checks/import.rs"]
mod import;
#[path = "../../../fuzz/checks/pasted.rs"]
mod pasted;

const FILES: u32 = 3_000;
/// Longer fixtures are cut: the windows that matter are passed by the check itself.
const LONGEST: usize = 4_096;

/// One change of some bytes.
#[derive(Debug, Clone)]
enum Damage {
    Overwrite(u8),
    Insert(Vec<u8>),
    Remove(usize),
    /// Repeats the bytes before it.
    Repeat(usize),
}

fn damage() -> impl Strategy<Value = (prop::sample::Index, Damage)> {
    let telling = prop::sample::select(&b",;\t|^\"'\r\n\\@<>#= \0\x1a\x80\xc3\xff"[..]);
    let byte = prop_oneof![3 => telling, 1 => any::<u8>()];
    let change = prop_oneof![
        byte.clone().prop_map(Damage::Overwrite),
        prop::collection::vec(byte, 1..8).prop_map(Damage::Insert),
        (1..64_usize).prop_map(Damage::Remove),
        (1..512_usize).prop_map(Damage::Repeat),
    ];
    (any::<prop::sample::Index>(), change)
}

fn damaged(mut file: Vec<u8>, changes: &[(prop::sample::Index, Damage)]) -> Vec<u8> {
    for (at, change) in changes {
        let at = at.index(file.len() + 1);
        match change {
            Damage::Overwrite(byte) => file.iter_mut().skip(at).take(1).for_each(|old| *old = *byte),
            Damage::Insert(bytes) => drop(file.splice(at..at, bytes.iter().copied())),
            Damage::Remove(length) => drop(file.drain(at..(at + length).min(file.len()))),
            Damage::Repeat(length) => {
                let bytes = file[at.saturating_sub(*length)..at].to_vec();
                drop(file.splice(at..at, bytes));
            }
        }
    }
    file
}

fn fixtures(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { fixtures(&path, found) } else { found.push(path) }
    }
}

/// Always the same inputs, so that a failure is not lost and a pass means the same everywhere.
fn run<S: Strategy>(inputs: &S, check: impl Fn(S::Value)) {
    let config = Config { cases: FILES, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let checked = runner.run(inputs, |input| {
        check(input);
        Ok(())
    });
    checked.expect("every promise is kept");
}

fn damaged_fixtures() -> impl Strategy<Value = Vec<u8>> {
    let mut paths = Vec::new();
    fixtures(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"), &mut paths);
    paths.sort();
    let read = |path: PathBuf| {
        let mut file = std::fs::read(path).expect("a fixture");
        file.truncate(LONGEST);
        file
    };
    let files: Vec<Vec<u8>> = paths.into_iter().map(read).collect();
    let changes = prop::collection::vec(damage(), 0..6);
    (prop::sample::select(files), changes).prop_map(|(file, changes)| damaged(file, &changes))
}

#[test]
fn the_plan_of_a_damaged_file_keeps_its_promises() {
    run(&damaged_fixtures(), |file| import::check(&file));
}

#[test]
fn a_damaged_list_is_read_to_its_end() {
    run(&damaged_fixtures(), |file| pasted::check(&String::from_utf8_lossy(&file)));
}
