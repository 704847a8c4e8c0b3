//! What is compared of a ticket, from what it says and what is known of it.

use std::{borrow::Cow, collections::HashMap};

use futures::future::try_join;
use suban_attachments::PictureHash;
use suban_domain::{Hash, Ticket, TicketId};
use suban_likeness::{Read, Request, Spot, Tongue, read, request::key};
use suban_service::App;
use suban_store::{StoreError, Told};
use suban_text::{
    Catalogue, Segmenter,
    extract::{Named, extract},
};
use uuid::Uuid;

use super::{id, seconds};

/// A ticket as it is compared: what was read of it, and whose model it is weighed by.
pub(crate) struct Asked {
    pub(crate) read: Read,
    pub(crate) tongue: Tongue,
}

/// What tickets say: their words, and the hashes of their pictures.
pub(crate) struct Sayings {
    told: HashMap<TicketId, Told>,
    pictures: HashMap<TicketId, Vec<u64>>,
}

impl Sayings {
    /// Of these tickets.
    ///
    /// # Errors
    /// When Postgres is away.
    pub(crate) async fn of(app: &App, tickets: &[TicketId]) -> Result<Self, StoreError> {
        let (told, pictures) = try_join(app.store.told(tickets), app.store.pictures_of(tickets)).await?;
        let hashes =
            |of: Vec<(Uuid, Option<PictureHash>)>| of.into_iter().filter_map(|(_, hash)| Some(hash?.0)).collect();
        Ok(Self { told, pictures: pictures.into_iter().map(|(ticket, of)| (ticket, hashes(of))).collect() })
    }

    /// Of one; none where it says nothing, or nothing any more.
    pub(crate) fn of_ticket(&self, ticket: TicketId) -> Option<(&Told, &[u64])> {
        Some((self.told.get(&ticket)?, self.pictures.get(&ticket).map_or(&[], Vec::as_slice)))
    }
}

/// Reads tickets.
#[derive(Default)]
pub(crate) struct Reader {
    segmenter: Segmenter,
}

impl Reader {
    /// Reads a ticket.
    pub(crate) fn ticket(
        &self,
        ticket: &Ticket,
        told: &Told,
        pictures: &[u64],
        catalogue: Option<&Catalogue>,
    ) -> Asked {
        self.told(
            &Request {
                id: id(ticket.id),
                reported_at: seconds(ticket.reported_at),
                spot: ticket.point.and_then(|p| Spot::new(p.lat, p.lon)),
                area: ticket.area.as_ref().map_or("", |a| a.as_str()),
                category: ticket.matter.as_ref().map_or("", |m| m.as_str()),
                pictures,
                ..Request::default()
            },
            told,
            catalogue,
        )
    }

    /// Reads words that somebody told, beside what else is known of them.
    pub(crate) fn told(&self, known: &Request<'_>, told: &Told, catalogue: Option<&Catalogue>) -> Asked {
        let person = told.phone.as_ref().map_or_else(String::new, hex);
        let row = known.category.parse().ok().and_then(|code| catalogue?.matter(&code));
        let above = row.map_or_else(String::new, |row| format!("{}/{}", row.level1, row.level2));
        let address = address(told);
        let request = Request {
            title: &told.title,
            text: &told.words,
            address: &address,
            parent_category: &above,
            requester: &person,
            ..*known
        };
        Asked { read: read(&self.segmenter, &request), tongue: Tongue::of([told.words.as_str()]) }
    }
}

/// The place as it was said; where that has no number, the first road with a number in the words, if there is one.
fn address(told: &Told) -> Cow<'_, str> {
    if !told.place.contains(|c: char| c.is_ascii_digit()) {
        let found = extract(&told.words);
        let mut road = None;
        for mention in &found.mentions {
            match (mention.named, road) {
                (Named::Road, _) => road = Some(&mention.name),
                (Named::HouseNumber, Some(road)) if told.words.is_ascii() => {
                    return format!("{} {road}", mention.name).into();
                }
                (Named::HouseNumber, Some(road)) => return format!("{road}{}号", mention.name).into(),
                _ => {}
            }
        }
    }
    Cow::Borrowed(&told.place)
}

/// The key of whoever has this phone.
pub(crate) fn person_key(phone: &Hash) -> u64 {
    key(&hex(phone))
}

fn hex(Hash(bytes): &Hash) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_house_is_found_where_it_was_said() {
        let told = |place: &str, words: &str| Told { place: place.into(), words: words.into(), ..Told::default() };
        let words = "望潮社区潮音路12号附近护栏损坏,已经三天了";
        assert_eq!(address(&told("望潮社区潮音路77号", words)), "望潮社区潮音路77号");
        assert_eq!(address(&told("望潮社区", words)), "潮音路12号");
        assert_eq!(address(&told("望潮社区", "护栏损坏,已经三天了")), "望潮社区");
    }
}
