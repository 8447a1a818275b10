//! The one call that sends a batch.

use aws_sdk_sesv2::types::{
    BulkEmailContent, BulkEmailEntry, Destination, EmailTemplateContent, MessageTag, ReplacementEmailContent,
    ReplacementTemplate, Template,
};
use data_encoding::BASE64;
use serde_json::json;
use usher_domain::{Membership, Organisation};

use crate::Mailer;
use crate::compose::Rendered;
use crate::outcome::{self, Answer};

/// The most bytes of text in one encoded word of a header (RFC 2047 allows 75 characters in all).
const ENCODED_WORD_BYTES: usize = 42;

/// An address with the name it is shown under.
pub(crate) fn mailbox(name: &str, address: &str) -> String {
    if name.is_ascii() {
        let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
        return format!("\"{quoted}\" <{address}>");
    }
    let mut words: Vec<String> = vec![String::new()];
    for character in name.chars() {
        let full = words.last().is_none_or(|word| word.len() + character.len_utf8() > ENCODED_WORD_BYTES);
        if full {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(character);
        }
    }
    let words: Vec<_> = words.iter().map(|word| format!("=?UTF-8?B?{}?=", BASE64.encode(word.as_bytes()))).collect();
    format!("{} <{address}>", words.join(" "))
}

pub(crate) fn tag(name: &str, value: &impl ToString) -> Option<MessageTag> {
    MessageTag::builder().name(name).value(value.to_string()).build().ok()
}

fn entry(member: &Membership, mail: &Rendered) -> BulkEmailEntry {
    let data = json!({"subject": mail.subject, "text": mail.text, "html": mail.html}).to_string();
    let template = ReplacementTemplate::builder().replacement_template_data(data).build();
    BulkEmailEntry::builder()
        // The canonical form: what is told apart here must not be one mailbox there, or the other way round.
        .destination(Destination::builder().to_addresses(member.email.canonical()).build())
        .replacement_email_content(ReplacementEmailContent::builder().replacement_template(template).build())
        // What the mail service's events carry, so that they find the invitation without knowing an address.
        .set_replacement_tags([tag("member", &member.id), tag("generation", &member.generation)].into_iter().collect())
        .build()
}

/// Sends these mails, once: whatever comes back, the call is not repeated.
pub(crate) async fn send(
    mailer: &Mailer,
    organisation: &Organisation,
    batch: &str,
    mails: &[(&Membership, Rendered)],
) -> Answer {
    // The template has nothing in it but the places of the parts, which come finished with each recipient.
    let content = EmailTemplateContent::builder().subject("{{subject}}").text("{{text}}").html("{{html}}").build();
    let template = Template::builder().template_content(content).template_data("{}").build();
    let answer = mailer
        .ses
        .send_bulk_email()
        .from_email_address(mailbox(organisation.name.as_str(), &mailer.settings.from))
        .configuration_set_name(&mailer.settings.configuration_set)
        .set_default_email_tags([tag("organisation", &organisation.id), tag("batch", &batch)].into_iter().collect())
        .default_content(BulkEmailContent::builder().template(template).build())
        .set_bulk_email_entries(Some(mails.iter().map(|(member, mail)| entry(member, mail)).collect()))
        .send()
        .await;
    outcome::of_call(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sender_is_shown_by_name() {
        assert_eq!(mailbox("Acme", "a@example.com"), "\"Acme\" <a@example.com>");
        assert_eq!(mailbox("R&D \"Labs\", Inc.", "a@example.com"), "\"R&D \\\"Labs\\\", Inc.\" <a@example.com>");
        assert_eq!(mailbox("Müller", "a@example.com"), "=?UTF-8?B?TcO8bGxlcg==?= <a@example.com>");
        let long = mailbox(&"王".repeat(60), "a@example.com");
        assert!(long.split(' ').all(|word| word.len() <= 75), "{long}");
        assert_eq!(long.matches("=?UTF-8?B?").count(), 5);
    }
}
