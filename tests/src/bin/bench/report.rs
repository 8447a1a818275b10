//! The table: what was found, beside what is aimed at.

use crate::measure::Found;

/// What the lines below are about.
pub fn heading(text: &str) {
    println!("{text:<52}{:>14}{:>26}", "found", "aim");
}

fn print(what: &str, found: &str, unit: &str, aim: &str) {
    println!("{what:<52}{found:>14} {unit:<8}{aim}");
}

/// A number with as many digits as say something, and with its thousands apart.
fn shown(number: f64) -> String {
    if number < 100.0 {
        return format!("{number:.2}");
    }
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn verdict(reached: bool) -> &'static str {
    if reached { "reached" } else { "MISSED" }
}

/// A figure nothing is aimed at for.
pub fn line(what: &str, found: f64, unit: &str) {
    print(what, &shown(found), unit, "");
}

/// A figure that should not be higher.
pub fn at_most(what: &str, found: f64, most: f64, unit: &str) {
    print(what, &shown(found), unit, &format!("≤ {} {}", shown(most), verdict(found <= most)));
}

/// A figure that should not be lower.
pub fn at_least(what: &str, found: f64, least: f64) {
    print(what, &shown(found), "", &format!("≥ {} {}", shown(least), verdict(found >= least)));
}

/// How fast something is, and how fast it should be at least.
pub fn pace(what: &str, found: &Found, least: Option<f64>) {
    let aim = least.map_or_else(String::new, |least| format!("≥ {} {}", shown(least), verdict(found.pace() >= least)));
    print(what, &shown(found.pace()), "rows/s", &aim);
}
