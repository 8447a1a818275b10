//! Which file of a crate uses which.

use std::collections::{BTreeMap, BTreeSet};

use super::super::names::words;
use super::super::source::Source;
use super::modules::{Exports, Path, module, paths};

/// The files of a crate by their modules, and the edges between them.
pub(super) struct Graph {
    files: BTreeMap<Vec<String>, String>,
    uses: BTreeMap<Vec<String>, BTreeSet<Vec<String>>>,
}

impl Graph {
    pub(super) fn of(files: &[&Source]) -> Self {
        let parsed: BTreeMap<_, _> =
            files.iter().map(|file| (module(&file.path), (file.code(), paths(&file.code())))).collect();
        let mut exports = Exports::new();
        for (at, (_, paths)) in &parsed {
            for path in paths {
                if let (Some(name), Some(target)) = (&path.exported, absolute(at, path, &parsed)) {
                    exports.insert((at.clone(), name.clone()), target);
                }
            }
        }
        let mut uses: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for (at, (code, paths)) in &parsed {
            for path in paths {
                let Some(target) = absolute(at, path, &parsed) else { continue };
                let Some(file) = defining_file(target, &exports, &parsed) else { continue };
                // The root of a crate wires its modules, and may define the state that they all take.
                if !file.is_empty() && file != *at && !only_exported(at, path, &file, code) {
                    uses.entry(at.clone()).or_default().insert(file);
                }
            }
        }
        Self { files: files.iter().map(|file| (module(&file.path), file.path.clone())).collect(), uses }
    }

    fn reachable<'a>(&'a self, from: &'a Vec<String>) -> BTreeSet<&'a Vec<String>> {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(at) = open.pop() {
            open.extend(self.uses.get(at).into_iter().flatten().filter(|next| seen.insert(*next)));
        }
        seen
    }

    /// The groups of files that all reach each other.
    pub(super) fn circles(&self) -> Vec<Vec<String>> {
        let reachable: BTreeMap<_, _> = self.files.keys().map(|at| (at, self.reachable(at))).collect();
        let circle = |at: &Vec<String>| -> Vec<String> {
            let both = reachable[at].iter().filter(|other| reachable[**other].contains(at));
            let mut files: Vec<_> = both.map(|other| self.files[*other].clone()).collect();
            files.sort();
            files
        };
        let circles: BTreeSet<_> = self.files.keys().map(circle).filter(|files| files.len() > 1).collect();
        circles.into_iter().collect()
    }
}

type Parsed = BTreeMap<Vec<String>, (String, Vec<Path>)>;

/// The path from the root of the crate, if it leads into the crate.
fn absolute(at: &[String], path: &Path, parsed: &Parsed) -> Option<Vec<String>> {
    let mut names = path.names.as_slice();
    let mut from = at.to_vec();
    match names.first()?.as_str() {
        "crate" => from.clear(),
        "self" => {}
        "super" => {
            from.pop()?;
        }
        child => {
            // A child module, or a module that the file imports by name.
            let declared = [at, &[child.to_owned()]].concat();
            let imported = || {
                let mut imports = parsed[at].1.iter().filter(|import| import.imported && import.names[0] != child);
                let import = imports.find(|import| import.names.last().is_some_and(|last| last == child))?;
                let local = ["crate", "self", "super"].contains(&import.names[0].as_str());
                local.then(|| absolute(at, import, parsed)).flatten().filter(|target| parsed.contains_key(target))
            };
            from = if parsed.contains_key(&declared) { declared } else { imported()? };
        }
    }
    names = &names[1..];
    while names.first().is_some_and(|name| name == "super") {
        from.pop()?;
        names = &names[1..];
    }
    Some([from, names.to_vec()].concat())
}

/// The file that defines what the path names, re-exports followed.
fn defining_file(mut target: Vec<String>, exports: &Exports, parsed: &Parsed) -> Option<Vec<String>> {
    for _ in 0..8 {
        let longest = (0..=target.len()).rev().map(|length| &target[..length]).find(|at| parsed.contains_key(*at))?;
        let (at, rest) = (longest.to_vec(), &target[longest.len()..]);
        let next = rest.first().and_then(|name| exports.get(&(at.clone(), name.clone())));
        match next {
            Some(next) if *next != target => target = [next.clone(), rest[1..].to_vec()].concat(),
            _ => return Some(at),
        }
    }
    None
}

/// Whether a parent imports something of its child only to export it.
fn only_exported(at: &[String], path: &Path, file: &[String], code: &str) -> bool {
    let Some(name) = path.exported.as_deref() else { return false };
    file.starts_with(at) && words(code).filter(|word| *word == name).count() == 1
}
