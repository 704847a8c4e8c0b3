//! A ticket's clocks as people read them: the time line of its log, by the city's clock, in words.

use jiff::tz::TimeZone;
use serde::Serialize;
use suban_domain::{
    At, FoldError, Limits, Recorded, Span, UnitCode,
    calendar::Measure,
    timeline::{Holder, Standstill, Timeline, Whose},
};

/// The time line of one ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Clocks {
    /// The ticket's number.
    pub number: String,
    /// From the receipt until now or its end.
    pub whole_seconds: i64,
    /// Who had it when; without gap or overlap.
    pub stretches: Vec<Stretch>,
    /// Whose time it was, in all.
    pub whose_seconds: Vec<(&'static str, i64)>,
    /// Clocks that run.
    pub running: Vec<Running>,
    /// Every setting, moving and ending of a due.
    pub moves: Vec<Move>,
}

/// A time in which nothing of this changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stretch {
    /// Its beginning.
    pub from: String,
    /// Its end.
    pub until: String,
    /// Its length, day and night.
    pub seconds: i64,
    /// Where the ticket stood, as a code.
    pub state: &'static str,
    /// Who had it.
    pub holder: String,
    /// Whose time it was.
    pub whose: &'static str,
    /// Why clocks stood still, if they did.
    pub standstill: Option<String>,
}

/// A clock that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Running {
    /// Whose; none for the ticket's own.
    pub unit: Option<String>,
    /// Which, as a code.
    pub timer: &'static str,
    /// When it runs out.
    pub due: String,
    /// What is left by `measure`; negative when it is late.
    pub left_seconds: i64,
    /// Natural or working time.
    pub measure: &'static str,
}

/// A due that an event set, moved or ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Move {
    /// When.
    pub at: String,
    /// By which event.
    pub by: &'static str,
    /// Whose clock; none for the ticket's own.
    pub unit: Option<String>,
    /// Which, as a code.
    pub timer: &'static str,
    /// Due before.
    pub before: Option<String>,
    /// Due after.
    pub after: Option<String>,
}

/// An instant by the city's clock.
#[must_use]
pub fn local(zone: &TimeZone, at: At) -> String {
    zone.to_datetime(at.timestamp()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `2 d 03:04:05`; late ones with a minus.
#[must_use]
pub fn told(seconds: i64) -> String {
    let (sign, s) = if seconds < 0 { ("-", -seconds) } else { ("", seconds) };
    let clock = format!("{:02}:{:02}:{:02}", s / 3600 % 24, s / 60 % 60, s % 60);
    if s >= 86_400 { format!("{sign}{} d {clock}", s / 86_400) } else { format!("{sign}{clock}") }
}

impl Clocks {
    /// The clocks of a whole log, as they stand at `now`.
    ///
    /// # Errors
    /// When the log does not fold.
    pub fn of(number: &str, log: &[Recorded], now: At, zone: &TimeZone) -> Result<Self, FoldError> {
        let line = Timeline::of(log, now, &Limits::sz_district())?;
        let local = |at: At| local(zone, at);
        let unit = |unit: &Option<UnitCode>| unit.as_ref().map(ToString::to_string);
        Ok(Self {
            number: number.to_owned(),
            whole_seconds: seconds(line.whole()),
            stretches: line
                .stretches
                .iter()
                .map(|s| Stretch {
                    from: local(s.from),
                    until: local(s.until),
                    seconds: seconds(s.length()),
                    state: s.state.code(),
                    holder: holder(&s.holder),
                    whose: whose(s.whose),
                    standstill: s.standstill.as_ref().map(standstill),
                })
                .collect(),
            whose_seconds: line.by_whose().into_iter().map(|(w, span)| (whose(w), seconds(span))).collect(),
            running: line
                .running
                .iter()
                .map(|r| Running {
                    unit: unit(&r.unit),
                    timer: r.timer.code(),
                    due: local(r.due),
                    left_seconds: seconds(r.left),
                    measure: measure(r.measure),
                })
                .collect(),
            moves: line
                .moves
                .iter()
                .map(|m| Move {
                    at: local(m.at),
                    by: m.by,
                    unit: unit(&m.unit),
                    timer: m.timer.code(),
                    before: m.before.map(local),
                    after: m.after.map(local),
                })
                .collect(),
        })
    }
}

fn seconds(span: Span) -> i64 {
    span.as_micros().div_euclid(1_000_000)
}

fn holder(holder: &Holder) -> String {
    match holder {
        Holder::Unit(unit) => unit.to_string(),
        Holder::Centre => "中心 centre".to_owned(),
        Holder::Citizen => "市民 citizen".to_owned(),
        Holder::Upstream => "上级平台 upper platform".to_owned(),
        Holder::Master(_) => "主单 master".to_owned(),
        Holder::Nobody => "–".to_owned(),
    }
}

const fn whose(whose: Whose) -> &'static str {
    match whose {
        Whose::Unit => "单位 unit",
        Whose::Centre => "中心 centre",
        Whose::Citizen => "市民 citizen",
        Whose::Nobody => "– nobody",
    }
}

fn standstill(why: &Standstill) -> String {
    match why {
        Standstill::Info(_) => "待补充 waits for information".to_owned(),
        Standstill::Suspended(reason) => format!("挂起 suspended: {}", reason.zh()),
        Standstill::Merged => "并案 merged".to_owned(),
    }
}

const fn measure(measure: Measure) -> &'static str {
    match measure {
        Measure::Natural => "自然时间 natural",
        Measure::Working => "工作时间 working",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_told_by_days_and_the_clock() {
        assert_eq!(told(59), "00:00:59");
        assert_eq!(told(2 * 86_400 + 3 * 3600 + 4 * 60 + 5), "2 d 03:04:05");
        assert_eq!(told(-90), "-00:01:30");
    }
}
