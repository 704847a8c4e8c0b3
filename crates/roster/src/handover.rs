//! Handover at the end of a shift (D§14, 交接班): what is handed over, to whom, and who signed.
//!
//! Nothing is in limbo: every item has exactly one holder at any time. Until both shift leaders have signed it is
//! whoever held it in the outgoing shift; from then on whoever takes it in the incoming one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use suban_domain::{At, PersonCode, TextId, TicketId, UnitCode};

/// What is handed over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// A ticket that somebody of the shift has claimed.
    Claimed(TicketId),
    /// A ticket that the unit has not signed yet.
    Unsigned(TicketId),
    /// A promise to a caller, such as "we call back at 10".
    Promise {
        /// About which ticket.
        ticket: TicketId,
        /// When it must be kept.
        due: At,
        /// Its words.
        words: TextId,
    },
    /// Something that goes on, such as a burst main (要情).
    Event(TextId),
    /// What the next shift should know.
    Note(TextId),
}

/// Who holds an item, and who takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Of the outgoing shift.
    pub from: PersonCode,
    /// Of the incoming shift.
    pub to: PersonCode,
}

/// Who has signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signatures {
    /// Nobody yet; items can be added and given to others.
    Open,
    /// The outgoing leader: the list is complete.
    SignedByOutgoing {
        /// When.
        at: At,
    },
    /// Both: the incoming shift holds everything.
    Closed {
        /// When the outgoing leader signed.
        outgoing: At,
        /// When the incoming leader did.
        incoming: At,
    },
}

/// Why a step of a handover is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandoverRefused {
    /// Signed by the outgoing leader, who says with it that the list is complete.
    #[error("the outgoing leader has signed already; let the incoming leader send it back to change it")]
    Signed,
    /// Both have signed.
    #[error("this handover is closed; what comes later belongs to the incoming shift")]
    Closed,
    /// Not the one whose signature is next.
    #[error("{person} cannot sign now; the next signature is that of {next}")]
    NotYours {
        /// Who tried.
        person: PersonCode,
        /// Who is next.
        next: PersonCode,
    },
    /// One person cannot hand over to themselves.
    #[error("{person} would sign for both shifts; a handover takes two people")]
    SamePerson {
        /// Who.
        person: PersonCode,
    },
    /// An item that is not on the list.
    #[error("this is not on the list of the handover; add it first")]
    Unknown,
    /// An item that somebody else holds.
    #[error("{holder} holds this already; an item has one holder")]
    HeldBy {
        /// Who.
        holder: PersonCode,
    },
    /// Signed earlier than the other signature.
    #[error("the second signature cannot be earlier than the first, of {first}")]
    Earlier {
        /// When the first was.
        first: At,
    },
}

/// One handover from a shift to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handover {
    /// Of which unit or team.
    pub unit: UnitCode,
    /// Leads the shift that ends.
    pub outgoing: PersonCode,
    /// Leads the one that begins.
    pub incoming: PersonCode,
    #[serde(with = "as_list")]
    items: BTreeMap<Item, Held>,
    signatures: Signatures,
}

impl Handover {
    /// Begins one, with nothing on its list.
    ///
    /// # Errors
    /// When one person would sign for both shifts.
    pub fn open(unit: UnitCode, outgoing: PersonCode, incoming: PersonCode) -> Result<Self, HandoverRefused> {
        if outgoing == incoming {
            return Err(HandoverRefused::SamePerson { person: outgoing });
        }
        Ok(Self { unit, outgoing, incoming, items: BTreeMap::new(), signatures: Signatures::Open })
    }

    /// Puts an item on the list that somebody of the outgoing shift holds; the incoming leader takes it unless it is
    /// given to somebody else. The same item again is the same.
    ///
    /// # Errors
    /// When it is signed, or somebody else holds the item.
    pub fn with(mut self, item: Item, holder: PersonCode) -> Result<Self, HandoverRefused> {
        self.still_open()?;
        match self.items.get(&item) {
            Some(held) if held.from != holder => return Err(HandoverRefused::HeldBy { holder: held.from.clone() }),
            Some(_) => {}
            None => {
                self.items.insert(item, Held { from: holder, to: self.incoming.clone() });
            }
        }
        Ok(self)
    }

    /// Gives an item to somebody of the incoming shift.
    ///
    /// # Errors
    /// When it is signed, or the item is not on the list.
    pub fn give(mut self, item: &Item, to: PersonCode) -> Result<Self, HandoverRefused> {
        self.still_open()?;
        self.items.get_mut(item).ok_or(HandoverRefused::Unknown)?.to = to;
        Ok(self)
    }

    /// A leader signs: the outgoing one first, who says that the list is complete, then the incoming one, who takes it.
    ///
    /// # Errors
    /// When it is closed, another signature is next, or the second would be earlier than the first.
    pub fn sign(mut self, person: &PersonCode, at: At) -> Result<Self, HandoverRefused> {
        let (next, signed) = match self.signatures {
            Signatures::Open => (&self.outgoing, Signatures::SignedByOutgoing { at }),
            Signatures::SignedByOutgoing { at: first } if at < first => return Err(HandoverRefused::Earlier { first }),
            Signatures::SignedByOutgoing { at: outgoing } => {
                (&self.incoming, Signatures::Closed { outgoing, incoming: at })
            }
            Signatures::Closed { .. } => return Err(HandoverRefused::Closed),
        };
        if person != next {
            return Err(HandoverRefused::NotYours { person: person.clone(), next: next.clone() });
        }
        self.signatures = signed;
        Ok(self)
    }

    /// The incoming leader sends the list back: it is open again, and the outgoing shift still holds everything.
    ///
    /// # Errors
    /// When it is closed, or it is not the incoming leader's to send back.
    pub fn send_back(mut self, person: &PersonCode) -> Result<Self, HandoverRefused> {
        match self.signatures {
            Signatures::Closed { .. } => return Err(HandoverRefused::Closed),
            Signatures::Open | Signatures::SignedByOutgoing { .. } => {}
        }
        if *person != self.incoming {
            return Err(HandoverRefused::NotYours { person: person.clone(), next: self.incoming.clone() });
        }
        self.signatures = Signatures::Open;
        Ok(self)
    }

    /// Who holds an item now; none that is not on the list.
    #[must_use]
    pub fn holder(&self, item: &Item) -> Option<&PersonCode> {
        let held = self.items.get(item)?;
        Some(match self.signatures {
            Signatures::Open | Signatures::SignedByOutgoing { .. } => &held.from,
            Signatures::Closed { .. } => &held.to,
        })
    }

    /// Everything on the list.
    pub fn items(&self) -> impl Iterator<Item = (&Item, &Held)> {
        self.items.iter()
    }

    /// Promises that are due before an instant, the most pressing first: what the incoming leader reads first.
    #[must_use]
    pub fn promises_before(&self, instant: At) -> Vec<&Item> {
        let due = |item: &Item| match item {
            Item::Promise { due, .. } => Some(*due),
            Item::Claimed(_) | Item::Unsigned(_) | Item::Event(_) | Item::Note(_) => None,
        };
        let mut all: Vec<_> = self.items.keys().filter(|item| due(item).is_some_and(|due| due < instant)).collect();
        all.sort_by_key(|item| due(item));
        all
    }

    /// Who has signed.
    #[must_use]
    pub const fn signatures(&self) -> Signatures {
        self.signatures
    }

    const fn still_open(&self) -> Result<(), HandoverRefused> {
        match self.signatures {
            Signatures::Open => Ok(()),
            Signatures::SignedByOutgoing { .. } => Err(HandoverRefused::Signed),
            Signatures::Closed { .. } => Err(HandoverRefused::Closed),
        }
    }
}

/// Items are no keys of JSON; they are written as a list.
mod as_list {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::{Held, Item};

    pub(super) fn serialize<S: Serializer>(items: &BTreeMap<Item, Held>, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(items)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<Item, Held>, D::Error> {
        Ok(Vec::<(Item, Held)>::deserialize(from)?.into_iter().collect())
    }
}
