//! Decides again when somebody else wrote between the load and the save.

/// How many attempts are made unless the caller knows better.
const ATTEMPTS: usize = 5;

/// Others kept writing the same items, so nothing was saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("others kept changing this at the same time")]
pub struct Contention;

/// Runs a load, a decision and a save until the save meets no other write.
///
/// `attempt` returns `None` when its conditional write found that somebody else wrote since its load. Each attempt after the
/// first must load again.
pub async fn until_saved<T, E, F>(attempt: impl FnMut() -> F) -> Result<T, E>
where
    E: From<Contention>,
    F: Future<Output = Result<Option<T>, E>>,
{
    until_saved_within(ATTEMPTS, attempt).await
}

/// The same with another number of attempts, for what competes with many writers.
pub async fn until_saved_within<T, E, F>(attempts: usize, mut attempt: impl FnMut() -> F) -> Result<T, E>
where
    E: From<Contention>,
    F: Future<Output = Result<Option<T>, E>>,
{
    for _ in 0..attempts {
        if let Some(saved) = attempt().await? {
            return Ok(saved);
        }
    }
    Err(Contention.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_attempt_that_met_another_write_is_made_again() {
        let mut left = 2;
        let saved = until_saved(|| {
            left -= 1;
            std::future::ready(Ok::<_, Contention>((left == 0).then_some("saved")))
        });
        assert_eq!(saved.await, Ok("saved"));
    }

    #[tokio::test]
    async fn others_that_never_stop_writing_are_not_waited_for_forever() {
        let mut attempts = 0;
        let never = until_saved(|| {
            attempts += 1;
            std::future::ready(Ok::<Option<()>, Contention>(None))
        });
        assert_eq!(never.await, Err(Contention));
        assert_eq!(attempts, ATTEMPTS);
    }

    #[test]
    fn handlers_can_be_sent_between_threads() {
        async fn handler(store: String) -> Result<usize, Contention> {
            let store = &store;
            until_saved(|| async move {
                tokio::task::yield_now().await;
                Ok::<_, Contention>(Some(store.len()))
            })
            .await
        }
        fn is_send<T: Send>(_: T) {}
        is_send(handler(String::new()));
    }
}
