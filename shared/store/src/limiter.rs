//! How many requests of a bulk operation are under way at once: as many as the table takes.
//!
//! A clean answer lets a little more through, a throttled one halves it, as congestion control does everywhere. The SDK's
//! adaptive mode sees calls that were refused; here most of what is throttled is a part of an answer that succeeded:
//! single statements of a batch, keys that were left for later.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::stream::{FuturesUnordered, StreamExt};

use crate::StoreError;
use crate::transact::backoff;

/// How many requests an operation begins with.
const FIRST: usize = 8;
/// The most at once: more would only wait for each other in a function's share of a processor.
const MOST: usize = 16;
/// How often a job that was throttled is tried before giving up.
const ATTEMPTS: u32 = 10;

/// What an attempt at a job came to.
#[derive(Debug)]
pub(crate) struct Attempt<J, T> {
    /// What is done.
    pub(crate) done: T,
    /// What is to be tried again.
    pub(crate) left: Option<J>,
    /// Whether the table asked for less at once.
    pub(crate) throttled: bool,
}

/// The requests of one kind, of all bulk operations of this process together.
#[derive(Debug, Clone)]
pub(crate) struct ConcurrencyLimiter(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    /// How many at once.
    most: usize,
    /// Clean answers since it last grew.
    clean: usize,
    /// How often it was halved.
    halved: u64,
}

impl ConcurrencyLimiter {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(State { most: FIRST, clean: 0, halved: 0 })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds this, and any number would do.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn size(&self) -> usize {
        self.state().most
    }

    fn halved(&self) -> u64 {
        self.state().halved
    }

    /// One more after a window full of clean answers.
    fn grow(&self) {
        let mut state = self.state();
        state.clean += 1;
        if state.clean >= state.most {
            state.most = (state.most + 1).min(MOST);
            state.clean = 0;
        }
    }

    /// Half as many, once for all the requests that were under way together: `halved` is what they began with.
    fn shrink(&self, halved: u64) {
        let mut state = self.state();
        if state.halved == halved {
            state.most = (state.most / 2).max(1);
            state.clean = 0;
            state.halved += 1;
            tracing::debug!(at_once = state.most, "throttled");
        }
    }

    /// Works jobs off, and returns what each attempt did, in no order. What was left by one comes again after a pause.
    pub(crate) async fn work<J, T, F>(
        &self,
        jobs: impl IntoIterator<Item = J>,
        attempt: impl Fn(J) -> F,
    ) -> Result<Vec<T>, StoreError>
    where
        F: Future<Output = Result<Attempt<J, T>, StoreError>>,
    {
        let attempt = &attempt;
        let mut waiting: VecDeque<(u32, J)> = jobs.into_iter().map(|job| (0, job)).collect();
        let (mut running, mut done) = (FuturesUnordered::new(), Vec::with_capacity(waiting.len()));
        loop {
            while running.len() < self.size()
                && let Some((tries, job)) = waiting.pop_front()
            {
                running.push(async move {
                    if tries > 0 {
                        tokio::time::sleep(backoff(tries)).await;
                    }
                    let halved = self.halved();
                    (tries, halved, attempt(job).await)
                });
            }
            let Some((tries, halved, answer)) = running.next().await else { return Ok(done) };
            let Attempt { done: part, left, throttled } = answer?;
            if throttled {
                self.shrink(halved);
            } else {
                self.grow();
            }
            done.push(part);
            match left {
                Some(_) if tries + 1 == ATTEMPTS => return Err(StoreError::Contention),
                Some(job) => waiting.push_back((tries + 1, job)),
                None => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn it_grows_by_one_a_window_and_stays_within_bounds() {
        let window = ConcurrencyLimiter::new();
        (0..FIRST).for_each(|_| window.grow());
        assert_eq!(window.size(), FIRST + 1);
        (0..10_000).for_each(|_| window.grow());
        assert_eq!(window.size(), MOST);
        (0..10).for_each(|halved| window.shrink(halved));
        assert_eq!(window.size(), 1);
        window.grow();
        assert_eq!(window.size(), 2);
    }

    #[test]
    fn it_is_halved_once_for_all_that_were_under_way_together() {
        let window = ConcurrencyLimiter::new();
        let begun = window.halved();
        (0..FIRST).for_each(|_| window.shrink(begun));
        assert_eq!(window.size(), FIRST / 2);
        window.shrink(window.halved());
        assert_eq!(window.size(), FIRST / 4);
    }

    /// A table that takes three requests at once, and refuses part of what the others ask.
    #[tokio::test]
    async fn a_table_that_takes_little_is_asked_for_little_until_all_is_done() {
        let (window, running, most) = (ConcurrencyLimiter::new(), AtomicUsize::new(0), AtomicUsize::new(0));
        let attempt = async |job: Vec<u32>| {
            let now = running.fetch_add(1, Ordering::SeqCst) + 1;
            // Everybody who is let in is at work together.
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            running.fetch_sub(1, Ordering::SeqCst);
            most.fetch_max(now, Ordering::SeqCst);
            let (done, left) = job.split_at(if now > 3 { job.len() / 2 } else { job.len() });
            let left = (!left.is_empty()).then(|| left.to_vec());
            Ok(Attempt { done: done.to_vec(), throttled: left.is_some(), left })
        };
        let jobs: Vec<Vec<u32>> = (0..40).map(|job| (job * 25..(job + 1) * 25).collect()).collect();
        let mut done = window.work(jobs, attempt).await.expect("all of it").concat();
        done.sort_unstable();
        assert_eq!(done, (0..1_000).collect::<Vec<_>>());
        assert_eq!(most.load(Ordering::SeqCst), FIRST);
        assert!(window.halved() > 0 && window.size() < FIRST, "{window:?}");
    }

    #[tokio::test]
    async fn what_is_never_taken_is_given_up() {
        let attempt = async |job: u32| Ok(Attempt { done: (), left: Some(job), throttled: true });
        assert!(matches!(ConcurrencyLimiter::new().work([1], attempt).await, Err(StoreError::Contention)));
    }
}
