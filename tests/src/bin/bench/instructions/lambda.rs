//! Lambda's side of a function's process: hands out events, and takes the answers.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What the process did.
enum Said {
    /// It asked for an event: it is ready, or has answered.
    Next,
    /// It answered, or failed.
    Answer(Value),
}

/// The runtime interface of one process.
pub(super) struct Lambda {
    pub(super) address: String,
    said: UnboundedReceiver<Said>,
}

impl Lambda {
    /// Begins to listen, with these events to hand out. Who asks for more waits.
    pub(super) async fn start(mut events: Vec<Value>) -> Self {
        events.reverse();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let (say, said) = unbounded_channel();
        let events = Arc::new(Mutex::new(events));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                let (say, events) = (say.clone(), Arc::clone(&events));
                tokio::spawn(async move {
                    let service = service_fn(|request| respond(request, say.clone(), Arc::clone(&events)));
                    // It ends when the process ends.
                    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
                });
            }
        });
        Self { address, said }
    }

    /// Waits until the process has started.
    pub(super) async fn ready(&mut self) {
        match self.said.recv().await {
            Some(Said::Next) => (),
            Some(Said::Answer(answer)) => panic!("it failed to start: {answer}"),
            None => unreachable!("the listener keeps the other end"),
        }
    }

    /// The next answer, once the process has asked for more.
    pub(super) async fn answer(&mut self) -> Value {
        let Some(Said::Answer(answer)) = self.said.recv().await else { panic!("it asked for more before it answered") };
        self.ready().await;
        answer
    }
}

async fn respond(
    request: Request<Incoming>,
    say: UnboundedSender<Said>,
    events: Arc<Mutex<Vec<Value>>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let response = Response::builder();
    if request.method() == Method::GET {
        let event = events.lock().expect("no holder panics").pop();
        say.send(Said::Next).expect("somebody who waits");
        let Some(event) = event else { return std::future::pending().await };
        let response = response
            .header("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
            .header("lambda-runtime-deadline-ms", "32503680000000")
            .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-central-1:000000000000:function:usher")
            .header(
                "lambda-runtime-trace-id",
                "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
            )
            .header("content-type", "application/json");
        return Ok(response.body(Full::from(event.to_string())).expect("an event"));
    }
    let body = request.into_body().collect().await.expect("a body").to_bytes();
    say.send(Said::Answer(serde_json::from_slice(&body).expect("JSON"))).expect("somebody who waits");
    Ok(response.status(202).body(Full::default()).expect("an answer"))
}
