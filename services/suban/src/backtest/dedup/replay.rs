//! A history played through the index: each request is judged by what came before, then held.

use std::{
    borrow::Cow,
    cmp::Reverse,
    collections::BinaryHeap,
    time::{Duration, Instant},
};

use suban_likeness::{Index, Judgement, Limits, Model, Read, Verdict};

use super::rows::Row;

const DAY: i64 = 86_400;

/// How long a request stays a candidate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) open_days: u32,
    pub(super) closed_days: u32,
}

impl Window {
    /// The first row that can still be a candidate when row `number` arrives: those before it have been let go by then.
    pub(super) fn reaches_back_to(self, rows: &[Row], number: usize) -> usize {
        let earliest = rows.get(number).map_or(i64::MIN, |row| row.reported_at - i64::from(self.open_days) * DAY);
        rows.partition_point(|row| row.reported_at < earliest)
    }
}

/// What to do with a request before it is held.
pub(super) trait Judge {
    /// The model that judges it; `None` when it is only held.
    fn model(&self, number: usize) -> Option<&Model>;
    /// Takes what was found; answers whether it is noted with the request.
    fn take(&mut self, number: usize, index: &Index, request: &Read, found: &Judgement, took: Duration);
}

/// The index at some moment of the history.
pub(super) struct Replay {
    pub(super) index: Index,
    window: Window,
    /// When which request is let go.
    leaving: BinaryHeap<Reverse<(i64, usize)>>,
}

impl Replay {
    pub(super) fn new(requests: usize, window: Window) -> Self {
        let index = Index::new(requests, Limits::default());
        Self { index, window, leaving: BinaryHeap::new() }
    }

    /// Plays the rows from `from` on; `read` turns a row and its number into a request, and its time counts.
    pub(super) fn play<'a>(
        &mut self,
        rows: &[Row],
        from: usize,
        mut read: impl FnMut(usize, &Row) -> Cow<'a, Read>,
        judge: &mut impl Judge,
    ) {
        for (number, row) in rows.iter().enumerate().skip(from) {
            let now = row.reported_at;
            self.let_go(now);
            let began = Instant::now();
            let request = read(number, row);
            let mut verdict = Verdict::default();
            if let Some(model) = judge.model(number) {
                let found = self.index.judge(&request, now, model);
                let took = began.elapsed();
                verdict = found.verdict();
                judge.take(number, &self.index, &request, &found, took);
            }
            self.index.add(&request, verdict);
            let stays = |days: u32| i64::from(days) * DAY;
            let open = now + stays(self.window.open_days);
            let closed = row.closed_at.map_or(i64::MAX, |closed| closed.max(now) + stays(self.window.closed_days));
            self.leaving.push(Reverse((open.min(closed), number)));
        }
    }

    fn let_go(&mut self, now: i64) {
        while let Some(Reverse((at, number))) = self.leaving.peek().copied()
            && at < now
        {
            self.leaving.pop();
            self.index.remove(number as u128);
        }
    }
}
