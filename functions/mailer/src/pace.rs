//! How fast mail goes out: at the account's rate, shared among the mailers that work at the same time.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::types::SendQuota;
use jiff::{SignedDuration, Timestamp};
use usher_runtime::describe;

/// How many mailers work at the same time unless the template says otherwise: its own default.
pub(crate) const USUAL_CONCURRENCY: u64 = 2;
/// How long the account's rate is taken to be what it was.
const FRESH: SignedDuration = SignedDuration::from_mins(10);
/// What is assumed of an account that does not say: what a new one starts with, in mails a second.
const SLOWEST: f64 = 1.0;
/// The longest a mailer waits for its share of time after a batch. With the call itself it stays well below the
/// function's timeout.
const LONGEST_WAIT: f64 = 12.0;
/// The fewest recipients a batch is cut down to, so that no job becomes more messages than one request takes.
const SMALLEST_BATCH: usize = 5;

/// The rate, as last heard.
#[derive(Debug, Clone)]
pub struct Pace {
    concurrency: u64,
    heard: Arc<Mutex<Option<(Timestamp, f64)>>>,
}

impl Pace {
    /// For this many mailers at the same time.
    #[must_use]
    pub fn new(concurrency: u64) -> Self {
        Self { concurrency: concurrency.max(1), heard: Arc::default() }
    }

    /// One mailer's share of the account's rate.
    pub(crate) async fn share(&self, ses: &Client, now: Timestamp) -> Share {
        #[expect(clippy::cast_precision_loss, reason = "a number of mailers")]
        Share(self.rate(ses, now).await / self.concurrency as f64)
    }

    /// About when so many mails have left, if all mailers are at them.
    pub(crate) async fn until(&self, ses: &Client, mails: u64, now: Timestamp) -> Timestamp {
        let rate = self.rate(ses, now).await;
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "about")]
        let seconds = (mails as f64 / rate).ceil() as i64;
        now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
    }

    /// The account's rate, in mails a second.
    async fn rate(&self, ses: &Client, now: Timestamp) -> f64 {
        let heard = self.heard.lock().map(|heard| *heard).unwrap_or_default();
        let rate = match heard {
            Some((at, rate)) if now.duration_since(at) < FRESH => rate,
            _ => match ses.get_account().send().await {
                Ok(account) => {
                    let rate = account.send_quota().map_or(SLOWEST, SendQuota::max_send_rate);
                    if let Ok(mut heard) = self.heard.lock() {
                        *heard = Some((now, rate));
                    }
                    rate
                }
                Err(error) => {
                    tracing::warn!(error = %describe(&error), "the account's rate is not known");
                    heard.map_or(SLOWEST, |(_, rate)| rate)
                }
            },
        };
        rate.max(SLOWEST)
    }
}

/// Mails a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Share(f64);

impl Share {
    /// The most recipients of one batch, so that its share of time is no longer than a mailer may wait.
    pub(crate) fn room(self) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
        let room = (self.0 * LONGEST_WAIT) as usize;
        room.max(SMALLEST_BATCH)
    }

    /// How much of the batch's share of time is left.
    fn rest(self, recipients: usize, spent: Duration) -> Duration {
        #[expect(clippy::cast_precision_loss, reason = "at most fifty")]
        let share = (recipients as f64 / self.0).min(LONGEST_WAIT);
        Duration::from_secs_f64(share).saturating_sub(spent)
    }

    /// Waits until the batch has had its share of time.
    pub(crate) async fn wait(self, recipients: usize, since: Instant) {
        tokio::time::sleep(self.rest(recipients, since.elapsed())).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_takes_its_share_of_time() {
        let share = Share(14.0 / 2.0);
        assert_eq!(share.room(), 84);
        assert_eq!(share.rest(42, Duration::from_secs(1)), Duration::from_secs(5));
        assert_eq!(share.rest(7, Duration::from_secs(3)), Duration::ZERO);
    }

    #[test]
    fn a_slow_account_gets_small_batches() {
        let share = Share(SLOWEST / 2.0);
        assert_eq!(share.room(), 6);
        assert_eq!(share.rest(6, Duration::ZERO), Duration::from_secs(12));
        assert_eq!(Share(0.1).room(), SMALLEST_BATCH);
    }
}
