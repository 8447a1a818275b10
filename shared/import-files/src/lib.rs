//! The bucket: files that people upload, and the plans that are made of them.
//!
//! | key | holds | written by |
//! | --- | --- | --- |
//! | `uploads/{org}/{import}/{filename}` | a file announced over the API | an upload form |
//! | `inbox/{org}/{filename}` | a file an operator dropped | whoever may write there |
//! | `plans/{org}/{import}/{run}/part-000001.jsonl` | good rows, up to 5,000 | bulk-import |
//! | `plans/{org}/{import}/{run}/issues.jsonl` | rows with issues, rejected for them or not | bulk-import |
//! | `plans/{org}/{import}/{run}/skipped.jsonl` | rows that need no invitation | bulk-import |
//! | `plans/{org}/{import}/{run}/failed.csv` | rejected rows, as a file to mend | bulk-import |
//! | `plans/{org}/{import}/{run}/result-000001-{delivery}.jsonl` | what became of each row of a part | import-apply |
//! | `plans/{org}/{import}/{run}/checkpoint-000001-00500.jsonl` | the same of its first rows, when the time was over | import-apply |
//! | `plans/{org}/{import}/{run}/drifted-000001-{delivery}.csv` | rows of a part that could not be kept to | import-apply |
//! | `plans/{org}/{import}/{run}/failed-and-drifted.csv` | what is to be mended, once the import is at its end | import-apply |
//! | `plans/{org}/{import}/{run}/results.csv` | every row and its outcome, once the import is at its end | import-apply |
//!
//! `{run}` is one attempt at planning, `{delivery}` one at making a part: no file is ever written by two of them, and none
//! that can be seen changes, but for checkpoints, all of which are true. Every `.jsonl` is in the order of the file.

mod bucket;
mod keys;
mod lines;
mod rows;
mod writer;

pub use bucket::{Bucket, BucketError, Object};
pub use keys::{Arrival, PlanFiles, upload_key};
pub use lines::{Line, Lines};
pub use rows::{
    AppliedOutcome, FlaggedRow, PART_BYTES, PART_ROWS, PartHeader, PlannedRow, RowResult, SkipReason, SkippedRow,
    invitation_differs, write_line,
};
pub use writer::{Media, Writer};
