//! The bucket: files that people upload, and the plans that are made of them.
//!
//! | key | holds | written by |
//! | --- | --- | --- |
//! | `uploads/{org}/{import}/{filename}` | a file announced over the API | an upload form |
//! | `inbox/{org}/{filename}` | a file an operator dropped | whoever may write there |
//! | `plans/{org}/{import}/{run}/part-000001.jsonl` | good rows, up to 5,000 | bulk-import |
//! | `plans/{org}/{import}/{run}/issues.jsonl` | rejected rows with their reasons | bulk-import |
//! | `plans/{org}/{import}/{run}/failed.csv` | the same, as a file to mend | bulk-import |
//! | `plans/{org}/{import}/{run}/result-000001.jsonl` | what became of each row of a part | import-apply |
//! | `plans/{org}/{import}/{run}/drifted-000001.csv` | rows of a part that could not be kept to | import-apply |
//! | `plans/{org}/{import}/{run}/failed-and-drifted.csv` | both, once the import is at its end | import-apply |
//!
//! `{run}` is one attempt at planning. No file of a plan is ever written by two of them, and none changes once the plan
//! can be seen.

mod bucket;
mod keys;
mod lines;
mod rows;
mod writer;

pub use bucket::{Bucket, BucketError, Object};
pub use keys::{Arrival, PlanFiles, upload_key};
pub use lines::{Line, Lines};
pub use rows::{PART_BYTES, PART_ROWS, PartHeader, PlannedRow, RejectedRow, RowOutcome, RowResult, write_line};
pub use writer::{Media, Writer};
