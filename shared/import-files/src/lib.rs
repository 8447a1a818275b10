//! The bucket: uploaded files, and the files of their plans.
//!
//! | key | holds | written by |
//! | --- | --- | --- |
//! | `uploads/{org}/{import}/{filename}` | a file announced over the API | an upload form |
//! | `inbox/{org}/{filename}` | a file an operator dropped | anybody with write access |
//! | `plans/{org}/{import}/{run}/part-000001.jsonl` | valid rows, up to 5,000 | bulk-import |
//! | `plans/{org}/{import}/{run}/issues.jsonl` | rows with issues, rejected for them or not | bulk-import |
//! | `plans/{org}/{import}/{run}/skipped.jsonl` | rows that need no invitation | bulk-import |
//! | `plans/{org}/{import}/{run}/failed.csv` | rejected rows, as a file to correct | bulk-import |
//! | `plans/{org}/{import}/{run}/result-000001-{delivery}.jsonl` | what became of each row of a part | import-apply |
//! | `plans/{org}/{import}/{run}/checkpoint-000001-00500.jsonl` | the same for its first rows, when the time was over | import-apply |
//! | `plans/{org}/{import}/{run}/drifted-000001-{delivery}.csv` | drifted rows of a part | import-apply |
//! | `plans/{org}/{import}/{run}/failed-and-drifted.csv` | rejected and drifted rows, once the import is finished | import-apply |
//! | `plans/{org}/{import}/{run}/results-00001.json` | how far `results.csv` is written, when the time was over | import-apply |
//! | `plans/{org}/{import}/{run}/results.csv` | every row and its outcome, once the import is finished | import-apply |
//!
//! `{run}` is one attempt at planning, `{delivery}` one at applying a part. No two attempts write the same file, except
//! checkpoints, each of which is true. Every `.jsonl` is in the order of the uploaded file.

mod bucket;
mod error;
mod keys;
mod lines;
mod media;
mod rows;
mod writer;

pub use bucket::{Bucket, Object};
pub use error::BucketError;
pub use keys::{Arrival, PlanFiles, upload_key};
pub use lines::{Line, Lines};
pub use media::Media;
pub use rows::{
    AppliedOutcome, FlaggedRow, PART_BYTES, PART_ROWS, PartHeader, PlannedRow, RowResult, SkipReason, SkippedRow,
    invitation_differs, write_line,
};
pub use writer::{BegunObject, Writer};
