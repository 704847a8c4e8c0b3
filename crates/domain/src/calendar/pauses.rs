//! Times in which a clock stands still (R-TIM-4), whatever the clock measures.
//!
//! A meter turns an instant into time measured since some beginning, in microseconds. Pauses are walked in the order
//! in which the clock meets them; each part of a pause that no earlier one covered moves the target by what the meter
//! measured in it, as long as the target was not reached before.

use super::CalendarError;
use crate::At;

/// A time in which the clock stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pause {
    from: At,
    until: At,
}

impl Pause {
    /// From an instant until another, which may be the same.
    ///
    /// # Errors
    /// When it ends before it begins.
    pub fn new(from: At, until: At) -> Result<Self, CalendarError> {
        if until < from { Err(CalendarError::Pause { from, until }) } else { Ok(Self { from, until }) }
    }

    /// Its beginning and its end.
    #[must_use]
    pub const fn ends(self) -> (At, At) {
        (self.from, self.until)
    }
}

/// The target, moved behind the pauses that the clock meets from `start` on before it is reached.
pub(super) fn put_off(
    target: i64,
    start: At,
    pauses: &[Pause],
    meter: impl Fn(At) -> Result<i64, CalendarError>,
) -> Result<i64, CalendarError> {
    let mut met: Vec<&Pause> = Vec::with_capacity(pauses.len());
    met.extend(pauses.iter().filter(|p| p.until > start));
    met.sort_unstable_by_key(|p| p.from);
    let (mut target, mut behind) = (target, start);
    for pause in met {
        let from = pause.from.max(behind);
        if pause.until <= from {
            continue;
        }
        let begun = meter(from)?;
        if begun >= target {
            break;
        }
        target = target.saturating_add(meter(pause.until)? - begun);
        behind = pause.until;
    }
    Ok(target)
}

/// [`put_off`] on a line of time that runs backwards from `end`.
pub(super) fn bring_forward(
    target: i64,
    end: At,
    pauses: &[Pause],
    meter: impl Fn(At) -> Result<i64, CalendarError>,
) -> Result<i64, CalendarError> {
    let back = |at: At| At::from_micros(0_i64.saturating_sub(at.micros()));
    let mirrored: Vec<_> = pauses.iter().map(|p| Pause { from: back(p.until), until: back(p.from) }).collect();
    Ok(-put_off(-target, back(end), &mirrored, |at| Ok(-meter(back(at))?))?)
}

/// What the meter measures from `early` to `late` outside of all pauses.
pub(super) fn left(
    early: At,
    late: At,
    pauses: &[Pause],
    meter: impl Fn(At) -> Result<i64, CalendarError>,
) -> Result<i64, CalendarError> {
    let (begun, over) = (meter(early)?, meter(late)?);
    let clipped = |p: &Pause| Pause { from: p.from, until: p.until.min(late) };
    let before: Vec<_> = pauses.iter().filter(|p| p.from < late).map(clipped).collect();
    let held = put_off(over, early, &before, &meter)? - over;
    Ok(over - begun - held)
}
