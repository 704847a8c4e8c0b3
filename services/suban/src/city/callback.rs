//! After the work: call-back agents ask, citizens rate by their link, QA and arbiters decide what remains.

use std::{io, time::Duration};

use futures::StreamExt as _;
use suban_domain::{AttemptOutcome, SurveyMeans};
use suban_proto::v1::{self, SurveyDecision, SurveyWaits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tonic::{Code, Status};

use super::{
    book::Known,
    one_of,
    staff::{Staff, call, patiently},
};

/// Surveys a look.
const LOOK: u32 = 200;
/// Calls at once.
const AT_ONCE: usize = 16;
/// A page that is silent for this long is asked again.
const PAGE: Duration = Duration::from_secs(10);

impl Staff {
    /// Asks whoever is to be asked; those whom nobody reaches are asked again at the next look.
    pub(super) async fn surveys(&self) {
        let ask = v1::ListSurveysRequest {
            // Whoever can be asked is asked at once: the day of a simulated citizen is short.
            due_before: Some(prost_types::Timestamp { seconds: 4_000_000_000, nanos: 0 }),
            page_size: LOOK,
            ..v1::ListSurveysRequest::default()
        };
        let page = call(&self.callback, ask, |mut line, ask| async move { line.list_surveys(ask).await }).await;
        let Ok(page) = page else { return };
        futures::stream::iter(&page.surveys)
            .for_each_concurrent(AT_ONCE, |survey| async move {
                let known = self.book.known(&survey.number);
                match survey.waits() {
                    SurveyWaits::Unspecified => self.ask(survey, &known).await,
                    SurveyWaits::Release => self.release(survey).await,
                    SurveyWaits::Qa => self.decide(survey, SurveyDecision::Redo).await,
                    SurveyWaits::Arbiter => self.decide(survey, SurveyDecision::NotSolvableNow).await,
                }
            })
            .await;
    }

    async fn ask(&self, survey: &v1::Survey, known: &Known) {
        let fate = &known.fate;
        let unhappy = survey.round < u32::from(fate.unhappy);
        let mut chance = self.chance(fate.seed, 20 + u64::from(survey.round));
        let comment = if unhappy { one_of(self.words.tongue.unhappy, &mut chance).copied().unwrap_or("") } else { "" };
        if fate.by_link && survey.round == 0 && !known.link.is_empty() {
            self.rate_by_link(known, unhappy, comment).await;
            return;
        }
        if survey.attempts < u32::from(fate.unanswered) {
            let ask = v1::RecordAttemptRequest {
                request_id: self.request_id("attempt"),
                ticket: survey.number.clone(),
                outcome: AttemptOutcome::NoAnswer.number(),
                means: SurveyMeans::Human.number(),
            };
            let tried = call(&self.callback, ask, |mut line, ask| async move { line.record_attempt(ask).await }).await;
            self.board.note("回访未接 nobody answered", &tried);
            return;
        }
        let ask = v1::RecordSurveyRequest {
            parts: Vec::new(),
            request_id: self.request_id("survey"),
            ticket: survey.number.clone(),
            answers: Some(v1::Answers {
                contacted: Some(true),
                solved: Some(if unhappy { 3 } else { 1 }),
                satisfied: Some(if unhappy { 4 } else { 1 + u32::try_from(fate.seed % 3).unwrap_or(0) }),
                attitude: Some(1),
                pressed_to_withdraw: false,
            }),
            means: SurveyMeans::Human.number(),
            comment: comment.to_owned(),
        };
        let told = call(&self.callback, ask, |mut line, ask| async move { line.record_survey(ask).await }).await;
        let act = if unhappy { "回访不满意 unhappy" } else { "回访满意 satisfied" };
        match told {
            // Closed between the look and the call: what is said of it then is not call-back's to record (F64).
            Err(status) if status.code() == Code::PermissionDenied => {
                *self.board.lock().overtaken.entry(act).or_default() += 1;
            }
            told => {
                self.board.note(act, &told);
            }
        }
    }

    /// The citizen's own page, over plain HTTP, as a browser sends the form.
    async fn rate_by_link(&self, known: &Known, unhappy: bool, comment: &str) {
        let (solved, satisfied) = if unhappy { (3, 5) } else { (1, 1) };
        // Only letters of the form are told apart; a browser writes the others as hexadecimal bytes.
        let words: String = comment.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let body = format!("solved={solved}&satisfied={satisfied}&comment={words}");
        let rated = patiently(|| {
            let (path, body) = (format!("/p/{}", known.link), body.clone());
            async move { answered(self.post(&path, &body).await) }
        })
        .await;
        self.board
            .note(if unhappy { "链接评价不满意 unhappy by link" } else { "链接评价满意 satisfied by link" }, &rated);
    }

    async fn post(&self, path: &str, body: &str) -> io::Result<u16> {
        let asked = async {
            let mut line = tokio::net::TcpStream::connect(self.gateway).await?;
            let head = format!(
                "POST {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\
                 content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
                self.gateway,
                body.len()
            );
            line.write_all(head.as_bytes()).await?;
            line.write_all(body.as_bytes()).await?;
            let mut answer = [0; 12];
            line.read_exact(&mut answer).await?;
            let code = std::str::from_utf8(&answer).ok().and_then(|line| line.rsplit(' ').next()?.parse().ok());
            code.ok_or_else(|| io::Error::other("no HTTP answer"))
        };
        tokio::time::timeout(PAGE, asked).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    async fn release(&self, survey: &v1::Survey) {
        let ask = v1::ReleaseOrderRequest { request_id: self.request_id("release"), ticket: survey.number.clone() };
        let done = call(&self.supervisor, ask, |mut line, ask| async move { line.release_order(ask).await }).await;
        self.board.note("解除督办 order released", &done);
    }

    async fn decide(&self, survey: &v1::Survey, decision: SurveyDecision) {
        let ask = v1::DecideSurveyRequest {
            request_id: self.request_id("ruling"),
            ticket: survey.number.clone(),
            decision: decision.into(),
            reason: self.words.tongue.ruling.to_owned(),
        };
        let line = if decision == SurveyDecision::Redo { &self.qa } else { &self.arbiter_of_surveys };
        let done = call(line, ask, |mut line, ask| async move { line.decide_survey(ask).await }).await;
        self.board.note("回访裁定 survey decided", &done);
    }
}

/// What an answer of the page means.
fn answered(code: io::Result<u16>) -> Result<(), Status> {
    match code {
        Ok(200..400) => Ok(()),
        Ok(400) => Err(Status::invalid_argument("the page refused the form")),
        Ok(404) => Err(Status::not_found("the page knows no such link")),
        Ok(409) => Err(Status::failed_precondition("it cannot be rated now")),
        Ok(code) => Err(Status::unavailable(format!("the page answered {code}"))),
        Err(problem) => Err(Status::unavailable(problem.to_string())),
    }
}
