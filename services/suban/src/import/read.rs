//! A file into records: CSV or JSON lines, gzipped or not, UTF-8 or declared GBK.
//!
//! A record that cannot be read is told by its line and reading goes on; a file that ends too early or is in
//! another encoding than declared stops it, with all records before it already handed out.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fs::File,
    io::{BufRead, ErrorKind, Read},
    path::Path,
};

use anyhow::Context as _;

use crate::unzipped::unzipped;

mod csv_lines;

/// How many records of a JSON lines file are looked at to learn its columns.
const LOOK: usize = 200;
/// Longest record in bytes: intake takes no message that is longer.
const LONGEST: u64 = 1 << 20;

/// CSV or JSON lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Columns under a heading.
    Csv,
    /// One JSON object a line.
    JsonLines,
}

impl Format {
    /// By the file's name, without `.gz`.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        match Path::new(name).extension()?.to_str()? {
            "csv" | "tsv" | "txt" => Some(Self::Csv),
            "jsonl" | "ndjson" | "json" => Some(Self::JsonLines),
            _ => None,
        }
    }
}

/// How characters are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// The default.
    Utf8,
    /// GBK and its superset GB18030.
    Gbk,
}

/// One record: its columns' values as text, and the line it begins on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// Counted from 1.
    pub(super) line: u64,
    /// Value by column.
    pub(super) cells: BTreeMap<String, String>,
}

impl Record {
    /// The value of a column; empty where this record has none.
    pub(super) fn cell(&self, column: &str) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }
}

/// What a file holds, one after the other.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A record.
    Record(Record),
    /// A line that is none, and why; reading goes on.
    Bad {
        /// Where.
        line: u64,
        /// Why.
        reason: String,
    },
}

/// Why reading stopped before the file's end.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub(super) struct Fault {
    /// The line that was not handed out.
    pub(super) line: u64,
    /// What is wrong, and what to do.
    pub(super) what: String,
}

/// A file being read.
pub(super) struct Reader {
    lines: Lines,
    format: Format,
    encoding: Encoding,
    delimiter: u8,
    heading: Vec<String>,
    columns: BTreeSet<String>,
    /// Read ahead to learn the columns.
    ahead: VecDeque<Result<Item, Fault>>,
}

impl Reader {
    /// Opens what `input` reads; `gz` is found by its first bytes, not by its name.
    pub(super) fn new(
        input: impl Read + Send + 'static,
        format: Format,
        encoding: Encoding,
        delimiter: u8,
    ) -> anyhow::Result<Self> {
        let mut reader = Self {
            lines: Lines { input: unzipped(input)?, line: 0 },
            format,
            encoding,
            delimiter,
            heading: Vec::new(),
            columns: BTreeSet::new(),
            ahead: VecDeque::new(),
        };
        match format {
            Format::Csv => reader.read_heading()?,
            Format::JsonLines => reader.look_ahead(),
        }
        Ok(reader)
    }

    /// The file's columns; of JSON lines those that the first records have.
    pub(super) fn columns(&self) -> &BTreeSet<String> {
        &self.columns
    }

    /// The next record; `None` at the end.
    pub(super) fn next(&mut self) -> Option<Result<Item, Fault>> {
        self.ahead.pop_front().or_else(|| self.read().transpose())
    }

    fn read_heading(&mut self) -> anyhow::Result<()> {
        let Some(raw) = self.lines.next(Some(self.delimiter))? else { anyhow::bail!("the file is empty") };
        let heading = csv_lines::cells(&raw.bytes, self.delimiter);
        for cell in heading {
            let name = self.decode(&raw, &cell)?.trim().to_owned();
            anyhow::ensure!(
                self.columns.insert(name.clone()),
                "line 1: the heading names the column {name:?} twice; give one of them another name"
            );
            self.heading.push(name);
        }
        Ok(())
    }

    fn look_ahead(&mut self) {
        while self.ahead.len() < LOOK {
            match self.read() {
                Ok(Some(item)) => {
                    if let Item::Record(record) = &item {
                        self.columns.extend(record.cells.keys().cloned());
                    }
                    self.ahead.push_back(Ok(item));
                }
                Ok(None) => return,
                Err(fault) => return self.ahead.push_back(Err(fault)),
            }
        }
    }

    fn read(&mut self) -> Result<Option<Item>, Fault> {
        let quotes = (self.format == Format::Csv).then_some(self.delimiter);
        let Some(raw) = self.lines.next(quotes)? else { return Ok(None) };
        let cells = match self.format {
            Format::Csv => self.csv(&raw)?,
            Format::JsonLines => self.json(&raw)?,
        };
        let line = raw.line;
        Ok(Some(match cells {
            Ok(cells) => Item::Record(Record { line, cells }),
            Err(reason) => Item::Bad { line, reason },
        }))
    }

    fn csv(&self, raw: &Raw) -> Result<Result<BTreeMap<String, String>, String>, Fault> {
        if raw.open_quote {
            return Err(raw.cut("a quote that begins here is never closed"));
        }
        let cells = csv_lines::cells(&raw.bytes, self.delimiter);
        if cells.len() != self.heading.len() {
            if !raw.whole {
                return Err(raw.cut("the last line ends before its last column"));
            }
            return Ok(Err(format!("has {} columns, but the heading has {}", cells.len(), self.heading.len())));
        }
        let mut named = BTreeMap::new();
        for (name, cell) in self.heading.iter().zip(cells) {
            named.insert(name.clone(), self.decode(raw, &cell)?);
        }
        Ok(Ok(named))
    }

    fn json(&self, raw: &Raw) -> Result<Result<BTreeMap<String, String>, String>, Fault> {
        let text = self.decode(raw, &raw.bytes)?;
        let object: serde_json::Map<String, serde_json::Value> = match serde_json::from_str(&text) {
            Ok(object) => object,
            Err(_) if !raw.whole => return Err(raw.cut("the last line ends in the middle of its JSON")),
            // Only where and of which kind: what the line says may be personal.
            Err(e) => return Ok(Err(format!("is no JSON object: {:?} error at column {}", e.classify(), e.column()))),
        };
        Ok(object.into_iter().map(|(name, value)| plain(&name, &value).map(|text| (name, text))).collect())
    }

    /// Bytes into text as declared.
    fn decode(&self, raw: &Raw, bytes: &[u8]) -> Result<String, Fault> {
        let gbk = || encoding_rs::GB18030.decode_without_bom_handling_and_without_replacement(bytes);
        let utf8 = std::str::from_utf8(bytes);
        match (self.encoding, utf8) {
            (Encoding::Utf8, Ok(text)) => Ok(text.to_owned()),
            (Encoding::Utf8, Err(_)) if !raw.whole => Err(raw.cut("the last line ends in the middle of a character")),
            (Encoding::Utf8, Err(_)) if gbk().is_some() => Err(raw.fault(
                "is not UTF-8, but could be GBK: write encoding = \"gbk\" under [file] in the mapping, or convert the \
                 file (iconv -f gbk -t utf-8)",
            )),
            (Encoding::Utf8, Err(e)) => Err(raw.fault(&format!(
                "is not UTF-8 (at byte {} of it) and not GBK either: repair the line, or convert the file to UTF-8",
                e.valid_up_to() + 1
            ))),
            (Encoding::Gbk, Ok(text)) if text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)) => {
                Err(raw.fault("is UTF-8, though the mapping declares GBK: take encoding out of [file] in the mapping"))
            }
            (Encoding::Gbk, _) => match gbk() {
                Some(text) => Ok(text.into_owned()),
                None if !raw.whole => Err(raw.cut("the last line ends in the middle of a character")),
                None => {
                    Err(raw.fault("is not GBK, which the mapping declares: repair the line, or change the encoding"))
                }
            },
        }
    }
}

/// A JSON value as the text a column would have.
fn plain(name: &str, value: &serde_json::Value) -> Result<String, String> {
    match value {
        serde_json::Value::Null => Ok(String::new()),
        serde_json::Value::Bool(truth) => Ok(truth.to_string()),
        serde_json::Value::Number(number) => Ok(number.to_string()),
        serde_json::Value::String(text) => Ok(text.clone()),
        serde_json::Value::Array(list) => {
            Ok(list.iter().map(|one| plain(name, one)).collect::<Result<Vec<_>, _>>()?.join(","))
        }
        serde_json::Value::Object(_) => Err(format!("has an object under {name:?}; only plain values can be mapped")),
    }
}

/// Opens a file, with what it reads counted by `bar`.
pub(super) fn open(path: &Path, bar: &indicatif::ProgressBar) -> anyhow::Result<impl Read + Send + 'static> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    Ok(bar.wrap_read(file))
}

/// The raw bytes of one record.
struct Raw {
    line: u64,
    bytes: Vec<u8>,
    /// It ends with a line end.
    whole: bool,
    /// The file ended inside quotes.
    open_quote: bool,
}

impl Raw {
    fn fault(&self, what: &str) -> Fault {
        Fault { line: self.line, what: what.to_owned() }
    }

    fn cut(&self, what: &str) -> Fault {
        self.fault(&format!("{what}: the file is cut short here; get the whole file and run again"))
    }
}

/// Bytes into the bytes of records.
struct Lines {
    input: Box<dyn BufRead + Send>,
    line: u64,
}

impl Lines {
    /// The next record that is not blank; with `delimiter` a quoted cell may hold line ends.
    fn next(&mut self, delimiter: Option<u8>) -> Result<Option<Raw>, Fault> {
        loop {
            let line = self.line + 1;
            let mut raw = Raw { line, bytes: Vec::new(), whole: false, open_quote: false };
            let mut quotes = csv_lines::Quotes::default();
            loop {
                let from = raw.bytes.len();
                let most = LONGEST.saturating_sub(u64::try_from(from).unwrap_or(LONGEST));
                let read = (&mut self.input).take(most).read_until(b'\n', &mut raw.bytes);
                let read = read.map_err(|e| raw.fault(&unreadable(&e)))?;
                raw.whole = raw.bytes.ends_with(b"\n");
                self.line += u64::from(read > 0);
                if most == 0 || (!raw.whole && raw.bytes.len() as u64 >= LONGEST) {
                    return Err(raw.fault("is longer than 1 MiB; is a quote that begins here never closed?"));
                }
                let Some(delimiter) = delimiter else { break };
                raw.open_quote = quotes.after(raw.bytes.get(from..).unwrap_or_default(), delimiter);
                if !raw.open_quote || read == 0 {
                    break;
                }
            }
            if raw.bytes.is_empty() {
                return Ok(None);
            }
            if line == 1 {
                if raw.bytes.starts_with(&[0xff, 0xfe]) || raw.bytes.starts_with(&[0xfe, 0xff]) {
                    return Err(raw.fault("is UTF-16: convert the file to UTF-8 (iconv -f utf-16 -t utf-8)"));
                }
                if raw.bytes.starts_with("\u{feff}".as_bytes()) {
                    raw.bytes.drain(..3);
                }
            }
            while raw.bytes.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
                raw.bytes.pop();
            }
            if !raw.bytes.is_empty() {
                return Ok(Some(raw));
            }
        }
    }
}

fn unreadable(problem: &std::io::Error) -> String {
    let kind = problem.kind();
    if kind == ErrorKind::UnexpectedEof {
        "the gzip data is cut short here; everything before it was read. Get the whole file and run again".to_owned()
    } else if matches!(kind, ErrorKind::InvalidInput | ErrorKind::InvalidData) {
        format!("the gzip data is damaged from here on ({problem}); get the file again")
    } else {
        format!("cannot be read: {problem}")
    }
}

#[cfg(test)]
mod tests;
