//! What the columns of a table without a header hold, by what stands in them.

use crate::detect::header::{Field, Header};
use usher_domain::validator::InvitationValidator;

/// The cells of one column that are not blank.
struct Column<'a> {
    cells: Vec<&'a str>,
}

impl Column<'_> {
    /// Whether nearly all of it is so: a slip or two in a long column does not change what it is.
    fn mostly(&self, is_so: impl Fn(&str) -> bool) -> bool {
        let count = self.cells.iter().filter(|cell| is_so(cell)).count();
        !self.cells.is_empty() && count * 10 >= self.cells.len() * 8
    }

    /// Letters, with what stands between the parts of a name.
    fn is_of_names(&self) -> bool {
        let is_name = |cell: &str| {
            cell.chars().all(|c| c.is_alphabetic() || " .,'’-\"".contains(c)) && cell.contains(char::is_alphabetic)
        };
        let in_parts = self.cells.iter().filter(|cell| cell.contains(' ')).count();
        self.mostly(is_name) && in_parts * 2 >= self.cells.len()
    }
}

impl Header {
    /// Takes the one column for that of the addresses that holds nothing else and has a name that says nothing.
    pub(crate) fn with_addresses_of(mut self, rows: &[&[String]], validator: &InvitationValidator<'_>) -> Self {
        let inferred = infer(rows, validator).and_then(|header| header.email);
        let is_free = |column: &usize| self.fields.iter().all(|(_, taken)| taken != column);
        let inferred = inferred.filter(is_free).filter(|column| *column < self.names.len());
        self.unnamed_email = self.email.is_none() && inferred.is_some();
        self.email = self.email.or(inferred);
        self
    }
}

/// Tells whether a column holds one thing.
type Test<'a> = &'a dyn Fn(&Column<'_>) -> bool;

/// Finds the column of addresses, and those that hold nothing but roles, teams, courses or full names. `None` without a
/// column of addresses. Whatever cannot be told apart for sure is left unused, and reported as such.
pub(crate) fn infer(rows: &[&[String]], validator: &InvitationValidator<'_>) -> Option<Header> {
    let width = rows.iter().map(|row| row.len()).max()?;
    let column = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.trim()).filter(|cell| !cell.is_empty());
        Column { cells: cells.collect() }
    };
    let mut columns: Vec<Column<'_>> = (0..width).map(column).collect();
    // A trailing delimiter makes a column of nothing.
    while columns.last().is_some_and(|column| column.cells.is_empty()) {
        columns.pop();
    }
    // Whose of two addresses is meant nobody can tell.
    let mut addresses = (0..columns.len()).filter(|at| columns[*at].mostly(|cell| cell.matches('@').count() == 1));
    let (Some(email), None) = (addresses.next(), addresses.next()) else { return None };
    let mut fields: Vec<(Field, usize)> = Vec::new();
    let course = |cell: &str| cell.split([',', ';', '|']).all(|slug| validator.course(slug.trim()).is_some());
    let tests: [(Field, Test<'_>); 4] = [
        // A role is given to nobody by a guess: each row has one, and nothing else.
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
        // Of two columns that look alike neither is known to be the one.
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
