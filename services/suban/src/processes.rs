//! The services as processes of this binary: one each, with a log file each.
//!
//! Whoever plays a whole city on one machine starts them here: the demo, the benches, the kill test. They run
//! under the settings they are given, whatever the environment says, and end with the process that started them.
//! What is started here may be killed, stopped and started again, one by one.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::OpenOptions,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use suban_runtime::{Service, Settings};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, ChildStdin, Command},
};

use crate::print;

/// How long a service may take to be ready.
const PATIENCE: Duration = Duration::from_secs(60);
/// Added to the services' own deadline for a graceful stop before they are killed.
const GRACE: Duration = Duration::from_secs(5);

/// Waits until somebody says stop: Ctrl-C, or a termination signal.
pub(crate) async fn told_to_stop() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// The running services of one city.
pub(crate) struct Processes {
    settings: Settings,
    binary: PathBuf,
    logs: PathBuf,
    running: BTreeMap<Service, Child>,
    /// Held open while they may run.
    inputs: BTreeMap<Service, ChildStdin>,
    /// Services whose log file was begun; a restart goes on in it.
    logged: BTreeSet<Service>,
}

impl Processes {
    /// None yet; their logs will stand in this folder, one file a service.
    pub(crate) fn new(settings: &Settings, logs: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(logs)?;
        Ok(Self {
            settings: settings.clone(),
            binary: std::env::current_exe()?,
            logs: logs.to_path_buf(),
            running: BTreeMap::new(),
            inputs: BTreeMap::new(),
            logged: BTreeSet::new(),
        })
    }

    /// Starts every service that does not run.
    pub(crate) fn start_all(&mut self) -> anyhow::Result<()> {
        Service::ALL.into_iter().try_for_each(|service| self.start(service))
    }

    /// Starts one, unless it runs.
    pub(crate) fn start(&mut self, service: Service) -> anyhow::Result<()> {
        if self.is_running(service)? {
            return Ok(());
        }
        let again = !self.logged.insert(service);
        let log = OpenOptions::new()
            .create(true)
            .write(true)
            .append(again)
            .truncate(!again)
            .open(self.logs.join(format!("{service}.log")))?;
        let mut child = Command::new(&self.binary)
            .args(["serve", service.name(), "--while-input"])
            .envs(variables(&self.settings))
            // Nothing is ever written: the pipe ends with this process, even when it is killed.
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            // Of its own group: a Ctrl-C at the terminal reaches this process, which stops them in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        // Apart from the child, which would close it when it is waited for.
        self.inputs.extend(child.stdin.take().map(|input| (service, input)));
        self.running.insert(service, child);
        Ok(())
    }

    /// Waits until every one that was started says that it is ready.
    pub(crate) async fn ready(&mut self) -> anyhow::Result<()> {
        let begun = Instant::now();
        let logs = self.logs.display();
        for (service, child) in &mut self.running {
            let address = self.settings.listen.metrics_address(*service);
            while !is_ready(address).await {
                if let Some(status) = child.try_wait()? {
                    anyhow::bail!("{service} ended ({status}) before it was ready; see {logs}");
                }
                if begun.elapsed() > PATIENCE {
                    anyhow::bail!("{service} is not ready after {} s; see {logs}", PATIENCE.as_secs());
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        Ok(())
    }

    /// The process ids of those that run.
    pub(crate) fn pids(&self) -> BTreeMap<Service, u32> {
        self.running.iter().filter_map(|(service, child)| Some((*service, child.id()?))).collect()
    }

    /// SIGKILL, as a crash would; answers when it is gone.
    pub(crate) async fn kill(&mut self, service: Service) -> anyhow::Result<()> {
        if let Some(mut child) = self.running.remove(&service)
            && child.try_wait()?.is_none()
        {
            child.kill().await?;
        }
        Ok(())
    }

    /// Stops all in good order, together.
    pub(crate) async fn stop_all(mut self) -> anyhow::Result<()> {
        for child in self.running.values() {
            terminate(child).await;
        }
        for service in Service::ALL {
            self.ended(service).await?;
        }
        Ok(())
    }

    async fn ended(&mut self, service: Service) -> anyhow::Result<()> {
        let Some(child) = self.running.get_mut(&service) else { return Ok(()) };
        if tokio::time::timeout(self.settings.limits.drain + GRACE, child.wait()).await.is_err() {
            print::complain(&format!("{service} did not stop in time and is killed; see {}", self.logs.display()));
            self.kill(service).await?;
        }
        self.running.remove(&service);
        Ok(())
    }

    /// Waits until one ends by itself, and says which.
    pub(crate) async fn first_to_end(&mut self) -> Service {
        loop {
            for (service, child) in &mut self.running {
                if !matches!(child.try_wait(), Ok(None)) {
                    return *service;
                }
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    fn is_running(&mut self, service: Service) -> anyhow::Result<bool> {
        match self.running.get_mut(&service) {
            Some(child) => Ok(child.try_wait()?.is_none()),
            None => Ok(false),
        }
    }
}

/// What a service must be told so that it runs under these settings: what a tool may have changed in them.
fn variables(settings: &Settings) -> Vec<(String, String)> {
    let mut variables = vec![
        ("SUBAN_DATABASE__URL".into(), settings.database.url.expose().to_owned()),
        ("SUBAN_KAFKA__TOPIC_PREFIX".into(), settings.kafka.topic_prefix.clone()),
        ("SUBAN_REDIS__URL".into(), settings.redis.url.expose().to_owned()),
        ("SUBAN_DEMO__ENABLED".into(), settings.demo.enabled.to_string()),
        ("SUBAN_DEMO__RATE".into(), settings.demo.rate.to_string()),
        ("SUBAN_ATTACHMENTS__FOLDER".into(), settings.attachments.folder.display().to_string()),
        ("SUBAN_ATTACHMENTS__URL".into(), settings.attachments.url.clone()),
        ("SUBAN_ATTACHMENTS__PER_TICKET".into(), settings.attachments.per_ticket.to_string()),
    ];
    for service in Service::ALL {
        let name = service.name().to_uppercase();
        variables.push((format!("SUBAN_LISTEN__PORTS__{name}"), settings.listen.ports.of(service).to_string()));
        variables.push((format!("SUBAN_LISTEN__METRICS__{name}"), settings.listen.metrics.of(service).to_string()));
    }
    variables
}

async fn terminate(child: &Child) {
    if let Some(pid) = child.id() {
        let _ = Command::new("kill").args(["-TERM", &pid.to_string()]).status().await;
    }
}

/// Asks `/readyz`; HTTP of the plainest kind needs no client library.
async fn is_ready(address: SocketAddr) -> bool {
    let asked = async {
        let mut line = tokio::net::TcpStream::connect(address).await?;
        line.write_all(b"GET /readyz HTTP/1.1\r\nhost: suban\r\nconnection: close\r\n\r\n").await?;
        let mut answer = [0; 16];
        line.read_exact(&mut answer).await?;
        std::io::Result::Ok(answer.starts_with(b"HTTP/1.1 200"))
    };
    asked.await.unwrap_or(false)
}
