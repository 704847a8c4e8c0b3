//! A PNG's chunks: what is needed to show it stays, all else goes.

use crate::{Kind, Parts, Refused};

const SIGNATURE: usize = 8;
/// Length, type and sum around a chunk's content.
const AROUND: usize = 12;
/// The picture, its colours and its transparency. Texts, times, EXIF, profiles (which are packed and can unfold without
/// end) and the further pictures of a moving one go.
const STAYS: [&[u8; 4]; 8] = [b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"sRGB", b"gAMA", b"cHRM"];

fn damaged(problem: &'static str) -> Refused {
    Refused::Damaged { kind: Kind::Png, problem }
}

/// The signature and the chunks, up to and with the last.
pub(crate) fn parts(bytes: &[u8]) -> Result<Parts<'_>, Refused> {
    let cut = || damaged("it ends before its end mark");
    let mut parts = Parts { kept: vec![bytes.get(..SIGNATURE).ok_or_else(cut)?], exif: None };
    let mut at = SIGNATURE;
    loop {
        let head: [u8; 4] = bytes.get(at..at + 4).ok_or_else(cut)?.try_into().map_err(|_| cut())?;
        let length = u32::from_be_bytes(head) as usize;
        let end = at.checked_add(length).and_then(|end| end.checked_add(AROUND)).ok_or_else(cut)?;
        let chunk = bytes.get(at..end).ok_or_else(cut)?;
        let name = chunk.get(4..8).ok_or_else(cut)?;
        if name == b"eXIf" && parts.exif.is_none() {
            parts.exif = chunk.get(8..8 + length);
        }
        if STAYS.iter().any(|s| s.as_slice() == name) {
            parts.kept.push(chunk);
        }
        if name == b"IEND" {
            return Ok(parts);
        }
        at = end;
    }
}

/// The file again, with this EXIF block alone, which stands before the picture.
pub(crate) fn assemble(parts: &Parts<'_>, exif: Option<&[u8]>) -> Vec<u8> {
    let mut file = Vec::with_capacity(64 + parts.kept.iter().map(|p| p.len()).sum::<usize>());
    for (n, part) in parts.kept.iter().enumerate() {
        file.extend_from_slice(part);
        // After the signature comes the header.
        if let (1, Some((length, tiff))) = (n, exif.and_then(|tiff| Some((u32::try_from(tiff.len()).ok()?, tiff)))) {
            let mut sum = crc32fast::Hasher::new();
            sum.update(b"eXIf");
            sum.update(tiff);
            file.extend(length.to_be_bytes());
            file.extend(b"eXIf");
            file.extend(tiff);
            file.extend(sum.finalize().to_be_bytes());
        }
    }
    file
}
