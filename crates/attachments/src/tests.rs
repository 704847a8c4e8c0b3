//! What comes in is anything; what goes out is harmless, upright and found again.

use image::{DynamicImage, ImageFormat, imageops::FilterType};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use suban_domain::Point;

use super::*;
use crate::invented::{DEVICE, Shot, photo, picture};

const BOUNDS: Bounds = Bounds { bytes: 10 << 20, pixels: 4_000_000 };

fn square() -> Point {
    Point::new(22.5431, 114.0579).unwrap()
}

fn look(bytes: &[u8]) -> Inspected {
    inspect(bytes, &BOUNDS).unwrap()
}

fn written(shot: &Shot, format: ImageFormat) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    DynamicImage::from(picture(shot)).write_to(&mut file, format).unwrap();
    file.into_inner()
}

fn holds(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|w| w == what)
}

/// The same picture in each kind, with this EXIF block.
fn with_exif(kind: Kind, tiff: &[u8]) -> Vec<u8> {
    let shot = Shot::of(5);
    match kind {
        Kind::Jpeg => {
            let file = written(&shot, ImageFormat::Jpeg);
            jpeg::assemble(&jpeg::parts(&file).unwrap(), Some(tiff))
        }
        Kind::Png => {
            let file = written(&shot, ImageFormat::Png);
            png::assemble(&png::parts(&file).unwrap(), Some(tiff))
        }
        Kind::Webp => {
            // An extended header, which the encoder leaves out: flags, and the size less one in three bytes each.
            let plain = written(&shot, ImageFormat::WebP);
            let mut file = plain[..12].to_vec();
            file.extend(b"VP8X\x0A\0\0\0\x08\0\0\0");
            file.extend(&(shot.width - 1).to_le_bytes()[..3]);
            file.extend(&(shot.height - 1).to_le_bytes()[..3]);
            file.extend(&plain[12..]);
            let length = u32::try_from(file.len() - 8).unwrap().to_le_bytes();
            file[4..8].copy_from_slice(&length);
            webp::assemble(&webp::parts(&file).unwrap(), Some(tiff))
        }
        Kind::Pdf => unreachable!("no picture"),
    }
}

/// The EXIF block of an invented photograph.
fn telephone(upright: u8) -> Vec<u8> {
    let file = photo(&Shot { place: Some(square()), upright, ..Shot::of(1) });
    jpeg::parts(&file).unwrap().exif.unwrap().to_vec()
}

#[test]
fn a_photo_tells_its_place_and_keeps_nothing_of_it() {
    let sent = photo(&Shot { place: Some(square()), ..Shot::of(1) });
    assert!(holds(&sent, DEVICE.as_bytes()) && holds(&sent, b"Exif"));
    let seen = look(&sent);
    assert_eq!(seen.kind, Kind::Jpeg);
    let place = seen.taken.point.unwrap();
    assert!((place.lat - square().lat).abs() < 1e-5 && (place.lon - square().lon).abs() < 1e-5, "{place:?}");
    assert_eq!(seen.taken.at(&TimeZone::UTC).unwrap().to_string(), "2026-03-10T01:12:34Z");
    for bytes in [&seen.kept, &seen.picture.as_ref().unwrap().thumbnail] {
        assert!(!holds(bytes, DEVICE.as_bytes()) && !holds(bytes, b"Exif") && !holds(bytes, b"2026:03"));
    }
    let again = look(&seen.kept);
    assert_eq!((again.taken, &again.kept), (Taken::default(), &seen.kept), "what is stripped stays as it is");
    assert_eq!(again.picture, seen.picture);
}

#[test]
fn every_kind_of_picture_is_stripped_and_stands_upright() {
    let tiff = telephone(6);
    for kind in [Kind::Jpeg, Kind::Png, Kind::Webp] {
        let sent = with_exif(kind, &tiff);
        assert!(holds(&sent, DEVICE.as_bytes()), "{kind}");
        let seen = look(&sent);
        assert_eq!(seen.kind, kind);
        assert!(seen.taken.point.is_some(), "{kind}");
        assert!(!holds(&seen.kept, DEVICE.as_bytes()) && !holds(&seen.kept, b"2026:03"), "{kind}");
        let shown = seen.picture.unwrap();
        assert_eq!((shown.width, shown.height), (480, 640), "{kind} stands upright");
        let small = image::load_from_memory(&shown.thumbnail).unwrap();
        assert_eq!((small.width(), small.height()), (360, 480), "{kind}");
        let again = look(&seen.kept);
        assert_eq!(again.taken, Taken::default(), "{kind}");
        assert_eq!(again.picture.unwrap().height, 640, "{kind} still says which way is up");
    }
}

#[test]
fn what_stands_behind_a_picture_or_beside_it_is_gone() {
    let mut jpeg = photo(&Shot::of(2));
    let comment = [&[0xFF, 0xFE, 0, 12][..], b"secret-one"].concat();
    jpeg.splice(2..2, comment);
    jpeg.extend(b"<script>secret-two</script>");
    jpeg.extend(photo(&Shot { place: Some(square()), ..Shot::of(3) }));
    let kept = look(&jpeg).kept;
    assert!(!holds(&kept, b"secret") && !holds(&kept, b"Exif"));
    assert_eq!(kept[kept.len() - 2..], [0xFF, 0xD9]);

    let mut png = written(&Shot::of(2), ImageFormat::Png);
    png.extend(b"PK\x03\x04secret");
    assert!(!holds(&look(&png).kept, b"secret"));
    let mut webp = written(&Shot::of(2), ImageFormat::WebP);
    webp.extend(b"secret");
    assert!(!holds(&look(&webp).kept, b"secret"));
}

#[test]
fn only_what_its_bytes_say_is_taken() {
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    for bytes in
        [&svg[..], b"PK\x03\x04\x14\0\0\0", b"<!doctype html><p>", b"GIF89a\x01\0", b"MZ\x90\0", b"\xFF\xD8", b"x"]
    {
        assert_eq!(inspect(bytes, &BOUNDS), Err(Refused::Unknown), "{bytes:?}");
    }
    assert_eq!(inspect(b"", &BOUNDS), Err(Refused::Empty));
    assert_eq!(inspect(&photo(&Shot::of(1)), &Bounds { bytes: 100, ..BOUNDS }), Err(Refused::TooLong { most: 100 }));
    let pdf = b"%PDF-1.7\n1 0 obj\nendobj\ntrailer\n%%EOF\n";
    let seen = look(pdf);
    assert_eq!((seen.kind, seen.kept.as_slice(), seen.picture), (Kind::Pdf, &pdf[..], None));
    assert!(matches!(inspect(&pdf[..20], &BOUNDS), Err(Refused::Damaged { kind: Kind::Pdf, .. })));
}

#[test]
fn a_file_that_was_cut_short_is_told_from_a_whole_one() {
    for (kind, file) in [
        (Kind::Jpeg, photo(&Shot::of(4))),
        (Kind::Png, written(&Shot::of(4), ImageFormat::Png)),
        (Kind::Webp, written(&Shot::of(4), ImageFormat::WebP)),
    ] {
        for share in [3, 10, 50, 90, 99] {
            let cut = &file[..file.len() * share / 100];
            let told = inspect(cut, &BOUNDS);
            assert!(matches!(told, Err(Refused::Damaged { kind: k, .. }) if k == kind), "{kind} {share} %: {told:?}");
        }
    }
}

#[test]
fn a_picture_that_unfolds_without_end_is_refused_before_it_does() {
    // A header of 60,000 by 60,000 pixels, in front of a picture of some bytes.
    let mut png = written(&Shot { width: 8, height: 8, ..Shot::of(1) }, ImageFormat::Png);
    png[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
    png[20..24].copy_from_slice(&60_000_u32.to_be_bytes());
    let sum = {
        let mut sum = crc32fast::Hasher::new();
        sum.update(&png[12..29]);
        sum.finalize()
    };
    png[29..33].copy_from_slice(&sum.to_be_bytes());
    let refused = Refused::TooManyPixels { width: 60_000, height: 60_000, most: BOUNDS.pixels };
    assert_eq!(inspect(&png, &BOUNDS), Err(refused));
    let wide = written(&Shot { width: 3000, height: 2000, grain: 0, ..Shot::of(1) }, ImageFormat::Png);
    assert!(matches!(inspect(&wide, &BOUNDS), Err(Refused::TooManyPixels { .. })));
}

#[test]
fn nothing_to_be_seen_has_no_hash() {
    let even = DynamicImage::from(image::RgbImage::from_pixel(300, 200, image::Rgb([7, 7, 7])));
    let mut file = std::io::Cursor::new(Vec::new());
    even.write_to(&mut file, ImageFormat::Png).unwrap();
    assert_eq!(look(&file.into_inner()).picture.unwrap().hash, None);
}

fn hash(bytes: &[u8]) -> PictureHash {
    look(bytes).picture.unwrap().hash.unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_copy_is_near_and_another_picture_is_far(seed in 1_u64.., other in 1_u64.., share in 35_u32..160, quality in 40_u8..95) {
        prop_assume!(seed != other);
        let shot = Shot { grain: 0, ..Shot::of(seed) };
        let one = hash(&photo(&shot));
        let copy = image::imageops::resize(&picture(&shot), shot.width * share / 100, shot.height * share / 100, FilterType::Triangle);
        let mut file = Vec::new();
        image::codecs::jpeg::JpegEncoder::new_with_quality(&mut file, quality).encode_image(&copy).unwrap();
        let near = one.distance(hash(&file));
        prop_assert!(near <= 8, "a copy is {} away", near);
        let far = one.distance(hash(&photo(&Shot::of(other))));
        prop_assert!(far > 8, "another picture is {} away", far);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_answered(begin in 0_usize..5, bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let begin: &[u8] = [&b"\xFF\xD8\xFF"[..], b"\x89PNG\r\n\x1A\n", b"RIFF\xFF\0\0\0WEBP", b"%PDF-", b""][begin];
        let _ = inspect(&[begin, &bytes].concat(), &BOUNDS);
    }

    #[test]
    fn a_file_with_any_bytes_changed_is_answered_and_never_keeps_the_device(
        kind in 0_usize..3,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
    ) {
        let kind = [Kind::Jpeg, Kind::Png, Kind::Webp][kind];
        let mut file = with_exif(kind, &telephone(3));
        // In the metadata and the heads: there is what is read.
        let front = file.len().min(1200);
        for (at, value) in changes {
            let at = at.index(front);
            file[at] = value;
        }
        if let Ok(seen) = inspect(&file, &BOUNDS) {
            prop_assert!(!holds(&seen.kept, DEVICE.as_bytes()));
            prop_assert_eq!(inspect(&seen.kept, &BOUNDS).map(|s| s.taken), Ok(Taken::default()));
        }
    }
}
