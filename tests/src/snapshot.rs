//! What snapshots leave out.

/// Settings that hide what differs from run to run: identifiers, and the digests made of them.
#[must_use]
pub fn ids_hidden() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\b[0-9a-f]{64}\b", "[digest]");
    settings.add_filter(r"\b[0-9A-Za-z]{26}\b", "[id]");
    settings
}
