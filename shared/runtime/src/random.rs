//! Randomness from the operating system.

/// 128 random bits.
///
/// # Panics
/// If the operating system provides no randomness.
#[must_use]
pub fn bits() -> u128 {
    let mut bytes = [0; 16];
    #[expect(clippy::expect_used, reason = "ids are not safe without randomness")]
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    u128::from_be_bytes(bytes)
}
