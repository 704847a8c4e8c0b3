//! The TOML of a mapping into rules; collects problems instead of stopping at the first.

use std::ops::Range;

use toml::Spanned;

use super::*;

/// What a rule may say.
const RULE_KEYS: [&str; 8] = ["column", "constant", "template", "lookup", "empty", "otherwise", "format", "zone"];

type Lookups = BTreeMap<String, BTreeMap<String, String>>;

/// Reads the whole mapping.
pub(super) fn map(path: &str, text: &str) -> Result<Map, Problems> {
    let mut told = Told { path, text, problems: Vec::new() };
    let document = match DeTable::parse(text) {
        Ok(document) => document,
        Err(error) => {
            let span = error.span().unwrap_or_default();
            told.add(&span, "", format!("is no TOML: {}", error.message()));
            return Err(Problems(told.problems));
        }
    };
    let empty = DeTable::new();
    let mut sections: [&DeTable<'_>; 3] = [&empty; 3];
    for (key, value) in document.get_ref() {
        let name: &str = key.get_ref();
        let place = ["file", "fields", "lookups"].iter().position(|known| *known == name);
        match (place.and_then(|n| sections.get_mut(n)), value.get_ref()) {
            (Some(section), DeValue::Table(table)) => *section = table,
            (Some(_), _) => told.add(&value.span(), name, "must be a table".to_owned()),
            (None, _) => {
                told.add(&key.span(), name, "is no section: there are [file], [fields] and [lookups.NAME]".to_owned());
            }
        }
    }
    let [file, fields, lookups] = sections;
    let file = file_rules(&mut told, file);
    let lookups = read_lookups(&mut told, lookups);
    let mut rules = Vec::new();
    walk(&mut told, "", fields, &lookups, &mut rules);
    check_whole(&mut told, &rules);
    if told.problems.is_empty() {
        Ok(Map { file, rules, path: path.to_owned(), hash: hex(&Sha256::digest(text), 64) })
    } else {
        told.problems.sort_by_key(|problem| problem.line);
        Err(Problems(told.problems))
    }
}

/// What is wrong so far.
struct Told<'a> {
    path: &'a str,
    text: &'a str,
    problems: Vec<Problem>,
}

impl Told<'_> {
    fn add(&mut self, span: &Range<usize>, key: &str, what: String) {
        let line = self.line(span);
        self.problems.push(Problem { path: self.path.to_owned(), line, key: key.to_owned(), what });
    }

    fn line(&self, span: &Range<usize>) -> usize {
        self.text.get(..span.start).map_or(1, |before| before.matches('\n').count() + 1)
    }

    /// A text, or a number or truth value as it is written.
    fn text(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<String> {
        match value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            DeValue::Integer(number) => Some(number.to_string()),
            DeValue::Float(number) => Some(number.to_string()),
            DeValue::Boolean(truth) => Some(truth.to_string()),
            DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
                self.add(&value.span(), key, "must be a text in quotes".to_owned());
                None
            }
        }
    }

    /// One text or a list of them.
    fn texts(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Vec<String> {
        match value.get_ref() {
            DeValue::Array(list) => list.iter().filter_map(|one| self.text(key, one)).collect(),
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Table(_) => self.text(key, value).into_iter().collect(),
        }
    }
}

fn file_rules(told: &mut Told<'_>, table: &DeTable<'_>) -> FileRules {
    let mut rules = FileRules { format: None, encoding: Encoding::Utf8, delimiter: b',' };
    let mut delimiter = None;
    for (key, value) in table {
        let name: &str = key.get_ref();
        let path = format!("file.{name}");
        if !["format", "encoding", "delimiter"].contains(&name) {
            told.add(&key.span(), &path, "is unknown: [file] takes format, encoding and delimiter".to_owned());
            continue;
        }
        let Some(text) = told.text(&path, value) else { continue };
        match (name, text.to_ascii_lowercase().as_str()) {
            ("format", "csv") => rules.format = Some(Format::Csv),
            ("format", "jsonl") => rules.format = Some(Format::JsonLines),
            ("format", _) => told.add(&value.span(), &path, "must be \"csv\" or \"jsonl\"".to_owned()),
            ("encoding", "utf-8" | "utf8") => rules.encoding = Encoding::Utf8,
            ("encoding", "gbk" | "gb2312" | "gb18030") => rules.encoding = Encoding::Gbk,
            ("encoding", _) => told.add(&value.span(), &path, "must be \"utf-8\" or \"gbk\"".to_owned()),
            (_, sign) => match sign.as_bytes() {
                // Signs from 0x30 on may be the second half of a GBK character.
                [sign] if *sign < 0x30 && *sign != b'"' => rules.delimiter = *sign,
                [sign @ (b';' | b'|')] => delimiter = Some((value.span(), *sign)),
                _ => told.add(&value.span(), &path, "must be one sign: \",\", \";\", \"\\t\" or \"|\"".to_owned()),
            },
        }
    }
    if let Some((span, sign)) = delimiter {
        rules.delimiter = sign;
        if sign == b'|' && rules.encoding == Encoding::Gbk {
            told.add(&span, "file.delimiter", "cannot be \"|\" in GBK, where it is half of a character".to_owned());
        }
    }
    rules
}

fn read_lookups(told: &mut Told<'_>, table: &DeTable<'_>) -> Lookups {
    let mut lookups = Lookups::new();
    for (key, value) in table {
        let name: &str = key.get_ref();
        let path = format!("lookups.{name}");
        let DeValue::Table(rows) = value.get_ref() else {
            told.add(&value.span(), &path, "must be a table: one line for each value of the source".to_owned());
            continue;
        };
        let rows = rows
            .iter()
            .filter_map(|(from, to)| {
                Some((from.get_ref().to_string(), told.text(&format!("{path}.{}", from.get_ref()), to)?))
            })
            .collect();
        lookups.insert(name.to_owned(), rows);
    }
    lookups
}

/// Fields may be written as `point.lat = …` or under `[fields.point]`: a table whose path is no field holds fields.
fn walk(told: &mut Told<'_>, prefix: &str, table: &DeTable<'_>, lookups: &Lookups, rules: &mut Vec<Rule>) {
    for (key, value) in table {
        let name: &str = key.get_ref();
        let path = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
        let within = format!("{path}.");
        let holds_fields = fields::FIELDS.iter().any(|f| f.name.starts_with(&within));
        match (fields::find(&path), value.get_ref()) {
            (Some(field), _) => rules.extend(rule(told, field, key.span(), value, lookups)),
            (None, DeValue::Table(inner)) if holds_fields => walk(told, &path, inner, lookups, rules),
            (None, _) => {
                let names: Vec<&str> = fields::FIELDS.iter().map(|f| f.name).collect();
                told.add(
                    &key.span(),
                    &format!("fields.{path}"),
                    format!("is no field; fields are {}", names.join(", ")),
                );
            }
        }
    }
}

fn rule(
    told: &mut Told<'_>,
    field: &'static Field,
    at: Range<usize>,
    value: &Spanned<DeValue<'_>>,
    lookups: &Lookups,
) -> Option<Rule> {
    let path = format!("fields.{}", field.name);
    let empty = DeTable::new();
    let (short, table) = match value.get_ref() {
        // `text = "body"` is short for `text = { column = "body" }`.
        DeValue::String(column) => (Some(From::Column(column.to_string())), &empty),
        DeValue::Table(table) => (None, table),
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) | DeValue::Array(_) => {
            told.add(&value.span(), &path, "must name a column, or be a table such as { constant = \"…\" }".to_owned());
            return None;
        }
    };
    let (mut formats, mut zone) = (Vec::new(), None);
    let mut sources: Vec<From> = short.into_iter().collect();
    let mut rule = Rule {
        field,
        line: told.line(&at),
        from: From::Constant(String::new()),
        lookup: None,
        empty: BTreeSet::new(),
        otherwise: None,
        time: None,
    };
    for (key, value) in table {
        let name: &str = key.get_ref();
        let path = format!("{path}.{name}");
        match name {
            "column" => sources.extend(told.text(&path, value).map(From::Column)),
            "constant" => sources.extend(told.text(&path, value).map(From::Constant)),
            "template" => {
                let Some(text) = told.text(&path, value) else { continue };
                match template(&text) {
                    Ok(pieces) => sources.push(From::Template(pieces)),
                    Err(problem) => {
                        told.add(&value.span(), &path, problem);
                        sources.push(From::Template(Vec::new()));
                    }
                }
            }
            "lookup" => {
                let Some(name) = told.text(&path, value) else { continue };
                match lookups.get(&name) {
                    Some(rows) => rule.lookup = Some((name, rows.clone())),
                    None => told.add(&value.span(), &path, format!("asks for [lookups.{name}], which is not there")),
                }
            }
            "empty" => rule.empty = told.texts(&path, value).into_iter().collect(),
            "otherwise" => rule.otherwise = told.text(&path, value),
            "format" => formats = told.texts(&path, value),
            "zone" => zone = told.text(&path, value),
            _ => told.add(&key.span(), &path, format!("is unknown: a rule takes {}", RULE_KEYS.join(", "))),
        }
    }
    let is_time = matches!(field.put, Put::Instant(_));
    if is_time {
        match TimeFormat::new(&formats, zone.as_deref()) {
            Ok(time) => rule.time = Some(time),
            Err(wrong) => {
                for (key, problem) in wrong {
                    told.add(&at, &format!("{path}.{key}"), problem);
                }
            }
        }
    } else if !formats.is_empty() || zone.is_some() {
        told.add(&at, &path, "is no time, so it takes neither format nor zone".to_owned());
    }
    if sources.len() == 1 {
        rule.from = sources.remove(0);
    } else {
        told.add(&at, &path, "needs one of column, constant or template".to_owned());
        return None;
    }
    if !is_time || rule.time.is_some() {
        check_values(told, &rule, &at);
    }
    Some(rule)
}

/// Constants and the right sides of lookups must be what the field takes, before any record is read.
fn check_values(told: &mut Told<'_>, rule: &Rule, at: &Range<usize>) {
    let mut check = |key: String, value: &str| {
        if !value.is_empty()
            && let Err(problem) = rule.put(&mut Draft::default(), value)
        {
            told.add(at, &key, format!("has the value {value:?}, but it {problem}"));
        }
    };
    let path = format!("fields.{}", rule.field.name);
    if let (From::Constant(value), None) = (&rule.from, &rule.lookup) {
        check(format!("{path}.constant"), value);
    }
    if let Some(value) = &rule.otherwise {
        check(format!("{path}.otherwise"), value);
    }
    if let Some((name, rows)) = &rule.lookup {
        for (from, to) in rows {
            check(format!("lookups.{name}.{from}"), to);
        }
    }
}

fn check_whole(told: &mut Told<'_>, rules: &[Rule]) {
    let has = |name: &str| rules.iter().any(|r| r.field.name == name);
    let wrong =
        |told: &Told<'_>, name: &str| told.problems.iter().any(|p| p.key.starts_with(&format!("fields.{name}")));
    let missing: Vec<&str> =
        fields::FIELDS.iter().filter(|f| f.required && !has(f.name) && !wrong(told, f.name)).map(|f| f.name).collect();
    for name in missing {
        told.add(&(0..0), &format!("fields.{name}"), "is missing: every demand needs it".to_owned());
    }
    for (one, other) in [("point.lat", "point.lon"), ("upstream.system", "upstream.number")] {
        for (one, other) in [(one, other), (other, one)] {
            if has(one) && !has(other) && !wrong(told, other) {
                told.add(&(0..0), &format!("fields.{other}"), format!("is missing: {one} alone means nothing"));
            }
        }
    }
}

/// `{street}{community}: {what}` into its pieces; `{{` and `}}` are braces.
fn template(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let (mut plain, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(['{', '}']) {
        let (before, brace) = rest.split_at(at);
        plain.push_str(before);
        if let Some(after) = brace.strip_prefix("{{") {
            plain.push('{');
            rest = after;
        } else if let Some(after) = brace.strip_prefix("}}") {
            plain.push('}');
            rest = after;
        } else if let Some((column, after)) = brace.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            if column.trim().is_empty() {
                return Err("has braces without a column".to_owned());
            }
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Column(column.to_owned()));
            rest = after;
        } else {
            return Err("has a brace without its other half; write {{ or }} for a brace itself".to_owned());
        }
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    if pieces.iter().any(|piece| matches!(piece, Piece::Column(_))) {
        Ok(pieces)
    } else {
        Err("names no column in {braces}; a fixed text is a constant".to_owned())
    }
}
