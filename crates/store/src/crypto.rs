//! Envelope encryption, the blind index of phones, and citizens' links (R-SEC-1).
//!
//! Each requester has a key of their own; the master key wraps it. Destroying the wrapped key erases the
//! person, and changing the master key touches one small column. Everything encrypted begins with a byte that
//! names its algorithm, so that SM4-GCM can stand beside AES-256-GCM; every hash and signature takes that byte
//! in as well. What a ciphertext belongs to is authenticated with it: moved to another row it does not open.

use aes_gcm::{
    Aes256Gcm, Key, KeyInit as _, Nonce,
    aead::{Aead as _, Payload},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac as _};
use rand::{TryRngCore as _, rngs::OsRng};
use sha2::Sha256;
use suban_domain::{At, Hash, RequesterId, TicketId};
use suban_runtime::Keys;
use suban_text::Phone;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Algorithms by the byte that names them: encryption AES-256-GCM, hashes HMAC-SHA-256. 2 is kept for SM4-GCM
/// and HMAC-SM3.
const AES_256_GCM: u8 = 1;
const HMAC_SHA_256: u8 = 1;

/// Algorithm, nonce.
const HEAD: usize = 1 + NONCE;
const NONCE: usize = 12;
/// Bytes of a link's signature: 128 bits cannot be guessed, and keep the link short enough for an SMS.
const LINK_TAG: usize = 16;

/// Why something could not be encrypted or read back. Says nothing of the content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    /// The machine gives no random bits.
    #[error("the machine gives no random bits")]
    NoRandomness,
    /// The ciphertext's first byte names no algorithm that this version knows.
    #[error("encrypted with algorithm {0}, which this version does not know")]
    UnknownAlgorithm(u8),
    /// Wrapped with a master key that is not among the keys.
    #[error("wrapped with master key {0:?}, which is not among the keys; give it back as an old one to read this")]
    UnknownMaster(String),
    /// Wrong key, changed bytes, or another row's.
    #[error("does not open: another key's, another row's, or changed")]
    DoesNotOpen,
}

/// A requester's own key: 256 random bits, wiped from memory when dropped.
#[derive(Clone)]
pub struct RequesterKey(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for RequesterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RequesterKey(***)")
    }
}

impl RequesterKey {
    /// A fresh key.
    ///
    /// # Errors
    /// When the machine gives no random bits.
    pub fn fresh() -> Result<Self, CryptoError> {
        let mut bits = Zeroizing::new([0; 32]);
        OsRng.try_fill_bytes(bits.as_mut_slice()).map_err(|_| CryptoError::NoRandomness)?;
        Ok(Self(bits))
    }

    /// This key under the current master key, for this requester only.
    ///
    /// # Errors
    /// When the machine gives no random bits or the keys have no current one.
    pub fn wrap(&self, keys: &Keys, requester: RequesterId) -> Result<Vec<u8>, CryptoError> {
        seal_with(master(keys, &keys.current)?, &about(b"key", requester.uuid()), self.0.as_slice())
    }

    /// Reads back what [`RequesterKey::wrap`] made under the master key `key_id`.
    ///
    /// # Errors
    /// When that master key is gone, or the bytes are not that requester's.
    pub fn unwrap(keys: &Keys, key_id: &str, requester: RequesterId, wrapped: &[u8]) -> Result<Self, CryptoError> {
        let bits = Zeroizing::new(open_with(master(keys, key_id)?, &about(b"key", requester.uuid()), wrapped)?);
        let bits: [u8; 32] = bits.as_slice().try_into().map_err(|_| CryptoError::DoesNotOpen)?;
        Ok(Self(Zeroizing::new(bits)))
    }

    /// Encrypts; `aad` says what the ciphertext belongs to and must be the same when it is opened.
    ///
    /// # Errors
    /// When the machine gives no random bits.
    pub fn seal(&self, aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        seal_with(&self.0, aad, plaintext)
    }

    /// Decrypts what [`RequesterKey::seal`] made.
    ///
    /// # Errors
    /// When the key, the bytes or what they belong to are others.
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        open_with(&self.0, aad, sealed).map(Zeroizing::new)
    }
}

/// What a ciphertext belongs to: its kind and the id of its row.
pub(crate) fn about(kind: &'static [u8], id: Uuid) -> Vec<u8> {
    [kind, b":".as_slice(), id.as_bytes()].concat()
}

/// A name that nobody can guess and that says nothing: 128 random bits in hexadecimal digits.
pub(crate) fn random_name() -> Result<String, CryptoError> {
    let mut bits = [0; 16];
    OsRng.try_fill_bytes(&mut bits).map_err(|_| CryptoError::NoRandomness)?;
    Ok(Uuid::from_bytes(bits).simple().to_string())
}

fn master<'k>(keys: &'k Keys, id: &str) -> Result<&'k [u8; 32], CryptoError> {
    keys.masters.get(id).map(suban_runtime::keys::Key::expose).ok_or_else(|| CryptoError::UnknownMaster(id.to_owned()))
}

/// Algorithm, nonce, ciphertext with its tag. The nonce is random: one key seals far fewer than the 2³²
/// messages for which that is safe (NIST SP 800-38D), the master key included, and it is rotated besides.
fn seal_with(key: &[u8; 32], aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let mut nonce = [0; NONCE];
    OsRng.try_fill_bytes(&mut nonce).map_err(|_| CryptoError::NoRandomness)?;
    let aad = [&[AES_256_GCM], aad].concat();
    let text = Aes256Gcm::new(Key::<Aes256Gcm>::from_slice(key))
        .encrypt(Nonce::from_slice(&nonce), Payload { msg: plaintext, aad: &aad })
        // Only a plaintext of 64 GiB is refused.
        .map_err(|_| CryptoError::DoesNotOpen)?;
    Ok([&[AES_256_GCM], nonce.as_slice(), &text].concat())
}

fn open_with(key: &[u8; 32], aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let (head, text) = sealed.split_at_checked(HEAD).ok_or(CryptoError::DoesNotOpen)?;
    match head.split_first() {
        Some((&AES_256_GCM, nonce)) => {
            let aad = [&[AES_256_GCM], aad].concat();
            Aes256Gcm::new(Key::<Aes256Gcm>::from_slice(key))
                .decrypt(Nonce::from_slice(nonce), Payload { msg: text, aad: &aad })
                .map_err(|_| CryptoError::DoesNotOpen)
        }
        Some((other, _)) => Err(CryptoError::UnknownAlgorithm(*other)),
        None => Err(CryptoError::DoesNotOpen),
    }
}

fn mac(key: &[u8; 32], what: &[u8], value: &[u8]) -> Option<Hmac<Sha256>> {
    // HMAC takes a key of any length, so there is always one; the type says it might not.
    let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(key).ok()?;
    mac.update(&[HMAC_SHA_256]);
    mac.update(what);
    mac.update(value);
    Some(mac)
}

/// The blind index of a phone: finds the same number again and cannot be turned back without the key. The
/// algorithm's byte is part of what is hashed.
#[must_use]
pub fn phone_hash(keys: &Keys, phone: &Phone) -> Hash {
    let made = mac(keys.phone.expose(), b"phone", phone.as_str().as_bytes());
    Hash(made.map_or([0; 32], |m| m.finalize().into_bytes().into()))
}

/// The part of a citizen's link that cannot be guessed: base64url of the ticket's id and a signature of it.
#[must_use]
pub fn link_token(keys: &Keys, ticket: TicketId) -> String {
    let id = ticket.uuid();
    let mut bytes = id.as_bytes().to_vec();
    if let Some(mac) = mac(keys.link.expose(), b"link", id.as_bytes()) {
        bytes.extend(mac.finalize().into_bytes().iter().take(LINK_TAG));
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The ticket that this link is for; none when it was not made here. Compared in constant time.
#[must_use]
pub fn ticket_of_link(keys: &Keys, token: &str) -> Option<TicketId> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (id, tag) = bytes.split_at_checked(16)?;
    if tag.len() != LINK_TAG {
        return None;
    }
    mac(keys.link.expose(), b"link", id)?.verify_truncated_left(tag).ok()?;
    Some(TicketId::new(Uuid::from_slice(id).ok()?))
}

/// What a link to a file leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileLink {
    /// The file.
    pub file: Uuid,
    /// Only its small picture.
    pub small: bool,
    /// Until when, to the second.
    pub until: At,
}

/// File, end, which copy.
const FILE_LINK: usize = 16 + 8 + 1;

/// The part of a link to a file that cannot be guessed or changed: base64url of what it leads to and a signature.
#[must_use]
pub fn file_link(keys: &Keys, link: &FileLink) -> String {
    let mut bytes = link.file.as_bytes().to_vec();
    bytes.extend(link.until.timestamp().as_second().to_be_bytes());
    bytes.push(u8::from(link.small));
    if let Some(mac) = mac(keys.link.expose(), b"file", &bytes) {
        bytes.extend(mac.finalize().into_bytes().iter().take(LINK_TAG));
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Where this link leads; none when it was not made here. Whether it is over is for the reader to see.
#[must_use]
pub fn file_of_link(keys: &Keys, token: &str) -> Option<FileLink> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (what, tag) = bytes.split_at_checked(FILE_LINK)?;
    if tag.len() != LINK_TAG {
        return None;
    }
    mac(keys.link.expose(), b"file", what)?.verify_truncated_left(tag).ok()?;
    let (file, rest) = what.split_at_checked(16)?;
    let (until, small) = rest.split_at_checked(8)?;
    let until = jiff::Timestamp::from_second(i64::from_be_bytes(until.try_into().ok()?)).ok()?;
    Some(FileLink { file: Uuid::from_slice(file).ok()?, small: small == [1], until: At::from(until) })
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use suban_runtime::Settings;

    use super::*;

    fn keys(master: u8) -> Keys {
        let key = |bits: u8| STANDARD.encode([bits; 32]);
        let variables = [
            ("SUBAN_SECURITY__MASTER_KEY".to_owned(), key(master)),
            ("SUBAN_SECURITY__PHONE_KEY".to_owned(), key(101)),
            ("SUBAN_SECURITY__LINK_KEY".to_owned(), key(102)),
        ];
        Keys::load(&Settings::from_layers(None, variables).unwrap()).unwrap()
    }

    fn requester(n: u128) -> RequesterId {
        RequesterId::new(Uuid::from_u128(n))
    }

    #[test]
    fn what_was_sealed_opens_with_its_key_only() {
        let (key, other) = (RequesterKey::fresh().unwrap(), RequesterKey::fresh().unwrap());
        let sealed = key.seal(b"a", "张三".as_bytes()).unwrap();
        assert_eq!(key.open(b"a", &sealed).unwrap().as_slice(), "张三".as_bytes());
        assert_eq!(other.open(b"a", &sealed), Err(CryptoError::DoesNotOpen));
        assert_eq!(key.open(b"b", &sealed), Err(CryptoError::DoesNotOpen), "another row's");
        assert!(!sealed.windows(3).any(|w| w == &"张".as_bytes()[..3]));
        assert_ne!(key.seal(b"a", b"x").unwrap(), key.seal(b"a", b"x").unwrap());
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let key = RequesterKey::fresh().unwrap();
        let sealed = key.seal(b"a", b"some words").unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut bytes = sealed.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let expected = if bit < 8 { CryptoError::UnknownAlgorithm(bytes[0]) } else { CryptoError::DoesNotOpen };
            assert_eq!(key.open(b"a", &bytes), Err(expected));
        }
        for cut in 0..sealed.len() {
            assert!(key.open(b"a", &sealed[..cut]).is_err());
        }
    }

    #[test]
    fn an_unknown_algorithm_is_named() {
        let key = RequesterKey::fresh().unwrap();
        let mut sealed = key.seal(b"a", b"x").unwrap();
        sealed[0] = 2;
        assert_eq!(key.open(b"a", &sealed), Err(CryptoError::UnknownAlgorithm(2)));
    }

    #[test]
    fn a_wrapped_key_is_one_requesters_and_one_masters() {
        let (mine, other) = (keys(1), keys(2));
        let key = RequesterKey::fresh().unwrap();
        let wrapped = key.wrap(&mine, requester(1)).unwrap();
        let back = RequesterKey::unwrap(&mine, &mine.current, requester(1), &wrapped).unwrap();
        assert_eq!(*back.0, *key.0);
        let wrong = |keys: &Keys, id: &str, r| RequesterKey::unwrap(keys, id, r, &wrapped).unwrap_err();
        assert_eq!(wrong(&mine, "k1", requester(2)), CryptoError::DoesNotOpen);
        assert_eq!(wrong(&other, "k1", requester(1)), CryptoError::DoesNotOpen);
        assert_eq!(wrong(&mine, "k9", requester(1)), CryptoError::UnknownMaster("k9".to_owned()));
    }

    #[test]
    fn one_line_has_one_hash_however_it_was_typed() {
        let phone = |typed| suban_text::phone::normalise(typed).unwrap();
        let keys = keys(1);
        let hash = phone_hash(&keys, &phone("13812345678"));
        assert_eq!(hash, phone_hash(&keys, &phone("+86 138-1234-5678")));
        assert_ne!(hash, phone_hash(&keys, &phone("13812345679")));
        assert_ne!(hash.0, [0; 32]);
    }

    #[test]
    fn a_link_leads_to_its_ticket_and_cannot_be_made_up() {
        let keys = keys(1);
        let ticket = TicketId::new(Uuid::from_u128(7));
        let link = link_token(&keys, ticket);
        assert_eq!(link.len(), 43);
        assert_eq!(ticket_of_link(&keys, &link), Some(ticket));
        let bytes = URL_SAFE_NO_PAD.decode(&link).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(ticket_of_link(&keys, &URL_SAFE_NO_PAD.encode(bytes)), None);
        }
        for wrong in ["", "a", &link[..42], &link[..22], &format!("{link}A"), &URL_SAFE_NO_PAD.encode([0; 16])] {
            assert_eq!(ticket_of_link(&keys, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_link_to_a_file_says_until_when_and_cannot_be_changed() {
        let keys = keys(1);
        let until = At::from("2026-03-10T01:40:00Z".parse::<jiff::Timestamp>().unwrap());
        let leads = FileLink { file: Uuid::from_u128(7), small: true, until };
        let link = file_link(&keys, &leads);
        assert_eq!(file_of_link(&keys, &link), Some(leads));
        let bytes = URL_SAFE_NO_PAD.decode(&link).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(file_of_link(&keys, &URL_SAFE_NO_PAD.encode(bytes)), None);
        }
        assert_eq!(
            file_of_link(&keys, &link_token(&keys, TicketId::new(Uuid::from_u128(7)))),
            None,
            "a citizen's link"
        );
        assert_eq!(ticket_of_link(&keys, &link), None);
    }

    #[test]
    fn a_key_is_never_shown() {
        assert_eq!(format!("{:?}", RequesterKey::fresh().unwrap()), "RequesterKey(***)");
    }
}
