//! The whole suite from outside, over its public faces, on real PostgreSQL, Redis and Apache Kafka.
