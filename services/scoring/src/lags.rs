//! How far every consumer of the suite is behind, asked of Kafka while somebody watches.
//!
//! A question to Kafka may take seconds when it is away, so the page gets the last answer and only asks for a new
//! one; while nobody looks, nothing is asked.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use suban_bus::{Topic, group_lag};
use suban_proto::v1;
use suban_service::App;
use tokio::sync::Notify;

/// Not more often than this.
const EVERY: Duration = Duration::from_secs(3);

/// Every group, what it reads, and what people call it.
const GROUPS: [(&str, Topic, &str, &str); 5] = [
    ("dedup", Topic::Ticket, "判重", "duplicates"),
    ("dispatch", Topic::Ticket, "分拨", "dispatch"),
    ("dispatch-urgent", Topic::Urgent, "紧急分拨", "urgent dispatch"),
    ("followup", Topic::Ticket, "回访", "follow-up"),
    ("scoring", Topic::Ticket, "考核", "scoring"),
];

/// The last answer. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Lags {
    last: Arc<Mutex<Vec<v1::GroupLag>>>,
    wanted: Arc<Notify>,
}

impl Lags {
    /// Begins to measure, whenever somebody asks.
    pub(crate) fn start(app: &App) -> Self {
        let lags = Self::default();
        let (measured, settings, stop) = (lags.clone(), Arc::clone(&app.settings), app.tasks.stop());
        app.tasks.spawn("consumer lags", async move {
            let measure = async {
                loop {
                    measured.wanted.notified().await;
                    let mut found = Vec::with_capacity(GROUPS.len());
                    for (group, topic, zh, en) in GROUPS {
                        let messages = group_lag(&settings, group, topic).await.ok();
                        found.push(v1::GroupLag {
                            group: group.into(),
                            name_zh: zh.into(),
                            name_en: en.into(),
                            messages,
                        });
                    }
                    *measured.last.lock().unwrap_or_else(PoisonError::into_inner) = found;
                    tokio::time::sleep(EVERY).await;
                }
            };
            let _: Option<Infallible> = stop.run_until_cancelled(measure).await;
            Ok::<_, Infallible>(())
        });
        lags
    }

    /// What was measured last; asks for a new measurement.
    pub(crate) fn look(&self) -> Vec<v1::GroupLag> {
        self.wanted.notify_one();
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
