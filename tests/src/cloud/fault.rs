//! Calls that fail because a test says so.

use serde_json::{Value, json};

use super::answer::{Answer, Call};
use super::{Cloud, TABLE};

/// The plain writes of DynamoDB, which a transaction on the same item makes fail.
const PLAIN_WRITES: [&str; 3] = ["PutItem", "UpdateItem", "DeleteItem"];

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
    /// The statements or keys of a batch whose bits are set, from the lowest, are throttled and the others carried out. Other
    /// calls succeed.
    Statements(u64),
    /// A plain write meets a transaction on the same item. Other calls succeed.
    Conflict,
    /// The function dies before the call: see [`Cloud::run`].
    Killed,
}

/// The function was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Killed;

impl Cloud {
    /// Runs a function to its end, or until a call of it is [`Fault::Killed`].
    pub async fn run<T>(&self, function: impl Future<Output = T>) -> Result<T, Killed> {
        tokio::select! {
            biased;
            () = self.0.killed.notified() => Err(Killed),
            answer = function => Ok(answer),
        }
    }

    /// The answer to a plain write that meets a transaction; `None` for other calls.
    pub(super) fn conflict(call: &Call) -> Option<Answer> {
        let verb = call.operation.strip_prefix("DynamoDB_20120810.")?;
        let message = "Transaction is ongoing for the item";
        PLAIN_WRITES.contains(&verb).then(|| Answer::error(400, "TransactionConflictException", message))
    }

    /// Carries out the first half of a batch and refuses the other.
    pub(super) fn answer_partly(&self, call: Call) -> Answer {
        let size = Self::batch(&call).map_or(0, |batch| batch.len());
        // All bits from the half on.
        self.answer_without(
            call,
            u64::MAX.checked_shl(u32::try_from(size.div_ceil(2)).unwrap_or(u32::MAX)).unwrap_or(0),
        )
    }

    fn list(call: &Call) -> Option<&'static str> {
        match call.operation.rsplit('.').next() {
            Some("BatchExecuteStatement") => Some("/Statements"),
            Some("BatchGetItem") => Some("/RequestItems/usher/Keys"),
            _ => None,
        }
    }

    fn batch(call: &Call) -> Option<Vec<Value>> {
        let list = Self::list(call)?;
        let body: Value = serde_json::from_slice(&call.body).expect("JSON");
        body.pointer(list)?.as_array().cloned()
    }

    /// Carries out a batch except for what has its bit set, and refuses that.
    pub(super) fn answer_without(&self, mut call: Call, refused: u64) -> Answer {
        let (Some(list), Some(batch)) = (Self::list(&call), Self::batch(&call)) else { return self.answer(&call) };
        let is_refused = |index: usize| index < 64 && refused >> index & 1 == 1;
        let (mut kept, mut left) = (Vec::new(), Vec::new());
        for (index, entry) in batch.iter().enumerate() {
            if is_refused(index) { &mut left } else { &mut kept }.push(entry.clone());
        }
        if left.is_empty() {
            return self.answer(&call);
        }
        let mut done = json!({"Responses": []});
        if !kept.is_empty() {
            let mut body: Value = serde_json::from_slice(&call.body).expect("JSON");
            *body.pointer_mut(list).expect("the batch") = json!(kept);
            call.body = body.to_string().into_bytes();
            done = serde_json::from_slice(&self.answer(&call).body).expect("JSON");
        }
        if list == "/Statements" {
            let mut answers = done["Responses"].as_array().expect("responses").clone().into_iter();
            let throttled = json!({"Error": {"Code": "ThrottlingError", "Message": "too much at once"}});
            let of = |index| if is_refused(index) { throttled.clone() } else { answers.next().expect("an answer") };
            done["Responses"] = (0..batch.len()).map(of).collect();
        } else {
            if kept.is_empty() {
                done = json!({"Responses": {TABLE: []}});
            }
            done["UnprocessedKeys"] = json!({TABLE: {"Keys": left, "ConsistentRead": true}});
        }
        Answer::json(&done)
    }
}
