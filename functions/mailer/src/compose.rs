//! The mail of an invitation, in its three parts.
//!
//! The parts are rendered here, with HTML escaped: the mail service inserts them into its template as they are.

use askama::Template;
use jiff::Timestamp;
use usher_domain::text::spelled_out;

/// The contents of an invitation mail.
#[derive(Debug, Clone)]
pub struct InvitationMail {
    /// The organisation's name.
    pub organisation: String,
    /// The inviter's name, if known.
    pub inviter: Option<String>,
    /// The invitee's name, if known.
    pub name: Option<String>,
    /// When the invitation expires.
    pub expires_at: Timestamp,
    /// The link. It admits its holder, so it goes into the mail and nowhere else.
    pub link: Link,
}

/// A link with its token.
#[derive(Clone)]
pub struct Link(pub String);

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Link(…)")
    }
}

/// The parts of a mail, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The subject: one line that names no person.
    pub subject: String,
    /// The plain-text body.
    pub text: String,
    /// The HTML body.
    pub html: String,
}

/// Every part may hold a name or the link.
impl std::fmt::Debug for Rendered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rendered(…)")
    }
}

#[derive(Template)]
#[template(path = "en/subject.txt")]
struct Subject<'a> {
    organisation: &'a str,
}

#[derive(Template)]
#[template(path = "en/body.txt")]
struct Text<'a> {
    organisation: &'a str,
    inviter: Option<&'a str>,
    name: Option<&'a str>,
    expires: &'a str,
    link: &'a str,
}

#[derive(Template)]
#[template(path = "en/body.html")]
struct Html<'a> {
    organisation: &'a str,
    inviter: Option<&'a str>,
    name: Option<&'a str>,
    expires: &'a str,
    link: &'a str,
}

impl InvitationMail {
    /// The parts.
    pub fn render(&self) -> Result<Rendered, askama::Error> {
        let (organisation, expires) = (self.organisation.as_str(), spelled_out(self.expires_at));
        let (inviter, name) = (self.inviter.as_deref(), self.name.as_deref());
        let (link, expires) = (self.link.0.as_str(), expires.as_str());
        Ok(Rendered {
            subject: Subject { organisation }.render()?,
            text: Text { organisation, inviter, name, expires, link }.render()?,
            html: Html { organisation, inviter, name, expires, link }.render()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail() -> InvitationMail {
        InvitationMail {
            organisation: "Acme".to_owned(),
            inviter: Some("Grace Hopper".to_owned()),
            name: Some("Ada Lovelace".to_owned()),
            expires_at: "2026-03-09T17:05:00Z".parse().expect("a time"),
            link: Link("https://join.example.com/i/AQ0token".to_owned()),
        }
    }

    #[test]
    fn a_mail_says_who_invites_to_what_until_when() {
        let Rendered { subject, text, html } = mail().render().expect("it renders");
        insta::assert_snapshot!("subject", subject);
        insta::assert_snapshot!("text", text);
        insta::assert_snapshot!("html", html);
    }

    #[test]
    fn a_mail_needs_no_names() {
        let anonymous = InvitationMail { inviter: None, name: None, ..mail() };
        insta::assert_snapshot!("text_without_names", anonymous.render().expect("it renders").text);
    }

    #[test]
    fn names_are_data_in_every_part() {
        let hostile = InvitationMail {
            organisation: "R&D \"Labs\" <b>".to_owned(),
            inviter: Some("<script>alert(1)</script> {{link}}".to_owned()),
            name: Some("</td><a href='https://evil.example'>O'Brien</a>".to_owned()),
            ..mail()
        };
        let Rendered { subject, text, html } = hostile.render().expect("it renders");
        for markup in ["<script", "<b>", "</td><a", "<a href='"] {
            assert!(!html.contains(markup), "{markup} in {html}");
        }
        assert!(!subject.contains("O'Brien") && !subject.contains("script"), "{subject}");
        insta::assert_snapshot!("hostile_names", format!("{subject}\n\n{text}\n\n{html}"));
    }

    #[test]
    fn what_a_mail_holds_does_not_print() {
        assert!(!format!("{:?} {:?}", mail(), mail().render()).contains("AQ0token"));
    }
}
