//! What was mailed, as the local cloud's mail service lists it.

use serde::Deserialize;
use serde_json::Value;

use super::Stack;

/// A mail.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Mail {
    pub source: String,
    pub to: Vec<String>,
    pub subject: String,
    pub body_text: String,
    pub body_html: String,
}

impl Mail {
    /// The link in it.
    #[must_use]
    #[track_caller]
    pub fn link(&self) -> String {
        let line = self.body_text.lines().find(|line| line.contains("/i/"));
        line.expect("a mail with a link").trim().to_owned()
    }
}

impl Stack {
    /// Every mail whose subject holds these words, oldest first.
    #[must_use]
    pub fn mails(&self, subject: &str) -> Vec<Mail> {
        let listed = self.web.get(&self.known.mail_url).ok();
        let mails = listed["messages"].as_object().into_iter().flat_map(|accounts| accounts.values());
        let mails = mails.flat_map(|mails| mails.as_array().expect("a list"));
        let of_interest = |mail: &&Value| mail["Subject"].as_str().is_some_and(|found| found.contains(subject));
        mails.filter(of_interest).map(|mail| serde_json::from_value(mail.clone()).expect("a mail")).collect()
    }
}
