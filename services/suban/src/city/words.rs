//! Turns a kind of matter and a place into what a citizen says, and a result into what a unit replies.

use rand::{Rng as _, rngs::StdRng};
use suban_domain::{Kind, MatterCode};
use suban_text::{
    Catalogue,
    catalogue::{Area, AreaLevel},
};

use super::{one_of, people::Person, tongue::Tongue};

/// Spread of the lengths of texts (log-normal, D§17.1).
const SPREAD: f64 = 0.5;
/// Characters of a reply, on average (D§17.1).
const REPLY: f64 = 353.0;

/// One kind of matter and the ways to say it.
#[derive(Debug)]
struct Sayings {
    matter: MatterCode,
    kind: Kind,
    ways: Vec<&'static str>,
}

/// What can be said in a city with this catalogue.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) tongue: &'static Tongue,
    sayings: Vec<Sayings>,
    places: Vec<Area>,
}

/// A matter at a place: what others may report too.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) matter: MatterCode,
    /// Where, in words.
    pub(super) place: String,
    /// In which part of the city.
    pub(super) area: String,
    /// The catalogue's name of the matter.
    pub(super) title: String,
}

impl Words {
    /// The sayings of this language for the matters that the catalogue has.
    pub(super) fn of(tongue: &'static Tongue, catalogue: &Catalogue) -> anyhow::Result<Self> {
        let mut sayings: Vec<Sayings> = Vec::new();
        for line in tongue.matters.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(code) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                let matter: MatterCode = code.parse()?;
                let kind = catalogue.matter(&matter).map_or(Kind::Other, |matter| matter.kind);
                sayings.push(Sayings { matter, kind, ways: Vec::new() });
            } else if let Some(last) = sayings.last_mut() {
                last.ways.push(line);
            }
        }
        sayings.retain(|said| catalogue.matter(&said.matter).is_some());
        let smallest = |area: &&Area| {
            area.level == AreaLevel::Community || (area.level != AreaLevel::City && !area.roads.is_empty())
        };
        let places: Vec<Area> = catalogue.areas().iter().filter(smallest).cloned().collect();
        Ok(Self { tongue, sayings, places })
    }

    /// Is there anything that citizens can say under this catalogue? Staff can work without.
    pub(super) fn speak_here(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            !self.sayings.is_empty() && !self.places.is_empty(),
            "the catalogue in force has none of the matters this city speaks of; \
             publish deploy/demo, or deploy/demo/en and say --english"
        );
        Ok(())
    }

    /// Something that happens somewhere. A type that no matter has by itself may be said of any matter.
    pub(super) fn event(&self, kind: Kind, catalogue: &Catalogue, rng: &mut StdRng) -> Option<Event> {
        let of_kind: Vec<&Sayings> = self.sayings.iter().filter(|said| said.kind == kind).collect();
        let all: Vec<&Sayings> = self.sayings.iter().collect();
        let said = one_of(if of_kind.is_empty() { &all } else { &of_kind }, rng)?;
        let area = one_of(&self.places, rng)?;
        let road = one_of(&area.roads, rng);
        let estate = one_of(&area.estates, rng);
        let pattern = match (road, estate) {
            (Some(_), Some(_)) if rng.random_bool(0.5) => one_of(self.tongue.on_road, rng),
            (Some(_), None) => one_of(self.tongue.on_road, rng),
            (Some(_) | None, Some(_)) => one_of(self.tongue.at_estate, rng),
            (None, None) => None,
        };
        let n = rng.random_range(1..60).to_string();
        let place = pattern.map_or_else(
            || area.name.clone(),
            |pattern| {
                pattern
                    .replace("{area}", &area.name)
                    .replace("{road}", road.map_or("", String::as_str))
                    .replace("{estate}", estate.map_or("", String::as_str))
                    .replace("{n}", &n)
            },
        );
        let title = catalogue.matter(&said.matter).map(|matter| matter.name.clone()).unwrap_or_default();
        Some(Event { matter: said.matter.clone(), place, area: area.name.clone(), title })
    }

    /// One person's words about it, of about the given length.
    pub(super) fn tell(&self, event: &Event, kind: Kind, mean: f64, rng: &mut StdRng) -> String {
        let ways = self.sayings.iter().find(|said| said.matter == event.matter);
        let way = ways.and_then(|said| one_of(&said.ways, rng)).copied().unwrap_or("{at}");
        let tongue = self.tongue;
        let mut text = way.replace("{at}", &event.place);
        let say = |text: &mut String, what: &str| {
            text.push_str(tongue.stop);
            text.push_str(what);
        };
        if kind == Kind::Suggestion
            && let Some(idea) = one_of(tongue.suggestion, rng)
        {
            say(&mut text, idea);
        }
        let wanted = length(mean, rng);
        for more in shuffled(tongue.more, rng) {
            if chars(&text) + 8.0 >= wanted {
                break;
            }
            say(&mut text, more);
        }
        if let Some(wish) = one_of(tongue.wish, rng) {
            say(&mut text, wish);
        }
        text.push_str(tongue.stop.trim_end());
        text
    }

    /// A home in the city.
    pub(super) fn home(&self, rng: &mut StdRng) -> String {
        let estates: Vec<&String> = self.places.iter().flat_map(|area| &area.estates).collect();
        let estate = one_of(&estates, rng).map_or("", |estate| estate.as_str());
        let (n, m) = (rng.random_range(60..99), rng.random_range(1..34) * 100 + rng.random_range(1..9));
        let home = self.tongue.home.replace("{estate}", estate);
        home.replace("{n}", &n.to_string()).replace("{m}", &m.to_string())
    }

    /// 公开答复.
    pub(super) fn reply(&self, rng: &mut StdRng) -> String {
        let tongue = self.tongue;
        let mut text = one_of(tongue.reply_open, rng).copied().unwrap_or_default().to_owned();
        let wanted = length(REPLY, rng);
        for done in shuffled(tongue.reply_done, rng) {
            text.push_str(tongue.stop);
            text.push_str(done);
            if chars(&text) >= wanted {
                break;
            }
        }
        text.push_str(tongue.stop);
        text.push_str(one_of(tongue.reply_close, rng).copied().unwrap_or_default());
        text.push_str(tongue.stop.trim_end());
        text
    }
}

/// Puts a person into words that should not name one.
pub(super) fn naming(pattern: &str, person: &Person) -> String {
    pattern
        .replace("{name}", &person.name)
        .replace("{phone}", &person.phone)
        .replace("{home}", &person.home)
        .replace("{card}", &person.card)
}

fn chars(text: &str) -> f64 {
    f64::from(u32::try_from(text.chars().count()).unwrap_or(u32::MAX))
}

/// A length from a log-normal distribution with this mean.
fn length(mean: f64, rng: &mut StdRng) -> f64 {
    // Twelve even numbers add up to a normal one, near enough.
    let normal: f64 = (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
    (mean.ln() - SPREAD * SPREAD / 2.0 + SPREAD * normal).exp()
}

fn shuffled(list: &[&'static str], rng: &mut StdRng) -> Vec<&'static str> {
    use rand::seq::SliceRandom as _;
    let mut list = list.to_vec();
    list.shuffle(rng);
    list
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;
    use crate::city::tongue::{CHINESE, ENGLISH};

    fn catalogue(folder: &str) -> Catalogue {
        let read = |file: &str| {
            let path = format!("{}/../../deploy/demo/{folder}{file}", env!("CARGO_MANIFEST_DIR"));
            std::fs::read_to_string(path).unwrap()
        };
        let (areas, units) = (read("areas.csv"), read("units.csv"));
        let (matters, rules) = (read("matters.csv"), read("rules.csv"));
        let tables = suban_text::Tables { areas: &areas, units: &units, matters: &matters, rules: &rules };
        Catalogue::parse(&tables).unwrap()
    }

    #[test]
    fn both_cities_speak_of_at_least_forty_kinds_of_matter_that_their_catalogue_has() {
        for (tongue, folder) in [(&CHINESE, ""), (&ENGLISH, "en/")] {
            let catalogue = catalogue(folder);
            let words = Words::of(tongue, &catalogue).unwrap();
            assert!(words.sayings.len() >= 40, "{}", words.sayings.len());
            let lines = tongue.matters.lines().filter(|line| line.starts_with('[')).count();
            assert_eq!(words.sayings.len(), lines, "a matter that the catalogue does not have");
            assert!(words.sayings.iter().all(|said| said.ways.iter().all(|way| way.contains("{at}"))));
        }
    }

    #[test]
    fn what_citizens_say_is_read_as_what_they_mean() {
        for (tongue, folder) in [(&CHINESE, ""), (&ENGLISH, "en/")] {
            let catalogue = catalogue(folder);
            let (words, reader) = (Words::of(tongue, &catalogue).unwrap(), catalogue.reader().unwrap());
            let mut rng = StdRng::seed_from_u64(7);
            let (mut right, mut told) = (0, 0);
            let mut wrong = Vec::new();
            for said in &words.sayings {
                for _ in 0..20 {
                    let event = words.event(said.kind, &catalogue, &mut rng).unwrap();
                    let event = Event { matter: said.matter.clone(), ..event };
                    let text = words.tell(&event, said.kind, 90.0, &mut rng);
                    let read = reader.read(&suban_text::ToRead::words(&text));
                    told += 1;
                    if read.matter.as_ref() == Some(&said.matter) {
                        right += 1;
                    } else {
                        wrong.push(format!("{} as {:?}: {text}", said.matter, read.matter));
                    }
                }
            }
            wrong.dedup_by_key(|w| w.split(':').next().unwrap_or_default().to_owned());
            assert!(right * 100 >= told * 95, "{right} of {told}:\n{}", wrong.join("\n"));
        }
    }

    #[test]
    fn texts_are_as_long_as_those_of_a_real_hotline() {
        let catalogue = catalogue("");
        let words = Words::of(&CHINESE, &catalogue).unwrap();
        let mut rng = StdRng::seed_from_u64(1);
        for (mean, most_off) in [(90.0, 20.0), (218.0, 40.0)] {
            let total: f64 = (0..400)
                .map(|_| {
                    let event = words.event(Kind::Help, &catalogue, &mut rng).unwrap();
                    chars(&words.tell(&event, Kind::Help, mean, &mut rng))
                })
                .sum();
            assert!((total / 400.0 - mean).abs() < most_off, "{} instead of {mean}", total / 400.0);
        }
    }
}
