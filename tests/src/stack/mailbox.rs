//! What was mailed, as the local cloud's mail service lists it.

use serde::Deserialize;
use serde_json::Value;

use super::{Stack, web::percent_encoded};

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
        let mails = self.listed(&format!("subject={}", percent_encoded(subject)));
        mails.into_iter().map(|mail| serde_json::from_value(mail).expect("a mail")).collect()
    }

    /// To whom these mails went, one after the other: a second mail is a second entry.
    #[must_use]
    pub fn recipients(&self, subject: &str) -> Vec<String> {
        let mails = self.listed(&format!("subject={}&to", percent_encoded(subject)));
        let to = |mail: &Value| mail["To"][0].as_str().expect("an address").to_owned();
        mails.iter().map(to).collect()
    }

    fn listed(&self, query: &str) -> Vec<Value> {
        let listed = self.web.get(&format!("{}?{query}", self.known.mail_url)).ok();
        let mails = listed["messages"].as_object().into_iter().flat_map(|accounts| accounts.values());
        mails.flat_map(|mails| mails.as_array().expect("a list").clone()).collect()
    }
}
