//! The fields of a demand that a mapping may fill, each with how its value is read and where it goes.

use suban_domain::{AreaCode, Channel, Kind, Malformed, MatterCode, PersonCode, SourceId, SourceSystem, Urgency};
use suban_proto::v1;

/// A demand being put together from one record.
#[derive(Debug, Default, Clone)]
pub(super) struct Draft {
    /// What will be submitted.
    pub(super) request: v1::SubmitRequest,
    /// Latitude, where the record has one.
    lat: Option<f64>,
    /// Longitude, where the record has one.
    lon: Option<f64>,
}

impl Draft {
    /// The request; half a point is no point.
    pub(super) fn finish(mut self) -> v1::SubmitRequest {
        if let (Some(lat), Some(lon)) = (self.lat, self.lon) {
            self.request.point = Some(v1::Point { lat, lon });
        }
        self.request
    }

    fn requester(&mut self) -> &mut v1::Requester {
        self.request.requester.get_or_insert_default()
    }

    fn flags(&mut self) -> &mut v1::Flags {
        self.request.flags.get_or_insert_default()
    }

    fn upstream(&mut self) -> &mut v1::UpstreamRef {
        self.request.upstream.get_or_insert_default()
    }

    fn backdated(&mut self) -> &mut v1::Backdated {
        self.request.backdated.get_or_insert_default()
    }
}

/// How a value is read, and where it goes.
#[derive(Clone, Copy)]
pub(super) enum Put {
    /// Text as it stands.
    Words(fn(&mut Draft) -> &mut String),
    /// A name or code with a rule of its own.
    Name(fn(&str) -> Result<(), Malformed>, fn(&mut Draft) -> &mut String),
    /// A code of a closed list.
    Code(fn(&str) -> Result<i32, Malformed>, fn(&mut Draft, i32)),
    /// An instant, by a format and a zone.
    Instant(fn(&mut Draft, prost_types::Timestamp)),
    /// Yes or no.
    Truth(fn(&mut Draft) -> &mut bool),
    /// Degrees.
    Degrees(fn(&mut Draft, f64)),
    /// A whole number.
    Count(fn(&mut Draft) -> &mut u32),
}

/// One field of a demand.
pub(super) struct Field {
    /// As mappings name it.
    pub(super) name: &'static str,
    /// How its value is read, and where it goes.
    pub(super) put: Put,
    /// Without it no demand is possible.
    pub(super) required: bool,
    /// The value may be about a person, so no message repeats it.
    pub(super) personal: bool,
}

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Field {
    /// Reads `value` and puts it into the draft; instants are read by the rule, which knows their format.
    pub(super) fn fill(&self, draft: &mut Draft, value: &str) -> Result<(), String> {
        match self.put {
            Put::Words(place) => value.clone_into(place(draft)),
            Put::Name(check, place) => {
                check(value).map_err(|e| e.to_string())?;
                value.clone_into(place(draft));
            }
            Put::Code(read, place) => place(draft, read(value).map_err(|e| e.to_string())?),
            Put::Truth(place) => *place(draft) = truth(value)?,
            Put::Degrees(place) => {
                place(draft, value.parse().map_err(|_| "is no number of degrees such as 22.5411".to_owned())?);
            }
            Put::Count(place) => {
                *place(draft) = value.parse().map_err(|_| "is no whole number from 0 on".to_owned())?;
            }
            Put::Instant(_) => return Err("is a time, which needs a format".to_owned()),
        }
        Ok(())
    }
}

/// Looks a field up by its name.
pub(super) fn find(name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|f| f.name == name)
}

fn truth(value: &str) -> Result<bool, String> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "1" | "是" => Ok(true),
        "false" | "no" | "n" | "0" | "否" => Ok(false),
        _ => Err("is neither yes nor no: write true, yes, y, 1, 是 or false, no, n, 0, 否".to_owned()),
    }
}

const fn field(name: &'static str, put: Put) -> Field {
    Field { name, put, required: false, personal: false }
}

const fn required(name: &'static str, put: Put) -> Field {
    Field { required: true, ..field(name, put) }
}

const fn personal(name: &'static str, put: Put) -> Field {
    Field { personal: true, ..field(name, put) }
}

/// Every field of a demand, by its path in `SubmitRequest`.
pub(super) const FIELDS: &[Field] = &[
    required(
        "channel",
        Put::Code(|code| code.parse::<Channel>().map(Channel::number), |d, number| d.request.channel = number),
    ),
    required("source_system", Put::Name(|v| SourceSystem::new(v).map(drop), |d| &mut d.request.source_system)),
    field("source_id", Put::Name(|v| SourceId::new(v).map(drop), |d| &mut d.request.source_id)),
    field("reported_at", Put::Instant(|d, at| d.request.reported_at = Some(at))),
    Field { personal: true, ..required("text", Put::Words(|d| &mut d.request.text)) },
    personal("title", Put::Words(|d| &mut d.request.title)),
    personal("place_text", Put::Words(|d| &mut d.request.place_text)),
    field("point.lat", Put::Degrees(|d, degrees| d.lat = Some(degrees))),
    field("point.lon", Put::Degrees(|d, degrees| d.lon = Some(degrees))),
    personal("requester.name", Put::Words(|d| &mut d.requester().name)),
    personal("requester.phone", Put::Words(|d| &mut d.requester().phone)),
    personal("requester.id_card", Put::Words(|d| &mut d.requester().id_card)),
    personal("requester.home_address", Put::Words(|d| &mut d.requester().home_address)),
    field("requester.anonymous", Put::Truth(|d| &mut d.requester().anonymous)),
    field("requester.no_contact", Put::Truth(|d| &mut d.requester().no_contact)),
    field("kind", Put::Code(|code| code.parse::<Kind>().map(Kind::number), |d, number| d.request.kind = Some(number))),
    field(
        "urgency",
        Put::Code(|code| code.parse::<Urgency>().map(Urgency::number), |d, number| d.request.urgency = Some(number)),
    ),
    field("matter", Put::Name(|v| MatterCode::new(v).map(drop), |d| &mut d.request.matter)),
    field("area", Put::Name(|v| AreaCode::new(v).map(drop), |d| &mut d.request.area)),
    field("flags.confidential", Put::Truth(|d| &mut d.flags().confidential)),
    field("flags.anonymous", Put::Truth(|d| &mut d.flags().anonymous)),
    field("flags.no_contact", Put::Truth(|d| &mut d.flags().no_contact)),
    field("flags.group_event", Put::Truth(|d| &mut d.flags().group_event)),
    field("flags.sensitive", Put::Truth(|d| &mut d.flags().sensitive)),
    field("flags.enterprise", Put::Truth(|d| &mut d.flags().enterprise)),
    field("flags.hotspot", Put::Truth(|d| &mut d.flags().hotspot)),
    field("flags.repeat", Put::Truth(|d| &mut d.flags().repeat)),
    field("flags.over_duty", Put::Truth(|d| &mut d.flags().over_duty)),
    field("flags.proactive", Put::Truth(|d| &mut d.flags().proactive)),
    field("flags.leader_note", Put::Truth(|d| &mut d.flags().leader_note)),
    field("flags.against_official", Put::Truth(|d| &mut d.flags().against_official)),
    field("flags.in_proceedings", Put::Truth(|d| &mut d.flags().in_proceedings)),
    field("upstream.system", Put::Name(|v| SourceSystem::new(v).map(drop), |d| &mut d.upstream().system)),
    field("upstream.number", Put::Name(|v| SourceId::new(v).map(drop), |d| &mut d.upstream().number)),
    field("upstream.due", Put::Instant(|d, at| d.upstream().due = Some(at))),
    field("upstream.round", Put::Count(|d| &mut d.upstream().round)),
    field("contact_id", Put::Words(|d| &mut d.request.contact_id)),
    field("raised_from", Put::Words(|d| &mut d.request.raised_from)),
    field("backdated.received_at", Put::Instant(|d, at| d.backdated().received_at = Some(at))),
    personal("backdated.reason", Put::Words(|d| &mut d.backdated().reason)),
    field("backdated.approver", Put::Name(|v| PersonCode::new(v).map(drop), |d| &mut d.backdated().approver)),
    field("hold", Put::Truth(|d| &mut d.request.hold)),
];
