//! Settings: what an operator may change, with defaults, reasons and checks.
//!
//! Three layers, later ones win: [`DEFAULTS`] (committed, commented), the file named by
//! `SUBAN_CONFIG`, and the environment (`SUBAN_SECTION__NAME`, plus `DATABASE_URL`,
//! `KAFKA_BROKERS` and `REDIS_URL`). A setting that does not exist is an error, never ignored.
//! [`Settings::load`] answers only settings that fit together; every message names the setting
//! and what to do. Secrets are never printed: neither by `Debug` nor by [`Settings::printable`].

use std::{fmt, net::IpAddr, net::SocketAddr, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};
use suban_domain::At;

use crate::secret::{Secret, SecretUrl};

mod check;
mod load;
#[cfg(test)]
mod tests;

/// The committed defaults, each with its unit and reason.
pub const DEFAULTS: &str = include_str!("defaults.toml");

/// The six processes of the suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// What was said.
    Intake,
    /// Is this new.
    Dedup,
    /// Who, by when.
    Dispatch,
    /// Was it really solved.
    Followup,
    /// How well.
    Scoring,
    /// REST for handlers, pages for citizens and supervisors.
    Gateway,
}

impl Service {
    /// Every service, in the order of a ticket's way.
    pub const ALL: [Self; 6] =
        [Self::Intake, Self::Dedup, Self::Dispatch, Self::Followup, Self::Scoring, Self::Gateway];

    /// The name used on the command line, in settings, metrics and traces.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::Dedup => "dedup",
            Self::Dispatch => "dispatch",
            Self::Followup => "followup",
            Self::Scoring => "scoring",
            Self::Gateway => "gateway",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Service {
    type Err = SettingsError;
    fn from_str(name: &str) -> Result<Self, SettingsError> {
        Self::ALL.into_iter().find(|s| s.name() == name).ok_or_else(|| SettingsError::Wrong {
            problems: vec![format!(
                "no service is called {name:?}; there are intake, dedup, dispatch, followup, scoring and gateway"
            )],
        })
    }
}

/// Everything an operator may set. Made by [`Settings::load`].
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// PostgreSQL.
    pub database: Database,
    /// Apache Kafka.
    pub kafka: Kafka,
    /// Redis.
    pub redis: Redis,
    /// Where this machine's processes listen.
    pub listen: Listen,
    /// Where the other processes are reached.
    pub peers: Peers,
    /// Certificates.
    pub tls: Tls,
    /// The city served.
    pub city: City,
    /// Keys and tokens.
    pub security: Security,
    /// Which tickets could be the same.
    pub duplicates: Duplicates,
    /// Where tickets are searched.
    pub search: Search,
    /// A language model that helps at the telephone.
    pub language_model: LanguageModel,
    /// What citizens and units are told, and by which carrier.
    pub notices: Notices,
    /// Photographs and documents that come with tickets.
    pub attachments: Attachments,
    /// Logs and traces.
    pub telemetry: Telemetry,
    /// The demo mode.
    pub demo: Demo,
    /// Sizes, batches and timeouts.
    pub limits: Limits,
}

/// Where the truth is kept.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `postgres://user:password@host:port/name`.
    pub url: SecretUrl,
    /// Connections a process may hold.
    pub max_connections: u32,
    /// Longest wait for a free connection.
    #[serde(with = "span_text")]
    pub acquire_timeout: Duration,
    /// A statement that runs longer is cancelled.
    #[serde(with = "span_text")]
    pub statement_timeout: Duration,
}

/// How the truth moves.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Kafka {
    /// `host:port`, several with commas.
    pub brokers: String,
    /// Begins every topic and consumer group.
    pub topic_prefix: String,
    /// Partitions of a topic when it is created.
    pub partitions: i32,
    /// Copies of a partition when a topic is created.
    pub replication: i32,
    /// Hours a message stays in Kafka.
    pub retention_hours: u32,
    /// A consumer silent for this long loses its partitions.
    #[serde(with = "span_text")]
    pub session_timeout: Duration,
    /// The producer keeps trying for this long.
    #[serde(with = "span_text")]
    pub delivery_timeout: Duration,
    /// Fetched ahead for each partition, KiB.
    pub queued_kbytes: u32,
}

/// What can be rebuilt.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    /// `redis://host:port/db`.
    pub url: SecretUrl,
    /// After this long Redis counts as away.
    #[serde(with = "span_text")]
    pub timeout: Duration,
}

/// Where this machine's processes listen.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    /// Address to bind to.
    pub host: IpAddr,
    /// gRPC faces, and the gateway's HTTP.
    pub ports: Ports,
    /// `/metrics`, `/livez`, `/readyz`.
    pub metrics: Ports,
}

impl Listen {
    /// Address of the face of `service`.
    #[must_use]
    pub const fn address(&self, service: Service) -> SocketAddr {
        SocketAddr::new(self.host, self.ports.of(service))
    }

    /// Address of the operations face (metrics and health) of `service`.
    #[must_use]
    pub const fn metrics_address(&self, service: Service) -> SocketAddr {
        SocketAddr::new(self.host, self.metrics.of(service))
    }
}

/// One port a service; 0 takes a free one.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each is the port of the service it is named after")]
pub struct Ports {
    pub intake: u16,
    pub dedup: u16,
    pub dispatch: u16,
    pub followup: u16,
    pub scoring: u16,
    pub gateway: u16,
}

impl Ports {
    /// The port of `service`.
    #[must_use]
    pub const fn of(&self, service: Service) -> u16 {
        match service {
            Service::Intake => self.intake,
            Service::Dedup => self.dedup,
            Service::Dispatch => self.dispatch,
            Service::Followup => self.followup,
            Service::Scoring => self.scoring,
            Service::Gateway => self.gateway,
        }
    }
}

/// Where the other processes are reached; empty means as in [`Listen`].
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each is the address of the service it is named after")]
pub struct Peers {
    pub intake: String,
    pub dedup: String,
    pub dispatch: String,
    pub followup: String,
    pub scoring: String,
    pub gateway: String,
    /// Name on the services' certificate, when it differs from the host in the address.
    pub tls_name: String,
}

/// PEM files; both `cert` and `key`, or none.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Certificate chain shown by our servers.
    #[serde(with = "maybe_path")]
    pub cert: Option<PathBuf>,
    /// Its private key.
    #[serde(with = "maybe_path")]
    pub key: Option<PathBuf>,
    /// What our clients trust.
    #[serde(with = "maybe_path")]
    pub ca: Option<PathBuf>,
}

impl Tls {
    /// Certificate and key, when TLS is on.
    #[must_use]
    pub fn identity(&self) -> Option<(&PathBuf, &PathBuf)> {
        self.cert.as_ref().zip(self.key.as_ref())
    }
}

/// The city served.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct City {
    /// IANA zone in which days begin and numbers count.
    pub zone: String,
    /// Shown on pages and in notices.
    pub name: String,
    /// Coordinates outside are refused.
    pub bounds: Bounds,
}

impl City {
    /// The zone, known to be valid once the settings are loaded.
    #[must_use]
    pub fn time_zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::get(&self.zone).unwrap_or(jiff::tz::TimeZone::UTC)
    }
}

/// A box on the map, degrees WGS-84.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// Smallest latitude.
    pub south: f64,
    /// Smallest longitude.
    pub west: f64,
    /// Largest latitude.
    pub north: f64,
    /// Largest longitude.
    pub east: f64,
}

impl Bounds {
    /// Is this place inside?
    #[must_use]
    pub fn contains(&self, lat: f64, lon: f64) -> bool {
        (self.south..=self.north).contains(&lat) && (self.west..=self.east).contains(&lon)
    }
}

/// Keys and tokens; see [`crate::keys`] for what the keys are for.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Security {
    /// Base64 of 32 bytes: wraps each requester's own key.
    pub master_key: Secret,
    /// Names the master key in what it wrapped.
    pub master_key_id: String,
    /// Base64 of 32 bytes: blind index of phone numbers.
    pub phone_key: Secret,
    /// Base64 of 32 bytes: signs citizens' links.
    pub link_key: Secret,
    /// Holds the keys when they are not given here.
    pub key_file: PathBuf,
    /// A token's answer is believed this long.
    #[serde(with = "span_text")]
    pub token_cache: Duration,
    /// An unknown token is not looked up again for this long.
    #[serde(with = "span_text")]
    pub unknown_token_cache: Duration,
    /// Tokens remembered at most.
    pub token_cache_size: usize,
}

/// Among which tickets duplicates are looked for, and from when on a person is asked (D§9.4).
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Duplicates {
    /// A person is asked from this probability on, 0 to 1.
    pub suggest_from: f64,
    /// A ticket waits for the answer from this probability on; below it is sent meanwhile. 0 to 1.
    pub hold_from: f64,
    /// Share of what would be merged without a person that one is asked about, in thousandths.
    pub checked_permille: u16,
    /// So many a week at least.
    pub checked_a_week: u32,
    /// An open ticket that was reported earlier than this is no longer looked at, days.
    pub open_days: u32,
    /// A closed ticket is looked at for so long, days (W_closed).
    pub closed_days: u32,
    /// Open tickets that the city usually has; more are held as well, and found a little slower.
    pub open_tickets: usize,
    /// Closed tickets that are read at start, the newest.
    pub closed_tickets: u32,
    /// Where a process keeps what it holds; empty means nowhere.
    pub snapshot: PathBuf,
    /// How often that file is written anew.
    #[serde(with = "span_text")]
    pub snapshot_every: Duration,
}

/// Where tickets are searched.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// The folder of the index, one for each instance of intake; none means memory.
    #[serde(with = "maybe_path")]
    pub folder: Option<PathBuf>,
    /// Tickets that are read at start where there is no folder, the newest.
    pub tickets_in_memory: usize,
}

/// A language model behind an endpoint of the OpenAI chat protocol; it only ever proposes.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LanguageModel {
    /// Address before `/chat/completions`, for example `http://127.0.0.1:8000/v1`; empty means none.
    pub url: String,
    /// The model's name there.
    pub name: String,
    /// Sent as a bearer token; empty for none.
    pub key: Secret,
    /// It is not waited for longer.
    #[serde(with = "span_text")]
    pub timeout: Duration,
}

/// What citizens and units are told, and by which carrier (D§13, D§14).
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Notices {
    /// Where notices are posted, signed; empty means that the log alone says that there is one.
    pub url: String,
    /// The key of the signature.
    pub secret: Secret,
    /// The carrier is not waited for longer.
    #[serde(with = "span_text")]
    pub timeout: Duration,
    /// Most notices to one citizen in 24 hours.
    pub a_day_to_a_citizen: u32,
    /// Most notices to one desk in 24 hours.
    pub a_day_to_a_desk: u32,
}

/// Photographs and documents that come with tickets: where they are kept, how large they may be, who looks at them.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Attachments {
    /// A folder of this machine, where no `url` is set.
    pub folder: PathBuf,
    /// A store that speaks S3; empty for none.
    pub url: String,
    /// The bucket there.
    pub bucket: String,
    /// Its region.
    pub region: String,
    /// The account there.
    pub access_key: Secret,
    /// Its key.
    pub secret_key: Secret,
    /// Largest file, bytes.
    pub largest_bytes: usize,
    /// Most pixels of a picture.
    pub largest_pixels: u64,
    /// Files a ticket may have.
    pub per_ticket: u32,
    /// Files on their way in or out at once in one process.
    pub in_memory: usize,
    /// Files looked at at once in one process.
    pub at_once: usize,
    /// A link to a file is good for this long.
    #[serde(with = "span_text")]
    pub link_for: Duration,
    /// `host:port` of clamd; empty for none.
    pub scanner: String,
    /// The scanner is not waited for longer.
    #[serde(with = "span_text")]
    pub scanner_timeout: Duration,
}

/// Logs and traces.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// OTLP over gRPC; empty means no traces leave the process.
    pub otlp_endpoint: String,
    /// Share of traces started here that are sent.
    pub sample: f64,
    /// Log filter.
    pub log: String,
    /// For people or for collectors.
    pub log_format: LogFormat,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The demo mode.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Demo {
    /// Is it on?
    pub enabled: bool,
    /// City seconds a real second.
    pub rate: f64,
    /// The city's time when its clock first starts, as RFC 3339; empty for the database's.
    pub origin: String,
}

impl Demo {
    /// The city's time when its clock first starts, where one is set.
    #[must_use]
    pub fn origin(&self) -> Option<At> {
        self.origin.parse::<jiff::Timestamp>().ok().map(At::from)
    }
}

/// Sizes, batches and timeouts; reasons stand in the defaults file.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Largest gRPC message or HTTP body, bytes.
    pub message_bytes: usize,
    /// Longest free text, characters.
    pub words_chars: usize,
    /// Of a thousand automatic dispatches, how many a person checks first.
    pub checked_permille: u16,
    /// Extensions that a unit may ask for in a quarter; 0 limits nothing.
    pub extensions_a_quarter: u32,
    /// Are results looked at on the spot before the citizen is asked (F29)?
    pub verify_results: bool,
    /// Messages of one Kafka batch, which becomes one transaction.
    pub batch: usize,
    /// Commands of people committed together.
    pub group_commit: usize,
    /// Messages of a stream that may be unanswered.
    pub stream_window: usize,
    /// Requests at once on one connection.
    pub requests_per_connection: u32,
    /// Requests at once in one process.
    pub requests: usize,
    /// A unary request that runs longer is ended.
    #[serde(with = "span_text")]
    pub request_timeout: Duration,
    /// Time for a graceful stop.
    #[serde(with = "span_text")]
    pub drain: Duration,
    /// Failed deliveries before a message becomes a dead letter.
    pub delivery_attempts: u32,
    /// First wait before a retry.
    #[serde(with = "span_text")]
    pub retry_first: Duration,
    /// Longest wait before a retry.
    #[serde(with = "span_text")]
    pub retry_max: Duration,
}

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A layer cannot be read, or holds something that is no setting.
    #[error("settings cannot be read: {0}")]
    Unreadable(String),
    /// Everything that does not fit, each naming its setting.
    #[error("settings do not fit: {}", problems.join("; "))]
    Wrong {
        /// One line a problem.
        problems: Vec<String>,
    },
}

impl Settings {
    /// The address under which `service` is reached from here.
    #[must_use]
    pub fn peer(&self, service: Service) -> String {
        let said = match service {
            Service::Intake => &self.peers.intake,
            Service::Dedup => &self.peers.dedup,
            Service::Dispatch => &self.peers.dispatch,
            Service::Followup => &self.peers.followup,
            Service::Scoring => &self.peers.scoring,
            Service::Gateway => &self.peers.gateway,
        };
        if !said.is_empty() {
            return said.clone();
        }
        let scheme = if self.tls.identity().is_some() { "https" } else { "http" };
        let mut address = self.listen.address(service);
        if address.ip().is_unspecified() {
            address.set_ip(match address.ip() {
                IpAddr::V4(_) => IpAddr::from([127, 0, 0, 1]),
                IpAddr::V6(_) => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
            });
        }
        format!("{scheme}://{address}")
    }

    /// What is in force, as TOML, secrets hidden: `suban --print-config`.
    #[must_use]
    pub fn printable(&self) -> String {
        toml::to_string(self).unwrap_or_else(|problem| format!("# settings cannot be shown: {problem}\n"))
    }
}

/// Spans as people write them: `20s`, `5ms`, `14d`.
mod span_text {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(span: &Duration, s: S) -> Result<S::Ok, S::Error> {
        match jiff::SignedDuration::try_from(*span) {
            Ok(span) => s.collect_str(&format_args!("{span:#}")),
            Err(_) => s.collect_str("for ever"),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Duration, D::Error> {
        let text = String::deserialize(d)?;
        text.trim()
            .parse::<jiff::Span>()
            .ok()
            .and_then(|span| span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok())
            .and_then(|span| Duration::try_from(span).ok())
            .ok_or_else(|| D::Error::custom("must be a span of time such as \"20s\", \"5ms\" or \"14d\""))
    }
}

/// A path, where the empty text means none.
mod maybe_path {
    use std::path::PathBuf;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
    pub(super) fn serialize<S: Serializer>(path: &Option<PathBuf>, s: S) -> Result<S::Ok, S::Error> {
        path.clone().unwrap_or_default().serialize(s)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<PathBuf>, D::Error> {
        let path = PathBuf::deserialize(d)?;
        Ok((!path.as_os_str().is_empty()).then_some(path))
    }
}
