//! Times as sources write them: a format, and a zone where the format carries none.

use jiff::{
    Timestamp,
    civil::{Date, Time},
    fmt::strtime,
    tz::TimeZone,
};
use suban_domain::At;

/// How one column writes its times. Pure.
#[derive(Debug, Clone)]
pub(super) struct TimeFormat {
    patterns: Vec<Pattern>,
    zone: Option<TimeZone>,
}

#[derive(Debug, Clone)]
enum Pattern {
    /// `2008-10-06T11:25:57-04:00`
    Rfc3339,
    /// Seconds since 1970.
    Unix,
    /// Milliseconds since 1970.
    UnixMillis,
    /// Conversions such as `%Y-%m-%d %H:%M:%S`.
    Strftime(String),
}

/// A format that has every conversion a time may be written with; used to try a pattern.
const SAMPLE: &str = "2019-03-04T05:06:07.5+08:00[Asia/Shanghai]";

impl TimeFormat {
    /// Reads a rule's `format` and `zone`; answers with every problem, each with its key.
    pub(super) fn new(formats: &[String], zone: Option<&str>) -> Result<Self, Vec<(&'static str, String)>> {
        let mut problems = Vec::new();
        let known = zone.and_then(|name| match TimeZone::get(name) {
            Ok(zone) => Some(zone),
            Err(_) => {
                problems.push(("zone", format!("{name:?} is no zone of the IANA list such as \"Asia/Shanghai\"")));
                None
            }
        });
        if formats.is_empty() {
            problems.push((
                "format",
                "is missing: give \"rfc3339\", \"unix\", \"unix_ms\" or conversions such as \"%Y-%m-%d %H:%M:%S\""
                    .to_owned(),
            ));
        }
        let mut patterns = Vec::new();
        for text in formats {
            match Pattern::new(text) {
                Ok(pattern) => {
                    if zone.is_none() && !pattern.knows_its_zone() {
                        problems.push(("zone", format!("is missing: {text:?} does not say in which zone it counts")));
                    }
                    patterns.push(pattern);
                }
                Err(problem) => problems.push(("format", problem)),
            }
        }
        if problems.is_empty() { Ok(Self { patterns, zone: known }) } else { Err(problems) }
    }

    /// The instant that `value` writes; the first format that fits counts.
    pub(super) fn read(&self, value: &str) -> Result<At, String> {
        self.patterns
            .iter()
            .find_map(|p| p.read(value, self.zone.as_ref()))
            .map(At::from)
            .ok_or_else(|| "is no time of the format".to_owned())
    }
}

impl Pattern {
    fn new(text: &str) -> Result<Self, String> {
        match text {
            "rfc3339" => return Ok(Self::Rfc3339),
            "unix" => return Ok(Self::Unix),
            "unix_ms" => return Ok(Self::UnixMillis),
            _ => {}
        }
        // A pattern that cannot read back a day it wrote itself will read nothing.
        let sample: jiff::ZonedDateTime = SAMPLE.parse().map_err(|e| format!("cannot be tried: {e}"))?;
        let written = strtime::format(text, &sample).map_err(|e| format!("{text:?} is no time format: {e}"))?;
        let read = strtime::parse(text, &written).map_err(|e| format!("{text:?} cannot be read back: {e}"))?;
        if read.timestamp().is_none() && read.to_date().is_err() {
            return Err(format!("{text:?} names no day: it needs a year, a month and a day"));
        }
        Ok(Self::Strftime(text.to_owned()))
    }

    fn knows_its_zone(&self) -> bool {
        match self {
            Self::Rfc3339 | Self::Unix | Self::UnixMillis => true,
            Self::Strftime(text) => ["%z", "%:z", "%s", "%Q", "%:Q"].iter().any(|c| text.contains(c)),
        }
    }

    fn read(&self, value: &str, zone: Option<&TimeZone>) -> Option<Timestamp> {
        match self {
            Self::Rfc3339 => value.parse().ok(),
            Self::Unix => Timestamp::from_second(value.parse().ok()?).ok(),
            Self::UnixMillis => Timestamp::from_millisecond(value.parse().ok()?).ok(),
            Self::Strftime(text) => {
                let read = strtime::parse(text, value).ok()?;
                if self.knows_its_zone() {
                    return read.to_timestamp().ok();
                }
                // A day alone begins at midnight; an hour that the clock change leaves out moves on, one that
                // comes twice is the first.
                let day: Date = read.to_date().ok()?;
                let time = read.to_time().unwrap_or(Time::midnight());
                Some(zone?.to_timestamp(day.to_datetime(time)).ok()?)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: &str, zone: Option<&str>, value: &str) -> String {
        TimeFormat::new(&[format.to_owned()], zone).unwrap().read(value).unwrap().to_string()
    }

    #[test]
    fn a_time_without_a_zone_counts_in_the_zone_that_was_declared() {
        let day = "%Y-%m-%d %H:%M:%S";
        assert_eq!(read(day, Some("Asia/Shanghai"), "2019-02-28 11:25:05"), "2019-02-28T03:25:05Z");
        assert_eq!(read(day, Some("America/New_York"), "2019-07-01 00:00:00"), "2019-07-01T04:00:00Z");
        assert_eq!(
            read("%m/%d/%Y %I:%M:%S %p", Some("America/New_York"), "04/12/2018 01:11:26 PM"),
            "2018-04-12T17:11:26Z"
        );
        assert_eq!(read("%Y-%m-%d", Some("Asia/Shanghai"), "2018-02-08"), "2018-02-07T16:00:00Z");
    }

    #[test]
    fn a_time_that_says_its_offset_needs_no_zone() {
        assert_eq!(read("rfc3339", None, "2008-10-06T11:25:57-04:00"), "2008-10-06T15:25:57Z");
        assert_eq!(read("%Y-%m-%d %H:%M %z", None, "2008-10-06 11:25 -0400"), "2008-10-06T15:25:00Z");
        assert_eq!(read("unix", None, "1551324305"), "2019-02-28T03:25:05Z");
        assert_eq!(read("unix_ms", None, "1551324305000"), "2019-02-28T03:25:05Z");
    }

    #[test]
    fn an_hour_that_the_clock_change_leaves_out_moves_on() {
        let day = "%Y-%m-%d %H:%M";
        assert_eq!(read(day, Some("America/New_York"), "2019-03-10 02:30"), "2019-03-10T07:30:00Z");
        assert_eq!(read(day, Some("America/New_York"), "2019-11-03 01:30"), "2019-11-03T05:30:00Z");
    }

    #[test]
    fn a_bad_format_is_told_with_its_key_and_what_would_be_right() {
        let told = |formats: &[&str], zone| {
            let formats: Vec<String> = formats.iter().map(|f| (*f).to_owned()).collect();
            TimeFormat::new(&formats, zone).unwrap_err()
        };
        assert!(told(&["%Y-%m-%d %J"], Some("Asia/Shanghai"))[0].1.contains("no time format"));
        assert!(told(&["%H:%M"], Some("Asia/Shanghai"))[0].1.contains("names no day"));
        assert_eq!(told(&["%Y-%m-%d"], None)[0].0, "zone");
        assert_eq!(told(&["%Y-%m-%d"], Some("Asia/Shangai"))[0].0, "zone");
        assert_eq!(told(&[], None)[0].0, "format");
        assert_eq!(told(&["%H"], Some("Mars")).len(), 2);
    }

    #[test]
    fn several_formats_are_tried_in_turn() {
        let both = TimeFormat::new(&["%Y/%m/%d".to_owned(), "%Y-%m-%d".to_owned()], Some("Asia/Shanghai")).unwrap();
        assert_eq!(both.read("2019-01-02"), both.read("2019/01/02"));
        assert!(both.read("2019.01.02").is_err());
        assert!(both.read("2019-13-02").is_err());
    }
}
