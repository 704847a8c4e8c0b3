//! Matters for which, in some area, at some hour or for some subject, nobody would lead.
//!
//! Only `street` can leave a hole: where a community lies in no sub-district with an office. There every moment at
//! which another rule may begin or end to apply is tried.

use super::check::Report;
use super::moments::{Moment, Moments};
use super::{Area, Catalogue, Leads, Matter, NoLead, Table};

/// Areas named in one problem; the rest is counted.
const NAMED: usize = 3;

/// A matter must have a lead in every innermost area, whenever it is in force.
pub(super) fn holes(catalogue: &Catalogue, report: &mut Report<'_>) {
    let bare: Vec<&Area> = catalogue
        .index
        .inner_areas()
        .filter(|at| catalogue.office(*at).is_none())
        .filter_map(|at| catalogue.rows.areas.get(at))
        .collect();
    if bare.is_empty() {
        return;
    }
    for (at, matter) in catalogue.matters().iter().enumerate() {
        let rules = catalogue.rules_of(at);
        if matter.lead != Leads::Street && rules.iter().all(|rule| rule.lead != Leads::Street) {
            continue;
        }
        let moments = Moments::of(&[matter.days], &rules);
        let is_empty = |area: &&Area| moments.all().any(|moment| is_hole(catalogue, matter, area, &moment));
        let empty: Vec<&Area> = bare.iter().copied().filter(is_empty).collect();
        if !empty.is_empty() {
            let named = empty.iter().take(NAMED).map(|a| a.code.as_str()).collect::<Vec<_>>().join(", ");
            let more = empty.len().saturating_sub(NAMED);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            let text = format!("nobody leads in {named}{more}: no street office there");
            report(Table::Matters, matter.row, "lead", text);
        }
    }
}

fn is_hole(catalogue: &Catalogue, matter: &Matter, area: &Area, moment: &Moment<'_>) -> bool {
    match catalogue.lead(&matter.code, &moment.known(&area.code)) {
        Ok(_) | Err(NoLead::UnknownMatter | NoLead::NotInForce | NoLead::Several(_)) => false,
        Err(NoLead::UnknownArea | NoLead::AreaTooLarge) => true,
    }
}
