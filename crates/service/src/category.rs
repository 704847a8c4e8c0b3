//! The city's learned reading of matters, beside the catalogue's own words.
//!
//! The catalogue's words read a message at once and from the first day; the model is learned from what people have
//! accepted. Where it is as sure as the city wants, it says the matter. Where it is not, the words do, unless the model
//! holds that matter for all but impossible: then nobody says it, and a person does.

use suban_domain::MatterCode;
use suban_learn::{
    CategoryModel,
    category::{Likely, Threshold},
};
use suban_text::{Reader, Reading, Segmenter, ToRead};

/// Precision wanted of what is read without a person (D§10.3 step 5).
pub const WANTED: f64 = 0.95;
/// Below this chance the model contradicts the words.
const ALL_BUT_IMPOSSIBLE: f64 = 0.02;
/// The model contradicts only where it knows better: its first matter is at least this likely.
const KNOWS_BETTER: f64 = 0.5;
/// Bytes of a message that are read; a longer one is a dossier, and its beginning says what it is about.
const MOST_BYTES: usize = 16 * 1024;

/// A model in force.
pub struct Category {
    version: String,
    model: CategoryModel,
    segmenter: Segmenter,
    threshold: Option<Threshold>,
}

impl std::fmt::Debug for Category {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Category({})", self.version)
    }
}

impl Category {
    /// A model under the name of its version.
    #[must_use]
    pub fn new(version: String, model: CategoryModel) -> Self {
        let (segmenter, threshold) = (model.segmenter(), model.threshold(WANTED));
        Self { version, model, segmenter, threshold }
    }

    /// The name of its version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Matters of a message, the likeliest first, each with its chance.
    #[must_use]
    pub fn rank(&self, text: &str) -> Vec<(MatterCode, f64)> {
        let text = text.get(..text.floor_char_boundary(MOST_BYTES)).unwrap_or(text);
        let ranked = self.model.read(&self.segmenter.features(text));
        ranked.iter().filter_map(|likely| Some((matter(likely)?, likely.probability))).collect()
    }

    /// Reads a message with both.
    pub(crate) fn read(&self, reader: &Reader, knows: impl Fn(&MatterCode) -> bool, message: &ToRead<'_>) -> Reading {
        if message.declared_matter.is_some_and(&knows) {
            return reader.read(message);
        }
        let ranked = self.rank(message.text);
        let first = ranked.iter().find(|(matter, _)| knows(matter));
        let sure = self.threshold.map_or(f64::INFINITY, |threshold| threshold.confidence);
        if let Some((matter, chance)) = first.filter(|(_, chance)| *chance >= sure) {
            let mut reading = reader.read(&ToRead { declared_matter: Some(matter), ..*message });
            reading.matter_because = vec![format!("{} {:.0} %", self.version, chance * 100.0).into()];
            return reading;
        }
        let mut reading = reader.read(message);
        let chance = |of: &MatterCode| ranked.iter().find(|(m, _)| m == of).map_or(0.0, |(_, chance)| *chance);
        let contradicted = reading.matter.as_ref().is_some_and(|m| chance(m) < ALL_BUT_IMPOSSIBLE)
            && first.is_some_and(|(_, chance)| *chance >= KNOWS_BETTER);
        if contradicted {
            reading.matter = None;
            reading.matter_because.clear();
        }
        reading
    }
}

/// The code at the end of a class's path: `市容环卫/环境卫生/HW-01`.
fn matter(likely: &Likely<'_>) -> Option<MatterCode> {
    MatterCode::new(likely.class.rsplit('/').next()?).ok()
}
