//! Infers the columns of a table without a header from its cells.

use super::header::{Field, Header};
use usher_domain::validator::InvitationValidator;

/// The non-blank cells of one column.
struct Column<'a> {
    cells: Vec<&'a str>,
}

impl Column<'_> {
    /// Whether nearly all cells pass a test: a typo or two in a long column does not change what it holds.
    fn mostly(&self, is_so: impl Fn(&str) -> bool) -> bool {
        let count = self.cells.iter().filter(|cell| is_so(cell)).count();
        !self.cells.is_empty() && count * 10 >= self.cells.len() * 8
    }

    /// Whether it holds names: letters, and the characters between the parts of a name.
    fn is_of_names(&self) -> bool {
        let is_name = |cell: &str| {
            cell.chars().all(|c| c.is_alphabetic() || " .,'’-\"".contains(c)) && cell.contains(char::is_alphabetic)
        };
        let in_parts = self.cells.iter().filter(|cell| cell.contains(' ')).count();
        self.mostly(is_name) && in_parts * 2 >= self.cells.len()
    }
}

impl Header {
    /// Finds the column of the addresses by its cells, where no name says which it is.
    pub(crate) fn with_addresses_of(mut self, rows: &[&[String]], validator: &InvitationValidator<'_>) -> Self {
        let inferred = infer_columns(rows, validator).and_then(|header| header.email);
        let is_free = |column: &usize| self.fields.iter().all(|(_, taken)| taken != column);
        let inferred = inferred.filter(is_free).filter(|column| *column < self.names.len());
        self.unnamed_email = self.email.is_none() && inferred.is_some();
        self.email = self.email.or(inferred);
        self
    }
}

/// A test of whether a column holds a field.
type Test<'a> = &'a dyn Fn(&Column<'_>) -> bool;

/// Finds the column of addresses, and columns of roles, teams, courses or full names. `None` without exactly one column of
/// addresses. Ambiguous columns stay unused, and are reported.
pub(crate) fn infer_columns(rows: &[&[String]], validator: &InvitationValidator<'_>) -> Option<Header> {
    let width = rows.iter().map(|row| row.len()).max()?;
    let column = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.trim()).filter(|cell| !cell.is_empty());
        Column { cells: cells.collect() }
    };
    let mut columns: Vec<Column<'_>> = (0..width).map(column).collect();
    // A trailing delimiter makes an empty column.
    while columns.last().is_some_and(|column| column.cells.is_empty()) {
        columns.pop();
    }
    // With two columns of addresses, nobody can tell which is meant.
    let mut addresses = (0..columns.len()).filter(|at| columns[*at].mostly(|cell| cell.matches('@').count() == 1));
    let (Some(email), None) = (addresses.next(), addresses.next()) else { return None };
    let mut fields: Vec<(Field, usize)> = Vec::new();
    let course = |cell: &str| cell.split([',', ';', '|']).all(|slug| validator.course(slug.trim()).is_some());
    let tests: [(Field, Test<'_>); 4] = [
        // Roles are never guessed: each row must have one, and nothing else.
        (Field::Role, &|column| {
            column.cells.len() == rows.len() && column.cells.iter().all(|cell| validator.role(cell).is_some())
        }),
        (Field::Team, &|column| column.mostly(|cell| validator.team(cell).is_some())),
        (Field::Courses, &|column| column.mostly(course)),
        (Field::Name, &|column| column.is_of_names()),
    ];
    for (field, holds) in tests {
        let free = |at: &usize| *at != email && fields.iter().all(|(_, taken)| taken != at);
        let mut found = (0..columns.len()).filter(free).filter(|at| holds(&columns[*at]));
        // Of two similar columns, neither is known to be the right one.
        if let (Some(at), None) = (found.next(), found.next()) {
            fields.push((field, at));
        }
    }
    let name = |at: usize| {
        let field = fields.iter().find(|(_, column)| *column == at).map(|(field, _)| *field);
        let field = field.or((at == email).then_some(Field::Email));
        field.map_or_else(|| format!("column {}", at + 1), |field| field.as_str().to_owned())
    };
    let names = (0..columns.len()).map(name).collect();
    fields.sort_by_key(|(_, at)| *at);
    Some(Header { names, email: Some(email), fields, products: Vec::new(), own: Vec::new(), unnamed_email: false })
}
