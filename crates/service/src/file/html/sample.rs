//! The first page of a sample: what was drawn, and room for remarks.

use super::{Html, cell, named, opt, printed};
use crate::file::{CaseFile, Named};

/// A sample's first page.
#[derive(Debug)]
pub struct Index<'a> {
    /// What is said of the sample: names and values.
    pub about: &'a [(Named, String)],
    /// The tickets in the order drawn, each with the name of its file.
    pub files: &'a [(String, &'a CaseFile)],
}

/// The first page of a sample.
#[must_use]
pub fn index(index: &Index<'_>) -> String {
    let mut html = Html::default();
    html.markup("<header><h1>").both("抽样检查", "inspection sample").markup("</h1>");
    if let Some((_, first)) = index.files.first() {
        printed(&mut html, &first.printed);
    }
    html.markup("</header><dl>");
    for (name, value) in index.about {
        html.markup("<dt>").named(name).markup("</dt><dd>").text(value).markup("</dd>");
    }
    html.markup("</dl>");
    let rows = index.files.iter().enumerate().map(|(at, (name, file))| {
        let mut link = Html::default();
        link.markup("<a href=\"").text(name).markup("\">").text(&file.number).markup("</a>");
        let outcome =
            file.replies.iter().rev().find_map(|r| r.fields.iter().find(|(n, _)| n.en == "outcome")).map(|(_, v)| v);
        vec![
            cell(at + 1),
            link,
            cell(&file.title),
            named(&file.state),
            opt(outcome),
            cell(&file.received_at),
            Html::default(),
        ]
    });
    let head = [
        ("序", "no."),
        ("工单", "ticket"),
        ("标题", "title"),
        ("状态", "state"),
        ("处理结果", "outcome"),
        ("收单", "received"),
        ("检查意见", "remarks"),
    ];
    html.table(&head, rows.collect());
    html.document("抽样检查 inspection sample")
}
