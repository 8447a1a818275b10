//! The cloud on a port of this machine, over TLS, for functions that run as processes of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::Cloud;
use super::answer::Call;

/// The address that everything here listens on.
const LOOPBACK: &str = "127.0.0.1";

/// A cloud that listens.
#[derive(Debug)]
pub struct CloudServer {
    /// Where it listens, as an endpoint.
    pub url: String,
    /// The certificate of who vouches for its own, in PEM.
    pub authority: String,
    handshakes: Arc<AtomicUsize>,
}

impl CloudServer {
    /// How many connections were opened so far.
    #[must_use]
    pub fn handshakes(&self) -> usize {
        self.handshakes.load(Ordering::SeqCst)
    }
}

impl Cloud {
    /// Starts to listen, until the runtime ends.
    pub async fn serve(&self) -> CloudServer {
        let (authority, configuration) = certificates();
        let acceptor = TlsAcceptor::from(Arc::new(configuration));
        let listener = TcpListener::bind((LOOPBACK, 0)).await.expect("a port");
        let url = format!("https://{}", listener.local_addr().expect("an address"));
        let handshakes = Arc::new(AtomicUsize::new(0));
        tokio::spawn(listen(self.clone(), listener, acceptor, Arc::clone(&handshakes)));
        CloudServer { url, authority, handshakes }
    }

    async fn respond(self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (method, path) = (parts.method.to_string(), parts.uri.path().to_owned());
        let target = header("x-amz-target");
        let operation = if target.is_empty() { format!("{method} {path}") } else { target.to_owned() };
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let (range, authorization) = (header("range").to_owned(), header("authorization").to_owned());
        let body = body.collect().await.expect("a body").to_bytes().to_vec();
        let call = Call { method, path, query, operation, range, body };
        super::roles::assert_allowed(&authorization, &call);
        self.state().calls.push(call.operation.clone());
        let answer = self.answer(&call);
        let mut response = Response::builder().status(answer.status);
        for (name, value) in answer.headers {
            response = response.header(name, value);
        }
        response.body(Full::from(answer.body)).expect("an answer")
    }
}

async fn listen(cloud: Cloud, listener: TcpListener, acceptor: TlsAcceptor, handshakes: Arc<AtomicUsize>) {
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        handshakes.fetch_add(1, Ordering::SeqCst);
        let (cloud, acceptor) = (cloud.clone(), acceptor.clone());
        tokio::spawn(async move {
            let stream = acceptor.accept(stream).await.expect("a handshake");
            let service = service_fn(|request| {
                let cloud = cloud.clone();
                async move { Ok::<_, std::convert::Infallible>(cloud.respond(request).await) }
            });
            // It ends when the function ends, in whatever way.
            drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

/// An authority's certificate, and what the server says with a certificate by it: two links, as those of AWS have at least.
fn certificates() -> (String, ServerConfig) {
    let mut authority = CertificateParams::new([]).expect("no names");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority =
        CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key")).expect("a certificate");
    let own_key = KeyPair::generate().expect("a key");
    let own = CertificateParams::new([LOOPBACK.to_owned()]).expect("an address");
    let own = own.signed_by(&own_key, &authority).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(own_key.serialize_der().into());
    let configuration = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![own.der().clone()], key);
    (authority.pem(), configuration.expect("a certificate with its key"))
}
