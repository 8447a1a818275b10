//! The person's account in the user pool: created, completed, or checked. Nobody is signed in, and an account that has a
//! password never gets a new one.

use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cognitoidentityprovider::operation::admin_create_user::AdminCreateUserError;
use aws_sdk_cognitoidentityprovider::operation::admin_get_user::AdminGetUserError;
use aws_sdk_cognitoidentityprovider::operation::admin_initiate_auth::AdminInitiateAuthError;
use aws_sdk_cognitoidentityprovider::operation::admin_set_user_password::AdminSetUserPasswordError;
use aws_sdk_cognitoidentityprovider::types::{AttributeType, AuthFlowType, MessageActionType, UserStatusType};
use usher_domain::EmailAddress;

use crate::form::{Password, Profile};
use usher_runtime::describe;

/// The fewest characters of a password, for messages. The template's user pool decides it.
pub(crate) const PASSWORD_CHARACTERS: u8 = 12;

/// Where people have their accounts.
#[derive(Debug, Clone)]
pub enum Accounts {
    /// In a user pool of ours.
    Pool(Pool),
    /// At another issuer.
    Elsewhere,
}

impl Accounts {
    /// Opens the connection to the user pool, by a look for an account that cannot exist.
    pub(crate) async fn connect(&self) {
        if let Self::Pool(pool) = self {
            drop(pool.client.admin_get_user().user_pool_id(&pool.pool).username("-").send().await);
        }
    }
}

/// A user pool.
#[derive(Debug, Clone)]
pub struct Pool {
    /// Its client.
    pub client: Client,
    /// Its id.
    pub pool: String,
    /// The id of the client that people sign in through.
    pub app: String,
}

/// The account of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Account {
    /// There is none.
    None,
    /// An account whose owner never set a password: an earlier attempt was cut off.
    Unfinished,
    /// An account with a password.
    Complete,
}

/// Why a person was not authenticated as the account's owner, or got no account.
#[derive(Debug)]
pub(crate) enum AuthError {
    /// The user pool refuses the new password, with the reason.
    PasswordRefused(String),
    /// It is not the account's password.
    WrongPassword,
    /// Too many wrong passwords: the account is locked for a while.
    TooManyAttempts,
    /// A password alone is not enough: the account has a second factor, or its password must be changed first.
    NotByPassword,
    /// The user pool cannot be reached or is too busy.
    Unavailable,
}

fn unavailable<E, R>(operation: &str, error: &SdkError<E, R>) -> AuthError
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug,
{
    // The service's message may quote the request, so only its code is logged.
    if let Some(code) = error.code() {
        tracing::error!(operation, code, "the user pool failed");
    } else {
        tracing::error!(operation, error = %describe(error), "the user pool could not be reached");
    }
    AuthError::Unavailable
}

/// The user pool's reason, as a sentence for the person.
fn policy(message: Option<&str>) -> AuthError {
    let reason = message.and_then(|message| message.rsplit_once(": ")).map(|(_, reason)| reason.trim_end_matches('.'));
    AuthError::PasswordRefused(match reason {
        Some(reason) if reason.contains("length") || reason.contains("long") => {
            format!("This password is too short. Use at least {PASSWORD_CHARACTERS} characters.")
        }
        Some(reason) => format!("This password cannot be used: {reason}."),
        None => "This password cannot be used. Choose a longer one.".to_owned(),
    })
}

fn attribute(name: &str, value: &str) -> Option<AttributeType> {
    AttributeType::builder().name(name).value(value).build().ok()
}

impl Pool {
    /// The account of this address.
    pub(crate) async fn find(&self, email: &EmailAddress) -> Result<Account, AuthError> {
        let call = self.client.admin_get_user().user_pool_id(&self.pool).username(email.canonical());
        match call.send().await {
            Ok(user) => Ok(match user.user_status() {
                // An admin disabled the account, which is not undone here.
                Some(UserStatusType::ForceChangePassword) if user.enabled() => Account::Unfinished,
                _ => Account::Complete,
            }),
            Err(error) => match error.as_service_error() {
                Some(AdminGetUserError::UserNotFoundException(_)) => Ok(Account::None),
                _ => Err(unavailable("AdminGetUser", &error)),
            },
        }
    }

    /// Creates the account, completes one that was cut off, or checks the password of an existing one.
    ///
    /// Two requests with the same link may both find the account unfinished and both set a password; the second one stays.
    /// Both have the link, so they are two tabs of one person.
    pub(crate) async fn prove(
        &self,
        email: &EmailAddress,
        password: &Password,
        profile: &Profile,
    ) -> Result<(), AuthError> {
        let mut account = self.find(email).await?;
        if account == Account::None && !self.create(email, password, profile).await? {
            // Another request created it. Its state is read, not assumed.
            account = self.find(email).await?;
        }
        match account {
            Account::None | Account::Unfinished => self.set_password(email, password).await,
            Account::Complete => self.sign_in(email, password).await,
        }
    }

    /// `false` if there is one already.
    async fn create(&self, email: &EmailAddress, password: &Password, profile: &Profile) -> Result<bool, AuthError> {
        if password.reveal().trim() != password.reveal() {
            let reason = "The password must not begin or end with a space.";
            return Err(AuthError::PasswordRefused(reason.to_owned()));
        }
        let international = profile.phone.as_ref().and_then(|phone| phone.international.as_deref());
        let attributes = [
            attribute("email", email.canonical()),
            // The link proved it.
            attribute("email_verified", "true"),
            profile.first.as_ref().and_then(|first| attribute("given_name", first.as_str())),
            profile.last.as_ref().and_then(|last| attribute("family_name", last.as_str())),
            international.and_then(|number| attribute("phone_number", number)),
        ];
        let call = self
            .client
            .admin_create_user()
            .user_pool_id(&self.pool)
            .username(email.canonical())
            .message_action(MessageActionType::Suppress)
            .set_user_attributes(Some(attributes.into_iter().flatten().collect()))
            // So that a weak password is refused before there is an account.
            .temporary_password(password.reveal());
        let Err(error) = call.send().await else { return Ok(true) };
        match error.as_service_error() {
            Some(AdminCreateUserError::UsernameExistsException(_)) => Ok(false),
            Some(AdminCreateUserError::InvalidPasswordException(refused)) => Err(policy(refused.message())),
            _ => Err(unavailable("AdminCreateUser", &error)),
        }
    }

    async fn set_password(&self, email: &EmailAddress, password: &Password) -> Result<(), AuthError> {
        let call = self
            .client
            .admin_set_user_password()
            .user_pool_id(&self.pool)
            .username(email.canonical())
            .password(password.reveal())
            .permanent(true);
        let Err(error) = call.send().await else { return Ok(()) };
        match error.as_service_error() {
            Some(AdminSetUserPasswordError::InvalidPasswordException(refused)) => Err(policy(refused.message())),
            _ => Err(unavailable("AdminSetUserPassword", &error)),
        }
    }

    /// Checks the password of an account. The tokens in the answer are dropped.
    pub(crate) async fn sign_in(&self, email: &EmailAddress, password: &Password) -> Result<(), AuthError> {
        let call = self
            .client
            .admin_initiate_auth()
            .user_pool_id(&self.pool)
            .client_id(&self.app)
            .auth_flow(AuthFlowType::AdminUserPasswordAuth)
            .auth_parameters("USERNAME", email.canonical())
            .auth_parameters("PASSWORD", password.reveal());
        let error = match call.send().await {
            Ok(answer) if answer.authentication_result().is_some() => return Ok(()),
            // The password is right, but the account asks for more.
            Ok(_) => return Err(AuthError::NotByPassword),
            Err(error) => error,
        };
        Err(match error.as_service_error() {
            Some(AdminInitiateAuthError::NotAuthorizedException(refused)) => {
                let locked = refused.message().is_some_and(|message| message.contains("attempts exceeded"));
                if locked { AuthError::TooManyAttempts } else { AuthError::WrongPassword }
            }
            Some(
                AdminInitiateAuthError::UserNotFoundException(_) | AdminInitiateAuthError::InvalidParameterException(_),
            ) => AuthError::WrongPassword,
            Some(
                AdminInitiateAuthError::PasswordResetRequiredException(_)
                | AdminInitiateAuthError::UserNotConfirmedException(_),
            ) => AuthError::NotByPassword,
            _ => unavailable("AdminInitiateAuth", &error),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pools_reason_is_passed_on() {
        let reason = |message: Option<&str>| match policy(message) {
            AuthError::PasswordRefused(reason) => reason,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            reason(Some("Password did not conform with policy: Password must have symbol characters")),
            "This password cannot be used: Password must have symbol characters."
        );
        for short in ["Password not long enough", "Password must have length greater than or equal to 12"] {
            let refused = format!("Password did not conform with policy: {short}");
            assert_eq!(reason(Some(&refused)), "This password is too short. Use at least 12 characters.");
        }
        assert_eq!(reason(Some("no")), "This password cannot be used. Choose a longer one.");
        assert_eq!(reason(None), "This password cannot be used. Choose a longer one.");
    }
}
