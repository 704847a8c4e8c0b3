//! What the bench's citizens say: the same for the same seed.

use std::collections::BTreeSet;

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use suban_domain::Urgency;
use suban_proto::v1;
use suban_text::{Catalogue, Reader, ToRead};

use super::demands;

/// The same person again, and the same event by somebody else, of a hundred.
const AGAIN: (f64, f64) = (0.03, 0.05);
/// The source system of everything that a bench submits.
pub(crate) const SYSTEM: &str = "bench";
/// How far back a repetition reaches.
const BURST: usize = 40;

/// Requests of a run; `name` tells two runs in one city apart.
pub(crate) fn requests(catalogue: &Catalogue, name: &str, seed: u64, tickets: u32) -> Vec<v1::SubmitRequest> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut requests: Vec<v1::SubmitRequest> = Vec::with_capacity(tickets as usize);
    for n in 0..tickets {
        let dice: f64 = rng.random();
        let last = requests.len().checked_sub(1);
        let earlier = last.and_then(|last| requests.get(rng.random_range(last.saturating_sub(BURST)..=last)));
        let request = match earlier {
            Some(first) if dice < AGAIN.0 => demands::same_person(first),
            Some(first) if dice < AGAIN.0 + AGAIN.1 => demands::same_event(first, &mut rng),
            Some(_) | None => demands::demand(catalogue, &mut rng),
        };
        requests.push(named(request, name, seed, n));
    }
    requests
}

/// Requests that nobody else has made, all of them critical.
pub(crate) fn critical(catalogue: &Catalogue, name: &str, seed: u64, tickets: u32) -> Vec<v1::SubmitRequest> {
    let mut rng = StdRng::seed_from_u64(seed ^ 0xC217);
    let one = |n| {
        let demand = demands::demand(catalogue, &mut rng);
        named(v1::SubmitRequest { urgency: Some(Urgency::Critical.number()), ..demand }, name, seed, n)
    };
    (0..tickets).map(one).collect()
}

fn named(request: v1::SubmitRequest, name: &str, seed: u64, n: u32) -> v1::SubmitRequest {
    v1::SubmitRequest {
        request_id: format!("{name}-{seed}-{n}"),
        source_system: SYSTEM.into(),
        source_id: format!("{name}-{seed}-{n}"),
        ..request
    }
}

/// Names and phones of a run, which must be found nowhere in clear.
pub(crate) fn people_in(requests: &[v1::SubmitRequest]) -> Vec<String> {
    let people = requests.iter().filter_map(|r| r.requester.as_ref());
    let values: BTreeSet<String> = people.flat_map(|p| [p.name.clone(), p.phone.clone()]).collect();
    values.into_iter().filter(|value| !value.is_empty()).collect()
}

/// Requests of which none is pressing, as intake will read them: neither the matter nor the words.
pub(crate) fn ordinary(
    catalogue: &Catalogue,
    reader: &Reader,
    name: &str,
    seed: u64,
    tickets: u32,
) -> Vec<v1::SubmitRequest> {
    let pressing = |request: &v1::SubmitRequest| {
        let text = format!("{}\n{}", request.title, request.text);
        reader.read(&ToRead { place_text: Some(&request.place_text), ..ToRead::words(&text) }).urgency_hint
    };
    let mut found: Vec<v1::SubmitRequest> = Vec::with_capacity(tickets as usize);
    // About a fifth of what citizens say is pressing.
    for more in 0.. {
        let missing = tickets - u32::try_from(found.len()).unwrap_or(tickets);
        if missing == 0 {
            break;
        }
        let all = requests(catalogue, &format!("{name}-{more}"), seed.wrapping_add(more), missing + missing / 3 + 1);
        found.extend(all.into_iter().filter(|r| pressing(r).is_none()).take(missing as usize));
    }
    found
}

/// Requests of which none repeats another.
pub(crate) fn unrelated(catalogue: &Catalogue, name: &str, seed: u64, tickets: u32) -> Vec<v1::SubmitRequest> {
    let mut rng = StdRng::seed_from_u64(seed);
    (0..tickets).map(|n| named(demands::demand(catalogue, &mut rng), name, seed, n)).collect()
}
