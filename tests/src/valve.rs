//! A pipe in front of a server that can be shut: for the server being away.

use std::net::SocketAddr;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// A pipe to a server. Dropped, it is shut for good.
pub struct Valve {
    /// Where it begins.
    pub address: SocketAddr,
    open: watch::Sender<bool>,
    serving: tokio::task::JoinHandle<()>,
}

impl Valve {
    /// A pipe to `server` (`host:port`), open.
    ///
    /// # Panics
    /// When no port is free.
    #[expect(clippy::disallowed_methods, reason = "owned by the valve, which ends it")]
    pub async fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (open, watch) = watch::channel(true);
        let server = server.to_owned();
        let serving = tokio::spawn(async move {
            let mut pipes = tokio::task::JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                let (server, mut watch) = (server.clone(), watch.clone());
                pipes.spawn(async move {
                    if !*watch.borrow() {
                        return;
                    }
                    let Ok(mut far) = TcpStream::connect(&server).await else { return };
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        _ = watch.wait_for(|open| !open) => {}
                    }
                });
            }
        });
        Self { address, open, serving }
    }

    /// Cuts every connection, and lets no new one through.
    pub fn shut(&self) {
        self.open.send_replace(false);
    }

    /// Lets them through again.
    pub fn reopen(&self) {
        self.open.send_replace(true);
    }
}

impl Drop for Valve {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
