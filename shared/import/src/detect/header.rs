//! The columns of a file: which one holds which field.

use usher_domain::InvitationValidator;

pub use super::field::Field;
use super::field::key;

/// The column of `failed.csv` with the codes of a row's issues, separated by blanks. Ignored when the file is uploaded.
pub const FAILED_CODE: &str = "usher_code";
/// The column of `failed.csv` with the messages of a row's issues. Ignored when the file is uploaded.
pub const FAILED_MESSAGE: &str = "usher_message";

/// Names of sign-in columns. They hold the mail addresses where no other column does.
const SIGN_IN_NAMES: [&str; 2] = ["userprincipalname", "upn"];

/// The columns of a table, and what each is used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    /// The name of every column, as the file has it.
    pub(crate) names: Vec<String>,
    pub(crate) email: Option<usize>,
    /// The other fields, each at most once.
    pub(crate) fields: Vec<(Field, usize)>,
    /// Columns that say whether a person gets a product, by product id.
    pub(crate) products: Vec<(String, usize)>,
    /// Columns that an earlier `failed.csv` added.
    pub(crate) own: Vec<usize>,
    /// Whether the column of the addresses was found by its cells and not by its name.
    pub(crate) unnamed_email: bool,
}

impl Header {
    /// Maps each column to a field. Of two columns for one field the first is used; of a full name and its parts, the
    /// parts. Unused columns are ignored and reported.
    pub(crate) fn read(names: &[String], validator: &InvitationValidator<'_>) -> Self {
        let names: Vec<String> = names.iter().map(|name| name.trim().to_owned()).collect();
        let mut header = Self {
            names,
            email: None,
            fields: Vec::new(),
            products: Vec::new(),
            own: Vec::new(),
            unnamed_email: false,
        };
        for column in 0..header.names.len() {
            let name = &header.names[column];
            if name == FAILED_CODE || name == FAILED_MESSAGE {
                header.own.push(column);
                continue;
            }
            match Field::named(name) {
                Some(field) => header.take(field, column),
                None => {
                    if let Some(product) = validator.product(name)
                        && header.products.iter().all(|(id, _)| *id != product.id)
                        && !name.is_empty()
                    {
                        header.products.push((product.id.clone(), column));
                    }
                }
            }
        }
        // A plain name takes precedence over a name with a remark.
        for column in 0..header.names.len() {
            if let Some(field) = Field::named_with_remark(&header.names[column]) {
                header.take(field, column);
            }
        }
        let inside = |name: &str| name.split_once('[').and_then(|(_, rest)| rest.split(']').next()).map(key);
        let signs_in = |name: &String| {
            let names = [Some(key(name)), inside(name)];
            names.into_iter().flatten().any(|name| SIGN_IN_NAMES.contains(&name.as_str()))
        };
        header.email = header.email.or_else(|| header.names.iter().position(signs_in));
        header.divide_names();
        header
    }

    /// Uses a column for a field, unless an earlier column holds it.
    fn take(&mut self, field: Field, column: usize) {
        if field == Field::Email {
            self.email = self.email.or(Some(column));
        } else if self.column(field).is_none() {
            self.fields.push((field, column));
        }
    }

    /// Beside `Vorname` or `Prénom`, `Name` or `Nom` is the last name; beside `Apellidos`, `Nombre` is the first name. Any
    /// other full name beside its parts is redundant.
    fn divide_names(&mut self) {
        let called = |field: Field| self.column(field).map(|column| key(&self.names[column]));
        let (full, first, last) = (called(Field::Name), called(Field::FirstName), called(Field::LastName));
        let is_one_of =
            |name: &Option<String>, names: &[&str]| name.as_ref().is_some_and(|name| names.contains(&&**name));
        let part = if last.is_none() && is_one_of(&first, &["vorname", "rufname", "prenom", "prenomusuel"]) {
            is_one_of(&full, &["name", "nom"]).then_some(Field::LastName)
        } else if first.is_none() && last.is_some() {
            is_one_of(&full, &["nombre"]).then_some(Field::FirstName)
        } else {
            None
        };
        for (field, _) in &mut self.fields {
            if let (Field::Name, Some(part)) = (*field, part) {
                *field = part;
            }
        }
        if first.or(last).is_some() {
            self.fields.retain(|(field, _)| *field != Field::Name);
        }
    }

    pub(crate) fn column(&self, field: Field) -> Option<usize> {
        if field == Field::Email {
            return self.email;
        }
        self.fields.iter().find(|(other, _)| *other == field).map(|(_, column)| *column)
    }

    /// The name of the column that holds this field.
    pub(crate) fn name_of(&self, field: &str) -> Option<&str> {
        let fields = self.fields.iter().copied().chain(self.email.map(|column| (Field::Email, column)));
        let column = fields.into_iter().find(|(other, _)| other.as_str() == field).map(|(_, column)| column)?;
        self.names.get(column).map(String::as_str)
    }

    /// How many columns are used, or come from an earlier `failed.csv`.
    pub(crate) fn known(&self) -> usize {
        usize::from(self.email.is_some()) + self.fields.len() + self.products.len() + self.own.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use usher_domain::catalogue::{Catalogue, Product};
    use usher_domain::spec::Authority;

    fn read(line: &str) -> Header {
        let product = |id: &str, name: &str| Product { id: id.into(), name: name.parse().expect("a text") };
        let products = vec![product("mos_enable", "mOS Enable"), product("p2", "Opportunity")];
        let catalogue = Catalogue { products, ..Catalogue::default() };
        let names: Vec<String> = line.split(',').map(str::to_owned).collect();
        Header::read(&names, &InvitationValidator::new(&catalogue, Authority { rank: None, default_role: None }))
    }

    #[test]
    fn columns_are_recognised_in_any_spelling() {
        let header = read("E-Mail Address, FIRST_NAME,last-name*,Rôle,Team name,Job Title,Course_Enrollments,user_id");
        let fields: Vec<_> = header.fields.iter().map(|(field, column)| (field.as_str(), *column)).collect();
        assert_eq!(header.email, Some(0));
        let expected =
            [("first_name", 1), ("last_name", 2), ("role", 3), ("team", 4), ("job_title", 5), ("courses", 6)];
        assert_eq!(fields, expected);
        assert_eq!(header.known(), 7);
    }

    #[test]
    fn product_columns_are_recognised_by_id_or_name() {
        let header = read("email,MOS Enable,opportunity,mos-enable,,usher_code,usher_message");
        assert_eq!(header.products, [("mos_enable".to_owned(), 1), ("p2".to_owned(), 2)]);
        assert_eq!(header.own, [5, 6]);
    }

    #[test]
    fn the_first_of_two_columns_for_one_field_counts() {
        assert_eq!(read("Email,email,Role,role").fields, [(Field::Role, 2)]);
        assert_eq!(read("Full name,Email,First name").fields, [(Field::FirstName, 2)]);
    }

    #[test]
    fn four_languages_are_read() {
        let fields = |line: &str| {
            let header = read(line);
            let mut fields = header.fields.clone();
            fields.extend(header.email.map(|column| (Field::Email, column)));
            fields.sort_by_key(|(_, column)| *column);
            fields.into_iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(fields("Name,Vorname,E-Mail-Adresse,Rolle"), "last_name first_name email role");
        assert_eq!(fields("Nom,Prénom,Courriel,Équipe"), "last_name first_name email team");
        assert_eq!(fields("Nombre,Apellidos,Correo electrónico,Puesto"), "first_name last_name email job_title");
        assert_eq!(fields("Nombre,Correo"), "name email");
        assert_eq!(
            fields("First Name [Required],Last Name [Required],Email Address [Required]"),
            "first_name last_name email"
        );
        assert_eq!(fields("displayName,userPrincipalName"), "name email");
        assert_eq!(fields("userPrincipalName,mail"), "email");
        assert_eq!(read("userPrincipalName,mail").email, Some(1));
        assert_eq!(read("Email (manager),Name,Email").email, Some(2));
        assert_eq!(read("Manager [email],Name").email, None);
    }
}
