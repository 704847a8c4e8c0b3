//! What is seen everywhere is no evidence: default points and switchboards, as supervisors name them (D§9.6).

use suban_domain::{DuplicateClass, Role, Span, Verdict};
use suban_proto::v1;
use suban_runtime::Service;
use suban_tests::{City, PATIENCE, Plan, eventually, story};

use crate::words;

const SWITCHBOARD: &str = "19900000444";

fn phone(city: &City, worth: v1::EvidenceWorth) -> v1::NameEvidenceRequest {
    v1::NameEvidenceRequest {
        request_id: city.request(),
        phone: SWITCHBOARD.into(),
        worth: worth.into(),
        reason: "前台总机,代很多业主反映,联系人 13812345678".into(),
        ..v1::NameEvidenceRequest::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_is_named_a_switchboard_is_nobodys_and_is_never_shown_again() {
    story(async |city| {
        // One phone, the same words: the same person again.
        let desk = city.citizen("亓官望舒", SWITCHBOARD);
        let first = desk.reports(&words::railing(12)).await;
        city.until(&first, "it is judged", |t| t.verdict.is_some()).await;
        let again = desk.reports(&words::railing(12)).await;
        city.until(&again, "the same person again", |t| t.master() == Some(first.id)).await;
        let member = |case: &suban_tests::Case| v1::GetGroupRequest {
            ticket: case.number.clone(),
            ..v1::GetGroupRequest::default()
        };
        let reviewer = city.reviewer().await;
        let group = reviewer.dedup().get_group(member(&first)).await.unwrap().into_inner();
        assert_eq!(group.members[0].class, DuplicateClass::D1.number());

        let supervisor = city.desk(Role::Supervisor, "su-chen", None).await;
        let ask = phone(city, v1::EvidenceWorth::Nothing);
        let named = supervisor.dedup().name_evidence(ask.clone()).await.unwrap().into_inner();
        assert_eq!(
            named,
            supervisor.dedup().name_evidence(ask).await.unwrap().into_inner(),
            "a repeat says nothing new"
        );
        assert!(!named.reason.contains("13812345678") && named.by == "su-chen", "{named:?}");

        // From now on it is somebody else each time, on every line of it.
        let other = desk.reports(&words::railing(38)).await;
        city.until(&other, "it is judged", |t| t.verdict.is_some()).await;
        let twin = desk.reports(&words::railing(38)).await;
        city.until(&twin, "the same words in one place", |t| t.master() == Some(other.id)).await;
        let group = reviewer.dedup().get_group(member(&other)).await.unwrap().into_inner();
        assert_eq!(group.members[0].class, DuplicateClass::D3.number(), "{group:?}");
        let pair = v1::ExplainPairRequest { ticket: other.number.clone(), other: first.number.clone() };
        let why = reviewer.dedup().explain_pair(pair.clone()).await.unwrap().into_inner();
        assert!(why.passed_over.iter().any(|said| said.zh.contains("总机")), "{why:?}");

        // The list says who, when and why, and no phone; the last word counts.
        let list = v1::ListEvidenceRequest::default();
        let shown = supervisor.dedup().list_evidence(list.clone()).await.unwrap().into_inner();
        let [one] = shown.named.as_slice() else { panic!("one is named: {shown:?}") };
        assert!(one.at.is_some() && one.held == 2 && !format!("{:?}", one.subject).contains("19900000444"), "{one:?}");
        let back = v1::NameEvidenceRequest {
            subject: one.subject.clone(),
            phone: String::new(),
            ..phone(city, v1::EvidenceWorth::Something)
        };
        supervisor.dedup().name_evidence(back).await.unwrap();
        let shown = supervisor.dedup().list_evidence(list.clone()).await.unwrap().into_inner().named;
        assert_eq!((shown.len(), shown[0].worth()), (1, v1::EvidenceWorth::Something));
        let why = reviewer.dedup().explain_pair(pair).await.unwrap().into_inner();
        assert_eq!(why.passed_over, [], "{why:?}");

        // Who is no supervisor neither sees nor changes it, and what names nothing is refused.
        let denied = reviewer.dedup().list_evidence(list).await.unwrap_err();
        assert_eq!(denied.code(), tonic::Code::PermissionDenied);
        let good = phone(city, v1::EvidenceWorth::Nothing);
        assert_eq!(
            reviewer.dedup().name_evidence(good.clone()).await.unwrap_err().code(),
            tonic::Code::PermissionDenied
        );
        for wrong in [
            v1::NameEvidenceRequest { worth: 0, ..good.clone() },
            v1::NameEvidenceRequest { reason: " ".into(), ..good.clone() },
            v1::NameEvidenceRequest { phone: "12".into(), ..good.clone() },
            v1::NameEvidenceRequest { phone: String::new(), ..good.clone() },
            v1::NameEvidenceRequest { point: Some(v1::Point { lat: 0.0, lon: 0.0 }), ..good.clone() },
            v1::NameEvidenceRequest { subject: "PHONE-1".into(), phone: String::new(), ..good.clone() },
            v1::NameEvidenceRequest { subject: "PHONE-0000000000000001".into(), ..good.clone() },
        ] {
            let refused = supervisor.dedup().name_evidence(wrong.clone()).await.unwrap_err();
            assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{wrong:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_default_point_puts_nothing_together_on_any_instance() {
    let plan = Plan { settings: vec![("SUBAN_DUPLICATES__HOLD_FROM", "0.15".into())], ..Plan::default() };
    plan.story(async |city| {
        let hall = Some(v1::Point { lat: 22.5431, lon: 114.0579 });
        let sends = async |phone: &str, words: &str| {
            let citizen = city.citizen("濮阳知遥", phone);
            let case = citizen.sends(v1::SubmitRequest { point: hall, ..citizen.demand(words) }).await;
            city.until(&case, "it is judged", |t| t.verdict.is_some()).await;
            case
        };
        let first = sends("19900000451", words::RAILING).await;
        city.passes(Span::hours(2));
        let second = sends("19900000452", words::RAILING_TOO).await;
        assert_eq!(city.ticket(&second).await.verdict, Some(Verdict::Suggested), "one point, like words");

        let supervisor = city.desk(Role::Supervisor, "su-chen", None).await;
        let ask = v1::NameEvidenceRequest {
            request_id: city.request(),
            point: hall,
            worth: v1::EvidenceWorth::Nothing.into(),
            reason: "查不到地址时系统填的坐标".into(),
            ..v1::NameEvidenceRequest::default()
        };
        // Named at the one, known to the other within seconds.
        let other = city.open(Service::Dedup).await;
        supervisor.dedup().name_evidence(ask).await.unwrap();
        city.call_at(Service::Dedup, other.address);
        let pair = v1::ExplainPairRequest { ticket: second.number.clone(), other: first.number.clone() };
        let reviewer = city.reviewer().await;
        eventually(PATIENCE, "the other instance knows", async || {
            let why = reviewer.dedup().explain_pair(pair.clone()).await.unwrap().into_inner();
            if why.passed_over.iter().any(|said| said.zh.contains("默认点")) {
                Ok(())
            } else {
                Err(format!("{why:?}"))
            }
        })
        .await;
        let draft = v1::ListEvidenceRequest::default();
        let shown = supervisor.dedup().list_evidence(draft).await.unwrap().into_inner().named;
        assert_eq!((shown[0].held, shown[0].point), (2, hall));
    })
    .await;
}
