"""Accounts in the user pool: create an operator, sign in."""

from botocore.exceptions import ClientError

from clients import client


def create_operator(pool, email, password):
    """Create an operator with the user pool's admin API. On AWS, use the console or the CLI."""
    cognito = client("cognito-idp")
    attributes = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
    try:
        cognito.admin_create_user(UserPoolId=pool, Username=email, UserAttributes=attributes, MessageAction="SUPPRESS")
    except cognito.exceptions.UsernameExistsException:
        pass
    cognito.admin_set_user_password(UserPoolId=pool, Username=email, Password=password, Permanent=True)
    cognito.admin_add_user_to_group(UserPoolId=pool, Username=email, GroupName="operators")


def sign_in(pool, pool_client, email, password):
    """Return the person's identity token, or None if the address or password is wrong."""
    try:
        answer = client("cognito-idp").admin_initiate_auth(
            UserPoolId=pool,
            ClientId=pool_client,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": email, "PASSWORD": password},
        )
    except ClientError as refusal:
        if refusal.response["Error"]["Code"] in ("NotAuthorizedException", "UserNotFoundException"):
            return None
        raise
    return answer["AuthenticationResult"]["IdToken"]
