//! What an operator must not overhear: injury, gas, fire, suicide, a crowd, unpaid wages (D§10.3 step 5).
//!
//! This is a lamp on a screen, not a decision: it lights on the bare word, whether it is told as happening, feared
//! or denied, because a person is listening and asks. How urgent a ticket is [`crate::Reader`] says, which weighs how
//! the word is told.

use std::sync::{Arc, LazyLock};

use aho_corasick::{AhoCorasick, MatchKind};

use crate::area::whole_word;
use crate::fold::fold;

/// What a word warns of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Alert {
    /// Somebody is hurt.
    Injury,
    /// Gas escapes.
    Gas,
    /// Something burns or explodes.
    Fire,
    /// Somebody may kill themselves.
    Suicide,
    /// A crowd gathers or announces it.
    GroupEvent,
    /// Wages are owed.
    Wages,
}

impl Alert {
    /// Every alert.
    pub const ALL: [Self; 6] = [Self::Injury, Self::Gas, Self::Fire, Self::Suicide, Self::GroupEvent, Self::Wages];

    /// The code on the wire.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Injury => "injury",
            Self::Gas => "gas",
            Self::Fire => "fire",
            Self::Suicide => "suicide",
            Self::GroupEvent => "group_event",
            Self::Wages => "wages",
        }
    }

    /// The words that light it, separated by `|`, folded.
    const fn words(self) -> &'static str {
        match self {
            Self::Injury => {
                "受伤|摔伤|砸伤|烫伤|烧伤|咬伤|打伤|撞伤|骨折|流血|出血|昏迷|晕倒|触电|溺水|被困|骨裂|死亡|injured|injury|bleeding|unconscious\
                 |bitten|electrocuted|drowning|trapped|broken leg|broken arm|hurt"
            }
            Self::Gas => {
                "燃气泄漏|燃气泄露|煤气泄漏|煤气泄露|天然气泄漏|天然气泄露|液化气泄漏|漏气|煤气味|燃气味|天然气味|一氧化碳|煤气中毒|gas leak\
                 |leaking gas|smell of gas|smell gas|smells of gas|carbon monoxide"
            }
            Self::Fire => "着火|起火|失火|火灾|冒烟|浓烟|爆炸|爆燃|on fire|fire broke out|smoke|explosion|exploded",
            Self::Suicide => {
                "自杀|轻生|跳楼|跳桥|割腕|不想活|活不下去|想死|suicide|suicidal|kill myself|kill himself|kill herself|jump off|end my life"
            }
            Self::GroupEvent => {
                "集体上访|集体维权|聚集|围堵|堵路|拉横幅|游行|罢工|静坐|堵门|越级上访|几十人|上百人|protest|blocking the road|strike|demonstration\
                 |crowd gathered"
            }
            Self::Wages => {
                "讨薪|拖欠工资|欠薪|拖欠工人工资|拖欠农民工工资|不发工资|没发工资|工资没发|欠工资|工资不给|血汗钱|unpaid wages|not paid my wages\
                 |wages owed|owed wages|unpaid salary"
            }
        }
    }
}

struct Words {
    search: AhoCorasick,
    words: Vec<(Arc<str>, Alert)>,
}

static WORDS: LazyLock<Option<Words>> = LazyLock::new(|| {
    let of = |alert: Alert| alert.words().split('|').map(move |word| (Arc::from(word.trim()), alert));
    let words: Vec<(Arc<str>, Alert)> = Alert::ALL.into_iter().flat_map(of).collect();
    let search = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(words.iter().map(|(word, _)| word.as_bytes()))
        .ok()?;
    Some(Words { search, words })
});

/// The alerts of a text, each with the word that lights it, in the order in which they are said; each word once.
#[must_use]
pub fn alerts(text: &str) -> Vec<(Alert, Arc<str>)> {
    let folded: String = text.chars().map(fold).collect();
    let mut found: Vec<(Alert, Arc<str>)> = Vec::new();
    let Some(known) = WORDS.as_ref() else { return found };
    for hit in known.search.find_iter(&folded) {
        let Some((word, alert)) = known.words.get(hit.pattern().as_usize()) else { continue };
        if whole_word(&folded, hit.start(), hit.end()) && !found.iter().any(|(_, seen)| seen == word) {
            found.push((*alert, Arc::clone(word)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lit(text: &str) -> Vec<Alert> {
        alerts(text).into_iter().map(|(alert, _)| alert).collect()
    }

    #[test]
    fn each_alert_is_lit_by_its_words() {
        let said = [
            ("有人从脚手架上摔伤，流血了", Alert::Injury),
            ("楼道里有煤氣味", Alert::Gas),
            ("厨房着火了", Alert::Fire),
            ("他说不想活了", Alert::Suicide),
            ("业主准备拉横幅", Alert::GroupEvent),
            ("老板拖欠工资三个月", Alert::Wages),
            ("My boss owes me unpaid wages", Alert::Wages),
            ("There is a GAS LEAK here", Alert::Gas),
        ];
        for (text, alert) in said {
            assert!(lit(text).contains(&alert), "{text}: {:?}", lit(text));
        }
    }

    #[test]
    fn a_word_is_told_once_and_plain_matters_light_nothing() {
        assert_eq!(alerts("漏气了，还在漏气").len(), 1);
        for text in ["路灯不亮", "垃圾没人清运", "campfire songs", "", "😀😀"] {
            assert_eq!(lit(text), [], "{text}");
        }
    }

    #[test]
    fn every_word_is_folded_so_that_it_can_be_found() {
        for alert in Alert::ALL {
            for word in alert.words().split('|').map(str::trim) {
                assert_eq!(word.chars().map(fold).collect::<String>(), word);
                assert!(lit(word).contains(&alert), "{word}");
            }
        }
    }
}
