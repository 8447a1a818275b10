//! Circles between the files of a crate.

mod graph;
mod modules;

use std::collections::BTreeMap;

use super::source::Source;
use graph::Graph;

/// The crate that a file belongs to: `shared/domain`, `functions/invite`. Files outside of `src/` belong to none.
fn crate_of(path: &str) -> Option<&str> {
    path.find("/src/").map(|end| &path[..end])
}

/// Every group of files that use each other in a circle, one line each.
pub(super) fn circles(files: &[Source]) -> Vec<String> {
    let mut crates: BTreeMap<&str, Vec<&Source>> = BTreeMap::new();
    for file in files.iter().filter(|file| !file.is_test()) {
        if let Some(name) = crate_of(&file.path) {
            crates.entry(name).or_default().push(file);
        }
    }
    crates.values().flat_map(|files| Graph::of(files).circles()).map(|circle| circle.join(" ↔ ")).collect()
}

#[test]
fn files_that_use_each_other_are_found() {
    let lib = Source::new("shared/x/src/lib.rs", "mod a;\nmod b;\nmod c;\npub use a::A;\npub use c::C;");
    let a = |text: &str| Source::new("shared/x/src/a.rs", text);
    let b = Source::new("shared/x/src/b.rs", "use crate::c::C;\npub struct B(C);");
    let c = Source::new("shared/x/src/c.rs", "use crate::{A, b};\npub struct C(A);");
    let found = |a: Source| circles(&[lib.clone(), a, b.clone(), c.clone()]);
    // A parent that declares and re-exports its children depends on none of them.
    assert_eq!(found(a("pub struct A;")), ["shared/x/src/b.rs ↔ shared/x/src/c.rs"]);
    // Through the re-export, and through a third file.
    let three = "shared/x/src/a.rs ↔ shared/x/src/b.rs ↔ shared/x/src/c.rs";
    assert_eq!(found(a("pub struct A;\nfn f() -> super::b::B { todo() }")), [three]);
}

#[test]
fn a_child_that_uses_its_parent_is_found_only_if_the_parent_uses_it() {
    let found = |parent: &str| {
        let lib = Source::new("shared/x/src/lib.rs", "mod p;");
        let parent = Source::new("shared/x/src/p/mod.rs", parent);
        circles(&[lib, parent, Source::new("shared/x/src/p/child.rs", "use super::Parent;\npub struct Child(Parent);")])
    };
    assert_eq!(found("mod child;\npub use child::Child;\npub struct Parent;"), [""; 0]);
    let circle = "shared/x/src/p/child.rs ↔ shared/x/src/p/mod.rs";
    assert_eq!(
        found("mod child;\npub use child::Child;\npub struct Parent;\nfn f() -> Child { child::new() }"),
        [circle]
    );
}

#[test]
fn a_test_module_makes_no_circle() {
    let lib = Source::new("shared/x/src/lib.rs", "mod a;\nmod b;");
    let a = Source::new("shared/x/src/a.rs", "pub struct A;\n#[cfg(test)]\nmod tests { use crate::b::B; }");
    assert_eq!(circles(&[lib, a, Source::new("shared/x/src/b.rs", "use crate::a::A;\npub struct B(A);")]), [""; 0]);
}
