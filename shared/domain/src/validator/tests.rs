use super::*;

fn catalogue() -> Catalogue {
    let text = |text: &str| text.parse().expect("a short text");
    Catalogue {
        roles: vec![
            Role { name: "admin".into(), rank: 30, can_invite: true },
            Role { name: "sales_rep".into(), rank: 10, can_invite: false },
        ],
        teams: vec![Team { id: "t1".into(), name: text("Enterprise") }],
        products: vec![Product { id: "mos_enable".into(), name: text("mOS Enable") }],
        courses: vec![Course { slug: "value-pyramid-program".into(), title: text("Value Pyramid") }],
    }
}

const ADMIN: Authority<'static> = Authority { rank: Some(30), default_role: None };

#[test]
fn a_complete_input_becomes_a_spec() {
    let request = InvitationInput {
        email: "Ada@Example.com".into(),
        first_name: Some("Ada".into()),
        last_name: Some("Lovelace".into()),
        role: Some("Sales Rep".into()),
        team: Some("enterprise".into()),
        products: vec!["mOS enable".into()],
        courses: vec!["Value-Pyramid-Program".into()],
        ..InvitationInput::default()
    };
    let spec = catalogue().validate(&request, ADMIN).expect("a valid spec");
    assert_eq!(spec.entitlements.role, "sales_rep");
    assert_eq!(spec.entitlements.team.as_deref(), Some("t1"));
    assert!(
        spec.entitlements.products.contains("mos_enable")
            && spec.entitlements.courses.contains("value-pyramid-program")
    );
    assert!(spec.send);
}

#[test]
fn every_wrong_field_is_named_at_once() {
    let request = InvitationInput {
        email: "not-an-address".into(),
        name: Some("Visit http://evil.example now".into()),
        role: Some("superuser".into()),
        team: Some("Enterprize".into()),
        products: vec!["nothing".into()],
        courses: vec!["value-pyramid".into()],
        ..InvitationInput::default()
    };
    let issues = catalogue().validate(&request, ADMIN).expect_err("six issues");
    let codes: Vec<_> = issues.iter().map(|issue| (&*issue.field, issue.code)).collect();
    assert_eq!(
        codes,
        [
            ("email", IssueCode::EmailWithoutDomain),
            ("name", IssueCode::TextWithLink),
            ("role", IssueCode::RoleUnknown),
            ("team", IssueCode::TeamUnknown),
            ("products", IssueCode::ProductUnknown),
            ("courses", IssueCode::CourseUnknown),
        ]
    );
    assert_eq!(issues[3].suggestion.as_deref(), Some("Enterprise"));
    assert_eq!(issues[2].allowed, ["admin", "sales_rep"]);
}

#[test]
fn nobody_gives_a_role_above_their_own() {
    let request =
        InvitationInput { email: "a@b.example".into(), role: Some("admin".into()), ..InvitationInput::default() };
    let issues =
        catalogue().validate(&request, Authority { rank: Some(10), default_role: None }).expect_err("above rank");
    assert_eq!(issues[0].code, IssueCode::RoleAboveOwn);
    assert!(catalogue().validate(&request, Authority { rank: None, default_role: None }).is_ok());
}

#[test]
fn a_role_must_come_from_somewhere() {
    let request = InvitationInput { email: "a@b.example".into(), ..InvitationInput::default() };
    assert_eq!(catalogue().validate(&request, ADMIN).expect_err("no role")[0].code, IssueCode::RoleMissing);
    let with_default = Authority { default_role: Some("sales_rep"), ..ADMIN };
    assert_eq!(catalogue().validate(&request, with_default).expect("a default").entitlements.role, "sales_rep");
}
