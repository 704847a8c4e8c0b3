//! What is to be seen: its size, a small copy, and what pictures like it have in common.

use std::io::Cursor;

use image::{
    DynamicImage, ImageDecoder as _, ImageError, ImageFormat, ImageReader, RgbImage, codecs::jpeg::JpegEncoder,
    metadata::Orientation,
};

use crate::{Kind, PictureHash, Refused, likeness};

/// The longer side of a small copy, pixels: enough to judge by, on a telephone and in a list.
const SMALL: u32 = 480;
/// Quality of a small copy, of 100.
const QUALITY: u8 = 80;

/// What is to be seen in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels a row, as it stands upright.
    pub width: u32,
    /// Rows, as it stands upright.
    pub height: u32,
    /// A small copy, a JPEG that stands upright, without metadata.
    pub thumbnail: Vec<u8>,
    /// Near to that of a picture of the same; none where there is nothing to be seen in it, as of a lens covered.
    pub hash: Option<PictureHash>,
}

fn damaged(kind: Kind) -> Refused {
    Refused::Damaged { kind, problem: "its picture cannot be read" }
}

/// Looks at a picture whose metadata is gone.
pub(crate) fn look(kind: Kind, bytes: &[u8], upright: Orientation, most: u64) -> Result<Picture, Refused> {
    let (whole, width, height) = decode(kind, bytes, most)?;
    let mut small = whole.thumbnail(SMALL.min(width.max(1)), SMALL.min(height.max(1)));
    drop(whole);
    small.apply_orientation(upright);
    let turned = matches!(
        upright,
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
    );
    let small = on_white(&small);
    let mut thumbnail = Vec::new();
    JpegEncoder::new_with_quality(&mut thumbnail, QUALITY).encode_image(&small).map_err(|_| damaged(kind))?;
    let (width, height) = if turned { (height, width) } else { (width, height) };
    Ok(Picture { width, height, thumbnail, hash: likeness::of(&small) })
}

fn decode(kind: Kind, bytes: &[u8], most: u64) -> Result<(DynamicImage, u32, u32), Refused> {
    let format = match kind {
        Kind::Jpeg => ImageFormat::Jpeg,
        Kind::Png => ImageFormat::Png,
        Kind::Webp => ImageFormat::WebP,
        Kind::Pdf => return Err(damaged(kind)),
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = image::Limits::default();
    // A pixel has at most four values of two bytes; once more for what the decoder needs beside.
    limits.max_alloc = Some(most.saturating_mul(16).saturating_add(1 << 20));
    reader.limits(limits);
    let wrong = |problem: ImageError| {
        if matches!(problem, ImageError::Limits(_)) {
            return Refused::Damaged { kind, problem: "it needs more memory than its pixels do" };
        }
        damaged(kind)
    };
    let decoder = reader.into_decoder().map_err(wrong)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > most {
        return Err(Refused::TooManyPixels { width, height, most });
    }
    let whole = DynamicImage::from_decoder(decoder).map_err(wrong)?;
    Ok((whole, width, height))
}

/// What is transparent shows white, as on a page.
fn on_white(picture: &DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.to_rgb8();
    }
    let picture = picture.to_rgba8();
    let mut flat = RgbImage::new(picture.width(), picture.height());
    for (to, from) in flat.pixels_mut().zip(picture.pixels()) {
        let [r, g, b, a] = from.0.map(u16::from);
        to.0 = [r, g, b].map(|c| u8::try_from((c * a + 255 * (255 - a)) / 255).unwrap_or(u8::MAX));
    }
    flat
}
