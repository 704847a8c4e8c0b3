//! The one trait between a value of the domain and its form on the wire, and its small cases.
//!
//! A domain type can have more than one form (a message field is an `Option` in generated code, even
//! where the contract requires it), so the form is a parameter of the trait, and the generated field's
//! type picks it. Reading checks what the domain checks; writing cannot fail.

use suban_domain as domain;
use suban_domain::{
    AreaCode, At, ContactId, FileId, Malformed, MatterCode, PersonCode, RequestId, RequesterId, SourceId, SourceSystem,
    Span, TextId, TicketId, TicketNumber, UnitCode, VersionCode,
};
use uuid::Uuid;

/// Why bytes or a message are not what they should be.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum WireError {
    /// Not the encoding of the message at all.
    #[error("the bytes are no event: {0}")]
    Undecodable(#[from] prost::DecodeError),
    /// A fact that this version does not know; consumers skip it (design §7).
    #[error("the fact is unknown to this version")]
    UnknownFact,
    /// A field does not follow the rule of its type.
    #[error("{field} {problem}")]
    Field {
        /// Its path, for example `Submitted.source.system`; empty for a bare value.
        field: String,
        /// What is wrong; never the value itself, which may be personal.
        problem: String,
    },
}

impl WireError {
    /// A value with a problem; its field is added on the way out.
    pub(crate) fn value(problem: impl Into<String>) -> Self {
        Self::Field { field: String::new(), problem: problem.into() }
    }

    /// The same problem, seen from the message that has the value as `name`.
    #[must_use]
    pub(crate) fn within(self, name: &str) -> Self {
        match self {
            Self::Field { field, problem } if field.is_empty() => Self::Field { field: name.to_owned(), problem },
            Self::Field { field, problem } => Self::Field { field: format!("{name}.{field}"), problem },
            whole @ (Self::Undecodable(_) | Self::UnknownFact) => whole,
        }
    }
}

impl From<Malformed> for WireError {
    fn from(e: Malformed) -> Self {
        Self::value(format!("is no {}: {}", e.what, e.problem))
    }
}

/// A value of the domain that has the form `P` on the wire.
pub trait Wire<P>: Sized {
    /// Its form.
    fn to_wire(&self) -> P;

    /// The value behind a form.
    ///
    /// # Errors
    /// [`WireError::Field`] when the form does not follow the rule of the type.
    fn from_wire(wire: P) -> Result<Self, WireError>;
}

impl<T: Wire<P>, P> Wire<Option<P>> for Option<T> {
    fn to_wire(&self) -> Option<P> {
        self.as_ref().map(T::to_wire)
    }
    fn from_wire(wire: Option<P>) -> Result<Self, WireError> {
        wire.map(T::from_wire).transpose()
    }
}

impl<T: Wire<P>, P> Wire<Vec<P>> for Vec<T> {
    fn to_wire(&self) -> Vec<P> {
        self.iter().map(T::to_wire).collect()
    }
    fn from_wire(wire: Vec<P>) -> Result<Self, WireError> {
        wire.into_iter().enumerate().map(|(i, form)| T::from_wire(form).map_err(|e| e.within(&i.to_string()))).collect()
    }
}

/// Values that are their own form.
macro_rules! same {
    ($($ty:ty),+) => { $(
        impl Wire<$ty> for $ty {
            fn to_wire(&self) -> $ty {
                *self
            }
            fn from_wire(wire: $ty) -> Result<Self, WireError> {
                Ok(wire)
            }
        }
    )+ };
}
same!(bool, u32);

/// Small numbers, which the wire knows only as `uint32`.
macro_rules! small {
    ($($ty:ty),+) => { $(
        impl Wire<u32> for $ty {
            fn to_wire(&self) -> u32 {
                u32::from(*self)
            }
            fn from_wire(wire: u32) -> Result<Self, WireError> {
                Self::try_from(wire).map_err(|_| WireError::value(format!("must be at most {}", Self::MAX)))
            }
        }
    )+ };
}
small!(u8, u16);

impl Wire<i64> for At {
    fn to_wire(&self) -> i64 {
        self.micros()
    }
    fn from_wire(wire: i64) -> Result<Self, WireError> {
        Ok(Self::from_micros(wire))
    }
}

impl Wire<i64> for Span {
    fn to_wire(&self) -> i64 {
        self.as_micros()
    }
    fn from_wire(wire: i64) -> Result<Self, WireError> {
        Ok(Self::micros(wire))
    }
}

/// Ids are the 16 bytes of their UUID.
macro_rules! ids {
    ($($ty:ty),+) => { $(
        impl Wire<Vec<u8>> for $ty {
            fn to_wire(&self) -> Vec<u8> {
                self.uuid().as_bytes().to_vec()
            }
            fn from_wire(wire: Vec<u8>) -> Result<Self, WireError> {
                Uuid::from_slice(&wire).map(Self::new).map_err(|_| WireError::value("must be the 16 bytes of a UUID"))
            }
        }
    )+ };
}
ids!(TicketId, RequesterId, TextId, ContactId, FileId);

/// Codes are their text.
macro_rules! texts {
    ($($ty:ty),+) => { $(
        impl Wire<String> for $ty {
            fn to_wire(&self) -> String {
                self.as_str().to_owned()
            }
            fn from_wire(wire: String) -> Result<Self, WireError> {
                Ok(Self::new(wire)?)
            }
        }
    )+ };
}
texts!(UnitCode, AreaCode, MatterCode, PersonCode, SourceSystem, SourceId, RequestId, VersionCode);

impl Wire<String> for TicketNumber {
    fn to_wire(&self) -> String {
        self.as_str().to_owned()
    }
    fn from_wire(wire: String) -> Result<Self, WireError> {
        wire.parse().map_err(|e: domain::NumberError| WireError::value(format!("is no ticket number: {e}")))
    }
}

/// A closed list of the domain (`codes.rs`) that the contract mirrors, number by number.
pub trait Listed: Copy + 'static {
    /// The list's name, alike in both.
    const NAME: &'static str;
    /// Its number on the wire, never 0.
    fn number(self) -> i32;
    /// The value with this number.
    fn from_number(number: i32) -> Option<Self>;
}

/// Lists are their numbers; each also becomes the generated enum of the same name, and back.
macro_rules! lists {
    ($($name:ident),+ $(,)?) => {
        $(
            impl Listed for domain::$name {
                const NAME: &'static str = stringify!($name);
                fn number(self) -> i32 {
                    self.number()
                }
                fn from_number(number: i32) -> Option<Self> {
                    Self::from_number(number)
                }
            }
            impl Wire<i32> for domain::$name {
                fn to_wire(&self) -> i32 {
                    self.number()
                }
                fn from_wire(wire: i32) -> Result<Self, WireError> {
                    Self::from_number(wire).ok_or_else(|| unlisted(stringify!($name), wire))
                }
            }
        )+

        /// Every mirrored list: its name, and number and Rust name of each value.
        #[cfg(test)]
        pub(crate) fn every_list() -> Vec<(&'static str, Vec<(i32, String, &'static str)>)> {
            vec![$((
                stringify!($name),
                domain::$name::ALL.iter().map(|v| (v.number(), format!("{v:?}"), v.code())).collect(),
            )),+]
        }
    };
}
lists!(
    Role,
    State,
    TaskState,
    Kind,
    Urgency,
    Channel,
    Mode,
    Tier,
    TaskRole,
    Card,
    ReturnLock,
    ReturnReason,
    RejectReason,
    Element,
    Finding,
    Demand,
    Outcome,
    SiteVisit,
    ReplyMeans,
    ContactOutcome,
    ExtensionReason,
    SuspendReason,
    DuplicateClass,
    Verdict,
    AttemptOutcome,
    SurveyMeans,
    Ending,
    Audience,
    Notice,
    Timer,
    UpstreamDecision,
);

fn unlisted(list: &str, number: i32) -> WireError {
    WireError::value(if number == 0 {
        format!("must say which {list}; it is left unspecified")
    } else {
        format!("is no {list}: the list has no number {number}")
    })
}

/// Messages whose fields have the names of the domain's, and the required form of each.
macro_rules! messages {
    ($($domain:ty => $wire:ty { $($field:ident),* })+) => { $(
        impl $crate::Wire<$wire> for $domain {
            fn to_wire(&self) -> $wire {
                type Form = $wire;
                Form { $($field: $crate::Wire::to_wire(&self.$field)),* }
            }
            fn from_wire(wire: $wire) -> Result<Self, $crate::WireError> {
                Ok(Self {
                    $($field: $crate::Wire::from_wire(wire.$field).map_err(|e| e.within(stringify!($field)))?),*
                })
            }
        }
        $crate::wire::required!($domain => $wire);
    )+ };
}

/// A message field that the contract requires, though generated code has it as an `Option`.
macro_rules! required {
    ($domain:ty => $wire:ty) => {
        impl $crate::Wire<Option<$wire>> for $domain {
            fn to_wire(&self) -> Option<$wire> {
                Some($crate::Wire::<$wire>::to_wire(self))
            }
            fn from_wire(wire: Option<$wire>) -> Result<Self, $crate::WireError> {
                match wire {
                    Some(wire) => $crate::Wire::<$wire>::from_wire(wire),
                    None => Err($crate::WireError::value("is missing")),
                }
            }
        }
    };
}
pub(crate) use {messages, required};

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use prost::Message as _;
    use prost_types::FileDescriptorSet;

    use super::*;

    /// `Phone12345` is `PHONE_12345` in the contract, `D3` is `D3`.
    fn shouted(name: &str) -> String {
        let mut out = String::new();
        let mut before = ' ';
        for c in name.chars() {
            let starts = (c.is_uppercase() && !before.is_uppercase()) || (c.is_ascii_digit() && before.is_lowercase());
            if starts && !out.is_empty() {
                out.push('_');
            }
            out.push(c.to_ascii_uppercase());
            before = c;
        }
        out
    }

    /// The lists of common.proto: values by name, without the list's prefix.
    fn contract() -> BTreeMap<String, Vec<(i32, String)>> {
        let set = FileDescriptorSet::decode(crate::DESCRIPTORS).unwrap();
        let common = set.file.into_iter().find(|f| f.name() == "suban/v1/common.proto").unwrap();
        let lists = common.enum_type.into_iter().map(|list| {
            let prefix = format!("{}_", shouted(list.name()));
            let values = list.value.iter().map(|v| {
                let name = v.name().strip_prefix(&prefix).unwrap_or_else(|| panic!("{} lacks its prefix", v.name()));
                (v.number(), name.to_owned())
            });
            (list.name().to_owned(), values.collect())
        });
        lists.collect()
    }

    #[test]
    fn lists_have_the_numbers_and_names_of_the_domain() {
        let mut contract = contract();
        for (list, values) in every_list() {
            let theirs = contract.remove(list).unwrap_or_else(|| panic!("{list} is not in common.proto"));
            let mut ours = vec![(0, "UNSPECIFIED".to_owned())];
            ours.extend(values.iter().map(|(number, name, _)| (*number, shouted(name))));
            assert_eq!(theirs, ours, "{list}");
        }
        assert!(contract.is_empty(), "lists of common.proto without a conversion: {:?}", contract.keys());
    }

    /// Where the field's code is a word of its own, the contract uses that very word.
    #[test]
    fn names_are_the_codes_of_the_field() {
        let own_spelling = ["TaskState", "Timer", "ReturnReason"]; // T_SIGNED, T_sign, 21
        for (list, values) in every_list() {
            for (_, name, code) in values {
                if !own_spelling.contains(&list) && code != "SYS" {
                    assert_eq!(shouted(&name), code, "{list}");
                }
            }
        }
    }

    #[test]
    fn a_list_refuses_zero_and_strangers() {
        for (list, values) in every_list() {
            assert!(values.iter().all(|(number, _, _)| *number > 0), "{list}");
        }
        assert!(domain::State::from_wire(0).is_err());
        assert!(domain::State::from_wire(99).is_err());
        assert!(domain::State::from_wire(-1).is_err());
    }
}
