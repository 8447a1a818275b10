//! Accounts in the user pool, and tokens.

use aws_sdk_cognitoidentityprovider::types::AttributeType;
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::Value;

use super::{Stack, unique};

impl Stack {
    /// Signs in and returns the identity token; `None` if the credentials are refused.
    #[must_use]
    pub fn sign_in(&self, email: &str, password: &str) -> Option<String> {
        self.sign_in_to(&self.known.user_pool_id, &self.known.user_pool_client_id, email, password)
    }

    #[must_use]
    pub fn operator(&self) -> String {
        self.sign_in(&self.known.operator_email, &self.known.operator_password).expect("`make up` made an operator")
    }

    fn sign_in_to(&self, pool: &str, client: &str, email: &str, password: &str) -> Option<String> {
        let cognito = self.aws.cognito();
        let call = cognito
            .admin_initiate_auth()
            .user_pool_id(pool)
            .client_id(client)
            .auth_flow("ADMIN_USER_PASSWORD_AUTH".into())
            .auth_parameters("USERNAME", email)
            .auth_parameters("PASSWORD", password);
        match self.wait(call.send()) {
            Ok(answer) => Some(answer.authentication_result()?.id_token()?.to_owned()),
            Err(error) => {
                let error = error.into_service_error();
                let refused = error.is_not_authorized_exception() || error.is_user_not_found_exception();
                assert!(refused, "{error:?}");
                None
            }
        }
    }

    /// How many accounts there are for an address.
    #[must_use]
    pub fn accounts(&self, email: &str) -> usize {
        let filter = format!("email = \"{email}\"");
        let cognito = self.aws.cognito();
        let call = cognito.list_users().user_pool_id(&self.known.user_pool_id).filter(filter);
        self.wait(call.send()).expect("the user pool").users().len()
    }

    /// Creates an account as an administrator of the user pool.
    pub fn make_account(&self, pool: &str, email: &str, verified: bool, password: &str) {
        let attribute =
            |name: &str, value: &str| AttributeType::builder().name(name).value(value).build().expect("one");
        let cognito = self.aws.cognito();
        let create = cognito
            .admin_create_user()
            .user_pool_id(pool)
            .username(email)
            .message_action("SUPPRESS".into())
            .user_attributes(attribute("email", email))
            .user_attributes(attribute("email_verified", if verified { "true" } else { "false" }));
        self.wait(create.send()).expect("an account");
        let set = cognito.admin_set_user_password().user_pool_id(pool).username(email);
        self.wait(set.password(password).permanent(true).send()).expect("a password");
    }

    /// A token for this address, from a user pool of another stack.
    #[must_use]
    pub fn token_of_another_issuer(&self, email: &str) -> String {
        let cognito = self.aws.cognito();
        let pool = self.wait(cognito.create_user_pool().pool_name(format!("foreign-{}", unique())).send());
        let pool = pool.expect("a user pool").user_pool().and_then(|pool| pool.id()).expect("an id").to_owned();
        let client = cognito
            .create_user_pool_client()
            .user_pool_id(&pool)
            .client_name("foreign")
            .explicit_auth_flows("ALLOW_ADMIN_USER_PASSWORD_AUTH".into());
        let client = self.wait(client.send()).expect("a client");
        let client = client.user_pool_client().and_then(|client| client.client_id()).expect("an id");
        let password = "Foreign-password-1";
        self.make_account(&pool, email, true, password);
        self.sign_in_to(&pool, client, email, password).expect("the account that was just made")
    }

    /// The token with other claims and a signature that is right all the same: by the key with which the local cloud
    /// signs for this pool. On AWS nobody has that key, so there it cannot be tried.
    #[must_use]
    pub fn resigned(&self, token: &str, change: impl FnOnce(&mut Value)) -> String {
        let parts: Vec<&str> = token.split('.').collect();
        let part = |index: usize| -> Value {
            let bytes = BASE64URL_NOPAD.decode(parts[index].as_bytes()).expect("base64url");
            serde_json::from_slice(&bytes).expect("JSON")
        };
        let mut claims = part(1);
        change(&mut claims);
        let file = format!("state/cognito-pool-keys/{}-id.pem", self.known.user_pool_id);
        let key = std::fs::read(self.folder.join(file)).expect("the key of the local cloud's user pool");
        let key = EncodingKey::from_rsa_pem(&key).expect("a key");
        let kid = part(0)["kid"].as_str().expect("a key's id").to_owned();
        encode(&Header { kid: Some(kid), ..Header::new(Algorithm::RS256) }, &claims, &key).expect("a token")
    }
}
