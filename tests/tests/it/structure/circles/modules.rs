//! The modules of a crate, and the paths that their code contains.

use std::collections::BTreeMap;

/// The module of a file, from the root of its crate: `src/people/mod.rs` and `src/people.rs` are `[people]`.
pub(super) fn module(path: &str) -> Vec<String> {
    let inside = path.split_once("/src/").map_or(path, |(_, inside)| inside).trim_end_matches(".rs");
    let mut names: Vec<String> = inside.split('/').map(str::to_owned).collect();
    if names.last().is_some_and(|name| name == "mod") || inside == "lib" {
        names.pop();
    }
    names
}

/// A `use` declaration or a path in the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) names: Vec<String>,
    /// The name under which a `pub use` exports it.
    pub(super) exported: Option<String>,
    /// Whether a `use` declares it.
    pub(super) imported: bool,
}

/// Every path of the code: those of `use` declarations, and those of two names and more elsewhere.
pub(super) fn paths(code: &str) -> Vec<Path> {
    let mut found = Vec::new();
    let mut rest = String::new();
    for statement in code.split_inclusive(';') {
        let start = statement.rfind(['{', '}']).filter(|_| !statement.contains("use ")).map_or(0, |at| at + 1);
        match use_start(&statement[start..]) {
            Some(at) => {
                rest.push_str(&statement[..start + at]);
                let (before, tree) = statement[start + at..].split_once("use ").unwrap_or_default();
                let public = before.trim_start().starts_with("pub");
                let tree: String = tree.trim_end_matches(';').split_whitespace().collect::<Vec<_>>().join(" ");
                expand(&[], &tree, public, &mut found);
            }
            None => rest.push_str(statement),
        }
    }
    found.extend(plain_paths(&rest));
    found
}

/// Where a statement begins that is a `use`, with its visibility.
fn use_start(statement: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = statement[from..].find("use ").map(|at| from + at) {
        let line = statement[..at].rfind('\n').map_or(0, |line| line + 1);
        let before = statement[line..at].trim();
        if before.is_empty() || before == "pub" || (before.starts_with("pub(") && before.ends_with(')')) {
            return Some(line);
        }
        from = at + 4;
    }
    None
}

fn expand(prefix: &[String], tree: &str, public: bool, found: &mut Vec<Path>) {
    let tree = tree.trim();
    if let Some((head, list)) = tree.split_once('{') {
        let names: Vec<String> =
            head.split("::").map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let prefix = [prefix, &names].concat();
        let list = list.trim_end().strip_suffix('}').unwrap_or(list);
        let (mut depth, mut start) = (0, 0);
        for (at, letter) in list.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    expand(&prefix, &list[start..at], public, found);
                    start = at + 1;
                }
                _ => {}
            }
        }
        expand(&prefix, &list[start..], public, found);
    } else if !tree.is_empty() {
        let (path, alias) = tree.split_once(" as ").map_or((tree, None), |(path, alias)| (path, Some(alias.trim())));
        let mut names = [prefix, &path.split("::").map(|name| name.trim().to_owned()).collect::<Vec<_>>()].concat();
        names.retain(|name| name != "self" || names_only_self(path, prefix));
        let last = names.last().cloned().unwrap_or_default();
        let exported = public.then(|| alias.map_or(last, str::to_owned));
        found.push(Path { names, exported, imported: true });
    }
}

/// `self::x` keeps its first name; in `x::{self, y}` it means the prefix.
fn names_only_self(path: &str, prefix: &[String]) -> bool {
    prefix.is_empty() && path.starts_with("self::")
}

fn plain_paths(code: &str) -> Vec<Path> {
    let letters = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':';
    let runs = code.split(|letter| !letters(letter)).filter(|run| run.contains("::"));
    let names = runs.map(|run| run.split("::").map(|name| name.trim_matches(':').to_owned()).collect::<Vec<_>>());
    let names = names.filter(|names| !names[0].is_empty());
    names.map(|names| Path { names, exported: None, imported: false }).collect()
}

/// What each module exports under another path than its own.
pub(super) type Exports = BTreeMap<(Vec<String>, String), Vec<String>>;

#[test]
fn paths_are_read_from_use_declarations_and_from_code() {
    let shown = |code: &str| paths(code).into_iter().map(|path| path.names.join("::")).collect::<Vec<_>>();
    assert_eq!(
        shown("use a::{self, b::{C, D as E}};\nfn f() { super::g(x::Y::z) }"),
        ["a", "a::b::C", "a::b::D", "super::g", "x::Y::z"]
    );
    assert_eq!(paths("mod x;\npub use x::Y as Z;")[0].exported.as_deref(), Some("Z"));
    assert_eq!(module("shared/x/src/a/mod.rs"), ["a"]);
    assert_eq!(module("shared/x/src/lib.rs"), [""; 0]);
}
