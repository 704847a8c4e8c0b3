//! Photographs that nobody took, for tests, benches and the demo: shapes drawn by a seed, with the metadata that a
//! telephone writes.

use exif::{Field, In, Rational, Tag, Value, experimental::Writer};
use image::{Rgb, RgbImage, codecs::jpeg::JpegEncoder};
use suban_domain::Point;

/// What is to be taken.
#[derive(Debug, Clone, Copy)]
pub struct Shot {
    /// Pixels a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// The same seed shows the same.
    pub seed: u64,
    /// Grain, in levels of grey: what makes a file long.
    pub grain: u8,
    /// Quality of the JPEG, 1 to 100.
    pub quality: u8,
    /// Where, written into the metadata as a telephone does.
    pub place: Option<Point>,
    /// Which way is up, 1 to 8 as EXIF counts.
    pub upright: u8,
}

impl Shot {
    /// A small one of this seed, without a place.
    #[must_use]
    pub const fn of(seed: u64) -> Self {
        Self { width: 640, height: 480, seed, grain: 4, quality: 90, place: None, upright: 1 }
    }
}

/// The camera's clock in every photograph: 2026-03-10 09:12:34 at +08:00.
pub const CLOCK: &str = "2026:03:10 09:12:34";
/// The device that every photograph names.
pub const DEVICE: &str = "Suban Testphone 7";

/// What is to be seen.
#[must_use]
pub fn picture(shot: &Shot) -> RgbImage {
    let mut dice = Dice(shot.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let sky = [dice.byte(), dice.byte(), dice.byte()];
    let ground = [dice.byte(), dice.byte(), dice.byte()];
    let (width, height) = (shot.width.max(1), shot.height.max(1));
    let horizon = height / 4 + dice.below(height / 2);
    let mut picture = RgbImage::from_fn(width, height, |_, y| Rgb(if y < horizon { sky } else { ground }));
    for _ in 0..12 {
        let colour = Rgb([dice.byte(), dice.byte(), dice.byte()]);
        let (left, top) = (dice.below(width), dice.below(height));
        let (right, low) = (left + 1 + dice.below(width / 3), top + 1 + dice.below(height / 3));
        for y in top..low.min(height) {
            for x in left..right.min(width) {
                picture.put_pixel(x, y, colour);
            }
        }
    }
    if shot.grain > 0 {
        for pixel in picture.pixels_mut() {
            for value in &mut pixel.0 {
                *value = value.saturating_add(dice.byte() % shot.grain);
            }
        }
    }
    picture
}

/// The file as it leaves the telephone.
#[must_use]
pub fn photo(shot: &Shot) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut file, shot.quality);
    // Writing to memory does not fail; a file without bytes is refused by whoever gets it.
    if encoder.encode_image(&picture(shot)).is_err() {
        return Vec::new();
    }
    let tiff = metadata(shot);
    let length = u16::try_from(8 + tiff.len()).unwrap_or(u16::MAX).to_be_bytes();
    let block = [&[0xFF, 0xE1], length.as_slice(), b"Exif\0\0", &tiff].concat();
    file.splice(2..2, block);
    file
}

fn metadata(shot: &Shot) -> Vec<u8> {
    let field = |tag: Tag, value: Value| Field { tag, ifd_num: In::PRIMARY, value };
    let text = |text: &str| Value::Ascii(vec![text.as_bytes().to_vec()]);
    let mut fields = vec![
        field(Tag::Orientation, Value::Short(vec![u16::from(shot.upright)])),
        field(Tag::Model, text(DEVICE)),
        field(Tag::DateTimeOriginal, text(CLOCK)),
        field(Tag::OffsetTimeOriginal, text("+08:00")),
    ];
    if let Some(place) = shot.place {
        fields.extend([
            field(Tag::GPSLatitude, degrees(place.lat)),
            field(Tag::GPSLatitudeRef, text(if place.lat < 0.0 { "S" } else { "N" })),
            field(Tag::GPSLongitude, degrees(place.lon)),
            field(Tag::GPSLongitudeRef, text(if place.lon < 0.0 { "W" } else { "E" })),
        ]);
    }
    let mut writer = Writer::new();
    fields.iter().for_each(|f| writer.push_field(f));
    let mut tiff = std::io::Cursor::new(Vec::new());
    // As above.
    if writer.write(&mut tiff, false).is_err() {
        return Vec::new();
    }
    tiff.into_inner()
}

/// Degrees, minutes, and seconds in hundredths.
fn degrees(degrees: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 64,800,000 hundredths")]
    let hundredths = (degrees.abs() * 360_000.0).round() as u32;
    let of = |num: u32, denom: u32| Rational { num, denom };
    Value::Rational(vec![of(hundredths / 360_000, 1), of(hundredths / 6_000 % 60, 1), of(hundredths % 6_000, 100)])
}

/// Xorshift: the same everywhere, and no matter of security.
struct Dice(u64);

impl Dice {
    const fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[5]
    }

    fn below(&mut self, end: u32) -> u32 {
        u32::try_from(self.next() >> 33).unwrap_or(0) % end.max(1)
    }
}
