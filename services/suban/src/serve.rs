//! Running services: one a process, or all in one.

use std::process::ExitCode;

use suban_runtime::{Health, Service, Settings, Tasks, http_ops, telemetry};
use suban_service::{App, StartError};

use crate::args::Serve;

/// Runs until a signal, or until a part of it fails.
pub(crate) async fn serve(settings: Settings, what: &Serve) -> anyhow::Result<ExitCode> {
    settings.require_backends()?;
    let services: Vec<Service> = match what.service {
        Some(service) if !what.all => vec![service],
        Some(_) | None => Service::ALL.to_vec(),
    };
    let name = if let [one] = services.as_slice() { one.name() } else { "all" };
    let guard = telemetry::init(name, &settings)?;
    for warning in settings.warnings() {
        tracing::warn!("{warning}");
    }
    let (tasks, health) = (Tasks::new(), Health::new());
    if what.while_input {
        stop_with_input(tasks.clone());
    }
    let first = services.first().copied().unwrap_or(Service::Intake);
    // Before anything can be asked "are you ready": no process is, until its faces listen.
    let started = health.check("services");
    started.waiting("for its services to start");
    http_ops::serve(settings.listen.metrics_address(first), &health, &tasks).await?;
    for service in services {
        let app = App::start(service, settings.clone(), tasks.clone(), health.clone()).await?;
        let address = start(app).await?;
        tracing::info!(service = service.name(), %address, "listening");
    }
    started.ready();
    let ended = tasks.run_until_signal(&health, settings.limits.drain).await;
    guard.flush();
    ended?;
    Ok(ExitCode::SUCCESS)
}

/// Asks for a stop when standard input ends. A thread of its own, which nothing waits for: a read cannot be called off.
fn stop_with_input(tasks: Tasks) {
    std::thread::spawn(move || {
        // An input that fails has ended as well.
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        tasks.request_stop();
    });
}

/// Starts one service on its app.
pub(crate) async fn start(app: App) -> Result<std::net::SocketAddr, StartError> {
    match app.service {
        Service::Intake => suban_intake::serve(app).await,
        Service::Dedup => suban_dedup::serve(app).await,
        Service::Dispatch => suban_dispatch::serve(app).await,
        Service::Followup => suban_followup::serve(app).await,
        Service::Scoring => suban_scoring::serve(app).await,
        Service::Gateway => suban_gateway::serve(app).await,
    }
}
