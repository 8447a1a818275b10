//! Logs: one JSON object per line on standard output, where Lambda collects them.
//!
//! Logs identify people by membership id. Addresses, links and bodies are not logged, and their types do not print.

use tracing_subscriber::EnvFilter;

use crate::config;

/// Starts logging at `AWS_LAMBDA_LOG_LEVEL`, which Lambda sets to the level that it keeps (default `info`).
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>
pub fn init() {
    let filter = filter(config::optional("AWS_LAMBDA_LOG_LEVEL").as_deref().unwrap_or("info"));
    let started = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(filter)
        .with_writer(std::io::stdout)
        .try_init();
    // A second call, as in tests, changes nothing.
    drop(started);
}

/// What is logged at a level, in either case of letters.
fn filter(level: &str) -> EnvFilter {
    // At its lower levels the SDK logs whole requests with their contents, so it only logs from `warn` up.
    let quiet = "aws_config=warn,aws_sdk=warn,aws_smithy_runtime=warn,aws_smithy_runtime_api=warn,aws_runtime=warn,\
                 aws_smithy_http_client=warn,aws_sigv4=warn,hyper=warn,hyper_util=warn,rustls=warn,lambda_runtime=warn,\
                 lambda_http=warn,axum=warn,tower=warn,h2=warn";
    EnvFilter::try_new(format!("{level},{quiet}")).unwrap_or_else(|_| EnvFilter::new(format!("info,{quiet}")))
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::filter::LevelFilter;

    use super::*;

    #[test]
    fn the_levels_of_lambda_take_effect() {
        let levels = [
            ("TRACE", LevelFilter::TRACE),
            ("DEBUG", LevelFilter::DEBUG),
            ("INFO", LevelFilter::INFO),
            ("WARN", LevelFilter::WARN),
            ("nonsense=x", LevelFilter::INFO),
        ];
        for (level, wanted) in levels {
            assert_eq!(filter(level).max_level_hint(), Some(wanted), "{level}");
        }
    }
}
