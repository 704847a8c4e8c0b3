//! Photographs and documents in a file: which came, when, from which side. What they show is not in it.

use suban_domain::Role;
use suban_runtime::access::policy::PlaceMask;
use suban_store::attachments::Attachment;

use super::{Named, Parts};
use crate::file::FileLine;

impl Parts<'_> {
    pub(super) fn file(&self, file: &Attachment) -> FileLine {
        let facts = file.facts.as_ref();
        let (code, zh) = file.state.names();
        let placed = facts.map(|facts| facts.point.is_some());
        FileLine {
            at: self.at(file.at),
            kind: facts.map(|facts| Named::of(facts.kind.zh(), facts.kind.media_type())),
            bytes: facts.map_or(0, |facts| facts.bytes),
            pixels: facts.and_then(|facts| facts.size),
            role: Named::of(file.by.role.zh(), file.by.role.code()),
            person: if file.by.role == Role::Citizen { String::new() } else { file.by.person.to_string() },
            unit: file.by.unit.as_ref().map(|unit| self.unit(unit)),
            state: Named::of(zh, code),
            placed: match self.mask.place {
                PlaceMask::Clear => placed,
                PlaceMask::Coarse => None,
            },
        }
    }
}
