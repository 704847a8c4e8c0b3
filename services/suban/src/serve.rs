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
    let first = services.first().copied().unwrap_or(Service::Intake);
    // Before its parts have made their own checks a process must not look ready.
    let parts = health.check("parts");
    http_ops::serve(settings.listen.metrics_address(first), &health, &tasks).await?;
    for service in services {
        let app = App::start(service, settings.clone(), tasks.clone(), health.clone()).await?;
        let address = start(app).await?;
        tracing::info!(service = service.name(), %address, "listening");
    }
    parts.ready();
    let ended = tasks.run_until_signal(&health, settings.limits.drain).await;
    guard.flush();
    ended?;
    Ok(ExitCode::SUCCESS)
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
