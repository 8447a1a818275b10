//! The place of the SDK's HTTP client: routes each call to the service that it is for.

use std::sync::atomic::Ordering;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::answer::{Answer, Call};
use super::fault::Fault;
use super::{Cloud, LINK_KEYS, roles};

impl Cloud {
    pub(super) fn answer(&self, call: &Call) -> Answer {
        if let Some(operation) = call.operation.strip_prefix("DynamoDB_20120810.") {
            if matches!(
                operation,
                "PutItem" | "UpdateItem" | "DeleteItem" | "TransactWriteItems" | "BatchExecuteStatement"
            ) {
                self.0.writes.fetch_add(1, Ordering::SeqCst);
            }
            return self.0.table.answer(operation, &call.body);
        }
        let mut state = self.state();
        let body = || serde_json::from_slice::<Value>(&call.body).unwrap_or(Value::Null);
        if let Some(operation) = call.operation.strip_prefix("AmazonSQS.") {
            return state.queues.answer(operation, &body());
        }
        if let Some(operation) = call.operation.strip_prefix("AWSCognitoIdentityProviderService.") {
            return state.accounts.answer(operation, &body());
        }
        if call.operation.starts_with("secretsmanager.") {
            return Answer::json(&json!({"SecretString": LINK_KEYS}));
        }
        if call.path.starts_with("/v2/email/") {
            return state.mail.answer(&call.path, &body());
        }
        state.files.answer(call)
    }

    async fn call(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let uri = request.uri().parse().expect("a URI");
        let (method, headers) = (request.method().to_owned(), request.headers().clone());
        let header = |name: &str| headers.get(name).unwrap_or_default().to_owned();
        let body = BodyExt::collect(request.into_body()).await.expect("a body").to_bytes().to_vec();
        let call = Call::new(&method, &uri, header, body);
        roles::assert_allowed(&call);
        let fault = {
            let mut state = self.state();
            state.calls.push(call.operation.clone());
            state.plan.as_mut().and_then(|plan| plan(&call.operation))
        };
        let lost = || ConnectorError::io("the connection was lost".into());
        if fault == Some(Fault::Before) {
            return Err(lost());
        }
        if fault == Some(Fault::Throttled) {
            return Ok(respond(Answer::error(400, "ThrottlingException", "too much at once")));
        }
        if fault == Some(Fault::Killed) {
            self.0.killed.notify_one();
            return std::future::pending().await;
        }
        if fault == Some(Fault::Conflict)
            && let Some(answer) = Self::conflict(&call)
        {
            return Ok(respond(answer));
        }
        let running = self.0.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.most_at_once.fetch_max(running, Ordering::SeqCst);
        // Others get their turn here, as they would while a call is on its way.
        tokio::task::yield_now().await;
        self.0.running.fetch_sub(1, Ordering::SeqCst);
        let answer = match fault {
            Some(Fault::Partly) => self.answer_partly(call),
            Some(Fault::Statements(refused)) => self.answer_without(call, refused),
            _ => self.answer(&call),
        };
        if fault == Some(Fault::After) { Err(lost()) } else { Ok(respond(answer)) }
    }
}

fn respond(answer: Answer) -> HttpResponse {
    let status = answer.status.try_into().expect("a status");
    let mut response = HttpResponse::new(status, SdkBody::from(answer.body));
    for (name, value) in answer.headers {
        response.headers_mut().insert(name, value);
    }
    response
}

impl HttpConnector for Cloud {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(Cloud::call(self.clone(), request))
    }
}

impl HttpClient for Cloud {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
