//! The structure of the code: no module circles, dependencies only downwards, short files, no retired names.

mod circles;
mod crates;
mod names;
mod sizes;
mod source;

use source::Source;

#[test]
fn no_modules_import_each_other_in_a_circle() {
    assert_eq!(circles::circles(&Source::production()), Vec::<String>::new());
}

#[test]
fn crates_depend_only_downwards() {
    assert_eq!(crates::upward_dependencies(&crates::manifests()), Vec::<String>::new());
}

#[test]
fn files_are_short() {
    assert_eq!(sizes::problems(&Source::everything()), Vec::<String>::new());
}

#[test]
fn no_retired_name_is_used() {
    assert_eq!(names::retired(&Source::production()), Vec::<String>::new());
}
