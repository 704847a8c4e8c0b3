//! Where and when a picture was taken, and which way is up: read before everything is taken out.

use exif::{Exif, In, Reader, Tag, Value};
use image::metadata::Orientation;
use jiff::{
    civil::DateTime,
    tz::{Offset, TimeZone},
};
use suban_domain::{At, Point};

/// The longest block that is read; one of a telephone has some kilobytes, a JPEG's never more than 64.
const LONGEST: usize = 256 * 1024;

/// Where and when, as the file says; anybody can write anything there.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Taken {
    /// Where.
    pub point: Option<Point>,
    /// When, by the camera's own clock.
    pub clock: Option<DateTime>,
    /// How far that clock was from UTC, where the file says it.
    pub offset: Option<Offset>,
}

impl Taken {
    /// When; a clock that does not say its zone is taken for one of this.
    #[must_use]
    pub fn at(&self, zone: &TimeZone) -> Option<At> {
        let zone = self.offset.map_or_else(|| zone.clone(), TimeZone::fixed);
        Some(At::from(zone.to_timestamp(self.clock?).ok()?))
    }
}

/// What was read of a block.
pub(crate) struct Read {
    pub(crate) taken: Taken,
    pub(crate) upright: Orientation,
}

/// Reads a block; one that cannot be read says nothing, and is taken out like any other.
pub(crate) fn read(block: Option<&[u8]>) -> Read {
    let nothing = Read { taken: Taken::default(), upright: Orientation::NoTransforms };
    let Some(block) = block.filter(|b| b.len() <= LONGEST) else { return nothing };
    let Ok(exif) = Reader::new().read_raw(block.to_vec()) else { return nothing };
    let upright = exif
        .get_field(Tag::Orientation, In::PRIMARY)
        .and_then(|f| f.value.get_uint(0))
        .and_then(|n| u8::try_from(n).ok())
        .and_then(Orientation::from_exif);
    let clock = text(&exif, Tag::DateTimeOriginal)
        .or_else(|| text(&exif, Tag::DateTime))
        .and_then(|t| exif::DateTime::from_ascii(t).ok())
        .and_then(civil);
    let offset = text(&exif, Tag::OffsetTimeOriginal).or_else(|| text(&exif, Tag::OffsetTime)).and_then(offset);
    let taken = Taken { point: point(&exif), clock, offset };
    Read { taken, upright: upright.unwrap_or(Orientation::NoTransforms) }
}

fn text(exif: &Exif, tag: Tag) -> Option<&[u8]> {
    let field = exif.get_field(tag, In::PRIMARY)?;
    if let Value::Ascii(lines) = &field.value { lines.first().map(Vec::as_slice) } else { None }
}

fn civil(at: exif::DateTime) -> Option<DateTime> {
    let signed = |n: u8| i8::try_from(n).ok();
    DateTime::new(
        i16::try_from(at.year).ok()?,
        signed(at.month)?,
        signed(at.day)?,
        signed(at.hour)?,
        signed(at.minute)?,
        // A leap second is the last of its minute.
        signed(at.second.min(59))?,
        0,
    )
    .ok()
}

/// `+08:00`.
fn offset(text: &[u8]) -> Option<Offset> {
    let text = std::str::from_utf8(text).ok()?.trim_end_matches('\0').trim();
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let seconds = hours.parse::<i32>().ok()?.checked_mul(60)?.checked_add(minutes.parse().ok()?)?.checked_mul(60)?;
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    Offset::from_seconds(sign * seconds).ok()
}

fn point(exif: &Exif) -> Option<Point> {
    let lat = degrees(exif, Tag::GPSLatitude, Tag::GPSLatitudeRef, b'S')?;
    let lon = degrees(exif, Tag::GPSLongitude, Tag::GPSLongitudeRef, b'W')?;
    Point::new(lat, lon).ok()
}

/// Degrees, minutes and seconds as one number, below zero where the reference says so.
fn degrees(exif: &Exif, tag: Tag, reference: Tag, below_zero: u8) -> Option<f64> {
    let field = exif.get_field(tag, In::PRIMARY)?;
    let Value::Rational(parts) = &field.value else { return None };
    let degrees: f64 = parts.iter().take(3).zip([1.0, 60.0, 3600.0]).map(|(part, of)| part.to_f64() / of).sum();
    let below = text(exif, reference)?.first()? == &below_zero;
    Some(if below { -degrees } else { degrees })
}

/// A block that says which way is up and nothing else; none where the picture stands upright already.
pub(crate) fn only_upright(upright: Orientation) -> Option<[u8; 26]> {
    if upright == Orientation::NoTransforms {
        return None;
    }
    // TIFF, the greater byte first; the directory begins at 8, has one entry, and none follows it: tag 0x0112, one
    // number of two bytes.
    let mut block = *b"MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0";
    if let Some(value) = block.get_mut(19) {
        *value = upright.to_exif();
    }
    Some(block)
}
