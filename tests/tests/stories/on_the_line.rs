//! What helps an agent while the citizen is still on the line.

use suban_domain::{Kind, Role, Urgency};
use suban_proto::v1;
use suban_tests::story;
use tonic::Code;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_is_read_before_it_is_sent_and_nothing_of_it_is_kept() {
    story(async |city| {
        let agent = city.agent().await;
        let before = city.counts().await;
        let typed = |text: &str| v1::ReadDraftRequest { text: text.into(), ..Default::default() };
        let read = async |ask| agent.intake().read_draft(ask).await.unwrap().into_inner();

        // Half a sentence: what, but not where; the form says what to ask.
        let half = read(typed("您好，路灯不亮，已经三天了")).await;
        assert_eq!((half.title.as_str(), half.matter_name.is_empty()), ("路灯不亮", false), "{half:?}");
        let asks: Vec<&str> = half.missing.iter().map(|m| m.element.as_str()).collect();
        assert!(asks.contains(&"where") && asks.contains(&"contact"), "{asks:?}");
        assert!(half.missing.iter().all(|m| !m.ask_zh.is_empty() && !m.ask_en.is_empty()));

        // With the place it is the reading of the ticket that it becomes.
        let whole = read(v1::ReadDraftRequest {
            place_text: "望潮社区潮音路12号".into(),
            reachable: true,
            ..typed("路灯不亮，已经三天了，晚上很黑，有老人摔伤")
        })
        .await;
        assert_eq!(whole.kind, i32::from(Kind::Help.number() as u8));
        assert_eq!((whole.area_name.as_str(), whole.missing.len()), ("望潮社区", 0), "{whole:?}");
        assert!(whole.areas.last().is_some_and(|a| a.sources == ["typed"] && a.confidence > 0.5), "{whole:?}");
        assert!(whole.risks.iter().any(|r| r.risk == "injury" && r.word == "摔伤"), "{whole:?}");
        assert!(whole.times.iter().any(|t| t.night) && whole.times.iter().any(|t| t.since), "{whole:?}");

        // Danger is shown at once; two matters are proposed as two parts.
        let gas = read(typed("望潮社区3栋燃气泄漏，味道很大")).await;
        assert_eq!(gas.urgency, Urgency::Critical.number());
        assert!(gas.risks.iter().any(|r| r.risk == "gas"), "{gas:?}");
        let two = read(typed("望潮社区潮音路路灯不亮，晚上很黑。另外，小区门口一堆垃圾没人清，垃圾堆积发臭。")).await;
        assert_eq!(two.parts.len(), 2, "{two:?}");

        // Nothing, a smile, English, and far too much are answers too.
        for text in ["", "😀😀😀", "There is a street light out at 12 Chaoyin Road"] {
            read(typed(text)).await;
        }
        let long = agent.intake().read_draft(typed(&"很长。".repeat(20_000))).await.unwrap_err();
        assert_eq!(long.code(), Code::InvalidArgument);
        let unit = city.desk(Role::UnitHandler, "handler-1", Some("JTJ")).await;
        let denied = unit.intake().read_draft(typed("路灯不亮")).await.unwrap_err();
        assert_eq!(denied.code(), Code::PermissionDenied);
        assert_eq!(city.counts().await, before, "nothing is kept");
    })
    .await;
}
