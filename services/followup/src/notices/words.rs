//! A notice in words: a versioned file of texts, checked when it is loaded.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::Deserialize;
use suban_domain::{At, VersionCode};

use super::decide::{Kind, Said};

/// The texts that ship.
const SHIPPED: &str = include_str!("texts.toml");
/// Why texts cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextsError {
    /// It is no file of texts.
    #[error("the texts of notices cannot be read: {0}")]
    Unreadable(String),
    /// Something must be said and there is no text for it.
    #[error("the texts of notices have none for {0}")]
    Missing(&'static str),
    /// A text asks for what nobody knows, or its brackets do not match.
    #[error("the text of {kind}: {problem}; known are {{no}}, {{no4}}, {{unit}}, {{reason}}, {{due}} and {{clock}}")]
    Malformed {
        /// Which text.
        kind: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

#[derive(Debug, Deserialize)]
struct File {
    version: VersionCode,
    #[serde(flatten)]
    texts: BTreeMap<String, Both>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Both {
    zh: String,
    en: String,
}

/// What a text may ask for.
#[derive(Debug, Clone, Copy)]
enum Asked {
    Number,
    LastFour,
    Unit,
    Reason,
    Due,
    Clock,
}

impl Asked {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "no" => Self::Number,
            "no4" => Self::LastFour,
            "unit" => Self::Unit,
            "reason" => Self::Reason,
            "due" => Self::Due,
            "clock" => Self::Clock,
            _ => return None,
        })
    }
}

/// A text, taken apart.
#[derive(Debug)]
enum Piece {
    Plain(String),
    Value(Asked),
    /// Left out where something in it is not known.
    Optional(Vec<Piece>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    Chinese,
    English,
}

/// Texts by what they say, in Chinese and in English.
#[derive(Debug)]
pub struct Texts {
    version: VersionCode,
    texts: BTreeMap<Kind, [Vec<Piece>; 2]>,
}

/// What is known about a ticket when a notice about it is put into words.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Its number.
    pub number: &'a str,
    /// The unit's name.
    pub unit: Option<&'a str>,
    /// What the event left for the text.
    pub said: &'a Said,
}

impl Texts {
    /// The texts that ship.
    ///
    /// # Errors
    /// As for [`Texts::parse`]; a test keeps them good.
    pub fn shipped() -> Result<Self, TextsError> {
        Self::parse(SHIPPED)
    }

    /// Reads a file of texts (TOML).
    ///
    /// # Errors
    /// What is missing or wrong, by the text's code.
    pub fn parse(file: &str) -> Result<Self, TextsError> {
        let mut file: File = toml::from_str(file).map_err(|e| TextsError::Unreadable(e.message().to_owned()))?;
        let mut texts = BTreeMap::new();
        for kind in Kind::all() {
            let code = kind.code();
            let Both { zh, en } = file.texts.remove(code).ok_or(TextsError::Missing(code))?;
            let pieces = |text: &str| pieces(text).map_err(|problem| TextsError::Malformed { kind: code, problem });
            texts.insert(kind, [pieces(&zh)?, pieces(&en)?]);
        }
        match file.texts.into_keys().next() {
            Some(unknown) => Err(TextsError::Unreadable(format!("`{unknown}` is no code of a notice"))),
            None => Ok(Self { version: file.version, texts }),
        }
    }

    /// Kept with every notice that was said in them.
    #[must_use]
    pub const fn version(&self) -> &VersionCode {
        &self.version
    }

    /// A notice in Chinese and in English. Times are the city's.
    #[must_use]
    pub fn say(&self, kind: Kind, known: Known<'_>, zone: &TimeZone) -> [String; 2] {
        let Some([zh, en]) = self.texts.get(&kind) else { return Default::default() };
        let [mut chinese, mut english] = [String::new(), String::new()];
        known.fill(zh, Language::Chinese, zone, &mut chinese);
        known.fill(en, Language::English, zone, &mut english);
        [chinese, english]
    }
}

impl Known<'_> {
    fn value(&self, asked: Asked, language: Language, zone: &TimeZone) -> Option<String> {
        let chinese = language == Language::Chinese;
        match asked {
            Asked::Number => Some(self.number.to_owned()),
            Asked::LastFour => Some(last_four(self.number)),
            Asked::Unit => self.unit.map(str::to_owned),
            Asked::Reason => self.said.reason.clone(),
            Asked::Clock => self.said.clock.map(|timer| if chinese { timer.zh() } else { timer.code() }.to_owned()),
            Asked::Due => self.said.due.map(|due: At| {
                let local = due.timestamp().to_zoned_datetime(zone.clone());
                local.strftime(if chinese { "%-m月%-d日%H:%M" } else { "%Y-%m-%d %H:%M" }).to_string()
            }),
        }
    }

    /// Answers whether everything was known.
    fn fill(&self, pieces: &[Piece], language: Language, zone: &TimeZone, into: &mut String) -> bool {
        let mut whole = true;
        for piece in pieces {
            match piece {
                Piece::Plain(text) => into.push_str(text),
                Piece::Value(asked) => match self.value(*asked, language, zone) {
                    Some(value) => into.push_str(&value),
                    None => whole = false,
                },
                Piece::Optional(inner) => {
                    let length = into.len();
                    if !self.fill(inner, language, zone, into) {
                        into.truncate(length);
                    }
                }
            }
        }
        whole
    }
}

/// The digits by which a citizen knows the number again.
fn last_four(number: &str) -> String {
    let length = number.chars().count();
    number.chars().skip(length.saturating_sub(4)).collect()
}

fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut levels: Vec<Vec<Piece>> = vec![Vec::new()];
    let mut rest = text;
    while let Some(at) = rest.find(['{', '[', ']']) {
        let (plain, mark) = rest.split_at(at);
        push(&mut levels, Piece::Plain(plain.to_owned()));
        let mut after = mark.chars();
        match after.next() {
            Some('[') => levels.push(Vec::new()),
            Some(']') => match (levels.pop(), levels.is_empty()) {
                (Some(inner), false) => push(&mut levels, Piece::Optional(inner)),
                _ => return Err("a ] without its [".into()),
            },
            _ => {
                let (name, behind) = after.as_str().split_once('}').ok_or("a { without its }")?;
                push(&mut levels, Piece::Value(Asked::of(name).ok_or_else(|| format!("{{{name}}} is not known"))?));
                rest = behind;
                continue;
            }
        }
        rest = after.as_str();
    }
    push(&mut levels, Piece::Plain(rest.to_owned()));
    match (levels.pop(), levels.is_empty()) {
        (Some(whole), true) => Ok(whole),
        _ => Err("a [ without its ]".into()),
    }
}

fn push(levels: &mut [Vec<Piece>], piece: Piece) {
    if let Some(level) = levels.last_mut() {
        level.push(piece);
    }
}

#[cfg(test)]
mod tests {
    use suban_domain::{Notice, Timer};

    use super::*;

    fn say(kind: Kind, unit: Option<&str>, said: &Said) -> [String; 2] {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        Texts::shipped().unwrap().say(kind, Known { number: "SB2026112700123X", unit, said }, &zone)
    }

    #[test]
    fn a_citizen_reads_the_last_four_of_the_number_and_the_citys_time() {
        let due = At::from_micros("2026-12-01T07:00:00Z".parse::<jiff::Timestamp>().unwrap().as_microsecond());
        let said = Said { due: Some(due), ..Said::default() };
        let [zh, en] = say(Kind::Citizen(Notice::N6), None, &said);
        assert_eq!(zh, "您的诉求（编号123X）情况复杂，需延期办理，预计12月1日15:00前答复。");
        assert!(en.ends_with("an answer is expected by 2026-12-01 15:00."), "{en}");
    }

    #[test]
    fn what_is_not_known_is_left_out_with_its_brackets() {
        let [zh, _] = say(Kind::Citizen(Notice::N12), None, &Said::default());
        assert_eq!(zh, "您的诉求（编号123X）仍在办理，未能按时答复，深表歉意。");
        let said = Said { clock: Some(Timer::Handle), ..Said::default() };
        let [zh, en] = say(Kind::Red, Some("城管局"), &said);
        assert_eq!(zh, "红牌：工单SB2026112700123X（城管局）办理已超时。");
        assert_eq!(en, "red card: SB2026112700123X (城管局), T_handle, is overdue.");
    }

    #[test]
    fn every_kind_has_its_text_and_its_code_reads_back() {
        for kind in Kind::all() {
            assert_eq!(Kind::of_code(kind.code()), Some(kind));
            let [zh, en] = say(kind, Some("某单位"), &Said::default());
            assert!(!zh.contains(['{', '[', ']']) && !zh.is_empty() && !en.is_empty(), "{kind:?}: {zh} {en}");
        }
    }

    #[test]
    fn broken_texts_are_refused_by_name() {
        let broken = |from: &str, to: &str| Texts::parse(&SHIPPED.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(broken("{no4}", "{phone}").contains("{phone} is not known"));
        assert!(broken("[，请在", "，请在").contains("a ] without its ["));
        assert!(broken("[N12]", "[N13]").contains("have none for N12"));
        assert!(broken("version =", "edition =").contains("cannot be read"));
    }
}
