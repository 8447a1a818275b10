//! Any bytes as a file of people.
#![no_main]

#[path = "../checks/import.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|file: &[u8]| checks::check(file));
