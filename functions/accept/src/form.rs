//! The form, or the same fields as JSON.

use axum::Form;
use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::header;
use serde::Deserialize;
use usher_domain::text::{ShortText, TextError};
use usher_domain::{Issue, IssueCode};

use crate::refusal::Refusal;

/// The most characters of a telephone number as it is written.
const PHONE_CHARACTERS: usize = 32;
/// The most characters of a password (a limit of the user pool).
const PASSWORD_CHARACTERS: usize = 256;

/// The fields, unchecked. They hold a password, so they have no `Debug`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    password: String,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) phone: String,
}

/// The same from JSON, where a misspelt member is refused.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct StrictFields {
    password: String,
    first_name: String,
    last_name: String,
    phone: String,
}

/// A password that was entered.
pub(crate) struct Password(String);

impl Password {
    /// The password itself, for the user pool.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

/// A phone number: as it was written, and in international form if it has a country code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Phone {
    pub(crate) written: String,
    pub(crate) international: Option<String>,
}

/// What the person enters about themselves.
#[derive(Debug, Default)]
pub(crate) struct Profile {
    pub(crate) first: Option<ShortText>,
    pub(crate) last: Option<ShortText>,
    pub(crate) phone: Option<Phone>,
}

impl Profile {
    /// What the membership stores of it.
    pub(crate) fn to_save(&self) -> usher_app::Profile {
        let phone = self.phone.as_ref().map(|phone| phone.written.clone());
        usher_app::Profile { first: self.first.clone(), last: self.last.clone(), phone }
    }
}

impl Fields {
    /// Reads a form or a JSON document; no body is an empty form.
    pub(crate) async fn read(request: Request) -> Result<Self, Refusal> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
            let form = Form::<Self>::from_request(request, &()).await;
            return form.map(|Form(fields)| fields).map_err(|_| Refusal::FormUnreadable);
        }
        let body = Bytes::from_request(request, &()).await.map_err(|_| Refusal::FormUnreadable)?;
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        let strict: StrictFields = serde_json::from_slice(&body).map_err(|_| Refusal::FormUnreadable)?;
        let StrictFields { password, first_name, last_name, phone } = strict;
        Ok(Self { password, first_name, last_name, phone })
    }

    /// The password, if it is present and not too long.
    pub(crate) fn password(&self) -> Result<Password, Box<Issue>> {
        let issue = |code, message| Box::new(Issue::plain("password", code, message));
        if self.password.is_empty() {
            return Err(issue(IssueCode::PasswordMissing, "Enter a password."));
        }
        if self.password.chars().count() > PASSWORD_CHARACTERS {
            return Err(issue(IssueCode::PasswordRefused, "The password is longer than 256 characters."));
        }
        Ok(Password(self.password.clone()))
    }

    /// Names and number, or every issue with them.
    pub(crate) fn profile(&self) -> Result<Profile, Vec<Issue>> {
        let mut issues = Vec::new();
        let profile = Profile {
            first: name("first_name", "The first name", &self.first_name, &mut issues),
            last: name("last_name", "The last name", &self.last_name, &mut issues),
            phone: phone(&self.phone, &mut issues),
        };
        if issues.is_empty() { Ok(profile) } else { Err(issues) }
    }
}

fn name(field: &'static str, label: &str, text: &str, issues: &mut Vec<Issue>) -> Option<ShortText> {
    ShortText::optional(text).unwrap_or_else(|error: TextError| {
        issues.push(Issue::plain(field, error.code(), format!("{label} {error}.")));
        None
    })
}

fn phone(text: &str, issues: &mut Vec<Issue>) -> Option<Phone> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let spelled = text.chars().enumerate().all(|(index, character)| match character {
        '0'..='9' | ' ' | '\u{a0}' | '-' | '.' | '/' | '(' | ')' => true,
        '+' => index == 0,
        _ => false,
    });
    if !spelled || !(5..=15).contains(&digits.len()) || text.chars().count() > PHONE_CHARACTERS {
        let message = "The phone number should have 5 to 15 digits, for example +44 20 7946 0123.";
        issues.push(Issue::plain("phone", IssueCode::PhoneInvalid, message));
        return None;
    }
    Some(Phone { written: text.to_owned(), international: international(text) })
}

/// The number in E.164 form, if it has a country code. A zero in brackets is not part of it.
fn international(text: &str) -> Option<String> {
    let dialled: String = text.strip_prefix('+')?.replace("(0)", "").chars().filter(char::is_ascii_digit).collect();
    ((8..=15).contains(&dialled.len()) && !dialled.starts_with('0')).then(|| format!("+{dialled}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(first_name: &str, phone: &str) -> Fields {
        Fields { first_name: first_name.to_owned(), phone: phone.to_owned(), ..Fields::default() }
    }

    fn number(text: &str) -> Option<(String, Option<String>)> {
        let profile = fields("", text).profile().ok()?;
        profile.phone.map(|phone| (phone.written, phone.international))
    }

    #[test]
    fn numbers_are_kept_as_written_and_international_with_a_country_code() {
        let both = |written: &str, machine: &str| Some((written.to_owned(), Some(machine.to_owned())));
        assert_eq!(number(" +44 20 7946-0123 "), both("+44 20 7946-0123", "+442079460123"));
        assert_eq!(number("+49 (0)30 901820"), both("+49 (0)30 901820", "+4930901820"));
        assert_eq!(number("030/901820"), Some(("030/901820".to_owned(), None)));
        for text in ["call me", "12", "+1234567890123456", "0049+30", "=1+1", "+44 20 7946 0123 x 99", "\u{200b}12345"]
        {
            assert_eq!(number(text), None, "{text}");
            assert_eq!(
                fields("", text).profile().err().map(|issues| issues[0].code),
                Some(IssueCode::PhoneInvalid),
                "{text}"
            );
        }
    }

    #[test]
    fn all_issues_are_reported_at_once() {
        let issues = fields("visit evil.example", "x").profile().expect_err("two issues");
        let codes: Vec<_> = issues.iter().map(|issue| (&*issue.field, issue.code.as_str())).collect();
        assert_eq!(codes, [("first_name", "text_with_link"), ("phone", "phone_invalid")]);
        assert!(issues[0].message.starts_with("The first name contains"), "{}", issues[0].message);
    }

    #[test]
    fn the_profile_is_optional() {
        let profile = Fields::default().profile().expect("an empty form");
        assert!(profile.first.is_none() && profile.last.is_none() && profile.phone.is_none());
        assert_eq!(Fields::default().password().err().map(|issue| issue.code), Some(IssueCode::PasswordMissing));
    }
}
