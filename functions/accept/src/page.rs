//! Pages: HTML that works without scripts, and the policy that forbids them.

use std::sync::LazyLock;

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use data_encoding::BASE64;
use http::{HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};
use usher_domain::Issue;

/// The style of every page. The policy names its hash, so browsers apply no other style.
const STYLE: &str = include_str!("../templates/style.css");

static STYLE_SOURCE: LazyLock<String> =
    LazyLock::new(|| format!("'sha256-{}'", BASE64.encode(&Sha256::digest(STYLE.as_bytes()))));

/// What a page may do: its own style, its own forms. Browsers apply `form-action` to the redirects after a form too, and
/// a dashboard often redirects to a sign-in page, so every https site is allowed.
fn policy(next: Option<&str>) -> String {
    let next = next.and_then(|url| url::Url::parse(url).ok()).map(|url| url.origin());
    let next = next.filter(url::Origin::is_tuple).map(|origin| format!(" {}", origin.ascii_serialization()));
    format!(
        "default-src 'none'; style-src {}; form-action 'self' https:{}; base-uri 'none'; frame-ancestors 'none'",
        *STYLE_SOURCE,
        next.unwrap_or_default()
    )
}

/// What the person can do on a page that says why something is not possible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Button {
    /// Go somewhere.
    Go { to: String, label: String },
    /// Request something.
    Post { to: String, label: &'static str },
}

/// A page with a message.
#[derive(Debug, Template)]
#[template(path = "notice.html")]
pub(crate) struct Notice {
    title: &'static str,
    organisation: Option<String>,
    pub(crate) text: Vec<String>,
    button: Option<Button>,
}

impl Notice {
    /// What happened, and what the person can do.
    pub(crate) fn new(title: &'static str, what: impl Into<String>, then: impl Into<String>) -> Self {
        Self { title, organisation: None, text: vec![what.into(), then.into()], button: None }
    }

    pub(crate) fn button(self, button: Option<Button>) -> Self {
        Self { button, ..self }
    }

    /// The organisation that the message is about.
    pub(crate) fn of(self, organisation: &str) -> Self {
        Self { organisation: Some(organisation.to_owned()), ..self }
    }
}

/// What the form asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asks {
    /// A new password, and who they are.
    NewAccount,
    /// The password they have.
    ExistingAccount,
    /// Nothing: accounts are at another issuer.
    Nothing,
}

/// The page of an open invitation.
#[derive(Template)]
#[template(path = "live.html")]
pub(crate) struct Live<'a> {
    pub(crate) organisation: &'a str,
    pub(crate) inviter: Option<&'a str>,
    pub(crate) email: &'a str,
    pub(crate) role: &'a str,
    pub(crate) until: &'a str,
    pub(crate) asks: Asks,
    pub(crate) dashboard: Option<&'a str>,
    pub(crate) first_name: &'a str,
    pub(crate) last_name: &'a str,
    pub(crate) phone: &'a str,
    pub(crate) issues: &'a [Issue],
}

impl Live<'_> {
    fn issue(&self, field: &str) -> Option<&str> {
        self.issues.iter().find(|issue| issue.field == field).map(|issue| issue.message.as_str())
    }

    fn existing(&self) -> bool {
        self.asks == Asks::ExistingAccount
    }

    fn new_account(&self) -> bool {
        self.asks == Asks::NewAccount
    }

    fn password_described_by(&self) -> Option<&'static str> {
        match (self.new_account(), self.issue("password").is_some()) {
            (true, true) => Some("password-hint password-error"),
            (true, false) => Some("password-hint"),
            (false, true) => Some("password-error"),
            (false, false) => None,
        }
    }
}

/// A text field of the form.
pub(crate) struct Field<'a> {
    name: &'static str,
    label: &'static str,
    kind: &'static str,
    autocomplete: &'static str,
    value: &'a str,
    optional: bool,
    issue: Option<&'a str>,
}

impl Live<'_> {
    fn profile(&self) -> [Field<'_>; 3] {
        let field = |name, label, kind, autocomplete, value| Field {
            name,
            label,
            kind,
            autocomplete,
            value,
            optional: kind == "tel",
            issue: self.issue(name),
        };
        [
            field("first_name", "First name", "text", "given-name", self.first_name),
            field("last_name", "Last name", "text", "family-name", self.last_name),
            field("phone", "Phone", "tel", "tel", self.phone),
        ]
    }
}

/// The page of an open invitation, as an answer.
pub(crate) fn live(status: StatusCode, page: &Live<'_>) -> Response {
    html(status, page.render(), page.dashboard)
}

/// A page with a message, as an answer.
pub(crate) fn notice(status: StatusCode, page: &Notice) -> Response {
    html(status, page.render(), None)
}

fn html(status: StatusCode, page: askama::Result<String>, next: Option<&str>) -> Response {
    match page {
        Ok(page) => {
            let mut response = (status, Html(page)).into_response();
            if let Ok(policy) = HeaderValue::from_str(&policy(next)) {
                response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
            }
            response
        }
        Err(error) => {
            tracing::error!(%error, "a page could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use usher_domain::IssueCode;

    pub(crate) fn page() -> Live<'static> {
        Live {
            organisation: "Acme",
            inviter: Some("Grace Hopper"),
            email: "ada@example.com",
            role: "sales rep",
            until: "Monday, 9 March 2026, 17:05 UTC",
            asks: Asks::NewAccount,
            dashboard: Some("https://app.acme.example/start?x=1"),
            first_name: "Ada",
            last_name: "Lovelace",
            phone: "",
            issues: &[],
        }
    }

    /// A page without its style, to keep snapshots short.
    pub(crate) fn without_style(html: &str) -> String {
        let (before, rest) = html.split_once("<style>").expect("a style");
        format!("{before}<style>…{}", &rest[rest.find("</style>").expect("its end")..])
    }

    #[test]
    fn an_open_invitation_asks_for_a_password_and_a_name() {
        insta::assert_snapshot!(without_style(&page().render().expect("it renders")));
    }

    #[test]
    fn who_has_an_account_is_asked_for_its_password_only() {
        let existing = Live { asks: Asks::ExistingAccount, ..page() };
        insta::assert_snapshot!(without_style(&existing.render().expect("it renders")));
    }

    #[test]
    fn where_accounts_are_elsewhere_nothing_is_asked_for() {
        let elsewhere = Live { asks: Asks::Nothing, inviter: None, ..page() };
        insta::assert_snapshot!(without_style(&elsewhere.render().expect("it renders")));
    }

    #[test]
    fn errors_stand_beside_their_fields_and_what_was_entered_stays() {
        let issue = |field, message| Issue::plain(field, IssueCode::TextInvalid, message);
        let issues =
            [issue("password", "The password is too short."), issue("phone", "This is not a telephone number.")];
        let wrong = Live { issues: &issues, phone: "call \"me\"", ..page() };
        let html = wrong.render().expect("it renders");
        assert!(html.contains("value=\"call &#34;me&#34;\""));
        insta::assert_snapshot!(without_style(&html));
    }

    #[test]
    fn names_are_data() {
        let hostile = Live {
            organisation: "<b>Acme</b>",
            inviter: Some("<script>alert(1)</script>"),
            first_name: "\"><script>alert(2)</script>",
            ..page()
        };
        let html = hostile.render().expect("it renders");
        assert!(!html.contains("<script") && !html.contains("<b>Acme"), "{html}");
    }

    #[test]
    fn a_page_may_do_next_to_nothing() {
        let allowed = policy(Some("https://app.acme.example:8443/start?x=1"));
        let rest = allowed.replace(STYLE_SOURCE.as_str(), "HASH");
        assert_eq!(
            rest,
            "default-src 'none'; style-src HASH; form-action 'self' https: https://app.acme.example:8443; base-uri 'none'; \
             frame-ancestors 'none'"
        );
        assert!(policy(Some("javascript:alert(1)")).contains("form-action 'self' https:;"));
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
    }
}
