//! The user pool: accounts with a password of at least twelve characters.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Answer;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub password: String,
    pub confirmed: bool,
    pub attributes: BTreeMap<String, String>,
}

#[derive(Default)]
pub(super) struct UserPool(BTreeMap<String, Account>);

fn attributes(body: &Value) -> BTreeMap<String, String> {
    let pairs = body["UserAttributes"].as_array().into_iter().flatten();
    pairs
        .map(|pair| {
            (pair["Name"].as_str().unwrap_or_default().into(), pair["Value"].as_str().unwrap_or_default().into())
        })
        .collect()
}

impl UserPool {
    pub(super) fn account(&self, username: &str) -> Option<Account> {
        self.0.get(username).cloned()
    }

    pub(super) fn add(&mut self, username: &str, password: &str) {
        let account = Account { password: password.to_owned(), confirmed: true, attributes: BTreeMap::new() };
        self.0.insert(username.to_owned(), account);
    }

    pub(super) fn answer(&mut self, operation: &str, body: &Value) -> Answer {
        let username = body["Username"].as_str().unwrap_or_default().to_owned();
        let weak = |password: &Value| password.as_str().is_some_and(|password| password.chars().count() < 12);
        let invalid = || Answer::error(400, "InvalidPasswordException", "Password not long enough");
        match operation {
            "AdminCreateUser" => {
                if self.0.contains_key(&username) {
                    return Answer::error(400, "UsernameExistsException", "User account already exists");
                }
                if weak(&body["TemporaryPassword"]) {
                    return invalid();
                }
                let password = body["TemporaryPassword"].as_str().unwrap_or_default().to_owned();
                self.0.insert(username, Account { password, confirmed: false, attributes: attributes(body) });
                Answer::json(&json!({"User": {"UserStatus": "FORCE_CHANGE_PASSWORD"}}))
            }
            "AdminSetUserPassword" => {
                if weak(&body["Password"]) {
                    return invalid();
                }
                let Some(account) = self.0.get_mut(&username) else {
                    return Answer::error(400, "UserNotFoundException", "User does not exist.");
                };
                body["Password"].as_str().unwrap_or_default().clone_into(&mut account.password);
                account.confirmed = true;
                Answer::json(&json!({}))
            }
            "AdminGetUser" => match self.0.get(&username) {
                Some(account) => {
                    let status = if account.confirmed { "CONFIRMED" } else { "FORCE_CHANGE_PASSWORD" };
                    Answer::json(&json!({"Username": username, "UserStatus": status, "Enabled": true}))
                }
                None => Answer::error(400, "UserNotFoundException", "User does not exist."),
            },
            "AdminInitiateAuth" => {
                let parameters = &body["AuthParameters"];
                let username = parameters["USERNAME"].as_str().unwrap_or_default();
                match self.0.get(username) {
                    Some(account) if parameters["PASSWORD"] == account.password => {
                        Answer::json(&json!({"AuthenticationResult": {"IdToken": "id", "AccessToken": "access"}}))
                    }
                    _ => Answer::error(400, "NotAuthorizedException", "Incorrect username or password."),
                }
            }
            other => panic!("the user pool does not know {other}"),
        }
    }
}
