//! Linear one-versus-rest models on sparse vectors: a support vector machine for each class, all trained together.
//!
//! The solver is dual coordinate descent for the squared hinge loss (Hsieh et al. 2008, the one inside LIBLINEAR).
//! It stands here, and not as LIBLINEAR's binding, because that one draws from the C library's global `rand`, so that
//! two trainings side by side change each other, needs a C++ compiler, keeps 16 bytes for each value, and visits the
//! corpus once for every class; here one visit serves all of them, which on text is what the time goes into.

use serde::{Deserialize, Serialize};

use crate::{folds::random, stretch::Stretches};

/// Sparse rows side by side; each column at most once in a row.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    ends: Vec<usize>,
    cells: Vec<(u32, f32)>,
    worths: Vec<f32>,
}

impl Rows {
    /// Appends a row that is worth so much beside others: being wrong about it costs that share, above 0.
    pub fn push(&mut self, row: &[(u32, f32)], worth: f32) {
        self.cells.extend_from_slice(row);
        self.ends.push(self.cells.len());
        self.worths.push(worth);
    }

    fn worth(&self, at: usize) -> f64 {
        self.worths.get(at).copied().map_or(1.0, f64::from)
    }

    /// A row's cells; none for a row that is not there.
    #[must_use]
    pub fn row(&self, at: usize) -> &[(u32, f32)] {
        let start = if at == 0 { 0 } else { self.ends.get(at - 1).copied().unwrap_or(0) };
        self.ends.get(at).and_then(|end| self.cells.get(start..*end)).unwrap_or(&[])
    }

    /// How many rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

impl<R: AsRef<[(u32, f32)]>> FromIterator<R> for Rows {
    fn from_iter<T: IntoIterator<Item = R>>(rows: T) -> Self {
        let mut all = Self::default();
        rows.into_iter().for_each(|row| all.push(row.as_ref(), 1.0));
        all
    }
}

/// How a model is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Training {
    /// What a row on the wrong side costs, against the length of the weights. A row of a class's own costs so much
    /// more as the class is rarer than its fair share, so that all classes together cost the same.
    pub cost: f64,
    /// Most visits of the corpus.
    pub visits: usize,
    /// Ends when no gradient of the dual was larger than this in a whole visit.
    pub tolerance: f64,
    /// Order of the visits.
    pub seed: u64,
}

impl Default for Training {
    fn default() -> Self {
        Self { cost: 1.0, visits: 12, tolerance: 0.1, seed: 1 }
    }
}

/// The weights of a column stand side by side, filled up with zeros to whole vectors of the processor.
const LANES: usize = 8;

/// A hyperplane for each class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Linear {
    classes: usize,
    /// `weights[column * stride + class]`; the last column is the constant 1.
    weights: Vec<f32>,
}

impl Linear {
    /// Trains on `rows` with `columns` columns; `labels[row]` is below `classes`, other rows are passed over.
    #[must_use]
    pub fn train(rows: &Rows, columns: usize, labels: &[usize], classes: usize, how: Training) -> Self {
        let plain = |_: usize, _: &mut [f32], steps: &[f32], value: f32, weights: &mut [f32]| {
            add_scaled(weights, steps, value);
        };
        let lengths = (0..rows.len()).flat_map(|row| std::iter::repeat_n(squared_length(rows.row(row)), classes));
        Self::descend(rows, columns, labels, classes, how, &lengths.collect::<Vec<_>>(), plain)
    }

    /// Trains on `rows` whose columns are stretched first, for each class by other factors: what a column says by
    /// itself for the class or against it then costs less to say. The model is one for rows as they are.
    #[must_use]
    pub fn train_stretched(rows: &Rows, by: &Stretches, labels: &[usize], how: Training) -> Self {
        let classes = by.classes;
        let lengths: Vec<f64> = (0..rows.len()).flat_map(|row| by.squared_lengths(rows.row(row))).collect();
        let stretched = |column: usize, room: &mut [f32], steps: &[f32], value: f32, weights: &mut [f32]| {
            for ((room, step), square) in room.iter_mut().zip(steps).zip(by.squares(column)) {
                *room = step * square;
            }
            add_scaled(weights, room, value);
        };
        Self::descend(rows, by.columns(), labels, classes, how, &lengths, stretched)
    }

    /// The model whose margins are the means of two models' margins.
    #[must_use]
    pub fn mean(mut self, other: &Self) -> Self {
        self.weights.iter_mut().zip(&other.weights).for_each(|(mine, theirs)| *mine = (*mine + theirs) / 2.0);
        self
    }

    /// Dual coordinate descent. `lengths[row * classes + class]` is the squared length of a row as the class sees it,
    /// and `add(column, room, steps, value, weights)` moves the weights of a column.
    fn descend(
        rows: &Rows,
        columns: usize,
        labels: &[usize],
        classes: usize,
        how: Training,
        lengths: &[f64],
        add: impl Fn(usize, &mut [f32], &[f32], f32, &mut [f32]),
    ) -> Self {
        let stride = stride(classes);
        let mut model = Self { classes, weights: vec![0.0; (columns + 1) * stride] };
        let mut order: Vec<usize> =
            (0..rows.len()).filter(|row| labels.get(*row).is_some_and(|label| *label < classes)).collect();
        let costs = balanced_costs(&order, labels, classes, how.cost);
        let mut duals = vec![0.0_f64; rows.len() * classes];
        let (mut steps, mut room) = (vec![0.0_f32; stride], vec![0.0_f32; stride]);
        for visit in 0..how.visits {
            shuffle(&mut order, how.seed.wrapping_add(visit as u64));
            let mut steepest = 0.0_f64;
            for &row in &order {
                let (cells, worth) = (rows.row(row), rows.worth(row));
                let margins = model.margins(cells);
                let mut moved = false;
                for (class, (step, margin)) in steps.iter_mut().zip(margins).enumerate() {
                    let own = labels[row] == class;
                    let sign = if own { 1.0 } else { -1.0 };
                    let give = 0.5 / (worth * costs[class][usize::from(own)]);
                    let dual = &mut duals[row * classes + class];
                    let gradient = sign * f64::from(margin) - 1.0 + *dual * give;
                    let downhill = if *dual == 0.0 { gradient.min(0.0) } else { gradient };
                    steepest = steepest.max(downhill.abs());
                    *step = 0.0;
                    if downhill.abs() > 1e-9 {
                        let before = *dual;
                        *dual = (before - gradient / (lengths[row * classes + class] + give)).max(0.0);
                        *step = ((*dual - before) * sign) as f32;
                        moved = true;
                    }
                }
                if moved {
                    for (column, value) in cells {
                        let start = *column as usize * stride;
                        let weights = &mut model.weights[start..start + stride];
                        add(*column as usize, &mut room, &steps, *value, weights);
                    }
                    add_scaled(&mut model.weights[columns * stride..], &steps, 1.0);
                }
            }
            if steepest < how.tolerance {
                break;
            }
        }
        model
    }

    /// How many classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// How many columns, without the constant.
    #[must_use]
    pub fn columns(&self) -> usize {
        (self.weights.len() / stride(self.classes)).saturating_sub(1)
    }

    /// Whether every weight is a number, and there are as many as classes and columns want.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.classes > 0
            && !self.weights.is_empty()
            && self.weights.len().is_multiple_of(stride(self.classes))
            && self.weights.iter().all(|weight| weight.is_finite())
    }

    /// Signed distance of a vector from the border of each class, in units of the margin: above 0 it speaks for the
    /// class. Columns that the model does not have are passed over.
    #[must_use]
    pub fn margins(&self, vector: &[(u32, f32)]) -> Vec<f32> {
        let last = self.columns();
        let mut margins: Vec<f32> = self.column(last).to_vec();
        for (column, value) in vector.iter().filter(|(column, _)| (*column as usize) < last) {
            add_scaled(&mut margins, self.column(*column as usize), *value);
        }
        margins.truncate(self.classes);
        margins
    }

    fn column(&self, column: usize) -> &[f32] {
        let stride = stride(self.classes);
        self.weights.get(column * stride..(column + 1) * stride).unwrap_or(&[])
    }
}

pub(crate) const fn stride(classes: usize) -> usize {
    let lanes = classes.next_multiple_of(LANES);
    if lanes == 0 { LANES } else { lanes }
}

fn add_scaled(to: &mut [f32], from: &[f32], by: f32) {
    for (to, from) in to.as_chunks_mut::<LANES>().0.iter_mut().zip(from.as_chunks::<LANES>().0) {
        for (to, from) in to.iter_mut().zip(from) {
            *to += from * by;
        }
    }
}

/// Cost of a row of the rest and of a row of its own, for each class.
fn balanced_costs(order: &[usize], labels: &[usize], classes: usize, cost: f64) -> Vec<[f64; 2]> {
    let fair_share = order.len() as f64 / classes as f64;
    (0..classes)
        .map(|class| {
            let own = order.iter().filter(|row| labels[**row] == class).count();
            [cost, cost * fair_share / own.max(1) as f64]
        })
        .collect()
}

/// With the constant.
fn squared_length(row: &[(u32, f32)]) -> f64 {
    1.0 + row.iter().map(|(_, value)| f64::from(*value).powi(2)).sum::<f64>()
}

/// Fisher and Yates.
fn shuffle(order: &mut [usize], seed: u64) {
    for at in (1..order.len()).rev() {
        order.swap(at, (random(seed, at as u64) % (at as u64 + 1)) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Three clouds of which each has a column of its own; one is rare.
    fn clouds() -> (Rows, Vec<usize>) {
        let labels: Vec<usize> = (0..120).map(|at| if at % 20 == 0 { 2 } else { at % 2 }).collect();
        let noise = |at: usize| random(7, at as u64) as f32 / u64::MAX as f32 * 0.5;
        let rows = labels.iter().enumerate().map(|(at, label)| vec![(*label as u32, 1.0), (3, noise(at))]).collect();
        (rows, labels)
    }

    #[test]
    fn what_can_be_separated_is_separated() {
        let (rows, labels) = clouds();
        let model = Linear::train(&rows, 4, &labels, 3, Training::default());
        for (row, label) in labels.iter().enumerate() {
            let margins = model.margins(rows.row(row));
            assert!(
                margins.iter().enumerate().all(|(class, margin)| (*margin > 0.0) == (class == *label)),
                "{margins:?}"
            );
        }
        assert!(model.is_sound());
    }

    #[test]
    fn training_twice_gives_the_same_model() {
        let (rows, labels) = clouds();
        let how = Training { visits: 3, ..Training::default() };
        assert_eq!(Linear::train(&rows, 4, &labels, 3, how), Linear::train(&rows, 4, &labels, 3, how));
    }

    /// The primal objective that LIBLINEAR's L2-loss machine minimises, for one class.
    fn objective(weights: &[f64], rows: &[Vec<(u32, f32)>], own: &[bool], costs: [f64; 2]) -> f64 {
        let loss = |(row, own): (&Vec<(u32, f32)>, &bool)| {
            let margin: f64 =
                row.iter().map(|(c, v)| weights[*c as usize] * f64::from(*v)).sum::<f64>() + weights[weights.len() - 1];
            let short = (1.0 - if *own { margin } else { -margin }).max(0.0);
            costs[usize::from(*own)] * short * short
        };
        weights.iter().map(|w| w * w).sum::<f64>() / 2.0 + rows.iter().zip(own).map(loss).sum::<f64>()
    }

    #[test]
    fn what_is_worth_less_gives_way() {
        let (mut rows, mut labels) = (Rows::default(), Vec::new());
        for (label, worth, times) in [(0, 1.0, 4), (1, 0.2, 5), (1, 1.0, 1)] {
            for _ in 0..times {
                // All say the same but the last, which keeps the classes' costs from being all there is.
                rows.push(&[(u32::from(label == 1 && worth == 1.0), 1.0)], worth);
                labels.push(label);
            }
        }
        let margins = |rows: &Rows| Linear::train(rows, 2, &labels, 2, Training::default()).margins(&[(0, 1.0)]);
        let weighed = margins(&rows);
        assert!(weighed[0] > weighed[1], "four that count outweigh five that hardly do: {weighed:?}");
        let alike = margins(&(0..rows.len()).map(|at| rows.row(at).to_vec()).collect());
        assert!(alike[0] - alike[1] < weighed[0] - weighed[1], "{alike:?}");
    }

    proptest! {
        #[test]
        fn no_small_step_makes_a_trained_model_better(
            points in proptest::collection::vec((-1.0..1.0_f32, -1.0..1.0_f32, any::<bool>()), 4..30),
        ) {
            let rows: Vec<_> = points.iter().map(|(a, b, _)| vec![(0, *a), (1, *b)]).collect();
            let labels: Vec<usize> = points.iter().map(|p| usize::from(p.2)).collect();
            let how = Training { visits: 3000, tolerance: 1e-5, ..Training::default() };
            let model = Linear::train(&rows.iter().collect(), 2, &labels, 2, how);
            let own: Vec<bool> = labels.iter().map(|label| *label == 1).collect();
            let costs = balanced_costs(&(0..labels.len()).collect::<Vec<_>>(), &labels, 2, 1.0)[1];
            let weights: Vec<f64> = (0..3).map(|column| f64::from(model.column(column)[1])).collect();
            let reached = objective(&weights, &rows, &own, costs);
            for at in 0..3 {
                for step in [-0.01, 0.01] {
                    let mut other = weights.clone();
                    other[at] += step;
                    prop_assert!(objective(&other, &rows, &own, costs) >= reached - 1e-3, "{reached}");
                }
            }
        }
    }
}
