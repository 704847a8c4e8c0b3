//! The only place that prints: tables and JSON to standard output, complaints to standard error.

use std::io::Write as _;

/// Prints to standard output; a closed pipe is nobody's fault.
pub(crate) fn out(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{text}");
    let _ = stdout.flush();
}

/// Prints to standard error.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Prints a value as JSON.
pub(crate) fn json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    out(&serde_json::to_string(value)?);
    Ok(())
}

/// A share in per cent; nothing of nothing.
pub(crate) fn share(part: i64, of: i64) -> String {
    if of == 0 { String::new() } else { format!("{:.1} %", 100.0 * part as f64 / of as f64) }
}

/// Prints rows under a heading.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) {
    out(&table_text(head, rows));
}

/// Rows under a heading, columns as wide as their widest cell (a Chinese character takes two places).
pub(crate) fn table_text(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |text: &str| text.chars().map(|c| if u32::from(c) > 0x2E7F { 2 } else { 1 }).sum::<usize>();
    let mut widths: Vec<usize> = head.iter().map(|h| width(h)).collect();
    for row in rows {
        for (w, cell) in widths.iter_mut().zip(row) {
            *w = (*w).max(width(cell));
        }
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut out = String::new();
        for (cell, w) in cells.zip(&widths) {
            out.push_str(cell);
            out.push_str(&" ".repeat(w.saturating_sub(width(cell)) + 2));
        }
        out.trim_end().to_owned()
    };
    let mut lines = vec![line(&mut head.iter().copied())];
    lines.extend(rows.iter().map(|row| line(&mut row.iter().map(String::as_str))));
    lines.join("\n")
}
