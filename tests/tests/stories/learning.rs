//! What people decided is learned from: a ruling at once, a check and an outcome with time.

use suban_domain::{DuplicateClass, Fact, Role, Span, State, Tier};
use suban_proto::v1;
use suban_runtime::Service;
use suban_tests::{Case, City, PATIENCE, Plan, eventually, story};

use crate::words;

/// Who repairs railings in truth, in these stories.
const RIGHT: &str = "YLZX";

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_wanders_is_ruled_on_and_the_next_like_it_goes_there_by_itself() {
    story(async |city| {
        let railing = city.citizen("钟离怀素", "19900000901").reports(words::RAILING).await;
        city.becomes(&railing, State::PendingSign).await;
        gives_back(city, &railing, words::ROADS, "CGJ").await;
        city.becomes(&railing, State::PendingDispatch).await;
        sends(city, &railing, "CGJ").await;

        // The second unit says "not mine" too: no third one is tried, it is argued and ruled.
        gives_back(city, &railing, "CGJ", words::ROADS).await;
        city.becomes(&railing, State::InDispute).await;
        for unit in [words::ROADS, "CGJ"] {
            let opinion = v1::FileOpinionRequest {
                request_id: city.request(),
                ticket: railing.number.clone(),
                opinion: "护栏不在本单位养护范围内".into(),
            };
            let lead = format!("lead-{unit}");
            city.desk(Role::UnitLead, &lead, Some(unit)).await.dispatch().file_opinion(opinion).await.unwrap();
        }
        let rule = v1::RuleRequest {
            request_id: city.request(),
            ticket: railing.number.clone(),
            lead: RIGHT.into(),
            grounds: "护栏位于绿化带内,由园林绿化中心养护".into(),
            ..v1::RuleRequest::default()
        };
        city.desk(Role::Arbiter, "arbiter-1", None).await.dispatch().rule(rule).await.unwrap();
        let ruled = city.becomes(&railing, State::PendingSign).await;
        assert_eq!(ruled.lead().unwrap().unit.as_str(), RIGHT);

        // It never goes back, and the next one goes there without a person and says why.
        let locked = city.unit(RIGHT).await.tries_to_return(&railing, "CGJ").await.unwrap_err();
        assert_eq!(locked.code(), tonic::Code::FailedPrecondition, "{locked:?}");
        let mut house = 40;
        let next = eventually(PATIENCE, "the ruling is known", async || {
            house += 1;
            let next = city.citizen("独孤听雪", "19900000902").reports(&words::railing(house)).await;
            let sent = city.becomes(&next, State::PendingSign).await;
            let lead = sent.lead().unwrap().unit.to_string();
            if lead == RIGHT { Ok((next, sent.tier)) } else { Err(lead) }
        })
        .await;
        assert_eq!(next.1, Some(Tier::Auto));
        let why = explained(city, &next.0).await;
        assert_eq!(why.candidates[0].rule, format!("ruling:{}", railing.number), "{why:?}");
        assert!(why.reason_zh.contains("已裁定") && why.reason_en.contains("an arbiter ruled"), "{why:?}");
        assert!(why.learned.contains("learned:"), "{why:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_checked_waits_with_its_unit_proposed_and_a_matter_that_fails_leaves_automatic_dispatch() {
    let every = ("SUBAN_LIMITS__CHECKED_PERMILLE", "1000".to_owned());
    Plan { settings: vec![every], ..Plan::default() }
        .story(async |city| {
            let citizen = city.citizen("闻人望海", "19900000903");
            for n in 0..10 {
                let railing = citizen.reports(&words::railing(60 + n)).await;
                waits_as(city, &railing, v1::QueueReason::Check).await;
                let why = explained(city, &railing).await;
                assert_eq!((why.dispatched, why.candidates[0].unit.as_str()), (false, words::ROADS), "{why:?}");
                // The person knows better, most of the time.
                sends(city, &railing, if n == 0 { words::ROADS } else { RIGHT }).await;
            }
            let mut house = 80;
            let reason = eventually(PATIENCE, "the matter left automatic dispatch", async || {
                house += 1;
                let railing = citizen.reports(&words::railing(house)).await;
                let reason = queued(city, &railing).await;
                if reason == Some(v1::QueueReason::Doubt) {
                    Ok(explained(city, &railing).await)
                } else {
                    Err(format!("{reason:?}"))
                }
            })
            .await;
            assert!(reason.reason_en.contains("1 of 10 checked"), "{reason:?}");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_finished_like_tickets_is_proposed_for_one_that_the_catalogue_cannot_place() {
    story(async |city| {
        for n in 0..3 {
            let citizen = city.citizen("太叔临川", &format!("1990000091{n}"));
            let railing = citizen.reports(&words::railing(100 + n)).await;
            city.becomes(&railing, State::PendingSign).await;
            city.unit(words::ROADS).await.handles(&railing).await;
            city.becomes(&railing, State::PendingCallback).await;
            citizen.rates(&railing, 1, 1).await;
        }
        city.passes(Span::days(1));
        let unclear = city.citizen("太叔临川", "19900000914").reports(&words::unclear(1)).await;
        waits_as(city, &unclear, v1::QueueReason::UnknownMatter).await;
        let why = eventually(PATIENCE, "yesterday is learned", async || {
            let why = explained(city, &unclear).await;
            if why.candidates.is_empty() { Err(format!("{why:?}")) } else { Ok(why) }
        })
        .await;
        let first = &why.candidates[0];
        assert_eq!((first.unit.as_str(), why.tier), (words::ROADS, Tier::Assisted.number()), "{why:?}");
        assert!(first.chance.is_some_and(|chance| chance > 0.0) && first.reason_zh.contains("历史同类"), "{first:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_learned_from_people_is_tried_promoted_and_taken_back() {
    // The tools go by the machine's clock.
    Plan { machine_clock: true, ..Plan::default() }
        .story(async |city| {
            let agent = city.agent().await;
            let typed =
                v1::ReadDraftRequest { text: "望潮社区的翻斗乐园又歪了".into(), ..Default::default() };
            let read = async || agent.intake().read_draft(typed.clone()).await.unwrap().into_inner();
            let before = read().await;
            assert_eq!(before.matter, "", "the catalogue has no word for it: {before:?}");

            // The city's people have coded such messages; a model learns from them, and nothing reads by it yet.
            let path = std::env::temp_dir().join(format!("{}.jsonl", city.database()));
            std::fs::write(&path, coded()).unwrap();
            let file = path.to_str().unwrap();
            let learned = city.runs(&["learn", "category", "--train", file, "--json"]).await;
            assert!(learned.ok, "{learned:?}");
            let learned: serde_json::Value = serde_json::from_str(&learned.out).unwrap();
            let version = learned["version"].as_str().unwrap();
            assert!(learned["threshold"].as_f64().is_some(), "{learned}");
            assert_eq!(read().await.matter, "");

            // No result was accepted since: nothing tells that it is not worse, so somebody has to say why.
            let refused = city.runs(&["learn", "promote", version]).await;
            assert!(!refused.ok && refused.complaints.contains("0 results"), "{refused:?}");
            let done = city.runs(&["learn", "promote", version, "--anyway", "--reason", "新设游乐设施"]).await;
            assert!(done.ok && done.out.contains(version), "{done:?}");
            let after = eventually(PATIENCE, "intake reads by it", async || {
                let draft = read().await;
                if draft.matter.is_empty() { Err(format!("{draft:?}")) } else { Ok(draft) }
            })
            .await;
            assert_eq!(after.matter, "SZ-07");
            assert!(after.version.contains(version) && after.matter_because[0].contains(version), "{after:?}");
            let ticket = city.citizen("司空见月", "19900000921").reports(&typed.text).await;
            let sent = city.becomes(&ticket, State::PendingSign).await;
            assert_eq!(sent.matter.unwrap().as_str(), "SZ-07");
            assert!(sent.read_by.unwrap().as_str().contains(version));

            // A second one, and back to the first.
            std::fs::write(&path, coded().replace("SZ-07", "HW-02")).unwrap();
            let other = city.runs(&["learn", "category", "--train", file, "--json"]).await;
            let other: serde_json::Value = serde_json::from_str(&other.out).unwrap();
            let other = other["version"].as_str().unwrap().to_owned();
            std::fs::remove_file(&path).unwrap();
            assert!(city.runs(&["learn", "promote", &other, "--anyway", "--reason", "试用"]).await.ok);
            eventually(PATIENCE, "the second one reads", async || {
                let draft = read().await;
                if draft.matter == "HW-02" { Ok(()) } else { Err(format!("{draft:?}")) }
            })
            .await;
            let back = city.runs(&["learn", "rollback", version, "--reason", "误学"]).await;
            assert!(back.ok && back.out.contains(&format!("{version}.2")), "{back:?}");
            eventually(PATIENCE, "the first one reads again", async || {
                let draft = read().await;
                if draft.matter == "SZ-07" { Ok(()) } else { Err(format!("{draft:?}")) }
            })
            .await;
        })
        .await;
}

/// Messages that people have coded, two matters.
fn coded() -> String {
    let place = ["望潮社区", "海湾街道", "小区门口", "学校旁边", "公园里"];
    let said = [
        ("SZ-07", ["翻斗乐园歪了", "翻斗乐园又坏了", "翻斗乐园断了一根"]),
        ("HW-01", ["到处是烂菜叶", "烂菜叶堆了一地", "烂菜叶发臭没人扫"]),
    ];
    let tail = ["请尽快处理", "已经好几天", "很危险", "希望有人管", "麻烦看一下", "孩子差点碰到"];
    let mut rows = String::new();
    for (code, said) in said {
        for (n, (place, said)) in place.iter().flat_map(|p| said.iter().map(move |s| (p, s))).enumerate() {
            for tail in [tail[n % 6], tail[(n + 1) % 6], tail[(n + 2) % 6]] {
                let row = serde_json::json!({ "text": format!("{place}{said},{tail}"), "labels": [code] });
                rows.push_str(&format!("{row}\n"));
            }
        }
    }
    rows
}

/// What reviewers confirmed often enough in a matter is put together without them, and taken apart again by one of them.
#[tokio::test(flavor = "multi_thread")]
async fn what_reviewers_confirmed_often_enough_needs_no_reviewer() {
    let settings = vec![("SUBAN_DUPLICATES__CHECKED_PERMILLE", "0".to_owned())];
    // The tools go by the machine's clock.
    let plan = Plan { settings, machine_clock: true, ..Plan::default() };
    plan.story(async |city| {
        let first = city.citizen("第五怀安", "19900000921").reports(words::RAILING).await;
        city.becomes(&first, State::PendingSign).await;
        let other = city.citizen("第五怀远", "19900000922").reports(words::RAILING_TOO).await;
        city.until(&other, "it is judged", |t| t.verdict.is_some()).await;
        let reviewer = city.reviewer().await;
        let asked = reviewer.dedup().list_suggestions(v1::ListSuggestionsRequest::default()).await.unwrap();
        assert_eq!(asked.into_inner().suggestions.len(), 1, "nothing was taught: a person is asked");

        let too_early = city.runs(&["learn", "dedup"]).await;
        assert!(!too_early.ok && too_early.complaints.contains("50 are wanted"), "{too_early:?}");
        was_answered_for_a_year(city).await;
        let learned = city.runs(&["learn", "dedup", "--by", "analyst", "--json"]).await;
        let learned: serde_json::Value = serde_json::from_str(&learned.out).unwrap();
        assert_eq!((&learned["answers"], &learned["right"]), (&400.into(), &200.into()), "{learned}");
        assert!(learned["merges"][0]["bound"].as_f64().unwrap() >= 0.98, "{learned}");
        let version = learned["version"].as_str().unwrap();
        let untried = city.runs(&["learn", "promote", version]).await;
        assert!(!untried.ok && untried.complaints.contains("only 0"), "{untried:?}");
        let why = ["--by", "analyst", "--reason", "a year of answers"];
        let promoted = city.runs(&[&["learn", "promote", version, "--anyway"][..], &why].concat()).await;
        assert!(promoted.ok, "{promoted:?}");
        let merge = v1::MergeRequest {
            request_id: city.request(),
            member: other.number.clone(),
            master: first.number.clone(),
            class: DuplicateClass::D3.number(),
            reason: "同一处护栏".into(),
        };
        reviewer.dedup().merge(merge).await.unwrap();
        city.close(Service::Dedup).await;
        city.open(Service::Dedup).await;

        let third = city.citizen("第五怀山", "19900000923").reports(words::RAILING_AGAIN).await;
        city.until(&third, "it follows the first", |t| t.master() == Some(first.id)).await;
        let log = city.store.log(third.id, 0).await.unwrap();
        let basis = log.iter().find_map(|event| {
            if let Fact::MergedInto { basis, .. } = &event.event.fact { Some(basis.to_string()) } else { None }
        });
        assert!(basis.as_ref().is_some_and(|basis| basis.ends_with(version)), "it says by what: {basis:?}");
        let apart = v1::UnmergeRequest {
            request_id: city.request(),
            ticket: third.number.clone(),
            reason: "另一侧的护栏".into(),
        };
        reviewer.dedup().unmerge(apart).await.unwrap();
        let alone = city.becomes(&third, State::PendingSign).await;
        assert_eq!(alone.master(), None);
    })
    .await;
}

/// The question that stands open, as if many like it had been asked and answered: with yes where the words have something
/// in common, with no where they have not.
async fn was_answered_for_a_year(city: &City) {
    for (ended, least, more) in [(1_i16, 0.15, 0.07), (2, 0.0, 0.005)] {
        sqlx::query(
            "insert into dedup.suggestion
               (ticket_id, head_id, class, probability, features, basis, at, matter, ended, ended_by, ended_at)
             select gen_random_uuid(), gen_random_uuid(), class, probability,
                (features::jsonb || jsonb_build_object(
                   'runs', $2 + $3 * (n % 10), 'words', $2 + $3 * (n % 10), 'contained', $2 + $3 * (n % 10)))::json,
                basis, at, matter, $1, 'reviewer-1', at
               from dedup.suggestion, generate_series(1, 200) as n where ended is null",
        )
        .bind(ended)
        .bind(least)
        .bind(more)
        .execute(city.store.pool())
        .await
        .unwrap();
    }
}

/// A unit says that it is not its own, and two people approve.
async fn gives_back(city: &City, case: &Case, unit: &str, to: &str) {
    city.unit(unit).await.asks_to_return(case, to).await;
    city.becomes(case, State::ReturnReview).await;
    let review = v1::ReviewReturnRequest { request_id: city.request(), ticket: case.number.clone(), approve: true };
    city.dispatcher().await.dispatch().review_return(review).await.unwrap();
    let decide = v1::DecideReturnRequest {
        request_id: city.request(),
        ticket: case.number.clone(),
        approve: true,
        ..v1::DecideReturnRequest::default()
    };
    city.second_dispatcher().await.dispatch().decide_return(decide).await.unwrap();
}

/// A dispatcher sends it.
async fn sends(city: &City, case: &Case, lead: &str) {
    let send = v1::DispatchRequest {
        request_id: city.request(),
        ticket: case.number.clone(),
        lead: lead.into(),
        ..v1::DispatchRequest::default()
    };
    city.dispatcher().await.dispatch().dispatch(send).await.unwrap();
    city.becomes(case, State::PendingSign).await;
}

async fn explained(city: &City, case: &Case) -> v1::Explanation {
    let ask = v1::ExplainRequest { ticket: case.number.clone() };
    city.dispatcher().await.dispatch().explain(ask).await.unwrap().into_inner()
}

/// Why it stands in the queue, once it is judged.
async fn queued(city: &City, case: &Case) -> Option<v1::QueueReason> {
    eventually(PATIENCE, "it waits for a person", async || {
        let queue = v1::ListQueueRequest { page_size: 200, ..v1::ListQueueRequest::default() };
        let queue = city.dispatcher().await.dispatch().list_queue(queue).await.unwrap().into_inner();
        let entry = queue.entries.into_iter().find(|e| e.number == case.number);
        entry.map(|e| v1::QueueReason::try_from(e.reason).ok()).ok_or("it is not in the queue")
    })
    .await
}

async fn waits_as(city: &City, case: &Case, reason: v1::QueueReason) {
    assert_eq!(queued(city, case).await, Some(reason));
}
