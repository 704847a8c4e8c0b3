//! What a file that came with a ticket is: told from its bytes, made harmless, made small.
//!
//! [`inspect`] is the whole of it, values in and values out. What always holds of its answer: the kind was read from the
//! bytes, never from a name or a header; a picture has no more pixels than [`Bounds`] allow, and was decoded only after
//! that was known; of its metadata nothing is left but which way is up; what stands behind the end of the picture is
//! gone. Place and time are read before they are taken out, for whoever checks where and when it was taken (D§9.6).
//!
//! A PDF is passed as it is: what it carries cannot be taken out without changing what it says. So it is shown to nobody
//! in a page, only handed out as a file.
//!
//! [`invented`] makes photographs as a telephone makes them, for tests, benches and the demo.

mod exif;
pub mod invented;
mod jpeg;
mod kind;
mod likeness;
mod picture;
mod png;
mod webp;

pub use exif::Taken;
pub use kind::Kind;
pub use likeness::PictureHash;
pub use picture::Picture;

/// What is taken at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of a file.
    pub bytes: usize,
    /// Pixels of a picture, width times height: a file of some kilobytes can unfold to gigabytes.
    pub pixels: u64,
}

/// A file that is taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspected {
    /// What it is.
    pub kind: Kind,
    /// Its bytes, as they are kept.
    pub kept: Vec<u8>,
    /// Where and when it was taken, as the file said before it was taken out.
    pub taken: Taken,
    /// What is to be seen; none for a document.
    pub picture: Option<Picture>,
}

/// Why a file is not taken. Says nothing of its content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There are no bytes.
    #[error("is empty; send the file's bytes")]
    Empty,
    /// It has too many bytes.
    #[error("is longer than {most} bytes; send a smaller copy")]
    TooLong {
        /// What is taken.
        most: usize,
    },
    /// Its first bytes are of none of the kinds.
    #[error("is none of JPEG, PNG, WebP and PDF by its bytes; its name does not matter")]
    Unknown,
    /// It unfolds to too many pixels.
    #[error("unfolds to {width} by {height} pixels; at most {most} pixels are taken, send a smaller copy")]
    TooManyPixels {
        /// Pixels a row.
        width: u32,
        /// Rows.
        height: u32,
        /// What is taken, width times height.
        most: u64,
    },
    /// A WebP of several pictures.
    #[error("is a moving picture; send one that stands still")]
    Moving,
    /// It begins like its kind and is not whole.
    #[error("begins as {kind} and is damaged: {problem}; send the whole file again")]
    Damaged {
        /// What it begins as.
        kind: Kind,
        /// What is wrong.
        problem: &'static str,
    },
}

impl Refused {
    /// Stable code for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "FILE_EMPTY",
            Self::TooLong { .. } => "FILE_TOO_LONG",
            Self::Unknown => "FILE_KIND",
            Self::TooManyPixels { .. } => "PICTURE_TOO_LARGE",
            Self::Moving => "PICTURE_MOVES",
            Self::Damaged { .. } => "FILE_DAMAGED",
        }
    }
}

/// What a picture's file is made of once its metadata is set aside.
struct Parts<'a> {
    /// What is kept, in order.
    kept: Vec<&'a [u8]>,
    /// The EXIF block, as TIFF.
    exif: Option<&'a [u8]>,
}

/// Puts parts together again, with this EXIF block alone.
type Assemble = fn(&Parts<'_>, Option<&[u8]>) -> Vec<u8>;

/// Looks at a file.
///
/// # Errors
/// Why it is not taken.
pub fn inspect(bytes: &[u8], bounds: &Bounds) -> Result<Inspected, Refused> {
    if bytes.is_empty() {
        return Err(Refused::Empty);
    }
    if bytes.len() > bounds.bytes {
        return Err(Refused::TooLong { most: bounds.bytes });
    }
    let kind = Kind::of(bytes).ok_or(Refused::Unknown)?;
    let (parts, assemble): (Parts<'_>, Assemble) = match kind {
        Kind::Jpeg => (jpeg::parts(bytes)?, jpeg::assemble),
        Kind::Png => (png::parts(bytes)?, png::assemble),
        Kind::Webp => (webp::parts(bytes)?, webp::assemble),
        Kind::Pdf => {
            whole_document(bytes)?;
            return Ok(Inspected { kind, kept: bytes.to_vec(), taken: Taken::default(), picture: None });
        }
    };
    let read = exif::read(parts.exif);
    let upright = exif::only_upright(read.upright);
    let kept = assemble(&parts, upright.as_ref().map(<[u8; 26]>::as_slice));
    let picture = picture::look(kind, &kept, read.upright, bounds.pixels)?;
    Ok(Inspected { kind, kept, taken: read.taken, picture: Some(picture) })
}

/// A document that was cut short lacks its last line, which readers look for in the last kilobyte.
fn whole_document(bytes: &[u8]) -> Result<(), Refused> {
    let last = bytes.get(bytes.len().saturating_sub(1024)..).unwrap_or_default();
    if last.windows(5).any(|w| w == b"%%EOF") {
        return Ok(());
    }
    Err(Refused::Damaged { kind: Kind::Pdf, problem: "it ends before its end mark" })
}

/// Two bytes, the greater first.
fn be16(bytes: &[u8], at: usize) -> Option<usize> {
    let two = bytes.get(at..at.checked_add(2)?)?;
    Some(usize::from(u16::from_be_bytes(two.try_into().ok()?)))
}

#[cfg(test)]
mod tests;
