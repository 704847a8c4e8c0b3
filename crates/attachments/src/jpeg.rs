//! A JPEG's segments: what is needed to show it stays, all else goes.
//!
//! Named is what stays, so that a block nobody has heard of goes: EXIF and XMP (place, time, device, the picture before
//! it was cut), IPTC, comments, makers' own blocks, further pictures behind the first, a film behind the last.

use crate::{Kind, Parts, Refused, be16};

const START: [u8; 2] = [0xFF, 0xD8];
const END: u8 = 0xD9;
const SCAN: u8 = 0xDA;

fn damaged(problem: &'static str) -> Refused {
    Refused::Damaged { kind: Kind::Jpeg, problem }
}

/// The segments after the first mark, up to and with the end mark.
pub(crate) fn parts(bytes: &[u8]) -> Result<Parts<'_>, Refused> {
    let cut = || damaged("it ends before its end mark");
    let mut parts = Parts { kept: Vec::new(), exif: None };
    let mut at = START.len();
    loop {
        if bytes.get(at).ok_or_else(cut)? != &0xFF {
            return Err(damaged("a segment does not begin where the one before ends"));
        }
        let marker = *bytes.get(at + 1).ok_or_else(cut)?;
        match marker {
            // Any number of these may stand before a marker.
            0xFF => at += 1,
            END => {
                parts.kept.push(bytes.get(at..at + 2).ok_or_else(cut)?);
                return Ok(parts);
            }
            0x00 | 0x01 | 0xD0..=0xD8 => return Err(damaged("a mark stands outside of a scan")),
            _ => {
                let length = be16(bytes, at + 2).ok_or_else(cut)?;
                if length < 2 {
                    return Err(damaged("a segment is shorter than its own length"));
                }
                let end = at + 2 + length;
                let content = bytes.get(at + 4..end).ok_or_else(cut)?;
                let end = if marker == SCAN { end_of_scan(bytes, end).ok_or_else(cut)? } else { end };
                if let (0xE1, Some(tiff), None) = (marker, content.strip_prefix(b"Exif\0\0"), parts.exif) {
                    parts.exif = Some(tiff);
                }
                if stays(marker, content) {
                    parts.kept.push(bytes.get(at..end).ok_or_else(cut)?);
                }
                at = end;
            }
        }
    }
}

/// Is it needed to show the picture?
fn stays(marker: u8, content: &[u8]) -> bool {
    match marker {
        // Without the small picture that may follow: it can show what was cut out of the large one.
        0xE0 => content.starts_with(b"JFIF\0") && content.len() == 14,
        // Colours.
        0xE2 => content.starts_with(b"ICC_PROFILE\0"),
        0xEE => content.starts_with(b"Adobe") && content.len() == 12,
        // Frames, tables of Huffman codes and of steps, restarts, scans.
        0xC0..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF | 0xDA | 0xDB | 0xDD => true,
        // Other blocks of applications, what is kept for extensions, comments.
        _ => false,
    }
}

/// Where the coded picture ends: at a mark that is neither a stuffed byte nor a restart.
fn end_of_scan(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += bytes.get(at..)?.iter().position(|b| *b == 0xFF)?;
        match bytes.get(at + 1)? {
            0x00 | 0xD0..=0xD7 => at += 2,
            0xFF => at += 1,
            _ => return Some(at),
        }
    }
}

/// The file again, with this EXIF block alone.
pub(crate) fn assemble(parts: &Parts<'_>, exif: Option<&[u8]>) -> Vec<u8> {
    let mut file = Vec::with_capacity(64 + parts.kept.iter().map(|p| p.len()).sum::<usize>());
    file.extend(START);
    let block = exif.and_then(|tiff| Some((u16::try_from(2 + 6 + tiff.len()).ok()?, tiff)));
    // The block of JFIF, where there is one, must stay the first.
    let first = parts.kept.iter().take_while(|p| p.starts_with(&[0xFF, 0xE0])).count();
    let (front, rest) = parts.kept.split_at(first);
    file.extend(front.concat());
    if let Some((length, tiff)) = block {
        file.extend([0xFF, 0xE1]);
        file.extend(length.to_be_bytes());
        file.extend(b"Exif\0\0");
        file.extend(tiff);
    }
    rest.iter().for_each(|p| file.extend_from_slice(p));
    file
}
