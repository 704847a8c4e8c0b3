//! The suite's own keys: where they come from and what each is for.
//!
//! Three independent keys, so that one can be rotated without the others: the *master key* wraps each
//! requester's own key (rotation: add a new one, wrap again, drop the old), the *phone key* makes the
//! blind index of phone numbers, the *link key* signs citizens' links. They come from the settings
//! (production: from the environment, filled by the platform's secret store) or from `security.key_file`,
//! which demo mode creates at its first start with mode 0600. Nothing here is ever printed.

use std::{collections::BTreeMap, fmt, io::Write as _, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rand::{TryRngCore as _, rngs::OsRng};
use secrecy::{ExposeSecret as _, SecretBox};
use serde::{Deserialize, Serialize};

use crate::{Secret, settings::Settings};

/// 256 secret bits, wiped from memory when dropped.
pub struct Key(SecretBox<[u8; 32]>);

impl Key {
    /// The bits: for the one place that encrypts or signs.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose_secret()
    }

    fn from_base64(text: &Secret) -> Option<Self> {
        let bits = STANDARD.decode(text.expose().trim()).ok()?;
        Some(Self(SecretBox::new(Box::new(bits.try_into().ok()?))))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(***)")
    }
}

/// Every key of the suite.
#[derive(Debug)]
pub struct Keys {
    /// The id of the master key that wraps from now on.
    pub current: String,
    /// Master keys by id: the current one and those that still unwrap what they wrapped.
    pub masters: BTreeMap<String, Key>,
    /// Blind index of phone numbers.
    pub phone: Key,
    /// Signs citizens' links.
    pub link: Key,
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// A given key is not 32 bytes of base64.
    #[error("{name} must be 32 random bytes in base64, as of: openssl rand -base64 32")]
    Malformed {
        /// Its setting or its name in the file.
        name: String,
    },
    /// There is no file and this is no demo.
    #[error(
        "no keys: give security.master_key, security.phone_key and security.link_key, or make {path} with \
         `suban keys new`"
    )]
    Missing {
        /// Where they were looked for.
        path: String,
    },
    /// The file cannot be read, understood or written.
    #[error("key file {path} cannot be used: {problem}")]
    File {
        /// Which.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Others may read the file.
    #[error(
        "key file {path} can be read by others (mode {mode:o}): chmod 600 it, and change the keys if they were seen"
    )]
    Open {
        /// Which.
        path: String,
        /// Its mode.
        mode: u32,
    },
}

/// The file: TOML, every key in base64.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    current: String,
    phone: Secret,
    link: Secret,
    masters: BTreeMap<String, Secret>,
}

/// What is written: the only place where secrets are turned into text.
#[derive(Serialize)]
struct Written<'a> {
    current: &'a str,
    phone: &'a str,
    link: &'a str,
    masters: BTreeMap<&'a str, &'a str>,
}

impl Keys {
    /// The keys from the settings or the key file; demo mode makes the file when there is none.
    ///
    /// # Errors
    /// When there are none, or they cannot be used; no message holds a key.
    pub fn load(settings: &Settings) -> Result<Self, KeysError> {
        let security = &settings.security;
        if !security.master_key.is_empty() {
            let key = |name: &str, text: &Secret| {
                Key::from_base64(text).ok_or_else(|| KeysError::Malformed { name: format!("security.{name}") })
            };
            let master = key("master_key", &security.master_key)?;
            return Ok(Self {
                current: security.master_key_id.clone(),
                masters: BTreeMap::from([(security.master_key_id.clone(), master)]),
                phone: key("phone_key", &security.phone_key)?,
                link: key("link_key", &security.link_key)?,
            });
        }
        let path = &security.key_file;
        if !path.exists() {
            if !settings.demo.enabled {
                return Err(KeysError::Missing { path: path.display().to_string() });
            }
            Self::create(path)?;
        }
        Self::read(path)
    }

    /// Makes a file of fresh keys, mode 0600. When another process was faster, its file stays.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(path: &Path) -> Result<(), KeysError> {
        let (phone, link, master) = (fresh(path)?, fresh(path)?, fresh(path)?);
        let file = Written {
            current: "k1",
            phone: phone.expose(),
            link: link.expose(),
            masters: BTreeMap::from([("k1", master.expose())]),
        };
        let temporary = write_beside(path, &file)?;
        // A link, other than a rename, fails when the file is there: the first of several processes wins.
        let linked = std::fs::hard_link(&temporary, path);
        // What stays behind would be a second copy of the keys.
        std::fs::remove_file(&temporary).map_err(|problem| unusable(path, &problem))?;
        match linked {
            Err(problem) if problem.kind() != std::io::ErrorKind::AlreadyExists => Err(unusable(path, &problem)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Adds a fresh master key to the file and makes it the current one. The old one stays, to unwrap.
    /// Answers the new key's id.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn rotate(path: &Path) -> Result<String, KeysError> {
        let file = read_file(path)?;
        let newest = file.masters.keys().filter_map(|id| id.strip_prefix('k')?.parse::<u32>().ok()).max().unwrap_or(0);
        let id = format!("k{}", newest.saturating_add(1));
        let master = fresh(path)?;
        let mut masters: BTreeMap<&str, &str> =
            file.masters.iter().map(|(id, key)| (id.as_str(), key.expose())).collect();
        masters.insert(&id, master.expose());
        let written = Written { current: &id, phone: file.phone.expose(), link: file.link.expose(), masters };
        let temporary = write_beside(path, &written)?;
        std::fs::rename(&temporary, path).map_err(|problem| unusable(path, &problem))?;
        Ok(id)
    }

    fn read(path: &Path) -> Result<Self, KeysError> {
        let file = read_file(path)?;
        let key = |name: String, text: &Secret| Key::from_base64(text).ok_or(KeysError::Malformed { name });
        let masters = file
            .masters
            .iter()
            .map(|(id, text)| Ok((id.clone(), key(format!("masters.{id}"), text)?)))
            .collect::<Result<BTreeMap<_, _>, KeysError>>()?;
        if !masters.contains_key(&file.current) {
            return Err(unusable(path, &format_args!("current is {:?}, which is none of its masters", file.current)));
        }
        Ok(Self {
            phone: key("phone".to_owned(), &file.phone)?,
            link: key("link".to_owned(), &file.link)?,
            current: file.current,
            masters,
        })
    }
}

fn read_file(path: &Path) -> Result<KeyFile, KeysError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).map_err(|problem| unusable(path, &problem))?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeysError::Open { path: path.display().to_string(), mode });
    }
    let text = std::fs::read_to_string(path).map_err(|problem| unusable(path, &problem))?;
    // The parser's own message quotes the line, and the line is a key.
    toml::from_str(&text).map_err(|problem| unusable(path, &problem.message()))
}

fn write_beside(path: &Path, file: &Written<'_>) -> Result<std::path::PathBuf, KeysError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let text = toml::to_string(file).map_err(|problem| unusable(path, &problem))?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|problem| unusable(path, &problem))?;
    }
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}-{:x}", std::process::id(), OsRng.try_next_u32().unwrap_or_default()));
    let temporary = std::path::PathBuf::from(name);
    let write = || -> std::io::Result<()> {
        let mut out = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        out.write_all(b"# Suban's keys. Whoever has them reads every citizen's data; whoever loses them loses it.\n")?;
        out.write_all(text.as_bytes())?;
        out.sync_all()
    };
    write().map_err(|problem| unusable(path, &problem))?;
    Ok(temporary)
}

fn fresh(path: &Path) -> Result<Secret, KeysError> {
    let mut bits = [0; 32];
    OsRng.try_fill_bytes(&mut bits).map_err(|problem| unusable(path, &problem))?;
    Ok(Secret::new(STANDARD.encode(bits)))
}

fn unusable(path: &Path, problem: &dyn fmt::Display) -> KeysError {
    KeysError::File { path: path.display().to_string(), problem: problem.to_string() }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    struct Folder(std::path::PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("suban-keys-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn settings(&self, demo: bool) -> Settings {
            let variables = [
                ("SUBAN_SECURITY__KEY_FILE".to_owned(), self.file().display().to_string()),
                ("SUBAN_DEMO__ENABLED".to_owned(), demo.to_string()),
            ];
            Settings::from_layers(None, variables).unwrap()
        }

        fn file(&self) -> std::path::PathBuf {
            self.0.join("keys.toml")
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn the_demo_makes_its_keys_once_and_for_its_owner_only() {
        let folder = Folder::new("demo");
        let keys = Keys::load(&folder.settings(true)).unwrap();
        assert_eq!(std::fs::metadata(folder.file()).unwrap().permissions().mode() & 0o777, 0o600);
        let again = Keys::load(&folder.settings(false)).unwrap();
        assert_eq!(keys.phone.expose(), again.phone.expose());
        assert_ne!(keys.phone.expose(), keys.link.expose());
        assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 1, "no second copy stays behind");
    }

    #[test]
    fn several_processes_that_start_at_once_share_the_first_ones_keys() {
        let folder = Folder::new("race");
        let settings = folder.settings(true);
        let phones: Vec<_> = std::thread::scope(|scope| {
            let starts: Vec<_> =
                (0..8).map(|_| scope.spawn(|| *Keys::load(&settings).unwrap().phone.expose())).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert!(phones.windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn a_real_city_gets_no_keys_by_accident() {
        let folder = Folder::new("real");
        assert!(matches!(Keys::load(&folder.settings(false)), Err(KeysError::Missing { .. })));
        assert!(!folder.file().exists());
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let folder = Folder::new("open");
        Keys::create(&folder.file()).unwrap();
        std::fs::set_permissions(folder.file(), std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Keys::load(&folder.settings(true)), Err(KeysError::Open { mode: 0o640, .. })));
    }

    #[test]
    fn rotation_keeps_the_old_master_and_the_index() {
        let folder = Folder::new("rotate");
        let before = Keys::load(&folder.settings(true)).unwrap();
        assert_eq!(Keys::rotate(&folder.file()).unwrap(), "k2");
        let after = Keys::load(&folder.settings(true)).unwrap();
        assert_eq!(after.current, "k2");
        assert_eq!(after.masters["k1"].expose(), before.masters["k1"].expose());
        assert_ne!(after.masters["k2"].expose(), after.masters["k1"].expose());
        assert_eq!(after.phone.expose(), before.phone.expose());
    }

    #[test]
    fn a_broken_file_is_told_without_its_keys() {
        let folder = Folder::new("broken");
        Keys::create(&folder.file()).unwrap();
        let text = std::fs::read_to_string(folder.file()).unwrap();
        let key = text.lines().find_map(|line| line.strip_prefix("phone = ")).unwrap().trim_matches('"').to_owned();
        std::fs::write(folder.file(), text.replace("phone = \"", "phone = \"\"")).unwrap();
        let problem = Keys::load(&folder.settings(true)).unwrap_err().to_string();
        assert!(!problem.contains(&key[..8]), "{problem}");
    }

    #[test]
    fn keys_from_the_settings_win_and_must_be_32_bytes() {
        let good = STANDARD.encode([7; 32]);
        let with = |master: &str| {
            let variables = [("MASTER", master), ("PHONE", good.as_str()), ("LINK", good.as_str())]
                .map(|(name, key)| (format!("SUBAN_SECURITY__{name}_KEY"), key.to_owned()));
            Keys::load(&Settings::from_layers(None, variables).unwrap())
        };
        assert_eq!(with(&good).unwrap().masters["k1"].expose(), &[7; 32]);
        let problem = with("c2hvcnQ=").unwrap_err().to_string();
        assert!(problem.contains("security.master_key") && !problem.contains("c2hvcnQ"), "{problem}");
        assert_eq!(format!("{:?}", with(&good).unwrap().phone), "Key(***)");
    }
}
