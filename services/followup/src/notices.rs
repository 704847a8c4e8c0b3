//! Notices: who is told what, when, and by which carrier (D§13, D§14).
//!
//! One queue for citizens and for people at work. What an event asks for is a pure answer ([`decide`]); it waits in
//! `followup.notice` until its hour has come, is looked at once more (a ladder ends when somebody signs), put into
//! words by a versioned file of texts, and handed to the carrier. A carrier that is away delays a notice and loses
//! none; what went out to a citizen is an event of the ticket (F58).

pub(crate) mod alarm;
pub(crate) mod api;
pub mod carrier;
pub mod decide;
pub mod recipient;
pub(crate) mod sender;
pub mod tables;
pub mod words;
