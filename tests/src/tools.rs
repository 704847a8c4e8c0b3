//! The operator's tools: the one binary, run with the city's settings.

use std::{
    path::PathBuf,
    process::{Output, Stdio},
};

use suban_runtime::Service;
use tokio::process::{Child, Command};

use crate::City;

/// What a tool said and how it ended.
#[derive(Debug)]
pub struct Told {
    /// It ended with success.
    pub ok: bool,
    /// What it printed.
    pub out: String,
    /// What it complained of.
    pub complaints: String,
}

/// The binary that was built beside these tests.
///
/// # Panics
/// When it is not there.
#[must_use]
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(|deps| deps.parent()).expect("tests lie in target/<profile>/deps");
    let binary = folder.join("suban");
    assert!(binary.exists(), "{} is not there; build it first: cargo build -p suban", binary.display());
    binary
}

impl City {
    /// A command of the binary in this city's name.
    fn tool(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        let (security, kafka) = (&self.settings.security, &self.settings.kafka);
        command
            .args(arguments)
            .env("DATABASE_URL", self.settings.database.url.expose())
            .env("REDIS_URL", self.settings.redis.url.expose())
            .env("KAFKA_BROKERS", &kafka.brokers)
            .env("SUBAN_KAFKA__TOPIC_PREFIX", &kafka.topic_prefix)
            .env("SUBAN_KAFKA__PARTITIONS", kafka.partitions.to_string())
            .env("SUBAN_SECURITY__MASTER_KEY", security.master_key.expose())
            .env("SUBAN_SECURITY__PHONE_KEY", security.phone_key.expose())
            .env("SUBAN_SECURITY__LINK_KEY", security.link_key.expose())
            .env("SUBAN_TELEMETRY__LOG", "error")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Runs a tool to its end.
    ///
    /// # Panics
    /// When it cannot be run.
    pub async fn runs(&self, arguments: &[&str]) -> Told {
        let Output { status, stdout, stderr } = self.tool(arguments).output().await.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Told { ok: status.success(), out: text(stdout), complaints: text(stderr) }
    }

    /// Starts a service as a process of its own, with more settings, and waits until it is ready. Killed when it
    /// is dropped. People call it from then on.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn process(&self, service: Service, more: &[(&str, &str)]) -> Child {
        let (port, metrics) = (free_port(), free_port());
        let upper = service.name().to_uppercase();
        let mut command = self.tool(&["serve", service.name()]);
        for peer in Service::ALL.into_iter().filter(|s| *s != service && *s != Service::Gateway) {
            if self.knows(peer) {
                let name = format!("SUBAN_PEERS__{}", peer.name().to_uppercase());
                command.env(name, format!("http://{}", self.address(peer)));
            }
        }
        command
            .env(format!("SUBAN_LISTEN__PORTS__{upper}"), port.to_string())
            .env(format!("SUBAN_LISTEN__METRICS__{upper}"), metrics.to_string());
        for (name, value) in more {
            command.env(name, value);
        }
        let mut child = command.spawn().unwrap();
        let ops = std::net::SocketAddr::from(([127, 0, 0, 1], metrics));
        crate::eventually(crate::PATIENCE, format!("{service} is ready"), async || {
            if let Some(status) = child.try_wait().unwrap() {
                panic!("{service} ended before it was ready: {status}");
            }
            if crate::http::ready(ops).await { Ok(()) } else { Err("it is not ready") }
        })
        .await;
        self.call_at(service, std::net::SocketAddr::from(([127, 0, 0, 1], port)));
        child
    }
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
