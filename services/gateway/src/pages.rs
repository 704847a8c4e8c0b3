//! Pages: plain HTML, no build chain, Chinese and English beside each other.

mod rating;

use std::collections::HashMap;

use axum::{
    Form,
    extract::{Path, State, rejection::FormRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use suban_proto::v1;
use suban_service::file::html::escape;
use tonic::Status;
use tonic_types::StatusExt as _;

use self::rating::Rating;
use crate::{Peers, peers::City};

const STYLE: &str = include_str!("style.css");

/// What is served here.
pub(crate) async fn home() -> Response {
    page(
        "速办 Suban",
        "<h1>速办 <small>Suban</small></h1><ul><li><a href=\"/live\">实时看板 · live page</a></li>\
         <li><a href=\"/desk\">话务与分拨 · the hall's desk</a></li>\
         <li><a href=\"/work\">办理 · handlers</a></li>\
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
        Ok(view) => page(&view.number, &progress_html(&view, &link, peers.city())),
        Err(status) => refused(&status),
    }
}

/// Takes a rating. A double click is one answer: the request is named after the link and what is said.
pub(crate) async fn rate(
    State(peers): State<Peers>,
    Path(link): Path<String>,
    form: Result<Form<HashMap<String, String>>, FormRejection>,
) -> Response {
    let rating = form.ok().and_then(|Form(fields)| Rating::read(fields));
    let Some(rating) = rating else { return refused(&Status::invalid_argument("no form of ours")) };
    let taken = async {
        let view = peers.followup()?.view_by_link(v1::ViewByLinkRequest { token: link.clone() }).await?.into_inner();
        let ask = v1::RateByLinkRequest {
            request_id: format!("link:{}:{}:{}", view.number, view.steps.len(), rating.in_short()),
            token: link.clone(),
            answers: rating.whole(),
            parts: rating.parts(&view.number),
            comment: rating.comment,
        };
        Ok::<_, Status>(peers.followup()?.rate_by_link(ask).await?.into_inner())
    };
    match taken.await {
        Ok(_) => Redirect::to(&format!("/p/{link}")).into_response(),
        Err(status) => refused(&status),
    }
}

fn progress_html(view: &v1::ProgressView, link: &str, city: &City) -> String {
    let mut html = format!(
        "<header><b>{}</b> 政务服务便民热线 <small>citizen hotline</small></header>\
         <p class=number>工单 <small>ticket</small> {}</p><h1>{}</h1>\
         <p class=state><b>{}</b> <small>{}</small></p>",
        escape(&city.name),
        escape(&view.number),
        escape(if view.title.is_empty() { "您的诉求" } else { &view.title }),
        escape(&view.state_zh),
        escape(&view.state_en)
    );
    if view.merged {
        html.push_str("<p class=note>已与同一事项并案办理 <small>handled together with the same matter</small></p>");
    }
    html.push_str("<dl>");
    if !view.unit_name.is_empty() {
        html.push_str(&format!("<dt>承办单位 <small>unit</small><dd>{}", escape(&view.unit_name)));
    }
    if let Some(promised) = view.promised_by.and_then(|t| local(t, city)) {
        html.push_str(&format!("<dt>承诺答复 <small>answer promised by</small><dd>{promised}"));
    }
    html.push_str("</dl><h2>办理进度 <small>progress</small></h2><ol class=steps>");
    let mut before = "";
    for step in &view.steps {
        // Two units that sign one after the other are one step to the citizen.
        if std::mem::replace(&mut before, &step.text_zh) == step.text_zh {
            continue;
        }
        html.push_str(&format!(
            "<li><time>{}</time> <b>{}</b> <small>{}</small></li>",
            step.at.and_then(|t| local(t, city)).unwrap_or_default(),
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
    html.push_str(&rating::parts(view));
    if view.can_rate {
        html.push_str(&rating::form(view, link));
    }
    html.push_str(&photo_html(link));
    html
}

/// A photograph goes as it is, by a script of a few lines: a form would wrap it. One choice is one request, however
/// often it is sent.
fn photo_html(link: &str) -> String {
    format!(
        "<section class=photo><h2>补充照片 <small>add a photograph</small></h2>\
         <input type=file id=photo accept=\"image/jpeg,image/png,image/webp,application/pdf\">\
         <p id=told role=status></p><script>{}</script></section>",
        include_str!("photo.js").replace("LINK", &escape(link))
    )
}

/// An instant as people of the city read it.
fn local(at: prost_types::Timestamp, city: &City) -> Option<String> {
    let at = jiff::Timestamp::new(at.seconds, 0).ok()?;
    Some(city.zone.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string())
}

fn page(title: &str, body: &str) -> Response {
    guarded(
        Html(format!(
            "<!doctype html><html lang=zh><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
             <title>{}</title><style>{STYLE}</style><main class=page>{body}</main></html>",
            escape(title)
        ))
        .into_response(),
    )
}

/// For people who follow a wrong path.
pub(crate) fn nothing_here() -> Response {
    refused(&Status::not_found("path"))
}

/// What a citizen is told when a link does not work.
fn refused(status: &Status) -> Response {
    use tonic::Code;
    let told = [
        (Code::NotFound, StatusCode::NOT_FOUND, "链接无效", "this link leads nowhere"),
        (Code::InvalidArgument, StatusCode::BAD_REQUEST, "填写有误", "that is no answer of the form"),
        (Code::FailedPrecondition, StatusCode::CONFLICT, "目前不能评价", "it cannot be rated at the moment"),
    ];
    let (_, code, zh, en) = told.into_iter().find(|(code, ..)| *code == status.code()).unwrap_or((
        Code::Unavailable,
        StatusCode::SERVICE_UNAVAILABLE,
        "请稍后再试",
        "please try again later",
    ));
    message(code, zh, en)
}

/// What people are told when a link shows no file.
pub(crate) fn no_file(status: &Status) -> Response {
    if status.code() != tonic::Code::FailedPrecondition {
        return refused(status);
    }
    if status.get_details_error_info().is_some_and(|info| info.reason == "LINK_OVER") {
        return message(StatusCode::GONE, "链接已过期", "this link is over; ask for a new one");
    }
    message(StatusCode::CONFLICT, "文件暂不可查看", "the file cannot be shown at the moment")
}

/// One line, large.
fn message(code: StatusCode, zh: &str, en: &str) -> Response {
    let mut response = page(en, &format!("<h1>{zh} <small>{en}</small></h1>"));
    *response.status_mut() = code;
    response
}

/// No scripts but our own, no frames, no referrer: the link is a secret.
pub(crate) fn guarded(mut response: Response) -> Response {
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; \
             img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
    );
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn city() -> City {
        let zone_name = "Asia/Shanghai".to_owned();
        City { name: "速办示范区".into(), zone: jiff::tz::TimeZone::get(&zone_name).unwrap(), zone_name }
    }

    #[test]
    fn words_cannot_become_markup() {
        let view = v1::ProgressView {
            title: "<script>alert(1)</script>".into(),
            public_reply: "\"quoted\" & <b class=x>".into(),
            ..v1::ProgressView::default()
        };
        let html = progress_html(&view, "link", &city());
        assert_eq!(html.matches("<script").count(), 1, "the page's own");
        assert!(html.contains("&lt;script&gt;alert(1)"));
        assert!(html.contains("&lt;b class=x&gt;"));
    }

    #[test]
    fn a_ticket_that_cannot_be_rated_shows_no_form() {
        assert!(!progress_html(&v1::ProgressView::default(), "link", &city()).contains("<form"));
        let view = v1::ProgressView { can_rate: true, ..v1::ProgressView::default() };
        assert!(progress_html(&view, "link", &city()).contains("<form"));
    }

    #[test]
    fn times_are_those_of_the_city() {
        let step = v1::ProgressStep {
            at: Some(prost_types::Timestamp { seconds: 1_795_536_000, nanos: 0 }),
            text_zh: "已受理".into(),
            text_en: "accepted".into(),
        };
        let view = v1::ProgressView { steps: vec![step], ..v1::ProgressView::default() };
        assert!(progress_html(&view, "link", &city()).contains("<time>2026-11-25 00:00</time>"));
    }
}
