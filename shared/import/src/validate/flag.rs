//! The cells of a product's column: yes or no, in several languages.

/// Whether a cell says yes. Blank means no; `None` for any other word.
pub(crate) fn flag(text: &str) -> Option<bool> {
    const YES: &str = "true yes 1 x y t on ✓ ✔ ☑ ☒ wahr ja j vrai oui o verdadero sí si s";
    const NO: &str = "false no 0 n f off - – — ✗ ✘ ☐ falsch nein faux non falso";
    let is = |words: &str| {
        words
            .split(' ')
            .any(|word| word.eq_ignore_ascii_case(text) || (!text.is_ascii() && word == text.to_lowercase()))
    };
    if text.is_empty() || is(NO) {
        return Some(false);
    }
    is(YES).then_some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_say_yes_or_no_in_several_languages() {
        assert_eq!(["TRUE", "Yes", "1", "X"].map(flag), [Some(true); 4]);
        assert_eq!(["false", "NO", "0", ""].map(flag), [Some(false); 4]);
        assert_eq!(["WAHR", "Ja", "VRAI", "oui", "Sí", "SÍ"].map(flag), [Some(true); 6]);
        assert_eq!(["FALSCH", "nein", "faux", "Non", "falso"].map(flag), [Some(false); 5]);
        assert_eq!(flag("maybe"), None);
    }
}
