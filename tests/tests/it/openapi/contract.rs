//! Reads `infra/openapi.yaml` and checks answers against it.

use std::collections::BTreeSet;
use std::sync::Mutex;

use axum::body::Body;
use http::{HeaderMap, Method, Request};
use jsonschema::Validator;
use serde_json::{Value, json};
use usher_tests::World;
use usher_tests::world::{Acme, Reply};

/// What is served, by method and path.
pub(crate) type Operation = (String, String);

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// The document.
#[derive(Debug, Clone)]
pub(crate) struct Contract(pub(crate) Value);

impl Contract {
    pub(crate) fn read() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/openapi.yaml");
        let text = std::fs::read_to_string(path).expect("the contract");
        Self(serde_norway::from_str(&text).expect("YAML"))
    }

    pub(crate) fn operations(&self) -> BTreeSet<Operation> {
        let paths = self.0["paths"].as_object().expect("paths");
        let methods =
            |path: &Value| METHODS.into_iter().filter(|method| path.get(method).is_some()).collect::<Vec<_>>();
        let of = |(path, item): (&String, &Value)| {
            methods(item).into_iter().map(|method| (method.to_uppercase(), path.clone())).collect::<Vec<_>>()
        };
        paths.iter().flat_map(of).collect()
    }

    pub(crate) fn operation(&self, (method, path): &Operation) -> &Value {
        &self.0["paths"][path.as_str()][method.to_lowercase().as_str()]
    }

    /// An example of a request, by the operation's id; the only one, or the one of this name.
    pub(crate) fn request(&self, operation: &str, name: Option<&str>) -> Value {
        let operations = self.operations();
        let named = |one: &&Operation| self.operation(one)["operationId"] == operation;
        let found = self.operation(operations.iter().find(named).expect("an operation"));
        let content = &found["requestBody"]["content"]["application/json"];
        let example = name.map_or_else(|| &content["example"], |name| &content["examples"][name]["value"]);
        assert!(example.is_object(), "{operation} has no example {name:?}");
        example.clone()
    }

    /// Every code that the document knows.
    pub(crate) fn codes(&self) -> BTreeSet<String> {
        fn named(schema: &Value, found: &mut BTreeSet<String>) {
            found.extend(schema["const"].as_str().map(str::to_owned));
            found.extend(schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
            schema["anyOf"].as_array().into_iter().flatten().for_each(|schema| named(schema, found));
        }
        fn walk(value: &Value, found: &mut BTreeSet<String>) {
            named(&value["properties"]["code"], found);
            match value {
                Value::Object(members) => members.values().for_each(|value| walk(value, found)),
                Value::Array(items) => items.iter().for_each(|value| walk(value, found)),
                _ => {}
            }
        }
        let mut found = BTreeSet::new();
        let schemas = &self.0["components"]["schemas"];
        named(&schemas["PersonCode"], &mut found);
        named(&schemas["IssueCode"], &mut found);
        walk(&self.0, &mut found);
        found
    }

    /// The target of a `$ref`, or the value itself.
    pub(crate) fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => {
                let pointer = reference.strip_prefix('#').expect("a reference into the document");
                self.resolve(self.0.pointer(pointer).unwrap_or_else(|| panic!("nothing is at {reference}")))
            }
            None => value,
        }
    }

    pub(crate) fn validator(&self, schema: &Value) -> Validator {
        let whole = json!({"allOf": [schema], "components": self.0["components"]});
        let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).should_validate_formats(true);
        options.build(&whole).unwrap_or_else(|error| panic!("no schema: {error} in {schema}"))
    }

    /// What is wrong with a value, if anything is.
    pub(crate) fn faults(&self, schema: &Value, value: &Value) -> Vec<String> {
        let validator = self.validator(schema);
        validator.iter_errors(value).map(|error| format!("at {:?}: {error}", error.instance_path().as_str())).collect()
    }

    /// The operation that a request is for. A path in words comes before one with a place to fill in.
    fn route(&self, method: &Method, path: &str) -> Operation {
        let path = path.split('?').next().unwrap_or(path);
        let wanted: Vec<&str> = path.split('/').collect();
        let fits = |template: &str| {
            let parts: Vec<&str> = template.split('/').collect();
            let same = |(part, found): (&&str, &&str)| part.starts_with('{') || part == found;
            parts.len() == wanted.len() && parts.iter().zip(&wanted).all(same)
        };
        let of_method = |(candidate, template): &&Operation| candidate == method.as_str() && fits(template);
        let operations = self.operations();
        let found = operations.iter().filter(of_method).min_by_key(|(_, template)| template.matches('{').count());
        found.unwrap_or_else(|| panic!("{method} {path} is not in the contract")).clone()
    }

    /// Checks an answer, and the request of a success, against the contract.
    fn check(&self, method: &Method, path: &str, request: Option<&Value>, reply: &Reply) -> Operation {
        let route = self.route(method, path);
        let operation = self.operation(&route);
        let about = format!("{method} {path} {} {}", reply.status, reply.text);
        let response = &operation["responses"][reply.status.as_str()];
        assert!(response.is_object(), "an answer that is not in the contract: {about}");
        let response = self.resolve(response);
        self.check_headers(response, &reply.headers, &about);
        match response["content"].as_object() {
            None => assert_eq!(reply.text, "", "a body that is not in the contract: {about}"),
            Some(content) => {
                let kind = header(&reply.headers, "content-type").unwrap_or_default();
                let kind = kind.split(';').next().unwrap_or_default();
                let media = content.get(kind).unwrap_or_else(|| panic!("{kind} is not in the contract: {about}"));
                if kind.ends_with("json") {
                    let faults = self.faults(&media["schema"], &reply.json());
                    assert!(faults.is_empty(), "{about}\n{}", faults.join("\n"));
                }
            }
        }
        if let Some(request) = request.filter(|_| reply.status.is_success()) {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            assert!(schema.is_object(), "a body where the contract has none: {about}");
            let faults = self.faults(schema, request);
            assert!(faults.is_empty(), "accepted against the contract: {request}\n{}", faults.join("\n"));
        }
        route
    }

    fn check_headers(&self, response: &Value, headers: &HeaderMap, about: &str) {
        for (name, described) in response["headers"].as_object().into_iter().flatten() {
            let described = self.resolve(described);
            let Some(text) = header(headers, name) else {
                assert_ne!(described["required"], true, "{name} is missing: {about}");
                continue;
            };
            let value =
                if described["schema"]["type"] == "integer" { json!(text.parse::<u64>().ok()) } else { json!(text) };
            let faults = self.faults(&described["schema"], &value);
            assert!(faults.is_empty(), "{name}: {about}\n{}", faults.join("\n"));
        }
    }
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// The replies and codes that occurred.
#[derive(Debug, Default)]
pub(crate) struct Coverage {
    pub(crate) answers: BTreeSet<(Operation, u16)>,
    pub(crate) codes: BTreeSet<String>,
}

/// A deployment, each of whose replies is checked against the contract.
#[derive(Debug)]
pub(crate) struct CheckedWorld<'a> {
    pub(crate) world: World,
    pub(crate) contract: &'a Contract,
    pub(crate) seen: &'a Mutex<Coverage>,
}

/// Codes, and the names that issues are counted by.
fn codes(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("code").and_then(Value::as_str).map(str::to_owned));
            let counted =
                ["issues", "warnings"].into_iter().filter_map(|name| members.get(name)?.as_object()).flatten();
            found.extend(counted.map(|(code, _)| code.clone()));
            members.values().for_each(|value| codes(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| codes(value, found)),
        _ => {}
    }
}

impl CheckedWorld<'_> {
    /// Sends a request and checks the answer against the contract.
    pub(crate) async fn send(&self, request: Request<Body>, body: Option<&Value>) -> Reply {
        let (method, path) = (request.method().clone(), request.uri().to_string());
        let reply = self.world.send(request).await;
        let route = self.contract.check(&method, &path, body, &reply);
        let mut seen = self.seen.lock().expect("no test panics while it holds what was seen");
        seen.answers.insert((route, reply.status.as_u16()));
        if let Ok(document) = serde_json::from_str(&reply.text) {
            codes(&document, &mut seen.codes);
        }
        reply
    }

    pub(crate) async fn call(&self, who: &str, method: Method, path: &str, body: Value) -> Reply {
        let document = (!body.is_null()).then_some(&body);
        let bytes = document.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.send(self.world.request(who, method, path, bytes), document).await
    }

    /// A request with a header more, or another body than JSON.
    pub(crate) async fn raw(
        &self,
        who: &str,
        method: Method,
        path: &str,
        (name, value): (&'static str, &str),
        body: impl Into<Body>,
    ) -> Reply {
        let mut request = self.world.request(who, method, path, body.into());
        request.headers_mut().insert(name, value.parse().expect("a header"));
        self.send(request, None).await
    }

    /// A visit of a public page by a program.
    pub(crate) async fn visit(&self, method: Method, path: &str, body: Value) -> Reply {
        let document = (!body.is_null()).then_some(&body);
        let request = Request::builder().method(method).uri(path).header("accept", "application/json");
        let request = request.header("content-type", "application/json");
        let bytes = document.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.send(request.body(bytes).expect("a request"), document).await
    }

    /// A visit of a public page by a browser.
    pub(crate) async fn browse(&self, method: Method, path: &str, form: &str) -> Reply {
        let request = Request::builder().method(method).uri(path).header("accept", "text/html");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(form.to_owned())).expect("a request"), None).await
    }

    pub(crate) async fn acme(&self, seats: u32) -> Acme {
        self.world.acme(seats).await
    }
}
