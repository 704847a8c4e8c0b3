//! Why two requests are thought to be one matter, or not: the score as sentences, and what the table makes of it.
//!
//! Every number of the score stands behind one sentence, in Chinese and in English, and they add up to it. No word of
//! a citizen is repeated, so an explanation may be stored and logged.

use serde::Serialize;

pub use crate::sentences::Sentence;
use crate::{
    decide::{Case, Decision, decide},
    evidence::PassedOver,
    features::{Feature, Features},
    model::Model,
    sentences::{of_act, of_class, of_feature, of_guard, of_passed_over, sentence},
};

/// One part of the score.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reason {
    /// The feature, or two that say more together.
    pub of: Vec<Feature>,
    /// Their values; `None` where not known.
    pub values: Vec<Option<f32>>,
    /// Points that it adds to the score, or takes from it.
    pub adds: f32,
    /// The same in words.
    #[serde(flatten)]
    pub said: Sentence,
}

/// Why a pair stands where it stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explained {
    /// The score.
    pub score: f32,
    /// The probability that they are one matter.
    pub probability: f32,
    /// What the score is made of, the weightiest first; what added nothing is left out.
    pub reasons: Vec<Reason>,
    /// What was not looked at, because it is no evidence.
    pub passed_over: Vec<Sentence>,
    /// What the table of D§9.2 makes of it.
    pub decision: Decision,
    /// Its class, in words.
    pub class: Sentence,
    /// What is done, in words.
    pub act: Sentence,
    /// Each guard that stood in the way, in words.
    pub guards: Vec<Sentence>,
}

/// What the score of a pair is made of, the weightiest first; what added nothing is left out.
#[must_use]
pub fn reasons(model: &Model, features: &Features) -> Vec<Reason> {
    let reasons = model.contributions(features).into_iter().filter(|part| part.adds != 0.0).map(|part| {
        let each: Vec<Sentence> = part.of.iter().zip(&part.values).map(|(of, value)| of_feature(*of, *value)).collect();
        let joined =
            |take: fn(&Sentence) -> &str, between: &str| each.iter().map(take).collect::<Vec<_>>().join(between);
        let said = sentence(joined(|s| &s.zh, ",同时"), joined(|s| &s.en, ", and at once "));
        Reason { of: part.of, values: part.values, adds: part.adds, said }
    });
    reasons.collect()
}

/// Explains one pair.
#[must_use]
pub fn explain(model: &Model, features: &Features, passed_over: &[PassedOver], case: &Case) -> Explained {
    let score = model.score(features);
    let decision = decide(case);
    Explained {
        score,
        probability: model.probability(score),
        reasons: reasons(model, features),
        passed_over: passed_over.iter().map(|what| of_passed_over(*what)).collect(),
        class: of_class(decision.class),
        act: of_act(decision.act),
        guards: decision.guards.iter().map(|guard| of_guard(*guard)).collect(),
        decision,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Tongue,
        decide::{Guard, Sureness, tests::lamp},
    };
    use proptest::prelude::*;

    /// A pair that is worth a person's look, and of whose lead nobody knows.
    fn case() -> Case {
        Case { sureness: Sureness::Suggest, same_lead: None, ..lamp() }
    }

    #[test]
    fn a_lamp_is_explained() {
        let mut features = Features::default();
        features.set(Feature::Distance, 12.0_f32.ln_1p());
        features.set(Feature::Hours, 3.0_f32.ln_1p());
        features.set(Feature::Building, -1.0);
        let told = explain(&Model::shipped(Tongue::Chinese).unwrap(), &features, &[PassedOver::Phone], &case());
        let says = |zh: &str, en: &str| told.reasons.iter().any(|r| r.said.zh == zh && r.said.en == en);
        assert!(says("相距 12 米", "they are 12 m apart"), "{told:#?}");
        assert!(says("前后相隔 3.0 小时", "they were reported 3.0 hours apart"));
        assert!(says("提到的楼栋不同", "they name different buildings"));
        assert!(told.passed_over[0].zh.contains("总机"));
        assert_eq!(told.class.zh, "D3 异人同事");
        assert_eq!(told.guards, [of_guard(Guard::Lead)]);
    }

    proptest! {
        #[test]
        fn reasons_add_up_to_the_score(values in proptest::collection::vec(prop_oneof![-2.0..12.0_f32, Just(f32::NAN)], crate::features::FEATURES)) {
            let mut features = Features::default();
            for (feature, value) in Feature::ALL.into_iter().zip(values) {
                features.set(feature, value);
            }
            let told = explain(&Model::shipped(Tongue::English).unwrap(), &features, &[], &case());
            let sum: f32 = told.reasons.iter().map(|reason| reason.adds).sum();
            prop_assert!((sum - told.score).abs() < 1e-3);
            prop_assert!(told.reasons.iter().all(|r| !r.said.zh.is_empty() && !r.said.en.is_empty() && r.adds != 0.0));
        }
    }
}
