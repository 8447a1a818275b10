//! Records of well-formed and malformed text.

use super::*;

const COMMA: Dialect = Dialect::COMMA;

fn read(text: &str, alone: bool) -> Vec<(Next, Vec<String>)> {
    let mut records = Records::new();
    records.text.push_str(text);
    records.last = true;
    let mut all = Vec::new();
    loop {
        let next = records.next(COMMA, AddressColumn { column: 0, alone });
        if next == Next::Nothing {
            return all;
        }
        all.push((next, (0..records.cells()).map(|cell| records.cell(cell, COMMA).into_owned()).collect()));
    }
}

fn cells(text: &str) -> Vec<Vec<String>> {
    read(text, false).into_iter().map(|(_, cells)| cells).collect()
}

#[test]
fn quotes_are_read_as_they_are_meant() {
    assert_eq!(cells("a,\"b, c\"\r\nd,\"e \"\"f\"\"\"\n"), [["a", "b, c"], ["d", "e \"f\""]]);
    assert_eq!(cells("María \"La Jefa\" Gómez,x"), [["María \"La Jefa\" Gómez", "x"]]);
    assert_eq!(cells("\"La Jefa\" Gómez,x"), [["\"La Jefa\" Gómez", "x"]]);
    assert_eq!(cells("a, \"b, c\" ,d"), [["a", "b, c", "d"]]);
    assert_eq!(cells("\"two\nlines\",x"), [["two\nlines", "x"]]);
    assert_eq!(cells("a,\n,"), [["a", ""], ["", ""]]);
}

#[test]
fn every_kind_of_line_end_counts_one_line() {
    let lines: Vec<_> = read("a\nb\r\nc\rd\n\n\"e\r\nf\"\ng", true).into_iter().map(|(next, _)| next).collect();
    let expected = [1, 2, 3, 4, 5, 6, 8].map(|line| Next::Record { line });
    assert_eq!(lines, expected);
}

#[test]
fn a_stray_quote_costs_its_own_line_only() {
    let broken = |line| Next::Broken { line, fault: Fault::UnclosedQuote };
    let record = |line| Next::Record { line };
    let kinds = |text| read(text, false).into_iter().map(|(next, _)| next).collect::<Vec<_>>();
    assert_eq!(kinds("a@b.c,\"Bob\nd@e.f,Al\ng@h.i,Cy\n"), [broken(1), record(2), record(3)]);
    assert_eq!(kinds("a@b.c,\"Bob\nd@e.f,\"Al\ng@h.i,Cy"), [broken(1), broken(2), record(3)]);
    assert_eq!(kinds("a@b.c,\"Bob\nd@e.f,Al\ng@h.i,Cy \"x\"\n"), [broken(1), record(2), record(3)]);
    assert_eq!(kinds("\""), [broken(1)]);
}

#[test]
fn a_record_over_the_limit_is_rejected_for_any_chunk_size() {
    let long = format!("{},x\nb,c\n", "a".repeat(RECORD_BYTES));
    for chunk in [1_000, 10_000, long.len()] {
        let mut records = Records::new();
        let mut seen = Vec::new();
        let mut rest = long.as_str();
        while !records.last {
            records.compact();
            let (piece, tail) = rest.split_at(chunk.min(rest.len()));
            rest = tail;
            records.text.push_str(piece);
            records.last = rest.is_empty();
            loop {
                match records.next(COMMA, AddressColumn { column: 0, alone: false }) {
                    Next::Nothing => break,
                    next => seen.push(next),
                }
            }
            assert!(records.text.len() <= RECORD_BYTES + 2 * chunk, "memory is bounded");
        }
        assert_eq!(seen, [Next::Broken { line: 1, fault: Fault::TooLong }, Next::Record { line: 2 }]);
    }
}
