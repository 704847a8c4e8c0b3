//! Kafka: the outbox relay, batch consumers, envelopes, trace propagation and dead letters.
