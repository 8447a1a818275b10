//! The length of files.

use super::source::Source;

const MOST_LINES: usize = 400;
const MEDIAN_LINES: usize = 110;

/// Files that are too long, and the median if it is.
pub(super) fn problems(files: &[Source]) -> Vec<String> {
    let mut lines: Vec<_> = files.iter().map(|file| (file.text.lines().count(), file.path.as_str())).collect();
    lines.sort_unstable();
    let too_long = lines.iter().filter(|(lines, _)| *lines > MOST_LINES);
    let mut problems: Vec<_> = too_long.map(|(lines, path)| format!("{path} has {lines} lines")).collect();
    let median = lines.get(lines.len() / 2).map_or(0, |(lines, _)| *lines);
    if median > MEDIAN_LINES {
        problems.push(format!("the median is {median} lines"));
    }
    problems
}

#[test]
fn a_file_of_401_lines_is_found() {
    let file = |path: &str, lines: usize| Source::new(path, &"x\n".repeat(lines));
    assert_eq!(problems(&[file("a.rs", 400), file("b.rs", 1), file("c.rs", 1)]), [""; 0]);
    assert_eq!(problems(&[file("a.rs", 401), file("b.rs", 1), file("c.rs", 1)]), ["a.rs has 401 lines"]);
}

#[test]
fn a_median_of_111_lines_is_found() {
    assert_eq!(problems(&[Source::new("a.rs", &"x\n".repeat(111))]), ["the median is 111 lines"]);
}
