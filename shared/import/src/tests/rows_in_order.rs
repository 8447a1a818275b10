//! The outcome of a row does not depend on when it is taken, or on the entitlements that are remembered.

use std::fmt::Write;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;

/// The rows and their cells, taken after each chunk, or most of them after the last chunk.
fn taken(bytes: &[u8], at_once: bool) -> Vec<(Row, Vec<String>)> {
    let acme = acme();
    let mut planner = Planner::new(&acme, Some(30), ImportDefaults::default(), DialectOverride::default());
    let mut taken = Vec::new();
    let mut take = |planner: &mut Planner<'_>, most: usize| {
        for _ in 0..most {
            let Some(row) = planner.next_row() else { return };
            taken.push((row, planner.cells()));
        }
    };
    for piece in bytes.chunks(10_000) {
        planner.feed(piece).expect("text");
        // Only a few, so that others wait when more arrives.
        take(&mut planner, if at_once { 3 } else { usize::MAX });
    }
    planner.finish().expect("text");
    take(&mut planner, usize::MAX);
    taken
}

#[test]
fn no_row_is_lost_when_rows_are_taken_late() {
    let mut table = "email,name,role\n".to_owned();
    for n in 0..20_000 {
        let name = if n % 7 == 0 { format!("\"Doe, {n}\"") } else { format!("Pat {n}") };
        let role = if n % 11 == 0 { "king" } else { "sales_rep" };
        writeln!(table, "p{}@x.example,{name},{role}", n - n % 13 / 12).expect("memory");
    }
    let rows = taken(table.as_bytes(), false);
    assert_eq!(rows.len(), 20_000);
    assert_eq!(rows[7].1, ["p7@x.example", "Doe, 7", "sales_rep"]);
    assert!(rows == taken(table.as_bytes(), true));
    assert!(rows.iter().all(|(row, cells)| match &row.outcome {
        Outcome::Rejected(rejection) => rejection.cells == *cells,
        Outcome::Valid(spec) => cells[0] == spec.email.as_typed(),
        Outcome::Duplicate { .. } => true,
    }));
}

#[test]
fn the_cells_of_a_list_are_its_entries() {
    let list = "- anna@x.example; \"Duval, Chloe\" <c@x.example>, nobody\nbob@x.example";
    let cells: Vec<_> = taken(list.as_bytes(), true).into_iter().map(|(_, cells)| cells.concat()).collect();
    assert_eq!(cells, ["- anna@x.example", "\"Duval, Chloe\" <c@x.example>", "nobody", "bob@x.example"]);
    // Written back as the cells of a table, they name the same people.
    let list = "1. anna@x.example\n2) mailto:bob@x.example\n";
    let emails = |text: &str| {
        let rows = taken(text.as_bytes(), true).into_iter().map(|(row, _)| match row.outcome {
            Outcome::Valid(spec) => spec.email.as_typed().to_owned(),
            other => format!("{other:?}"),
        });
        rows.collect::<Vec<_>>()
    };
    assert_eq!(emails(list), ["anna@x.example", "bob@x.example"]);
    assert_eq!(emails(&format!("email,usher_code\n{list}")), emails(list));
}

#[test]
fn the_first_line_that_the_encoding_matters_on_may_come_late() {
    let plain = "a line,\"of\r\ntwo\"\r\n".repeat(20_000);
    let bytes = [b"email,name\r\n".as_slice(), plain.as_bytes(), b"k@x.example,Klara Wei\xdf\r\n"].concat();
    assert_eq!(plan_in(&bytes, 10_000, &ImportDefaults::default()).expect("a plan").report.first_line, Some(40_002));
}

#[test]
fn rows_with_the_same_cells_share_their_entitlements() {
    let text = "email,name,role\nann@x.example,Ann,admin\nbob@x.example,Bob,admin\n\"Cy\" <cy@x.example>,,admin\n\
        dee@x.example,<i>,admin\neve@x.example,Eve,manager\nfay@x.example,'=Fay,admin\n";
    let plan = plan_in(text.as_bytes(), text.len(), &ImportDefaults::default()).expect("a plan");
    let Outcome::Valid(first) = &plan.rows[0].outcome else { panic!("valid") };
    let shares = plan.rows.iter().map(|row| match &row.outcome {
        Outcome::Valid(spec) => Some(Arc::ptr_eq(&spec.entitlements, &first.entitlements)),
        _ => None,
    });
    let expected = [Some(true), Some(true), Some(true), None, Some(false), Some(true)];
    assert_eq!(shares.collect::<Vec<_>>(), expected);
}

fn cell(texts: &[&'static str]) -> impl Strategy<Value = &'static str> + use<> {
    prop::sample::select(texts.to_vec())
}

proptest! {
    /// The outcome of a row does not depend on earlier rows, although most share their entitlements with one of them.
    #[test]
    fn each_row_has_the_outcome_it_has_alone(
        given in prop::collection::vec((
            cell(&["admin", "Sales Rep", "sales_rep", "superuser", "admin", " manager "]),
            cell(&["SMB", "smb", "Atlantis", "", "t-ent", "\"SMB\"", "\"S\"\"MB\""]),
            cell(&["TRUE", "x", "no", "no", "", "perhaps"]),
            cell(&["TRUE", ""]),
            cell(&["meddicc-value-program", "\"meddicc-value-program,value-pyramid-program\"", "unknown", ""]),
        ), 1..4),
        people in prop::collection::vec((
            cell(&[
                "p#@x.example",
                "p#@x.example",
                "p#@x.example ",
                "q.p#@x-y.example",
                " P#@X.example",
                "'p#@x.example",
                "'=p#@x.example",
                "\"P, #\" <p#@x.example>",
                "\"P \"\"#\"\" <p#@x.example>\"",
                "mailto:p#@x.example",
                "- p#@x.example",
                "-p#@x.example",
                "p#@bücher.example",
                "p#@x",
                "<p#@x.example>",
                "\"p#@x.example\"",
            ]),
            cell(&["Ann", "'=Ann", "http://x.example", "", "\"An \"\"n\"\"\"", "Zoë"]),
            cell(&["Al", "", "Al", "<i>", "'=Al", "Ås"]),
            cell(&["VP", "<b>", "", "VP", "'+VP"]),
            any::<prop::sample::Index>(),
        ), 1..30),
        names in cell(&["first name,last name", "name,nickname"]),
    ) {
        let header = format!("email,{names},role,team,mOS Enable,mos_opportunity,courses,job title\n");
        let lines: Vec<String> = people
            .iter()
            .enumerate()
            .map(|(number, (email, name, first, job, which))| {
                let (email, (role, team, one, other, courses)) = (email.replace('#', &number.to_string()), which.get(&given));
                format!("{email},{name},{first},{role},{team},{one},{other},{courses},{job}\n")
            })
            .collect();
        let together = plan(format!("{header}{}", lines.concat()).as_bytes()).expect("a plan");
        for (index, line) in lines.iter().enumerate() {
            let mut alone = plan(format!("{header}{}{line}", "\n".repeat(index)).as_bytes()).expect("a plan");
            prop_assert!(together.rows[index] == alone.rows.remove(0), "{line}\n{}", shown(&together));
        }
    }
}
