//! What the city's people will say and do, decided by the seed before the first word.
//!
//! Shares are those of D§17.1. A ticket's fate stands beside its words: whether its unit gives it back, forgets to
//! sign, names the citizen in a reply; whether the citizen is reached, and happy. What staff do then follows from
//! the fate and from what the suite says, never from the order in which things happen to be looked at.

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use suban_domain::{Channel, ContactOutcome, Kind, ReturnReason};
use suban_proto::v1::{self, ContactResult};
use suban_text::Catalogue;

use super::{
    events::Declared,
    one_of,
    people::Person,
    words::{Event, Words},
};
use crate::args::{City, Profile};

/// Of a hundred contacts, those that become a ticket (D§17.1).
const TICKETS_OF_CONTACTS: usize = 45;
/// Contacts without a ticket in one run at most: beyond that they only cost time.
const MOST_CONTACTS: usize = 2_000;
/// How far back somebody remembers what others said.
const MEMORY: usize = 40;
/// Demands that must lie between a demand and what somebody says about it, so that it has its number by then.
const LATER: usize = 24;
/// Each of the two bursts of a day is one in so many tickets.
const BURST: u32 = 40;

/// One demand in so many is followed by another in the same call.
const TWO_DEMANDS: usize = 97;

/// Shares of the channels, in percent, for a whole city.
const CITY: &[(u32, Channel)] = &[
    (70, Channel::Phone12345),
    (15, Channel::WechatMini),
    (4, Channel::AppDistrict),
    (1, Channel::Web),
    (1, Channel::Mailbox),
    (6, Channel::Grid),
    (2, Channel::UpperDispatch),
    (1, Channel::NetworkClue),
];
/// The same for a district under its city's hotline.
const DISTRICT: &[(u32, Channel)] = &[
    (50, Channel::UpperDispatch),
    (16, Channel::AppDistrict),
    (24, Channel::WechatMini),
    (5, Channel::Phone12345),
    (5, Channel::Mailbox),
];
/// Types of what becomes a ticket, in percent.
const KINDS: &[(u32, Kind)] = &[
    (45, Kind::Help),
    (35, Kind::Complaint),
    (7, Kind::Report),
    (8, Kind::Suggestion),
    (4, Kind::Consult),
    (1, Kind::Other),
];
/// What becomes of a contact that is no new demand, in percent.
const OUTCOMES: &[(u32, ContactResult)] = &[
    (42, ContactResult::ProgressQuery),
    (33, ContactResult::Answered),
    (5, ContactResult::Rejected),
    (6, ContactResult::Transferred),
    (6, ContactResult::WrongNumber),
    (2, ContactResult::Abuse),
    (6, ContactResult::Dropped),
];

/// One thing that somebody does, in the order of the day.
#[derive(Debug, Clone)]
pub(super) enum Call {
    /// A demand: its place in [`Plan::demands`].
    Demand(usize),
    /// A contact that is no new demand, perhaps about an earlier one.
    Contact {
        /// Chosen by the caller.
        request_id: String,
        /// By which way.
        channel: Channel,
        /// Who.
        phone: String,
        /// What is said.
        text: String,
        /// What comes of it.
        result: ContactResult,
        /// Which demand it is about.
        about: Option<usize>,
    },
    /// The citizen takes it back.
    Withdraw {
        /// Which demand.
        about: usize,
        /// Why.
        why: &'static str,
    },
    /// A supervisor declares a mass event.
    Declare(Declared),
}

/// What is said, by whom, and what becomes of it.
#[derive(Debug, Clone)]
pub(super) struct Demand {
    pub(super) request: v1::SubmitRequest,
    pub(super) person: Person,
    pub(super) fate: Fate,
    /// The demand it repeats, in fact.
    pub(super) same_as: Option<usize>,
    pub(super) event: Event,
    /// The words without who says them: what neighbours pass on.
    story: String,
}

/// What staff and citizen will do with one ticket.
#[derive(Debug, Clone, Default)]
pub(super) struct Fate {
    /// Draws whatever else is drawn for this ticket.
    pub(super) seed: u64,
    /// The unit gives it back, and the hall agrees or not.
    pub(super) returned: Option<(ReturnReason, bool)>,
    /// The hall sees that it went the wrong way.
    pub(super) recalled: bool,
    /// The unit signs when it is too late.
    pub(super) late: bool,
    /// The handler tries to hand in an empty reply first.
    pub(super) empty: bool,
    /// The handler names the citizen.
    pub(super) careless: bool,
    /// First contact.
    pub(super) contact: Option<ContactOutcome>,
    /// Calls of the call-back that nobody answers.
    pub(super) unanswered: u8,
    /// The citizen rates by link.
    pub(super) by_link: bool,
    /// Unhappy surveys before a happy one.
    pub(super) unhappy: u8,
}

/// Everything.
#[derive(Debug)]
pub(super) struct Plan {
    /// In the order in which they come.
    pub(super) demands: Vec<Demand>,
    /// The day.
    pub(super) calls: Vec<Call>,
}

impl Plan {
    /// The day of a city.
    pub(super) fn of_city(words: &Words, catalogue: &Catalogue, how: &City) -> anyhow::Result<Self> {
        let mut rng = StdRng::seed_from_u64(how.seed);
        let shares = match how.profile {
            Profile::City => CITY,
            Profile::District => DISTRICT,
        };
        let mut demands: Vec<Demand> = Vec::new();
        let wanted = usize::try_from(how.tickets)?;
        // A power cut in the morning, a closed gym in the evening.
        let bursts = [wanted / 5 + rng.random_range(0..=wanted / 5), wanted * 3 / 5 + rng.random_range(0..=wanted / 5)];
        // Everybody of one neighbourhood at once: (which event, how many are still to come).
        let mut burst: Option<(usize, u32)> = None;
        while demands.len() < wanted {
            let again: f64 = rng.random();
            let earlier = demands.len().checked_sub(1).map(|last| rng.random_range(last.saturating_sub(MEMORY)..=last));
            let in_burst = burst.filter(|_| rng.random_bool(0.7)).map(|(of, _)| of);
            let demand = match (in_burst, earlier) {
                (Some(of), _) => others_too(of, &demands, words, shares, &mut rng),
                // The same person again 3 %, the same event by others 10 %; half of these come in bursts.
                (None, Some(of)) if again < 0.03 => same_person(of, &demands, shares, &mut rng),
                (None, Some(of)) if again < 0.08 => others_too(of, &demands, words, shares, &mut rng),
                (None, _) => None,
            };
            let demand = match demand {
                Some(demand) => demand,
                None => new_demand(words, catalogue, shares, &mut rng)
                    .map(|demand| and_another(demand, demands.len(), words, catalogue, how.seed))
                    .ok_or_else(|| anyhow::anyhow!("the catalogue has no place to speak of"))?,
            };
            burst = match burst {
                Some((of, left)) if left > 1 => Some((of, left - u32::from(in_burst.is_some()))),
                Some(_) => None,
                None if bursts.contains(&demands.len()) => Some((demands.len(), (how.tickets / BURST).clamp(3, 300))),
                None => None,
            };
            let n = demands.len();
            demands.push(Demand {
                request: v1::SubmitRequest {
                    request_id: format!("city-{}-{n}", how.seed),
                    source_system: "city".into(),
                    source_id: format!("{}-{n}", how.seed),
                    ..demand.request
                },
                ..demand
            });
        }
        let events = Declared::of(&demands, bursts, catalogue, how.seed);
        let calls = day(&demands, events, words, shares, how, &mut rng);
        Ok(Self { demands, calls })
    }

    /// Everything that must be found nowhere in clear.
    pub(super) fn personal_values(&self) -> Vec<String> {
        let mut values: Vec<String> = self.demands.iter().flat_map(|demand| demand.person.values()).collect();
        values.extend(self.calls.iter().filter_map(|call| match call {
            Call::Contact { phone, .. } => Some(phone.clone()).filter(|phone| !phone.is_empty()),
            Call::Demand(_) | Call::Withdraw { .. } | Call::Declare(_) => None,
        }));
        values.sort();
        values.dedup();
        values
    }
}

/// One of several by their shares in percent.
fn by_share<T: Copy>(shares: &[(u32, T)], rng: &mut StdRng) -> Option<T> {
    let mut n = rng.random_range(0..shares.iter().map(|(share, _)| share).sum::<u32>().max(1));
    shares.iter().find_map(|(share, of)| {
        let hit = n < *share;
        n = n.saturating_sub(*share);
        hit.then_some(*of)
    })
}

/// Letters are long, notes of a call are short (D§17.1).
const fn mean_length(channel: Channel) -> f64 {
    if matches!(channel, Channel::Web | Channel::Mailbox | Channel::UpperDispatch) { 218.0 } else { 90.0 }
}

fn new_demand(words: &Words, catalogue: &Catalogue, shares: &[(u32, Channel)], rng: &mut StdRng) -> Option<Demand> {
    let kind = by_share(KINDS, rng)?;
    let channel = by_share(shares, rng)?;
    let event = words.event(kind, catalogue, rng)?;
    Some(told(event, kind, channel, Person::new(words, rng), words, rng))
}

/// About one in a hundred has two things to say in one call. Drawn apart, so that the rest of the city stays as it is.
fn and_another(mut demand: Demand, n: usize, words: &Words, catalogue: &Catalogue, seed: u64) -> Demand {
    if n % TWO_DEMANDS != TWO_DEMANDS / 2 {
        return demand;
    }
    let mut rng = StdRng::seed_from_u64(seed ^ n as u64);
    let Some(kind) = by_share(KINDS, &mut rng) else { return demand };
    if let Some(event) = words.event(kind, catalogue, &mut rng) {
        let story = words.tell(&event, kind, 60.0, &mut rng);
        demand.request.text = format!("{}{}{story}", demand.request.text, words.tongue.besides);
    }
    demand
}

fn told(event: Event, kind: Kind, channel: Channel, person: Person, words: &Words, rng: &mut StdRng) -> Demand {
    let story = words.tell(&event, kind, mean_length(channel), rng);
    let mut text = story.clone();
    if rng.random_bool(0.1)
        && let Some(myself) = one_of(words.tongue.myself, rng)
    {
        text.push_str(&super::words::naming(myself, &person));
    }
    let request = v1::SubmitRequest {
        channel: channel.number(),
        title: format!("{} {}", event.area, event.title),
        place_text: event.place.clone(),
        text,
        requester: Some(person.as_requester()),
        // Only what no row of the catalogue says by itself must be said by the channel.
        kind: matches!(kind, Kind::Suggestion | Kind::Other).then(|| kind.number()),
        upstream: (channel == Channel::UpperDispatch).then(|| v1::UpstreamRef {
            system: "city-12345".into(),
            number: format!("UP{:012}", rng.random_range(0..1_000_000_000_000_u64)),
            due: None,
            round: 0,
        }),
        ..v1::SubmitRequest::default()
    };
    Demand { request, person, fate: Fate::draw(rng), same_as: None, event, story }
}

/// The same event by somebody else: six in ten pass on what somebody wrote into the neighbours' group, the others
/// use words of their own.
fn others_too(
    of: usize,
    demands: &[Demand],
    words: &Words,
    shares: &[(u32, Channel)],
    rng: &mut StdRng,
) -> Option<Demand> {
    let first = demands.get(of)?;
    let channel = by_share(shares, rng)?;
    let kind = first.request.kind.and_then(Kind::from_number).unwrap_or(Kind::Help);
    let mut demand = told(first.event.clone(), kind, channel, Person::new(words, rng), words, rng);
    demand.request.kind = first.request.kind;
    if rng.random_bool(0.6) {
        demand.request.text.clone_from(&first.story);
        demand.story.clone_from(&first.story);
    }
    demand.same_as = Some(first.same_as.unwrap_or(of));
    Some(demand)
}

/// The same person once more, by another way, in the same words.
fn same_person(of: usize, demands: &[Demand], shares: &[(u32, Channel)], rng: &mut StdRng) -> Option<Demand> {
    let first = demands.get(of)?;
    let mut again = first.clone();
    again.request.channel = by_share(shares, rng)?.number();
    again.request.upstream = None;
    again.fate = Fate::draw(rng);
    again.same_as = Some(first.same_as.unwrap_or(of));
    Some(again)
}

impl Fate {
    fn draw(rng: &mut StdRng) -> Self {
        let reasons = [(70, ReturnReason::NotMyDuty), (20, ReturnReason::NotMyArea), (10, ReturnReason::Other)];
        let contacts = [
            (80, ContactOutcome::Reached),
            (9, ContactOutcome::NoAnswer),
            (6, ContactOutcome::PowerOff),
            (5, ContactOutcome::Unwilling),
        ];
        Self {
            seed: rng.random(),
            // D§17.1: return requested 6 %, approved 60 % of those.
            returned: if rng.random_bool(0.06) {
                by_share(&reasons, rng).map(|r| (r, rng.random_bool(0.6)))
            } else {
                None
            },
            recalled: rng.random_bool(0.02),
            // Only what is pressing becomes late while one looks on; that is about one in ten.
            late: rng.random_bool(0.08),
            empty: rng.random_bool(0.02),
            careless: rng.random_bool(0.1),
            contact: by_share(&contacts, rng),
            // Reached by a call 65 %; three calls that nobody answers end the survey.
            unanswered: by_share(&[(65, 0), (20, 1), (7, 2), (8, 3)], rng).unwrap_or(0),
            by_link: rng.random_bool(0.25),
            unhappy: by_share(&[(93, 0), (6, 1), (1, 2)], rng).unwrap_or(0),
        }
    }
}

/// Puts the contacts and declarations between the demands.
fn day(
    demands: &[Demand],
    events: Vec<(usize, Declared)>,
    words: &Words,
    shares: &[(u32, Channel)],
    how: &City,
    rng: &mut StdRng,
) -> Vec<Call> {
    let others = (demands.len() * (100 - TICKETS_OF_CONTACTS) / TICKETS_OF_CONTACTS).min(MOST_CONTACTS);
    let after_each = others as f64 / demands.len().max(1) as f64;
    let tongue = words.tongue;
    let mut calls = Vec::with_capacity(demands.len() + others);
    let mut owed = 0.0;
    let mut count = 0_usize;
    for n in 0..demands.len() + LATER {
        if n < demands.len() {
            calls.push(Call::Demand(n));
            calls.extend(events.iter().filter(|(after, _)| *after == n).map(|(_, event)| Call::Declare(event.clone())));
            owed += after_each;
        }
        let earlier = n.checked_sub(LATER).filter(|about| *about < demands.len());
        if let Some(about) = earlier {
            let about_it = |result, text: Option<&&'static str>| Call::Contact {
                request_id: format!("city-{}-about-{about}", how.seed),
                channel: Channel::Phone12345,
                phone: demands.get(about).map(|d| d.person.phone.clone()).unwrap_or_default(),
                text: text.map_or(String::new(), |text| (*text).to_owned()),
                result,
                about: Some(about),
            };
            match rng.random_range(0..1000) {
                0..15 => calls.push(Call::Withdraw { about, why: one_of(tongue.withdraw, rng).copied().unwrap_or("") }),
                15..65 => calls.push(about_it(ContactResult::Urge, one_of(tongue.urge, rng))),
                65..95 => calls.push(about_it(ContactResult::Supplement, one_of(tongue.supplement, rng))),
                _ => owed += 1.0,
            }
            owed -= 1.0;
        }
        while owed >= 1.0 {
            owed -= 1.0;
            let Some(result) = by_share(OUTCOMES, rng) else { break };
            let said = match result {
                ContactResult::ProgressQuery => one_of(tongue.progress, rng),
                ContactResult::Answered => one_of(tongue.answered, rng),
                ContactResult::Rejected => one_of(tongue.rejected, rng),
                ContactResult::Transferred => one_of(tongue.transferred, rng),
                ContactResult::Unspecified
                | ContactResult::NewTicket
                | ContactResult::Urge
                | ContactResult::Supplement
                | ContactResult::WrongNumber
                | ContactResult::Abuse
                | ContactResult::Dropped => None,
            };
            let about = (result == ContactResult::ProgressQuery)
                .then(|| earlier.map(|last| rng.random_range(last.saturating_sub(MEMORY)..=last)))
                .flatten();
            let phone = match about.and_then(|about| demands.get(about)) {
                Some(demand) => demand.person.phone.clone(),
                None => Person::new(words, rng).phone,
            };
            let channel = by_share(shares, rng).unwrap_or(Channel::Phone12345);
            let request_id = format!("city-{}-contact-{count}", how.seed);
            count += 1;
            let text = said.map_or(String::new(), |text| (*text).to_owned());
            calls.push(Call::Contact { request_id, channel, phone, text, result, about });
        }
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::city::tongue::CHINESE;

    fn plan(seed: u64, tickets: u32, profile: Profile) -> Plan {
        let read = |file: &str| {
            std::fs::read_to_string(format!("{}/../../deploy/demo/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap()
        };
        let (areas, units) = (read("areas.csv"), read("units.csv"));
        let (matters, rules) = (read("matters.csv"), read("rules.csv"));
        let tables = suban_text::Tables { areas: &areas, units: &units, matters: &matters, rules: &rules };
        let catalogue = Catalogue::parse(&tables).unwrap();
        let words = Words::of(&CHINESE, &catalogue).unwrap();
        let how = City { tickets, seed, profile, ..City::default() };
        Plan::of_city(&words, &catalogue, &how).unwrap()
    }

    fn share(part: usize, of: usize) -> f64 {
        part as f64 / of as f64
    }

    #[test]
    fn the_same_seed_plays_the_same_city_and_another_seed_another() {
        let [one, same, other] = [1, 1, 2].map(|seed| plan(seed, 300, Profile::City));
        assert_eq!(format!("{one:?}"), format!("{same:?}"));
        assert_ne!(format!("{one:?}"), format!("{other:?}"));
    }

    #[test]
    fn shares_are_those_of_the_recipe() {
        let plan = plan(5, 4000, Profile::City);
        let demands = &plan.demands;
        let of = |channel: Channel| demands.iter().filter(|d| d.request.channel == channel.number()).count();
        assert!((share(of(Channel::Phone12345), demands.len()) - 0.70).abs() < 0.04);
        assert!((share(of(Channel::WechatMini), demands.len()) - 0.15).abs() < 0.03);
        let again = demands.iter().filter(|d| d.same_as.is_some()).count();
        assert!((0.09..0.17).contains(&share(again, demands.len())), "{again}");
    }

    #[test]
    fn a_large_city_has_an_event_of_each_kind_and_a_small_one_none() {
        let declared = |tickets| {
            let calls = plan(5, tickets, Profile::City).calls;
            let events = calls.into_iter().filter_map(|call| match call {
                Call::Declare(event) => Some(event.kind()),
                Call::Demand(_) | Call::Contact { .. } | Call::Withdraw { .. } => None,
            });
            events.collect::<Vec<_>>()
        };
        assert_eq!(declared(1_200), [v1::MassEventKind::OneCause, v1::MassEventKind::ManySites]);
        assert_eq!(declared(300), []);
    }

    #[test]
    fn a_district_hears_most_from_its_city() {
        let plan = plan(5, 2000, Profile::District);
        let upper = plan.demands.iter().filter(|d| d.request.channel == Channel::UpperDispatch.number()).count();
        assert!((share(upper, plan.demands.len()) - 0.5).abs() < 0.05);
    }

    #[test]
    fn about_forty_five_of_a_hundred_contacts_become_a_ticket() {
        let plan = plan(5, 500, Profile::City);
        let tickets = share(plan.demands.len(), plan.calls.len());
        assert!((0.42..0.48).contains(&tickets), "{tickets}");
    }
}
