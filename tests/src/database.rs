//! One database a city, cloned from one template that is migrated and knows the demo's catalogue.

use std::{path::Path, str::FromStr as _};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, PgPool, postgres::PgConnectOptions};
use suban_domain::{Actor, At, PersonCode, Role};
use suban_store::versions::{self, NewVersion};
use suban_text::{Catalogue, Tables};

/// Name of the template; every program of a run may use it.
const TEMPLATE: &str = "suban_story_template";
/// The advisory lock under which it is made and copied.
const LOCK: i64 = 0x5EED_0CA7;
/// The catalogue counts from then on, long before any story plays.
const SINCE: &str = "2020-01-01T00:00:00Z";

/// The server, as an operator of it.
pub(crate) fn server() -> PgConnectOptions {
    PgConnectOptions::from_str(&given("DATABASE_URL")).expect("DATABASE_URL is an address")
}

/// What the local stack puts into the environment.
pub(crate) fn given(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!(
            "{name} is not set; run the stories on the local stack: deploy/local/with-stack cargo test -p suban-tests"
        )
    })
}

/// A fresh copy of the template under this name.
pub(crate) async fn create(name: &str) {
    let mut admin = PgConnection::connect_with(&server()).await.expect("DATABASE_URL can be reached");
    run(&mut admin, &format!("select pg_advisory_lock({LOCK})")).await;
    if !template_is_right(&mut admin).await {
        run(&mut admin, &format!("drop database if exists {TEMPLATE} with (force)")).await;
        run(&mut admin, &format!("create database {TEMPLATE}")).await;
        let pool = PgPool::connect_with(server().database(TEMPLATE)).await.unwrap();
        suban_store::migrate(&pool).await.expect("the migrations run");
        publish(&pool).await;
        pool.close().await;
    }
    run(&mut admin, &format!("create database {name} template {TEMPLATE}")).await;
    run(&mut admin, &format!("select pg_advisory_unlock({LOCK})")).await;
    admin.close().await.unwrap();
}

/// Deletes a city's database, whoever is still connected.
pub(crate) async fn drop(name: &str) {
    let mut admin = PgConnection::connect_with(&server()).await.unwrap();
    run(&mut admin, &format!("drop database if exists {name} with (force)")).await;
    admin.close().await.unwrap();
}

/// Runs a statement that holds nothing from outside.
pub(crate) async fn run(conn: &mut PgConnection, statement: &str) {
    conn.execute(AssertSqlSafe(statement.to_owned())).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
}

/// Was it made from these migrations and this catalogue?
async fn template_is_right(admin: &mut PgConnection) -> bool {
    let there: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(TEMPLATE)
        .fetch_one(admin)
        .await
        .unwrap();
    if !there {
        return false;
    }
    let pool = PgPool::connect_with(server().database(TEMPLATE)).await.unwrap();
    let migrated = suban_store::migrate(&pool).await.is_ok();
    let version = catalogue().version("demo").unwrap().to_string();
    let published: Result<bool, _> = sqlx::query_scalar("select exists (select from core.version where version = $1)")
        .bind(version)
        .fetch_one(&pool)
        .await;
    pool.close().await;
    migrated && published.unwrap_or(false)
}

/// The demo's catalogue as it lies in the clone.
pub(crate) fn catalogue() -> Catalogue {
    let read = |file: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/demo").join(file);
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    };
    let (areas, units, matters, rules) = (read("areas.csv"), read("units.csv"), read("matters.csv"), read("rules.csv"));
    Catalogue::parse(&Tables { areas: &areas, units: &units, matters: &matters, rules: &rules })
        .expect("the demo's catalogue is right")
}

async fn publish(pool: &PgPool) {
    let since = At::from(SINCE.parse::<jiff::Timestamp>().unwrap());
    let catalogue = catalogue();
    let by = Actor { role: Role::SysAdmin, person: PersonCode::new("operator").unwrap(), unit: None, area: None };
    let new = NewVersion {
        kind: suban_service::CATALOGUE,
        version: &catalogue.version("demo").unwrap(),
        effective_at: since,
        reason: "for the stories",
        body: &serde_json::to_value(&catalogue).unwrap(),
    };
    let mut conn = pool.acquire().await.unwrap();
    versions::publish(&mut conn, since, &by, &new).await.unwrap();
}
