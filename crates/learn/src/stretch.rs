//! What each column says by itself of each class, before anything is trained on it.
//!
//! A support vector machine over columns stretched by their log-odds (Wang and Manning 2012, "Baselines and Bigrams")
//! trusts what naive Bayes trusts and weighs the rest against it. It errs on other messages than the plain machine,
//! and the mean of the two errs on fewer than either.

use crate::linear::{Rows, stride};

/// Every column is taken to have been seen so often in every class before the first row.
const SEEN_BEFORE: f64 = 1.0;

/// A factor for each column and class.
#[derive(Clone, Debug)]
pub struct Stretches {
    pub(crate) classes: usize,
    /// `squares[column * stride + class]`, the factor's square: all that training asks for.
    squares: Vec<f32>,
}

impl Stretches {
    /// Of rows with `columns` columns; `labels[row]` is below `classes`, other rows are passed over.
    ///
    /// The factor is `ln(p / q)`: `p` the column's share of all cells of the class's rows, `q` its share of all others.
    #[must_use]
    pub fn of(rows: &Rows, columns: usize, labels: &[usize], classes: usize) -> Self {
        let stride = stride(classes);
        let mut seen = vec![SEEN_BEFORE as f32; columns * stride];
        for (row, label) in labels.iter().enumerate().filter(|(_, label)| **label < classes) {
            for (column, _) in rows.row(row) {
                if let Some(times) = seen.get_mut(*column as usize * stride + label) {
                    *times += 1.0;
                }
            }
        }
        let mut totals = vec![0.0_f64; classes];
        for column in seen.chunks(stride) {
            totals.iter_mut().zip(column).for_each(|(total, times)| *total += f64::from(*times));
        }
        let all: f64 = totals.iter().sum();
        for column in seen.chunks_mut(stride) {
            let together: f64 = column.iter().take(classes).copied().map(f64::from).sum();
            for (times, total) in column.iter_mut().zip(&totals) {
                let own = f64::from(*times);
                let odds = (own / total) / ((together - own) / (all - total));
                *times = odds.ln().powi(2) as f32;
            }
        }
        Self { classes, squares: seen }
    }

    /// How many columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.squares.len() / stride(self.classes)
    }

    /// The squared factors of a column, one for each class.
    pub(crate) fn squares(&self, column: usize) -> &[f32] {
        let stride = stride(self.classes);
        self.squares.get(column * stride..(column + 1) * stride).unwrap_or(&[])
    }

    /// A row's squared length after stretching, with the constant, for each class.
    pub(crate) fn squared_lengths(&self, row: &[(u32, f32)]) -> Vec<f64> {
        let mut lengths = vec![1.0; self.classes];
        for (column, value) in row {
            for (length, square) in lengths.iter_mut().zip(self.squares(*column as usize)) {
                *length += f64::from(value * value * square);
            }
        }
        lengths
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear::{Linear, Training};

    #[test]
    fn what_is_in_every_class_alike_is_not_stretched() {
        let rows: Rows = [vec![(0, 1.0), (1, 1.0)], vec![(0, 1.0), (2, 1.0)]].iter().collect();
        let by = Stretches::of(&rows, 3, &[0, 1], 2);
        assert_eq!(by.columns(), 3);
        assert_eq!(by.squares(0)[..2], [0.0, 0.0]);
        let by_itself = (2.0_f32).ln().powi(2);
        assert!((by.squares(1)[0] - by_itself).abs() < 1e-6 && (by.squares(2)[0] - by_itself).abs() < 1e-6);
    }

    #[test]
    fn a_stretched_machine_learns_only_from_what_tells_classes_apart() {
        let rows: Rows = (0..20).map(|at| vec![(0, 1.0), (1 + at % 2, 1.0)]).collect();
        let labels: Vec<usize> = (0..20).map(|at| at % 2).collect();
        let by = Stretches::of(&rows, 3, &labels, 2);
        let model = Linear::train_stretched(&rows, &by, &labels, Training { visits: 50, ..Training::default() });
        let (mine, theirs) = (model.margins(&[(1, 1.0)]), model.margins(&[(2, 1.0)]));
        assert!(mine[0] > 0.0 && mine[1] < 0.0 && theirs[1] > 0.0 && theirs[0] < 0.0, "{mine:?} {theirs:?}");
        assert_eq!(model.margins(&[(0, 1.0)]), model.margins(&[]));
    }
}
