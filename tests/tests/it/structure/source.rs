//! Rust files, with comments, strings and test modules removed.

use std::path::{Path, PathBuf};

/// A file by its path from the root of the repository.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) path: String,
    pub(super) text: String,
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// Every file of `shared/` and `functions/`.
    pub(super) fn production() -> Vec<Self> {
        read(&["shared", "functions"])
    }

    /// Every file of the workspace.
    pub(super) fn everything() -> Vec<Self> {
        read(&["shared", "functions", "tests"])
    }

    /// The code before the test module, in which comments and strings are blank.
    pub(super) fn code(&self) -> String {
        let code = without_comments_and_strings(&self.text);
        let end = code.find("#[cfg(test)]").unwrap_or(code.len());
        code[..end].to_owned()
    }

    /// Whether the whole file is a test module, or an integration test.
    pub(super) fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }
}

pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the root of the repository").to_owned()
}

fn read(folders: &[&str]) -> Vec<Source> {
    let mut files = Vec::new();
    for folder in folders {
        walk(&root().join(folder), &mut files);
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(files.len() > 50, "only {} files", files.len());
    files
}

fn walk(folder: &Path, files: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            if !path.ends_with("target") {
                walk(&path, files);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root()).expect("below the root").to_str().expect("a name");
            files.push(Source::new(name, &std::fs::read_to_string(&path).expect("a file")));
        }
    }
}

/// The text with the inside of comments, strings and character literals removed. Line breaks stay.
fn without_comments_and_strings(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = skipped(rest, code.chars().last());
        if length == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            code.push(' ');
            code.extend(rest[..length].chars().filter(|letter| *letter == '\n'));
            rest = &rest[length..];
        }
    }
    code
}

/// How many bytes a comment or literal at the beginning of this text takes.
fn skipped(text: &str, before: Option<char>) -> usize {
    let in_word = before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return text.find("*/").map_or(text.len(), |end| end + 2);
    }
    if !in_word && let Some(raw) = text.strip_prefix('b').unwrap_or(text).strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if let Some(inside) = raw[hashes..].strip_prefix('"') {
            let close = format!("\"{}", "#".repeat(hashes));
            let end = inside.find(&close).map_or(inside.len(), |end| end + close.len());
            return text.len() - inside.len() + end;
        }
    }
    if text.starts_with('"') {
        return quoted(text, '"');
    }
    // A lifetime has no closing quote after one letter.
    if let Some(inside) = text.strip_prefix('\'') {
        let mut letters = inside.chars();
        if letters.next() == Some('\\') || letters.next() == Some('\'') {
            return quoted(text, '\'');
        }
    }
    0
}

fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if letter == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[test]
fn comments_strings_and_test_modules_are_no_code() {
    let text = "fn a<'a>() { /* Draft */ \"Draft \\\" x\"; 'x'; '\\''; r#\"Dr\"aft\"#; keep } // Draft\n#[cfg(test)]\nmod t {}";
    let code = Source::new("a.rs", text).code();
    assert!(!code.contains("Draft") && !code.contains("aft") && !code.contains("mod t"), "{code}");
    assert!(code.contains("fn a<'a>()") && code.contains("keep"), "{code}");
}
