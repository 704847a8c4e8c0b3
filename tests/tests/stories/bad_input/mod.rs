//! Bad input: each with the right code and words that help, and nothing of it is stored.

use std::fmt::Debug;

use tonic::{Code, Response, Status};
use tonic_types::StatusExt as _;

mod catalogues;
mod commands;
mod demands;
mod letters;
mod rest;

/// What a refusal must say.
struct Refusal<'a> {
    code: Code,
    /// The field it blames; empty where none is to blame.
    field: &'a str,
    /// Words that help, found in the message or in the field's problem.
    words: &'a str,
}

impl<'a> Refusal<'a> {
    const fn new(code: Code, field: &'a str, words: &'a str) -> Self {
        Self { code, field, words }
    }

    /// A field is wrong.
    const fn of(field: &'a str, words: &'a str) -> Self {
        Self::new(Code::InvalidArgument, field, words)
    }

    /// Is this answer that refusal?
    #[track_caller]
    fn is<T: Debug>(&self, case: &str, answer: Result<Response<T>, Status>) {
        let status = answer.expect_err(case);
        assert_eq!(status.code(), self.code, "{case}: {status:?}");
        assert!(!status.message().is_empty(), "{case}: it says nothing");
        let details = status.get_error_details();
        let violations = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
        let blamed = violations.iter().find(|v| v.field == self.field);
        if !self.field.is_empty() {
            assert!(blamed.is_some(), "{case}: {} is not blamed, but {violations:?}", self.field);
        }
        let said = blamed.map_or_else(|| status.message().to_owned(), |v| v.description.clone());
        assert!(said.contains(self.words), "{case}: {:?} is not in {said:?}", self.words);
    }
}
