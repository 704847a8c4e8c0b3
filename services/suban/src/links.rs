//! Links to the pages of a played city, each with tokens of its own for whoever sits down there. A token stands in the
//! fragment, which no browser sends anywhere.

use std::{
    net::SocketAddr,
    process::{Command, Stdio},
};

use anyhow::Context as _;
use suban_domain::{Actor, PersonCode, Role, UnitCode};
use suban_service::Catalogues;
use suban_store::Store;
use suban_text::catalogue::UnitKind;

use crate::print;

/// Programs that open a link in the browser of whoever sits here.
const OPENERS: [&str; 3] = ["xdg-open", "wslview", "open"];

/// The hall's desk, for somebody who takes calls, dispatches and reviews merges in turn.
pub(crate) async fn desk(store: &Store, gateway: SocketAddr) -> anyhow::Result<String> {
    let agent = token(store, Role::Agent, "demo-agent", None).await?;
    let dispatcher = token(store, Role::Dispatcher, "demo-dispatcher", None).await?;
    let reviewer = token(store, Role::MergeReviewer, "demo-reviewer", None).await?;
    Ok(format!("http://{gateway}/desk#agent={agent}&dispatcher={dispatcher}&reviewer={reviewer}"))
}

/// The handler's page, for somebody who is on duty at this unit and handles its tickets.
pub(crate) async fn work(store: &Store, gateway: SocketAddr, unit: &UnitCode) -> anyhow::Result<String> {
    let signer = token(store, Role::UnitSigner, "demo-signer", Some(unit)).await?;
    let handler = token(store, Role::UnitHandler, "demo-handler", Some(unit)).await?;
    Ok(format!("http://{gateway}/work#signer={signer}&handler={handler}"))
}

/// The walk for a visitor: the hall, and somebody at each unit that may lead, as one cannot know whose his complaint is.
pub(crate) async fn walk(store: &Store, gateway: SocketAddr) -> anyhow::Result<String> {
    let catalogue = Catalogues::once(store).await?.context("no catalogue is in force")?;
    let mut units = Vec::new();
    for unit in catalogue.catalogue.units().iter().filter(|unit| unit.kind != UnitKind::Team).map(|unit| &unit.code) {
        let signer = token(store, Role::UnitSigner, "show-signer", Some(unit)).await?;
        let handler = token(store, Role::UnitHandler, "show-handler", Some(unit)).await?;
        units.push(format!("{unit}:{signer}:{handler}"));
    }
    let hall = desk(store, gateway).await?;
    Ok(format!("{}&units={}", hall.replacen("/desk#", "/show#", 1), units.join(",")))
}

/// Prints a link and opens it where there is a screen and a program that does.
pub(crate) fn open(link: &str) {
    print::out(&format!("十分钟看一遍 ten minutes: {link}"));
    let screen = ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"].iter().any(|name| std::env::var_os(name).is_some());
    if screen || cfg!(target_os = "macos") {
        let quiet = |opener: &str| Command::new(opener).arg(link).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let _opened = OPENERS.iter().find_map(|opener| quiet(opener).ok());
    }
}

/// A fresh token.
pub(crate) async fn token(store: &Store, role: Role, person: &str, unit: Option<&UnitCode>) -> anyhow::Result<String> {
    let actor = Actor { role, person: PersonCode::new(person)?, unit: unit.cloned(), area: None };
    Ok(store.create_token(&actor, &actor, false, None).await?.plain.expose().to_owned())
}
