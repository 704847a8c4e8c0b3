//! `suban catalogue`: check, compare, publish, roll back and list responsibility catalogues.
//!
//! A catalogue is handed in as a folder with its four tables, as those files one by one, or as one workbook. Checking
//! needs no server; everything that is published says who did it and why.

mod convert;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use suban_domain::{Actor, At, PersonCode, Role, VersionCode};
use suban_runtime::Settings;
use suban_store::{
    Store,
    versions::{self, NewVersion},
};
use suban_text::{Catalogue, Tables, catalogue::Table};

use crate::{
    args::{CatalogueVerb, Published},
    demo::open_store,
    print,
};

/// Why, where nobody says.
const BY_HAND: &str = "published by hand";

/// `suban catalogue`.
pub(crate) async fn command(settings: &Settings, what: &CatalogueVerb) -> anyhow::Result<ExitCode> {
    match what {
        CatalogueVerb::Check { files } => return check(files),
        CatalogueVerb::Convert { map, data, out } => return convert::command(map, data, out),
        CatalogueVerb::Diff { old, new, json } => {
            let diff = Catalogue::diff(&handed_in(settings, old).await?, &handed_in(settings, new).await?);
            if *json {
                print::json(&diff)?;
            } else if diff.is_empty() {
                print::out("无变化 nothing changes");
            } else {
                let lines = diff.in_chinese().into_iter().zip(diff.in_english());
                lines.for_each(|(zh, en)| print::out(&format!("{zh}\n    {en}")));
            }
        }
        CatalogueVerb::Publish { folder, name, from, why } => {
            let store = open_store(settings).await?;
            let from = from.as_deref().map(instant).transpose()?;
            let catalogue = read(std::slice::from_ref(folder))?;
            let version = publish(&store, &catalogue, name, from, why).await?;
            let in_force = versions::name_in_force(store.pool(), suban_service::CATALOGUE, store.clock().now()).await?;
            if in_force.as_ref() == Some(&version) {
                print::out(&format!("in force: {version}"));
            } else {
                let now = in_force.map(|v| v.to_string()).unwrap_or_default();
                print::out(&format!(
                    "published: {version}, in force is {now}; if it was in force before, \
                     `suban catalogue rollback {version}` puts it in force again"
                ));
            }
        }
        CatalogueVerb::Rollback { version, why } => {
            let store = open_store(settings).await?;
            let reason = why.reason.as_deref().context("say why with --reason: it is kept with the version")?;
            let back = store.roll_back(&actor(why)?, suban_service::CATALOGUE, version, reason).await?;
            print::out(&format!("in force: {}", back.version));
        }
        CatalogueVerb::List => {
            let store = open_store(settings).await?;
            let rows = versions::list(store.pool(), suban_service::CATALOGUE)
                .await?
                .into_iter()
                .map(|v| vec![v.version.to_string(), v.effective_at.to_string(), v.published_by.to_string(), v.reason])
                .collect::<Vec<_>>();
            print::table(&["version", "effective", "by", "why"], &rows);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints what is in a catalogue, or everything that is wrong with it.
fn check(files: &[PathBuf]) -> anyhow::Result<ExitCode> {
    let tables = files.iter().all(|f| has_extension(f, "csv"));
    let whole: Vec<&[PathBuf]> = if tables { vec![files] } else { files.chunks(1).collect() };
    let mut all_good = true;
    for files in whole {
        let named = files.iter().map(|f| f.display().to_string()).collect::<Vec<_>>().join(", ");
        match read(files) {
            Ok(c) => {
                let sizes = [c.areas().len(), c.units().len(), c.matters().len(), c.rules().len()];
                let [areas, units, matters, rules] = sizes;
                print::out(&format!(
                    "{named}: 无问题 no problems; {areas} areas, {units} units, {matters} matters, {rules} rules"
                ));
            }
            Err(error) => {
                all_good = false;
                print::out(&format!("{named}: {error:#}"));
            }
        }
    }
    Ok(if all_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A catalogue by its path, or by the name of its published version.
async fn handed_in(settings: &Settings, named: &str) -> anyhow::Result<Catalogue> {
    let path = PathBuf::from(named);
    if path.exists() {
        return read(&[path]);
    }
    let version = VersionCode::new(named).with_context(|| format!("{named} is no file, no folder and no version"))?;
    let store = open_store(settings).await?;
    let body = versions::get(store.pool(), suban_service::CATALOGUE, &version)
        .await?
        .with_context(|| format!("{named} is no file and no published version; `suban catalogue list` shows them"))?;
    Ok(serde_json::from_value(body)?)
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case(extension))
}

/// Reads a catalogue: a workbook, a folder, or the tables one by one.
pub(crate) fn read(files: &[PathBuf]) -> anyhow::Result<Catalogue> {
    if let [workbook] = files
        && has_extension(workbook, "xlsx")
    {
        let bytes = std::fs::read(workbook).with_context(|| format!("cannot read {}", workbook.display()))?;
        return Ok(Catalogue::parse_workbook(&bytes)?);
    }
    let paths: Vec<PathBuf> = match files {
        [folder] if folder.is_dir() => Table::ALL.iter().map(|t| folder.join(t.to_string())).collect(),
        files => files.to_vec(),
    };
    let text = |table: Table| -> anyhow::Result<String> {
        let path = paths.iter().find(|p| p.file_name().is_some_and(|name| *name == *table.to_string()));
        match path {
            Some(path) => utf8(path),
            // Without rules every matter is led by its own row.
            None if table == Table::Rules => Ok(String::new()),
            None => bail!("{table} is missing; give a folder, its four tables, or one .xlsx workbook"),
        }
    };
    let (areas, units) = (text(Table::Areas)?, text(Table::Units)?);
    let (matters, rules) = (text(Table::Matters)?, text(Table::Rules)?);
    Ok(Catalogue::parse(&Tables { areas: &areas, units: &units, matters: &matters, rules: &rules })?)
}

fn utf8(path: &Path) -> anyhow::Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    String::from_utf8(bytes).map_err(|e| {
        let valid = e.as_bytes().get(..e.utf8_error().valid_up_to()).unwrap_or_default();
        let row = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
        anyhow::anyhow!("{}:{row}: is not UTF-8; save the table as UTF-8 (iconv -f gbk -t utf-8)", path.display())
    })
}

pub(crate) fn actor(why: &Published) -> anyhow::Result<Actor> {
    Ok(Actor { role: Role::SysAdmin, person: why.by.clone(), unit: None, area: None })
}

pub(crate) fn instant(text: &str) -> anyhow::Result<At> {
    let at: jiff::Timestamp =
        text.parse().with_context(|| format!("--from {text}: must be an instant like 2027-01-01T00:00:00+08:00"))?;
    Ok(At::from(at))
}

/// Publishes a catalogue, unless this very content is there already.
pub(crate) async fn publish(
    store: &Store,
    catalogue: &Catalogue,
    name: &str,
    from: Option<At>,
    why: &Published,
) -> anyhow::Result<VersionCode> {
    let version = catalogue.version(name)?;
    if versions::get(store.pool(), suban_service::CATALOGUE, &version).await?.is_none() {
        let new = NewVersion {
            kind: suban_service::CATALOGUE,
            version: &version,
            effective_at: from.unwrap_or_else(|| store.clock().now()),
            reason: why.reason.as_deref().unwrap_or(BY_HAND),
            body: &serde_json::to_value(catalogue)?,
        };
        store.publish(&actor(why)?, &new).await?;
    }
    Ok(version)
}

/// Publishes a folder for whoever tries the suite out.
pub(crate) async fn publish_folder(store: &Store, folder: &Path, name: &str) -> anyhow::Result<VersionCode> {
    let why = Published { by: PersonCode::new("operator")?, reason: None };
    publish(store, &read(&[folder.to_owned()])?, name, None, &why).await
}
