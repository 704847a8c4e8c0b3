//! Units and matters of the catalogue in force as lists to choose from, by code and a page at a time.

use suban_domain::AreaCode;
use suban_proto::v1;
use suban_runtime::{access::Caller, errors};
use suban_service::{
    InForce,
    paging::{Mark, page_size},
};
use suban_text::{
    Catalogue,
    catalogue::{Matter, Unit},
};
use tonic::Status;

use crate::api::Api;

/// Characters of a prefix, as of a code.
const PREFIX: usize = 64;

impl Api {
    /// One page of units.
    pub(crate) fn units(&self, caller: &Caller, ask: &v1::ListUnitsRequest) -> Result<v1::ListUnitsReply, Status> {
        let size = page_size(ask.page_size)?;
        let Some(in_force) = self.app.catalogues.now() else { return Ok(v1::ListUnitsReply::default()) };
        let mark = mark(caller, &in_force, "units", &ask.prefix)?;
        let catalogue = &in_force.catalogue;
        let all = catalogue.units().iter().map(|u| (u.code.as_str(), u.name.as_str(), u));
        let (page, next) = page(all, &ask.prefix, mark.open(&ask.page_token)?, size);
        Ok(v1::ListUnitsReply {
            units: page.into_iter().map(|u| unit(catalogue, u)).collect(),
            next_page_token: next.map(|next| mark.seal(&next)).unwrap_or_default(),
            catalogue: in_force.version.to_string(),
        })
    }

    /// One page of matters.
    pub(crate) fn matters(
        &self,
        caller: &Caller,
        ask: &v1::ListMattersRequest,
    ) -> Result<v1::ListMattersReply, Status> {
        let size = page_size(ask.page_size)?;
        let Some(in_force) = self.app.catalogues.now() else { return Ok(v1::ListMattersReply::default()) };
        let mark = mark(caller, &in_force, "matters", &ask.prefix)?;
        let all = in_force.catalogue.matters().iter().map(|m| (m.code.as_str(), m.name.as_str(), m));
        let (page, next) = page(all, &ask.prefix, mark.open(&ask.page_token)?, size);
        Ok(v1::ListMattersReply {
            matters: page.into_iter().map(matter).collect(),
            next_page_token: next.map(|next| mark.seal(&next)).unwrap_or_default(),
            catalogue: in_force.version.to_string(),
        })
    }
}

/// A token is of one caller, one list, one prefix and one version: its key is a place in the list, which must stand still.
fn mark(caller: &Caller, in_force: &InForce, of: &str, prefix: &str) -> Result<Mark, Status> {
    if prefix.chars().count() > PREFIX {
        return Err(errors::invalid("prefix", format!("is longer than {PREFIX} characters")));
    }
    let list = v1::ListUnitsRequest {
        prefix: [of, in_force.version.as_str(), prefix].join("\n"),
        ..v1::ListUnitsRequest::default()
    };
    Ok(Mark::of(caller, &list))
}

/// The rows of one page by code, and the place where the next begins.
fn page<'a, T>(
    rows: impl Iterator<Item = (&'a str, &'a str, T)>,
    prefix: &str,
    from: Option<[u8; 4]>,
    size: u32,
) -> (Vec<T>, Option<[u8; 4]>) {
    let prefix = prefix.trim().to_lowercase();
    let begins = |text: &str| text.to_lowercase().starts_with(&prefix);
    let mut fit: Vec<(&str, T)> =
        rows.filter(|(code, name, _)| begins(code) || begins(name)).map(|(code, _, row)| (code, row)).collect();
    fit.sort_by(|one, other| one.0.cmp(other.0));
    let from = from.map_or(0, u32::from_be_bytes);
    let until = from.saturating_add(size);
    let next = (fit.len() > until as usize).then(|| until.to_be_bytes());
    (fit.into_iter().skip(from as usize).take(size as usize).map(|(_, row)| row).collect(), next)
}

fn unit(catalogue: &Catalogue, unit: &Unit) -> v1::UnitEntry {
    let parent = unit.parent.as_ref().and_then(|parent| catalogue.unit(parent));
    let area = unit.area.as_ref().or_else(|| parent.and_then(|parent| parent.area.as_ref()));
    let name = |code: &AreaCode| catalogue.area(code).map(|area| area.name.clone());
    v1::UnitEntry {
        code: unit.code.to_string(),
        name: unit.name.clone(),
        kind: unit.kind.code().to_owned(),
        parent: unit.parent.as_ref().map(ToString::to_string).unwrap_or_default(),
        area: area.map(ToString::to_string).unwrap_or_default(),
        area_name: area.and_then(name).unwrap_or_default(),
        duty_24h: unit.duty_24h,
    }
}

fn matter(matter: &Matter) -> v1::MatterEntry {
    v1::MatterEntry {
        code: matter.code.to_string(),
        name: matter.name.clone(),
        level1: matter.level1.clone(),
        level2: matter.level2.clone(),
        kind: matter.kind.number(),
        urgency: matter.urgency.number(),
        lead: matter.lead.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: [(&str, &str, u8); 4] =
        [("SZ-02", "井盖缺损", 1), ("HW-01", "暴露垃圾", 2), ("SZ-01", "路灯故障", 3), ("yl-01", "树木", 4)];

    fn codes(prefix: &str, from: Option<[u8; 4]>, size: u32) -> (Vec<u8>, Option<[u8; 4]>) {
        page(ROWS.into_iter(), prefix, from, size)
    }

    #[test]
    fn pages_go_on_where_the_last_ended_and_the_last_says_so() {
        let (first, next) = codes("", None, 3);
        assert_eq!(first, [2, 3, 1], "by code");
        assert_eq!(codes("", next, 3), (vec![4], None));
        assert_eq!(codes("", None, 4).1, None, "a full page that is the last");
        assert_eq!(codes("", Some([255; 4]), 3), (vec![], None), "nobody's place");
    }

    #[test]
    fn a_prefix_is_of_the_code_in_either_case_or_of_the_name() {
        assert_eq!(codes("sz", None, 50).0, [3, 1]);
        assert_eq!(codes("YL", None, 50).0, [4]);
        assert_eq!(codes(" 路灯", None, 50).0, [3]);
        assert_eq!(codes("灯", None, 50).0, [0_u8; 0]);
    }
}
