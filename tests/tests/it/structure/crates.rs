//! The layers: each crate depends only on crates below it.

use std::collections::BTreeMap;

use super::source::root;

/// Each crate of `shared/`, with the crates that it may depend on.
const BELOW: &[(&str, &[&str])] = &[
    ("usher-domain", &[]),
    ("usher-import", &["usher-domain"]),
    ("usher-runtime", &["usher-domain"]),
    ("usher-store", &["usher-domain", "usher-runtime"]),
    ("usher-import-files", &["usher-domain", "usher-import", "usher-runtime"]),
    ("usher-app", &["usher-domain", "usher-import", "usher-import-files", "usher-runtime", "usher-store"]),
    (
        "usher-http",
        &["usher-app", "usher-domain", "usher-import", "usher-import-files", "usher-runtime", "usher-store"],
    ),
];

/// Each package of `shared/` and `functions/`, with its manifest.
pub(super) fn manifests() -> BTreeMap<String, String> {
    let mut manifests = BTreeMap::new();
    for folder in ["shared", "functions"] {
        for entry in std::fs::read_dir(root().join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path().join("Cargo.toml");
            let Ok(manifest) = std::fs::read_to_string(path) else { continue };
            let name = manifest.lines().find_map(|line| line.strip_prefix("name = ")).expect("a name");
            manifests.insert(name.trim_matches('"').to_owned(), manifest);
        }
    }
    assert!(manifests.len() > 10, "{:?}", manifests.keys());
    manifests
}

/// The names under `[dependencies]`.
fn dependencies(manifest: &str) -> Vec<&str> {
    let section = manifest.split("\n[").find(|section| section.starts_with("dependencies]")).unwrap_or_default();
    let lines = section.lines().skip(1).filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split([' ', '.', '=']).next()).filter(|name| !name.is_empty()).collect()
}

/// Every dependency that does not lead downwards.
pub(super) fn upward_dependencies(manifests: &BTreeMap<String, String>) -> Vec<String> {
    let mut found = Vec::new();
    for (name, manifest) in manifests {
        let below = BELOW.iter().find(|(of, _)| of == name).map(|(_, below)| *below);
        if below.is_none() && name.starts_with("usher-") {
            found.push(format!("{name} has no layer"));
        }
        for dependency in dependencies(manifest).into_iter().filter(|dependency| manifests.contains_key(*dependency)) {
            // A function depends on every shared crate and on no other function.
            let downwards = below.map_or(dependency.starts_with("usher-"), |below| below.contains(&dependency));
            if !downwards {
                found.push(format!("{name} depends on {dependency}"));
            }
        }
    }
    found
}

#[test]
fn a_dependency_upwards_is_found() {
    let manifest =
        |name: &str, on: &str| (name.to_owned(), format!("[package]\n\n[dependencies]\n{on}.workspace = true\n"));
    let found = |one, other| upward_dependencies(&[one, other].into());
    assert_eq!(found(manifest("usher-store", "usher-domain"), manifest("usher-domain", "serde")), [""; 0]);
    let upwards = found(manifest("usher-domain", "usher-store"), manifest("usher-store", "serde"));
    assert_eq!(upwards, ["usher-domain depends on usher-store"]);
    assert_eq!(found(manifest("invite", "manage"), manifest("manage", "serde")), ["invite depends on manage"]);
    assert_eq!(found(manifest("usher-new", "serde"), manifest("manage", "serde")), ["usher-new has no layer"]);
}
