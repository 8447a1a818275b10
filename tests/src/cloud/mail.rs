//! The mail service.

use serde_json::{Value, json};

use super::Answer;

/// A mail that went out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

impl Mail {
    /// The token of the link in it.
    #[must_use]
    pub fn token(&self) -> String {
        let (_, rest) = self.text.split_once("/i/").expect("the mail holds a link");
        rest.split_whitespace().next().expect("a token").to_owned()
    }
}

pub(super) struct MailService {
    pub(super) sent: Vec<Mail>,
    pub(super) reports: Vec<Mail>,
    /// What the next call answers for each recipient; afterwards every mail is accepted.
    pub(super) statuses: Vec<&'static str>,
    /// Mails a second.
    pub(super) rate: f64,
}

impl Default for MailService {
    fn default() -> Self {
        Self { sent: Vec::new(), reports: Vec::new(), statuses: Vec::new(), rate: 10_000.0 }
    }
}

impl MailService {
    pub(super) fn answer(&mut self, path: &str, body: &Value) -> Answer {
        if path.ends_with("/account") {
            return Answer::json(
                &json!({"SendQuota": {"MaxSendRate": self.rate, "Max24HourSend": 50_000.0, "SentLast24Hours": 0.0}}),
            );
        }
        if path.ends_with("/outbound-emails") {
            let message = &body["Content"]["Simple"];
            let part = |part: &Value| part["Data"].as_str().unwrap_or_default().to_owned();
            self.reports.push(Mail {
                to: body["Destination"]["ToAddresses"][0].as_str().expect("a recipient").to_owned(),
                subject: part(&message["Subject"]),
                text: part(&message["Body"]["Text"]),
                html: part(&message["Body"]["Html"]),
            });
            return Answer::json(&json!({"MessageId": format!("r{}", self.reports.len())}));
        }
        assert!(path.ends_with("/outbound-bulk-emails"), "invitations go out in bulk, not by {path}");
        let template = &body["DefaultContent"]["Template"];
        let entries = body["BulkEmailEntries"].as_array().cloned().unwrap_or_default();
        assert!(entries.len() <= 50, "SES takes fifty recipients a call");
        let statuses = std::mem::take(&mut self.statuses);
        let results: Vec<Value> = entries
            .iter()
            .enumerate()
            .map(|(index, entry)| {
                let status = statuses.get(index).copied().unwrap_or("SUCCESS");
                if status != "SUCCESS" {
                    return json!({"Status": status});
                }
                let data = entry["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"].as_str();
                let data: Value = serde_json::from_str(data.unwrap_or("{}")).expect("replacement data is JSON");
                let part = |name: &str| render(template["TemplateContent"][name].as_str().unwrap_or_default(), &data);
                self.sent.push(Mail {
                    to: entry["Destination"]["ToAddresses"][0].as_str().expect("a recipient").to_owned(),
                    subject: part("Subject"),
                    text: part("Text"),
                    html: part("Html"),
                });
                json!({"Status": "SUCCESS", "MessageId": format!("m{}", self.sent.len())})
            })
            .collect();
        Answer::json(&json!({"BulkEmailEntryResults": results}))
    }
}

fn render(template: &str, data: &Value) -> String {
    let mut text = template.to_owned();
    for (name, value) in data.as_object().into_iter().flatten() {
        text = text.replace(&format!("{{{{{name}}}}}"), value.as_str().unwrap_or_default());
    }
    text
}
