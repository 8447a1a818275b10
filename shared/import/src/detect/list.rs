//! Lists of addresses, one or many to a line.

use usher_domain::pasted;

/// How many lines are examined.
const SAMPLE_LINES: usize = 100;

/// Whether a file without a header is a list: most entries between its separators are addresses.
pub(crate) fn looks_like_one(sample: &str, last: bool) -> bool {
    let end = if last { sample.len() } else { sample.rfind(['\r', '\n', ',', ';']).unwrap_or(sample.len()) };
    let mut addresses = 0_usize;
    let mut others = 0_usize;
    for line in sample[..end].split(['\r', '\n']).filter(|line| !line.trim().is_empty()).take(SAMPLE_LINES) {
        for entry in pasted::parse(line) {
            if entry.address.contains('@') {
                addresses += 1;
            } else {
                others += 1;
            }
        }
    }
    addresses > others
}
