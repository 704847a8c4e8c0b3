//! Ticket numbers: blocks of the day, reserved by each process, so that a number costs no round trip.
//!
//! The day is the city's, of the time of receipt (design §5); an import that plays its own time line draws
//! from many days. A process that stops leaves the rest of its blocks unused: numbers are unique and rise
//! within a block, and gaps mean nothing.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{civil, tz::TimeZone};
use sqlx::PgPool;
use suban_domain::{At, TicketNumber};
use tokio::sync::Mutex;

use crate::StoreError;

/// Numbers reserved at once: at 2,000 tickets a second ten round trips a second, and an idle day wastes little.
const BLOCK: u32 = 200;
/// Days whose blocks are kept: a year of import, and little memory. The earliest goes first.
const DAYS: usize = 400;

/// Gives numbers. Cheap to clone; clones share their blocks.
#[derive(Debug, Clone)]
pub struct Numbers(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    zone: TimeZone,
    block: u32,
    days: Mutex<BTreeMap<civil::Date, Block>>,
}

/// Sequences from `next` to `last`, both included.
#[derive(Debug, Clone, Copy)]
struct Block {
    next: u64,
    last: u64,
}

impl Numbers {
    /// Days begin in `zone`.
    #[must_use]
    pub fn new(zone: TimeZone) -> Self {
        Self::with_block(zone, BLOCK)
    }

    /// With another size of block, at least 1.
    #[must_use]
    pub fn with_block(zone: TimeZone, block: u32) -> Self {
        Self(Arc::new(Inner { zone, block: block.max(1), days: Mutex::new(BTreeMap::new()) }))
    }

    /// `n` numbers of the day in which `at` lies, rising.
    ///
    /// # Errors
    /// When Postgres is away; no number was given out then.
    pub async fn take(&self, pool: &PgPool, at: At, n: usize) -> Result<Vec<TicketNumber>, StoreError> {
        let day = self.0.zone.to_datetime(at.timestamp()).date();
        let mut days = self.0.days.lock().await;
        let mut sequences = Vec::with_capacity(n);
        if let Some(block) = days.get_mut(&day) {
            block.draw(n, &mut sequences);
        }
        let lacking = n - sequences.len();
        if lacking > 0 {
            let size = lacking.max(self.0.block as usize);
            let mut block = reserve(pool, day, size as u64).await?;
            block.draw(lacking, &mut sequences);
            days.insert(day, block);
            if days.len() > DAYS {
                days.pop_first();
            }
        }
        Ok(sequences.into_iter().map(|s| number(day, s)).collect())
    }
}

impl Block {
    /// Up to `n` sequences.
    fn draw(&mut self, n: usize, into: &mut Vec<u64>) {
        let end = self.next.saturating_add(n as u64).min(self.last + 1);
        into.extend(self.next..end);
        self.next = end;
    }
}

fn number(day: civil::Date, sequence: u64) -> TicketNumber {
    let small = |n: i16| u8::try_from(n).unwrap_or_default();
    TicketNumber::new(
        small(day.year().rem_euclid(100)),
        small(i16::from(day.month())),
        small(i16::from(day.day())),
        sequence,
    )
}

/// Reserves the next `size` sequences of the day in a transaction of its own: no ticket waits for another's
/// commit. Served by the primary key of `number_day`.
async fn reserve(pool: &PgPool, day: civil::Date, size: u64) -> Result<Block, StoreError> {
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    let last: i64 = sqlx::query_scalar(
        "insert into core.number_day (day, next) values ($1::text::date, $2)
         on conflict (day) do update set next = number_day.next + $2
         returning next",
    )
    .bind(day.to_string())
    .bind(size)
    .fetch_one(pool)
    .await?;
    let at = |n: i64| u64::try_from(n).unwrap_or_default();
    Ok(Block { next: at(last - size + 1), last: at(last) })
}
