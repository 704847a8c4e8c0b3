//! What is merely alike: found by its picture, on two instances at once, and forgotten with the person who said it.

use futures::future::join;
use suban_attachments::invented::{Shot, photo};
use suban_domain::{Span, State};
use suban_likeness::{Index, Limits};
use suban_proto::v1;
use suban_runtime::Service;
use suban_tests::{Case, City, PATIENCE, Plan, eventually, story};

use crate::words;

/// From this probability on a person is asked in the story of the pictures.
const FROM: f64 = 0.2;

async fn asked(city: &City, case: &Case) -> Vec<v1::Suggestion> {
    let ask = v1::ListSuggestionsRequest { ticket: case.number.clone(), ..v1::ListSuggestionsRequest::default() };
    city.reviewer().await.dedup().list_suggestions(ask).await.unwrap().into_inner().suggestions
}

async fn is_asked(city: &City, case: &Case, other: &Case) -> v1::Candidate {
    eventually(PATIENCE, "a person is asked", async || {
        let asked = asked(city, case).await;
        let found = asked.first().and_then(|s| s.candidates.iter().find(|c| c.number == other.number));
        found.cloned().ok_or_else(|| format!("{asked:?}"))
    })
    .await
}

/// Of these words some are too little alone; a picture that both sent makes a question of them, and never an answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_arrives_later_is_one_reason_more_to_ask() {
    let settings = vec![
        ("SUBAN_DUPLICATES__SUGGEST_FROM", FROM.to_string()),
        // Nobody is asked by lot.
        ("SUBAN_DUPLICATES__CHECKED_A_WEEK", "0".into()),
        ("SUBAN_DUPLICATES__CHECKED_PERMILLE", "0".into()),
    ];
    let far = Plan { settings, ..Plan::default() };
    far.story(async |city| {
        // The one in full, the others as it was passed on: grainier, and of a lower quality.
        let send = async |case: &Case, shot: Shot| {
            let answer = city.upload(&format!("/p/{}/photo?request_id=one", case.link), None, &photo(&shot)).await;
            assert_eq!(answer.status, 200, "{answer:?}");
        };
        let explained = async |case: &Case, other: &Case| {
            let ask = v1::ExplainPairRequest { ticket: case.number.clone(), other: other.number.clone() };
            city.reviewer().await.dedup().explain_pair(ask).await.unwrap().into_inner()
        };
        let one = city.citizen("亓官望舒", "19900000501").reports(words::RAILING).await;
        city.becomes(&one, State::PendingSign).await;
        send(&one, Shot::of(7)).await;
        let says = [
            "望潮社区有护栏倒了很危险,麻烦来人看看。",
            "潮音路的栏杆倒在路上,走路不小心就会绊倒。",
            "潮音路12号护栏坏了。",
            "望潮社区潮音路护栏损坏几天了没人管。",
        ];
        let mut tipped = 0;
        for (n, words) in says.into_iter().enumerate() {
            city.passes(Span::hours(6));
            let other = city.citizen("澹台知遥", &format!("1990000051{n}")).reports(words).await;
            city.until(&other, "it is judged", |t| t.verdict.is_some()).await;
            city.settles().await;
            let (before, asked_before) = (explained(&other, &one).await, !asked(city, &other).await.is_empty());
            send(&other, Shot { quality: 50, grain: 8, ..Shot::of(7) }).await;
            let after = eventually(PATIENCE, "the picture is compared", async || {
                let why = explained(&other, &one).await;
                let seen = why.reasons.iter().any(|reason| reason.zh.contains("照片相同") && reason.adds > 0.0);
                if seen || asked_before { Ok(why) } else { Err(format!("{why:?}")) }
            })
            .await;
            if !asked_before && after.probability >= FROM && after.act_zh.contains("由人确认") {
                assert!(after.probability > before.probability);
                let candidate = is_asked(city, &other, &one).await;
                assert!(candidate.reasons.iter().any(|r| r.zh.contains("照片相同")), "{candidate:?}");
                tipped += 1;
            }
            println!(
                "{words}: {:.3} → {:.3}, {} {}",
                before.probability, after.probability, after.class_zh, after.act_zh
            );
            assert_eq!(city.ticket(&other).await.master(), None, "a picture merges nothing");
        }
        assert!(tipped > 0, "no question was made by the picture");
    })
    .await;
}

/// Two people see one railing at the same moment, and two instances judge it: neither knows the other's, and yet a person
/// is asked.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_alike_and_arrives_at_once_on_two_instances_is_put_before_a_person() {
    story(async |city| {
        city.open(Service::Dedup).await;
        let (one, two) = (city.citizen("闾丘望舒", "19900000521"), city.citizen("巫马叔夜", "19900000522"));
        let places = [
            "望潮社区潮音路",
            "渔火社区海滨路",
            "听涛社区帆影街",
            "银滩社区拾贝巷",
            "蓝湾社区银滩二路",
            "海角社区潮音路",
        ];
        for (n, place) in places.into_iter().enumerate() {
            let house = 12 + 20 * n;
            let (says, too) = (
                format!("{place}{house}号附近护栏损坏,已经三天了,请尽快处理。"),
                format!("您好,{place}{house}号附近的护栏损坏了,倒在人行道上,请尽快处理。"),
            );
            let (a, b) = join(one.reports(&says), two.reports(&too)).await;
            // Whichever was judged last: it is one question.
            eventually(PATIENCE, "a person is asked once", async || {
                let (of_a, of_b) = (asked(city, &a).await, asked(city, &b).await);
                let about = |asked: &[v1::Suggestion], other: &Case| {
                    asked.iter().flat_map(|s| &s.candidates).filter(|c| c.number == other.number).count()
                };
                match about(&of_a, &b) + about(&of_b, &a) {
                    1 => Ok(()),
                    times => Err(format!("{times} times: {of_a:?} {of_b:?}")),
                }
            })
            .await;
        }
    })
    .await;
}

/// Who is erased is forgotten by what looks for duplicates, in memory and in the file that it keeps.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_erased_person_said_is_compared_with_nothing_and_stands_in_no_file() {
    let file = std::env::temp_dir().join(format!("suban-story-likeness-{}", std::process::id()));
    let setting = ("SUBAN_DUPLICATES__SNAPSHOT", file.to_str().unwrap().to_owned());
    let held = |case: &Case| {
        let bytes = std::fs::read(&file).unwrap_or_default();
        let index = Index::restore(&bytes, 1 << 10, Limits::default()).map(|(index, _)| index);
        index.map(|index| index.facts(case.id.uuid().as_u128()).is_some())
    };
    Plan { settings: vec![setting], ..Plan::default() }
        .story(async |city| {
            let gone = city.citizen("亓官望舒", "19900000531").reports(words::RAILING).await;
            let read = city.becomes(&gone, State::PendingSign).await;
            let stays = city.citizen("澹台照野", "19900000532").reports(&words::railing(77)).await;
            city.becomes(&stays, State::PendingSign).await;
            city.close(Service::Dedup).await;
            assert_eq!((held(&gone), held(&stays)), (Ok(true), Ok(true)));
            city.open(Service::Dedup).await;

            let agent = city.agent().await;
            let draft = v1::JudgeRequest {
                text: words::RAILING_TOO.into(),
                area: read.area.unwrap().to_string(),
                matter: read.matter.unwrap().to_string(),
                ..v1::JudgeRequest::default()
            };
            let found = async || {
                let found = agent.dedup().judge(draft.clone()).await.unwrap().into_inner().candidates;
                found.into_iter().map(|c| c.number).collect::<Vec<_>>()
            };
            assert!(found().await.contains(&gone.number), "what was kept is found again");
            let told = city.runs(&["erase", "--ticket", &gone.number, "--reason", "本人申请"]).await;
            assert!(told.ok, "{told:?}");
            eventually(PATIENCE, "it is forgotten", async || {
                let (in_memory, in_file) = (found().await.contains(&gone.number), held(&gone));
                if !in_memory && in_file == Ok(false) { Ok(()) } else { Err(format!("{in_memory} {in_file:?}")) }
            })
            .await;
            assert_eq!(held(&stays), Ok(true), "and nothing else is");

            // Nor does another start bring it back.
            city.close(Service::Dedup).await;
            city.open(Service::Dedup).await;
            assert!(!found().await.contains(&gone.number));
            assert_eq!(held(&gone), Ok(false));
        })
        .await;
    let _ = std::fs::remove_file(&file);
}

/// A reviewer's screen: what waits, then what comes; whoever was away misses nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_reviewer_who_watches_is_shown_what_waits_and_what_comes_and_after_a_break_what_came_meanwhile() {
    story(async |city| {
        let first = city.citizen("亓官望舒", "19900000541").reports(words::RAILING).await;
        city.becomes(&first, State::PendingSign).await;
        city.passes(Span::hours(1));
        let asked = async |phone: &str, words: &str| {
            let case = city.citizen("澹台知遥", phone).reports(words).await;
            is_asked(city, &case, &first).await;
            case
        };
        let waits = asked("19900000542", words::RAILING_TOO).await;
        let reviewer = city.reviewer().await;
        let watch = async |cursor: &str| {
            let ask = v1::WatchSuggestionsRequest { cursor: cursor.into() };
            reviewer.dedup().watch_suggestions(ask).await.unwrap().into_inner()
        };
        let mut screen = watch("").await;
        let shown = screen.message().await.unwrap().unwrap();
        let suggestion = shown.suggestion.unwrap();
        assert_eq!((&suggestion.number, &suggestion.candidates[0].number), (&waits.number, &first.number));
        assert!(suggestion.text.contains("护栏") && suggestion.candidates[0].text.contains("护栏"), "{suggestion:?}");
        assert!(!suggestion.candidates[0].reasons.is_empty() && suggestion.photos.is_empty(), "{suggestion:?}");
        let caught_up = screen.message().await.unwrap().unwrap();
        assert_eq!((caught_up.suggestion, &caught_up.cursor), (None, &shown.cursor), "nothing else waits");
        city.passes(Span::minutes(1));
        let comes = asked("19900000543", words::RAILING_AGAIN).await;
        let live = screen.message().await.unwrap().unwrap();
        assert_eq!(live.suggestion.map(|s| s.number), Some(comes.number.clone()));
        drop(screen);

        // Away: one more is asked; the instance that was watched is another one by then.
        city.passes(Span::minutes(1));
        let missed = asked("19900000544", "望潮社区潮音路12号附近的护栏损坏倒了,居民走路很危险,请尽快处理。").await;
        city.close(Service::Dedup).await;
        city.open(Service::Dedup).await;
        let mut screen = watch(&live.cursor).await;
        let mut numbers = Vec::new();
        while let Some(suggestion) = screen.message().await.unwrap().unwrap().suggestion {
            numbers.push(suggestion.number);
        }
        assert_eq!(numbers.last(), Some(&missed.number), "{numbers:?}");
        assert!(!numbers.contains(&waits.number), "what was seen long before does not come again: {numbers:?}");

        // Another's cursor is refused, and so is who reviews nothing.
        let ask = v1::WatchSuggestionsRequest { cursor: live.cursor };
        let refused = city.dispatcher().await.dedup().watch_suggestions(ask).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::InvalidArgument);
        let ask = v1::WatchSuggestionsRequest::default();
        let denied = city.agent().await.dedup().watch_suggestions(ask).await.unwrap_err();
        assert_eq!(denied.code(), tonic::Code::PermissionDenied);
    })
    .await;
}
