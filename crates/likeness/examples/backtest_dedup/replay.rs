//! A history played through the index: each request is judged by what came before, then held.

use std::{
    borrow::Cow,
    cmp::Reverse,
    collections::BinaryHeap,
    time::{Duration, Instant},
};

use suban_likeness::{Index, Judgement, Limits, Model, Read, Verdict};

use crate::rows::Row;

const DAY: i64 = 86_400;

/// How long a request stays a candidate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) open_days: u32,
    pub(crate) closed_days: u32,
}

/// What to do with a request before it is held.
pub(crate) trait Judge {
    /// The model that judges it; `None` when it is only held.
    fn model(&self, number: usize) -> Option<&Model>;
    /// Takes what was found; answers whether it is noted with the request.
    fn take(&mut self, number: usize, index: &Index, request: &Read, found: &Judgement, took: Duration);
}

/// The index at some moment of the history.
pub(crate) struct Replay {
    pub(crate) index: Index,
    window: Window,
    /// When which request is let go.
    leaving: BinaryHeap<Reverse<(i64, usize)>>,
}

impl Replay {
    pub(crate) fn new(requests: usize, window: Window) -> Self {
        let index = Index::new(requests, Limits::default());
        Self { index, window, leaving: BinaryHeap::new() }
    }

    /// Plays the rows; `read` turns a row and its number into a request, and its time counts.
    pub(crate) fn play<'a>(
        &mut self,
        rows: &[Row],
        mut read: impl FnMut(usize, &Row) -> Cow<'a, Read>,
        judge: &mut impl Judge,
    ) {
        for (number, row) in rows.iter().enumerate() {
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
