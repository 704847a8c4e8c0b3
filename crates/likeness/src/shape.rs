//! Which curves and surfaces a model has before it has learned anything.

use crate::{
    features::Feature::{self, *},
    model::{Calibration, Curve, Model, Surface},
};

/// Knots along shares and cosines.
const SHARE: &[f32] = &[0.0, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 0.95];
/// ln(1 + m) of 0, 2, 6, 15, 30, 60, 120, 250, 500 m.
const METRES: &[f32] = &[0.0, 1.1, 1.95, 2.77, 3.43, 4.11, 4.8, 5.53, 6.22];
/// ln(1 + h) of 0, 6 min, 1 h, 6 h, a day, 3 days, 10 days, a month, 3 months, a year.
const HOURS: &[f32] = &[0.0, 0.1, 0.69, 1.95, 3.22, 4.29, 5.48, 6.58, 7.68, 9.08];
/// ln(1 + n) of 0, 1, 2, 4, 8, 16 others.
const OTHERS: &[f32] = &[0.0, 0.69, 1.1, 1.61, 2.2, 2.83];

const CURVES: &[(Feature, &[f32])] = &[
    (Runs, SHARE),
    (Words, SHARE),
    (Contained, SHARE),
    (Rarest, &[0.0, 2.0, 4.0, 5.5, 7.0, 9.0]),
    (SameWords, &[0.0, 1.0]),
    (Code, &[-1.0, 0.0, 1.0]),
    (Name, &[-1.0, 0.0, 1.0]),
    (Building, &[-1.0, 0.0, 1.0]),
    (Distance, METRES),
    (Address, &[0.0, 1.0, 2.0, 3.0]),
    (Category, &[0.0, 1.0, 2.0]),
    (Hours, HOURS),
    (Open, &[0.0, 1.0]),
    (ClosedFor, &[0.0, 1.95, 4.29, 5.48]),
    (Requester, &[0.0, 1.0]),
    (Photo, &[0.0, 1.0, 2.0, 3.0]),
    (SamePhoto, &[0.0, 1.0]),
    (Length, &[-3.0, -1.0, 0.0, 1.0, 3.0]),
    (Crowd, &[0.0, 0.69, 1.61, 3.0, 5.0]),
    (Nearer, OTHERS),
    (Wordier, OTHERS),
    (Later, OTHERS),
    (Earlier, OTHERS),
    (Repeat, &[0.0, 0.1, 0.3, 0.6, 0.9]),
    (Repeated, &[0.0, 0.1, 0.3, 0.6, 1.0, 3.0]),
];

const FEW_SHARES: &[f32] = &[0.0, 0.1, 0.25, 0.5, 0.8];
const FEW_METRES: &[f32] = &[0.0, 1.95, 3.43, 4.8, 6.22];
const FEW_HOURS: &[f32] = &[0.0, 0.69, 3.22, 5.48, 7.68];

const SURFACES: &[(Feature, &[f32], Feature, &[f32])] = &[
    (Distance, FEW_METRES, Hours, FEW_HOURS),
    (Distance, FEW_METRES, Runs, FEW_SHARES),
    (Hours, FEW_HOURS, Runs, FEW_SHARES),
    (Distance, FEW_METRES, Category, &[0.0, 1.0, 2.0]),
    (Address, &[0.0, 1.0, 2.0, 3.0], Distance, FEW_METRES),
    (Crowd, &[0.0, 0.69, 1.61, 3.0, 5.0], Distance, FEW_METRES),
    (Nearer, &[0.0, 0.69, 1.61], Earlier, &[0.0, 0.69, 1.61]),
    (Requester, &[0.0, 1.0], Runs, FEW_SHARES),
];

/// A model of this shape that says nothing yet.
#[must_use]
pub fn blank() -> Model {
    Model {
        curves: CURVES
            .iter()
            .map(|(feature, knots)| Curve {
                feature: *feature,
                knots: knots.to_vec(),
                adds: vec![0.0; knots.len()],
                unknown: 0.0,
            })
            .collect(),
        surfaces: SURFACES
            .iter()
            .map(|(a, rows, b, columns)| Surface {
                features: [*a, *b],
                knots: [rows.to_vec(), columns.to_vec()],
                adds: vec![0.0; rows.len() * columns.len()],
            })
            .collect(),
        calibration: Calibration { bias: -4.0, score: 1.0 },
    }
}
