//! Which unit should get a ticket, told by what really happened.
mod counts;
mod keys;
mod kin;
mod ranker;

use std::collections::HashMap;

use counts::{Cell, Cells, UnitNumber, forward};
use keys::{Combination, Known, Paths, combinations, key};
pub use keys::{MOST_CHAINS, Schema, SchemaError};
use kin::Kin;
use ranker::{Lesson, Ranker, scores, softmax};

/// How the model learns and forgets.
#[derive(Clone, Debug, PartialEq)]
pub struct Tuning {
    /// Days in which an outcome loses half its weight.
    pub half_life: f64,
    /// Days in which the ranker's lessons lose half their weight.
    pub ranker_half_life: f64,
    /// How many outcomes the coarser combinations are worth beside a cell's own.
    pub back_off: f64,
    /// Units looked at.
    pub candidates: usize,
    /// experimental
    pub kin_floor: f64,
    /// experimental
    pub start: f64,
    /// experimental
    pub min: f64,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { half_life: 180.0, ranker_half_life: 120.0, back_off: 1.0, candidates: 48, kin_floor: 0.1, start: 1.2, min: 1e-5 }
    }
}

struct Row {
    known: Known,
    unit: UnitNumber,
    day: i32,
}

/// The model.
pub struct UnitModel {
    schema: Schema,
    tuning: Tuning,
    combinations: Vec<Combination>,
    paths: Paths,
    units: Vec<String>,
    numbers: HashMap<String, UnitNumber>,
    counted: Vec<Cells>,
    kin: Kin,
    ranker: Ranker,
    pending: Vec<Row>,
    origin: Option<i32>,
    closed: i32,
}

/// A unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranked {
    /// Its code.
    pub unit: String,
    /// Chance
    pub probability: f64,
}

impl UnitModel {
    /// An empty model.
    pub fn new(schema: Schema, tuning: Tuning) -> Self {
        let combinations = combinations(&schema);
        let kinds = combinations.len() + schema.chains().get(1).map_or(0, Vec::len);
        let ranker = Ranker::new(kinds, tuning.start / kinds as f64);
        Self {
            paths: Paths::new(&schema),
            counted: vec![Cells::new(); combinations.len()],
            schema,
            tuning,
            combinations,
            units: Vec::new(),
            numbers: HashMap::new(),
            kin: Kin::default(),
            ranker,
            pending: Vec::new(),
            origin: None,
            closed: i32::MIN,
        }
    }

    /// Takes an outcome.
    pub fn observe(&mut self, row: &[&str], unit: &str, day: i32) {
        let known = self.paths.number(&self.schema, row);
        let next = self.units.len() as u32;
        let unit = *self.numbers.entry(unit.to_owned()).or_insert_with(|| {
            self.units.push(unit.to_owned());
            next
        });
        self.pending.push(Row { known, unit, day });
    }

    /// Learns.
    pub fn close(&mut self, today: i32) {
        if self.pending.is_empty() {
            return;
        }
        let rows = std::mem::take(&mut self.pending);
        let origin = *self.origin.get_or_insert(rows[0].day);
        let lessons: Vec<Lesson> = rows
            .iter()
            .filter_map(|row| {
                let (candidates, evidence) = self.evidence(&row.known, row.day)?;
                let answer = candidates.iter().position(|unit| *unit == row.unit)?;
                Some(Lesson { evidence, answer })
            })
            .collect();
        if self.closed > i32::MIN {
            self.ranker.fade((-f64::from(today - self.closed) / self.tuning.ranker_half_life).exp2());
        }
        self.closed = today;
        self.ranker.learn(&lessons);
        for row in &rows {
            let weight = forward(row.day, origin, self.tuning.half_life);
            for (combination, cells) in self.combinations.iter().zip(&mut self.counted) {
                if let Some(key) = key(&row.known, &combination.levels) {
                    cells.entry(key).or_default().add(row.unit, weight);
                }
            }
        }
        let matter = self.combinations.iter().position(|c| {
            c.levels[0] == self.schema.chains()[0].len() && c.levels[1..].iter().all(|l| *l == 0)
        });
        if let (Some(matter), Some(all)) = (matter, self.counted[0].values().next()) {
            self.kin = Kin::of(&self.counted[matter], all, self.units.len());
        }
    }

    /// Ranks.
    pub fn rank(&self, row: &[&str], day: i32) -> Vec<Ranked> {
        let known = self.paths.look(&self.schema, row);
        let Some((candidates, evidence)) = self.evidence(&known, day) else { return Vec::new() };
        let s = scores(&self.ranker.weights, &evidence);
        let p = softmax(&s);
        let mut order: Vec<usize> = (0..candidates.len()).collect();
        order.sort_by(|&a, &b| p[b].total_cmp(&p[a]).then(candidates[a].cmp(&candidates[b])));
        order.into_iter().map(|at| Ranked { unit: self.units[candidates[at] as usize].clone(), probability: p[at] }).collect()
    }

    fn evidence(&self, known: &Known, day: i32) -> Option<(Vec<UnitNumber>, Vec<f64>)> {
        let origin = self.origin?;
        let now = forward(-day, -origin, self.tuning.half_life);
        let cells: Vec<Option<&Cell>> = self
            .combinations
            .iter()
            .zip(&self.counted)
            .map(|(combination, cells)| cells.get(&key(known, &combination.levels)?))
            .collect();
        let mut place = vec![u32::MAX; self.units.len()];
        let mut candidates = Vec::new();
        for cell in cells.iter().rev().flatten() {
            for &(unit, _) in &cell.units {
                if candidates.len() < self.tuning.candidates && place[unit as usize] == u32::MAX {
                    place[unit as usize] = candidates.len() as u32;
                    candidates.push(unit);
                }
            }
        }
        let wide = candidates.len();
        let even = 1.0 / self.units.len() as f64;
        let mut chance: Vec<Vec<f64>> = Vec::with_capacity(cells.len());
        for (combination, cell) in self.combinations.iter().zip(&cells) {
            let mut own = vec![0.0; wide];
            for &parent in &combination.parents {
                own.iter_mut().zip(&chance[parent]).for_each(|(own, from)| *own += from / combination.parents.len() as f64);
            }
            if combination.parents.is_empty() {
                own.fill(even);
            }
            if let Some(cell) = cell {
                let worth = if combination.parents.is_empty() { 1.0 } else { self.tuning.back_off };
                own.iter_mut().for_each(|own| *own *= worth);
                for &(unit, weight) in &cell.units {
                    if let Some(own) = own.get_mut(place[unit as usize] as usize) {
                        *own += weight * now;
                    }
                }
                let all = cell.total * now + worth;
                own.iter_mut().for_each(|own| *own /= all);
            }
            chance.push(own);
        }
        // kin
        let chains = self.schema.chains();
        let mut kin_parts: Vec<Vec<f64>> = Vec::new();
        if let Some(places) = chains.get(1) {
            let at = |a: usize, b: usize| {
                self.combinations.iter().position(|c| c.levels[0] == a && c.levels[1] == b && c.levels[2..].iter().all(|l| *l == 0)).unwrap_or(0)
            };
            let first = chains[0].len();
            let matter = (1..=first).rev().find_map(|l| cells[at(l, 0)]);
            let called = matter.map(|cell| self.kin.called(cell, &candidates));
            let all = cells[0]?;
            let mut work = vec![0.0; wide];
            for &(unit, weight) in &all.units {
                if let Some(w) = work.get_mut(place[unit as usize] as usize) { *w = weight * now; }
            }
            for level in 1..=places.len() {
                let mut role = vec![0.0; wide];
                if let (Some(called), Some(cell)) = (&called, cells[at(0, level)]) {
                    for &(unit, weight) in &cell.units {
                        let p = place[unit as usize] as usize;
                        if p < wide { role[p] = called[p] * weight * now / (work[p] + 1.0); }
                    }
                }
                let base = &chance[at(first, level)];
                let sum: f64 = role.iter().sum::<f64>() + self.tuning.kin_floor;
                kin_parts.push(role.iter().zip(base).map(|(r, b)| (r + self.tuning.kin_floor * b) / sum).collect());
            }
        }
        chance.extend(kin_parts);
        let kinds = chance.len();
        let mut evidence = vec![0.0; wide * kinds];
        for (kind, chance) in chance.iter().enumerate() {
            for (at, chance) in chance.iter().enumerate() {
                evidence[at * kinds + kind] = (chance + self.tuning.min).ln();
            }
        }
        Some((candidates, evidence))
    }
}
