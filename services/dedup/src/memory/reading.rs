//! What is compared of a ticket, from what it says and what is known of it.

use std::borrow::Cow;

use suban_domain::{Hash, Ticket};
use suban_likeness::{Read, Request, Spot, Tongue, read};
use suban_store::Told;
use suban_text::{
    Catalogue, Segmenter,
    extract::{Named, extract},
};

use super::{id, seconds};

/// A ticket as it is compared: what was read of it, and whose model it is weighed by.
pub(crate) struct Asked {
    pub(crate) read: Read,
    pub(crate) tongue: Tongue,
}

/// Reads tickets.
#[derive(Default)]
pub(crate) struct Reader {
    segmenter: Segmenter,
}

impl Reader {
    /// Reads a ticket.
    pub(crate) fn ticket(&self, ticket: &Ticket, told: &Told, catalogue: Option<&Catalogue>) -> Asked {
        self.told(
            &Request {
                id: id(ticket.id),
                reported_at: seconds(ticket.reported_at),
                spot: ticket.point.and_then(|p| Spot::new(p.lat, p.lon)),
                area: ticket.area.as_ref().map_or("", |a| a.as_str()),
                category: ticket.matter.as_ref().map_or("", |m| m.as_str()),
                ..Request::default()
            },
            told,
            catalogue,
        )
    }

    /// Reads words that somebody told, beside what else is known of them.
    pub(crate) fn told(&self, known: &Request<'_>, told: &Told, catalogue: Option<&Catalogue>) -> Asked {
        let person = told.phone.as_ref().map_or_else(String::new, |Hash(hash)| hex(hash));
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

fn hex(bytes: &[u8]) -> String {
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
