//! What callers are told when something is refused: one closed set, mapped once.
//!
//! Texts are lower case without a full stop and say what was tried, with which input, and what would
//! help; they never repeat a citizen's words or data. gRPC callers get a status with `google.rpc`
//! details (field violations, reason, retry delay); HTTP callers get the same as problem details
//! (RFC 9457, [`Problem`]).
//!
//! | function | gRPC | HTTP | details |
//! |---|---|---|---|
//! | [`invalid`], [`FieldErrors`] | `INVALID_ARGUMENT` | 400 | `BadRequest` |
//! | [`unauthenticated`] | `UNAUTHENTICATED` | 401 | `ErrorInfo` |
//! | [`denied`] | `PERMISSION_DENIED` | 403 | `ErrorInfo` |
//! | [`not_found`] | `NOT_FOUND` | 404 | `ResourceInfo` |
//! | [`refused`] | `FAILED_PRECONDITION` | 409 | `ErrorInfo` |
//! | [`already_exists`] | `ALREADY_EXISTS` | 409 | `ErrorInfo` |
//! | [`conflict`] | `ABORTED` | 409 | `RetryInfo` |
//! | [`exhausted`] | `RESOURCE_EXHAUSTED` | 429 | `RetryInfo` |
//! | [`too_late`] | `DEADLINE_EXCEEDED` | 504 | – |
//! | [`unavailable`] | `UNAVAILABLE` | 503 | `RetryInfo` |
//! | [`internal`] | `INTERNAL` | 500 | – |

use std::{collections::HashMap, fmt, time::Duration};

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// The domain of every reason code of the suite.
pub const DOMAIN: &str = "suban";

/// One field that is wrong; for several at once use [`FieldErrors`].
#[must_use]
pub fn invalid(field: impl Into<String>, problem: impl fmt::Display) -> Status {
    let mut errors = FieldErrors::new();
    errors.add(field, problem);
    errors.status()
}

/// Collects everything wrong with a request, so that the caller learns it at once.
#[derive(Debug, Default, Clone)]
pub struct FieldErrors(Vec<(String, String)>);

impl FieldErrors {
    /// Nothing wrong so far.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// `field` has a problem. Fields are written as in the protocol: `place.point.lat`.
    pub fn add(&mut self, field: impl Into<String>, problem: impl fmt::Display) {
        self.0.push((field.into(), problem.to_string()));
    }

    /// The value, or the problem noted under `field`.
    pub fn take<T, E: fmt::Display>(&mut self, field: impl Into<String>, value: Result<T, E>) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(problem) => {
                self.add(field, problem);
                None
            }
        }
    }

    /// Is nothing wrong?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `INVALID_ARGUMENT` when anything is wrong.
    ///
    /// # Errors
    /// The status with every field violation.
    pub fn check(self) -> Result<(), Status> {
        if self.is_empty() { Ok(()) } else { Err(self.status()) }
    }

    /// `INVALID_ARGUMENT` with every field violation. For a collection known not to be empty; otherwise use
    /// [`FieldErrors::check`].
    #[must_use]
    pub fn status(self) -> Status {
        let message = match self.0.as_slice() {
            [] => "the request is not valid".to_owned(),
            [(field, problem)] => format!("{field} {problem}"),
            [(field, problem), rest @ ..] => format!("{field} {problem}; and {} more", rest.len()),
        };
        let mut details = ErrorDetails::new();
        for (field, problem) in self.0 {
            details.add_bad_request_violation(field, problem);
        }
        Status::with_error_details(Code::InvalidArgument, message, details)
    }
}

/// The rules refuse the command in the present state. `reason` is a stable code such as `WRONG_STATE`;
/// metadata holds codes and times a program can act on.
#[must_use]
pub fn refused<'a>(
    reason: impl Into<String>,
    message: impl Into<String>,
    metadata: impl IntoIterator<Item = (&'a str, String)>,
) -> Status {
    with_reason(Code::FailedPrecondition, reason, message, metadata)
}

/// There is nothing like that, or the caller may not know of it. `what` is a kind of thing (`ticket`), `name`
/// the name the caller gave it.
#[must_use]
pub fn not_found(what: &str, name: impl fmt::Display) -> Status {
    let name = name.to_string();
    let message = format!("no {what} {name} is known here");
    let details = ErrorDetails::with_resource_info(what, name, "", "");
    Status::with_error_details(Code::NotFound, message, details)
}

/// Somebody else was faster; the same request may succeed when sent again.
#[must_use]
pub fn conflict(message: impl Into<String>, retry_after: Duration) -> Status {
    Status::with_error_details(Code::Aborted, message, ErrorDetails::with_retry_info(Some(retry_after)))
}

/// The same name with other content is already there.
#[must_use]
pub fn already_exists<'a>(
    reason: impl Into<String>,
    message: impl Into<String>,
    metadata: impl IntoIterator<Item = (&'a str, String)>,
) -> Status {
    with_reason(Code::AlreadyExists, reason, message, metadata)
}

/// A part we need is away; the request was not done and may be sent again.
#[must_use]
pub fn unavailable(message: impl Into<String>, retry_after: Duration) -> Status {
    Status::with_error_details(Code::Unavailable, message, ErrorDetails::with_retry_info(Some(retry_after)))
}

/// A limit is reached; later there is room again.
#[must_use]
pub fn exhausted(message: impl Into<String>, retry_after: Duration) -> Status {
    Status::with_error_details(Code::ResourceExhausted, message, ErrorDetails::with_retry_info(Some(retry_after)))
}

/// The caller is known and may not do this. `reason` is a stable code such as `ROLE`.
#[must_use]
pub fn denied(reason: impl Into<String>, message: impl Into<String>) -> Status {
    with_reason(Code::PermissionDenied, reason, message, [])
}

/// The caller is not known.
#[must_use]
pub fn unauthenticated(reason: impl Into<String>, message: impl Into<String>) -> Status {
    with_reason(Code::Unauthenticated, reason, message, [])
}

/// The time allowed is over.
#[must_use]
pub fn too_late(message: impl Into<String>) -> Status {
    Status::deadline_exceeded(message)
}

/// A defect of ours. The caller gets a plain text, the log gets the problem.
#[must_use]
pub fn internal(problem: &(dyn std::error::Error + 'static)) -> Status {
    let mut text = problem.to_string();
    let mut cause = problem.source();
    while let Some(deeper) = cause {
        text = format!("{text}: {deeper}");
        cause = deeper.source();
    }
    tracing::error!(problem = text, "internal error");
    Status::internal("internal error; the log of the service says more")
}

fn with_reason<'a>(
    code: Code,
    reason: impl Into<String>,
    message: impl Into<String>,
    metadata: impl IntoIterator<Item = (&'a str, String)>,
) -> Status {
    let metadata: HashMap<String, String> = metadata.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    Status::with_error_details(code, message, ErrorDetails::with_error_info(reason, DOMAIN, metadata))
}

/// Problem details for HTTP (RFC 9457), the same content as the gRPC status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// `about:blank`: the title and status say it all.
    #[serde(rename = "type")]
    pub kind: String,
    /// The HTTP status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What was refused and what would help.
    pub detail: String,
    /// The gRPC code in upper case: `FAILED_PRECONDITION`.
    pub code: String,
    /// The stable reason code, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What a program can act on: codes, times.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub metadata: std::collections::BTreeMap<String, String>,
    /// Every field that is wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldProblem>,
    /// Send it again after this many seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

/// One field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldProblem {
    /// Which.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
}

impl From<Status> for Problem {
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let http = http_status(status.code());
        let info = details.error_info();
        Self {
            kind: "about:blank".to_owned(),
            title: http.canonical_reason().unwrap_or("Error").to_owned(),
            status: http.as_u16(),
            detail: status.message().to_owned(),
            code: code_name(status.code()).to_owned(),
            reason: info.map(|info| info.reason.clone()),
            metadata: info.map(|info| info.metadata.clone().into_iter().collect()).unwrap_or_default(),
            fields: details.bad_request().map_or_else(Vec::new, |bad| {
                bad.field_violations
                    .iter()
                    .map(|violation| FieldProblem {
                        field: violation.field.clone(),
                        problem: violation.description.clone(),
                    })
                    .collect()
            }),
            // HTTP knows whole seconds only: rounded up, or a client would come too early.
            retry_after: details
                .retry_info()
                .and_then(|info| info.retry_delay)
                .map(|delay| delay.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX)),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after;
        let mut response = (status, axum::Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// The HTTP status of a gRPC code.
#[must_use]
pub const fn http_status(code: Code) -> StatusCode {
    match code {
        Code::Ok => StatusCode::OK,
        Code::InvalidArgument | Code::OutOfRange => StatusCode::BAD_REQUEST,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::FailedPrecondition | Code::Aborted => StatusCode::CONFLICT,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::Cancelled | Code::Unknown | Code::Internal | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The name of a gRPC code as the standard writes it, for logs, metrics and problem details.
#[must_use]
pub const fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_field_is_told_at_once() {
        let mut errors = FieldErrors::new();
        assert_eq!(errors.take("count", "3".parse::<u8>()), Some(3));
        assert_eq!(errors.take("place.area", "x".parse::<u8>()), None);
        errors.add("channel", "must be given");
        let status = errors.check().unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(status.message(), "place.area invalid digit found in string; and 1 more");
        let problem = Problem::from(status);
        assert_eq!((problem.status, problem.code.as_str()), (400, "INVALID_ARGUMENT"));
        let fields: Vec<_> = problem.fields.iter().map(|f| f.field.as_str()).collect();
        assert_eq!(fields, ["place.area", "channel"]);
        assert!(FieldErrors::new().check().is_ok());
    }

    #[test]
    fn a_refusal_carries_its_reason_to_both_faces() {
        let status = refused("TOO_LATE", "the return is too late", [("due", "2026-01-01T00:00:00Z".to_owned())]);
        assert_eq!(status.code(), Code::FailedPrecondition);
        let info = status.get_details_error_info().unwrap();
        assert_eq!((info.reason.as_str(), info.domain.as_str()), ("TOO_LATE", "suban"));
        let problem = Problem::from(status);
        assert_eq!(problem.status, 409);
        assert_eq!(problem.reason.as_deref(), Some("TOO_LATE"));
        assert_eq!(problem.metadata["due"], "2026-01-01T00:00:00Z");
    }

    #[test]
    fn a_wait_is_told_in_both_ways_and_never_too_short() {
        let problem = Problem::from(unavailable("the database is away", Duration::from_millis(1200)));
        assert_eq!((problem.status, problem.retry_after), (503, Some(2)));
        let response = problem.into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "2");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    }

    #[test]
    fn an_internal_error_keeps_its_story_to_itself() {
        let status = internal(&std::io::Error::other("relation \"ticket\" of 张三"));
        assert!(!status.message().contains("ticket of"));
        assert_eq!(Problem::from(status).status, 500);
    }

    #[test]
    fn problem_details_read_back_as_they_were_written() {
        let problem = Problem::from(denied("ROLE", "an analyst may not reveal a phone number"));
        let text = serde_json::to_string(&problem).unwrap();
        assert_eq!(serde_json::from_str::<Problem>(&text).unwrap(), problem);
        assert!(!text.contains("retry_after"), "{text}");
    }
}
