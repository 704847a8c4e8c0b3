//! Why a ticket was found, in words.

use suban_domain::{At, Span};
use suban_proto::v1;
use suban_search::{Match, Place};

use super::ask::Asked;

/// A sentence in both languages.
pub(super) struct Because {
    pub(super) zh: String,
    pub(super) en: String,
}

/// A word that was found, as the contract has it.
pub(super) fn shown(found: &Match) -> v1::SearchMatch {
    v1::SearchMatch {
        word: found.word.clone(),
        in_title: found.places.contains(&Place::Title),
        in_words: found.places.contains(&Place::Words),
        in_place: found.places.contains(&Place::Place),
    }
}

/// The reason of a hit: what was asked for that it has, and its age.
pub(super) fn of(asked: &Asked, matches: &[Match], received_at: At, now: At) -> Because {
    let (mut zh, mut en) = (Vec::new(), Vec::new());
    if asked.number.is_some() {
        zh.push("编号相符".to_owned());
        en.push("the number is this one".to_owned());
    }
    if asked.phone.is_some() {
        zh.push("来电号码相符".to_owned());
        en.push("from this phone".to_owned());
    }
    for found in matches {
        let name = |zh: bool| {
            let names = found.places.iter().map(|place| match (place, zh) {
                (Place::Title, true) => "标题",
                (Place::Words, true) => "诉求",
                (Place::Place, true) => "地点",
                (Place::Title, false) => "title",
                (Place::Words, false) => "words",
                (Place::Place, false) => "place",
            });
            names.collect::<Vec<_>>().join(if zh { "、" } else { ", " })
        };
        zh.push(format!("“{}”见于{}", found.word, name(true)));
        en.push(format!("“{}” in {}", found.word, name(false)));
    }
    let (age_zh, age_en) = age(now.since(received_at));
    zh.push(age_zh);
    en.push(age_en);
    Because { zh: zh.join("；"), en: en.join("; ") }
}

fn age(of: Span) -> (String, String) {
    let hours = of.as_seconds().max(0) / 3600;
    match hours {
        0 => ("1小时内受理".to_owned(), "received within the hour".to_owned()),
        1..=47 => (format!("{hours}小时前受理"), format!("received {hours} hours ago")),
        _ => (format!("{}天前受理", hours / 24), format!("received {} days ago", hours / 24)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_as_people_say_it() {
        let zh = |span| age(span).0;
        assert_eq!(zh(Span::minutes(-5)), "1小时内受理");
        assert_eq!(zh(Span::hours(26)), "26小时前受理");
        assert_eq!(zh(Span::days(3)), "3天前受理");
    }
}
