//! Files as people really upload them, from `tests/fixtures/import`: each with the plan it comes to, as a snapshot, and
//! with what its uploader would want of it, which its `README.md` says in words and `expected.json` in figures.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Expected {
    path: String,
    encoding: Option<String>,
    delimiter: Option<String>,
    valid: Option<usize>,
    #[serde(default)]
    rejected: BTreeMap<u32, String>,
    #[serde(default)]
    repeats: BTreeMap<u32, u32>,
    refused: Option<String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/import")
}

/// The organisation that `README.md` describes.
fn organisation() -> Organisation {
    let mut acme = acme();
    let text = |text: &str| text.parse::<ShortText>().expect("a short text");
    let team = |id: &str, name| Team { id: id.into(), name: text(name) };
    acme.catalogue.teams.extend([team("t-mid", "Mid-Market"), team("t-paris", "Équipe Paris")]);
    let course = |slug: &str| Course { slug: slug.into(), title: text("A course") };
    acme.catalogue.courses =
        ["meddpicc-masterclass", "meddicc-value-program", "value-pyramid-program", "Meddicc-go-live-plan"]
            .map(course)
            .to_vec();
    acme
}

fn plan_of(path: &str, bytes: &[u8], chunk: usize) -> Result<Plan, FileError> {
    let rank = if path.contains("as-manager") { 20 } else { 30 };
    plan_for(&organisation(), rank, bytes, chunk, &ImportDefaults::default(), &DialectOverride::default())
}

fn differences(expected: &Expected, found: &Result<Plan, FileError>) -> Vec<String> {
    let plan = match (found, &expected.refused) {
        (Err(error), Some(code)) if error.code() == code => return Vec::new(),
        (Err(error), _) => return vec![format!("refused: {error}")],
        (Ok(_), Some(code)) => return vec![format!("read, and not refused with {code}")],
        (Ok(plan), None) => plan,
    };
    let mut differences = Vec::new();
    let mut compare = |what: &str, found: String, expected: Option<String>| {
        if let Some(expected) = expected.filter(|expected| *expected != found) {
            differences.push(format!("{what}: {found}, not {expected}"));
        }
    };
    compare("encoding", plan.report.encoding.clone(), expected.encoding.clone());
    let delimiter = plan.report.delimiter.map_or_else(|| "list".to_owned(), String::from);
    compare("delimiter", delimiter, expected.delimiter.clone());
    let (mut valid, mut rejected, mut repeats) = (0, BTreeMap::new(), BTreeMap::new());
    for (row, (line, codes)) in plan.rows.iter().zip(codes(plan)) {
        match row.outcome {
            Outcome::Valid(_) => valid += 1,
            Outcome::Duplicate { of, .. } => drop(repeats.insert(line, of)),
            Outcome::Rejected(_) => {
                // Several people of a list may stand on one line; the codes of one are in the order of their names.
                let mut codes: Vec<_> = codes.split(' ').collect();
                codes.sort_unstable();
                let entry: &mut String = rejected.entry(line).or_default();
                *entry = [entry.as_str(), &codes.join(" ")]
                    .into_iter()
                    .filter(|text| !text.is_empty())
                    .collect::<Vec<_>>()
                    .join(", ");
            }
        }
    }
    compare("valid", format!("{valid}"), expected.valid.map(|valid| format!("{valid}")));
    compare("rejected", format!("{rejected:?}"), Some(format!("{:?}", expected.rejected)));
    compare("repeats", format!("{repeats:?}"), Some(format!("{:?}", expected.repeats)));
    differences
}

#[test]
fn every_file_comes_to_what_its_uploader_wants() {
    let text = fs::read_to_string(folder().join("expected.json")).expect("what is expected");
    let all: Vec<Expected> = serde_json::from_str(&text).expect("JSON");
    assert!(all.len() > 200, "{}", all.len());
    let mut wrong = Vec::new();
    for expected in &all {
        let bytes = fs::read(folder().join(&expected.path)).expect("a file");
        for difference in differences(expected, &plan_of(&expected.path, &bytes, 64 * 1024)) {
            wrong.push(format!("{}: {difference}", expected.path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_has_the_plan_it_had() {
    let mut folders: Vec<PathBuf> =
        fs::read_dir(folder()).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    folders.sort();
    for folder in folders.into_iter().filter(|path| path.is_dir()) {
        let mut files: Vec<PathBuf> =
            fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
        files.sort();
        let plans = files.iter().map(|path| {
            let (name, bytes) = (path.file_name().expect("a name").to_string_lossy(), fs::read(path).expect("a file"));
            let shown_plan = |plan: Result<Plan, FileError>| match plan {
                Ok(plan) => shown_in_short(&plan),
                Err(error) => format!("{}: {error}", error.code()),
            };
            let whole = shown_plan(plan_of(&name, &bytes, bytes.len().max(1)));
            let pieces = shown_plan(plan_of(&name, &bytes, 7));
            assert_eq!(whole, pieces, "{name}: it does not matter how a file arrives");
            format!("=== {name}\n{whole}\n")
        });
        insta::assert_snapshot!(
            folder.file_name().expect("a name").to_string_lossy().into_owned(),
            plans.collect::<Vec<_>>().join("\n")
        );
    }
}

/// A plan in few lines: what was guessed, and what every row comes to.
fn shown_in_short(plan: &Plan) -> String {
    let DialectReport {
        encoding, confidence, first_line, delimiter, quote, newline, skipped, columns, ignored, ..
    } = &plan.report;
    let columns: Vec<_> = columns.iter().map(|column| format!("{} = {}", column.header, column.field)).collect();
    let mut lines = vec![
        format!("{encoding} {confidence:?} from line {first_line:?}, {delimiter:?} {quote:?} {newline:?}, {skipped:?}"),
        format!("{}; ignored {ignored:?}", columns.join(", ")),
    ];
    lines.extend(plan.rows.iter().flat_map(shown_row));
    lines.join("\n")
}
