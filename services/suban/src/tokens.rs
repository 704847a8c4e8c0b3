//! The operator's acts on callers' tokens, on the suite's keys, and on a requester who asked to be forgotten.

use std::process::ExitCode;

use anyhow::Context as _;
use suban_domain::{Actor, PersonCode, Role, TicketNumber};
use suban_runtime::{Keys, Settings};
use suban_store::{Erased, Store, Token, city_clock, connect_pool};

use crate::{
    args::{Erase, KeysVerb, TokenVerb},
    print,
};

/// The store as an operator's tool sees it: over a database that the services have migrated.
pub(crate) async fn store(settings: &Settings) -> anyhow::Result<Store> {
    let pool = connect_pool(settings).await.context("the database cannot be reached")?;
    let clock = city_clock(&pool, settings).await?;
    Ok(Store::new(pool, Keys::load(settings)?, clock, settings.city.time_zone()))
}

/// Who acts at the command line.
pub(crate) fn operator(role: Role) -> anyhow::Result<Actor> {
    Ok(Actor { role, person: PersonCode::new("operator")?, unit: None, area: None })
}

/// `suban token`.
pub(crate) async fn command(settings: &Settings, what: &TokenVerb) -> anyhow::Result<ExitCode> {
    match what {
        TokenVerb::New { role, person, unit, area, outsourced } => {
            let holder = Actor { role: *role, person: person.clone(), unit: unit.clone(), area: area.clone() };
            let store = store(settings).await?;
            let made = store.create_token(&operator(Role::SysAdmin)?, &holder, *outsourced, None).await?;
            print::complain(&format!("token {} for {person} as {role}; it is shown this once", made.id));
            print::out(made.plain.expose());
        }
        TokenVerb::List => {
            let tokens = store(settings).await?.list_tokens().await?;
            print::table(&["id", "person", "role", "unit", "area", "made", "ends", "revoked"], &rows(&tokens));
        }
        TokenVerb::Revoke { id } => {
            store(settings)
                .await?
                .revoke_token(&operator(Role::SysAdmin)?, *id)
                .await
                .with_context(|| id.to_string())?;
            print::out(&format!("token {id} is revoked"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn rows(tokens: &[Token]) -> Vec<Vec<String>> {
    fn or_dash(value: Option<impl ToString>) -> String {
        value.map_or_else(|| "-".to_owned(), |v| v.to_string())
    }
    let row = |t: &Token| {
        vec![
            t.caller.token_id.to_string(),
            t.caller.actor.person.to_string(),
            t.caller.actor.role.to_string(),
            or_dash(t.caller.actor.unit.as_ref()),
            or_dash(t.caller.actor.area.as_ref()),
            t.created_at.to_string(),
            or_dash(t.expires_at),
            or_dash(t.revoked_at),
        ]
    };
    tokens.iter().map(row).collect()
}

/// `suban keys`.
pub(crate) async fn keys(settings: &Settings, what: &KeysVerb) -> anyhow::Result<ExitCode> {
    let path = &settings.security.key_file;
    anyhow::ensure!(
        settings.security.master_key.is_empty(),
        "the keys are given by security.master_key and its like, not by a file; change them where they are kept"
    );
    match what {
        KeysVerb::New => {
            anyhow::ensure!(
                !path.exists(),
                "{} is there already; who replaces it loses every citizen's data",
                path.display()
            );
            Keys::create(path)?;
            print::out(&format!("made {}; keep a copy where only you can read it", path.display()));
        }
        KeysVerb::Rotate => {
            let id = Keys::rotate(path)?;
            // Read again, so that the new key is the one that wraps.
            let wrapped = store(settings).await?.rotate_master(&operator(Role::SecAdmin)?).await?;
            print::out(&format!(
                "master key {id} wraps from now on; {wrapped} requesters were wrapped again. Restart the services, so \
                 that they wrap with it too; the old key stays in the file for what they wrote meanwhile"
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// `suban erase`.
pub(crate) async fn erase(settings: &Settings, what: &Erase) -> anyhow::Result<ExitCode> {
    let store = store(settings).await?;
    if let Some(path) = &what.export {
        let tombstones = store.export_erasures().await?;
        std::fs::write(path, &tombstones).with_context(|| format!("cannot write {}", path.display()))?;
        print::out(&format!("{} tombstones written to {}", tombstones.lines().count(), path.display()));
        return Ok(ExitCode::SUCCESS);
    }
    if what.reapply {
        let tombstones = match &what.from {
            Some(path) => std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?,
            None => String::new(),
        };
        let erased = store.restore_erasures(&tombstones).await?;
        print::out(&format!("applied every erasure again: {}", told(&erased)));
        return Ok(ExitCode::SUCCESS);
    }
    let number: TicketNumber = what.ticket.as_deref().context("--ticket says whose requester")?.parse()?;
    let ticket = store.by_number(&number).await?;
    let requesters = store.requesters_of(&[ticket.id]).await?;
    anyhow::ensure!(!requesters.is_empty(), "ticket {number} has no requester whose data could be erased");
    let by = Actor { person: what.by.clone(), ..operator(Role::SecAdmin)? };
    for requester in requesters {
        let erased = store.erase(&by, requester, &what.reason).await?;
        print::out(&format!("requester {requester} of ticket {number}: {}", told(&erased)));
    }
    Ok(ExitCode::SUCCESS)
}

fn told(erased: &Erased) -> String {
    let Erased { requesters, texts, index_entries } = erased;
    format!("{requesters} keys destroyed, {texts} texts emptied, {index_entries} index entries deleted")
}
