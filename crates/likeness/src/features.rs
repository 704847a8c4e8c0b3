//! How two requests stand to each other: named values that a person can read.
//!
//! Some are of the pair alone; some say how a candidate stands among the others, because the nearest of many is less
//! of a sign than the only one. A value that is not known is `NaN` and counts as nothing known, never as zero.

use serde::{Deserialize, Serialize};

use crate::{
    address::Nearness,
    alike::Alike,
    request::{Facts, Seconds, meet, same_picture},
};

macro_rules! features {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// One feature.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Feature { $($(#[$doc])* $name,)* }

        impl Feature {
            /// Every feature.
            pub const ALL: [Self; [$($code),*].len()] = [$(Self::$name),*];

            /// The name in models and explanations.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

features! {
    /// Cosine of the runs of characters.
    Runs = "runs",
    /// Cosine of the words.
    Words = "words",
    /// Share of the shorter one's runs that the longer one has.
    Contained = "contained",
    /// Rarity of the rarest word in common, natural logarithm.
    Rarest = "rarest",
    /// 1 when the normalised words are the same.
    SameWords = "same_words",
    /// 1 when they name the same plate, pole or order; −1 when both name one and not the same.
    Code = "code",
    /// 1 when they name the same estate, road or company; −1 when both name some and none in common.
    Name = "name",
    /// 1 when they name the same building; −1 when both name some and none in common.
    Building = "building",
    /// Logarithm of 1 + metres.
    Distance = "distance",
    /// 0 another street, 1 the same, 2 the same with a number missing, 3 the same house or crossing.
    Address = "address",
    /// 0 other, 1 the same node above, 2 the same category.
    Category = "category",
    /// Logarithm of 1 + hours between the reports.
    Hours = "hours",
    /// 1 while open; 0 once closed.
    Open = "open",
    /// Logarithm of 1 + hours since it was closed; unknown while open.
    ClosedFor = "closed_for",
    /// 1 the same person, 0 another.
    Requester = "requester",
    /// 0 neither has a picture, 1 the new one, 2 the earlier one, 3 both.
    Photo = "photo",
    /// 1 when a picture of the one is nearly a picture of the other; 0 when both have some and none is.
    SamePhoto = "same_photo",
    /// Logarithm of the new one's length over the earlier one's.
    Length = "length",
    /// Logarithm of 1 + how many others reported at the very same point lately: a default point says nothing.
    Crowd = "crowd",
    /// Logarithm of 1 + how many open candidates of the same category are nearer.
    Nearer = "nearer",
    /// Logarithm of 1 + how many candidates have words more alike.
    Wordier = "wordier",
    /// Logarithm of 1 + how many likely candidates are later than this one.
    Later = "later",
    /// Logarithm of 1 + how many likely candidates are earlier than this one.
    Earlier = "earlier",
    /// How sure it was, when it was judged itself, that it repeats an earlier one.
    Repeat = "repeat",
    /// How surely other candidates were judged to repeat this one.
    Repeated = "repeated",
}

/// How many features there are.
pub const FEATURES: usize = Feature::ALL.len();

/// The values of one candidate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Features(pub(crate) [f32; FEATURES]);

impl Default for Features {
    fn default() -> Self {
        Self([f32::NAN; FEATURES])
    }
}

impl Features {
    /// A value; `NaN` when it is not known.
    #[must_use]
    pub fn get(&self, feature: Feature) -> f32 {
        self.0.get(feature as usize).copied().unwrap_or(f32::NAN)
    }

    /// Sets a value.
    pub fn set(&mut self, feature: Feature, value: f32) {
        if let Some(place) = self.0.get_mut(feature as usize) {
            *place = value;
        }
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Feature, f32)> + '_ {
        Feature::ALL.into_iter().zip(self.0)
    }
}

/// Logarithm of 1 + hours, of two instants in any order.
pub(crate) fn log_hours(a: Seconds, b: Seconds) -> f32 {
    (a.abs_diff(b) as f32 / 3600.0).ln_1p()
}

/// The features of the pair alone: `new` is judged at `now` beside `earlier`.
#[must_use]
pub fn of_pair(new: &Facts, earlier: &Facts, alike: Alike, now: Seconds) -> Features {
    let mut of = Features::default();
    let bit = |holds: bool| f32::from(u8::from(holds));
    let shared = |a: &[u32], b: &[u32]| match (a.is_empty() || b.is_empty(), meet(a, b)) {
        (true, _) => 0.0,
        (false, true) => 1.0,
        (false, false) => -1.0,
    };
    of.set(Feature::Runs, alike.runs);
    of.set(Feature::Words, alike.words);
    of.set(Feature::Contained, alike.contained);
    of.set(Feature::Rarest, alike.rarest);
    of.set(Feature::SameWords, bit(new.words != 0 && new.words == earlier.words));
    of.set(Feature::Code, shared(&new.codes, &earlier.codes));
    of.set(Feature::Name, shared(&new.names, &earlier.names));
    of.set(Feature::Building, shared(&new.buildings, &earlier.buildings));
    let nearness = new.address.nearness(&earlier.address);
    match (new.spot, earlier.spot) {
        (Some(here), Some(there)) => of.set(Feature::Distance, here.metres(there).ln_1p()),
        // Where nobody gave a point, the same house or crossing is one.
        _ if nearness == Some(Nearness::Same) && new.address.names_a_place() => of.set(Feature::Distance, 0.0),
        _ => {}
    }
    if let Some(nearness) = nearness {
        of.set(
            Feature::Address,
            match nearness {
                Nearness::Apart => 0.0,
                Nearness::SameStreet => 1.0,
                Nearness::SameStreetPerhaps => 2.0,
                Nearness::Same => 3.0,
            },
        );
    }
    if new.category[0] != 0 && earlier.category[0] != 0 {
        let above = new.category[1] != 0 && new.category[1] == earlier.category[1];
        of.set(Feature::Category, if new.category[0] == earlier.category[0] { 2.0 } else { bit(above) });
    }
    of.set(Feature::Hours, log_hours(new.reported_at, earlier.reported_at));
    let closed_at = earlier.closed_at.filter(|closed| *closed <= now);
    of.set(Feature::Open, bit(closed_at.is_none()));
    if let Some(closed_at) = closed_at {
        of.set(Feature::ClosedFor, log_hours(now, closed_at));
    }
    if new.requester != 0 && earlier.requester != 0 {
        of.set(Feature::Requester, bit(new.requester == earlier.requester));
    }
    if let (Some(new), Some(earlier)) = (new.photo, earlier.photo) {
        of.set(Feature::Photo, bit(new) + 2.0 * bit(earlier));
    }
    if let Some(same) = same_picture(&new.pictures, &earlier.pictures) {
        of.set(Feature::SamePhoto, bit(same));
    }
    of.set(Feature::Length, ((1.0 + new.length as f32) / (1.0 + earlier.length as f32)).ln());
    of
}
