//! Names that the glossary replaced by others.

use std::collections::BTreeSet;

use super::source::Source;

/// The left column of the glossary, as far as a name has no second, correct meaning.
const RETIRED: &[&str] = &[
    "Draft",
    "DraftRequest",
    "Access",
    "Checker",
    "Demand",
    "Shortfall",
    "take_places",
    "give_back",
    "move_places",
    "FieldProblem",
    "FieldError",
    "ImportProblem",
    "Decision",
    "InviteOutcome",
    "RowOutcome",
    "Skipped",
    "still_holds",
    "vouched_for_by",
    "doubts",
    "Seen",
    "Sighting",
    "Likeness",
    "People",
    "Given",
    "Ahead",
    "Stored",
    "Loaded",
    "Window",
    "Standing",
    "Visit",
    "Dead",
    "NotProved",
    "let_in",
    "settle",
    "settled",
    "settling",
];

pub(super) fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|letter: char| !letter.is_alphanumeric() && letter != '_').filter(|word| !word.is_empty())
}

/// Every retired name, with the file that uses it.
pub(super) fn retired(files: &[Source]) -> Vec<String> {
    let mut found = BTreeSet::new();
    for file in files.iter().filter(|file| !file.is_test()) {
        let code = file.code();
        found.extend(words(&code).filter(|word| RETIRED.contains(word)).map(|word| format!("{}: {word}", file.path)));
    }
    found.into_iter().collect()
}

#[test]
fn a_retired_name_is_found_in_code_only() {
    let file = |text: &str| [Source::new("a.rs", text)];
    assert_eq!(retired(&file("struct Draft;")), ["a.rs: Draft"]);
    assert_eq!(retired(&file("// Draft\nstruct Drafts(&'static str); const D: &str = \"Draft\";")), [""; 0]);
}
