//! The person's account in the user pool: made, finished, or proved. Never signed in to on their behalf, and never given
//! a new password once it has one.

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

/// The fewest characters of a password, as the template's user pool has it. It is said here and decided there.
pub(crate) const PASSWORD_CHARACTERS: u8 = 12;

/// Where people's accounts are.
#[derive(Debug, Clone)]
pub enum Accounts {
    /// In a user pool of ours.
    Pool(Pool),
    /// At an issuer of somebody else's.
    Elsewhere,
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

/// What there is for an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Account {
    /// Nothing.
    None,
    /// An account that was made and never had a password of its owner's: an earlier attempt was cut off.
    Unfinished,
    /// An account with an owner.
    Complete,
}

/// Why somebody did not prove to be the account's owner, or got none.
#[derive(Debug)]
pub(crate) enum NotProved {
    /// The new password is not good enough, and why.
    PasswordRefused(String),
    /// The password is not the account's.
    WrongPassword,
    /// Too many wrong ones: nobody is let in for a while.
    TooManyAttempts,
    /// A password alone does not prove it: a second factor, or one that has to be changed first.
    NotByPassword,
    /// The user pool is out of reach or too busy.
    Unavailable,
}

fn unavailable<E, R>(operation: &str, error: &SdkError<E, R>) -> NotProved
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug,
{
    // What the service says may quote what was sent: its code is enough.
    if let Some(code) = error.code() {
        tracing::error!(operation, code, "the user pool failed");
    } else {
        tracing::error!(operation, error = %describe(error), "the user pool could not be reached");
    }
    NotProved::Unavailable
}

/// The user pool's reason, as a sentence for who chose the password.
fn policy(message: Option<&str>) -> NotProved {
    let reason = message.and_then(|message| message.rsplit_once(": ")).map(|(_, reason)| reason.trim_end_matches('.'));
    NotProved::PasswordRefused(match reason {
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
    /// What there is for this address.
    pub(crate) async fn find(&self, email: &EmailAddress) -> Result<Account, NotProved> {
        let call = self.client.admin_get_user().user_pool_id(&self.pool).username(email.canonical());
        match call.send().await {
            Ok(user) => Ok(match user.user_status() {
                // One that was disabled is somebody's decision, which is not undone here.
                Some(UserStatusType::ForceChangePassword) if user.enabled() => Account::Unfinished,
                _ => Account::Complete,
            }),
            Err(error) => match error.as_service_error() {
                Some(AdminGetUserError::UserNotFoundException(_)) => Ok(Account::None),
                _ => Err(unavailable("AdminGetUser", &error)),
            },
        }
    }

    /// Makes the account, finishes one that was cut off, or checks the password of one that is there.
    ///
    /// Of two who come at once with the same link, both may see the account unfinished and both set a password; the
    /// second one stays. Both proved the mailbox, so it is one person's two tabs.
    pub(crate) async fn prove(
        &self,
        email: &EmailAddress,
        password: &Password,
        profile: &Profile,
    ) -> Result<(), NotProved> {
        let mut account = self.find(email).await?;
        if account == Account::None && !self.create(email, password, profile).await? {
            // Somebody made it since. What they have made so far is looked at, not assumed.
            account = self.find(email).await?;
        }
        match account {
            Account::None | Account::Unfinished => self.set_password(email, password).await,
            Account::Complete => self.sign_in(email, password).await,
        }
    }

    /// `false` if there is one.
    async fn create(&self, email: &EmailAddress, password: &Password, profile: &Profile) -> Result<bool, NotProved> {
        if password.reveal().trim() != password.reveal() {
            let reason = "The password must not begin or end with a space.";
            return Err(NotProved::PasswordRefused(reason.to_owned()));
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
            // So that a password which is not good enough is refused before there is an account.
            .temporary_password(password.reveal());
        let Err(error) = call.send().await else { return Ok(true) };
        match error.as_service_error() {
            Some(AdminCreateUserError::UsernameExistsException(_)) => Ok(false),
            Some(AdminCreateUserError::InvalidPasswordException(refused)) => Err(policy(refused.message())),
            _ => Err(unavailable("AdminCreateUser", &error)),
        }
    }

    async fn set_password(&self, email: &EmailAddress, password: &Password) -> Result<(), NotProved> {
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

    /// Checks the password of an account. The tokens that come back are dropped.
    pub(crate) async fn sign_in(&self, email: &EmailAddress, password: &Password) -> Result<(), NotProved> {
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
            Ok(_) => return Err(NotProved::NotByPassword),
            Err(error) => error,
        };
        Err(match error.as_service_error() {
            Some(AdminInitiateAuthError::NotAuthorizedException(refused)) => {
                let locked = refused.message().is_some_and(|message| message.contains("attempts exceeded"));
                if locked { NotProved::TooManyAttempts } else { NotProved::WrongPassword }
            }
            Some(
                AdminInitiateAuthError::UserNotFoundException(_) | AdminInitiateAuthError::InvalidParameterException(_),
            ) => NotProved::WrongPassword,
            Some(
                AdminInitiateAuthError::PasswordResetRequiredException(_)
                | AdminInitiateAuthError::UserNotConfirmedException(_),
            ) => NotProved::NotByPassword,
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
            NotProved::PasswordRefused(reason) => reason,
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
