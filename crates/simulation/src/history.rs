//! Which tickets the learned ranker would have sent by itself, played day by day: on each it knows only outcomes that
//! were known then, and its threshold only how its own earlier answers came out.

use std::collections::HashMap;

use jiff::civil::{Date, date};
use suban_learn::{
    eval::{Judged, threshold_for},
    history::days,
    unit::{Lineage, Schema, Tuning, UnitModel},
};

use crate::{Arrivals, SimulationError};

/// Fewest answers that a threshold rests on, as in the backtest of dispatch.
const SUPPORT: usize = 30;

/// For each arrival the unit to which it would have been sent; none for those left to people.
pub(crate) fn sent(
    arrivals: &Arrivals,
    precision: f64,
    known_after_days: u16,
) -> Result<Vec<Option<usize>>, SimulationError> {
    let rows = &arrivals.rows;
    let known: Vec<&[String]> = rows.iter().map(|row| row.features.as_slice()).collect();
    let lists: Vec<Vec<&str>> = known.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
    if arrivals.features().is_empty() {
        return Err(SimulationError::Features("name columns under world.arrivals.features".to_owned()));
    }
    let schema = Schema::nested(arrivals.features(), &lists).map_err(|e| SimulationError::Features(e.to_string()))?;
    // A model takes the features in the order of its schema, the rows have them as they were named.
    let order: Vec<usize> =
        schema.names().filter_map(|name| arrivals.features().iter().position(|feature| feature == name)).collect();
    let row = |at: usize| order.iter().filter_map(|&f| lists[at].get(f).copied()).collect::<Vec<&str>>();
    let numbers: HashMap<&str, usize> =
        arrivals.units().iter().enumerate().map(|(number, unit)| (unit.as_str(), number)).collect();
    let mut model = UnitModel::new(schema, Lineage::default(), Tuning::default());
    let mut answers: Vec<Judged> = Vec::with_capacity(rows.len());
    let mut sent = Vec::with_capacity(rows.len());
    let by_day: Vec<i32> = rows.iter().map(|row| day_number(row.when.day())).collect();
    for day in days(&by_day, known_after_days) {
        for at in day.known.clone() {
            model.observe(&row(at), &arrivals.units()[rows[at].unit], by_day[at], 1.0);
        }
        model.close(day.day);
        let threshold = threshold_for(answers.get(..day.known.end).unwrap_or_default(), precision, SUPPORT);
        for at in day.rows {
            let ranked = model.rank(&row(at), day.day);
            let first = ranked.first().and_then(|first| Some((*numbers.get(&*first.unit)?, first.probability)));
            let right = first.is_some_and(|(unit, _)| unit == rows[at].unit);
            let confidence = first.map_or(0.0, |(_, probability)| probability);
            answers.push(Judged { confidence, right });
            let sure = threshold.is_some_and(|threshold| confidence >= threshold);
            sent.push(first.filter(|_| sure).map(|(unit, _)| unit));
        }
    }
    Ok(sent)
}

fn day_number(day: Date) -> i32 {
    const EPOCH: Date = date(1970, 1, 1);
    i32::try_from(day.duration_since(EPOCH).as_hours() / 24).unwrap_or(i32::MAX)
}
