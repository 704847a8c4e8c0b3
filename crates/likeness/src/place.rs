//! Where a request is: a point in millionths of a degree, the cell it lies in, and how far two points are apart.
//!
//! Cells are squares of degrees, about 120 m from south to north and less from west to east the further from the
//! equator; `rings` says how many of them around a point surely hold everything within a distance.

use serde::{Deserialize, Serialize};

/// A side of a cell, in millionths of a degree.
const CELL: i32 = 1080;
/// Metres in a millionth of a degree of latitude (a meridian is 20,004 km long).
const METRES: f64 = 20_004_000.0 / 180.0 / 1e6;
/// A side of an area, in millionths of a degree: ten cells.
const AREA: i32 = 10 * CELL;
/// Most rings that are ever looked at.
const MOST_RINGS: i32 = 12;

/// A point on earth, in millionths of a degree: 11 cm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Spot {
    /// Latitude.
    pub lat: i32,
    /// Longitude.
    pub lon: i32,
}

impl Spot {
    /// A point; `None` when it is none on earth, or 0,0, which is no place in a city.
    #[must_use]
    pub fn new(lat: f64, lon: f64) -> Option<Self> {
        let sound = lat.abs() <= 90.0 && lon.abs() <= 180.0 && !(lat == 0.0 && lon == 0.0);
        sound.then(|| Self { lat: (lat * 1e6).round() as i32, lon: (lon * 1e6).round() as i32 })
    }

    /// Metres between two points of one city.
    #[must_use]
    pub fn metres(self, other: Self) -> f32 {
        Ruler::at(self).metres(other)
    }

    /// How much shorter a degree of longitude is here than one of latitude.
    fn shrink(self) -> f64 {
        (f64::from(self.lat) / 1e6).to_radians().cos().max(0.01)
    }

    fn cell(self) -> (i32, i32) {
        (self.lat.div_euclid(CELL), self.lon.div_euclid(CELL))
    }

    /// The key of the cell it lies in.
    pub(crate) fn key(self) -> u64 {
        let (row, column) = self.cell();
        cell_key(row, column)
    }
}

impl Spot {
    /// As one number.
    #[must_use]
    pub fn bits(self) -> u64 {
        cell_key(self.lat, self.lon)
    }

    /// The point of [`Self::bits`].
    #[must_use]
    pub fn of_bits(bits: u64) -> Self {
        Self { lat: (bits >> 32) as u32 as i32, lon: bits as u32 as i32 }
    }

    /// Latitude and longitude, in degrees.
    #[must_use]
    pub fn degrees(self) -> (f64, f64) {
        (f64::from(self.lat) / 1e6, f64::from(self.lon) / 1e6)
    }

    /// The key of the area it lies in.
    pub(crate) fn area(self) -> u64 {
        cell_key(self.lat.div_euclid(AREA), self.lon.div_euclid(AREA))
    }
}

/// Measures many points from one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ruler {
    here: Spot,
    /// Metres in a millionth of a degree of longitude here.
    east: f64,
}

impl Ruler {
    pub(crate) fn at(here: Spot) -> Self {
        Self { here, east: METRES * here.shrink() }
    }

    pub(crate) fn metres(&self, there: Spot) -> f32 {
        let north = (f64::from(self.here.lat) - f64::from(there.lat)) * METRES;
        let east = (f64::from(self.here.lon) - f64::from(there.lon)) * self.east;
        (north * north + east * east).sqrt() as f32
    }
}

/// The areas, four at most in a city, that hold everything within `metres` of a point.
pub(crate) fn areas(spot: Spot, metres: f32) -> Vec<u64> {
    let within = |centre: i32, unit: f64| {
        let reach = (f64::from(metres) / unit).ceil().min(f64::from(MOST_RINGS * CELL)) as i32;
        centre.saturating_sub(reach).div_euclid(AREA)..=centre.saturating_add(reach).div_euclid(AREA)
    };
    let columns = within(spot.lon, METRES * spot.shrink());
    within(spot.lat, METRES).flat_map(|row| columns.clone().map(move |column| cell_key(row, column))).collect()
}

fn cell_key(row: i32, column: i32) -> u64 {
    u64::from(row as u32) << 32 | u64::from(column as u32)
}

/// The cells around a point, ring by ring, until everything within `metres` is covered; with each ring the distance
/// within which nothing can lie outside of it and the rings before.
pub(crate) fn rings(spot: Spot, metres: f32) -> impl Iterator<Item = (f32, Vec<u64>)> {
    let (row, column) = spot.cell();
    let side = (f64::from(CELL) * METRES * spot.shrink()) as f32;
    let last = ((metres / side).ceil() as i32).clamp(0, MOST_RINGS);
    (0..=last).map(move |ring| {
        let mut cells = Vec::with_capacity(8 * ring as usize + 1);
        for along in -ring..=ring {
            cells.push(cell_key(row - ring, column + along));
            if ring > 0 {
                cells.push(cell_key(row + ring, column + along));
                if along.abs() < ring {
                    cells.push(cell_key(row + along, column - ring));
                    cells.push(cell_key(row + along, column + ring));
                }
            }
        }
        (ring as f32 * side, cells)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_point_that_is_none_is_refused() {
        assert_eq!(Spot::new(0.0, 0.0), None);
        assert_eq!(Spot::new(f64::NAN, 114.0), None);
        assert_eq!(Spot::new(91.0, 114.0), None);
        assert_eq!(Spot::new(22.5, 114.05), Some(Spot { lat: 22_500_000, lon: 114_050_000 }));
    }

    proptest! {
        #[test]
        fn rings_hold_what_is_near(lat in -60.0..60.0_f64, lon in -179.0..179.0_f64, north in -400..400_i32, east in -400..400_i32) {
            let here = Spot::new(lat, lon).unwrap();
            let there = Spot { lat: here.lat + north * 10, lon: here.lon + east * 10 };
            let mut seen = false;
            for (covered, cells) in rings(here, 500.0) {
                seen |= cells.contains(&there.key());
                prop_assert!(seen || here.metres(there) >= covered * 0.999);
            }
            prop_assert!(seen || here.metres(there) > 500.0);
            let around = areas(here, 500.0);
            prop_assert!(around.len() <= 9 && (around.contains(&there.area()) || here.metres(there) > 500.0));
        }
    }
}
