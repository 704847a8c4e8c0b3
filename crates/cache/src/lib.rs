//! Redis: replies, rate limits, presence and counters. Everything in it can be rebuilt.
