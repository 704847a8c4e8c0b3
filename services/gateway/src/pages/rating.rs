//! What a citizen says on the page behind the link: of the ticket, or of each part of one that was split.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use suban_proto::v1;
use suban_service::file::html::escape;

/// The script's keys (D§11.1).
const SOLVED: &[(u8, &str)] = &[(1, "已解决 yes"), (2, "部分解决 partly"), (3, "未解决 no"), (4, "说不清 cannot say")];
const SATISFIED: &[(u8, &str)] =
    &[(1, "非常满意 very"), (2, "满意 yes"), (3, "基本满意 mostly"), (4, "不满意 no"), (5, "非常不满意 not at all")];

/// A filled form.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Rating {
    /// Of the ticket as a whole.
    whole: v1::Answers,
    /// By what stands behind the ticket's number in the part's.
    parts: BTreeMap<String, v1::Answers>,
    /// Words, if one likes.
    pub(crate) comment: String,
}

impl Rating {
    /// Reads a form's fields; none where it is no form of ours.
    pub(crate) fn read(fields: HashMap<String, String>) -> Option<Self> {
        let mut rating = Self::default();
        for (name, value) in fields {
            if name == "comment" {
                rating.comment = value;
                continue;
            }
            let (question, part) = name.split_once('-').map_or((name.as_str(), None), |(q, part)| (q, Some(part)));
            let key = Some(value.parse::<u32>().ok()?);
            let answers = match part {
                Some(part) => rating.parts.entry(part.to_owned()).or_default(),
                None => &mut rating.whole,
            };
            match question {
                "solved" => answers.solved = key,
                "satisfied" => answers.satisfied = key,
                _ => return None,
            }
        }
        Some(rating)
    }

    /// What is said of the whole; none where the form asked by part.
    pub(crate) fn whole(&self) -> Option<v1::Answers> {
        self.parts.is_empty().then_some(self.whole)
    }

    /// What is said of each part of this ticket.
    pub(crate) fn parts(&self, ticket: &str) -> Vec<v1::PartAnswers> {
        let of = |(part, answers): (&String, &v1::Answers)| v1::PartAnswers {
            number: format!("{ticket}-{part}"),
            answers: Some(*answers),
        };
        self.parts.iter().map(of).collect()
    }

    /// A double click is one answer: what is said, in 16 characters.
    pub(crate) fn in_short(&self) -> String {
        let said = |answers: &v1::Answers| (answers.solved, answers.satisfied);
        let mut hasher = DefaultHasher::new();
        said(&self.whole).hash(&mut hasher);
        self.parts.iter().for_each(|(part, answers)| (part, said(answers)).hash(&mut hasher));
        format!("{:016x}", hasher.finish())
    }
}

/// The first rating asks everything; who has rated may still say that all is not well. A split ticket is asked about by
/// part.
pub(crate) fn form(view: &v1::ProgressView, link: &str) -> String {
    let (head, solved, satisfied) = if view.rated {
        let head = "仍未解决? <small>You have rated it. If it is not solved after all, say so.</small>";
        (head, &SOLVED[1..3], &SATISFIED[3..])
    } else {
        ("请您评价 <small>your rating</small>", SOLVED, SATISFIED)
    };
    let asked: Vec<&v1::TicketPart> = view.parts.iter().filter(|part| part.asks).collect();
    let questions = |title: &str, part: &str| {
        format!(
            "<fieldset><legend>{title}问题是否得到解决? <small>Is it solved?</small></legend>{}</fieldset>\
             <fieldset><legend>{title}对办理结果是否满意? <small>Are you satisfied?</small></legend>{}</fieldset>",
            choices(&format!("solved{part}"), solved),
            choices(&format!("satisfied{part}"), satisfied),
        )
    };
    let questions = if asked.is_empty() {
        questions("", "")
    } else {
        let of_part = |part: &&v1::TicketPart| {
            let place = part.number.strip_prefix(&view.number).unwrap_or_default();
            questions(&format!("<b>{}</b> ", escape(&part.title)), &escape(place))
        };
        asked.iter().map(of_part).collect()
    };
    format!(
        "<form method=post action=\"/p/{}\"><h2>{head}</h2>{questions}\
         <label class=words>说明 <small>remark, if you like</small>\
         <textarea name=comment maxlength=500 rows=3></textarea></label>\
         <button>提交 <small>send</small></button></form>",
        escape(link),
    )
}

/// The parts of a split ticket, each with how it stands and its answer.
pub(crate) fn parts(view: &v1::ProgressView) -> String {
    let part = |part: &v1::TicketPart| {
        let reply = match part.public_reply.as_str() {
            "" => String::new(),
            reply => format!("<blockquote>{}</blockquote>", escape(reply)),
        };
        let unit = if part.unit_name.is_empty() { String::new() } else { format!(" · {}", escape(&part.unit_name)) };
        format!(
            "<li><b>{}</b> <small>{}</small><br>{} <small>{}</small>{unit}{reply}</li>",
            escape(&part.title),
            escape(&part.number),
            escape(&part.state_zh),
            escape(&part.state_en),
        )
    };
    if view.parts.is_empty() {
        return String::new();
    }
    let parts: String = view.parts.iter().map(part).collect();
    format!("<h2>分项办理 <small>handled in parts</small></h2><ul class=parts>{parts}</ul>")
}

fn choices(name: &str, options: &[(u8, &str)]) -> String {
    options
        .iter()
        .map(|(n, label)| format!("<label><input type=radio name={name} value={n} required> {label}</label>"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_rated_is_offered_only_what_is_still_taken() {
        let keys = |rated: bool| -> Vec<String> {
            let html = form(&v1::ProgressView { rated, ..v1::ProgressView::default() }, "link");
            html.split("name=").skip(1).filter_map(|f| Some(f.split_once(" required")?.0.to_owned())).collect()
        };
        assert_eq!(keys(true), ["solved value=2", "solved value=3", "satisfied value=4", "satisfied value=5"]);
        assert_eq!(keys(false).len(), 9);
    }

    #[test]
    fn a_split_ticket_is_asked_about_by_part_and_answered_so() {
        let part = |number: &str, asks| v1::TicketPart { number: number.into(), asks, ..v1::TicketPart::default() };
        let parts = vec![part("SB1-1", true), part("SB1-2", false)];
        let view = v1::ProgressView { number: "SB1".into(), parts, ..v1::ProgressView::default() };
        let html = form(&view, "link");
        assert!(html.contains("name=solved-1") && !html.contains("name=solved-2"), "{html}");
        let fields = [("solved-1", "1"), ("satisfied-1", "2"), ("comment", "好")];
        let rating = Rating::read(fields.map(|(k, v)| (k.to_owned(), v.to_owned())).into()).unwrap();
        assert_eq!(rating.whole(), None);
        let said = rating.parts("SB1");
        assert_eq!((said[0].number.as_str(), said[0].answers.unwrap().satisfied), ("SB1-1", Some(2)));
    }

    #[test]
    fn a_form_that_is_not_ours_is_none() {
        let read = |name: &str, value: &str| Rating::read([(name.to_owned(), value.to_owned())].into());
        assert_eq!(read("solved", "much"), None);
        assert_eq!(read("surprise", "1"), None);
        assert_eq!(read("solved", "1").unwrap().whole().unwrap().solved, Some(1));
    }
}
