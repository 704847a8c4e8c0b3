//! Why a ticket went where it went, or where it would go now and why; in words, Chinese and English.

use serde::Serialize;
use suban_domain::{Actor, Fact, Ticket, Tier, UnitCode};
use suban_store::StoreError;

use crate::{
    Desk, consumer,
    decide::{self, Candidate, Decision, Known},
    tables,
};

/// An explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// How it was or would be decided.
    pub tier: Tier,
    /// It was dispatched already; otherwise this is what would happen.
    pub dispatched: bool,
    /// In one sentence, in Chinese.
    pub because_zh: String,
    /// In one sentence, in English.
    pub because_en: String,
    /// Best first; for an automatic dispatch the first is where it went.
    pub candidates: Vec<Candidate>,
    /// Version of the catalogue used; empty when none was in force.
    pub catalogue: String,
    /// Version of the reader that set matter and area; empty when a person or the channel did.
    pub reader: String,
    /// What was learned from; empty where nothing was.
    pub learned: String,
}

/// Explains a ticket's last dispatch from what was kept with it; one that was not dispatched is decided, and stays.
///
/// # Errors
/// When Postgres is away or a row is damaged.
pub async fn explain(desk: &Desk, ticket: &Ticket) -> Result<Explained, StoreError> {
    let log = desk.app.store.log(ticket.id, 0).await?;
    let reader = ticket.read_by.as_ref().map(ToString::to_string).unwrap_or_default();
    let sent = log.iter().rev().find_map(|event| {
        if let Fact::Dispatched { lead, tier, catalogue, rule, .. } = &event.event.fact {
            return Some((event, lead, *tier, catalogue, rule.as_ref()));
        }
        if let Fact::Ruled { lead, catalogue, rule, .. } = &event.event.fact {
            return Some((event, lead, Tier::Manual, catalogue, rule.as_ref()));
        }
        None
    });
    let Some((event, lead, tier, catalogue, rule)) = sent else {
        return would(desk, ticket, reader).await;
    };
    if let Some(kept) = tables::reasons(desk.app.store.pool(), ticket.id, event.version).await? {
        let (because_zh, because_en) = decide::because_of(&kept.candidates);
        return Ok(Explained {
            tier,
            dispatched: true,
            because_zh,
            because_en,
            candidates: kept.candidates,
            catalogue: kept.catalogue,
            reader: kept.reader.unwrap_or_default(),
            learned: kept.learned.unwrap_or_default(),
        });
    }
    let chosen = chosen(desk, &event.by, lead, rule.map(ToString::to_string).unwrap_or_default());
    Ok(Explained {
        tier,
        dispatched: true,
        because_zh: chosen.because_zh.clone(),
        because_en: chosen.because_en.clone(),
        candidates: vec![chosen],
        catalogue: catalogue.to_string(),
        reader,
        learned: String::new(),
    })
}

/// A person decided.
fn chosen(desk: &Desk, by: &Actor, lead: &UnitCode, rule: String) -> Candidate {
    let in_force = desk.app.catalogues.now();
    let unit = in_force.as_ref().and_then(|f| f.catalogue.unit(lead));
    let name = unit.map_or_else(|| lead.to_string(), |unit| unit.name.clone());
    let (person, role) = (&by.person, by.role);
    Candidate {
        unit: lead.clone(),
        rule,
        permille: None,
        because_zh: format!("由{person}({})决定派往{name}", role.zh()),
        because_en: format!("{person} ({role}) decided to send it to {lead} ({name})"),
        name,
    }
}

/// What would be decided now.
async fn would(desk: &Desk, ticket: &Ticket, reader: String) -> Result<Explained, StoreError> {
    let app = &desk.app;
    let in_force = app.catalogues.now();
    let words = consumer::words(app, in_force.as_deref(), [ticket]).await?;
    let experience = desk.learned.now();
    let known = consumer::known(app, in_force.as_deref(), words.get(&ticket.id), &experience);
    let learned = experience.learned().version().unwrap_or_default();
    Ok(as_decided(ticket, &known, reader, learned))
}

/// What is decided of this ticket by what is known, in words.
pub(crate) fn as_decided(ticket: &Ticket, known: &Known<'_>, reader: String, learned: String) -> Explained {
    let catalogue = known.in_force.map(|(version, _)| version.to_string()).unwrap_or_default();
    let (tier, because_zh, because_en, candidates) = match decide::decide(ticket, known) {
        Decision::Send(send) => {
            let (zh, en) = decide::because_of(&send.candidates);
            (Tier::Auto, zh, en, send.candidates)
        }
        Decision::Person(wait) => {
            let tier = if wait.candidates.is_empty() { Tier::Manual } else { Tier::Assisted };
            (tier, wait.because_zh, wait.because_en, wait.candidates)
        }
    };
    Explained { tier, dispatched: false, because_zh, because_en, candidates, catalogue, reader, learned }
}
