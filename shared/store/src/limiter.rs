//! How many requests of a bulk operation run at once: as many as the table accepts.
//!
//! Clean answers raise the number slowly, a throttled one halves it, as in TCP congestion control. The SDK's adaptive mode
//! reacts to calls that failed. Here most throttling is part of an answer that succeeded: single statements of a batch,
//! unprocessed keys.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::stream::{FuturesUnordered, StreamExt};

use crate::StoreError;
use crate::transact::backoff;

/// How many requests an operation begins with.
const FIRST: usize = 8;
/// The most at once: with more, requests only wait for each other on a function's share of a processor.
const MOST: usize = 16;
/// How often a job that was throttled is tried before giving up.
const ATTEMPTS: u32 = 10;

/// The result of one attempt at a job.
#[derive(Debug)]
pub(crate) struct Attempt<J, T> {
    /// What is done.
    pub(crate) done: T,
    /// What is to be tried again.
    pub(crate) left: Option<J>,
    /// Whether the table asked for less at once.
    pub(crate) throttled: bool,
}

/// The limit for requests of one kind, shared by all bulk operations of this process.
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
        // Nothing panics while it holds the lock, and every number is safe.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn size(&self) -> usize {
        self.state().most
    }

    fn halved(&self) -> u64 {
        self.state().halved
    }

    /// One more after as many clean answers as run at once.
    fn grow(&self) {
        let mut state = self.state();
        state.clean += 1;
        if state.clean >= state.most {
            state.most = (state.most + 1).min(MOST);
            state.clean = 0;
        }
    }

    /// Half as many, once for all requests that ran at the same time: `halved` is the count when they began.
    fn shrink(&self, halved: u64) {
        let mut state = self.state();
        if state.halved == halved {
            state.most = (state.most / 2).max(1);
            state.clean = 0;
            state.halved += 1;
            tracing::info!(at_once = state.most, "throttled");
        }
    }

    /// Runs jobs, and returns what each attempt did, in no order. What an attempt leaves is tried again after a pause.
    pub(crate) async fn work<J, T, F>(
        &self,
        jobs: impl IntoIterator<Item = J>,
        attempt: impl Fn(J) -> F,
    ) -> Result<Vec<T>, StoreError>
    where
        F: Future<Output = Result<Attempt<J, T>, StoreError>>,
    {
        self.work_while(|tries| tries < ATTEMPTS, jobs, attempt).await
    }

    /// The same, and a job is tried again while `keeps_trying`, which is told how often it was tried.
    pub(crate) async fn work_while<J, T, F>(
        &self,
        keeps_trying: impl Fn(u32) -> bool,
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
                Some(_) if !keeps_trying(tries + 1) => return Err(StoreError::Contention),
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
    fn it_grows_by_one_per_full_set_of_clean_answers_and_stays_within_bounds() {
        let limiter = ConcurrencyLimiter::new();
        (0..FIRST).for_each(|_| limiter.grow());
        assert_eq!(limiter.size(), FIRST + 1);
        (0..10_000).for_each(|_| limiter.grow());
        assert_eq!(limiter.size(), MOST);
        (0..10).for_each(|halved| limiter.shrink(halved));
        assert_eq!(limiter.size(), 1);
        limiter.grow();
        assert_eq!(limiter.size(), 2);
    }

    #[test]
    fn it_is_halved_once_for_all_requests_that_ran_together() {
        let limiter = ConcurrencyLimiter::new();
        let begun = limiter.halved();
        (0..FIRST).for_each(|_| limiter.shrink(begun));
        assert_eq!(limiter.size(), FIRST / 2);
        limiter.shrink(limiter.halved());
        assert_eq!(limiter.size(), FIRST / 4);
    }

    /// A table that accepts three requests at once, and refuses part of the others.
    #[tokio::test]
    async fn a_slow_table_gets_fewer_requests_until_all_is_done() {
        let (limiter, running, most) = (ConcurrencyLimiter::new(), AtomicUsize::new(0), AtomicUsize::new(0));
        let attempt = async |job: Vec<u32>| {
            let now = running.fetch_add(1, Ordering::SeqCst) + 1;
            // All requests that may start run at the same time.
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
        let mut done = limiter.work(jobs, attempt).await.expect("all of it").concat();
        done.sort_unstable();
        assert_eq!(done, (0..1_000).collect::<Vec<_>>());
        assert_eq!(most.load(Ordering::SeqCst), FIRST);
        assert!(limiter.halved() > 0 && limiter.size() < FIRST, "{limiter:?}");
    }

    #[tokio::test]
    async fn a_job_that_is_always_throttled_is_given_up() {
        let attempt = async |job: u32| Ok(Attempt { done: (), left: Some(job), throttled: true });
        assert!(matches!(ConcurrencyLimiter::new().work([1], attempt).await, Err(StoreError::Contention)));
    }
}
