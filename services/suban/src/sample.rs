//! `suban sample`: files of a unit's closed tickets, drawn by chance, for an inspection (D§14).
//!
//! Every ticket of the population gets the SHA-256 of the seed and its id; the lowest are drawn. That is uniform and
//! without replacement, the order in which tickets are found does not matter, and whoever has the seed and the ids can
//! draw again. The population is what the figures count as the unit's closed tickets of the period, by the time of
//! receipt. Tickets that the inspector may not see (R-SEC-9), or that were opened again since they were counted, are
//! passed over and counted.

use std::{path::Path, process::ExitCode, str::FromStr, time::Instant};

use anyhow::Context as _;
use jiff::civil::Date;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use suban_dispatch::file::decisions;
use suban_domain::{At, State, Ticket, TicketId, UnitCode};
use suban_runtime::Settings;
use suban_scoring::tables::closed_by;
use suban_service::{
    clocks::local,
    file::{CaseFile, Named, gather, html, may_have},
};
use suban_store::Store;

use crate::{args::Sample, demo::open_store, print, ticket::file::write_private};

/// Days, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Period {
    from: Date,
    to: Date,
}

impl FromStr for Period {
    type Err = String;

    fn from_str(said: &str) -> Result<Self, Self::Err> {
        let wanted = || format!("{said:?} is no month such as 2026-10 and no days such as 2026-10-01..2026-10-15");
        let (from, to) = match said.split_once("..") {
            Some((from, to)) => (from.parse().map_err(|_| wanted())?, to.parse().map_err(|_| wanted())?),
            None => {
                let first: Date = format!("{said}-01").parse().map_err(|_| wanted())?;
                (first, first.last_of_month())
            }
        };
        if from > to { Err(format!("{said:?} ends before it begins")) } else { Ok(Self { from, to }) }
    }
}

/// What `sample.json` says: enough to draw again.
#[derive(Debug, Serialize)]
struct Drawn {
    unit: UnitCode,
    from: Date,
    to: Date,
    seed: String,
    method: &'static str,
    /// Closed tickets of the unit and period.
    population: usize,
    /// SHA-256 of their ids, in order, each with a line feed.
    population_sha256: String,
    asked: u16,
    drawn: usize,
    /// Drawn, but the inspector may not see them or they were opened again.
    passed_over: usize,
    at: String,
    by: String,
    role: &'static str,
    files: Vec<File>,
}

/// One file, in the order drawn.
#[derive(Debug, Serialize)]
struct File {
    number: String,
    ticket_id: String,
    file: String,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    drawn: &'a Drawn,
    seconds: f64,
}

const METHOD: &str =
    "uniform without replacement: ascending SHA-256 of '<seed>:<ticket id>', the first that may be shown";

/// `suban sample`.
pub(crate) async fn command(settings: &Settings, how: &Sample) -> anyhow::Result<ExitCode> {
    let began = Instant::now();
    make_empty(&how.out)?;
    let store = open_store(settings).await?;
    let drawn = draw_files(&store, how).await?;
    let seconds = began.elapsed().as_secs_f64();
    if how.json {
        print::json(&Report { drawn: &drawn, seconds })?;
    } else {
        let Drawn { drawn, population, passed_over, .. } = drawn;
        print::out(&format!(
            "{drawn} of {population} closed tickets of {} in {}, {passed_over} passed over; {seconds:.1} s",
            how.unit,
            how.out.join("index.html").display()
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// A folder of its own, so that nobody takes an older sample's files for this one's.
fn make_empty(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    anyhow::ensure!(entries.next().is_none(), "{} is not empty; name another folder", folder.display());
    Ok(())
}

async fn draw_files(store: &Store, how: &Sample) -> anyhow::Result<Drawn> {
    let Period { from, to } = how.period;
    let midnight = |day: Date| anyhow::Ok(At::from(store.zone().to_timestamp(day.at(0, 0, 0, 0))?));
    let population = closed_by(store.pool(), &how.unit, midnight(from)?, midnight(to.tomorrow()?)?).await?;
    anyhow::ensure!(
        !population.is_empty(),
        "{} closed no ticket that was received from {from} to {to}; units: suban catalogue list, figures: the live page",
        how.unit
    );
    let caller = how.viewer.caller();
    let mut tickets: Vec<Ticket> = Vec::new();
    let mut passed_over = 0;
    let wanted = usize::from(how.n);
    let ranked = ranked(&how.seed, &population);
    let mut rest = ranked.as_slice();
    while tickets.len() < wanted && !rest.is_empty() {
        let (next, after) = rest.split_at(rest.len().min(wanted - tickets.len()));
        rest = after;
        let mut loaded = store.load(next).await?;
        for ticket in next.iter().filter_map(|id| loaded.remove(id)) {
            let closed = matches!(ticket.state, State::Closed | State::Archived);
            if closed && may_have(&caller, &ticket).is_ok() {
                tickets.push(ticket);
            } else {
                passed_over += 1;
            }
        }
    }
    anyhow::ensure!(!tickets.is_empty(), "none of the {passed_over} tickets may be shown to {}", caller.actor.role);
    let ids: Vec<TicketId> = tickets.iter().map(|t| t.id).collect();
    let why = format!("{}: sample of {} {from} to {to}, seed {}", how.viewer.why(), how.unit, how.seed);
    let files = gather(store, &caller, &tickets, &why, &decisions(store, &ids).await?).await?;
    let named: Vec<(String, &CaseFile)> =
        files.iter().zip(1..).map(|(file, n)| (file_name(n, &file.number), file)).collect();
    for (name, file) in &named {
        write_private(&how.out.join(name), &html::page(file))?;
    }
    let drawn = Drawn {
        unit: how.unit.clone(),
        from,
        to,
        seed: how.seed.clone(),
        method: METHOD,
        population: population.len(),
        population_sha256: fingerprint(&population),
        asked: how.n,
        drawn: files.len(),
        passed_over,
        at: local(store.zone(), store.clock().now()),
        by: caller.actor.person.to_string(),
        role: caller.actor.role.code(),
        files: named
            .iter()
            .map(|(name, f)| File { number: f.number.clone(), ticket_id: f.ticket_id.clone(), file: name.clone() })
            .collect(),
    };
    let index = html::index(&html::Index { about: &about(&drawn), files: &named });
    write_private(&how.out.join("index.html"), &index)?;
    write_private(&how.out.join("sample.json"), &serde_json::to_string_pretty(&drawn)?)?;
    Ok(drawn)
}

/// Every ticket in the order in which it would be drawn.
fn ranked(seed: &str, population: &[TicketId]) -> Vec<TicketId> {
    let mut ranked: Vec<([u8; 32], TicketId)> =
        population.iter().map(|id| (Sha256::digest(format!("{seed}:{id}")).into(), *id)).collect();
    ranked.sort_unstable();
    ranked.into_iter().map(|(_, id)| id).collect()
}

/// What the population was, without listing it.
fn fingerprint(population: &[TicketId]) -> String {
    let mut ids = population.to_vec();
    ids.sort_unstable();
    let mut hash = Sha256::new();
    for id in ids {
        hash.update(format!("{id}\n"));
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `001-SB2610010000012.html`; a number from elsewhere may hold what no file name should.
fn file_name(n: usize, number: &str) -> String {
    let number: String = number.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    format!("{n:03}-{number}.html")
}

fn about(drawn: &Drawn) -> Vec<(Named, String)> {
    vec![
        (Named::of("承办单位", "unit"), drawn.unit.to_string()),
        (Named::of("收单期间", "received"), format!("{} – {}", drawn.from, drawn.to)),
        (Named::of("已结工单", "population"), drawn.population.to_string()),
        (Named::of("抽取", "drawn"), format!("{} / {}", drawn.drawn, drawn.asked)),
        (Named::of("略过", "passed over"), drawn.passed_over.to_string()),
        (Named::of("随机种子", "seed"), drawn.seed.clone()),
        (Named::of("方法", "method"), drawn.method.to_owned()),
        (Named::of("总体指纹", "population SHA-256"), drawn.population_sha256.clone()),
    ]
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn ids(n: u128) -> Vec<TicketId> {
        (1..=n).map(|id| TicketId::new(uuid::Uuid::from_u128(id))).collect()
    }

    #[test]
    fn what_can_be_typed_is_sound() {
        use clap::CommandFactory as _;
        crate::args::Cli::command().debug_assert();
    }

    #[test]
    fn a_period_is_a_month_or_days() {
        let period: Period = "2026-02".parse().unwrap();
        assert_eq!((period.from, period.to), (date(2026, 2, 1), date(2026, 2, 28)));
        let period: Period = "2026-10-01..2026-10-15".parse().unwrap();
        assert_eq!((period.from, period.to), (date(2026, 10, 1), date(2026, 10, 15)));
        for wrong in ["", "2026", "2026-13", "2026-10-15..2026-10-01", "..", "2026-10-01.."] {
            assert!(wrong.parse::<Period>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_draw_depends_on_the_seed_and_the_tickets_alone() {
        let tickets = ids(200);
        let backwards: Vec<TicketId> = tickets.iter().rev().copied().collect();
        assert_eq!(ranked("7", &tickets), ranked("7", &backwards));
        assert_eq!(fingerprint(&tickets), fingerprint(&backwards));
        assert_ne!(ranked("7", &tickets), ranked("8", &tickets));
        let mut sorted = ranked("7", &tickets);
        sorted.sort_unstable();
        assert_eq!(sorted, tickets, "each once");
    }

    #[test]
    fn every_ticket_is_drawn_alike() {
        let tickets = ids(20);
        let mut drawn = [0_u32; 20];
        for seed in 0..2000 {
            for id in ranked(&seed.to_string(), &tickets).into_iter().take(5) {
                drawn[tickets.iter().position(|t| *t == id).unwrap()] += 1;
            }
        }
        // 500 expected, standard deviation 19.4.
        assert!(drawn.iter().all(|n| (420..=580).contains(n)), "{drawn:?}");
    }

    #[test]
    fn a_file_is_named_after_its_number_and_nothing_else() {
        assert_eq!(file_name(7, "SB2611270000018"), "007-SB2611270000018.html");
        assert_eq!(file_name(7, "../../x"), "007-------x.html");
    }
}
