//! Postgres: migrations, the ticket with its log, and the one transaction that changes tickets.
