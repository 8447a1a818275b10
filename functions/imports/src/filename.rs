//! What a file may be called.

use usher_domain::{Issue, IssueCode};
use usher_http::Problem;

/// The most characters of a name.
const CHARACTERS: usize = 200;

/// The name as it is shown. How it is spelled in a key is the bucket's business.
pub(crate) fn check(filename: &str) -> Result<String, Problem> {
    let filename = filename.trim();
    let refuse = |code, message: String| Err(Problem::invalid(vec![Issue::plain("filename", code, message)]));
    if filename.is_empty() || filename.chars().all(|c| c == '.') {
        return refuse(IssueCode::FilenameMissing, "is missing; give the file's name, such as people.csv".to_owned());
    }
    if filename.chars().nth(CHARACTERS).is_some() {
        return refuse(IssueCode::FilenameTooLong, format!("is too long; at most {CHARACTERS} characters"));
    }
    if filename.contains(['/', '\\']) {
        return refuse(IssueCode::FilenameWithPath, "contains a path; give the file's name alone".to_owned());
    }
    if filename.chars().any(char::is_control) {
        return refuse(IssueCode::FilenameWithControlCharacter, "contains a control character".to_owned());
    }
    Ok(filename.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_names_and_not_paths() {
        for good in ["people.csv", " Leute & Co (2).csv ", "人.csv", "..hidden", &"x".repeat(200)] {
            assert_eq!(check(good).ok().as_deref(), Some(good.trim()));
        }
        for bad in ["", "  ", ".", "..", "../x.csv", "C:\\x.csv", "a\nb.csv", "a\u{0}", &"x".repeat(201)] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }
}
