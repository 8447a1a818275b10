//! The functions that are counted, each with the world it answers in and one request.

use http::Method;
use serde_json::{Value, json};
use usher_runtime::Clock;
use usher_tests::World;
use usher_tests::world::ADMIN;

/// A function as it is deployed.
pub(super) struct Program {
    pub(super) environment: &'static [(&'static str, &'static str)],
    pub(super) world: World,
    /// What the gateway passes on, for each request.
    pub(super) events: Vec<Value>,
    /// What every answer holds.
    pub(super) expected: &'static str,
}

/// What Lambda and the template set for both.
macro_rules! environment {
    ($function:literal, $($name:literal: $value:literal),*) => {
        &[
            ("AWS_ACCESS_KEY_ID", $function), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_REGION", "eu-central-1"),
            ("AWS_LAMBDA_FUNCTION_NAME", $function), ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"), ("AWS_LAMBDA_LOG_LEVEL", "INFO"),
            ("TABLE_NAME", "usher"), ("OPERATORS_GROUP", "operators"), $(($name, $value)),*
        ]
    };
}

impl Program {
    pub(super) async fn of(function: &str, requests: usize) -> Self {
        // The process knows the time by itself.
        let world = World { clock: Clock::fixed(Clock::System.now()), ..World::new() };
        let acme = world.acme(1_000).await;
        match function {
            "accept" => {
                acme.invite("grace@x.example").await;
                world.drain().await;
                let path = format!("/i/{}", world.mail_to("grace@x.example").token());
                let environment = environment!("Accept", "LINK_KEYS_SECRET_ARN": "link-keys", "USER_POOL_ID": "pool",
                    "USER_POOL_CLIENT_ID": "app", "TOKEN_ISSUER": "https://issuer.example", "TOKEN_AUDIENCE": "app",
                    "TOKEN_JWKS_URL": "https://issuer.example/keys");
                let events = vec![request(&Method::GET, &path, &Value::Null, None); requests];
                Self { environment, world, events, expected: "grace@x.example" }
            }
            "invite" => {
                let claims = json!({"email": ADMIN, "email_verified": "true", "cognito:groups": "[]"});
                let path = acme.path("/invitations");
                let invite = |n: usize| {
                    let body = json!({"invitations": [{"email": format!("p{n}@x.example"), "role": "sales_rep"}]});
                    request(&Method::POST, &path, &claims, Some(&body.to_string()))
                };
                let events = (0..requests).map(invite).collect();
                let environment = environment!("Invite",);
                Self { environment, world, events, expected: "\"outcome\":\"invited\"" }
            }
            other => panic!("{other:?} is not counted; accept and invite are"),
        }
    }
}

/// A request as an HTTP API passes it on, in format 2.0.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>
fn request(method: &Method, path: &str, claims: &Value, body: Option<&str>) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {
            "accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "content-type": "application/json",
            "host": "usher.example",
            "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "x-forwarded-for": "192.0.2.1",
            "x-forwarded-proto": "https",
        },
        "requestContext": {
            "accountId": "000000000000", "apiId": "api", "domainName": "usher.example", "domainPrefix": "usher",
            "authorizer": {"jwt": {"claims": claims, "scopes": null}},
            "http": {"method": method.as_str(), "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1",
                "userAgent": "Mozilla/5.0"},
            "requestId": "request", "routeKey": "$default", "stage": "$default",
            "time": "02/Mar/2026:09:00:00 +0000", "timeEpoch": 1_772_442_000_000_u64,
        },
        "body": body,
        "isBase64Encoded": false,
    })
}
