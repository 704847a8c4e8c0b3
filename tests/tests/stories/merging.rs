//! The same matter is handled once, and everybody is answered (D§9).

use futures::future::join;
use suban_domain::{DuplicateClass, Role, Span, State, Ticket, Verdict};
use suban_proto::v1;
use suban_runtime::Service;
use suban_tests::{Case, City, PATIENCE, Plan, eventually, story};

use crate::words;

async fn joined(city: &City, member: &Case, master: &Case) -> Ticket {
    city.until(member, "it follows the first", |t| t.master() == Some(master.id)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_neighbour_and_the_same_person_again_follow_the_first_and_each_is_answered() {
    story(async |city| {
        let (first, neighbour) = (city.citizen("濮阳知遥", "19900000301"), city.citizen("纳兰若蘅", "19900000302"));
        let master = first.reports(words::RAILING).await;
        city.becomes(&master, State::PendingSign).await;
        city.passes(Span::hours(1));
        let other = neighbour.reports(words::RAILING).await;
        let again = first.reports(words::RAILING).await;
        let member = joined(city, &other, &master).await;
        joined(city, &again, &master).await;
        assert_eq!(member.state, State::MergedMember);
        let lead = city.until(&master, "the second call urges it", |t| t.members() == 2 && t.last_urge.is_some()).await;
        assert_eq!(lead.state, State::PendingSign);

        // The group says of each member as what it joined, by which rule, and when.
        let ask = v1::GetGroupRequest { ticket: other.number.clone(), ..v1::GetGroupRequest::default() };
        let group = city.reviewer().await.dedup().get_group(ask).await.unwrap().into_inner();
        let told: Vec<_> = group.members.iter().map(|m| (&m.number, m.class, m.joined_at.is_some())).collect();
        let (d3, d1) = (DuplicateClass::D3.number(), DuplicateClass::D1.number());
        assert_eq!((group.size, told), (3, vec![(&other.number, d3, true), (&again.number, d1, true)]));
        assert!(group.members.iter().all(|m| m.basis.starts_with("same-words:")), "{group:?}");
        assert_eq!(group.master.map(|m| (m.class, m.basis)), Some((0, String::new())));

        // One unit works once; the neighbour sees the progress, and neither the master's number nor anybody else.
        let unit = city.unit(words::ROADS).await;
        assert_eq!(unit.inbox().await, std::slice::from_ref(&master.number));
        let page = neighbour.looks(&other).await.body;
        assert!(page.contains("已与同一事项并案办理") && !page.contains(&master.number), "{page}");
        unit.handles(&master).await;

        // One closing reply reaches every member, once, and each rates for itself.
        for (citizen, case) in [(&first, &master), (&neighbour, &other), (&first, &again)] {
            city.becomes(case, State::PendingCallback).await;
            let page = citizen.looks(case).await.body;
            assert!(page.contains("处理完毕"), "{page}");
            citizen.rates(case, 1, 1).await;
            city.becomes(case, State::Closed).await;
        }
        for member in [&other, &again] {
            let facts = city.facts(member.id).await;
            assert_eq!(facts.iter().filter(|f| **f == "reply_copied").count(), 1, "{facts:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_taken_out_of_a_group_goes_its_own_way_and_no_machine_puts_it_back() {
    story(async |city| {
        let master = city.citizen("宇文景珩", "19900000311").reports(words::RAILING).await;
        city.becomes(&master, State::PendingSign).await;
        city.passes(Span::minutes(10));
        let member = city.citizen("呼延疏桐", "19900000312").reports(words::RAILING).await;
        joined(city, &member, &master).await;

        let reviewer = city.reviewer().await;
        let ask = v1::UnmergeRequest {
            request_id: city.request(),
            ticket: member.number.clone(),
            reason: "是另一处护栏".into(),
        };
        reviewer.dedup().unmerge(ask.clone()).await.unwrap();
        assert!(reviewer.dedup().unmerge(ask).await.unwrap().into_inner().repeated, "a repeat changes nothing");
        let alone = city.becomes(&member, State::PendingSign).await;
        assert_eq!((alone.master(), alone.lead().unwrap().unit.as_str()), (None, words::ROADS));
        city.settles().await;
        let facts = city.facts(member.id).await;
        assert_eq!(facts.iter().filter(|f| **f == "merged_into").count(), 1, "{facts:?}");
        assert_eq!(city.ticket(&master).await.members(), 0);
        let mut inbox = city.unit(words::ROADS).await.inbox().await;
        inbox.sort();
        let mut both = vec![master.number.clone(), member.number.clone()];
        both.sort();
        assert_eq!(inbox, both, "the unit has two railings to repair");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twins_that_arrive_at_once_on_two_instances_end_as_one_group() {
    story(async |city| {
        city.open(Service::Dedup).await;
        let (one, two) = (city.citizen("闾丘望舒", "19900000321"), city.citizen("巫马叔夜", "19900000322"));
        let mut pairs = Vec::new();
        for house in 1..=12 {
            let words = words::railing(house * 10);
            pairs.push(join(one.reports(&words), two.reports(&words)).await);
        }
        for (a, b) in pairs {
            city.until(&a, "both are dispatched or joined", |t| t.state != State::PendingDispatch).await;
            city.until(&b, "both are dispatched or joined", |t| t.state != State::PendingDispatch).await;
            city.settles().await;
            let (a, b) = (city.ticket(&a).await, city.ticket(&b).await);
            let (master, member) = if a.master().is_some() { (b, a) } else { (a, b) };
            assert_eq!(member.master(), Some(master.id), "{} and {} are one group", master.number, member.number);
            assert_eq!((master.master(), master.members(), master.state), (None, 1, State::PendingSign));
            let earliest = (master.received_at, master.id) < (member.received_at, member.id);
            assert!(earliest, "the earliest leads: {} before {}", master.number, member.number);
            assert!(!member.lead().is_some_and(suban_domain::Task::is_open), "nothing is done twice");
        }
    })
    .await;
}

/// A person dispatches the one while another person joins it with the other: whoever is first, nothing is lost and
/// one unit has it once.
#[tokio::test(flavor = "multi_thread")]
async fn a_merge_that_races_with_the_dispatch_of_its_master_leaves_one_group_with_one_task() {
    story(async |city| {
        let (dispatcher, reviewer) = (city.dispatcher().await, city.reviewer().await);
        let citizens = [city.citizen("公冶怀瑾", "19900000331"), city.citizen("淳于攸宁", "19900000332")];
        for round in 0..12 {
            let first = citizens[0].reports(&words::unclear(round)).await;
            city.passes(Span::seconds(1));
            let second = citizens[1].reports(&words::unclear(100 + round)).await;
            for case in [&first, &second] {
                city.until(case, "it is judged", |t| t.verdict.is_some()).await;
            }
            let send = v1::DispatchRequest {
                request_id: city.request(),
                ticket: first.number.clone(),
                lead: "CGJ".into(),
                ..v1::DispatchRequest::default()
            };
            let merge = v1::MergeRequest {
                request_id: city.request(),
                member: second.number.clone(),
                master: first.number.clone(),
                class: DuplicateClass::D3.number(),
                reason: "同一件事".into(),
            };
            let (mut hall, mut desk) = (dispatcher.dispatch(), reviewer.dedup());
            let (sent, merged) = join(hall.dispatch(send), desk.merge(merge)).await;
            sent.unwrap();
            merged.unwrap();
            let (master, member) = (city.ticket(&first).await, city.ticket(&second).await);
            assert_eq!((master.state, master.members()), (State::PendingSign, 1));
            assert_eq!((member.state, member.master()), (State::MergedMember, Some(master.id)));
        }
        let unit = city.unit("CGJ").await;
        assert_eq!(unit.inbox().await.len(), 12, "each matter once");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_reviews_merges_may_put_tickets_together_or_take_them_apart() {
    story(async |city| {
        let one = city.citizen("亓官既明", "19900000341").reports(words::RAILING).await;
        let two = city.citizen("澹台采薇", "19900000342").reports(&words::railing(77)).await;
        city.settles().await;
        let before = city.counts().await;
        let merge = v1::MergeRequest {
            request_id: city.request(),
            member: two.number.clone(),
            master: one.number.clone(),
            class: DuplicateClass::D3.number(),
            reason: "同一件事".into(),
        };
        for role in [Role::Analyst, Role::Agent, Role::Callback] {
            let desk = city.desk(role, "somebody", None).await;
            let refused = desk.dedup().merge(merge.clone()).await.unwrap_err();
            assert_eq!(refused.code(), tonic::Code::PermissionDenied, "{role}: {refused:?}");
        }
        assert_eq!(city.counts().await, before, "nothing is stored");
    })
    .await;
}

/// What one person says in other words than another is put before a person, who merges it or says that it is none.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_alike_is_shown_side_by_side_and_a_person_says_what_it_is() {
    let waits = Plan { settings: vec![("SUBAN_DUPLICATES__HOLD_FROM", "0.15".into())], ..Plan::default() };
    waits
        .story(async |city| {
            let first = city.citizen("亓官望舒", "19900000351").reports(words::RAILING).await;
            city.becomes(&first, State::PendingSign).await;
            city.passes(Span::hours(2));
            let other = city.citizen("澹台知遥", "19900000352").reports(words::RAILING_TOO).await;
            let third = city.citizen("濮阳听澜", "19900000353").reports(words::RAILING_AGAIN).await;
            for case in [&other, &third] {
                let asked = city.until(case, "a person is asked", |t| t.verdict == Some(Verdict::Suggested)).await;
                assert_eq!((asked.state, asked.master()), (State::PendingDispatch, None), "it waits for the answer");
            }

            // Both in their words, with what speaks for it; an agent and a unit are not shown them.
            let reviewer = city.reviewer().await;
            let all = v1::ListSuggestionsRequest::default();
            let shown = reviewer.dedup().list_suggestions(all.clone()).await.unwrap().into_inner();
            assert_eq!(shown.suggestions.iter().map(|s| &s.number).collect::<Vec<_>>(), [&other.number, &third.number]);
            let candidate = &shown.suggestions[0].candidates[0];
            assert_eq!(candidate.number, first.number);
            assert!(candidate.text.contains("护栏损坏") && shown.suggestions[0].text.contains("护栏"), "{shown:?}");
            assert!(candidate.score >= 0.15 && !candidate.reasons.is_empty(), "{candidate:?}");
            assert_eq!(candidate.class, DuplicateClass::D3.number());
            for role in [Role::Agent, Role::Callback] {
                let denied =
                    city.desk(role, "somebody", None).await.dedup().list_suggestions(all.clone()).await.unwrap_err();
                assert_eq!(denied.code(), tonic::Code::PermissionDenied, "{role}");
            }
            let ask = v1::ExplainPairRequest { ticket: other.number.clone(), other: first.number.clone() };
            let why = reviewer.dedup().explain_pair(ask).await.unwrap().into_inner();
            let sum: f64 = why.reasons.iter().map(|r| r.adds).sum();
            assert!((sum - why.score).abs() < 1e-3 && why.class_zh.contains("D3"), "{why:?}");

            // The one is the same: it follows. The other is none: it goes to its unit, and nobody asks again.
            let merge = v1::MergeRequest {
                request_id: city.request(),
                member: other.number.clone(),
                master: first.number.clone(),
                class: candidate.class,
                reason: "同一处护栏".into(),
            };
            reviewer.dedup().merge(merge).await.unwrap();
            joined(city, &other, &first).await;
            let ask = v1::GetGroupRequest { ticket: first.number.clone(), ..v1::GetGroupRequest::default() };
            let group = reviewer.dedup().get_group(ask).await.unwrap().into_inner();
            assert_eq!(group.members[0].basis, "reviewer-1", "a person said so: {group:?}");
            let none = v1::RejectSuggestionRequest {
                request_id: city.request(),
                ticket: third.number.clone(),
                other: String::new(),
                reason: "另一侧的护栏".into(),
            };
            let told = reviewer.dedup().reject_suggestion(none.clone()).await.unwrap().into_inner();
            assert_eq!(told.left, 0);
            let sent = city.becomes(&third, State::PendingSign).await;
            assert_eq!((sent.verdict, sent.master()), (Some(Verdict::Unique), None));
            let again = reviewer.dedup().reject_suggestion(none).await.unwrap().into_inner();
            assert!(again.ticket.unwrap().repeated, "a repeat changes nothing");
            let left = reviewer.dedup().list_suggestions(all).await.unwrap().into_inner();
            assert_eq!(left.suggestions.len(), 0, "{left:?}");
        })
        .await;
}

/// What is only possibly the same is sent meanwhile, and may still be merged at its unit.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_perhaps_the_same_keeps_nobody_waiting_and_can_be_merged_at_its_unit() {
    let nobody_waits = Plan { settings: vec![("SUBAN_DUPLICATES__HOLD_FROM", "1.0".into())], ..Plan::default() };
    nobody_waits
        .story(async |city| {
            let first = city.citizen("亓官望舒", "19900000371").reports(words::RAILING).await;
            city.becomes(&first, State::PendingSign).await;
            city.passes(Span::hours(2));
            let other = city.citizen("澹台知遥", "19900000372").reports(words::RAILING_TOO).await;
            city.becomes(&other, State::PendingSign).await;
            let reviewer = city.reviewer().await;
            let shown = reviewer.dedup().list_suggestions(v1::ListSuggestionsRequest::default()).await;
            let shown = shown.unwrap().into_inner().suggestions;
            assert_eq!(shown.iter().map(|s| &s.number).collect::<Vec<_>>(), [&other.number]);
            let merge = v1::MergeRequest {
                request_id: city.request(),
                member: other.number.clone(),
                master: first.number.clone(),
                class: shown[0].candidates[0].class,
                reason: "同一处护栏".into(),
            };
            reviewer.dedup().merge(merge).await.unwrap();
            joined(city, &other, &first).await;
            assert_eq!(
                city.unit(words::ROADS).await.inbox().await,
                std::slice::from_ref(&first.number),
                "one crew goes"
            );
        })
        .await;
}

/// One trouble at two houses is two matters: each is handled, and whoever looks for what they have in common finds both.
#[tokio::test(flavor = "multi_thread")]
async fn like_cases_stay_apart_and_are_found_together() {
    let plan = Plan { settings: vec![("SUBAN_DUPLICATES__HOLD_FROM", "0.15".into())], ..Plan::default() };
    plan.story(async |city| {
        let mut houses = Vec::new();
        for (n, house) in [12, 38, 64].into_iter().enumerate() {
            let citizen = city.citizen("亓官望舒", &format!("1990000039{n}"));
            let railing = citizen.reports(&words::railing(house)).await;
            assert_eq!(city.becomes(&railing, State::PendingSign).await.master(), None);
            houses.push(railing);
        }
        let analyst = city.desk(Role::Analyst, "analyst-1", None).await;
        let cluster = eventually(PATIENCE, "they stand in a cluster", async || {
            let found = analyst.dedup().list_clusters(v1::ListClustersRequest::default()).await.unwrap().into_inner();
            found.clusters.into_iter().next().filter(|cluster| cluster.tickets == 3).ok_or("not all three yet")
        })
        .await;
        assert_eq!(cluster.first, houses[0].number);
        let mut ask = v1::GetClusterRequest { ticket: houses[2].number.clone(), page_size: 2, ..Default::default() };
        let first = analyst.dedup().get_cluster(ask.clone()).await.unwrap().into_inner();
        ask.page_token = first.next_page_token;
        let second = analyst.dedup().get_cluster(ask).await.unwrap().into_inner();
        let numbers: Vec<String> = first.tickets.into_iter().chain(second.tickets).map(|t| t.number).collect();
        assert_eq!(numbers, houses.iter().map(|house| house.number.clone()).collect::<Vec<_>>());
        let unit = city.unit(words::ROADS).await;
        let denied = unit.signer.dedup().list_clusters(v1::ListClustersRequest::default()).await.unwrap_err();
        assert_eq!(denied.code(), tonic::Code::PermissionDenied);
    })
    .await;
}

/// Where nobody said where it is, it is nobody's repeat; once somebody has, a person is asked.
#[tokio::test(flavor = "multi_thread")]
async fn what_says_more_later_is_judged_again() {
    story(async |city| {
        let first = city.citizen("亓官望舒", "19900000381").reports(words::RAILING).await;
        city.becomes(&first, State::PendingSign).await;
        city.passes(Span::hours(1));
        let vague = city.citizen("澹台知遥", "19900000382").reports("护栏损坏了,倒在人行道上,请尽快处理。").await;
        city.until(&vague, "it is judged", |t| t.verdict == Some(Verdict::Unique)).await;
        let reviewer = city.reviewer().await;
        let asked = async || {
            let all = v1::ListSuggestionsRequest::default();
            reviewer.dedup().list_suggestions(all).await.unwrap().into_inner().suggestions
        };
        assert_eq!(asked().await.len(), 0);
        let more = v1::SupplementRequest {
            request_id: city.request(),
            ticket: vague.number.clone(),
            text: "地点是望潮社区潮音路12号附近".into(),
        };
        city.agent().await.intake().supplement(more).await.unwrap();
        let found = eventually(PATIENCE, "a person is asked", async || {
            asked().await.into_iter().next().ok_or("nobody is asked yet")
        })
        .await;
        assert_eq!((&found.number, &found.candidates[0].number), (&vague.number, &first.number));
        // A word more, and it is still one question.
        let again = v1::SupplementRequest {
            request_id: city.request(),
            ticket: vague.number.clone(),
            text: "就在公交站旁边".into(),
        };
        city.agent().await.intake().supplement(again).await.unwrap();
        assert_eq!(asked().await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_caller_is_on_the_line_the_agent_sees_what_it_could_be() {
    story(async |city| {
        let first = city.citizen("亓官叔夜", "19900000361").reports(words::RAILING).await;
        let read = city.becomes(&first, State::PendingSign).await;
        let agent = city.agent().await;
        let (area, matter) = (read.area.unwrap().to_string(), read.matter.unwrap().to_string());
        let judged = async |text: &str, phone: &str| {
            let (area, matter) = (area.clone(), matter.clone());
            let ask = v1::JudgeRequest { text: text.into(), phone: phone.into(), area, matter };
            agent.dedup().judge(ask).await.unwrap().into_inner().candidates
        };
        let by_others = judged(words::RAILING_TOO, "19900000362").await;
        assert_eq!(
            by_others.first().map(|c| (c.number.as_str(), c.class)),
            Some((&*first.number, DuplicateClass::D3.number()))
        );
        assert!(by_others[0].score < 1.0 && !by_others[0].reasons.is_empty());
        let by_the_same = judged(words::RAILING, "19900000361").await;
        assert_eq!(by_the_same.first().map(|c| (c.score, c.class)), Some((1.0, DuplicateClass::D1.number())));
        assert!(judged("地铁站出口有人丢了一只猫", "19900000362").await.is_empty());
        assert!(judged("。", "").await.is_empty());
    })
    .await;
}
