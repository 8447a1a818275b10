//! Calls that fail because a test says so.

use serde_json::{Value, json};

use super::answer::{Answer, Call};
use super::{Cloud, TABLE};

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The call never arrives.
    Before,
    /// The call takes effect, but its answer is lost.
    After,
    /// The call is throttled.
    Throttled,
    /// One half of a batch is carried out and the other half throttled. Other calls succeed.
    Partly,
}

impl Cloud {
    /// Carries out one half of a batch and refuses the other.
    pub(super) fn answer_partly(&self, mut call: Call) -> Answer {
        let inserts = call.operation.ends_with("BatchExecuteStatement");
        let list = match call.operation.rsplit('.').next() {
            Some("BatchExecuteStatement") => "/Statements",
            Some("BatchGetItem") => "/RequestItems/usher/Keys",
            _ => return self.answer(&call),
        };
        let mut body: Value = serde_json::from_slice(&call.body).expect("JSON");
        let whole = body.pointer_mut(list).and_then(Value::as_array_mut).expect("a batch");
        let left = whole.split_off(whole.len().div_ceil(2));
        if left.is_empty() {
            return self.answer(&call);
        }
        call.body = body.to_string().into_bytes();
        let mut answer: Value = serde_json::from_slice(&self.answer(&call).body).expect("JSON");
        if inserts {
            let refused = json!({"Error": {"Code": "ThrottlingError", "Message": "too much at once"}});
            answer["Responses"].as_array_mut().expect("responses").extend(left.iter().map(|_| refused.clone()));
        } else {
            answer["UnprocessedKeys"] = json!({TABLE: {"Keys": left, "ConsistentRead": true}});
        }
        Answer::json(&answer)
    }
}
