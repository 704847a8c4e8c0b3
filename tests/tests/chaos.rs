//! The kill test: a city plays, twenty times something is killed, restarted or emptied, and nothing is lost,
//! doubled, out of order or stranded. It breaks servers, so it has a stack of its own.

#![expect(clippy::unwrap_used, reason = "what a test calls may fail as the test does")]

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Faults; each hand of ten has every process and every server once.
const ROUNDS: &str = "20";

/// The services, as their settings name them.
const SERVICES: [&str; 6] = ["INTAKE", "DEDUP", "DISPATCH", "FOLLOWUP", "SCORING", "GATEWAY"];

/// The program beside this test's own: `target/debug/deps/chaos-…` → `target/debug/suban`.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let program = test.ancestors().nth(2).unwrap().join("suban");
    assert!(program.is_file(), "{} is missing: `cargo build -p suban` first, as `make test` does", program.display());
    program
}

/// Ports nobody listens on, held until all are found.
fn ports(wanted: usize) -> Vec<u16> {
    let held: Vec<TcpListener> = (0..wanted).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    held.iter().map(|port| port.local_addr().unwrap().port()).collect()
}

#[test]
fn whatever_is_killed_whenever_nothing_is_lost_and_nothing_happens_twice() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let keys = std::env::temp_dir().join(format!("suban-chaos-keys-{}.toml", std::process::id()));
    let mut run = Command::new(root.join("deploy/local/with-stack"));
    run.arg("--fresh").arg(program()).args(["chaos", "--rounds", ROUNDS, "--json"]).current_dir(root);
    run.env("SUBAN_STACK", "chaos-test").env("SUBAN_PG_BUFFERS", "256MB").env("SUBAN_SECURITY__KEY_FILE", &keys);
    for given in ["DATABASE_URL", "REDIS_URL", "KAFKA_BROKERS", "SUBAN_LOCAL"] {
        run.env_remove(given);
    }
    for (kind, free) in ["PORTS", "METRICS"].into_iter().zip(ports(2 * SERVICES.len()).chunks(SERVICES.len())) {
        for (service, port) in SERVICES.iter().zip(free) {
            run.env(format!("SUBAN_LISTEN__{kind}__{service}"), port.to_string());
        }
    }
    let done = run.stdin(Stdio::null()).stderr(Stdio::inherit()).output().unwrap();
    let _ = std::fs::remove_file(keys);
    let told = String::from_utf8_lossy(&done.stdout);
    let outcome: serde_json::Value = serde_json::from_str(told.trim()).unwrap_or_else(|e| panic!("{e}: {told}"));
    assert!(done.status.success() && outcome["clean"] == true, "{outcome:#}");
    assert_eq!(outcome["unfinished"], 0, "{outcome:#}");
    // A run in which nothing happened proves nothing.
    assert!(outcome["tickets"].as_u64() > Some(0) && outcome["rounds"] == 20, "{outcome:#}");
}
