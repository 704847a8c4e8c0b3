//! A model as it is kept, and what is checked when it comes back.
//!
//! Lists in a fixed order instead of maps, so that the same model is the same bytes; what can be derived is
//! left out.

use std::{collections::HashMap, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    Lineage, Outcome, Schema, Tuning, UnitModel,
    counts::{Cell, UnitNumber},
    keys::{Key, Paths},
    ranker::Ranker,
};

/// Everything that cannot be derived.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Saved {
    schema: Schema,
    tuning: Tuning,
    lineage: Lineage,
    /// Per chain, by number from 1 on: the number of the path above, and the value.
    paths: Vec<Vec<(u16, Box<str>)>>,
    units: Vec<Arc<str>>,
    /// Per combination, by key: halves of the key, the whole weight, and that of each unit.
    cells: Vec<Vec<SavedCell>>,
    ranker: Ranker,
    open: Vec<Outcome>,
    origin: Option<i32>,
    closed: Option<i32>,
}

type SavedCell = (u64, u64, f64, Vec<(UnitNumber, f64)>);

/// Why what was kept is no model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the kept model of units is damaged ({0}): train it again from the history")]
pub(super) struct Damaged(&'static str);

impl From<UnitModel> for Saved {
    fn from(model: UnitModel) -> Self {
        let path = |under: &Vec<HashMap<Box<str>, u16>>| {
            let mut paths = vec![(0, Box::from("")); under.len() - 1];
            for (above, values) in (0..).zip(under) {
                for (value, number) in values {
                    paths[usize::from(*number) - 1] = (above, value.clone());
                }
            }
            paths
        };
        let cells = |cells: &HashMap<Key, Cell>| {
            let mut list: Vec<SavedCell> = cells
                .iter()
                .map(|(key, cell)| {
                    let halves = [key >> 64, key & Key::from(u64::MAX)];
                    let [high, low] = halves.map(|half| u64::try_from(half).unwrap_or(u64::MAX));
                    (high, low, cell.total, cell.units.clone())
                })
                .collect();
            list.sort_unstable_by_key(|(high, low, ..)| (*high, *low));
            list
        };
        Self {
            paths: model.paths.chains.iter().map(path).collect(),
            cells: model.counted.cells.iter().map(cells).collect(),
            schema: model.schema,
            tuning: model.tuning,
            lineage: model.lineage,
            units: model.units,
            ranker: model.ranker,
            open: model.open,
            origin: model.origin,
            closed: model.closed,
        }
    }
}

impl TryFrom<Saved> for UnitModel {
    type Error = Damaged;

    fn try_from(saved: Saved) -> Result<Self, Damaged> {
        let mut model = UnitModel::new(saved.schema, saved.lineage, saved.tuning);
        let Tuning { half_life_days, ranker_half_life_days, back_off, .. } = saved.tuning;
        let rates = [half_life_days, ranker_half_life_days, back_off];
        check(rates.iter().all(|rate| *rate > 0.0 && rate.is_finite()), "a rate of learning is not above zero")?;
        model.paths = paths(saved.paths, &model.schema)?;
        for unit in &saved.units {
            model.number(unit);
        }
        check(model.units.len() == saved.units.len(), "a unit stands there twice")?;
        check(saved.cells.len() == model.counted.cells.len(), "another number of combinations")?;
        let known = |unit: UnitNumber| (unit as usize) < saved.units.len();
        for (cells, list) in model.counted.cells.iter_mut().zip(saved.cells) {
            for (high, low, total, units) in list {
                let sound = |&(unit, weight): &(UnitNumber, f64)| known(unit) && weight >= 0.0 && weight.is_finite();
                check(units.iter().all(sound), "a count of an unknown unit, or below zero")?;
                check(total > 0.0 && total.is_finite(), "a cell of no weight")?;
                cells.insert(Key::from(high) << 64 | Key::from(low), Cell { total, units });
            }
        }
        let Ranker { weights, curvature, asked, elsewhere } = &saved.ranker;
        check(weights.len() == model.ranker.weights.len(), "another number of weights")?;
        check(curvature.len() == weights.len() * weights.len(), "weights and their curvature do not fit")?;
        check(weights.iter().chain(curvature).all(|x| x.is_finite()), "a weight is no number")?;
        check(asked.is_finite() && (0.0..=*asked).contains(elsewhere), "more outcomes elsewhere than there were")?;
        check(saved.open.iter().all(|outcome| known(outcome.unit)), "an outcome of an unknown unit")?;
        check(saved.open.iter().all(|o| o.known.len() == model.schema.chains().len()), "an outcome of other features")?;
        model.ranker = saved.ranker;
        model.open = saved.open;
        model.origin = saved.origin;
        model.closed = saved.closed;
        model.counted.derive();
        Ok(model)
    }
}

fn paths(saved: Vec<Vec<(u16, Box<str>)>>, schema: &Schema) -> Result<Paths, Damaged> {
    check(saved.len() == schema.chains().len(), "another number of chains")?;
    let mut paths = Paths::new(schema);
    for (under, values) in paths.chains.iter_mut().zip(saved) {
        for (above, value) in values {
            let number = u16::try_from(under.len()).map_err(|_| Damaged("more values than have numbers"))?;
            let above = under.get_mut(usize::from(above)).ok_or(Damaged("a value under one that comes later"))?;
            check(above.insert(value, number).is_none(), "a value stands there twice")?;
            under.push(HashMap::new());
        }
    }
    Ok(paths)
}

fn check(holds: bool, otherwise: &'static str) -> Result<(), Damaged> {
    if holds { Ok(()) } else { Err(Damaged(otherwise)) }
}
