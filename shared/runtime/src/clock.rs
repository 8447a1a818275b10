//! The clock that is handed to whoever decides by time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// A clock: the one that ticks, or one that stands where a test puts it.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The time of the machine, in whole seconds, which is what is stored and shown.
    #[default]
    System,
    /// A time, in seconds since the epoch, that changes only by [`Clock::advance`].
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at a moment.
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

    /// Moves a clock that stands; one that ticks cannot be moved.
    pub fn advance(&self, by: SignedDuration) {
        if let Self::Fixed(seconds) = self {
            seconds.fetch_add(by.as_secs(), Ordering::SeqCst);
        }
    }
}
