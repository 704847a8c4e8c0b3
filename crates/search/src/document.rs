//! What is indexed of a ticket.

use suban_domain::{AreaCode, Channel, Hash, Kind, MatterCode, State, Ticket, TicketId, UnitCode, Urgency};

/// What a ticket is narrowed by: one exact value of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key<'a> {
    /// Where it stands.
    State(State),
    /// A unit has or had a task on it: this very unit.
    Unit(&'a UnitCode),
    /// The same, or a team below it (`U12/night` is below `U12`).
    UnitOrBelow(&'a UnitCode),
    /// It happened in this area, or inside it.
    Area(&'a AreaCode),
    /// What it is about.
    Matter(&'a MatterCode),
    /// What the citizen wants.
    Kind(Kind),
    /// How it came.
    Channel(Channel),
    /// How urgent it is.
    Urgency(Urgency),
    /// Blind index of the phone it came from; never the phone.
    Phone(Hash),
}

impl Key<'_> {
    /// As it is kept: what it is and which.
    pub(crate) fn term(self) -> String {
        match self {
            Self::State(state) => format!("state:{}", state.number()),
            Self::Unit(unit) => format!("unit:{unit}"),
            Self::UnitOrBelow(unit) => format!("below:{unit}"),
            Self::Area(area) => format!("area:{area}"),
            Self::Matter(matter) => format!("matter:{matter}"),
            Self::Kind(kind) => format!("kind:{}", kind.number()),
            Self::Channel(channel) => format!("channel:{}", channel.number()),
            Self::Urgency(urgency) => format!("urgency:{}", urgency.number()),
            Self::Phone(hash) => format!("phone:{hash}"),
        }
    }
}

/// A ticket as it is indexed.
#[derive(Debug, Clone)]
pub struct Document {
    pub(crate) id: TicketId,
    pub(crate) version: u32,
    pub(crate) title: String,
    pub(crate) words: String,
    pub(crate) place: String,
    pub(crate) keys: Vec<String>,
}

impl Document {
    /// A ticket of which nothing may be read any more: it is found by its keys alone.
    #[must_use]
    pub fn of(ticket: &Ticket) -> Self {
        let mut keys: Vec<String> = Vec::with_capacity(16);
        keys.extend([
            Key::State(ticket.state).term(),
            Key::Channel(ticket.source.channel).term(),
            Key::Urgency(ticket.urgency).term(),
        ]);
        keys.extend(ticket.kind.map(|kind| Key::Kind(kind).term()));
        keys.extend(ticket.matter.as_ref().map(|matter| Key::Matter(matter).term()));
        for task in &ticket.tasks {
            keys.push(Key::Unit(&task.unit).term());
            keys.extend(upwards(task.unit.as_str()).map(|unit| format!("below:{unit}")));
        }
        if let Some(area) = &ticket.area {
            // A code begins with its parent's, so every beginning of it is an area that it may lie in.
            let ends = area.as_str().char_indices().map(|(at, c)| at + c.len_utf8());
            keys.extend(ends.filter_map(|end| area.as_str().get(..end)).map(|area| format!("area:{area}")));
        }
        keys.sort_unstable();
        keys.dedup();
        Self {
            id: ticket.id,
            version: ticket.version,
            title: String::new(),
            words: String::new(),
            place: String::new(),
            keys,
        }
    }

    /// What may be read of it: masked texts only. The place of a confidential ticket is shown to nobody (R-SEC-9), so
    /// nobody finds it by that.
    #[must_use]
    pub fn telling(mut self, title: &str, words: &str, place: &str) -> Self {
        (self.title, self.words, self.place) = (title.to_owned(), words.to_owned(), place.to_owned());
        self
    }

    /// Whose phone it came from.
    #[must_use]
    pub fn phoned_by(mut self, phone: Option<Hash>) -> Self {
        self.keys.extend(phone.map(|hash| Key::Phone(hash).term()));
        self
    }
}

/// A unit's code and those above it, the whole one first.
pub(crate) fn upwards(unit: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(unit), |below| below.rsplit_once('/').map(|(above, _)| above))
}
