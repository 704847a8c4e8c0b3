//! Files that may be gzipped.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

const BUFFER: usize = 1 << 16;

/// What `input` holds, unzipped where its first bytes say that it is gzipped; its name says nothing.
pub(crate) fn unzipped(input: impl Read + Send + 'static) -> io::Result<Box<dyn BufRead + Send>> {
    let mut input = BufReader::with_capacity(BUFFER, input);
    Ok(if input.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(input)))
    } else {
        Box::new(input)
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_file_reads_the_same_gzipped_in_two_parts_or_plain() {
        let read = |bytes: Vec<u8>| io::read_to_string(unzipped(io::Cursor::new(bytes)).unwrap()).unwrap();
        let zip = |part: &[u8]| {
            let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            zipped.write_all(part).unwrap();
            zipped.finish().unwrap()
        };
        assert_eq!(read([zip(b"one\n"), zip(b"two\n")].concat()), "one\ntwo\n");
        assert_eq!(read(b"one\ntwo\n".to_vec()), "one\ntwo\n");
        assert_eq!(read(Vec::new()), "");
    }
}
