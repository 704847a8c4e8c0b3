//! A city's own judgement of duplicates, learned from what people said about pairs.

use anyhow::Context as _;
use serde::Serialize;
use suban_dedup::{
    learning::{Figures, LIKENESS, read, taught},
    tables::answers::{Answered, answered},
};
use suban_domain::{At, TicketId, VersionCode};
use suban_likeness::{
    Tongue,
    learned::{Answer, Learned, WANTED, learn as learn_from},
};
use suban_service::Catalogues;
use suban_store::{Store, versions};

use super::{challenge, challenger, enforce, refusal};
use crate::{args::Published, print};

/// Kind of the versions that nothing is judged by yet.
pub(super) const CHALLENGER: &str = "likeness-challenger";
/// Answers read in one go.
const PAGE: u32 = 2000;
/// Newest answers that are learned from, at most.
const MOST: usize = 200_000;
/// Answers without which there is nothing to learn.
const FEWEST: usize = 50;

/// A challenger and what is known of it.
#[derive(Debug, Serialize)]
pub(super) struct Taught {
    version: String,
    #[serde(flatten)]
    figures: Figures,
    /// By category: from which probability on no person is needed, of how many answers that were all predicted unseen.
    merges: Vec<Merges>,
}

#[derive(Debug, Serialize)]
struct Merges {
    category: String,
    probability: f32,
    right: usize,
    n: usize,
    bound: f64,
    pooled: Option<String>,
}

/// Learns a challenger.
pub(super) async fn learn(store: &Store, why: &Published) -> anyhow::Result<Taught> {
    let said = answers(store, None).await?;
    anyhow::ensure!(
        said.len() >= FEWEST,
        "only {} questions have been answered, and {FEWEST} are wanted: let reviewers answer what is suggested",
        said.len()
    );
    let prior = in_force(store).await?;
    let until = said.iter().map(|(_, at)| *at).max().unwrap_or_else(|| store.clock().now());
    let answers: Vec<Answer> = said.into_iter().map(|(answer, _)| answer).collect();
    let learned = learn_from(&prior, &answers, WANTED);
    let figures = Figures {
        answers: answers.len(),
        right: answers.iter().filter(|answer| answer.right).count(),
        until,
        automatic: learned.automatic.len(),
    };
    let file = serde_json::to_vec(&learned)?;
    let reason = "learned from what reviewers said";
    let version = challenge(store, (CHALLENGER, LIKENESS), &file, &figures, why, reason).await?;
    let merges = learned.automatic.into_iter().map(|(category, of)| Merges {
        category,
        probability: of.threshold.probability,
        right: of.threshold.right,
        n: of.threshold.n,
        bound: of.threshold.bound,
        pooled: of.pooled,
    });
    Ok(Taught { version: version.to_string(), figures, merges: merges.collect() })
}

/// What is judged by now: the version in force, or what ships.
async fn in_force(store: &Store) -> anyhow::Result<Learned> {
    match versions::name_in_force(store.pool(), LIKENESS, store.clock().now()).await? {
        Some(version) => match taught(store, &version).await? {
            Ok((learned, _)) => Ok(learned),
            Err(problem) => anyhow::bail!("{version}, which is in force, cannot be used: {problem}"),
        },
        None => Ok(Learned::shipped()?),
    }
}

/// What people said about pairs after an instant, the newest [`MOST`], each with when.
async fn answers(store: &Store, after: Option<At>) -> anyhow::Result<Vec<(Answer, At)>> {
    let in_force = Catalogues::once(store).await?;
    let catalogue = in_force.as_ref().map(|f| &f.catalogue);
    let mut all = Vec::new();
    let mut last = None;
    while all.len() < MOST {
        let page = answered(store.pool(), last, PAGE).await?;
        let Some(end) = page.last() else { break };
        last = Some((end.asked.ticket, end.asked.suggested.head));
        let ids: Vec<TicketId> = page.iter().map(|one| one.asked.ticket).collect();
        let words = store.said(&ids).await?;
        for one in page.into_iter().filter(|one| after.is_none_or(|after| one.said_at > after)) {
            let Answered { asked, right, said_at } = one;
            let row = asked.matter.as_ref().and_then(|matter| catalogue?.matter(matter));
            let answer = Answer {
                features: asked.suggested.features,
                right,
                tongue: Tongue::of(words.get(&asked.ticket).map(String::as_str)),
                category: row.map_or_else(String::new, |row| row.code.to_string()),
                above: row.map_or_else(String::new, |row| format!("{}/{}", row.level1, row.level2)),
                group: asked.suggested.head.uuid().as_u128(),
            };
            all.push((answer, said_at));
        }
    }
    Ok(all)
}

/// How two judgements stood on the same answers.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Comparison {
    tried_on: usize,
    /// Mean surprise of an answer, in nats: the less the better.
    running: f64,
    challenger: f64,
    in_force: Option<VersionCode>,
    /// Why it was not promoted.
    pub(super) refused: Option<String>,
}

/// Puts a challenger in force if it is not worse on what was said since it was learned.
pub(super) async fn promote(
    store: &Store,
    version: &VersionCode,
    anyway: bool,
    why: &Published,
) -> anyhow::Result<Comparison> {
    let body = challenger(store, CHALLENGER, version).await?;
    let (learned, figures) = read(&store.model(&body).await?, body.clone())
        .map_err(anyhow::Error::msg)
        .with_context(|| format!("{version} cannot be used"))?;
    let said = answers(store, Some(figures.until)).await?;
    let running = in_force(store).await?;
    let (of_running, of_challenger) = (surprise(&running, &said), surprise(&learned, &said));
    let mut found = Comparison {
        tried_on: said.len(),
        running: of_running,
        challenger: of_challenger,
        in_force: None,
        refused: refusal(said.len(), "answers", of_challenger > of_running).filter(|_| !anyway),
    };
    if found.refused.is_none() {
        let what = || format!("not worse on {} answers: {of_challenger:.4} to {of_running:.4}", said.len());
        found.in_force = Some(enforce(store, LIKENESS, version, &body, why, what).await?);
    }
    Ok(found)
}

/// Mean surprise at what people said.
fn surprise(of: &Learned, said: &[(Answer, At)]) -> f64 {
    let each = said.iter().map(|(answer, _)| {
        let model = of.model(answer.tongue);
        let yes = f64::from(model.probability(model.score(&answer.features)));
        -(if answer.right { yes } else { 1.0 - yes }).max(1e-9).ln()
    });
    each.sum::<f64>() / (said.len().max(1) as f64)
}

pub(super) fn tell(learned: &Taught) {
    print::table(
        &["figure", "value"],
        &[
            vec!["version".to_owned(), learned.version.clone()],
            vec!["answers".to_owned(), learned.figures.answers.to_string()],
            vec!["of them yes".to_owned(), learned.figures.right.to_string()],
            vec![format!("matters that merge without a person (for {WANTED})"), learned.merges.len().to_string()],
        ],
    );
    let rows: Vec<Vec<String>> = learned
        .merges
        .iter()
        .map(|of| {
            vec![
                of.category.clone(),
                format!("{:.3}", of.probability),
                format!("{}/{}", of.right, of.n),
                format!("{:.3}", of.bound),
                of.pooled.clone().unwrap_or_default(),
            ]
        })
        .collect();
    if !rows.is_empty() {
        print::table(&["matter", "from", "right", "at least", "together with"], &rows);
    }
    print::out(&format!("nothing is judged by it yet; `suban learn promote {}` tries it", learned.version));
}

pub(super) fn show(found: &Comparison) {
    print::table(
        &["on answers given since", "mean surprise"],
        &[
            vec!["in force".to_owned(), format!("{:.4}", found.running)],
            vec!["challenger".to_owned(), format!("{:.4}", found.challenger)],
        ],
    );
    if let Some(version) = &found.in_force {
        print::out(&format!("in force: {version}"));
    }
}
