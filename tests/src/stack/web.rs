//! HTTP, as a program or a browser speaks it.

use std::time::Duration;

use http::{HeaderMap, Method, Request};
use serde_json::Value;

/// An answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body, which has to be JSON.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("not JSON ({}): {}", self.status, self.text()))
    }

    /// The body of a success.
    #[must_use]
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.text());
        self.json()
    }

    /// Status and code of a refusal.
    #[must_use]
    #[track_caller]
    pub fn refusal(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{} {}", self.status, self.text());
        (self.status, self.json()["code"].as_str().expect("a code").to_owned())
    }
}

/// A client of the API and its pages.
#[derive(Debug, Clone)]
pub struct Web {
    base: String,
    agent: ureq::Agent,
}

impl Web {
    pub(super) fn new(base: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(Duration::from_mins(2)))
            // A connection that is kept may be closed by the other side just when it is used again.
            .max_idle_connections(0)
            .build();
        Self { base: base.to_owned(), agent: config.into() }
    }

    /// A path of the API, or a whole address.
    fn address(&self, place: &str) -> String {
        if place.starts_with('/') { format!("{}{place}", self.base) } else { place.to_owned() }
    }

    /// Any request.
    #[track_caller]
    pub fn send(&self, method: Method, place: &str, headers: &[(&str, &str)], body: Option<Vec<u8>>) -> Answer {
        let address = self.address(place);
        let mut request = Request::builder().method(method).uri(&address);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = match body {
            Some(body) => self.agent.run(request.body(body).expect("a request")),
            None => self.agent.run(request.body(()).expect("a request")),
        };
        let mut answer = answer.unwrap_or_else(|error| panic!("{address}: {error}"));
        let bytes = answer.body_mut().with_config().limit(64 * 1024 * 1024).read_to_vec().expect("a body");
        Answer { status: answer.status().as_u16(), headers: answer.headers().clone(), bytes }
    }

    #[track_caller]
    pub fn get(&self, place: &str) -> Answer {
        self.send(Method::GET, place, &[], None)
    }

    #[track_caller]
    pub fn head(&self, place: &str) -> Answer {
        self.send(Method::HEAD, place, &[], None)
    }

    /// As a browser posts a form.
    #[track_caller]
    pub fn post_form(&self, place: &str, fields: &[(&str, &str)]) -> Answer {
        let fields = fields.iter().map(|(name, value)| format!("{name}={}", percent_encoded(value)));
        let body = fields.collect::<Vec<_>>().join("&").into_bytes();
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("accept", "text/html")];
        self.send(Method::POST, place, &headers, Some(body))
    }

    /// As a browser posts a form with a file, which has to come last.
    #[track_caller]
    pub fn post_file(&self, place: &str, fields: &[(&str, &str)], file: &[u8]) -> Answer {
        let boundary = "----usher-end-to-end";
        let mut body = Vec::new();
        for (name, value) in fields {
            let part = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend(part.into_bytes());
        }
        let part = "Content-Disposition: form-data; name=\"file\"; filename=\"people\"\r\n\
                    Content-Type: application/octet-stream\r\n\r\n";
        body.extend(format!("--{boundary}\r\n{part}").into_bytes());
        body.extend(file);
        body.extend(format!("\r\n--{boundary}--\r\n").into_bytes());
        let kind = format!("multipart/form-data; boundary={boundary}");
        self.send(Method::POST, place, &[("content-type", &kind)], Some(body))
    }

    /// A call of the API with this token.
    #[track_caller]
    pub fn call(&self, token: &str, method: Method, place: &str, body: Option<&Value>) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        self.send(method, place, &headers, body.map(|body| body.to_string().into_bytes()))
    }
}

pub(super) fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
