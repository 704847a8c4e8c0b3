//! The catalogue's door: what a keeper hands in is checked whole, then published as a version.

use suban_domain::VersionCode;
use suban_proto::{edge, v1};
use suban_runtime::{
    access::{Caller, policy},
    errors,
};
use suban_service::{CATALOGUE, request_id, status, view};
use suban_store::versions::{self, NewVersion};
use suban_text::{Catalogue, Tables, catalogue::Problem};
use tonic::Status;

use crate::{api::Api, tables};

/// The files of a catalogue.
const FILES: [&str; 4] = ["areas.csv", "units.csv", "matters.csv", "rules.csv"];
/// Bytes of all files together, at most.
const LARGEST: usize = 16 << 20;
/// Problems and changes in one answer, at most: who has more begins with these.
const MOST_PROBLEMS: usize = 200;
const MOST_CHANGES: usize = 1000;
/// Characters of a reason.
const LONGEST_REASON: usize = 500;

impl Api {
    /// Checks, and unless it is a dry run publishes.
    pub(crate) async fn publish(
        &self,
        caller: &Caller,
        ask: v1::PublishCatalogueRequest,
    ) -> Result<v1::PublishCatalogueReply, Status> {
        policy::may_administer(caller, policy::Administration::Catalogue)?;
        request_id(&ask.request_id)?;
        let from = edge::at_given(ask.effective_from).map_err(|e| errors::invalid("effective_from", e))?;
        let reason = reason(&ask.reason)?;
        let catalogue = match handed_in(ask.files)? {
            Ok(catalogue) => catalogue,
            Err(problems) => return Ok(v1::PublishCatalogueReply { problems, ..Default::default() }),
        };
        let version = catalogue.version(&ask.name).map_err(|e| errors::invalid("name", e))?;
        let store = &self.app.store;
        let repeated = versions::get(store.pool(), CATALOGUE, &version).await.map_err(|e| status(&e))?.is_some();
        if !ask.dry_run && !repeated {
            let body = serde_json::to_value(&catalogue).map_err(|e| errors::internal(&e))?;
            let new = NewVersion {
                kind: CATALOGUE,
                version: &version,
                effective_at: from.unwrap_or_else(|| self.app.clock().now()),
                reason: if reason.is_empty() { "published" } else { reason },
                body: &body,
            };
            store.publish(&caller.actor, &new).await.map_err(|e| status(&e))?;
            self.app.catalogues.refresh().await.map_err(|e| status(&e))?;
        }
        Ok(v1::PublishCatalogueReply {
            version: if ask.dry_run { String::new() } else { version.to_string() },
            problems: Vec::new(),
            areas: count(catalogue.areas().len()),
            units: count(catalogue.units().len()),
            matters: count(catalogue.matters().len()),
            repeated,
        })
    }

    /// Published versions, newest first.
    pub(crate) async fn published(&self) -> Result<v1::ListCataloguesReply, Status> {
        let pool = self.app.store.pool();
        let current = self.app.catalogues.now().map(|f| f.version.clone());
        let listed = versions::list(pool, CATALOGUE).await.map_err(|e| status(&e))?;
        let sizes = tables::sizes(pool, CATALOGUE).await.map_err(|e| status(&e))?;
        let versions = listed
            .into_iter()
            .map(|v| {
                let size = sizes.iter().find(|(name, ..)| name == v.version.as_str());
                let (areas, units, matters) = size.map_or((0, 0, 0), |(_, a, u, m)| (*a, *u, *m));
                let rows = |n: i32| u32::try_from(n).unwrap_or(0);
                v1::CatalogueVersion {
                    current: current.as_ref() == Some(&v.version),
                    version: v.version.to_string(),
                    effective_from: Some(view::timestamp(v.effective_at)),
                    published_at: Some(view::timestamp(v.published_at)),
                    by: v.published_by,
                    reason: v.reason,
                    areas: rows(areas),
                    units: rows(units),
                    matters: rows(matters),
                }
            })
            .collect();
        Ok(v1::ListCataloguesReply { versions })
    }

    /// What one catalogue changes against another.
    pub(crate) async fn compare(
        &self,
        caller: &Caller,
        ask: v1::DiffCatalogueRequest,
    ) -> Result<v1::DiffCatalogueReply, Status> {
        policy::may_administer(caller, policy::Administration::Catalogue)?;
        let old = if ask.old.is_empty() {
            let in_force = self.app.catalogues.now();
            let in_force = in_force.ok_or_else(|| errors::invalid("old", "is empty, and no catalogue is in force"))?;
            in_force.catalogue.clone()
        } else {
            self.version("old", &ask.old).await?
        };
        let new = match (ask.new.as_str(), ask.files.is_empty()) {
            ("", false) => match handed_in(ask.files)? {
                Ok(catalogue) => catalogue,
                Err(problems) => return Ok(v1::DiffCatalogueReply { problems, ..Default::default() }),
            },
            ("", true) => return Err(errors::invalid("new", "is empty; name a version, or send files")),
            (_, false) => return Err(errors::invalid("files", "stand beside `new`; send one of them")),
            (version, true) => self.version("new", version).await?,
        };
        let diff = Catalogue::diff(&old, &new);
        let rows = diff.rows.iter().map(|row| v1::CatalogueChange {
            text_zh: row.in_chinese(),
            text_en: row.in_english(),
            file: row.table.to_string(),
            matter: String::new(),
        });
        let leads = diff.leads.iter().map(|lead| v1::CatalogueChange {
            text_zh: lead.in_chinese(),
            text_en: lead.in_english(),
            file: String::new(),
            matter: lead.matter.to_string(),
        });
        Ok(v1::DiffCatalogueReply {
            problems: Vec::new(),
            changes: rows.chain(leads).take(MOST_CHANGES).collect(),
            total: count(diff.rows.len() + diff.leads.len()),
        })
    }

    /// Puts an earlier version in force again.
    pub(crate) async fn roll_back(
        &self,
        caller: &Caller,
        ask: v1::RollBackCatalogueRequest,
    ) -> Result<v1::RollBackCatalogueReply, Status> {
        policy::may_administer(caller, policy::Administration::Catalogue)?;
        request_id(&ask.request_id)?;
        let reason = reason(&ask.reason)?;
        if reason.is_empty() {
            return Err(errors::invalid("reason", "is empty; say why, it is kept with the version"));
        }
        let to = VersionCode::new(ask.version).map_err(|e| errors::invalid("version", e))?;
        let back = self.app.store.roll_back(&caller.actor, CATALOGUE, &to, reason).await.map_err(|e| status(&e))?;
        self.app.catalogues.refresh().await.map_err(|e| status(&e))?;
        Ok(v1::RollBackCatalogueReply { version: back.version.to_string(), repeated: back.repeated })
    }

    async fn version(&self, field: &'static str, name: &str) -> Result<Catalogue, Status> {
        let version = VersionCode::new(name).map_err(|e| errors::invalid(field, e))?;
        let body = versions::get(self.app.store.pool(), CATALOGUE, &version).await.map_err(|e| status(&e))?;
        let body = body.ok_or_else(|| errors::not_found("catalogue", &version))?;
        serde_json::from_value(body).map_err(|e| errors::internal(&e))
    }
}

/// A reason of a bearable length.
fn reason(given: &str) -> Result<&str, Status> {
    let given = given.trim();
    if given.chars().count() > LONGEST_REASON {
        return Err(errors::invalid("reason", format!("is longer than {LONGEST_REASON} characters")));
    }
    Ok(given)
}

/// What was handed in, checked: the catalogue, or everything that is wrong with it.
fn handed_in(given: Vec<v1::CatalogueFile>) -> Result<Result<Catalogue, Vec<v1::CatalogueProblem>>, Status> {
    if given.iter().map(|f| f.csv.len()).sum::<usize>() > LARGEST {
        return Err(errors::invalid("files", "are larger than 16 MiB together"));
    }
    let checked = match given.as_slice() {
        [book] if book.name.ends_with(".xlsx") => Catalogue::parse_workbook(&book.csv),
        _ => {
            let [areas, units, matters, rules] = files(given)?;
            Catalogue::parse(&Tables { areas: &areas, units: &units, matters: &matters, rules: &rules })
        }
    };
    Ok(checked.map_err(|problems| problems.0.into_iter().take(MOST_PROBLEMS).map(problem).collect()))
}

/// The four files in their order, each once; `areas` stands for `areas.csv`.
fn files(given: Vec<v1::CatalogueFile>) -> Result<[String; 4], Status> {
    let mut files: [Option<String>; 4] = Default::default();
    for file in given {
        let named = FILES.iter().position(|n| *n == file.name || n.strip_suffix(".csv") == Some(&*file.name));
        let slot = named
            .and_then(|i| files.get_mut(i))
            .ok_or_else(|| errors::invalid("files", format!("are named {}; one has another name", FILES.join(", "))))?;
        if slot.is_some() {
            return Err(errors::invalid("files", format!("hold {} twice", file.name)));
        }
        let text = String::from_utf8(file.csv).map_err(|_| {
            errors::invalid(&*file.name, "is no UTF-8; save it as UTF-8 (what another coding means is not guessed)")
        })?;
        *slot = Some(text);
    }
    if files.iter().all(Option::is_none) {
        return Err(errors::invalid("files", format!("are missing; send {}", FILES.join(", "))));
    }
    Ok(files.map(Option::unwrap_or_default))
}

fn problem(found: Problem) -> v1::CatalogueProblem {
    v1::CatalogueProblem {
        file: found.file.to_string(),
        row: found.row,
        column: found.column,
        text: found.text,
        letter: found.letter.unwrap_or_default(),
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
