//! What must hold between the rows before a catalogue may decide anything.

use std::collections::HashMap;

use suban_domain::UnitCode;

use super::{Catalogue, Leads, Merge, Problem, Table, UnitKind};

/// Areas named in one problem; the rest is counted.
const NAMED: usize = 3;

pub(super) fn check(catalogue: &Catalogue, problems: &mut Vec<Problem>) {
    let mut report = |file: Table, row: u32, column: &str, text: String| {
        problems.push(Problem { file, row, column: column.to_owned(), text });
    };
    areas(catalogue, &mut report);
    units(catalogue, &mut report);
    matters(catalogue, &mut report);
    rules(catalogue, &mut report);
    holes(catalogue, &mut report);
}

type Report<'a> = dyn FnMut(Table, u32, &str, String) + 'a;

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
    for area in areas {
        let Some(parent) = &area.parent else { continue };
        let Some(around) = catalogue.area(parent) else {
            report(Table::Areas, area.row, "parent", format!("`{parent}` is no area of this table"));
            continue;
        };
        // A ring never reaches an area without a parent.
        let outermost = catalogue.area_path(&area.code).last();
        if outermost.is_none_or(|o| o.parent.as_ref().is_some_and(|p| catalogue.area(p).is_some())) {
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
    let mut offices: HashMap<&str, u32> = HashMap::new();
    for unit in units {
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
        match (&unit.parent, unit.kind) {
            (None, UnitKind::Team) => {
                report(Table::Units, unit.row, "parent", "a team needs the unit it is part of".to_owned());
            }
            (None, _) => {}
            (Some(parent), _) if catalogue.unit(parent).is_none() => {
                report(Table::Units, unit.row, "parent", format!("`{parent}` is no unit of this table"));
            }
            (Some(_), _) => {
                let mut up = Some(&unit.code);
                let steps = units.len();
                for _ in 0..=steps {
                    up = up.and_then(|code| catalogue.unit(code)).and_then(|u| u.parent.as_ref());
                }
                if up.is_some() {
                    report(Table::Units, unit.row, "parent", "the parents run in a ring".to_owned());
                }
            }
        }
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
        if matter.personal && matter.merge != Merge::Never {
            let text = "a personal right never merges by itself; must be never (D§9.3 G6)";
            report(Table::Matters, matter.row, "merge", text.to_owned());
        }
    }
}

fn rules(catalogue: &Catalogue, report: &mut Report<'_>) {
    let mut first: HashMap<(&str, &str), u32> = HashMap::new();
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
        if let Some(earlier) = first.insert((rule.matter.as_str(), rule.area.as_str()), rule.row) {
            let text = format!("line {earlier} already says who leads for this matter in this area");
            report(Table::Rules, rule.row, "matter", text);
        }
    }
}

/// A matter must have a lead in every innermost area.
fn holes(catalogue: &Catalogue, report: &mut Report<'_>) {
    let inner: Vec<_> = catalogue
        .areas()
        .iter()
        .filter(|a| !catalogue.areas().iter().any(|b| b.parent.as_ref() == Some(&a.code)))
        .collect();
    for matter in catalogue.matters() {
        let bare: Vec<&str> =
            inner.iter().filter(|a| catalogue.lead(&matter.code, &a.code).is_none()).map(|a| a.code.as_str()).collect();
        if !bare.is_empty() {
            let named = bare.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
            let more = bare.len().saturating_sub(NAMED);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            report(
                Table::Matters,
                matter.row,
                "lead",
                format!("nobody leads in {named}{more}: no street office there"),
            );
        }
    }
}
