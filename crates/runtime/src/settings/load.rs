//! Reads the layers of settings and puts them on top of each other.

use std::path::Path;

use figment::{
    Figment, Metadata, Profile, Provider,
    providers::{Format, Toml},
    value::{Dict, Map, Value},
};

use super::{DEFAULTS, Settings, SettingsError};

/// The variables that many tools share, and the setting each stands for.
const PLAIN: [(&str, &str); 3] =
    [("DATABASE_URL", "database.url"), ("KAFKA_BROKERS", "kafka.brokers"), ("REDIS_URL", "redis.url")];

impl Settings {
    /// Defaults, then the file named by `SUBAN_CONFIG`, then the environment.
    ///
    /// # Errors
    /// When a layer cannot be read, or the result does not fit together; the text lists every problem.
    pub fn load() -> Result<Self, SettingsError> {
        let file = std::env::var_os("SUBAN_CONFIG").filter(|f| !f.is_empty());
        // A variable that is no UTF-8 can be no setting of ours.
        let variables =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self::from_layers(file.as_deref().map(Path::new), variables)
    }

    /// The same from a given file and given variables: for tests and for tools that change one thing.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub fn from_layers(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let unreadable = |problem: figment::Error| {
            // One line a problem; figment names the setting and where it was set.
            SettingsError::Unreadable(problem.into_iter().map(|p| p.to_string()).collect::<Vec<_>>().join("; "))
        };
        let defaults = Figment::from(Toml::string(DEFAULTS));
        let mut layers = defaults.clone();
        if let Some(file) = file {
            layers = layers.merge(Toml::file_exact(file));
        }
        let mut plain = Vec::new();
        let mut ours = Vec::new();
        for (name, value) in variables {
            if let Some((_, setting)) = PLAIN.iter().find(|(plain, _)| *plain == name) {
                if !value.is_empty() {
                    plain.push(Variable { setting: (*setting).to_owned(), value: Value::from(value), name });
                }
            } else if let Some(setting) = setting_of(&name) {
                let value = read(&defaults, &setting, &value);
                ours.push(Variable { setting, value, name });
            }
        }
        // Ours win over the shared ones, whatever the order of the environment.
        for variable in plain.into_iter().chain(ours) {
            layers = layers.merge(variable);
        }
        let settings: Self = layers.extract().map_err(unreadable)?;
        settings.check()?;
        Ok(settings)
    }
}

/// `SUBAN_LISTEN__HOST` is `listen.host`. Names without a section (`SUBAN_CONFIG`, `SUBAN_TOKEN`) are
/// no settings.
fn setting_of(name: &str) -> Option<String> {
    let path = name.strip_prefix("SUBAN_")?;
    path.contains("__").then(|| path.to_ascii_lowercase().replace("__", "."))
}

/// A number or a truth value where the setting's default is one; else text, whatever it looks like: a key of digits only,
/// a name such as `true`, a path.
fn read(defaults: &Figment, setting: &str, text: &str) -> Value {
    let read = match defaults.find_value(setting) {
        Ok(Value::Num(..)) => {
            text.parse::<i64>().map(Value::from).ok().or_else(|| text.parse::<f64>().map(Value::from).ok())
        }
        Ok(Value::Bool(..)) => text.parse::<bool>().map(Value::from).ok(),
        Ok(_) | Err(_) => None,
    };
    read.unwrap_or_else(|| Value::from(text))
}

/// One environment variable as a layer of its own, so that messages name it.
struct Variable {
    name: String,
    setting: String,
    value: Value,
}

impl Provider for Variable {
    fn metadata(&self) -> Metadata {
        Metadata::named(format!("environment variable {}", self.name))
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let nested = figment::util::nest(&self.setting, self.value.clone());
        let dict = nested.into_dict().unwrap_or_default();
        Ok(Profile::Default.collect(dict))
    }
}
