//! The broker, as an operator touches it: topics that are deleted, and records that no service would write.

use std::time::Duration;

use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions},
    client::DefaultClientContext,
    producer::{FutureProducer, FutureRecord},
};
use suban_bus::Topic;
use suban_runtime::Settings;

use crate::City;

const ANSWER: Duration = Duration::from_secs(20);

fn config(settings: &Settings) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &settings.kafka.brokers);
    config
}

/// Deletes every topic of a city.
pub(crate) async fn delete_topics(settings: &Settings) {
    let admin: AdminClient<DefaultClientContext> = config(settings).create().unwrap();
    let groups = ["dedup", "dispatch", "dispatch-urgent", "followup", "scoring"];
    let topics = [Topic::Ticket, Topic::Urgent, Topic::Dead]
        .into_iter()
        .chain(groups.map(|g| Topic::Retry(g.to_owned())))
        .map(|topic| topic.name(settings))
        .collect::<Vec<_>>();
    let names: Vec<&str> = topics.iter().map(String::as_str).collect();
    // A topic that is not there is as good as deleted.
    let _ = admin.delete_topics(&names, &AdminOptions::new().operation_timeout(Some(ANSWER))).await;
}

impl City {
    /// The broker loses the ticket topic with all that is in it.
    ///
    /// # Panics
    /// When Kafka does not delete it.
    pub async fn broker_loses_its_tickets(&self) {
        let admin: AdminClient<DefaultClientContext> = config(&self.settings).create().unwrap();
        let topic = Topic::Ticket.name(&self.settings);
        let options = AdminOptions::new().operation_timeout(Some(ANSWER));
        for deleted in admin.delete_topics(&[&topic], &options).await.unwrap() {
            deleted.unwrap_or_else(|(topic, code)| panic!("{topic}: {code}"));
        }
    }

    /// Puts a record onto the ticket topic that no relay would send.
    ///
    /// # Panics
    /// When Kafka does not take it.
    pub async fn somebody_writes_to_the_topic(&self, key: &[u8], body: &[u8]) {
        let producer: FutureProducer = config(&self.settings).create().unwrap();
        let topic = Topic::Ticket.name(&self.settings);
        producer.send(FutureRecord::to(&topic).key(key).payload(body), ANSWER).await.unwrap();
    }
}
