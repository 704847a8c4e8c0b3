//! Files as pages to be printed: one page a ticket, an index for a sample. Chinese first, English beside it; no
//! scripts, nothing loaded from anywhere. Everything that came from outside is escaped here, in one place: `Html`.

use std::fmt;

use super::{Named, Printed};

mod page;
mod sample;

pub use page::page;
pub use sample::{Index, index};

const STYLE: &str = include_str!("print.css");

/// Text of any origin as text of a page.
#[must_use]
pub fn escape(text: &str) -> String {
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

/// A page that grows. What is put into it as text is escaped; markup is only ever written in this file.
#[derive(Debug, Default)]
struct Html(String);

impl Html {
    fn markup(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    fn text(&mut self, text: impl fmt::Display) -> &mut Self {
        self.0.push_str(&escape(&text.to_string()));
        self
    }

    fn named(&mut self, named: &Named) -> &mut Self {
        if named.zh.is_empty() {
            return self.text(&named.en);
        }
        self.text(&named.zh).markup(" <small>").text(&named.en).markup("</small>")
    }

    fn both(&mut self, zh: &'static str, en: &'static str) -> &mut Self {
        self.markup(zh).markup(" <small>").markup(en).markup("</small>")
    }

    fn heading(&mut self, zh: &'static str, en: &'static str) -> &mut Self {
        self.markup("<h2>").both(zh, en).markup("</h2>")
    }

    fn item(&mut self, zh: &'static str, en: &'static str, value: impl FnOnce(&mut Self)) -> &mut Self {
        self.markup("<dt>").both(zh, en).markup("</dt><dd>");
        value(self);
        self.markup("</dd>")
    }

    fn words(&mut self, words: Option<&str>) -> &mut Self {
        match words {
            Some(words) => self.markup("<blockquote>").text(words).markup("</blockquote>"),
            None => self.markup("<p class=none>").both("已按规定删除", "erased").markup("</p>"),
        }
    }

    fn table(&mut self, head: &[(&'static str, &'static str)], rows: Vec<Vec<Html>>) -> &mut Self {
        if rows.is_empty() {
            return self.markup("<p class=none>").both("无", "none").markup("</p>");
        }
        self.markup("<table><thead><tr>");
        for (zh, en) in head {
            self.markup("<th>").both(zh, en).markup("</th>");
        }
        self.markup("</tr></thead><tbody>");
        for row in rows {
            self.markup("<tr>");
            for cell in row {
                self.markup("<td>");
                self.0.push_str(&cell.0);
                self.markup("</td>");
            }
            self.markup("</tr>");
        }
        self.markup("</tbody></table>")
    }

    /// The whole document.
    fn document(self, title: &str) -> String {
        let mut page = Self::default();
        page.markup(
            "<!doctype html><html lang=\"zh-CN\"><meta charset=utf-8>\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
             <meta name=viewport content=\"width=device-width,initial-scale=1\"><title>",
        );
        page.text(title).markup("</title><style>").markup(STYLE).markup("</style><main>");
        page.0.push_str(&self.0);
        page.markup("</main></html>\n");
        page.0
    }
}

fn cell(text: impl fmt::Display) -> Html {
    let mut html = Html::default();
    html.text(text);
    html
}

fn named(value: &Named) -> Html {
    let mut html = Html::default();
    html.named(value);
    html
}

fn opt(value: Option<&Named>) -> Html {
    value.map(named).unwrap_or_default()
}

fn dash(value: Option<&String>) -> Html {
    cell(value.map_or("–", String::as_str))
}

/// Who printed it stands on every copy: a watermark in words (R-SEC-2, R-SEC-7).
fn printed(html: &mut Html, printed: &Printed) {
    html.markup("<p class=printed>")
        .text(&printed.at)
        .markup(" · ")
        .text(&printed.by)
        .markup(" · ")
        .named(&printed.role);
    html.markup(" · ").text(&printed.reason).markup(" · <b>");
    if printed.revealed {
        html.both("含个人信息,不得外传", "holds personal data; do not pass on");
    } else {
        html.both("已脱敏", "masked");
    }
    html.markup("</b></p>");
}
