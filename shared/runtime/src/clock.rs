//! The clock, passed to code that depends on the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// The system clock, or a fixed clock for tests.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's time, in whole seconds, the precision that is stored and shown.
    #[default]
    System,
    /// Seconds since the epoch; only [`Clock::advance`] changes them.
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// A clock fixed at a moment.
    #[must_use]
    pub fn fixed(at: Timestamp) -> Self {
        Self::Fixed(Arc::new(AtomicI64::new(at.as_second())))
    }

    /// The time, in whole seconds.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let seconds = match self {
            #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
            Self::System => Timestamp::now().as_second(),
            Self::Fixed(seconds) => seconds.load(Ordering::SeqCst),
        };
        Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
    }

    /// Advances a fixed clock; does nothing to the system clock.
    pub fn advance(&self, by: SignedDuration) {
        if let Self::Fixed(seconds) = self {
            seconds.fetch_add(by.as_secs(), Ordering::SeqCst);
        }
    }
}
