//! All calendars of a city, read once: those that ship, and the city's own.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, LazyLock},
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
    china: Arc<National>,
    by_name: Named,
    by_unit: BTreeMap<UnitCode, Arc<Calendar>>,
    default: Arc<Calendar>,
}

type Named = BTreeMap<String, Arc<Calendar>>;

/// What is compiled in, read when it is first asked for.
static COMPILED: LazyLock<Result<Calendars, CalendarError>> = LazyLock::new(|| Calendars::compiled(&[]));

impl Calendars {
    /// Those that ship: `sz`, the default, and `duty`.
    ///
    /// # Errors
    /// Never; a test holds the data that are compiled in.
    pub fn shipped() -> Result<Self, CalendarError> {
        COMPILED.clone()
    }

    /// Those that ship and a city's own, with notices of further years. A later definition of a name, and a later
    /// notice of a year, count instead of an earlier one.
    ///
    /// # Errors
    /// Names file and line, what is wrong there, and what would be right.
    pub fn with(definitions: &[Source<'_>], notices: &[Source<'_>]) -> Result<Self, CalendarError> {
        let mut all = if notices.is_empty() { Self::shipped()? } else { Self::compiled(notices)? };
        for source in definitions {
            all.add(source)?;
        }
        Ok(all)
    }

    fn compiled(notices: &[Source<'_>]) -> Result<Self, CalendarError> {
        let china = Arc::new(National::read(&[NOTICES, notices].concat())?);
        let (by_name, default) = read(&SHIPPED, &china, Named::new())?;
        let default = default.ok_or_else(|| SHIPPED.refuse(0, "names no default calendar".to_owned()))?;
        Ok(Self { china, by_name, by_unit: BTreeMap::new(), default })
    }

    fn add(&mut self, source: &Source<'_>) -> Result<(), CalendarError> {
        let (by_name, default) = read(source, &self.china, self.by_name.clone())?;
        let redefined = by_name.get(self.default.name()).cloned();
        self.by_unit.clear();
        for calendar in by_name.values() {
            for unit in &calendar.definition.units {
                if let Some(other) = self.by_unit.insert(unit.clone(), calendar.clone()) {
                    let (one, two) = (other.name(), calendar.name());
                    return Err(source.refuse(0, format!("unit {unit} keeps both `{one}` and `{two}`; name it in one")));
                }
            }
        }
        self.by_name = by_name;
        if let Some(default) = default.or(redefined) {
            self.default = default;
        }
        Ok(())
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
