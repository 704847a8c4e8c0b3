//! A fresh database for one test, on the server that `DATABASE_URL` names; it is dropped afterwards.

use std::{panic::AssertUnwindSafe, str::FromStr as _};

use futures::FutureExt as _;
use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use suban_domain::{Actor, At, PersonCode, Role};
use suban_runtime::{Clock, Keys, Settings};
use suban_store::Store;

/// The instant at which the tests play.
pub(crate) fn noon() -> At {
    At::from("2026-01-15T04:00:00Z".parse::<jiff::Timestamp>().unwrap())
}

pub(crate) fn actor(role: Role, person: &str) -> Actor {
    Actor { role, person: PersonCode::new(person).unwrap(), unit: None, area: None }
}

/// Fresh keys in a file of their own; the file is given back, to be rotated.
pub(crate) fn keys() -> (tempfolder::Folder, Keys) {
    let folder = tempfolder::Folder::new();
    let keys = folder.load();
    (folder, keys)
}

/// A store over this pool, at noon.
pub(crate) fn store(pool: &PgPool, keys: Keys) -> Store {
    Store::new(pool.clone(), keys, Clock::manual(noon()), jiff::tz::TimeZone::get("Asia/Shanghai").unwrap())
}

/// Runs `test` on a fresh, migrated database. Skips when there is no server to make it on.
pub(crate) async fn with_database<F: Future<Output = ()>>(test: impl FnOnce(PgPool) -> F) {
    let Ok(url) = std::env::var("DATABASE_URL") else {
        eprintln!("skipped: DATABASE_URL is not set; deploy/local/with-stack sets it");
        return;
    };
    let options = PgConnectOptions::from_str(&url).unwrap();
    let name = format!("store_test_{:016x}", rand::random::<u64>());
    let mut admin = PgConnection::connect_with(&options).await.unwrap();
    admin.execute(AssertSqlSafe(format!("create database {name}"))).await.unwrap();
    let pool = PgPoolOptions::new().max_connections(8).connect_with(options.database(&name)).await.unwrap();
    suban_store::migrate(&pool).await.unwrap();
    let ended = AssertUnwindSafe(test(pool.clone())).catch_unwind().await;
    pool.close().await;
    admin.execute(AssertSqlSafe(format!("drop database {name} with (force)"))).await.unwrap();
    if let Err(panic) = ended {
        std::panic::resume_unwind(panic);
    }
}

pub(crate) mod tempfolder {
    use super::{Keys, Settings};

    pub(crate) struct Folder(std::path::PathBuf);

    impl Folder {
        pub(crate) fn new() -> Self {
            let path = std::env::temp_dir().join(format!("suban-store-{:016x}", rand::random::<u64>()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        pub(crate) fn file(&self) -> std::path::PathBuf {
            self.0.join("keys.toml")
        }

        pub(crate) fn load(&self) -> Keys {
            let variables = [
                ("SUBAN_SECURITY__KEY_FILE".to_owned(), self.file().display().to_string()),
                ("SUBAN_DEMO__ENABLED".to_owned(), "true".to_owned()),
            ];
            Keys::load(&Settings::from_layers(None, variables).unwrap()).unwrap()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}
