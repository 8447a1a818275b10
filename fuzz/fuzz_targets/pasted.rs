//! Any text as a pasted list of people.
#![no_main]

#[path = "../checks/pasted.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|text: &str| checks::check(text));
