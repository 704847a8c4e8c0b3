//! What a process does with signals. In a process of its own: a signal reaches every test beside it.

use std::time::Duration;

use suban_runtime::{Health, Stopped, Tasks};

#[tokio::test]
async fn a_signal_stops_and_a_second_one_ends_at_once() {
    let (tasks, health) = (Tasks::new(), Health::new());
    let stop = tasks.stop();
    tasks.spawn("stubborn", std::future::pending::<Result<(), String>>());
    let (runs, waits) = (tasks.clone(), health.clone());
    let run = async move { runs.run_until_signal(&waits, Duration::from_secs(600)).await };
    let signals = async {
        // `run` is polled first and listens from then on.
        assert!(signal_myself("-TERM").unwrap().success());
        stop.cancelled().await;
        assert!(signal_myself("-INT").unwrap().success());
    };
    let both = async { tokio::join!(biased; run, signals) };
    let (ended, ()) = tokio::time::timeout(Duration::from_secs(10), both).await.unwrap();
    assert!(matches!(ended, Err(Stopped::Hurried { tasks }) if tasks == ["stubborn"]));
    assert!(health.readiness().stopping);
}

fn signal_myself(signal: &str) -> std::io::Result<std::process::ExitStatus> {
    let me = std::process::id().to_string();
    std::process::Command::new("kill").args([signal, &me]).status()
}
