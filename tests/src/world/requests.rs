//! Requests, as the gateway passes them on to the functions.

use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt;
use lambda_http::request::RequestContext;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{OPERATOR, Reply, World};

impl World {
    /// Sends a request to the function that serves its path.
    pub async fn send(&self, request: Request<Body>) -> Reply {
        let router = self.router(&request.uri().to_string(), request.method());
        let answer = router.oneshot(request).await.expect("a router always answers");
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        // Every reply is UTF-8 but a `failed.csv`, which keeps the encoding of the uploaded file.
        let text = String::from_utf8(bytes.to_vec())
            .unwrap_or_else(|_| encoding_rs::WINDOWS_1252.decode(&bytes).0.into_owned());
        Reply { status: parts.status, headers: parts.headers, text }
    }

    /// A request of a person with a verified address.
    #[must_use]
    pub fn request(&self, who: &str, method: Method, path: &str, body: Body) -> Request<Body> {
        let group = if who == OPERATOR { "[operators]" } else { "[]" };
        let claims = json!({"email": who, "email_verified": "true", "cognito:groups": group});
        self.request_with(&claims, method, path, body)
    }

    /// A request whose token has these claims.
    #[must_use]
    pub fn request_with(&self, claims: &Value, method: Method, path: &str, body: Body) -> Request<Body> {
        let context = json!({
            "http": {"method": method.as_str(), "path": path},
            "timeEpoch": 0,
            "authorizer": {"jwt": {"claims": claims, "scopes": []}},
        });
        let context = serde_json::from_value(context).expect("a request context");
        Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .extension(RequestContext::ApiGatewayV2(context))
            .body(body)
            .expect("a request")
    }

    pub async fn get(&self, who: &str, path: &str) -> Reply {
        self.send(self.request(who, Method::GET, path, Body::empty())).await
    }

    pub async fn post(&self, who: &str, path: &str, body: Value) -> Reply {
        self.send(self.request(who, Method::POST, path, Body::from(body.to_string()))).await
    }

    /// A POST with an `Idempotency-Key`.
    pub async fn post_with_key(&self, who: &str, path: &str, key: &str, body: &Value) -> Reply {
        let mut request = self.request(who, Method::POST, path, Body::from(body.to_string()));
        request.headers_mut().insert("idempotency-key", key.parse().expect("a header"));
        self.send(request).await
    }

    pub async fn patch(&self, who: &str, path: &str, body: Value) -> Reply {
        self.send(self.request(who, Method::PATCH, path, Body::from(body.to_string()))).await
    }

    /// A browser's request for a public page.
    pub async fn visit(&self, method: Method, path: &str, form: &str) -> Reply {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "text/html")
            .body(Body::from(form.to_owned()))
            .expect("a request");
        self.send(request).await
    }
}
