//! Randomness from the operating system.

/// 128 random bits.
///
/// # Panics
/// If the operating system has no randomness to give; nothing that needs some can go on then.
#[must_use]
pub fn bits() -> u128 {
    let mut bytes = [0; 16];
    #[expect(clippy::expect_used, reason = "without randomness no id is safe to make")]
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    u128::from_be_bytes(bytes)
}
