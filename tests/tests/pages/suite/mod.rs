//! The built program as one process of all services: a database, a topic prefix, ports and a folder of its own.

pub(crate) mod browser;
pub(crate) mod driver;

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    str::FromStr as _,
    time::{Duration, Instant},
};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, postgres::PgConnectOptions};

const SERVICES: [&str; 6] = ["INTAKE", "DEDUP", "DISPATCH", "FOLLOWUP", "SCORING", "GATEWAY"];

/// What one test runs on: a database, a topic prefix, ports, and a folder in which the program finds what it is
/// delivered with.
pub(crate) struct Ground {
    folder: PathBuf,
    env: Vec<(String, String)>,
    ports: [u16; 6],
    metrics: [u16; 6],
}

impl Ground {
    /// A fresh one; nothing where there is no stack.
    pub(crate) async fn new() -> Option<Self> {
        let servers = ["DATABASE_URL", "REDIS_URL", "KAFKA_BROKERS"];
        if let Some(missing) = servers.iter().find(|name| std::env::var_os(name).is_none()) {
            eprintln!("skipped: {missing} is not set; deploy/local/with-stack sets it");
            return None;
        }
        let name = format!("pages_{:08x}", rand::random::<u32>());
        let url = std::env::var("DATABASE_URL").unwrap();
        let options = PgConnectOptions::from_str(&url).unwrap();
        let mut admin = PgConnection::connect_with(&options).await.unwrap();
        admin.execute(AssertSqlSafe(format!("create database {name}"))).await.unwrap();
        let folder = std::env::temp_dir().join(format!("suban-{name}"));
        std::fs::create_dir_all(&folder).unwrap();
        let delivered = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy");
        std::os::unix::fs::symlink(delivered.canonicalize().unwrap(), folder.join("deploy")).unwrap();
        let (ports, metrics) = (free_ports(), free_ports());
        let (server, _) = url.rsplit_once('/').unwrap();
        let mut env = vec![
            ("DATABASE_URL".to_owned(), format!("{server}/{name}")),
            ("SUBAN_KAFKA__TOPIC_PREFIX".into(), name),
            ("SUBAN_KAFKA__PARTITIONS".into(), "2".into()),
            ("SUBAN_DEMO__ENABLED".into(), "true".into()),
        ];
        for (service, (port, metrics)) in SERVICES.iter().zip(ports.iter().zip(metrics)) {
            env.push((format!("SUBAN_LISTEN__PORTS__{service}"), port.to_string()));
            env.push((format!("SUBAN_LISTEN__METRICS__{service}"), metrics.to_string()));
        }
        Some(Self { folder, env, ports, metrics })
    }

    /// Its settings.
    pub(crate) fn env(&self) -> &[(String, String)] {
        &self.env
    }

    /// Its folder, for what a test leaves.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file of it for what a process says.
    pub(crate) fn log(&self, name: &str) -> std::fs::File {
        std::fs::File::create(self.folder.join(name)).unwrap()
    }
}

/// Runs until it is stopped or dropped.
pub(crate) struct Suite {
    process: Child,
    ground: Ground,
}

impl Suite {
    /// Starts everything over a fresh database with the demo catalogue; nothing where there is no stack.
    pub(crate) async fn start() -> Option<Self> {
        let ground = Ground::new().await?;
        run(&ground.env, &ground.folder, &["catalogue", "publish", "deploy/demo"]);
        let log = ground.log("suite.log");
        let process = Command::new(binary())
            .args(["serve", "--all"])
            .envs(ground.env.iter().cloned())
            .current_dir(&ground.folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let metrics = ground.metrics[0];
        let suite = Self { process, ground };
        let ready = || async { ask(metrics, "GET /readyz HTTP/1.1\r\n", "").starts_with("HTTP/1.1 200") };
        eventually(Duration::from_secs(60), "the suite is ready", ready).await;
        Some(suite)
    }

    /// Runs a verb of the program beside the services; answers what it printed.
    pub(crate) fn suban(&self, verb: &[&str]) -> String {
        run(&self.ground.env, &self.ground.folder, verb)
    }

    /// A fresh token.
    pub(crate) fn token(&self, role: &str, person: &str) -> String {
        self.suban(&["token", "new", "--role", role, "--person", person]).trim().to_owned()
    }

    /// A fresh token of somebody at a unit.
    pub(crate) fn token_at(&self, role: &str, person: &str, unit: &str) -> String {
        self.suban(&["token", "new", "--role", role, "--person", person, "--unit", unit]).trim().to_owned()
    }

    /// Where pages and REST are.
    pub(crate) fn gateway(&self) -> String {
        format!("http://127.0.0.1:{}", self.ground.ports[5])
    }

    /// Where intake is.
    pub(crate) fn intake(&self) -> String {
        format!("http://127.0.0.1:{}", self.ground.ports[0])
    }

    /// Where follow-up is.
    pub(crate) fn followup(&self) -> String {
        format!("http://127.0.0.1:{}", self.ground.ports[3])
    }

    /// A folder for what the test leaves.
    pub(crate) fn folder(&self) -> &Path {
        self.ground.folder()
    }

    /// The live page's numbers.
    pub(crate) async fn live(&self, token: &str) -> serde_json::Value {
        let request = format!("GET /api/v1/live HTTP/1.1\r\nauthorization: Bearer {token}\r\n");
        let port = self.ground.ports[5];
        let answer = tokio::task::spawn_blocking(move || ask(port, &request, "")).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
        serde_json::from_str(body).unwrap()
    }

    /// Reads REST in somebody's name.
    pub(crate) async fn read(&self, token: &str, path: &str) -> serde_json::Value {
        self.rest(format!("GET /api/v1{path} HTTP/1.1\r\nauthorization: Bearer {token}\r\n"), String::new()).await
    }

    /// Posts to REST in somebody's name.
    pub(crate) async fn act(&self, token: &str, path: &str, body: &serde_json::Value) -> serde_json::Value {
        let body = body.to_string();
        let head = format!(
            "POST /api/v1{path} HTTP/1.1\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n",
            body.len()
        );
        self.rest(head, body).await
    }

    async fn rest(&self, request: String, body: String) -> serde_json::Value {
        let port = self.ground.ports[5];
        let answer = tokio::task::spawn_blocking(move || ask(port, &request, &body)).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
        serde_json::from_str(body).unwrap()
    }

    /// Posts a form as a browser does.
    pub(crate) async fn post_form(&self, url: &str, form: &str) -> String {
        let path = url.strip_prefix(&self.gateway()).unwrap();
        let kind = "content-type: application/x-www-form-urlencoded";
        let request = format!("POST {path} HTTP/1.1\r\n{kind}\r\ncontent-length: {}\r\n", form.len());
        let (port, form) = (self.ground.ports[5], form.to_owned());
        tokio::task::spawn_blocking(move || ask(port, &request, &form)).await.unwrap()
    }

    /// Stops as an operator does, and expects that everything ends well.
    pub(crate) fn stop(mut self) {
        self.signal();
        let ended = self.process.wait().unwrap();
        assert!(
            ended.success(),
            "the suite ended with {ended}; see {}",
            self.ground.folder.join("suite.log").display()
        );
        let _ = std::fs::remove_dir_all(&self.ground.folder);
    }

    fn signal(&self) {
        let _ = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status();
    }
}

impl Drop for Suite {
    fn drop(&mut self) {
        if matches!(self.process.try_wait(), Ok(None)) {
            self.signal();
            let _ = self.process.wait();
        }
    }
}

/// Waits until it holds, and says what did not when it never does.
pub(crate) async fn eventually<F: Future<Output = bool>>(patience: Duration, what: &str, holds: impl Fn() -> F) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < patience, "after {} s it still did not hold: {what}", patience.as_secs());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The program that was built beside this test.
pub(crate) fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let binary = test.parent().and_then(Path::parent).unwrap().join("suban");
    assert!(binary.exists(), "{} is missing: cargo build -p suban", binary.display());
    binary
}

fn run(env: &[(String, String)], folder: &Path, verb: &[&str]) -> String {
    let ran = Command::new(binary()).args(verb).envs(env.iter().cloned()).current_dir(folder).output().unwrap();
    let (told, problem) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "suban {verb:?}: {told}{problem}");
    told.into_owned()
}

/// Ports that were free a moment ago, each another.
fn free_ports() -> [u16; 6] {
    let held: [TcpListener; 6] = std::array::from_fn(|_| TcpListener::bind(("127.0.0.1", 0)).unwrap());
    held.map(|listener| listener.local_addr().unwrap().port())
}

/// HTTP of the plainest kind; an empty answer when nobody listens.
fn ask(port: u16, request: &str, body: &str) -> String {
    let asked = || {
        let mut line = TcpStream::connect(("127.0.0.1", port))?;
        line.set_read_timeout(Some(Duration::from_secs(60)))?;
        line.write_all(format!("{request}host: suban\r\nconnection: close\r\n\r\n{body}").as_bytes())?;
        let mut answer = String::new();
        line.read_to_string(&mut answer)?;
        std::io::Result::Ok(answer)
    };
    asked().unwrap_or_default()
}
