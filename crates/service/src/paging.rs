//! Pages by key: how large they are, and tokens that only their caller can use, on their list alone.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use prost::Message;
use sha2::{Digest as _, Sha256};
use suban_runtime::{access::Caller, errors};
use tonic::Status;

/// Entries of a page when not said, and at most; the contract says both.
const PAGE: u32 = 50;
const PAGE_MOST: u32 = 200;

/// How many entries a page has.
///
/// # Errors
/// `INVALID_ARGUMENT` when it is more than the contract allows.
pub fn page_size(asked: u32) -> Result<u32, Status> {
    match asked {
        0 => Ok(PAGE),
        n if n <= PAGE_MOST => Ok(n),
        _ => Err(errors::invalid("page_size", format!("must be at most {PAGE_MOST}"))),
    }
}

/// What a page token is bound to: who asks, and for what list.
#[derive(Debug, Clone, Copy)]
pub struct Mark([u8; 16]);

impl Mark {
    /// The mark of a caller and a request; the request comes without its token and page size, which change from
    /// page to page.
    #[must_use]
    pub fn of(caller: &Caller, asked: &impl Message) -> Self {
        let mut hash = Sha256::new();
        for part in [caller.actor.person.as_str(), caller.actor.role.code()] {
            hash.update(part);
            hash.update([0]);
        }
        hash.update(caller.actor.unit.as_ref().map(ToString::to_string).unwrap_or_default());
        hash.update([0]);
        hash.update(asked.encode_to_vec());
        let mut mark = [0; 16];
        mark.copy_from_slice(&hash.finalize()[..16]);
        Self(mark)
    }

    /// The token after this key.
    #[must_use]
    pub fn seal(&self, key: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode([&self.0[..], key].concat())
    }

    /// The key of a token; none of the first page.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when the token is another caller's, or of another list.
    pub fn open<const N: usize>(&self, token: &str) -> Result<Option<[u8; N]>, Status> {
        if token.is_empty() {
            return Ok(None);
        }
        let key = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| {
            let (made_for, key) = bytes.split_at_checked(self.0.len())?;
            (made_for == self.0).then(|| key.try_into().ok()).flatten()
        });
        key.map(Some).ok_or_else(|| errors::invalid("page_token", "is not of this list; begin again without one"))
    }
}

#[cfg(test)]
mod tests {
    use suban_domain::{Actor, PersonCode, Role};
    use suban_proto::v1;
    use uuid::Uuid;

    use super::*;

    fn agent(person: &str) -> Caller {
        Caller {
            token_id: Uuid::nil(),
            actor: Actor { role: Role::Agent, person: PersonCode::new(person).unwrap(), unit: None, area: None },
            outsourced: false,
        }
    }

    #[test]
    fn a_page_token_is_of_one_caller_and_one_list() {
        let ask = v1::ListRequest { area: "QH".into(), ..Default::default() };
        let mine = Mark::of(&agent("a"), &ask).seal(&[7; 16]);
        assert_eq!(Mark::of(&agent("a"), &ask).open(&mine).unwrap(), Some([7; 16]));
        assert_eq!(Mark::of(&agent("a"), &ask).open::<16>("").unwrap(), None);
        assert!(Mark::of(&agent("b"), &ask).open::<16>(&mine).is_err());
        assert!(Mark::of(&agent("a"), &ask).open::<26>(&mine).is_err(), "a key of another shape");
        let other = v1::ListRequest { area: "QX".into(), ..Default::default() };
        assert!(Mark::of(&agent("a"), &other).open::<16>(&mine).is_err());
        assert!(Mark::of(&agent("a"), &ask).open::<16>("not a token").is_err());
    }

    #[test]
    fn a_page_is_as_large_as_the_contract_says() {
        assert_eq!((page_size(0).unwrap(), page_size(200).unwrap()), (50, 200));
        assert!(page_size(201).is_err());
    }
}
