//! Pages: plain HTML, no build chain, Chinese and English beside each other.

use axum::{
    Form,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use suban_proto::v1;
use tonic::Status;

use crate::Peers;

const STYLE: &str = include_str!("style.css");

/// What is served here.
pub(crate) async fn home() -> Response {
    page(
        "速办 Suban",
        "<h1>速办 <small>Suban</small></h1><ul><li><a href=\"/live\">实时看板 · live page</a></li>\
         <li><a href=\"/api/v1/openapi.json\">REST: OpenAPI</a></li></ul>",
    )
}

/// The supervisors' live page: it asks for a token once and keeps it for the browser's session.
pub(crate) async fn live() -> Response {
    guarded(Html(include_str!("live.html").replace("/*style*/", STYLE)).into_response())
}

/// A citizen's ticket, behind its link.
pub(crate) async fn progress(State(peers): State<Peers>, Path(link): Path<String>) -> Response {
    let found = async {
        let ask = v1::ViewByLinkRequest { token: link.clone() };
        Ok::<_, Status>(peers.followup()?.view_by_link(ask).await?.into_inner())
    };
    match found.await {
        Ok(view) => page(&view.number, &progress_html(&view, &link)),
        Err(status) => refused(&status),
    }
}

/// The citizen's answer: the script's keys, and words if one likes.
#[derive(Deserialize)]
pub(crate) struct Rating {
    solved: Option<u32>,
    satisfied: Option<u32>,
    #[serde(default)]
    comment: String,
}

/// Takes a rating. A double click is one answer: the request is named after the link and what is said.
pub(crate) async fn rate(State(peers): State<Peers>, Path(link): Path<String>, Form(rating): Form<Rating>) -> Response {
    let answers = v1::Answers {
        contacted: None,
        solved: rating.solved,
        satisfied: rating.satisfied,
        attitude: None,
        pressed_to_withdraw: false,
    };
    let taken = async {
        let view = peers.followup()?.view_by_link(v1::ViewByLinkRequest { token: link.clone() }).await?.into_inner();
        let request_id = format!(
            "link:{}:{}:{}:{}",
            view.number,
            view.steps.len(),
            rating.solved.unwrap_or(0),
            rating.satisfied.unwrap_or(0)
        );
        let ask =
            v1::RateByLinkRequest { request_id, token: link.clone(), answers: Some(answers), comment: rating.comment };
        Ok::<_, Status>(peers.followup()?.rate_by_link(ask).await?.into_inner())
    };
    match taken.await {
        Ok(_) => Redirect::to(&format!("/p/{link}")).into_response(),
        Err(status) => refused(&status),
    }
}

fn progress_html(view: &v1::ProgressView, link: &str) -> String {
    let mut html = format!(
        "<h1>{} <small>{}</small></h1><p class=state>{} <small>{}</small></p>",
        escape(&view.number),
        escape(&view.title),
        escape(&view.state_zh),
        escape(&view.state_en)
    );
    if view.merged {
        html.push_str("<p class=note>已与同一事项并案办理 <small>handled together with the same matter</small></p>");
    }
    if !view.unit_name.is_empty() {
        html.push_str(&format!("<p>承办单位 <small>unit</small>:{}</p>", escape(&view.unit_name)));
    }
    html.push_str("<ol class=steps>");
    for step in &view.steps {
        let at =
            step.at.and_then(|t| jiff::Timestamp::new(t.seconds, 0).ok()).map(|t| t.to_string()).unwrap_or_default();
        html.push_str(&format!(
            "<li><time datetime=\"{at}\">{at}</time> {} <small>{}</small></li>",
            escape(&step.text_zh),
            escape(&step.text_en)
        ));
    }
    html.push_str("</ol>");
    if !view.public_reply.is_empty() {
        html.push_str(&format!(
            "<h2>答复 <small>reply</small></h2><blockquote>{}</blockquote>",
            escape(&view.public_reply)
        ));
    }
    if view.can_rate {
        html.push_str(&format!(
            "<form method=post action=\"/p/{}\"><h2>评价 <small>your rating</small></h2>\
             <fieldset><legend>问题是否得到解决? <small>solved?</small></legend>{}</fieldset>\
             <fieldset><legend>对办理结果是否满意? <small>satisfied?</small></legend>{}</fieldset>\
             <label>说明 <small>remark</small><br><textarea name=comment maxlength=500 rows=3></textarea></label><br>\
             <button>提交 <small>send</small></button></form>",
            escape(link),
            choices("solved", &[(1, "已解决 yes"), (2, "部分解决 partly"), (3, "未解决 no"), (4, "说不清 cannot say")]),
            choices(
                "satisfied",
                &[
                    (1, "非常满意 very"),
                    (2, "满意 yes"),
                    (3, "基本满意 mostly"),
                    (4, "不满意 no"),
                    (5, "非常不满意 not at all")
                ]
            ),
        ));
    }
    html
}

fn choices(name: &str, options: &[(u8, &str)]) -> String {
    options
        .iter()
        .map(|(n, label)| format!("<label><input type=radio name={name} value={n} required> {label}</label>"))
        .collect()
}

fn page(title: &str, body: &str) -> Response {
    guarded(
        Html(format!(
            "<!doctype html><html lang=zh><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
             <title>{}</title><style>{STYLE}</style><main>{body}</main></html>",
            escape(title)
        ))
        .into_response(),
    )
}

/// What a citizen is told when a link does not work.
fn refused(status: &Status) -> Response {
    use tonic::Code;
    let told = [
        (Code::NotFound, StatusCode::NOT_FOUND, "链接无效", "this link leads to no ticket"),
        (Code::InvalidArgument, StatusCode::BAD_REQUEST, "填写有误", "that is no answer of the form"),
        (Code::FailedPrecondition, StatusCode::CONFLICT, "目前不能评价", "it cannot be rated at the moment"),
    ];
    let (_, code, zh, en) = told.into_iter().find(|(code, ..)| *code == status.code()).unwrap_or((
        Code::Unavailable,
        StatusCode::SERVICE_UNAVAILABLE,
        "请稍后再试",
        "please try again later",
    ));
    let mut response = page(en, &format!("<h1>{zh} <small>{en}</small></h1>"));
    *response.status_mut() = code;
    response
}

/// No scripts but our own, no frames, no referrer: the link is a secret.
fn guarded(mut response: Response) -> Response {
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; \
             form-action 'self'; frame-ancestors 'none'",
        ),
    );
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_cannot_become_markup() {
        let view = v1::ProgressView {
            title: "<script>alert(1)</script>".into(),
            public_reply: "\"quoted\" & <b>".into(),
            ..v1::ProgressView::default()
        };
        let html = progress_html(&view, "link");
        assert!(!html.contains("<script>"));
        assert!(html.contains("&lt;b&gt;"));
    }

    #[test]
    fn a_ticket_that_cannot_be_rated_shows_no_form() {
        assert!(!progress_html(&v1::ProgressView::default(), "link").contains("<form"));
    }
}
