//! `suban learn`: what a city's people have said, learned: its own reading of matters, its own judgement of duplicates.
//!
//! What is learned is a challenger first: nothing goes by it. It is promoted when, on what people said after it was
//! learned, it is not worse than what is in force now; the services take it up by themselves, and one command puts an
//! earlier one back.

mod category;
mod likeness;

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde::Serialize;
use suban_dedup::learning::LIKENESS;
use suban_domain::{Actor, Role, VersionCode};
use suban_runtime::Settings;
use suban_service::CATEGORY;
use suban_store::{
    ModelBody, Store,
    versions::{self, NewVersion},
};

use crate::{
    args::{LearnVerb, Published},
    demo::open_store,
    print,
};

/// Things said since it was learned on which a challenger must have stood.
const TRIED_ON: usize = 50;

/// `suban learn`.
pub(crate) async fn command(settings: &Settings, what: &LearnVerb) -> anyhow::Result<ExitCode> {
    let store = open_store(settings).await?;
    match what {
        LearnVerb::Category { train, why, json } => {
            let learned = category::learn(&store, train, why).await?;
            if *json { print::json(&learned)? } else { category::tell(&learned) }
        }
        LearnVerb::Dedup { why, json } => {
            let learned = likeness::learn(&store, why).await?;
            if *json { print::json(&learned)? } else { likeness::tell(&learned) }
        }
        LearnVerb::Promote { version, anyway, why, json } => {
            if *anyway && why.reason.is_none() {
                bail!("--anyway needs a --reason: it is kept with the version");
            }
            let refused = if is_likeness(version) {
                let done = likeness::promote(&store, version, *anyway, why).await?;
                if *json {
                    print::json(&done)?
                } else {
                    likeness::show(&done)
                }
                done.refused
            } else {
                let done = category::promote(&store, version, *anyway, why).await?;
                if *json {
                    print::json(&done)?
                } else {
                    category::show(&done)
                }
                done.refused
            };
            if let Some(refused) = refused {
                let how = "--anyway and a --reason put it in force all the same";
                print::complain(&format!("not promoted: {refused}; {how}"));
                return Ok(ExitCode::FAILURE);
            }
        }
        LearnVerb::Rollback { version, why } => {
            let reason = why.reason.as_deref().context("say why with --reason: it is kept with the version")?;
            let kind = if is_likeness(version) { LIKENESS } else { CATEGORY };
            let back = store.roll_back(&actor(why), kind, version, reason).await?;
            print::out(&format!("in force: {}", back.version));
        }
        LearnVerb::List => {
            let mut rows = Vec::new();
            for (kind, name) in [
                (CATEGORY, "in force or before"),
                (category::CHALLENGER, "challenger"),
                (LIKENESS, "in force or before"),
                (likeness::CHALLENGER, "challenger"),
            ] {
                rows.extend(versions::list(store.pool(), kind).await?.into_iter().map(|v| {
                    vec![v.version.to_string(), name.to_owned(), v.effective_at.to_string(), v.published_by, v.reason]
                }));
            }
            print::table(&["version", "what", "since", "by", "why"], &rows);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A version of a judgement of duplicates; the others are readings of matters.
fn is_likeness(version: &VersionCode) -> bool {
    version.as_str().starts_with(LIKENESS)
}

/// Why a challenger is not promoted, if it is not; `what` was said since it was learned.
fn refusal(tried_on: usize, what: &str, worse: bool) -> Option<String> {
    if tried_on < TRIED_ON {
        return Some(format!("only {tried_on} {what} came since it was learned, and {TRIED_ON} are wanted"));
    }
    worse.then(|| "it is worse than what is in force now".to_owned())
}

/// Keeps a file as a challenger of this kind; answers its version, named after what is in it.
async fn challenge(
    store: &Store,
    (kind, name): (&str, &str),
    file: &[u8],
    figures: &impl Serialize,
    why: &Published,
    reason: &str,
) -> anyhow::Result<VersionCode> {
    let sum = store.keep_model(file).await?.to_string();
    let version = VersionCode::new(format!("{name}:{}", sum.get(..8).unwrap_or(&sum)))?;
    if versions::get(store.pool(), kind, &version).await?.is_none() {
        let body = ModelBody { file: sum, figures: serde_json::to_value(figures)? };
        let new = NewVersion {
            kind,
            version: &version,
            effective_at: store.clock().now(),
            reason: why.reason.as_deref().unwrap_or(reason),
            body: &serde_json::to_value(&body)?,
        };
        store.publish(&actor(why), &new).await?;
    }
    Ok(version)
}

/// A challenger's body.
async fn challenger(store: &Store, kind: &str, version: &VersionCode) -> anyhow::Result<ModelBody> {
    let body = versions::get(store.pool(), kind, version)
        .await?
        .with_context(|| format!("{version} is no challenger; `suban learn list` shows them"))?;
    Ok(serde_json::from_value(body)?)
}

/// Puts a challenger in force, for the first time or again.
async fn enforce(
    store: &Store,
    kind: &str,
    version: &VersionCode,
    body: &ModelBody,
    why: &Published,
    reason: impl FnOnce() -> String,
) -> anyhow::Result<VersionCode> {
    let reason = why.reason.clone().unwrap_or_else(reason);
    if versions::get(store.pool(), kind, version).await?.is_some() {
        return Ok(store.roll_back(&actor(why), kind, version, &reason).await?.version);
    }
    let body = serde_json::to_value(body)?;
    let new = NewVersion { kind, version, effective_at: store.clock().now(), reason: &reason, body: &body };
    store.publish(&actor(why), &new).await?;
    Ok(version.clone())
}

fn actor(why: &Published) -> Actor {
    Actor { role: Role::SysAdmin, person: why.by.clone(), unit: None, area: None }
}
