//! Layers, checks, and what is never shown.

use std::time::Duration;

use super::*;

fn with(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    Settings::from_layers(None, variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

struct File(std::path::PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("suban-settings-{name}-{}.toml", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn the_defaults_fit_together_and_listen_only_here() {
    let settings = with(&[]).unwrap();
    assert_eq!(settings.listen.address(Service::Intake).to_string(), "127.0.0.1:7001");
    assert_eq!(settings.listen.metrics_address(Service::Gateway).to_string(), "127.0.0.1:7106");
    assert_eq!(settings.peer(Service::Scoring), "http://127.0.0.1:7005");
    assert_eq!((settings.kafka.partitions, settings.kafka.retention_hours), (8, 336));
    assert_eq!(settings.limits.drain, Duration::from_secs(20));
    assert!(settings.warnings().is_empty());
}

#[test]
fn every_default_says_its_reason() {
    // Ports say it once for their block; the other settings each.
    let mut explained = false;
    for line in DEFAULTS.lines() {
        if line.starts_with('#') {
            explained = true;
        } else if line.starts_with('[') || line.is_empty() {
            explained = false;
        } else {
            let name = line.split(' ').next().unwrap();
            let shares = Service::ALL.iter().any(|s| s.name() == name)
                || matches!(name, "west" | "north" | "east" | "key" | "ca" | "retry_max" | "south" | "cert");
            assert!(explained || shares, "{name} has no comment");
            explained = shares;
        }
    }
}

#[test]
fn the_file_wins_over_defaults_and_the_environment_over_both() {
    let file = File::new("layers", "[listen]\nhost = \"::1\"\n[limits]\nbatch = 50\ndrain = \"5s\"\n");
    let variables = [
        ("SUBAN_LIMITS__BATCH", "7"),
        ("SUBAN_LISTEN__PORTS__INTAKE", "0"),
        ("DATABASE_URL", "postgres://plain/db"),
        ("SUBAN_DATABASE__URL", "postgres://ours/db"),
        ("KAFKA_BROKERS", "127.0.0.1:9092"),
        ("REDIS_URL", ""),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let settings = Settings::from_layers(Some(&file.0), variables).unwrap();
    assert_eq!(settings.listen.address(Service::Intake).to_string(), "[::1]:0");
    assert_eq!(settings.limits.batch, 7);
    assert_eq!(settings.limits.drain, Duration::from_secs(5));
    assert_eq!(settings.database.url.expose(), "postgres://ours/db");
    assert_eq!(settings.kafka.brokers, "127.0.0.1:9092");
    assert!(settings.redis.url.is_empty());
}

#[test]
fn texts_that_look_like_numbers_stay_texts() {
    let settings = with(&[
        ("SUBAN_CITY__NAME", "12345"),
        ("SUBAN_SECURITY__MASTER_KEY_ID", "7"),
        ("SUBAN_KAFKA__TOPIC_PREFIX", "2026"),
        ("SUBAN_DEMO__ENABLED", "true"),
        ("SUBAN_DEMO__RATE", "60"),
        ("SUBAN_TELEMETRY__SAMPLE", "0.5"),
    ])
    .unwrap();
    assert_eq!((settings.city.name.as_str(), settings.kafka.topic_prefix.as_str()), ("12345", "2026"));
    assert!(settings.demo.enabled);
    assert!((settings.demo.rate - 60.0).abs() < f64::EPSILON);
}

#[test]
fn a_setting_that_does_not_exist_is_told_with_its_place() {
    let problem = with(&[("SUBAN_LIMITS__BACH", "7")]).unwrap_err().to_string();
    assert!(problem.contains("bach") && problem.contains("SUBAN_LIMITS__BACH"), "{problem}");
    let file = File::new("typo", "[limits]\nbach = 7\n");
    let problem = Settings::from_layers(Some(&file.0), []).unwrap_err().to_string();
    assert!(problem.contains("bach") && problem.contains("suban-settings-typo"), "{problem}");
    with(&[("SUBAN_CONFIG", "x"), ("SUBAN_TOKEN", "y"), ("PATH", "z")]).unwrap();
}

#[test]
fn a_missing_file_is_an_error_not_a_default() {
    let problem = Settings::from_layers(Some(std::path::Path::new("/nowhere/suban.toml")), []).unwrap_err();
    assert!(problem.to_string().contains("/nowhere/suban.toml"), "{problem}");
}

#[test]
fn a_wrong_value_is_told_without_repeating_secrets() {
    let problem = with(&[("SUBAN_LIMITS__DRAIN", "soon")]).unwrap_err().to_string();
    assert!(problem.contains("drain") && problem.contains("20s"), "{problem}");
    let problem = with(&[("DATABASE_URL", "mysql://root:hunter2@db/x")]).unwrap_err().to_string();
    assert!(problem.contains("database.url") && !problem.contains("hunter2"), "{problem}");
}

#[test]
fn all_problems_are_told_at_once() {
    let SettingsError::Wrong { problems } = with(&[
        ("SUBAN_TLS__CERT", "cert.pem"),
        ("SUBAN_DEMO__RATE", "60"),
        ("SUBAN_CITY__ZONE", "Asia/Atlantis"),
        ("SUBAN_CITY__BOUNDS__NORTH", "10"),
        ("SUBAN_LIMITS__REQUESTS", "0"),
        ("SUBAN_SECURITY__LINK_KEY", "x"),
        ("SUBAN_KAFKA__DELIVERY_TIMEOUT", "7s"),
        ("SUBAN_TELEMETRY__LOG", "suban=loud"),
    ])
    .unwrap_err() else {
        panic!("must be wrong")
    };
    for setting in [
        "tls.key",
        "demo.enabled",
        "city.zone",
        "city.bounds",
        "limits.requests",
        "security.phone_key",
        "kafka.delivery_timeout",
        "telemetry.log",
    ] {
        assert!(problems.iter().any(|problem| problem.contains(setting)), "{setting} is not in {problems:?}");
    }
    assert_eq!(problems.len(), 8, "{problems:?}");
}

#[test]
fn what_is_missing_to_serve_is_named_with_an_example() {
    let settings = with(&[("REDIS_URL", "redis://127.0.0.1:6379/0")]).unwrap();
    let problem = settings.require_backends().unwrap_err().to_string();
    assert!(problem.contains("DATABASE_URL") && problem.contains("KAFKA_BROKERS"), "{problem}");
    assert!(!problem.contains("REDIS_URL"));
}

#[test]
fn secrets_are_never_shown() {
    let key = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlYzE=";
    let settings = with(&[
        ("DATABASE_URL", "postgres://suban:hunter2@db/suban"),
        ("SUBAN_SECURITY__MASTER_KEY", key),
        ("SUBAN_SECURITY__PHONE_KEY", key),
        ("SUBAN_SECURITY__LINK_KEY", key),
    ])
    .unwrap();
    for shown in [settings.printable(), format!("{settings:?}")] {
        assert!(!shown.contains("hunter2") && !shown.contains(key), "{shown}");
        assert!(shown.contains("postgres://suban:***@db/suban"), "{shown}");
    }
}

#[test]
fn what_is_printed_reads_back_except_for_secrets() {
    let settings = with(&[("SUBAN_LIMITS__DRAIN", "1500ms"), ("SUBAN_TLS__CA", "ca.pem")]).unwrap();
    let file = File::new("printed", &settings.printable());
    let again = Settings::from_layers(Some(&file.0), []).unwrap();
    assert_eq!(again.printable(), settings.printable());
    assert_eq!(again.limits.drain, Duration::from_millis(1500));
}

#[test]
fn risky_settings_are_legal_but_warned_about() {
    let settings = with(&[("SUBAN_LISTEN__HOST", "0.0.0.0"), ("SUBAN_DEMO__ENABLED", "true")]).unwrap();
    let warnings = settings.warnings().join("\n");
    assert!(warnings.contains("without tls.cert") && warnings.contains("demo.enabled"), "{warnings}");
    assert_eq!(settings.peer(Service::Intake), "http://127.0.0.1:7001", "nobody can connect to 0.0.0.0");
}

#[test]
fn spans_are_written_as_people_write_them() {
    for (text, span) in [("14d", 14 * 86_400), ("1h 30m", 5400), ("20s", 20)] {
        let settings = with(&[("SUBAN_LIMITS__RETRY_MAX", text)]).unwrap();
        assert_eq!(settings.limits.retry_max, Duration::from_secs(span), "{text}");
    }
    for nonsense in ["", "20", "-5s", "1 month"] {
        assert!(with(&[("SUBAN_LIMITS__RETRY_MAX", nonsense)]).is_err(), "{nonsense}");
    }
}

#[test]
fn every_number_of_the_defaults_can_be_given_in_the_environment() {
    fn numbers(table: &toml::Table, path: &str, found: &mut Vec<(String, String)>) {
        for (name, value) in table {
            let path = if path.is_empty() { name.to_uppercase() } else { format!("{path}__{}", name.to_uppercase()) };
            match value {
                toml::Value::Table(inner) => numbers(inner, &path, found),
                toml::Value::Integer(_) | toml::Value::Float(_) | toml::Value::Boolean(_) => {
                    found.push((format!("SUBAN_{path}"), value.to_string()));
                }
                toml::Value::String(_) | toml::Value::Datetime(_) | toml::Value::Array(_) => {}
            }
        }
    }
    let mut found = Vec::new();
    numbers(&DEFAULTS.parse().unwrap(), "", &mut found);
    assert!(found.len() > 30, "{found:?}");
    Settings::from_layers(None, found).unwrap();
}
