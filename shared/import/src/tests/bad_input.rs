//! Files as they should not be.

use super::*;

#[test]
fn the_cell_of_the_address_is_known_whatever_its_column_is_called() {
    for (header, row, column) in [
        ("name,E-Mail,email", "Jo,jo@x.example,-", 1),
        ("Contact,Role,Contact", "Jo Doe,admin,jo@x.example", 2),
        ("Email (manager),Email [Required],Role", "x@x.example,jo@x.example,admin", 1),
        ("usher_code,Role,userPrincipalName", "-,admin,jo@x.example", 1),
    ] {
        let plan = plan(format!("{header}\n{row}\n{row}x\n").as_bytes()).expect("a plan");
        assert_eq!(plan.report.email_column(), Some(column), "{header}");
    }
}

fn refused(bytes: &[u8]) -> String {
    match plan(bytes) {
        Ok(_) => "planned".to_owned(),
        Err(error) => format!("{}: {error}", error.code()),
    }
}

fn outcomes(text: &str) -> Vec<(u32, String)> {
    codes(&plan(text.as_bytes()).expect("a plan"))
}

fn expect(text: &str, expected: &[(u32, &str)]) {
    let expected: Vec<_> = expected.iter().map(|(line, code)| (*line, (*code).to_owned())).collect();
    assert_eq!(outcomes(text), expected, "{text:?}");
}

#[test]
fn what_is_no_table_of_people_is_refused_before_the_first_row() {
    let files: [&[u8]; 8] = [
        b"",
        b"\xef\xbb\xbf\r\n",
        b"name,role,team\nJo,admin,SMB\n",
        b"user_id;First name;Last name\n1;Jo;Doe\n",
        b"PK\x03\x04\x14\x00\x06\x00\x08\x00[Content_Types].xml\x00xl/workbook.xml",
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3",
        b"email\0name\x01\0\x02\x03",
        b"<!DOCTYPE html><html><body>email,name</body></html>",
    ];
    insta::assert_snapshot!(files.map(refused).join("\n"));
}

#[test]
fn a_header_alone_is_a_plan_without_rows() {
    expect("email,name,role\r\n", &[]);
    expect("email", &[]);
}

#[test]
fn every_kind_of_line_end_is_read() {
    for end in ["\n", "\r\n", "\r"] {
        let text = ["email,name", "a@x.com,A", "", "b@x.com,B"].join(end);
        expect(&text, &[(2, "valid"), (4, "valid")]);
    }
    expect("email\ra@x.com\r\nb@x.com\nc@x.com", &[(2, "valid"), (3, "valid"), (4, "valid")]);
}

#[test]
fn ragged_rows_are_judged_by_what_they_hold() {
    expect(
        "email,name,team,\na@x.com\nb@x.com,B,SMB,,,\nc@x.com,C,SMB,x,y\n,,,\n",
        &[(2, "valid"), (3, "valid"), (4, "too_many_cells")],
    );
}

#[test]
fn a_stray_quote_costs_its_own_row() {
    expect("email,name\na@x.com,\"A\nb@x.com,B\nc@x.com,C\n", &[(2, "quote_unclosed"), (3, "valid"), (4, "valid")]);
    expect("email,name\n\"", &[(2, "quote_unclosed")]);
}

#[test]
fn a_huge_cell_costs_its_own_row() {
    let text = format!("email,name\na@x.com,{}\nb@x.com,B\n", "x".repeat(RECORD_BYTES));
    expect(&text, &[(2, "row_too_long"), (3, "valid")]);
    let text = format!("email,name\na@x.com,{}\nb@x.com,B\n", "x".repeat(RECORD_BYTES / 2));
    let plan = plan(text.as_bytes()).expect("a plan");
    assert_eq!(codes(&plan), [(2, "text_too_long".to_owned()), (3, "valid".to_owned())]);
    let Outcome::Rejected(rejection) = &plan.rows[0].outcome else { panic!("rejected") };
    assert!(rejection.issues[0].found.as_ref().is_some_and(|found| found.len() < 500), "issues stay small");
    assert_eq!(rejection.cells[1].len(), RECORD_BYTES / 2, "and the row stays whole");
}

#[test]
fn a_list_on_one_line_may_be_as_long_as_it_likes() {
    let addresses: Vec<_> = (0..10_000).map(|number| format!("person{number}@x.com")).collect();
    let plan = plan_in(addresses.join(", ").as_bytes(), 4_096, &ImportDefaults::default()).expect("a plan");
    assert_eq!((plan.counts.valid, plan.counts.rows), (10_000, 10_000));
}

#[test]
fn of_columns_with_one_meaning_the_first_is_used_and_the_rest_reported() {
    let plan = plan(b"Email,E-Mail,Role,user_id\na@x.com,b@x.com,manager,1\n").expect("a plan");
    assert_eq!(plan.report.ignored, ["E-Mail", "user_id"]);
    assert_eq!(codes(&plan), [(2, "valid".to_owned())]);
}

#[test]
fn formulas_are_nobody_and_come_back_harmless() {
    let plan = plan(b"email,name\n=1+1,A\n@x.com,\"=HYPERLINK(\"\"x\"\")\"\n").expect("a plan");
    assert_eq!(plan.counts.rejected, 2);
    let failed = rejected_csv(&plan.report, true, samples::rejections(&plan));
    let text = String::from_utf8(failed).expect("UTF-8");
    assert!(text.lines().skip(1).all(|line| line.starts_with("\"'")), "{text}");
    assert!(text.contains("\"'=HYPERLINK(\"\"x\"\")\""), "{text}");
}

#[test]
fn duplicates_are_ignored_and_contradictions_named() {
    let text =
        "email,name,role\na@x.com,A,admin\nA@X.com, A ,Admin\na@x.com,A,manager\nb@x.com,B,boss\nb@x.com,B,admin\n";
    let expected = [(2, "valid"), (3, "same as 2"), (4, "conflicting_duplicate"), (5, "role_unknown"), (6, "valid")];
    expect(text, &expected);
    let plan = plan(text.as_bytes()).expect("a plan");
    let Outcome::Rejected(rejection) = &plan.rows[2].outcome else { panic!("rejected") };
    assert!(rejection.issues[0].message.contains("line 2") && rejection.issues[0].message.contains("line 4"));
}

#[test]
fn where_a_role_comes_from_depends_on_the_file() {
    let admin = ImportDefaults { role: Some("admin".into()), ..ImportDefaults::default() };
    let role = |text: &str, defaults: &ImportDefaults| {
        let plan = plan_in(text.as_bytes(), 1_000, defaults).expect("a plan");
        match &plan.rows[0].outcome {
            Outcome::Valid(spec) => spec.entitlements.role.to_string(),
            _ => codes(&plan)[0].1.clone(),
        }
    };
    let none = ImportDefaults::default();
    assert_eq!(role("email\na@x.com", &none), "sales_rep");
    assert_eq!(role("email,role\na@x.com,", &none), "role_missing");
    assert_eq!(role("email\na@x.com", &admin), "admin");
    assert_eq!(role("email,role\na@x.com,", &admin), "admin");
    assert_eq!(role("email,role\na@x.com,manager", &admin), "manager");
    assert_eq!(role("a@x.com", &admin), "admin");
}

#[test]
fn the_other_defaults_fill_what_is_blank() {
    let defaults = ImportDefaults { team: Some("SMB".into()), send: Some(false), role: None };
    for text in ["email,team\na@x.com,\nb@x.com,Enterprise\n", "email\na@x.com\n", "a@x.com\n"] {
        let plan = plan_in(text.as_bytes(), 1_000, &defaults).expect("a plan");
        let Outcome::Valid(spec) = &plan.rows[0].outcome else { panic!("valid") };
        assert_eq!((spec.entitlements.team.as_deref(), spec.send), (Some("t-smb"), false));
    }
}

#[test]
fn lost_letters_are_always_reported() {
    let mut bytes = "email,name\nsøren@x.com,Søren Kjær\n".as_bytes().to_vec();
    let place = bytes.len() + 8;
    bytes.extend_from_slice(b"a@x.com,\xdf\nb@x.com,\xef\xbf\xbdB\nc@x.com,C\n");
    let plan = plan(&bytes).expect("a plan");
    let expected = ["email_local_part_not_ascii", "undecodable", "undecodable", "valid"];
    assert_eq!(codes(&plan).into_iter().map(|(_, code)| code).collect::<Vec<_>>(), expected);
    assert!(shown(&plan).contains(&format!("Byte {place} of the file")), "{}", shown(&plan));
    assert!(shown(&plan).contains("was lost before this file was made"));
}

#[test]
fn product_columns_take_only_yes_and_no() {
    expect(
        "email,mOS Enable\na@x.com,yes\nb@x.com,maybe\nc@x.com,\n",
        &[(2, "valid"), (3, "product_flag_unknown"), (4, "valid")],
    );
}

#[test]
fn addresses_out_of_an_address_book_bring_their_name() {
    let plan =
        plan(b"email,role\n\"\"\"Duval, Chloe\"\" <chloe@x.com>\",admin\nJo Doe <jo@x.com>,admin\n").expect("a plan");
    let shown = shown(&plan);
    assert!(shown.contains("chloe@x.com | - / Chloe / Duval | admin"), "{shown}");
    assert!(shown.contains("jo@x.com | Jo Doe / - / - | admin"), "{shown}");
}
