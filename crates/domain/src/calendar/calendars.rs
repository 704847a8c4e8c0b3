//! All calendars of a city, read once: those that ship, and the city's own.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::{Deserialize, de::DeserializeOwned};
use toml::Spanned;

use super::{
    Calendar, CalendarError,
    definition::{Definition, Holidays},
    national::{NOTICES, National},
};
use crate::UnitCode;

const SHIPPED: Source<'static> = Source { file: "calendars.toml", text: include_str!("calendars.toml") };

/// A data file that somebody read.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// What to call it in errors.
    pub file: &'a str,
    /// All of it.
    pub text: &'a str,
}

impl Source<'_> {
    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T, CalendarError> {
        toml::from_str(self.text).map_err(|e| self.refuse(e.span().map_or(0, |s| s.start), e.message().to_owned()))
    }

    /// What is wrong at a byte.
    pub(super) fn refuse(&self, at: usize, problem: String) -> CalendarError {
        let line = 1 + self.text.bytes().take(at).filter(|b| *b == b'\n').count();
        CalendarError::Data { file: self.file.to_owned(), line, problem }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    default: Option<Spanned<String>>,
    #[serde(default)]
    calendar: Vec<Spanned<Definition>>,
}

/// Calendars by name and by unit.
#[derive(Debug, Clone)]
pub struct Calendars {
    by_name: BTreeMap<String, Arc<Calendar>>,
    by_unit: BTreeMap<UnitCode, Arc<Calendar>>,
    default: Arc<Calendar>,
}

impl Calendars {
    /// Those that ship: `sz`, the default, and `duty`.
    ///
    /// # Errors
    /// Never; a test holds the data that are compiled in.
    pub fn shipped() -> Result<Self, CalendarError> {
        Self::with(&[], &[])
    }

    /// Those that ship and a city's own, with notices of further years. A later definition of a name, and a later
    /// notice of a year, count instead of an earlier one.
    ///
    /// # Errors
    /// Names file and line, what is wrong there, and what would be right.
    pub fn with(definitions: &[Source<'_>], notices: &[Source<'_>]) -> Result<Self, CalendarError> {
        let china = Arc::new(National::read(&[NOTICES, notices].concat())?);
        let (shipped, default) = read(&SHIPPED, &china, BTreeMap::new())?;
        let default = default.ok_or_else(|| SHIPPED.refuse(0, "names no default calendar".to_owned()))?;
        let mut all = Self { by_name: shipped, by_unit: BTreeMap::new(), default };
        for source in definitions {
            let (by_name, default) = read(source, &china, all.by_name)?;
            all.by_name = by_name;
            let redefined = all.by_name.get(all.default.name()).cloned();
            if let Some(default) = default.or(redefined) {
                all.default = default;
            }
        }
        for calendar in all.by_name.values() {
            for unit in &calendar.definition.units {
                if let Some(other) = all.by_unit.insert(unit.clone(), calendar.clone()) {
                    let problem =
                        format!("unit {unit} keeps both `{}` and `{}`; name it in one", other.name(), calendar.name());
                    return Err(definitions.last().unwrap_or(&SHIPPED).refuse(0, problem));
                }
            }
        }
        Ok(all)
    }

    /// The calendar of this name.
    ///
    /// # Errors
    /// Says which there are, when there is no such.
    pub fn named(&self, name: &str) -> Result<&Arc<Calendar>, CalendarError> {
        self.by_name.get(name).ok_or_else(|| CalendarError::Unknown {
            name: name.to_owned(),
            known: self.by_name.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
        })
    }

    /// The calendar that a unit keeps: the default for a unit that none names.
    #[must_use]
    pub fn of_unit(&self, unit: &UnitCode) -> &Arc<Calendar> {
        self.by_unit.get(unit).unwrap_or(&self.default)
    }

    /// The calendar of everything that has none of its own.
    #[must_use]
    pub const fn default_calendar(&self) -> &Arc<Calendar> {
        &self.default
    }
}

type Named = BTreeMap<String, Arc<Calendar>>;

/// Adds a file's calendars to those before it, and says which one it makes the default.
fn read(
    source: &Source<'_>,
    china: &Arc<National>,
    mut all: Named,
) -> Result<(Named, Option<Arc<Calendar>>), CalendarError> {
    let file: File = source.parse()?;
    let mut names = BTreeSet::new();
    for spanned in file.calendar {
        let at = spanned.span().start;
        let mut definition = spanned.into_inner();
        if !names.insert(definition.name.clone()) {
            return Err(source.refuse(at, format!("calendar `{}` is there twice; name them apart", definition.name)));
        }
        definition.check().map_err(|(place, problem)| source.refuse(place.unwrap_or(at), problem))?;
        let national = match definition.holidays {
            Holidays::Cn => Some(china.clone()),
            Holidays::None => None,
        };
        let calendar = Calendar::new(definition, national).map_err(|problem| source.refuse(at, problem))?;
        all.insert(calendar.name().to_owned(), Arc::new(calendar));
    }
    let default = file.default.map(|name| {
        let found = all.get(name.get_ref()).cloned();
        found.ok_or_else(|| source.refuse(name.span().start, format!("there is no calendar `{}`", name.get_ref())))
    });
    Ok((all, default.transpose()?))
}
