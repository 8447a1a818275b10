//! What was counted, held against what was counted before.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Instructions, count};

/// The functions that are counted: what an invitee waits for, and what an admin waits for.
pub const FUNCTIONS: [&str; 2] = ["accept", "invite"];
/// Growth up to this share of the baseline passes: compilers and machines differ by as much.
const ALLOWED: u64 = 20;

/// Counts for the programs in a folder, and stops if one takes more than a twentieth over the baseline.
pub async fn check(folder: &Path, file: &Path) {
    let text = std::fs::read_to_string(file).expect("the baseline");
    let baseline: BTreeMap<String, Instructions> = serde_json::from_str(&text).expect("the baseline in JSON");
    let mut found = BTreeMap::new();
    for function in FUNCTIONS {
        found.insert(function.to_owned(), count(folder, function).await);
    }
    let grown: Vec<String> =
        FUNCTIONS.iter().flat_map(|&function| grown(function, &baseline[function], &found[function])).collect();
    println!("{}", serde_json::to_string_pretty(&found).expect("JSON"));
    assert!(
        grown.is_empty(),
        "{}\nIf it is worth that, write what is printed above to {}, and say why in the commit.",
        grown.join("\n"),
        file.display()
    );
}

/// What grew too much, one line each.
fn grown(function: &str, baseline: &Instructions, found: &Instructions) -> Vec<String> {
    let figures = [
        ("first answer", baseline.first_answer, found.first_answer),
        ("next answer", baseline.next_answer, found.next_answer),
    ];
    let too_many = figures.into_iter().filter(|(_, before, now)| *now > before + before / ALLOWED);
    too_many
        .map(|(what, before, now)| {
            format!("{function}, {what}: {now} instructions, {before} before, more than a twentieth above")
        })
        .collect()
}
