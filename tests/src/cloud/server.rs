//! The cloud on a port of this machine, over TLS, for functions that run as processes of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rsa::RsaPrivateKey;
use rsa::pkcs8::EncodePrivateKey;
use rsa::rand_core::OsRng;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{CipherSuite, ServerConfig};

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
        let header = |name: &str| {
            let value = parts.headers.get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let body = body.collect().await.expect("a body").to_bytes().to_vec();
        let call = Call::new(parts.method.as_str(), &parts.uri, header, body);
        super::roles::assert_allowed(&call);
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
            // Who is too slow to finish gives up, and tries again.
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = service_fn(|request| {
                let cloud = cloud.clone();
                async move { Ok::<_, std::convert::Infallible>(cloud.respond(request).await) }
            });
            // It ends when the function ends, in whatever way.
            drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

/// An authority's certificate, and what the server says: as AWS's services do, RSA keys of 2,048 bits in a chain of three, and
/// of the ways to encrypt the shortest key first.
fn certificates() -> (String, ServerConfig) {
    let key = RsaPrivateKey::new(&mut OsRng, 2_048).and_then(|key| Ok(key.to_pkcs8_der()?)).expect("a key");
    let signs = || KeyPair::try_from(key.as_bytes()).expect("the key");
    let parameters = |name: &str| {
        let mut parameters = CertificateParams::new([]).expect("no names");
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters
    };
    let mut root = parameters("root");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(root, signs()).expect("a certificate");
    let mut between = parameters("between");
    between.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let between = CertifiedIssuer::signed_by(between, signs(), &root).expect("a certificate");
    let own = CertificateParams::new([LOOPBACK.to_owned()]).expect("an address");
    let own = own.signed_by(&signs(), &between).expect("a certificate");
    let chain = vec![own.der().clone(), between.der().clone()];
    let mut provider = ring::default_provider();
    provider.cipher_suites.sort_by_key(|suite| suite.suite() != CipherSuite::TLS13_AES_128_GCM_SHA256);
    let mut configuration = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .expect("versions that the provider knows")
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::Pkcs8(key.as_bytes().to_vec().into()))
        .expect("a certificate with its key");
    configuration.ignore_client_order = true;
    (root.pem(), configuration)
}
