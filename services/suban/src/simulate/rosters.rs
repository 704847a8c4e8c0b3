//! The duty rosters that policies name: a folder of tables each, with the units that it knows.

use std::{collections::BTreeMap, io::ErrorKind, path::Path};

use anyhow::Context as _;
use suban_domain::calendar::Calendars;
use suban_roster::{Files, Roster, Table, Units};
use suban_simulation::Policy;

/// All of them, by folder.
pub(super) fn read(policies: [&mut Policy; 2], calendars: &Calendars) -> anyhow::Result<BTreeMap<String, Roster>> {
    let mut rosters = BTreeMap::new();
    for policy in policies {
        for named in policy.rosters() {
            if !rosters.contains_key(&named.folder) {
                let roster = one(Path::new(&named.folder), calendars);
                rosters.insert(named.folder.clone(), roster.with_context(|| format!("roster {}", named.folder))?);
            }
            let known = rosters.get(&named.folder).is_some_and(|roster| roster.units().has(&named.unit));
            anyhow::ensure!(known, "roster {} has no unit {} in its units.csv", named.folder, named.unit);
        }
    }
    Ok(rosters)
}

fn one(folder: &Path, calendars: &Calendars) -> anyhow::Result<Roster> {
    let text = |file: &str| {
        let path = folder.join(file);
        std::fs::read_to_string(&path).map_err(|e| (e.kind(), anyhow::anyhow!("cannot read {}: {e}", path.display())))
    };
    let units = text("units.csv").map_err(|(_, e)| e)?;
    let units = Units::parse(&units).map_err(|e| anyhow::anyhow!(e))?;
    let mut files = Files::default();
    for table in Table::ALL {
        match text(&table.to_string()) {
            Ok(rows) => files = files.with(table, rows),
            // Which may be missing the roster says itself.
            Err((ErrorKind::NotFound, _)) => {}
            Err((_, e)) => return Err(e),
        }
    }
    Ok(Roster::parse(&files, &units, calendars)?)
}
