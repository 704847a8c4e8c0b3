//! What people say is no evidence, as every instance judges by it.

use std::sync::atomic::Ordering;

use suban_domain::Hash;
use suban_likeness::{
    Spot,
    evidence::{Named, Often, PassedOver, Worth as Counts},
};
use suban_service::App;
use suban_store::StoreError;

use super::{Asked, Memory, off_the_loop, reading::person_key};
use crate::tables::evidence::{self, Subject, Worth};

/// Words read in one go.
const PAGE: u32 = 1000;

/// Points, and keys of phones, each with how many are held.
type Learned = (Often<Spot>, Often<u64>);

impl Memory {
    /// Takes over what people say, where they have said something since.
    ///
    /// # Errors
    /// When Postgres is away.
    pub(crate) async fn look_at_evidence(&self, app: &App) -> Result<(), StoreError> {
        let pool = app.store.pool();
        let last = evidence::last(pool).await?;
        if self.0.evidence.load(Ordering::Relaxed) == last {
            return Ok(());
        }
        let (mut named, mut after) = (Named::default(), None);
        loop {
            let page = evidence::page(pool, after, PAGE).await?;
            let Some(end) = page.last() else { break };
            after = Some((end.subject, end.key));
            for said in &page {
                let counts = match said.worth {
                    Worth::Nothing => Counts::Nothing,
                    Worth::Something => Counts::Something,
                };
                match said.subject {
                    Subject::Point => named.points.insert(Spot::of_bits(said.key), counts),
                    Subject::Phone => named.persons.insert(said.key, counts),
                };
            }
        }
        tracing::info!(points = named.points.len(), phones = named.persons.len(), "people say what is no evidence");
        self.index_mut().name(named);
        self.0.evidence.store(last, Ordering::Relaxed);
        Ok(())
    }

    /// Does whoever has this phone speak for many?
    pub(crate) fn is_switchboard(&self, phone: &Hash) -> bool {
        self.index().is_switchboard(person_key(phone))
    }

    /// How many are held of a point or a phone.
    pub(crate) fn held_of(&self, subject: Subject, key: u64) -> u16 {
        let spot = (subject == Subject::Point).then(|| Spot::of_bits(key));
        self.index().count(spot, key)
    }

    /// What was learned to be no evidence, because too many are held of it.
    pub(crate) async fn learned_evidence(&self) -> Result<Learned, StoreError> {
        let memory = self.clone();
        off_the_loop(move || memory.index().learned()).await
    }

    /// What is passed over when these two are compared.
    pub(crate) fn passed_over(&self, new: &Asked, earlier: &Asked) -> Vec<PassedOver> {
        self.index().passed_over(&new.read.facts, &earlier.read.facts)
    }
}
