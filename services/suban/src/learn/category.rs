//! A city's own reading of matters.

use std::{collections::HashMap, path::PathBuf};

use anyhow::{Context as _, bail};
use jiff::civil::Date;
use serde::Serialize;
use suban_domain::{MatterCode, TicketId, VersionCode};
use suban_learn::{
    CategoryModel,
    category::{Lesson, Study, Threshold},
    folds::groups,
};
use suban_service::{CATEGORY, Catalogues, Category, WANTED};
use suban_store::Store;
use suban_text::{Catalogue, Segmenter, ToRead};
use uuid::Uuid;

use super::{challenge, challenger, enforce, refusal};
use crate::{
    args::Published,
    backtest::labelled::{Said, read},
    print,
};

/// Kind of the versions that nothing reads by yet.
pub(super) const CHALLENGER: &str = "category-challenger";
/// Tickets read in one go.
const PAGE: i64 = 2000;
/// Newest accepted tickets that are learned from, at most.
const MOST: usize = 200_000;
/// Matters of which fewer are known are left to the catalogue's words.
const FEWEST: usize = 5;
/// What a matter is worth as a lesson that nobody looked at, beside one that a person did.
const SILENT: f32 = 0.5;

/// A challenger and what is known of it.
#[derive(Debug, Serialize)]
pub(super) struct Learned {
    version: String,
    messages: usize,
    matters: usize,
    /// The last day that was learned from; what came later tries it.
    until: Option<Date>,
    /// The threshold for a precision of [`WANTED`], and the share of unseen messages that it sends; none where the
    /// messages do not allow one, and then the model never decides.
    threshold: Option<f64>,
    coverage: Option<f64>,
    model_mb: f64,
}

pub(super) async fn learn(store: &Store, train: &[PathBuf], why: &Published) -> anyhow::Result<Learned> {
    let in_force =
        Catalogues::once(store).await?.context("no catalogue is in force: publish one, its matters are learned")?;
    let mut known = Vec::new();
    for path in train {
        for row in read(path)? {
            let Said::Text(text) = row.said else {
                bail!("{}: the words as they were written are needed", path.display())
            };
            known.extend(row.labels.into_iter().next().map(|label| Accepted {
                day: None,
                matter: label,
                words: text,
                silent: false,
            }));
        }
    }
    if train.is_empty() {
        known = accepted(store, None).await?;
    }
    let until = known.iter().filter_map(|accepted| accepted.day).max();
    let lessons = lessons(&in_force.catalogue, &known);
    let study = Study { precisions: vec![WANTED], ..Study::default() };
    let model = CategoryModel::learn(&lessons.iter().collect::<Vec<_>>(), &study).context(
        "too little is known to learn from; give labelled messages with --train, or wait for accepted results",
    )?;
    let file = model.save()?;
    let threshold: Option<Threshold> = model.threshold(WANTED);
    let mut learned = Learned {
        version: String::new(),
        messages: lessons.len(),
        matters: model.classes().len(),
        until,
        threshold: threshold.map(|t| t.confidence),
        coverage: threshold.map(|t| t.coverage),
        model_mb: file.len() as f64 / 1024.0 / 1024.0,
    };
    let kept = challenge(store, (CHALLENGER, CATEGORY), &file, &learned, why, "learned from accepted results").await?;
    learned.version = kept.to_string();
    Ok(learned)
}

/// A message whose matter people have accepted.
struct Accepted {
    day: Option<Date>,
    matter: String,
    words: String,
    /// Nobody looked at it: rules sent it, and its first unit kept it.
    silent: bool,
}

/// Lessons of the matters of the catalogue that are known often enough; identical words are one group.
fn lessons(catalogue: &Catalogue, known: &[Accepted]) -> Vec<Lesson> {
    let path = |code: &str| {
        let matter = catalogue.matter(&MatterCode::new(code).ok()?)?;
        Some(format!("{}/{}/{}", matter.level1, matter.level2, matter.code))
    };
    let mut often: HashMap<&str, usize> = HashMap::new();
    known.iter().for_each(|accepted| *often.entry(&accepted.matter).or_default() += 1);
    let chosen: Vec<(&Accepted, String)> = known
        .iter()
        .filter(|accepted| often.get(accepted.matter.as_str()).is_some_and(|n| *n >= FEWEST))
        .filter_map(|accepted| Some((accepted, path(&accepted.matter)?)))
        .collect();
    let group = groups(chosen.iter().map(|(accepted, _)| [suban_text::normalise(&accepted.words)]));
    let segmenter = Segmenter::default();
    chosen
        .into_iter()
        .zip(group)
        .map(|((accepted, class), group)| Lesson {
            counts: segmenter.counts(&accepted.words),
            class,
            group,
            form: 0,
            worth: if accepted.silent { SILENT } else { 1.0 },
        })
        .collect()
}

/// Accepted results after a day, the newest [`MOST`], with what was said, masked.
async fn accepted(store: &Store, after: Option<Date>) -> anyhow::Result<Vec<Accepted>> {
    let mut all = Vec::new();
    let mut last: Option<(String, Uuid)> = None;
    while all.len() < MOST {
        // Served by `outcome_day`, backwards.
        let rows: Vec<(Uuid, String, Option<String>, bool)> = sqlx::query_as(
            "select ticket_id, day::text, matter, silent from dispatch.outcome
              where day > $1::text::date and (day, ticket_id) < ($2::text::date, $3)
              order by day desc, ticket_id desc limit $4",
        )
        .bind(after.map_or_else(|| "-infinity".to_owned(), |day| day.to_string()))
        .bind(last.as_ref().map_or("infinity", |(day, _)| day))
        .bind(last.as_ref().map_or(Uuid::max(), |(_, id)| *id))
        .bind(PAGE)
        .fetch_all(store.pool())
        .await?;
        let Some((id, day, ..)) = rows.last() else { break };
        last = Some((day.clone(), *id));
        let ids: Vec<TicketId> = rows.iter().map(|(id, ..)| TicketId::new(*id)).collect();
        let mut said = store.said(&ids).await?;
        for (id, day, matter, silent) in rows {
            if let (Some(matter), Some(words)) = (matter, said.remove(&TicketId::new(id))) {
                all.push(Accepted { day: Some(day.parse()?), matter, words, silent });
            }
        }
    }
    Ok(all)
}

/// How one way of reading stood on accepted results.
#[derive(Debug, Clone, Copy, Default, Serialize)]
struct Stood {
    right: usize,
    wrong: usize,
    unknown: usize,
}

impl Stood {
    fn take(&mut self, read: Option<&MatterCode>, truth: &str) {
        match read {
            Some(matter) if matter.as_str() == truth => self.right += 1,
            Some(_) => self.wrong += 1,
            None => self.unknown += 1,
        }
    }

    /// Each right one counts, each wrong one takes one away: a person puts right what was left unknown.
    fn worth(self) -> i64 {
        self.right as i64 - self.wrong as i64
    }
}

/// Both ways of reading on the same results, and what came of it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Comparison {
    tried_on: usize,
    running: Stood,
    challenger: Stood,
    /// The version in force now, where it was promoted.
    in_force: Option<VersionCode>,
    /// Why it was not.
    pub(super) refused: Option<String>,
}

pub(super) async fn promote(
    store: &Store,
    version: &VersionCode,
    anyway: bool,
    why: &Published,
) -> anyhow::Result<Comparison> {
    let body = challenger(store, CHALLENGER, version).await?;
    let until: Option<Date> = body.figures.get("until").and_then(|day| serde_json::from_value(day.clone()).ok());
    let model = Category::new(version.to_string(), CategoryModel::load(&store.model(&body).await?)?);
    let running = Catalogues::once_learned(store).await?.context("no catalogue is in force")?;
    let challenging = running.with(model);
    let unseen = accepted(store, until).await?;
    let mut found = Comparison {
        tried_on: unseen.len(),
        running: Stood::default(),
        challenger: Stood::default(),
        in_force: None,
        refused: None,
    };
    for Accepted { matter, words, .. } in &unseen {
        let message = ToRead::words(words);
        found.running.take(running.read(&message).matter.as_ref(), matter);
        found.challenger.take(challenging.read(&message).matter.as_ref(), matter);
    }
    found.refused =
        refusal(found.tried_on, "results", found.challenger.worth() < found.running.worth()).filter(|_| !anyway);
    if found.refused.is_none() {
        let (stood, running) = (found.challenger, found.running);
        let what = || format!("not worse on {} accepted results: {stood:?} to {running:?}", found.tried_on);
        found.in_force = Some(enforce(store, CATEGORY, version, &body, why, what).await?);
    }
    Ok(found)
}

pub(super) fn tell(learned: &Learned) {
    let share = |value: Option<f64>| value.map_or_else(|| "none".to_owned(), |value| format!("{value:.3}"));
    print::table(
        &["figure", "value"],
        &[
            vec!["version".to_owned(), learned.version.clone()],
            vec!["messages".to_owned(), learned.messages.to_string()],
            vec!["matters".to_owned(), learned.matters.to_string()],
            vec![format!("decides from this chance on (for {WANTED})"), share(learned.threshold)],
            vec!["share of unseen messages that it decides".to_owned(), share(learned.coverage)],
            vec!["model, MiB".to_owned(), format!("{:.1}", learned.model_mb)],
        ],
    );
    print::out(&format!("nothing reads by it yet; `suban learn promote {}` tries it", learned.version));
}

pub(super) fn show(found: &Comparison) {
    let row = |name: &str, stood: &Stood| {
        vec![name.to_owned(), stood.right.to_string(), stood.wrong.to_string(), stood.unknown.to_string()]
    };
    print::table(
        &["on accepted results", "right", "wrong", "unknown"],
        &[row("running", &found.running), row("challenger", &found.challenger)],
    );
    if let Some(version) = &found.in_force {
        print::out(&format!("in force: {version}"));
    }
}
