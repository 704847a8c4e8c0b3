//! The worst errors, side by side.

use super::{figures::Scored, pairs::Marked, rows::Row};

/// The children whose group was found last, with what came before it.
pub(super) fn worst(rows: &[Row], scored: &Scored, marked: &Marked, most: usize) -> String {
    let mut wrong: Vec<_> = scored.children.iter().filter(|child| child.group_at != Some(0)).collect();
    wrong.sort_by_key(|child| (std::cmp::Reverse(child.group_at.unwrap_or(usize::MAX)), child.number));
    // Spread over all of them, the worst first.
    let step = wrong.len().div_ceil(most.max(1)).max(1);
    let mut text = String::new();
    for child in wrong.into_iter().step_by(step) {
        text += &format!("\n{}\n", told(&rows[child.number]));
        let parents = marked.children.get(&child.number).cloned().unwrap_or_default();
        for parent in &parents {
            text += &format!("  named  {}\n", told(&rows[*parent]));
        }
        text += &format!(
            "  group found at {:?}, parent at {:?}\n",
            child.group_at.map(|at| at + 1),
            child.parent_at.map(|at| at + 1)
        );
        for (number, why) in &child.first {
            text += &format!("  {}\n    {why}\n", told(&rows[*number]));
        }
    }
    text
}

fn told(row: &Row) -> String {
    let at = jiff::Timestamp::from_second(row.reported_at).map(|at| at.to_string()).unwrap_or_default();
    let said: String = format!("{} {}", row.title, row.text).chars().take(160).collect();
    format!("{} {at} [{}] {} {} | {said}", row.id, row.category, row.address, row.requester)
}
