//! Files that are long enough for it to matter how they arrive, and what must not depend on it.

use super::*;

/// What a file comes to, for chunks of several sizes.
fn same_however_it_arrives(bytes: &[u8]) -> Result<Plan, FileError> {
    let plan = |chunk| plan_in(bytes, chunk, &ImportDefaults::default());
    let whole = plan(bytes.len().max(1));
    for chunk in [4 * 1024, 10_000, 16 * 1024, 65_537, 150_000] {
        match (&whole, plan(chunk)) {
            (Ok(whole), Ok(pieces)) => {
                assert!(whole.rows == pieces.rows && whole.report == pieces.report, "chunks of {chunk}");
            }
            (Err(whole), Err(pieces)) => assert_eq!(*whole, pieces, "chunks of {chunk}"),
            _ => panic!("chunks of {chunk} change whether the file is refused"),
        }
    }
    whole
}

fn rows(from: usize, count: usize) -> String {
    (from..from + count).map(|n| format!("p{n}@x.example,Pat")).collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn what_is_binary_or_in_which_encoding_does_not_depend_on_chunks() {
    let mut bytes = format!("email,name\n{}", rows(0, 300)).into_bytes();
    bytes.extend_from_slice(b"q@x.example,N\0ul\n");
    assert_eq!(same_however_it_arrives(&bytes).expect("a plan").counts.rejected, 1);
    let mut bytes = "email,name\na@x.example,Zoé\n".to_owned().into_bytes();
    bytes.extend_from_slice(rows(0, 4_000).as_bytes());
    bytes.extend_from_slice(b"b@x.example,W\xe4\nc@x.example,W\xf6\nd@x.example,W\xfc\n");
    assert_eq!(same_however_it_arrives(&bytes).expect("a plan").report.encoding, "UTF-8");
    let cr = String::from_utf8_lossy(&bytes[..40_000]).replace('\n', "\r");
    assert_eq!(same_however_it_arrives(cr.as_bytes()).expect("a plan").report.first_line, Some(2));
}

#[test]
fn the_dialect_is_told_by_the_same_text_whatever_arrives_with_it() {
    let late = "x@x.example,'a'\n".repeat(10_000);
    let plan = same_however_it_arrives(format!("email,name\n{}{late}", rows(0, 5_000)).as_bytes()).expect("a plan");
    assert_eq!(plan.report.quote, '"');
}

#[test]
fn marks_in_the_middle_are_no_text_however_many() {
    let text = format!("email,name\n{}\u{feff}\u{feff}q@x.example,Q\n", rows(0, 1_000));
    for chunk in [1, 2, 3, 5, 4_096] {
        let plan = plan_in(text.as_bytes(), chunk, &ImportDefaults::default()).expect("a plan");
        assert_eq!(plan.counts.rejected, 0, "chunks of {chunk}");
    }
}

#[test]
fn a_stray_quote_costs_its_own_row_also_before_short_rows() {
    let long: String = rows(0, 5_000);
    let plan = same_however_it_arrives(format!("email,name,role,,\nann@x.example,\"Ann\n{long}").as_bytes());
    let plan = plan.expect("a plan");
    assert_eq!((plan.counts.rows, plan.counts.rejected), (5_001, 5_001), "each row lacks a role, and none is lost");
    let text = "email,role,notes\nann@x.example,admin,\"called\nbob@x.example,admin\nzoe@x.example,admin,left\"\n";
    assert_eq!(same_however_it_arrives(text.as_bytes()).expect("a plan").rows.len(), 3);
}

#[test]
fn a_long_quoted_cell_with_a_long_line_in_it_is_one_row() {
    let line = "x".repeat(100_000);
    let text = format!("email,name\nann@x.example,\"a\n{line} \"\" {line}\nb\"\nbob@x.example,Bob\n");
    let plan = same_however_it_arrives(text.as_bytes()).expect("a plan");
    assert_eq!(codes(&plan), [(2, "row_too_long".to_owned()), (5, "valid".to_owned())]);
}

#[test]
fn lost_letters_are_forgotten_with_their_rows() {
    let mut bytes = b"\xef\xbb\xbfemail\n#".to_vec();
    bytes.extend(std::iter::repeat_n(0xff, 300_000));
    bytes.extend_from_slice(b"\na@x.example\n");
    let plan = same_however_it_arrives(&bytes).expect("a plan");
    assert_eq!(plan.counts.valid, 1);
}

#[test]
fn hostile_rows_take_no_longer_than_others() {
    // Each of these took time with the square of its length.
    let brackets = format!("email\n{}@x.example\n", "<".repeat(60_000));
    assert_eq!(plan(brackets.as_bytes()).expect("a plan").counts.rejected, 1);
    let list = format!("a@x.example, {}", "[<\"".repeat(20_000));
    let _ = plan_in(list.as_bytes(), list.len(), &ImportDefaults::default());
    let tags = (0..60_000).map(|n| format!("a+{n}@x.example\n")).collect::<Vec<_>>().concat();
    let tags = format!("email\n{tags}");
    let plan = plan_in(tags.as_bytes(), 64 * 1024, &ImportDefaults::default()).expect("a plan");
    assert_eq!(plan.counts.valid, 60_000);
}

#[test]
fn people_above_a_second_header_are_people() {
    let text = "email,name\nann@x.example,Ann\nbob@x.example,Bob\nemail,name,role\ncid@x.example,Cid,manager\n";
    let plan = same_however_it_arrives(text.as_bytes()).expect("a plan");
    let expected = ["valid", "valid", "email_without_domain", "too_many_cells"];
    assert_eq!(codes(&plan).into_iter().map(|(_, code)| code).collect::<Vec<_>>()[..2], expected[..2]);
    assert_eq!(plan.counts.rows, 4);
    let above = plan_in(b"ann@x.example,Ann,manager\nemail,name,role,team\n", 9, &ImportDefaults::default());
    assert!(above.map_or(true, |plan| plan.rows.iter().any(|row| row.line == 1)), "nobody is passed over");
}

#[test]
fn whose_address_or_role_is_meant_is_not_guessed() {
    let refused = |text: &str| plan(text.as_bytes()).map(|_| ()).map_err(|error| error.code());
    assert_eq!(refused("Manager contact,Person,Contact\nboss@x.example,Ann,ann@x.example\n"), Err("no_email_column"));
    assert_eq!(refused("boss@x.example,Ann,ann@x.example\nboss2@x.example,Bob,bob@x.example\n"), Err("no_header"));
    let notes = "a@x.example,Ann Lee,admin\nb@x.example,Bob Ray,\nc@x.example,Cid Roe,\n";
    let plan = plan(notes.as_bytes()).expect("a plan");
    assert!(plan.report.columns.iter().all(|column| column.field != "role"));
}

#[test]
fn what_failed_stays_failed_until_it_is_mended() {
    let shift_jis = [
        &encoding_rs::SHIFT_JIS.encode("email,name\n山田@x.example,山田 太郎\na@x.example,東京").0[..],
        b"\x81\xff x\n",
    ]
    .concat();
    let files: [&[u8]; 4] = [
        b"email,name\nann@x.example,\"Ann\nbob@x.example,Bob\n",
        b"name,email\n\"Ann,ann@x.example\n# x,y\n",
        &shift_jis,
        b"email,name\n\"# x\",y\n",
    ];
    for file in files {
        let first = plan_as(file, &DialectOverride::default()).expect("a plan");
        let failed = rejected_csv(&first.report, true, samples::rejections(&first));
        let again = plan_as(&failed, &DialectOverride::default()).expect("a plan");
        assert_eq!(
            (again.counts.valid, again.counts.rejected),
            (0, first.counts.rejected),
            "{}",
            String::from_utf8_lossy(&failed)
        );
    }
}

/// What random files found, kept as they were.
#[test]
fn what_random_files_found_stays_mended() {
    let files: [&[u8]; 3] = [
        b"email,name\nx@y..m,M\xfcller\n",
        b"\xc2email,name,role\r\nann.lee@brightwater.example,Ann Lee,sales_rep\r\n,,e444444444444444xample,Bob Ray,manager\r\n\"\",\"\",\"\"\r\n",
        b"'email','name','job_title'\n'sinead.oneill@brightwater.example','O''Neill, Sin\xc3\xa9ad','Accounen.muller@nordlicht.example,J\xef\xbf\xbdrgen M\xef\xbf\xbdller\nanna.schmidt@nordlicht.example,Anna Smh.byrne@brightwater.example','Byrne, Niamh',&'\n",
    ];
    for file in files {
        let first = plan(file).expect("a plan");
        let failed = rejected_csv(&first.report, true, samples::rejections(&first));
        let again = plan(&failed).map(|plan| (plan.counts.valid, plan.counts.rejected));
        assert_eq!(again, Ok((0, first.counts.rejected)), "{}", String::from_utf8_lossy(&failed));
    }
}
