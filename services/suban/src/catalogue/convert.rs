//! `suban catalogue convert`: a city's published lists become the four tables, through a mapping.
//!
//! A mapping is a list of entries for each table; an entry makes one row for every line of its file, by filling in
//! texts with the line's columns. The page for those who write one is `deploy/catalogue/README.md`.

use std::{
    collections::{BTreeMap, HashSet},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use serde::Deserialize;
use suban_text::catalogue::Table;

use crate::print;

/// Columns of an entry that are not columns of its table.
const FILE: &str = "file";
const WITHOUT: &str = "without";

/// What the columns of a city's lists mean.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mapping {
    areas: Vec<Entry>,
    units: Vec<Entry>,
    matters: Vec<Entry>,
    #[serde(default)]
    rules: Vec<Entry>,
}

/// Column of the table to the text that fills it.
type Entry = BTreeMap<String, String>;

/// One line of a list, by its columns.
type Line = BTreeMap<String, String>;

/// A table that was made.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) table: Table,
    pub(crate) csv: String,
    /// Rows whose code had been given to another row before.
    pub(crate) left_out: usize,
}

/// Writes the tables, and says whether they are a catalogue.
pub(crate) fn command(map: &Path, data: &Path, out: &Path) -> anyhow::Result<ExitCode> {
    std::fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    for made in convert(map, data)? {
        let path = out.join(made.table.to_string());
        std::fs::write(&path, made.csv).with_context(|| format!("cannot write {}", path.display()))?;
        if made.left_out > 0 {
            print::complain(&format!("{}: {} rows left out, their code stands already", path.display(), made.left_out));
        }
    }
    super::check(&[PathBuf::from(out)])
}

/// The four tables.
pub(crate) fn convert(map: &Path, data: &Path) -> anyhow::Result<Vec<Made>> {
    let text = std::fs::read_to_string(map).with_context(|| format!("cannot read the mapping {}", map.display()))?;
    let mapping: Mapping = toml::from_str(&text).with_context(|| format!("{} is no mapping", map.display()))?;
    let tables = [
        (Table::Areas, &mapping.areas),
        (Table::Units, &mapping.units),
        (Table::Matters, &mapping.matters),
        (Table::Rules, &mapping.rules),
    ];
    tables
        .into_iter()
        .map(|(table, entries)| {
            make(table, entries, data).with_context(|| format!("{}: [[{}]]", map.display(), table.name()))
        })
        .collect()
}

fn make(table: Table, entries: &[Entry], data: &Path) -> anyhow::Result<Made> {
    let columns = table.columns();
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(columns)?;
    let (mut rows, mut codes, mut left_out) = (HashSet::new(), HashSet::new(), 0);
    for entry in entries {
        let strange =
            entry.keys().find(|key| ![FILE, WITHOUT].contains(&key.as_str()) && !columns.contains(&key.as_str()));
        if let Some(strange) = strange {
            bail!("`{strange}` is no column; the columns are {}", columns.join(", "));
        }
        for (n, line) in lines(entry, data)?.iter().enumerate() {
            let cell = |column: &&str| entry.get(*column).map_or(Ok(String::new()), |text| filled(text, line, n + 1));
            let row = columns.iter().map(cell).collect::<anyhow::Result<Vec<_>>>()?;
            // Rules have no code of their own.
            let known = table != Table::Rules && row.first().is_some_and(|code| codes.contains(code));
            if rows.contains(&row) || known {
                left_out += usize::from(!rows.contains(&row));
                continue;
            }
            codes.extend(row.first().cloned());
            csv.write_record(&row)?;
            rows.insert(row);
        }
    }
    let csv = csv.into_inner().map_err(|e| anyhow::anyhow!("cannot write the table: {e}"))?;
    Ok(Made { table, csv: String::from_utf8(csv)?, left_out })
}

/// The lines of an entry's list; without a list one that has no columns.
fn lines(entry: &Entry, data: &Path) -> anyhow::Result<Vec<Line>> {
    let Some(file) = entry.get(FILE) else { return Ok(vec![Line::new()]) };
    let path = data.join(file);
    let text = super::utf8(&path)?;
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let lines = reader.deserialize().collect::<Result<Vec<Line>, _>>();
    let mut lines = lines.with_context(|| format!("{} is no CSV", path.display()))?;
    if let Some(without) = entry.get(WITHOUT) {
        let (column, value) = without.split_once('=').context("`without` must be like column=value")?;
        lines.retain(|line| line.get(column).is_none_or(|cell| cell != value));
    }
    Ok(lines)
}

/// `{street}办事处`, with the line's columns filled in.
fn filled(text: &str, line: &Line, number: usize) -> anyhow::Result<String> {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, behind)) = rest.split_once('{') {
        let (name, behind) = behind.split_once('}').with_context(|| format!("`{text}` has a {{ without its }}"))?;
        out.push_str(before);
        if name == "#" {
            out.push_str(&format!("{number:04}"));
        } else {
            let known = || line.keys().cloned().collect::<Vec<_>>().join(", ");
            let value =
                line.get(name).with_context(|| format!("`{name}` is no column of the list; it has {}", known()))?;
            // Between several values of one cell stands a bar, so none may stand in one.
            out.push_str(&value.replace('|', "/"));
        }
        rest = behind;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use suban_text::{Catalogue, Tables};

    use super::*;

    fn root() -> PathBuf {
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
    }

    fn made(map: &str, data: &Path) -> anyhow::Result<Catalogue> {
        let made = convert(&root().join("deploy/catalogue").join(map), data)?;
        let [areas, units, matters, rules] = made.as_slice() else { panic!("{made:?}") };
        let tables = Tables { areas: &areas.csv, units: &units.csv, matters: &matters.csv, rules: &rules.csv };
        Ok(Catalogue::parse(&tables)?)
    }

    /// The published lists, where somebody has put them beside the workspace.
    fn data() -> Option<PathBuf> {
        let data = root().join("../shared/data");
        if data.join("pingshan/taxonomy.csv").exists() {
            return Some(data);
        }
        println!("skipped: {} is not there", data.display());
        None
    }

    #[test]
    fn the_published_lists_become_catalogues() {
        let Some(data) = data() else { return };
        let c = made("pingshan.toml", &data).unwrap();
        println!("pingshan: {} areas, {} units, {} matters", c.areas().len(), c.units().len(), c.matters().len());
        assert_eq!(c.matters().len(), 372);
        assert_eq!(c.areas().iter().filter(|a| a.level.code() == "sub-district").count(), 6);
        let c = made("futian.toml", &data).unwrap();
        println!("futian: {} areas, {} units, {} matters", c.areas().len(), c.units().len(), c.matters().len());
        assert_eq!((c.areas().len(), c.units().len(), c.matters().len()), (1 + 10 + 92, 11, 517));
    }

    #[test]
    fn texts_are_filled_from_the_line() {
        let line = Line::from([("street".to_owned(), "南园|街道".to_owned())]);
        assert_eq!(filled("{street}办事处 {#}", &line, 7).unwrap(), "南园/街道办事处 0007");
        assert!(filled("{road}", &line, 7).unwrap_err().to_string().contains("it has street"));
        assert!(filled("{street", &line, 7).is_err());
    }

    #[test]
    fn equal_rows_are_made_once_and_a_code_stands_for_its_first_row() {
        let folder = std::env::temp_dir().join(format!("suban-convert-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("list.csv"), "code,name\n1,甲\n1,甲\n1,乙\n-,无\n2,丙\n").unwrap();
        let entry =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<Entry>();
        let entries = [entry(&[("file", "list.csv"), ("without", "code=-"), ("code", "U{code}"), ("name", "{name}")])];
        let made = make(Table::Units, &entries, &folder).unwrap();
        assert_eq!(made.csv, "code,name,kind,parent,area,duty_24h,peer_group,formerly\nU1,甲,,,,,,\nU2,丙,,,,,,\n");
        assert_eq!(made.left_out, 1);
        let strange = make(Table::Units, &[entry(&[("colour", "red")])], &folder).unwrap_err();
        assert!(strange.to_string().contains("`colour` is no column"), "{strange}");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
