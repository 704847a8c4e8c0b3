//! TLS for the gateway, by the same settings as the gRPC faces.

use std::{io, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use axum::serve::Listener;
use futures::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use suban_runtime::grpc::GrpcError;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    },
    server::TlsStream,
};

/// Who has not shaken hands by then is let go.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Handshakes at once; more callers wait in the system's queue.
const AT_ONCE: usize = 512;

type Shaking = BoxFuture<'static, Option<(TlsStream<TcpStream>, SocketAddr)>>;

/// Accepts connections and shakes hands with many at once, so that a slow caller holds up nobody.
pub(crate) struct TlsListener {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
    shaking: FuturesUnordered<Shaking>,
}

impl TlsListener {
    /// Over a bound listener, with the certificate chain and the key of these PEM files.
    ///
    /// # Errors
    /// When a file cannot be read or used.
    pub(crate) fn new(tcp: TcpListener, cert: &Path, key: &Path) -> Result<Self, GrpcError> {
        let unusable =
            |path: &Path, problem: &dyn std::fmt::Display| GrpcError::Tls(format!("{}: {problem}", path.display()));
        let chain = CertificateDer::pem_file_iter(cert)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|problem| unusable(cert, &problem))?;
        let private = PrivateKeyDer::from_pem_file(key).map_err(|problem| unusable(key, &problem))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(chain, private))
            .map_err(|problem| unusable(cert, &problem))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { tcp, acceptor: TlsAcceptor::from(Arc::new(config)), shaking: FuturesUnordered::new() })
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            tokio::select! {
                Some(shaken) = self.shaking.next(), if !self.shaking.is_empty() => {
                    if let Some(connection) = shaken {
                        return connection;
                    }
                }
                (stream, from) = Listener::accept(&mut self.tcp), if self.shaking.len() < AT_ONCE => {
                    let shake = self.acceptor.accept(stream);
                    self.shaking.push(Box::pin(async move {
                        // Scanners and plain HTTP end here; they are worth no line each.
                        let stream = tokio::time::timeout(HANDSHAKE, shake).await.ok()?.ok()?;
                        Some((stream, from))
                    }));
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, routing::get};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// Asks with the system's own client, which trusts the certificate; `None` where it is missing.
    async fn curl(port: u16, scheme: &str, folder: &Path) -> Option<String> {
        let url = format!("{scheme}://localhost:{port}/");
        let asked = tokio::process::Command::new("curl")
            .args(["-sS", "--max-time", "10", "--noproxy", "*", "--cacert", "cert.pem", &url])
            .current_dir(folder)
            .output()
            .await;
        Some(String::from_utf8_lossy(&asked.ok()?.stdout).into_owned())
    }

    #[tokio::test]
    async fn with_a_certificate_pages_are_served_in_private_and_in_clear_not_at_all() {
        let folder = std::env::temp_dir().join(format!("suban-gateway-tls-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let made = tokio::process::Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
            .args(["-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
            .args(["-keyout", "key.pem", "-out", "cert.pem"])
            .current_dir(&folder)
            .output()
            .await;
        if !made.is_ok_and(|made| made.status.success()) {
            println!("skipped: openssl is not on this machine, so there is no certificate to test with");
            return;
        }
        let tcp = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = tcp.local_addr().unwrap().port();
        let listener = TlsListener::new(tcp, &folder.join("cert.pem"), &folder.join("key.pem")).unwrap();
        let served = axum::serve(listener, Router::new().route("/", get(async || "private")));
        let asked = async {
            // Who connects and says nothing holds up nobody.
            let _silent = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let Some(private) = curl(port, "https", &folder).await else {
                println!("skipped: curl is not on this machine");
                return;
            };
            assert_eq!(private, "private");
            let mut clear = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            clear.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
            let mut answer = Vec::new();
            let _ = clear.read_to_end(&mut answer).await;
            assert!(!answer.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&answer));
        };
        tokio::select! {
            () = asked => {}
            ended = served.into_future() => panic!("{ended:?}"),
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn a_missing_certificate_is_named() {
        let tcp = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let problem = TlsListener::new(tcp, Path::new("nowhere.pem"), Path::new("nowhere-key.pem")).err().unwrap();
        assert!(problem.to_string().contains("nowhere.pem") && problem.to_string().contains("tls.cert"));
    }
}
