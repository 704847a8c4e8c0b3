//! What a bench found: the same keys for every one, null where a figure is not known.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::print;

/// The figures of one run. The JSON keys are a contract.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Report {
    /// Which bench.
    pub(crate) bench: &'static str,
    /// How many tickets were measured.
    pub(crate) tickets: u32,
    /// From the first submit until all have ended and every group's lag is 0.
    pub(crate) seconds: Option<f64>,
    /// Tickets a second over that window.
    pub(crate) per_s: Option<f64>,
    /// Submits and commands that were refused, and tickets that did not end.
    pub(crate) errors: u64,
    /// How tickets ended.
    pub(crate) ended: Option<Ended>,
    /// Commit of the ending − acknowledgement of the submit.
    pub(crate) lag_ms: Option<Lag>,
    /// Milliseconds of CPU a ticket, by who spent them.
    pub(crate) cpu_ms_per_ticket: Option<Cpu>,
    /// Resident memory by process; `suite` is all of ours together, each at its peak.
    pub(crate) rss_mb_by: BTreeMap<&'static str, Option<f64>>,
    /// What was written for each ticket.
    pub(crate) per_ticket: Option<PerTicket>,
    /// Throughput ÷ the floor's, where both were run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) share: Option<f64>,
    /// The flow that was run beside the floor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) flow: Option<Box<Report>>,
}

/// A lag for people; `–` where nothing was measured.
pub(crate) fn lag_text(lag: Option<Lag>) -> String {
    lag.map_or_else(|| "–".into(), |lag| format!("p50 {} ms, p99 {} ms, max {} ms", lag.p50, lag.p99, lag.max))
}

impl Report {
    /// Nothing known yet.
    pub(crate) fn new(bench: &'static str, tickets: u32) -> Self {
        Self {
            bench,
            tickets,
            seconds: None,
            per_s: None,
            errors: 0,
            ended: None,
            lag_ms: None,
            cpu_ms_per_ticket: None,
            rss_mb_by: BTreeMap::new(),
            per_ticket: None,
            share: None,
            flow: None,
        }
    }
}

/// How tickets ended.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Ended {
    /// Dispatched without a person.
    pub(crate) auto: u32,
    /// Joined another.
    pub(crate) merged: u32,
    /// Wait in the queue for people.
    pub(crate) manual: u32,
}

/// Milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Lag {
    /// Half of them are faster.
    pub(crate) p50: f64,
    /// One in a hundred is slower.
    pub(crate) p99: f64,
    /// The slowest.
    pub(crate) max: f64,
}

impl Lag {
    /// Of spans in microseconds; none of none.
    pub(crate) fn of(mut micros: Vec<i64>) -> Option<Self> {
        micros.sort_unstable();
        let at = |hundredth: usize| {
            let last = micros.len().checked_sub(1)?;
            #[expect(clippy::cast_precision_loss, reason = "far below 2^52 microseconds")]
            micros.get(last * hundredth / 100).map(|us| *us as f64 / 1000.0)
        };
        Some(Self { p50: at(50)?, p99: at(99)?, max: at(100)? })
    }
}

/// Milliseconds of CPU a ticket.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Cpu {
    /// All together.
    pub(crate) total: Option<f64>,
    /// Our services.
    pub(crate) suite: Option<f64>,
    /// The database with all its processes.
    pub(crate) postgres: Option<f64>,
    /// The broker.
    pub(crate) kafka: Option<f64>,
    /// The cache.
    pub(crate) redis: Option<f64>,
    /// This client.
    pub(crate) client: Option<f64>,
}

/// What was written for each ticket.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct PerTicket {
    /// Rows inserted, updated or deleted.
    pub(crate) rows: Option<f64>,
    /// Bytes of the write-ahead log.
    pub(crate) bytes: Option<f64>,
    /// Kafka messages.
    pub(crate) messages: Option<f64>,
}

/// Prints a report for people.
pub(crate) fn show(report: &Report) {
    let known = |x: Option<f64>| x.map_or_else(|| "–".to_owned(), |x| format!("{x:.3}"));
    let mut rows = vec![
        vec!["tickets".to_owned(), report.tickets.to_string()],
        vec!["seconds".to_owned(), known(report.seconds)],
        vec!["tickets a second".to_owned(), known(report.per_s)],
        vec!["errors".to_owned(), report.errors.to_string()],
    ];
    if let Some(Ended { auto, merged, manual }) = report.ended {
        rows.push(vec!["dispatched, merged, for people".to_owned(), format!("{auto}, {merged}, {manual}")]);
    }
    if let Some(Lag { p50, p99, max }) = report.lag_ms {
        rows.push(vec!["lag ms p50, p99, max".to_owned(), format!("{p50:.1}, {p99:.1}, {max:.1}")]);
    }
    if let Some(cpu) = report.cpu_ms_per_ticket {
        let parts = [
            ("total", cpu.total),
            ("suite", cpu.suite),
            ("postgres", cpu.postgres),
            ("kafka", cpu.kafka),
            ("redis", cpu.redis),
            ("client", cpu.client),
        ];
        rows.extend(parts.map(|(who, ms)| vec![format!("CPU ms a ticket, {who}"), known(ms)]));
    }
    rows.extend(report.rss_mb_by.iter().map(|(who, mb)| vec![format!("memory MiB, {who}"), known(*mb)]));
    if let Some(PerTicket { rows: written, bytes, messages }) = report.per_ticket {
        rows.push(vec!["rows a ticket".to_owned(), known(written)]);
        rows.push(vec!["log bytes a ticket".to_owned(), known(bytes)]);
        rows.push(vec!["messages a ticket".to_owned(), known(messages)]);
    }
    if let Some(share) = report.share {
        rows.push(vec!["share of the floor".to_owned(), format!("{share:.3}")]);
    }
    print::table(&[report.bench, "figure"], &rows);
    if let Some(flow) = &report.flow {
        show(flow);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lag_is_told_by_its_ranks() {
        let lag = Lag::of((1..=100).rev().map(|ms| ms * 1000).collect()).unwrap();
        assert_eq!((lag.p50, lag.p99, lag.max), (50.0, 99.0, 100.0));
        assert!(Lag::of(Vec::new()).is_none());
    }
}
