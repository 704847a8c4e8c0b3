//! The pages of people at work: the hall's desk and the handler's page for a phone. Plain HTML, no build chain: a page,
//! its script, what both pages share, and the domain's lists, put together once.
//!
//! Whose page it is says the token, which comes in the fragment (`/desk#token=…`) and is kept for the browser's session
//! only; a fragment never leaves the browser. Who wears several hats gives one token each (`#agent=…&dispatcher=…`).

use std::sync::LazyLock;

use axum::response::{Html, IntoResponse as _, Response};
use serde_json::{Value, json};
use suban_domain::{
    ContactOutcome, Demand, Finding, Kind, Outcome, ReplyMeans, ReturnReason, Role, SiteVisit, State, TaskRole,
    TaskState, Urgency,
};

use crate::pages::guarded;

/// The hall's desk: calls, the queue, what is perhaps the same.
pub(crate) async fn desk() -> Response {
    static PAGE: LazyLock<String> = LazyLock::new(|| together(include_str!("faces/desk.html"), DESK));
    guarded(Html(PAGE.as_str()).into_response())
}

/// The handler's page for a phone: inbox, sign, call, answer, return.
pub(crate) async fn work() -> Response {
    static PAGE: LazyLock<String> = LazyLock::new(|| together(include_str!("faces/work.html"), WORK));
    guarded(Html(PAGE.as_str()).into_response())
}

/// A walk of ten minutes for a visitor (`make show`).
pub(crate) async fn show() -> Response {
    static PAGE: LazyLock<String> = LazyLock::new(|| together(include_str!("faces/show.html"), SHOW));
    guarded(Html(PAGE.as_str()).into_response())
}

/// The scripts of each page, in their order, after what all share.
const DESK: &[&str] = &[
    include_str!("faces/files.js"),
    include_str!("faces/pick.js"),
    include_str!("faces/pairs.js"),
    include_str!("faces/search.js"),
    include_str!("faces/handover.js"),
    include_str!("faces/desk.js"),
];
const WORK: &[&str] = &[include_str!("faces/files.js"), include_str!("faces/pick.js"), include_str!("faces/work.js")];
const SHOW: &[&str] = &[include_str!("faces/files.js"), include_str!("faces/pick.js"), include_str!("faces/show.js")];

fn together(page: &str, scripts: &[&str]) -> String {
    let lists = format!("const LISTS = {};\n", lists());
    page.replace("/*style*/", include_str!("faces/face.css"))
        .replace("/*script*/", &[include_str!("faces/common.js"), &lists, &scripts.concat()].concat())
}

/// The closed lists that pages offer, by their codes, with the Chinese word of each.
fn lists() -> Value {
    macro_rules! list {
        ($list:ty) => {
            <$list>::ALL.iter().map(|v| json!({ "code": v.code(), "zh": v.zh() })).collect::<Value>()
        };
    }
    let finding = |f: &Finding| {
        let kinds = Kind::ALL.iter().filter(|k| f.fits(Some(**k))).map(|k| k.code()).collect::<Vec<_>>();
        json!({ "code": f.code(), "zh": f.zh(), "kinds": kinds, "because": !f.explains_itself() })
    };
    json!({
        "finding": Finding::ALL.iter().map(finding).collect::<Value>(),
        "demand": list!(Demand),
        "outcome": list!(Outcome),
        "site_visit": list!(SiteVisit),
        "reply_means": list!(ReplyMeans),
        "contact": list!(ContactOutcome),
        "return": list!(ReturnReason),
        "kind": list!(Kind),
        "urgency": list!(Urgency),
        "state": list!(State),
        "task_state": list!(TaskState),
        "task_role": list!(TaskRole),
        "role": list!(Role),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_whole_and_its_lists_cannot_end_its_script() {
        for page in [
            together(include_str!("faces/desk.html"), DESK),
            together(include_str!("faces/work.html"), WORK),
            together(include_str!("faces/show.html"), SHOW),
        ] {
            assert!(!page.contains("/*style*/") && !page.contains("/*script*/"));
            assert_eq!(page.matches("</script").count(), 1, "one script, ended once");
            assert!(page.contains("\"PARTLY_TRUE\"") && page.contains("部分属实"));
        }
    }

    /// What a screen reader needs: every field has a label, every page a language, a title and a place for news.
    #[test]
    fn every_field_of_a_page_has_a_label() {
        let pages = [include_str!("faces/desk.html"), include_str!("faces/work.html"), include_str!("faces/show.html")];
        for page in pages {
            assert!(page.contains("<html lang=\"zh\"") && page.contains("<title>") && page.contains("aria-live"));
            for tag in ["<input ", "<textarea ", "<select "] {
                for field in page.split(tag).skip(1) {
                    let field = field.split('>').next().unwrap_or_default();
                    let id = field.split("id=\"").nth(1).and_then(|rest| rest.split('"').next());
                    let named = id.is_some_and(|id| page.contains(&format!("for=\"{id}\"")));
                    assert!(named || field.contains("data-label="), "{tag}{field}> has no label");
                }
            }
        }
    }
}
