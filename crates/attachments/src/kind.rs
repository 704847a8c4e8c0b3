//! What is taken, told from the first bytes.

use std::fmt;

/// A kind of file that is taken. The numbers are kept in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i16)]
pub enum Kind {
    /// A photograph.
    Jpeg = 1,
    /// A picture of a screen.
    Png = 2,
    /// A photograph or a picture of a screen.
    Webp = 3,
    /// A document.
    Pdf = 4,
}

impl Kind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[Self::Jpeg, Self::Png, Self::Webp, Self::Pdf];

    /// What these bytes begin as. An SVG, an HTML page or an archive is nothing here: each can carry a program.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::Webp),
            [b'%', b'P', b'D', b'F', b'-', ..] => Some(Self::Pdf),
            _ => None,
        }
    }

    /// As it is kept.
    #[must_use]
    pub const fn number(self) -> i16 {
        self as i16
    }

    /// The kind with this number.
    #[must_use]
    pub fn from_number(n: i16) -> Option<Self> {
        Self::ALL.iter().copied().find(|k| k.number() == n)
    }

    /// What people call it.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Jpeg | Self::Webp => "照片",
            Self::Png => "图片",
            Self::Pdf => "文件",
        }
    }

    /// Its media type, for browsers.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Pdf => "application/pdf",
        }
    }

    /// The end of a file's name.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Pdf => "pdf",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Webp => "WebP",
            Self::Pdf => "PDF",
        })
    }
}
