//! Two datums for one point: WGS-84, as satellites give it, and GCJ-02, as Chinese maps draw it.
//!
//! They lie up to 700 m apart inside China, so that a point read in the wrong one lands in the next
//! community. The types keep them apart; nothing converts silently. The formula is the approximation in
//! the public domain (eviltransform and others); its inverse is iterated. It holds to a few metres.

use serde::{Deserialize, Serialize};
use suban_domain::Point;

/// A datum that a file or a map is drawn in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Datum {
    /// GPS, OpenStreetMap.
    Wgs84,
    /// 高德, 腾讯 and official web maps.
    Gcj02,
}

/// A point in WGS-84.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wgs84(pub Point);

/// A point in GCJ-02.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gcj02(pub Point);

/// Coordinates that are no point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoPoint {
    /// Not a number, infinite, or beyond ±90 and ±180.
    #[error("coordinates must be degrees: latitude within ±90, longitude within ±180; are they swapped?")]
    OutOfRange,
    /// 0,0: what a phone sends that has no fix.
    #[error("coordinates are 0,0, which is no place in a city")]
    Zero,
}

fn checked(lat: f64, lon: f64) -> Result<Point, NoPoint> {
    if lat == 0.0 && lon == 0.0 {
        return Err(NoPoint::Zero);
    }
    Point::new(lat, lon).map_err(|_| NoPoint::OutOfRange)
}

impl Wgs84 {
    /// A point, latitude first.
    ///
    /// # Errors
    /// When the coordinates are no point.
    pub fn new(lat: f64, lon: f64) -> Result<Self, NoPoint> {
        checked(lat, lon).map(Self)
    }
}

impl Gcj02 {
    /// A point, latitude first.
    ///
    /// # Errors
    /// When the coordinates are no point.
    pub fn new(lat: f64, lon: f64) -> Result<Self, NoPoint> {
        checked(lat, lon).map(Self)
    }
}

/// Krasovsky's ellipsoid: half axis in metres and squared eccentricity.
const AXIS: f64 = 6_378_245.0;
const ECCENTRICITY_SQUARED: f64 = 0.006_693_421_622_965_943;
/// The rectangle in which the shift applies.
const CHINA_LAT: std::ops::RangeInclusive<f64> = 0.8293..=55.8271;
const CHINA_LON: std::ops::RangeInclusive<f64> = 72.004..=137.8347;
/// Degrees to which the inverse is found, and the rounds it may take; five are usual.
const CLOSE: f64 = 1e-9;
const ROUNDS: u32 = 30;

/// Degrees of latitude and longitude by which GCJ-02 lies off at a WGS-84 point; none outside China.
fn shift(lat: f64, lon: f64) -> (f64, f64) {
    use std::f64::consts::PI;
    if !CHINA_LAT.contains(&lat) || !CHINA_LON.contains(&lon) {
        return (0.0, 0.0);
    }
    let (x, y) = (lon - 105.0, lat - 35.0);
    let wave =
        |a: f64, b: f64, c: f64, d: f64, at: f64| (a * (at * PI / c).sin() + b * (at * PI / d).sin()) * 2.0 / 3.0;
    let ripple = (20.0 * (6.0 * x * PI).sin() + 20.0 * (2.0 * x * PI).sin()) * 2.0 / 3.0;
    let north = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * x.abs().sqrt()
        + ripple
        + wave(20.0, 40.0, 1.0, 3.0, y)
        + wave(160.0, 320.0, 12.0, 30.0, y);
    let east = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * x.abs().sqrt()
        + ripple
        + wave(20.0, 40.0, 1.0, 3.0, x)
        + wave(150.0, 300.0, 12.0, 30.0, x);
    let at = lat.to_radians();
    let magic = 1.0 - ECCENTRICITY_SQUARED * at.sin() * at.sin();
    let root = magic.sqrt();
    (
        north * 180.0 / ((AXIS * (1.0 - ECCENTRICITY_SQUARED)) / (magic * root) * PI),
        east * 180.0 / (AXIS / root * at.cos() * PI),
    )
}

impl From<Wgs84> for Gcj02 {
    fn from(Wgs84(Point { lat, lon }): Wgs84) -> Self {
        let (north, east) = shift(lat, lon);
        Self(Point { lat: lat + north, lon: lon + east })
    }
}

impl From<Gcj02> for Wgs84 {
    /// The point whose shift leads here. In a strip of 700 m along the rectangle's edge, in the sea or
    /// abroad, the two ways are not each other's inverse.
    fn from(Gcj02(Point { lat, lon }): Gcj02) -> Self {
        let mut guess = Point { lat, lon };
        for _ in 0..ROUNDS {
            let (north, east) = shift(guess.lat, guess.lon);
            let next = Point { lat: lat - north, lon: lon - east };
            let moved = (next.lat - guess.lat).abs().max((next.lon - guess.lon).abs());
            guess = next;
            if moved < CLOSE {
                break;
            }
        }
        Self(guess)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_known_point_shifts_as_others_shift_it() {
        // Tian'anmen: both values as published with the formula's common implementations.
        let Gcj02(p) = Wgs84::new(39.908_823, 116.397_470).unwrap().into();
        assert!((p.lat - 39.910_225).abs() < 5e-5 && (p.lon - 116.403_714).abs() < 5e-5, "{p:?}");
    }

    #[test]
    fn outside_china_nothing_moves() {
        for (lat, lon) in [(42.36, -71.06), (51.5, -0.12), (-33.9, 151.2), (60.0, 100.0)] {
            let p = Wgs84::new(lat, lon).unwrap();
            assert_eq!(Gcj02::from(p).0, p.0);
            assert_eq!(Wgs84::from(Gcj02(p.0)).0, p.0);
        }
    }

    #[test]
    fn what_is_no_point_is_refused() {
        assert_eq!(Wgs84::new(0.0, 0.0), Err(NoPoint::Zero));
        assert_eq!(Wgs84::new(114.0, 22.5), Err(NoPoint::OutOfRange));
        assert_eq!(Gcj02::new(f64::NAN, 1.0), Err(NoPoint::OutOfRange));
    }

    proptest! {
        #[test]
        fn there_and_back_is_the_same_point(lat in 1.0f64..55.7, lon in 72.1f64..137.7) {
            let before = Wgs84::new(lat, lon).unwrap();
            let Wgs84(after) = Gcj02::from(before).into();
            prop_assert!((after.lat - lat).abs() < 1e-6 && (after.lon - lon).abs() < 1e-6, "{before:?} {after:?}");
            let off = Gcj02::from(before).0;
            prop_assert!((off.lat - lat).abs() < 0.02 && (off.lon - lon).abs() < 0.02);
        }

        #[test]
        fn and_back_and_there(lat in 1.0f64..55.7, lon in 72.1f64..137.7) {
            let before = Gcj02::new(lat, lon).unwrap();
            let Gcj02(after) = Wgs84::from(before).into();
            prop_assert!((after.lat - lat).abs() < 1e-6 && (after.lon - lon).abs() < 1e-6);
        }
    }
}
