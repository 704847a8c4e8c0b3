//! Dead letters, for people: what could not be handled, why, and what becomes of it.

use std::process::ExitCode;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use suban_bus::dead::{self, DeadLetter};
use suban_domain::Role;
use suban_runtime::Settings;
use suban_store::audit::Act;

use crate::{
    args::{DlqVerb, Letter},
    print, tokens,
};

/// As many as a person reads at once.
const SHOWN: usize = 1000;

/// `suban dlq`.
pub(crate) async fn command(settings: &Settings, what: &DlqVerb) -> anyhow::Result<ExitCode> {
    match what {
        DlqVerb::List => {
            let letters = dead::list(settings, SHOWN).await?;
            let rows: Vec<Vec<String>> = letters.iter().map(row).collect();
            print::table(&["place", "consumer", "ticket", "version", "type", "attempts", "reason"], &rows);
        }
        DlqVerb::Show(Letter { partition, offset }) => show(&dead::show(settings, *partition, *offset).await?),
        DlqVerb::Replay(Letter { partition, offset }) => {
            let letter = dead::replay(settings, *partition, *offset).await?;
            audited(settings, &letter, Act::DeadLetterReplayed).await?;
            print::out(&format!("{partition}/{offset} was handed to {} again", letter.group));
        }
        DlqVerb::Discard(Letter { partition, offset }) => {
            let letter = dead::discard(settings, *partition, *offset).await?;
            audited(settings, &letter, Act::DeadLetterDiscarded).await?;
            print::out(&format!("{partition}/{offset} was let go"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn row(letter: &DeadLetter) -> Vec<String> {
    vec![
        format!("{} {}", letter.partition, letter.offset),
        letter.group.clone(),
        letter.ticket.map_or_else(|| "-".to_owned(), |t| t.to_string()),
        letter.version.map_or_else(|| "-".to_owned(), |v| v.to_string()),
        letter.kind.clone().unwrap_or_else(|| "-".to_owned()),
        letter.attempts.to_string(),
        letter.reason.clone(),
    ]
}

fn show(letter: &DeadLetter) {
    let (topic, partition, offset) = &letter.origin;
    let base64 = |bytes: Option<&[u8]>| bytes.map_or_else(|| "(none)".to_owned(), |b| STANDARD.encode(b));
    print::out(&format!("consumer  {}\nreason    {}\nattempts  {}", letter.group, letter.reason, letter.attempts));
    print::out(&format!("came from {topic}/{partition}/{offset}"));
    print::out(&format!(
        "key       {}",
        letter.key.as_deref().map_or_else(String::new, |k| k.escape_ascii().to_string())
    ));
    for (name, value) in &letter.headers {
        let value = value.as_deref().map_or_else(String::new, |v| v.escape_ascii().to_string());
        print::out(&format!("header    {name}: {value}"));
    }
    print::out(&format!("body      {} (base64)", base64(letter.body.as_deref())));
}

/// Who decided about a letter is written down beside other acts of administration.
async fn audited(settings: &Settings, letter: &DeadLetter, act: Act) -> anyhow::Result<()> {
    let store = tokens::store(settings).await?;
    let (topic, partition, offset) = &letter.origin;
    let what = format!("{} could not handle {topic}/{partition}/{offset}", letter.group);
    store.audit(&tokens::operator(Role::SysAdmin)?, act, letter.ticket, Some(&what)).await?;
    Ok(())
}
