//! A roster that will be empty: said days before, so that somebody fills it (D§14). An empty one blocks nothing.

use std::{collections::HashMap, convert::Infallible, time::Duration};

use suban_domain::{At, UnitCode};
use suban_roster::LOOK_AHEAD_DAYS;
use suban_service::{App, rosters::Rosters};

/// Between two looks; a roster is planned in days.
const LOOK: Duration = Duration::from_mins(10);

/// Looks until the process stops. Each gap is logged once.
pub(crate) async fn run(app: App, rosters: Rosters) -> Result<(), Infallible> {
    let stop = app.tasks.stop();
    let mut said: HashMap<UnitCode, At> = HashMap::new();
    loop {
        if let Some(known) = rosters.now() {
            let alarms = known.roster.alarms(app.clock().now(), LOOK_AHEAD_DAYS);
            #[expect(clippy::cast_precision_loss, reason = "a city has fewer units than a double has whole numbers")]
            metrics::gauge!("suban_roster_empty_units").set(alarms.len() as f64);
            for alarm in &alarms {
                if said.insert(alarm.unit.clone(), alarm.from) != Some(alarm.from) {
                    let (from, until) = (alarm.from.timestamp(), alarm.until.timestamp());
                    tracing::warn!(unit = %alarm.unit, %from, %until, roster = %known.version, "nobody is on this duty list");
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}
