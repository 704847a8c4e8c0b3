//! 64 bits that pictures of the same have in common, whatever their size and quality (D§9.6).
//!
//! The picture is made 32 by 32 and grey and taken apart into waves; each bit says whether one of the 64 longest is
//! stronger than the middle one. Scaling, another quality or a little light change few of them.

use std::fmt;

use image::{RgbImage, imageops, imageops::FilterType};

/// Side of the square that is taken apart.
const SIDE: usize = 32;
/// Waves in each direction.
const WAVES: usize = 8;
/// A picture whose strongest wave is weaker shows nothing: an even surface, a lens covered. In levels of grey.
const NOTHING: f32 = 2.0;

/// What pictures of the same have in common. Not secret by itself, yet a trace of what was to be seen: erased with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PictureHash(pub u64);

impl PictureHash {
    /// Bits in which two differ, 0 to 64: up to some 8 for copies of one picture, around 32 for two that have nothing
    /// in common.
    #[must_use]
    pub const fn distance(self, other: Self) -> u32 {
        (self.0 ^ other.0).count_ones()
    }
}

impl fmt::Debug for PictureHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PictureHash({:016x})", self.0)
    }
}

/// Of a picture that stands upright.
pub(crate) fn of(picture: &RgbImage) -> Option<PictureHash> {
    let side = u32::try_from(SIDE).ok()?;
    let grey = imageops::grayscale(&imageops::resize(picture, side, side, FilterType::Triangle));
    let waves = waves(&grey.pixels().map(|p| f32::from(p.0[0])).collect::<Vec<_>>());
    // The first is the light of the whole and says nothing.
    let shape = waves.get(1..)?;
    if shape.iter().all(|w| w.abs() < NOTHING) {
        return None;
    }
    let mut order = shape.to_vec();
    order.sort_by(f32::total_cmp);
    let middle = *order.get(order.len() / 2)?;
    let bits = waves.iter().enumerate().skip(1).filter(|(_, wave)| **wave > middle);
    Some(PictureHash(bits.fold(0, |hash, (n, _)| hash | 1 << n)))
}

/// The longest waves of a square (DCT-II), each in levels of grey.
fn waves(grey: &[f32]) -> Vec<f32> {
    let length = SIDE as f32;
    let wave = |n: usize, at: usize| ((at as f32 + 0.5) * n as f32 * std::f32::consts::PI / length).cos();
    let table: Vec<Vec<f32>> = (0..WAVES).map(|n| (0..SIDE).map(|at| wave(n, at)).collect()).collect();
    let rows: Vec<Vec<f32>> = grey
        .chunks(SIDE)
        .map(|row| table.iter().map(|wave| wave.iter().zip(row).map(|(w, g)| w * g).sum()).collect())
        .collect();
    let mut waves = Vec::with_capacity(WAVES * WAVES);
    for down in &table {
        for across in 0..WAVES {
            let sum: f32 = rows.iter().zip(down).map(|(row, w)| w * row.get(across).copied().unwrap_or(0.0)).sum();
            waves.push(sum * 2.0 / length / length);
        }
    }
    waves
}
