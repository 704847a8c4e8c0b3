//! The little of CSV that reading it record by record needs.

/// Follows quotes across the lines of one record.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Quotes {
    inside: bool,
}

impl Quotes {
    /// Reads on over one line; true when it ends inside quotes, so that the record goes on in the next.
    ///
    /// A quote opens a cell only at the cell's beginning; elsewhere it is a sign like any other.
    pub(super) fn after(&mut self, line: &[u8], delimiter: u8) -> bool {
        let mut begins = !self.inside;
        let mut bytes = line.iter().copied().peekable();
        while let Some(byte) = bytes.next() {
            if self.inside {
                if byte == b'"' && bytes.next_if_eq(&b'"').is_none() {
                    self.inside = false;
                }
            } else {
                self.inside = begins && byte == b'"';
                begins = byte == delimiter;
            }
        }
        self.inside
    }
}

/// The cells of one record.
pub(super) fn cells(record: &[u8], delimiter: u8) -> Vec<Vec<u8>> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(record);
    let mut cells = csv::ByteRecord::new();
    // Reading from memory cannot fail, and lengths are compared by the caller.
    match reader.read_byte_record(&mut cells) {
        Ok(true) => cells.iter().map(<[u8]>::to_vec).collect(),
        Ok(false) | Err(_) => Vec::new(),
    }
}
