//! What must be true of any pasted text: every character of it belongs to one entry, in order.

use usher_domain::pasted::parse;

fn solid(text: &str) -> String {
    text.chars().filter(|character| !",;".contains(*character) && !character.is_whitespace()).collect()
}

/// Checks a pasted text.
pub(crate) fn check(text: &str) {
    let lines: Vec<&str> = lines(text);
    let (mut read, mut last) = (String::new(), (1, 0));
    for entry in parse(text) {
        assert!((entry.line, entry.column) > last, "entries are in order");
        last = (entry.line, entry.column);
        let line = lines[entry.line as usize - 1];
        let rest: String = line.chars().skip(entry.column as usize - 1).collect();
        assert!(rest.starts_with(entry.text), "an entry is where it says");
        assert!(entry.text.contains(entry.address), "an address is part of its entry");
        read.push_str(&solid(entry.text));
    }
    assert_eq!(read, solid(text), "nothing is skipped");
}

/// The lines as the planner of files counts them: after LF, CR LF or CR.
fn lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(end) = rest.find(['\r', '\n']) {
        lines.push(&rest[..end]);
        rest = rest[end..].strip_prefix("\r\n").unwrap_or(&rest[end + 1..]);
    }
    lines.push(rest);
    lines
}
