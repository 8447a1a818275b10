//! Plans the files that arrive in the bucket.

use aws_lambda_events::event::s3::S3Event;
use usher_app::import::{ImportPlanning, PlanningError, receive_file};
use usher_import_files::Bucket;
use usher_runtime::{Aws, Clock, ConfigError, config};
use usher_store::Store;

/// After how many bytes progress is stored at the latest.
pub const PROGRESS_BYTES: u64 = 64 * 1024 * 1024;

/// Reads what planning needs from the environment.
pub fn from_environment(aws: &Aws) -> Result<ImportPlanning, ConfigError> {
    let largest_file = config::optional("UPLOAD_MAX_BYTES").map(|_| config::required_number("UPLOAD_MAX_BYTES"));
    Ok(ImportPlanning {
        store: Store::new(aws.dynamodb(), config::required("TABLE_NAME")?),
        bucket: Bucket::new(aws.s3(), &config::required("UPLOAD_BUCKET")?),
        clock: Clock::System,
        largest_file: largest_file.transpose()?,
        progress_bytes: PROGRESS_BYTES,
    })
}

/// Plans the files that the event names.
pub async fn handle(planning: &ImportPlanning, event: S3Event) -> Result<(), PlanningError> {
    for record in event.records {
        let object = record.s3.object;
        let key = decode_key(&object.key.unwrap_or_default());
        receive_file(planning, key, object.version_id.unwrap_or_default()).await?;
    }
    Ok(())
}

/// Decodes a key, which S3 events spell like a form field.
fn decode_key(key: &str) -> String {
    let hex = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, after @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                bytes.push(hex(*high).unwrap_or_default() << 4 | hex(*low).unwrap_or_default());
                rest = after;
            }
            _ => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_events_spell_them() {
        assert_eq!(decode_key("inbox/x/people+%26+co+%28M%C3%BCnchen%29%2B.csv"), "inbox/x/people & co (München)+.csv");
        assert_eq!(decode_key("100%"), "100%");
        assert_eq!(decode_key("%zz%4"), "%zz%4");
    }
}
