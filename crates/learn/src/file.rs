//! A category model as a file: eight letters that say what it is, a version, a checksum, the model.

use sha2::{Digest as _, Sha256};

use crate::category::CategoryModel;

const LETTERS: &[u8; 8] = b"SUBANCAT";
const VERSION: u32 = 1;
const HEAD: usize = LETTERS.len() + size_of::<u32>() + 32;

/// Why a file is no model that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Something else.
    #[error("not a category model: the file does not begin with {:?}; save one with this version", "SUBANCAT")]
    Foreign,
    /// Another version's.
    #[error("category model of version {0}, this program reads version {VERSION}: train it again")]
    Version(u32),
    /// Cut short or altered.
    #[error("the category model is damaged ({0}): copy it again or train it again")]
    Damaged(String),
}

impl CategoryModel {
    /// The file's bytes.
    ///
    /// # Errors
    /// None that a learned model can meet; a model that cannot be written is damaged.
    pub fn save(&self) -> Result<Vec<u8>, Unusable> {
        let body = postcard::to_stdvec(self).map_err(|error| Unusable::Damaged(error.to_string()))?;
        let mut file = Vec::with_capacity(HEAD + body.len());
        file.extend_from_slice(LETTERS);
        file.extend_from_slice(&VERSION.to_le_bytes());
        file.extend_from_slice(&Sha256::digest(&body));
        file.extend_from_slice(&body);
        Ok(file)
    }

    /// The model in a file's bytes.
    ///
    /// # Errors
    /// When they are no model, of another version, or not what was saved.
    pub fn load(file: &[u8]) -> Result<Self, Unusable> {
        let rest = file.strip_prefix(LETTERS).ok_or(Unusable::Foreign)?;
        let short = || Unusable::Damaged("it ends within its head".to_owned());
        let (version, rest) = rest.split_first_chunk::<4>().ok_or_else(short)?;
        let version = u32::from_le_bytes(*version);
        if version != VERSION {
            return Err(Unusable::Version(version));
        }
        let (sum, body) = rest.split_first_chunk::<32>().ok_or_else(short)?;
        if Sha256::digest(body).as_slice() != sum {
            return Err(Unusable::Damaged("its checksum does not fit".to_owned()));
        }
        let model: Self = postcard::from_bytes(body).map_err(|error| Unusable::Damaged(error.to_string()))?;
        match model.fault() {
            None => Ok(model),
            Some(fault) => Err(Unusable::Damaged(fault.to_owned())),
        }
    }

    /// What in a model contradicts itself.
    fn fault(&self) -> Option<&'static str> {
        let classes = self.classes.len();
        let share = |value: f64| (0.0..=1.0).contains(&value);
        if classes < 2 || !self.classes.is_sorted_by(|a, b| a < b) {
            return Some("its classes are not in order");
        }
        if !self.linear.is_sound()
            || self.linear.classes() != classes
            || self.linear.columns() != self.weights.columns()
        {
            return Some("its classifier does not fit its features");
        }
        if !self.calibration.is_sound(classes) {
            return Some("its probabilities do not fit its classes");
        }
        let sound = self.thresholds.iter().all(|t| share(t.precision) && share(t.confidence) && share(t.coverage));
        (!sound).then_some("a threshold is no share")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::category::tests::model;
    use proptest::prelude::*;
    use std::sync::LazyLock;
    use suban_text::Counts;

    static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| model().save().unwrap());

    #[test]
    fn what_was_saved_reads_as_before() {
        let (before, after) = (model(), CategoryModel::load(&FILE).unwrap());
        let message = Counts::of_words(["路灯", "黑", "施工"]);
        assert_eq!(after.rank(&message), before.rank(&message));
        assert_eq!(after.save().unwrap(), *FILE);
    }

    #[test]
    fn other_files_and_other_versions_are_named() {
        assert_eq!(CategoryModel::load(b"PK\x03\x04").unwrap_err(), Unusable::Foreign);
        let mut later = FILE.clone();
        later[8] = 9;
        assert_eq!(CategoryModel::load(&later).unwrap_err(), Unusable::Version(9));
        assert!(CategoryModel::load(&FILE[..20]).unwrap_err().to_string().contains("damaged"));
    }

    #[test]
    fn a_model_that_contradicts_itself_is_refused() {
        let mut model = model();
        model.classes.pop();
        assert!(CategoryModel::load(&model.save().unwrap()).unwrap_err().to_string().contains("classifier"));
    }

    proptest! {
        #[test]
        fn a_broken_file_is_refused(at: prop::sample::Index, cut in any::<bool>()) {
            let at = at.index(FILE.len());
            let mut file = FILE.clone();
            if cut { file.truncate(at) } else { file[at] ^= 0x40 }
            prop_assert!(CategoryModel::load(&file).is_err());
        }
    }
}
