//! Lists of people copied from a mail program.
//!
//! `a@x.com, B <b@y.com>; "Last, First" <c@z.com>; Last, First <d@w.com>` and the same over several lines. Parsing
//! never fails: every text between two separators becomes an entry. The validator then rejects an entry without a valid
//! address, with its position.

use memchr::memchr;

use crate::spec::InvitationInput;

/// One person of a list.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The text of the entry in the list.
    pub text: &'a str,
    /// The text in the address's position.
    pub address: &'a str,
    /// The person's name, if the list has one.
    pub name: Option<EntryName<'a>>,
    /// The line, from 1.
    pub line: u32,
    /// The first character's position in the line, from 1.
    pub column: u32,
}

/// A name in a list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum EntryName<'a> {
    /// `First Last`, undivided: nobody can guess where it divides.
    Full(&'a str),
    /// `Last, First`.
    Parts {
        /// The part after the comma.
        first: &'a str,
        /// The part before the comma.
        last: &'a str,
    },
}

impl<'a> Entry<'a> {
    /// The input for this person: the address and the name, and everything else from `base`.
    #[must_use]
    pub fn request(&self, base: &InvitationInput<'a>) -> InvitationInput<'a> {
        let mut request = InvitationInput { email: self.address.into(), ..base.clone() };
        match self.name {
            Some(EntryName::Full(full)) => request.name = Some(full.into()),
            Some(EntryName::Parts { first, last }) => {
                request.first_name = Some(first.into());
                request.last_name = Some(last.into());
            }
            None => {}
        }
        request
    }
}

/// Parses a list. Every piece that is not blank becomes an entry.
#[must_use]
pub fn parse(text: &str) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    let mut line = 1;
    let mut rest = text;
    loop {
        let end = rest.find(['\r', '\n']).unwrap_or(rest.len());
        parse_line(&rest[..end], line, &mut entries);
        rest = match rest.get(end..) {
            Some("") | None => return entries,
            Some(tail) => tail.strip_prefix("\r\n").unwrap_or_else(|| &tail[1..]),
        };
        line += 1;
    }
}

/// A piece between two separators, as a range of its line.
#[derive(Clone, Copy)]
struct Piece {
    start: usize,
    end: usize,
    /// Whether a comma, and not a semicolon or the end, follows.
    comma_follows: bool,
}

fn parse_line<'a>(line: &'a str, number: u32, entries: &mut Vec<Entry<'a>>) {
    let pieces = pieces(line);
    let mut index = 0;
    while let Some(piece) = pieces.get(index) {
        index += 1;
        let (mut start, mut end) = (piece.start, piece.end);
        // `Last, First <a@b>`: a word without an address belongs to the bracketed address after its comma.
        if piece.comma_follows
            && !line[start..end].contains(['@', '<', '"'])
            && !line[start..end].trim().is_empty()
            && let Some(next) = pieces.get(index)
            && bracketed(&line[next.start..next.end])
                .is_some_and(|(name, _)| !name.is_empty() && !name.contains(['@', ',']))
        {
            end = next.end;
            index += 1;
        }
        let text = line[start..end].trim();
        start += line[start..end].len() - line[start..end].trim_start().len();
        if text.is_empty() {
            continue;
        }
        let words = || text.split_whitespace();
        if bracketed(text).is_none() && words().count() > 1 && words().all(|word| word.contains('@')) {
            for word in words() {
                let at = start + (word.as_ptr() as usize - text.as_ptr() as usize);
                entries.push(entry(line, number, at, word));
            }
        } else {
            entries.push(entry(line, number, start, text));
        }
    }
}

fn entry<'a>(line: &'a str, number: u32, start: usize, text: &'a str) -> Entry<'a> {
    let item = without_bullet(text);
    let (name, address) = bracketed(item).unwrap_or(("", item));
    let address = without_scheme(unwrapped(address));
    let column = u32::try_from(line[..start].chars().count() + 1).unwrap_or(u32::MAX);
    Entry { text, address, name: person(name, address), line: number, column }
}

/// Divides a line at commas, semicolons and tabs outside quotes and brackets. A quote inside a word, or one that is never
/// closed, is an ordinary character.
fn pieces(line: &str) -> Vec<Piece> {
    let bytes = line.as_bytes();
    let mut pieces = Vec::new();
    let (mut start, mut at) = (0, 0);
    // A bracket without a closing one has none further on either: it is not searched for again.
    let mut open_ended: Vec<u8> = Vec::new();
    let mut closing = |open: usize, by: u8| {
        let found = if open_ended.contains(&by) { None } else { memchr(by, &bytes[open + 1..]) };
        if found.is_none() && !open_ended.contains(&by) {
            open_ended.push(by);
        }
        found.map_or(open + 1, |length| open + length + 2)
    };
    while let Some(byte) = bytes.get(at) {
        at = match byte {
            b',' | b';' | b'\t' => {
                pieces.push(Piece { start, end: at, comma_follows: *byte == b',' });
                start = at + 1;
                at + 1
            }
            b'"' if line[start..at].trim().is_empty() => closing(at, b'"'),
            b'<' => closing(at, b'>'),
            b'[' => closing(at, b']'),
            _ => at + 1,
        };
    }
    pieces.push(Piece { start, end: line.len(), comma_follows: false });
    pieces
}

/// `Name <address>`, with the name trimmed.
fn bracketed(text: &str) -> Option<(&str, &str)> {
    // Exchange writes square ones.
    let (open, close) = if text.ends_with(']') { ('[', ']') } else { ('<', '>') };
    let (name, rest) = text.split_once(open)?;
    let address = rest.trim_end().strip_suffix(close)?;
    (!address.contains([open, close])).then(|| (name.trim(), address.trim()))
}

/// A list item without its bullet or number: `• a@b`, `- a@b`, `1. a@b`.
fn without_bullet(text: &str) -> &str {
    let Some((mark, rest)) = text.split_once(' ') else { return text };
    let is_number =
        mark.strip_suffix(['.', ')']).is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    if matches!(mark, "•" | "-" | "*" | "–" | "·" | "") || is_number { rest.trim_start() } else { text }
}

fn unwrapped(text: &str) -> &str {
    let text = text.trim();
    let within = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    within('"').or_else(|| within('\'')).map_or(text, str::trim)
}

/// The scheme of links to an address (RFC 6068).
const SCHEME: &str = "mailto:";

/// Whether an address is written as a `mailto:` link.
#[must_use]
pub fn has_scheme(address: &str) -> bool {
    address.get(..SCHEME.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME))
}

fn without_scheme(address: &str) -> &str {
    if has_scheme(address) { &address[SCHEME.len()..] } else { address }
}

fn person<'a>(name: &'a str, address: &str) -> Option<EntryName<'a>> {
    let name = unwrapped(unwrapped(name));
    // Mail programs show the address as the name of an unknown person.
    if name.is_empty() || name.eq_ignore_ascii_case(address) {
        return None;
    }
    match name.split_once(',').map(|(last, first)| (last.trim(), first.trim())) {
        Some((last, first)) if !last.is_empty() && !first.is_empty() && !first.contains(',') => {
            Some(EntryName::Parts { first, last })
        }
        _ => Some(EntryName::Full(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let show = |entry: Entry<'_>| {
            let name = match entry.name {
                Some(EntryName::Full(full)) => format!(" [{full}]"),
                Some(EntryName::Parts { first, last }) => format!(" [{first}|{last}]"),
                None => String::new(),
            };
            format!("{}:{} {}{name}", entry.line, entry.column, entry.address)
        };
        parse(text).into_iter().map(show).collect()
    }

    #[test]
    fn a_list_from_a_mail_program_is_parsed() {
        assert_eq!(
            read("a@x.com, B <b@y.com>; \"Last, First\" <c@z.com>; Last, First <d@w.com>"),
            ["1:1 a@x.com", "1:10 b@y.com [B]", "1:23 c@z.com [First|Last]", "1:48 d@w.com [First|Last]",]
        );
    }

    #[test]
    fn lines_and_positions_are_counted() {
        let list = "anna@x.com\r\nbjørn@x.com, carla@x.com\r\r\n  \"Duval, Chloe\" <c@x.com>;\n";
        let expected = ["1:1 anna@x.com", "2:1 bjørn@x.com", "2:14 carla@x.com", "4:3 c@x.com [Chloe|Duval]"];
        assert_eq!(read(list), expected);
    }

    #[test]
    fn nothing_is_dropped() {
        assert_eq!(read("John, x@y.com, <z@y.com"), ["1:1 John", "1:7 x@y.com", "1:16 <z@y.com"]);
        assert_eq!(read("\"unclosed, a@x.com"), ["1:1 \"unclosed", "1:12 a@x.com"]);
        assert_eq!(read("x; Lee, Kim, Kim <k@x.com>"), ["1:1 x", "1:4 Lee", "1:9 k@x.com [Kim|Kim]"]);
        assert_eq!(read(" ,; ,\n"), Vec::<String>::new());
        assert_eq!(read("Jo <>"), ["1:1  [Jo]"]);
    }

    #[test]
    fn the_formats_of_mail_programs_are_parsed() {
        assert_eq!(read("a@x.com b@x.com\tc@x.com"), ["1:1 a@x.com", "1:9 b@x.com", "1:17 c@x.com"]);
        assert_eq!(read("'a@x.com' <a@x.com>; <mailto:b@x.com>"), ["1:1 a@x.com", "1:22 b@x.com"]);
        assert_eq!(read("'Jo Doe' <jo@x.com>"), ["1:1 jo@x.com [Jo Doe]"]);
        assert_eq!(read("Seán O\"Hara <s@x.com>, t@x.com"), ["1:1 s@x.com [Seán O\"Hara]", "1:24 t@x.com"]);
        assert_eq!(read("a@x.com, B <b@x.com>"), ["1:1 a@x.com", "1:10 b@x.com [B]"]);
    }

    #[test]
    fn an_input_keeps_what_all_people_share() {
        let base = InvitationInput { role: Some("admin".into()), ..InvitationInput::default() };
        let request = parse("Doe, Jo <jo@x.com>")[0].request(&base);
        assert_eq!((&*request.email, request.role.as_deref()), ("jo@x.com", Some("admin")));
        assert_eq!((request.first_name.as_deref(), request.last_name.as_deref()), (Some("Jo"), Some("Doe")));
    }

    proptest::proptest! {
        #[test]
        fn every_character_but_separators_and_blanks_is_in_some_entry(text in "[a-c@<>\",;' \n\té]{0,40}") {
            let solid = |text: &str| text.chars().filter(|c| !",; \n\t".contains(*c)).collect::<String>();
            let entries: String = parse(&text).iter().map(|entry| solid(entry.text)).collect();
            proptest::prop_assert_eq!(entries, solid(&text));
        }
    }
}
