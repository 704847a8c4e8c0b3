use proptest::prelude::*;

use super::*;

const NAMES: [&str; 5] = ["type", "sub_type", "street", "community", "source"];

fn schema() -> Schema {
    let chain = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Schema::new(vec![chain(&NAMES[..2]), chain(&NAMES[2..4]), chain(&NAMES[4..])]).unwrap()
}

fn model() -> UnitModel {
    UnitModel::new(schema(), Lineage::default(), Tuning::default())
}

fn first(model: &UnitModel, row: &[&str], day: i32) -> String {
    model.rank(row, day).first().map_or_else(String::new, |ranked| ranked.unit.to_string())
}

const NOISE: [&str; 5] = ["噪声", "工地噪声", "碧岭街道", "沙湖社区", "12345"];

#[test]
fn a_day_counts_when_it_is_closed_and_not_before() {
    let mut model = model();
    model.observe(&NOISE, "住建局", 1, 1.0);
    assert!(model.rank(&NOISE, 1).is_empty(), "its own day is not over");
    model.close(2);
    assert_eq!(first(&model, &NOISE, 2), "住建局");
}

#[test]
fn the_recent_outweighs_the_old() {
    let mut model = model();
    for day in 0..3 {
        model.observe(&NOISE, "环水局", day, 1.0);
    }
    model.close(3);
    for _ in 0..2 {
        model.observe(&NOISE, "住建局", 400, 1.0);
    }
    model.close(401);
    assert_eq!(first(&model, &NOISE, 401), "住建局");
}

#[test]
fn who_was_seen_less_surely_counts_less() {
    let mut model = model();
    for _ in 0..3 {
        model.observe(&NOISE, "环水局", 1, 0.5);
    }
    for _ in 0..2 {
        model.observe(&NOISE, "住建局", 1, 1.0);
    }
    model.close(2);
    assert_eq!(first(&model, &NOISE, 2), "住建局", "two that are certain outweigh three that are worth half");
}

#[test]
fn a_matter_never_seen_goes_where_its_parent_goes() {
    let mut model = model();
    for day in 0..5 {
        model.observe(&NOISE, "住建局", day, 1.0);
        model.observe(&["市容", "摆卖", "碧岭街道", "沙湖社区", "12345"], "城管办", day, 1.0);
        model.observe(&["市容", "广告", "碧岭街道", "沙湖社区", "12345"], "城管办", day, 1.0);
    }
    model.close(5);
    assert_eq!(first(&model, &["噪声", "never seen", "碧岭街道", "沙湖社区", "12345"], 5), "住建局");
    assert_eq!(model.rank(&["never", "seen", "any", "of", "this"], 5).len(), 2, "and the unknown to anybody");
}

#[test]
fn kin_elsewhere_speak_for_a_unit_that_never_had_the_matter() {
    let mut model = model();
    let places = ["东", "西", "南"];
    for day in 0..20 {
        for place in places {
            let team = format!("{place}街道城管办");
            model.observe(&["市容", "摆卖", place, place, "12345"], &team, day, 1.0);
            model.observe(&["设施", "路灯", place, place, "12345"], &format!("{place}街道市政中心"), day, 1.0);
        }
        // Street lamps and dumping are both the service centre's; dumping never happened in the south.
        for place in &places[..2] {
            model.observe(&["垃圾", "垃圾", place, place, "12345"], &format!("{place}街道市政中心"), day, 1.0);
        }
        model.close(day + 1);
    }
    let told = model.rank(&["垃圾", "垃圾", "南", "南", "12345"], 20);
    let kin = |ranked: &Ranked| -> f64 {
        ranked.reasons.iter().filter(|reason| reason.kind == Kind::Kin).map(|reason| reason.contribution).sum()
    };
    assert_eq!(&*told[0].unit, "南街道市政中心");
    assert!(kin(&told[0]) > 0.0, "{told:?}");
}

#[test]
fn history_counts_for_the_successor() {
    let ends = Succession { unit: "旧局".to_owned(), from_day: 10, heirs: vec![("新局".to_owned(), 1.0)] };
    let lineage = Lineage::new([("旧局(区)".to_owned(), "旧局".to_owned())], [ends]).unwrap();
    let mut model = UnitModel::new(schema(), lineage, Tuning::default());
    model.observe(&NOISE, "旧局", 1, 1.0);
    model.observe(&NOISE, "旧局(区)", 1, 1.0);
    model.close(2);
    let told = model.rank(&NOISE, 2);
    assert_eq!(told.len(), 1, "an alias is no unit of its own");
    assert_eq!(&*told[0].unit, "旧局");
    model.close(10);
    let told = model.rank(&NOISE, 10);
    assert_eq!((told.len(), &*told[0].unit), (1, "新局"));
    model.observe(&NOISE, "旧局", 11, 1.0);
    model.close(12);
    assert_eq!(model.rank(&NOISE, 12).len(), 1, "and still when somebody writes the old name");
}

#[test]
fn a_kept_model_goes_on_as_if_it_had_never_stopped() {
    let mut model = played(&(0..60).map(|n| (n % 7, n % 5, n % 3)).collect::<Vec<_>>());
    model.observe(&NOISE, "open", 60, 1.0);
    let kept = serde_json::to_string(&model).unwrap();
    let mut back: UnitModel = serde_json::from_str(&kept).unwrap();
    assert_eq!(back, model);
    model.close(61);
    back.close(61);
    assert_eq!(back.rank(&NOISE, 61), model.rank(&NOISE, 61));
}

#[test]
fn a_damaged_model_is_refused() {
    let model = played(&[(1, 2, 0), (2, 1, 1)]);
    let kept = serde_json::to_value(&model).unwrap();
    let refused = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut damaged = kept.clone();
        change(&mut damaged);
        let told = serde_json::from_value::<UnitModel>(damaged).unwrap_err().to_string();
        assert!(told.contains("train it again"), "{told}");
    };
    refused(&|kept| kept["units"] = serde_json::json!([]));
    refused(&|kept| kept["ranker"]["weights"] = serde_json::json!([1.0]));
    refused(&|kept| kept["cells"] = serde_json::json!([]));
    refused(&|kept| kept["tuning"]["back_off"] = serde_json::json!(-1.0));
    refused(&|kept| kept["paths"][0][0][0] = serde_json::json!(9));
}

/// A history of rows (matter, place, unit), three a day.
fn played(rows: &[(usize, usize, usize)]) -> UnitModel {
    let mut model = model();
    for (at, &(matter, place, unit)) in rows.iter().enumerate() {
        let day = i32::try_from(at / 3).unwrap();
        let texts = [matter % 3, matter, place % 2, place, matter % 2].map(|value| value.to_string());
        model.close(day);
        model.observe(&texts.each_ref().map(String::as_str), &format!("u{unit}"), day, 1.0);
    }
    model.close(i32::try_from(rows.len()).unwrap());
    model
}

proptest! {
    // Each case plays a history of weeks.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn contributions_add_up_to_the_score_and_scores_make_the_chances(
        rows in proptest::collection::vec((0..7_usize, 0..5_usize, 0..6_usize), 1..60),
        matter in 0..9_usize, place in 0..7_usize,
    ) {
        let model = played(&rows);
        let texts = [matter % 3, matter, place % 2, place, matter % 2].map(|value| value.to_string());
        let told = model.rank(&texts.each_ref().map(String::as_str), 100);
        prop_assert!(!told.is_empty());
        let whole: f64 = told.iter().map(|ranked| ranked.probability).sum();
        let elsewhere = model.ranker.elsewhere();
        prop_assert!((whole + elsewhere - 1.0).abs() < 1e-9, "all six are told: one of them or another: {whole}");
        for ranked in &told {
            let sum: f64 = ranked.reasons.iter().map(|reason| reason.contribution).sum();
            prop_assert!((sum - ranked.score).abs() < 1e-9);
            let odds = (ranked.score - told[0].score).exp();
            prop_assert!((ranked.probability - odds * told[0].probability).abs() < 1e-9);
            prop_assert!(ranked.probability <= told[0].probability);
            for reason in &ranked.reasons {
                if let Kind::Seen { here, all } = reason.kind {
                    prop_assert!(here <= all + 1e-9);
                }
            }
        }
    }

    #[test]
    fn the_same_history_gives_the_same_ranks(
        rows in proptest::collection::vec((0..7_usize, 0..5_usize, 0..6_usize), 1..40),
    ) {
        prop_assert_eq!(played(&rows).rank(&NOISE, 50), played(&rows).rank(&NOISE, 50));
    }
}
