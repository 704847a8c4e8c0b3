//! What must hold between the rows before a catalogue may decide anything.

use std::collections::HashMap;

use suban_domain::UnitCode;

use super::{AreaLevel, Catalogue, Days, Leads, Merge, Problem, Rule, Table, UnitKind, holes, overlap};

pub(super) fn check(catalogue: &Catalogue, problems: &mut Vec<Problem>) {
    let mut report = |file: Table, row: u32, column: &str, text: String| {
        problems.push(Problem { file, row, column: column.to_owned(), letter: None, text });
    };
    areas(catalogue, &mut report);
    units(catalogue, &mut report);
    matters(catalogue, &mut report);
    rules(catalogue, &mut report);
    overlap::overlaps(catalogue, &mut report);
    holes::holes(catalogue, &mut report);
}

pub(super) type Report<'a> = dyn FnMut(Table, u32, &str, String) + 'a;

fn doubles<'a>(file: Table, codes: impl Iterator<Item = (u32, &'a str)>, report: &mut Report<'_>) {
    let mut first: HashMap<&str, u32> = HashMap::new();
    for (row, code) in codes {
        if let Some(earlier) = first.get(code) {
            report(file, row, "code", format!("`{code}` stands on line {earlier} already"));
        } else {
            first.insert(code, row);
        }
    }
}

fn areas(catalogue: &Catalogue, report: &mut Report<'_>) {
    let areas = catalogue.areas();
    if areas.is_empty() {
        report(Table::Areas, 1, "code", "there is no area at all".to_owned());
    }
    doubles(Table::Areas, areas.iter().map(|a| (a.row, a.code.as_str())), report);
    let ringed = ringed(&catalogue.index.around);
    for (at, area) in areas.iter().enumerate() {
        let Some(parent) = &area.parent else { continue };
        let Some(around) = catalogue.area(parent) else {
            report(Table::Areas, area.row, "parent", format!("`{parent}` is no area of this table"));
            continue;
        };
        if ringed.get(at).copied().unwrap_or(false) {
            report(Table::Areas, area.row, "parent", "the parents run in a ring".to_owned());
            continue;
        }
        if around.level >= area.level {
            let text = format!("a {} cannot lie in a {}", area.level, around.level);
            report(Table::Areas, area.row, "level", text);
        }
        if !around.code.contains(&area.code) {
            report(Table::Areas, area.row, "code", format!("must begin with its parent's code `{parent}`"));
        }
    }
    // `AreaCode::contains` compares beginnings, so a stranger's code must not begin like ours.
    let mut sorted: Vec<_> = areas.iter().collect();
    sorted.sort_by(|a, b| a.code.cmp(&b.code));
    let mut open: Vec<&super::Area> = Vec::new();
    for area in sorted {
        while open.last().is_some_and(|o| !o.code.contains(&area.code)) {
            open.pop();
        }
        if let Some(outer) = open.last()
            && outer.code != area.code
            && !catalogue.area_path(&area.code).any(|a| a.code == outer.code)
        {
            let text = format!("begins with `{}` but does not lie in it; use codes of equal length", outer.code);
            report(Table::Areas, area.row, "code", text);
        }
        open.push(area);
    }
}

fn units(catalogue: &Catalogue, report: &mut Report<'_>) {
    let units = catalogue.units();
    doubles(Table::Units, units.iter().map(|u| (u.row, u.code.as_str())), report);
    let halls: Vec<u32> = units.iter().filter(|u| u.kind == UnitKind::Hall).map(|u| u.row).collect();
    match halls.as_slice() {
        [_] => {}
        [] => {
            report(Table::Units, 1, "kind", "there is no unit of kind hall; what nobody owns needs a place".to_owned())
        }
        [_, others @ ..] => {
            for row in others {
                report(Table::Units, *row, "kind", "there may be only one unit of kind hall".to_owned());
            }
        }
    }
    let parents: Vec<Option<usize>> =
        units.iter().map(|u| u.parent.as_ref().and_then(|p| catalogue.index.units.get(p)).copied()).collect();
    let ringed = ringed(&parents);
    let mut offices: HashMap<&str, u32> = HashMap::new();
    for (at, unit) in units.iter().enumerate() {
        if let Some(area) = &unit.area {
            if catalogue.area(area).is_none() {
                report(Table::Units, unit.row, "area", format!("`{area}` is no area of areas.csv"));
            } else if unit.kind == UnitKind::Street
                && let Some(earlier) = offices.insert(area.as_str(), unit.row)
            {
                report(Table::Units, unit.row, "area", format!("line {earlier} is already the office of `{area}`"));
            }
        } else if unit.kind == UnitKind::Street {
            report(Table::Units, unit.row, "area", "a street office needs its sub-district".to_owned());
        }
        for former in unit.formerly.iter().filter(|former| catalogue.unit(former).is_some()) {
            report(Table::Units, unit.row, "formerly", format!("`{former}` is still a unit of this table"));
        }
        match (&unit.parent, unit.kind) {
            (None, UnitKind::Team) => {
                report(Table::Units, unit.row, "parent", "a team needs the unit it is part of".to_owned());
            }
            (None, _) => {}
            (Some(parent), _) if catalogue.unit(parent).is_none() => {
                report(Table::Units, unit.row, "parent", format!("`{parent}` is no unit of this table"));
            }
            (Some(_), _) if ringed.get(at).copied().unwrap_or(false) => {
                report(Table::Units, unit.row, "parent", "the parents run in a ring".to_owned());
            }
            (Some(_), _) => {}
        }
    }
}

/// Whose parents never end? In one pass, however long the chains are.
fn ringed(parents: &[Option<usize>]) -> Vec<bool> {
    let mut known: Vec<Option<bool>> = vec![None; parents.len()];
    let mut seen_from: Vec<usize> = vec![usize::MAX; parents.len()];
    for start in 0..parents.len() {
        let mut path = Vec::new();
        let mut at = Some(start);
        let ring = loop {
            let Some(here) = at else { break false };
            let (Some(told), Some(seen)) = (known.get(here), seen_from.get_mut(here)) else { break false };
            if let Some(ring) = told {
                break *ring;
            }
            if *seen == start {
                break true;
            }
            *seen = start;
            path.push(here);
            at = parents.get(here).copied().flatten();
        };
        for here in path {
            if let Some(told) = known.get_mut(here) {
                *told = Some(ring);
            }
        }
    }
    known.into_iter().map(|ring| ring.unwrap_or(false)).collect()
}

/// A row's first and last day.
fn days(file: Table, row: u32, days: Days, report: &mut Report<'_>) {
    if let (Some(from), Some(until)) = (days.from, days.until)
        && until < from
    {
        report(file, row, "until", format!("{until} comes before {from}, from which the row counts"));
    }
}

/// One lead or assist of a row.
fn named(catalogue: &Catalogue, file: Table, row: u32, column: &str, leads: &Leads, report: &mut Report<'_>) {
    let Leads::Unit(code) = leads else { return };
    match catalogue.unit(code).map(|u| u.kind) {
        None => report(file, row, column, format!("`{code}` is no unit of units.csv")),
        Some(UnitKind::Team) => {
            report(file, row, column, format!("`{code}` is a team; name its unit, which passes work on"));
        }
        Some(UnitKind::Hall | UnitKind::Street | UnitKind::Department | UnitKind::Utility | UnitKind::Company) => {}
    }
}

fn is_street(catalogue: &Catalogue, leads: &Leads) -> bool {
    match leads {
        Leads::Street => true,
        Leads::Unit(code) => is_office(catalogue, code),
    }
}

fn is_office(catalogue: &Catalogue, code: &UnitCode) -> bool {
    catalogue.unit(code).is_some_and(|u| u.kind == UnitKind::Street)
}

fn matters(catalogue: &Catalogue, report: &mut Report<'_>) {
    let matters = catalogue.matters();
    if matters.is_empty() {
        report(Table::Matters, 1, "code", "there is no matter at all".to_owned());
    }
    doubles(Table::Matters, matters.iter().map(|m| (m.row, m.code.as_str())), report);
    for matter in matters {
        named(catalogue, Table::Matters, matter.row, "lead", &matter.lead, report);
        for assist in &matter.assists {
            named(catalogue, Table::Matters, matter.row, "assists", assist, report);
        }
        if matter.dept_only && is_street(catalogue, &matter.lead) {
            let text = "a matter that only departments may handle cannot be led by a street office (R-NAT-3)";
            report(Table::Matters, matter.row, "lead", text.to_owned());
        }
        days(Table::Matters, matter.row, matter.days, report);
        if matter.personal && matter.merge != Merge::Never {
            let text = "a personal right never merges by itself; must be never (D§9.3 G6)";
            report(Table::Matters, matter.row, "merge", text.to_owned());
        }
    }
}

fn rules(catalogue: &Catalogue, report: &mut Report<'_>) {
    for rule in catalogue.rules() {
        let matter = catalogue.matter(&rule.matter);
        if matter.is_none() {
            report(Table::Rules, rule.row, "matter", format!("`{}` is no matter of matters.csv", rule.matter));
        }
        if catalogue.area(&rule.area).is_none() {
            report(Table::Rules, rule.row, "area", format!("`{}` is no area of areas.csv", rule.area));
        }
        named(catalogue, Table::Rules, rule.row, "lead", &rule.lead, report);
        for assist in &rule.assists {
            named(catalogue, Table::Rules, rule.row, "assists", assist, report);
        }
        if matter.is_some_and(|m| m.dept_only) && is_street(catalogue, &rule.lead) {
            let text = "a matter that only departments may handle cannot be led by a street office (R-NAT-3)";
            report(Table::Rules, rule.row, "lead", text.to_owned());
        }
        days(Table::Rules, rule.row, rule.days, report);
        if let Some(matter) = matter
            && !matter.days.meets(&rule.days)
        {
            let text = format!("the rule is never in force while its matter is, matters.csv line {}", matter.row);
            report(Table::Rules, rule.row, "from", text);
        }
        level(catalogue, rule, report);
    }
}

/// The level that acts must be that of the unit that leads.
fn level(catalogue: &Catalogue, rule: &Rule, report: &mut Report<'_>) {
    let Some(level) = rule.level else { return };
    let small = match level {
        AreaLevel::SubDistrict | AreaLevel::Community | AreaLevel::Grid => true,
        AreaLevel::Province | AreaLevel::City | AreaLevel::District => false,
    };
    let unit = match &rule.lead {
        Leads::Unit(code) => catalogue.unit(code),
        Leads::Street => None,
    };
    let bound = unit.is_some_and(|u| u.area.is_some());
    if is_street(catalogue, &rule.lead) && !small {
        report(Table::Rules, rule.row, "level", format!("a street office does not act on the level of a {level}"));
    } else if unit.is_some() && !bound && small {
        let text = format!("`{}` belongs to no sub-district, so it does not act on the level of a {level}", rule.lead);
        report(Table::Rules, rule.row, "level", text);
    }
}
