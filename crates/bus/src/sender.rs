//! Sending: queue everything, then await the acknowledgements.

use std::{collections::VecDeque, time::Duration};

use futures::FutureExt as _;
use rdkafka::{
    config::FromClientConfigAndContext as _,
    error::KafkaError,
    message::OwnedHeaders,
    producer::{DeliveryFuture, FutureProducer, FutureRecord},
    types::RDKafkaErrorCode,
};
use suban_runtime::Settings;

use crate::{
    BusError, Envelope, Topic,
    client::{self, Quiet},
    error::drop_elsewhere,
};

/// Acknowledgements awaited at once by [`Sender::send_all`]; far below the client's own bound of 100,000.
const WINDOW: usize = 10_000;

/// Sends to Kafka: idempotent, acknowledged by all copies, keyed.
pub struct Sender {
    producer: Option<FutureProducer<Quiet>>,
    ticket_topic: String,
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl Sender {
    /// A sender that gives a message up after `kafka.delivery_timeout`. It connects by itself.
    ///
    /// # Errors
    /// When the settings make no client.
    pub fn new(settings: &Settings) -> Result<Self, BusError> {
        Self::with(settings, Some(settings.kafka.delivery_timeout))
    }

    /// A sender that never gives up. Of two messages of one ticket the second can then never arrive alone, which
    /// a time limit would allow: the first expires, the broker comes back, the second goes through.
    pub(crate) fn patient(settings: &Settings) -> Result<Self, BusError> {
        Self::with(settings, None)
    }

    fn with(settings: &Settings, patience: Option<Duration>) -> Result<Self, BusError> {
        let producer = FutureProducer::from_config_and_context(&client::producer(settings, patience), Quiet)
            .map_err(BusError::kafka("make a producer"))?;
        Ok(Self { producer: Some(producer), ticket_topic: Topic::Ticket.name(settings) })
    }

    /// Puts a record into the client's queue.
    pub(crate) fn queue(
        &self,
        topic: &str,
        key: &[u8],
        body: Option<&[u8]>,
        headers: OwnedHeaders,
    ) -> Result<DeliveryFuture, KafkaError> {
        let Some(producer) = &self.producer else { return Err(KafkaError::Canceled) };
        let record = FutureRecord {
            topic,
            partition: None,
            payload: body,
            key: Some(key),
            timestamp: None,
            headers: Some(headers),
        };
        producer.send_result(record).map_err(|(error, _)| error)
    }

    /// Sends one record and awaits its acknowledgement.
    pub(crate) async fn send(
        &self,
        topic: &str,
        key: &[u8],
        body: Option<&[u8]>,
        headers: &OwnedHeaders,
    ) -> Result<(), BusError> {
        let sent = self.queue(topic, key, body, headers.clone()).map_err(BusError::kafka("send"))?;
        acknowledged(sent).await.map_err(BusError::kafka("send"))
    }

    /// Sends events to the ticket topic, in their order, and awaits every acknowledgement: for `suban republish`.
    /// Answers how many it were. After an error some of them may stand in the topic; a re-send is harmless.
    ///
    /// # Errors
    /// When one of them was not acknowledged within `kafka.delivery_timeout`.
    pub async fn send_all(&self, events: impl IntoIterator<Item = Envelope>) -> Result<u64, BusError> {
        let mut waiting: VecDeque<DeliveryFuture> = VecDeque::new();
        let mut sent = 0;
        for event in events {
            let key = event.ticket.to_string();
            let headers = event.headers();
            loop {
                match self.queue(&self.ticket_topic, key.as_bytes(), Some(&event.body), headers.clone()) {
                    Ok(future) => {
                        waiting.push_back(future);
                        break;
                    }
                    Err(KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull)) if !waiting.is_empty() => {
                        take(&mut waiting).await?;
                    }
                    Err(error) => return Err(BusError::kafka("send")(error)),
                }
            }
            sent += 1;
            if waiting.len() >= WINDOW {
                take(&mut waiting).await?;
            }
        }
        while !waiting.is_empty() {
            take(&mut waiting).await?;
        }
        Ok(sent)
    }
}

/// Awaits the first acknowledgement and takes all that have come with it.
async fn take(waiting: &mut VecDeque<DeliveryFuture>) -> Result<(), BusError> {
    if let Some(first) = waiting.pop_front() {
        acknowledged(first).await.map_err(BusError::kafka("send"))?;
    }
    while let Some(next) = waiting.front_mut() {
        let Some(answer) = next.now_or_never() else { break };
        waiting.pop_front();
        answer_of(answer).map_err(BusError::kafka("send"))?;
    }
    Ok(())
}

/// The broker has it on all copies, or says why not.
pub(crate) async fn acknowledged(sent: DeliveryFuture) -> Result<(), KafkaError> {
    answer_of(sent.await)
}

fn answer_of(
    answer: Result<rdkafka::producer::future_producer::OwnedDeliveryResult, futures::channel::oneshot::Canceled>,
) -> Result<(), KafkaError> {
    match answer {
        Ok(Ok(_)) => Ok(()),
        Ok(Err((error, _))) => Err(error),
        Err(_) => Err(KafkaError::Canceled),
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        if let Some(producer) = self.producer.take() {
            drop_elsewhere(producer);
        }
    }
}
