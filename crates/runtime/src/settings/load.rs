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
        let mut layers = Figment::from(Toml::string(DEFAULTS));
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
                let value = read(&setting, &value);
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

/// Numbers and truth values by their look, unless the setting is text by nature: a key of digits only,
/// a name such as `true`, a path.
fn read(setting: &str, text: &str) -> Value {
    let number_like = ["database.", "kafka.", "redis.", "listen.", "city.bounds.", "duplicates.", "demo.", "limits."]
        .iter()
        .any(|section| setting.starts_with(section))
        || matches!(setting, "telemetry.sample" | "security.token_cache_size")
        || matches!(setting, "notices.a_day_to_a_citizen" | "notices.a_day_to_a_desk")
        || matches!(
            setting,
            "attachments.largest_bytes"
                | "attachments.largest_pixels"
                | "attachments.per_ticket"
                | "attachments.in_memory"
                | "attachments.at_once"
        );
    let text_by_nature =
        matches!(setting, "database.url" | "kafka.brokers" | "kafka.topic_prefix" | "redis.url" | "listen.host");
    if number_like && !text_by_nature {
        if let Ok(number) = text.parse::<i64>() {
            return Value::from(number);
        }
        if let Ok(number) = text.parse::<f64>() {
            return Value::from(number);
        }
        if let Ok(truth) = text.parse::<bool>() {
            return Value::from(truth);
        }
    }
    Value::from(text)
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
