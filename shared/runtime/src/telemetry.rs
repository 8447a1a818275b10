//! Logs: one JSON object per line on standard output, where Lambda collects them.
//!
//! Logs identify people by membership id. Addresses, links and bodies are not logged, and their types do not print.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config;

/// At its lower levels the SDK logs whole requests with their contents, so it and what it stands on log from `warn` up.
const QUIET: [&str; 14] = [
    "aws_config",
    "aws_sdk",
    "aws_smithy_runtime",
    "aws_smithy_runtime_api",
    "aws_runtime",
    "aws_smithy_http_client",
    "aws_sigv4",
    "hyper",
    "rustls",
    "lambda_runtime",
    "lambda_http",
    "axum",
    "tower",
    "h2",
];

/// Starts logging at `AWS_LAMBDA_LOG_LEVEL`, which Lambda sets to the level that it keeps (default `info`).
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>
pub fn init() {
    let filter = filter(config::optional("AWS_LAMBDA_LOG_LEVEL").as_deref().unwrap_or("info"));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_writer(std::io::stdout);
    // A second call, as in tests, changes nothing.
    drop(tracing_subscriber::registry().with(filter).with(lines).try_init());
}

/// What is logged at a level, in either case of letters.
fn filter(level: &str) -> Targets {
    let level = level.parse().unwrap_or(LevelFilter::INFO);
    let quiet = level.min(LevelFilter::WARN);
    Targets::new().with_default(level).with_targets(QUIET.map(|target| (target, quiet)))
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn the_levels_of_lambda_take_effect() {
        let levels =
            [("INFO", Level::INFO), ("WARN", Level::WARN), ("error", Level::ERROR), ("nonsense=x", Level::INFO)];
        for (name, lowest) in levels {
            let filter = filter(name);
            for level in [Level::DEBUG, Level::INFO, Level::WARN, Level::ERROR] {
                assert_eq!(filter.would_enable("usher_app", &level), level <= lowest, "{name}: {level}");
                let quiet = level <= lowest.min(Level::WARN);
                assert_eq!(filter.would_enable("aws_sdk_dynamodb::operation", &level), quiet, "{name}: SDK, {level}");
            }
        }
    }
}
