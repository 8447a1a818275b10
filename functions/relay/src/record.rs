//! One record of the stream, and the work that follows from it.

use std::ops::RangeInclusive;

use aws_lambda_events::event::dynamodb::EventRecord;
use serde::Deserialize;
use serde_dynamo::{AttributeValue, Item};
use usher_domain::{ImportId, MailRecipient, OrganisationId};
use usher_store::keys;

/// What follows from a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Work {
    /// A mail became due.
    Mail {
        /// The organisation.
        organisation: OrganisationId,
        /// The recipient.
        recipient: MailRecipient,
        /// An earlier attempt may still be running.
        in_flight: bool,
    },
    /// An import was sent, or cancelled.
    Import {
        /// The organisation.
        organisation: OrganisationId,
        /// The import.
        import: ImportId,
        /// Its parts to hand out.
        parts: RangeInclusive<u32>,
    },
    /// An import is finished, and an admin gets a report.
    Ended {
        /// The organisation.
        organisation: OrganisationId,
        /// The import.
        import: ImportId,
    },
}

/// A record that does not have the shape of the table's items.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the record of {sk} has no usable {attribute}")]
pub(crate) struct Malformed {
    sk: String,
    attribute: &'static str,
}

/// No part is to be applied; the import is to be finished.
const ONLY_THE_END: RangeInclusive<u32> = 0..=0;

#[derive(Deserialize)]
struct Plan {
    parts: u32,
}

fn text<'a>(item: &'a Item, attribute: &str) -> Option<&'a str> {
    match item.get(attribute) {
        Some(AttributeValue::S(text)) => Some(text),
        _ => None,
    }
}

fn number(item: &Item, attribute: &str) -> Option<u32> {
    match item.get(attribute) {
        Some(AttributeValue::N(number)) => number.parse().ok(),
        _ => None,
    }
}

/// Which mail an item waits for; `None` if it waits for none.
fn due_mail(item: &Item) -> Option<(Option<u32>, u32)> {
    let due = text(item, "status") == Some("pending") && text(item, "mail_state") == Some("queued");
    due.then(|| (number(item, "generation"), number(item, "mail_attempt").unwrap_or(0)))
}

/// Whether an import is finished and an admin gets a report. There is none for an import that was cancelled before it had a
/// plan.
fn is_worth_a_mail(item: &Item) -> bool {
    let somebody = text(item, "sent_by").or(text(item, "created_by")).is_some();
    let something = text(item, "plan").is_some() || text(item, "status") == Some("failed");
    somebody && something && item.contains_key("finished_at")
}

/// The work that follows from a record. The event source's filter lets through some that need none, such as an edit of an
/// invitation whose mail is still due.
pub(crate) fn read(record: &EventRecord) -> Result<Option<Work>, Malformed> {
    let (new, old) = (&record.change.new_image, &record.change.old_image);
    let sk = text(new, "sk").unwrap_or_default();
    let malformed = |attribute| Malformed { sk: sk.to_owned(), attribute };
    let organisation = || text(new, "pk").and_then(keys::organisation_of).ok_or_else(|| malformed("pk"));
    match text(new, "kind") {
        Some("member") => {
            let Some(due) = due_mail(new) else { return Ok(None) };
            if due_mail(old) == Some(due) {
                return Ok(None);
            }
            let (generation, attempt) = due;
            let recipient = MailRecipient {
                id: keys::membership_of(sk).ok_or_else(|| malformed("sk"))?,
                generation: generation.ok_or_else(|| malformed("generation"))?,
                attempt,
            };
            // Once the answer of SES is recorded, no attempt is running.
            let in_flight = attempt > 0 && !matches!(text(old, "mail_state"), Some("sent" | "delivered"));
            Ok(Some(Work::Mail { organisation: organisation()?, recipient, in_flight }))
        }
        Some("import") => {
            let became = |status| text(new, "status") == Some(status) && text(old, "status") != Some(status);
            let import = || keys::import_of(sk).ok_or_else(|| malformed("sk"));
            let parts = if became("applying") {
                let plan = text(new, "plan").and_then(|plan| serde_json::from_str::<Plan>(plan).ok());
                match plan.ok_or_else(|| malformed("plan"))?.parts {
                    0 => ONLY_THE_END,
                    parts => 1..=parts,
                }
            } else if became("cancelled") && text(new, "plan").is_some() {
                ONLY_THE_END
            } else if is_worth_a_mail(new) && !is_worth_a_mail(old) {
                return Ok(Some(Work::Ended { organisation: organisation()?, import: import()? }));
            } else {
                return Ok(None);
            };
            Ok(Some(Work::Import { organisation: organisation()?, import: import()?, parts }))
        }
        // An item that went away, or one that is neither.
        _ => Ok(None),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use serde_json::{Value, json};

    pub(crate) const MEMBER: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaa";
    pub(crate) const ORGANISATION: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

    pub(crate) fn record(name: &str, new: &Value, old: &Value) -> EventRecord {
        let event = json!({"awsRegion": "eu-central-1", "eventID": "1", "eventName": name, "dynamodb": {
            "NewImage": new, "OldImage": old, "SequenceNumber": "111", "SizeBytes": 1}});
        serde_json::from_value(event).expect("a record")
    }

    pub(crate) fn member(status: &str, mail: &str, generation: u32, attempt: u32) -> Value {
        json!({"pk": {"S": format!("ORG#{ORGANISATION}#0")}, "sk": {"S": format!("MEMBER#{MEMBER}")},
            "kind": {"S": "member"}, "status": {"S": status}, "mail_state": {"S": mail},
            "generation": {"N": generation.to_string()}, "mail_attempt": {"N": attempt.to_string()}})
    }

    fn import(status: &str) -> Value {
        json!({"pk": {"S": format!("ORG#{ORGANISATION}")}, "sk": {"S": format!("IMPORT#{ORGANISATION}")},
            "kind": {"S": "import"}, "status": {"S": status}, "plan": {"S": r#"{"parts":3,"digest":"x"}"#}})
    }

    fn mail(new: &Value, old: &Value) -> Option<(u32, u32, bool)> {
        match read(&record("MODIFY", new, old)).expect("well formed")? {
            Work::Mail { recipient, in_flight, .. } => Some((recipient.generation, recipient.attempt, in_flight)),
            Work::Import { .. } | Work::Ended { .. } => None,
        }
    }

    #[test]
    fn a_mail_is_work_when_it_becomes_due_and_not_while_it_stays_so() {
        let queued = member("pending", "queued", 1, 0);
        assert_eq!(mail(&queued, &Value::Null), Some((1, 0, false)));
        assert_eq!(mail(&queued, &queued), None, "an edit");
        assert_eq!(mail(&member("pending", "queued", 2, 0), &queued), Some((2, 0, false)), "sent anew");
        assert_eq!(mail(&queued, &json!({"status": {"S": "held"}})), Some((1, 0, false)), "sent for the first time");
        assert_eq!(mail(&member("revoked", "queued", 1, 0), &queued), None);
        assert_eq!(mail(&member("pending", "sent", 1, 0), &queued), None);
    }

    #[test]
    fn an_attempt_that_follows_an_unanswered_one_waits() {
        let again = member("pending", "queued", 1, 1);
        assert_eq!(mail(&again, &member("pending", "queued", 1, 0)), Some((1, 1, true)));
        assert_eq!(mail(&again, &member("pending", "unknown", 1, 0)), Some((1, 1, true)));
        assert_eq!(mail(&again, &member("pending", "sent", 1, 0)), Some((1, 1, false)), "asked for by the invitee");
    }

    #[test]
    fn an_import_is_work_once() {
        let work = read(&record("MODIFY", &import("applying"), &import("ready"))).expect("well formed");
        assert!(matches!(work, Some(Work::Import { parts, .. }) if parts == (1..=3)));
        assert_eq!(read(&record("MODIFY", &import("applying"), &import("applying"))), Ok(None), "a part was completed");
        assert_eq!(read(&record("MODIFY", &import("completed"), &import("applying"))), Ok(None));
    }

    #[test]
    fn an_import_that_was_stopped_or_has_nobody_to_invite_still_has_an_end() {
        let parts = |new: &Value, old: &Value| match read(&record("MODIFY", new, old)).expect("well formed")? {
            Work::Import { parts, .. } => Some(parts),
            Work::Mail { .. } | Work::Ended { .. } => None,
        };
        for seen in ["ready", "applying"] {
            assert_eq!(parts(&import("cancelled"), &import(seen)), Some(0..=0));
        }
        assert_eq!(parts(&import("cancelled"), &import("cancelled")), None, "a part came to its end");
        let mut nobody = import("applying");
        nobody["plan"] = json!({"S": r#"{"parts":0}"#});
        assert_eq!(parts(&nobody, &import("ready")), Some(0..=0));
        let mut unread = import("cancelled");
        unread.as_object_mut().expect("an item").remove("plan");
        assert_eq!(parts(&unread, &json!({"status": {"S": "planning"}})), None, "no file was read");
    }

    #[test]
    fn the_end_of_an_import_is_told_once_and_only_to_somebody() {
        let ended = |new: &Value, old: &Value| {
            matches!(read(&record("MODIFY", new, old)).expect("well formed"), Some(Work::Ended { .. }))
        };
        let with = |status, member: &str| {
            let mut import = import(status);
            import["finished_at"] = json!({"N": "1"});
            import[member] = json!({"S": MEMBER});
            import
        };
        for status in ["completed", "cancelled", "failed"] {
            for member in ["sent_by", "created_by"] {
                let end = with(status, member);
                assert!(ended(&end, &import(if status == "completed" { "applying" } else { status })), "{status}");
                assert!(!ended(&end, &end), "the mail was claimed");
            }
            assert!(!ended(&with(status, "nobody"), &import(status)), "an operator dropped it");
        }
        let mut unread = with("cancelled", "created_by");
        unread.as_object_mut().expect("an item").remove("plan");
        assert!(!ended(&unread, &json!({"status": {"S": "planning"}})), "there is nothing to tell");
    }

    #[test]
    fn what_cannot_be_read_is_named_by_its_key() {
        let mut broken = member("pending", "queued", 1, 0);
        broken["generation"] = json!({"S": "one"});
        let error = read(&record("INSERT", &broken, &Value::Null)).expect_err("no generation");
        assert_eq!(error.to_string(), format!("the record of MEMBER#{MEMBER} has no usable generation"));
        assert_eq!(read(&record("REMOVE", &Value::Null, &member("pending", "queued", 1, 0))), Ok(None));
    }
}
