//! A WebP's chunks: what is needed to show it stays, all else goes.

use crate::{Kind, Parts, Refused};

/// `RIFF`, length, `WEBP`.
const HEAD: usize = 12;
/// The bits of the extended header that say what else is in the file.
const EXIF: u8 = 0x08;
const XMP: u8 = 0x04;
const MOVES: u8 = 0x02;
/// The extended header, colours, transparency, the picture.
const STAYS: [&[u8; 4]; 5] = [b"VP8X", b"ICCP", b"ALPH", b"VP8 ", b"VP8L"];

fn damaged(problem: &'static str) -> Refused {
    Refused::Damaged { kind: Kind::Webp, problem }
}

fn le32(bytes: &[u8], at: usize) -> Option<usize> {
    let four: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    usize::try_from(u32::from_le_bytes(four)).ok()
}

/// The chunks, without the head.
pub(crate) fn parts(bytes: &[u8]) -> Result<Parts<'_>, Refused> {
    let cut = || damaged("it ends before its end");
    let length = le32(bytes, 4).and_then(|n| n.checked_add(8)).ok_or_else(cut)?;
    // What stands behind the length that the file gives itself is not looked at.
    let bytes = bytes.get(..length).ok_or_else(cut)?;
    let mut parts = Parts { kept: Vec::new(), exif: None };
    let mut at = HEAD;
    while at < bytes.len() {
        let name = bytes.get(at..at + 4).ok_or_else(cut)?;
        let length = le32(bytes, at + 4).ok_or_else(cut)?;
        let begin = at + 8;
        let end = begin.checked_add(length).ok_or_else(cut)?;
        let content = bytes.get(begin..end).ok_or_else(cut)?;
        if name.starts_with(b"ANI")
            || name == b"ANMF"
            || (name == b"VP8X" && content.first().is_some_and(|f| f & MOVES != 0))
        {
            return Err(Refused::Moving);
        }
        if name == b"EXIF" && parts.exif.is_none() {
            // Some writers put JPEG's heading before it.
            parts.exif = Some(content.strip_prefix(b"Exif\0\0").unwrap_or(content));
        }
        if STAYS.iter().any(|s| s.as_slice() == name) {
            parts.kept.push(bytes.get(at..end).ok_or_else(cut)?);
        }
        // Chunks begin at even places.
        at = end + length % 2;
    }
    if parts.kept.is_empty() {
        return Err(damaged("there is no picture in it"));
    }
    Ok(parts)
}

/// The file again, with this EXIF block alone; it has a place only behind an extended header.
pub(crate) fn assemble(parts: &Parts<'_>, exif: Option<&[u8]>) -> Vec<u8> {
    let mut file = Vec::with_capacity(64 + parts.kept.iter().map(|p| p.len() + 1).sum::<usize>());
    file.extend(b"RIFF\0\0\0\0WEBP");
    let mut extended = false;
    for part in &parts.kept {
        let flags = file.len() + 8;
        file.extend_from_slice(part);
        if part.starts_with(b"VP8X") {
            extended = true;
            if let Some(flags) = file.get_mut(flags) {
                *flags = *flags & !(EXIF | XMP) | if exif.is_some() { EXIF } else { 0 };
            }
        }
        pad(&mut file);
    }
    if let (true, Some((length, tiff))) = (extended, exif.and_then(|t| Some((u32::try_from(t.len()).ok()?, t)))) {
        file.extend(b"EXIF");
        file.extend(length.to_le_bytes());
        file.extend(tiff);
        pad(&mut file);
    }
    // Shorter than what came, whose length was such a number.
    let length = u32::try_from(file.len() - 8).unwrap_or(u32::MAX).to_le_bytes();
    if let Some(place) = file.get_mut(4..8) {
        place.copy_from_slice(&length);
    }
    file
}

fn pad(file: &mut Vec<u8>) {
    if file.len() % 2 == 1 {
        file.push(0);
    }
}
