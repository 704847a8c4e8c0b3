//! The tickets that are held.
//!
//! One writer, any number of readers. What is written is found after [`Index::commit`]. In a folder it outlives the
//! process; what it holds is known by each ticket's version, so that whoever keeps it up can tell what it missed.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use suban_domain::TicketId;
use tantivy::{
    IndexReader, IndexWriter, ReloadPolicy, SegmentReader, TantivyDocument, TantivyError, Term,
    collector::TopDocs,
    directory::MmapDirectory,
    indexer::{IndexWriterOptions, LogMergePolicy},
    tokenizer::TokenizerManager,
};

use crate::{
    Document, Query, Rank,
    rank::{lateness, ticket},
    schema::{Cutter, Fields, ID_HIGH, ID_LOW, RUNS, VERSION},
};

/// Changes with every change of the fields or of how texts are cut: an index of another shape is made anew.
const SHAPE: &str = "tickets-1";
/// Memory of the writer, bytes: what it gathers before it writes a segment.
const WRITER_BYTES: usize = 48 << 20;
/// A segment of which so many tickets were replaced is written anew, so that what was erased leaves the disk.
const REPLACED: f32 = 0.2;

/// Why the index cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// Another process writes there.
    #[error("another process uses the index in {0}; give each process a folder of its own in search.folder")]
    InUse(PathBuf),
    /// The folder cannot be made or read.
    #[error("the index in {folder} cannot be used: {problem}")]
    Folder {
        /// Which.
        folder: PathBuf,
        /// What the system said.
        problem: io::Error,
    },
    /// The engine refused.
    #[error("the search engine failed: {0}")]
    Engine(#[from] TantivyError),
}

/// A hit, as the index knows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// Which ticket.
    pub ticket: TicketId,
    /// Why it stands where it stands.
    pub rank: Rank,
}

/// At which version each ticket is held, by id.
#[derive(Debug, Default)]
pub struct Known(Vec<(u128, u32)>);

impl Known {
    /// The version at which a ticket is held.
    #[must_use]
    pub fn version(&self, id: TicketId) -> Option<u32> {
        let id = id.uuid().as_u128();
        self.0.binary_search_by_key(&id, |(known, _)| *known).ok().and_then(|at| self.0.get(at)).map(|(_, v)| *v)
    }

    /// Every ticket that is held.
    pub fn ids(&self) -> impl Iterator<Item = TicketId> {
        self.0.iter().map(|(id, _)| ticket(*id))
    }
}

/// An index of tickets.
pub struct Index {
    fields: Fields,
    writer: Mutex<IndexWriter>,
    reader: IndexReader,
    folder: Option<PathBuf>,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Index({} tickets in {:?})", self.len(), self.folder)
    }
}

impl Index {
    /// An empty one in memory.
    ///
    /// # Errors
    /// When the engine refuses.
    pub fn in_memory() -> Result<Self, IndexError> {
        let fields = Fields::new();
        let index = tantivy::Index::builder().schema(fields.schema.clone()).tokenizers(tokenizers()).create_in_ram()?;
        Self::over(fields, index, None)
    }

    /// The one of a folder, made where there is none. One that is damaged or of another shape is made anew, for it
    /// holds nothing that is not in the database.
    ///
    /// # Errors
    /// When another process uses it, or the folder cannot be used.
    pub fn in_folder(folder: &Path) -> Result<Self, IndexError> {
        let own = folder.join(SHAPE);
        let broken = |problem| IndexError::Folder { folder: own.clone(), problem };
        fs::create_dir_all(&own).map_err(broken)?;
        match Self::open(&own) {
            Err(IndexError::Engine(TantivyError::LockFailure(..))) => Err(IndexError::InUse(own)),
            Err(IndexError::Engine(_)) => {
                fs::remove_dir_all(&own).and_then(|()| fs::create_dir_all(&own)).map_err(broken)?;
                Self::open(&own)
            }
            opened => opened,
        }
    }

    fn open(own: &Path) -> Result<Self, IndexError> {
        let fields = Fields::new();
        let directory = MmapDirectory::open(own).map_err(TantivyError::from)?;
        let builder = tantivy::Index::builder().schema(fields.schema.clone()).tokenizers(tokenizers());
        Self::over(fields, builder.open_or_create(directory)?, Some(own.to_owned()))
    }

    fn over(fields: Fields, mut index: tantivy::Index, folder: Option<PathBuf>) -> Result<Self, IndexError> {
        index.set_tokenizers(tokenizers());
        let one_each = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(WRITER_BYTES)
            .build();
        let writer: IndexWriter = index.writer_with_options(one_each)?;
        let mut merging = LogMergePolicy::default();
        merging.set_del_docs_ratio_before_merge(REPLACED);
        writer.set_merge_policy(Box::new(merging));
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Self { fields, writer: Mutex::new(writer), reader, folder })
    }

    /// Tickets that are held.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::try_from(self.reader.searcher().num_docs()).unwrap_or(usize::MAX)
    }

    /// Is none held?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Holds these, each in the place of what was held of it; found after the next commit.
    ///
    /// # Errors
    /// When the engine refuses.
    pub fn write(&self, documents: impl IntoIterator<Item = Document>) -> Result<(), IndexError> {
        let writer = self.writer();
        for document in documents {
            writer.delete_term(self.by_id(document.id));
            writer.add_document(self.as_kept(document))?;
        }
        Ok(())
    }

    /// Lets these go; gone after the next commit.
    pub fn forget(&self, tickets: impl IntoIterator<Item = TicketId>) {
        let writer = self.writer();
        for id in tickets {
            writer.delete_term(self.by_id(id));
        }
    }

    /// What was written is found from now on, and outlives the process.
    ///
    /// # Errors
    /// When the engine refuses, for want of disk for example; nothing is lost then but what was written since the last
    /// commit.
    pub fn commit(&self) -> Result<(), IndexError> {
        self.writer().commit()?;
        self.reader.reload()?;
        Ok(())
    }

    /// Waits until nothing is merged any more, for measurements.
    ///
    /// # Errors
    /// When a merge failed.
    pub fn settle(self) -> Result<(), IndexError> {
        let writer = self.writer.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(writer.wait_merging_threads()?)
    }

    /// The first hits of a query, best first.
    ///
    /// # Errors
    /// When the engine refuses.
    pub fn search(&self, query: &Query, at_most: usize) -> Result<Vec<Found>, IndexError> {
        let now = u64::try_from(query.asked_at.millis().max(0)).unwrap_or_default();
        let (words, after) = (!query.words.is_empty(), query.after);
        let ranked = TopDocs::with_limit(at_most.max(1)).tweak_score(move |segment: &SegmentReader| {
            let column = |name| segment.fast_fields().u64(name).ok().map(|c| c.first_or_default_col(0));
            let (high, low) = (column(ID_HIGH), column(ID_LOW));
            move |doc, score| {
                let half = |of: &Option<std::sync::Arc<dyn tantivy::columnar::ColumnValues>>| {
                    of.as_ref().map_or(0, |column| column.get_val(doc))
                };
                let (high, low) = (half(&high), half(&low));
                let rank = Rank {
                    text: if words { score } else { 1.0 },
                    lateness: lateness(now.saturating_sub(high >> 16)),
                    id: (u128::from(high) << 64) | u128::from(low),
                };
                match after {
                    // Shown already: behind everything.
                    Some(mark) if !mark.is_before(&rank) => Rank { text: -1.0, ..rank },
                    _ => rank,
                }
            }
        });
        let hits = self.reader.searcher().search(&query.engine(&self.fields), &ranked)?;
        let found = hits.into_iter().filter(|(rank, _)| rank.text >= 0.0);
        Ok(found.map(|(rank, _)| Found { ticket: ticket(rank.id), rank }).collect())
    }

    /// At which version each ticket is held: about 32 bytes each.
    ///
    /// # Errors
    /// When the engine refuses.
    pub fn known(&self) -> Result<Known, IndexError> {
        let searcher = self.reader.searcher();
        let mut known = Vec::with_capacity(self.len());
        for segment in searcher.segment_readers() {
            let column = |name| segment.fast_fields().u64(name).map(|c| c.first_or_default_col(0));
            let (high, low, version) = (column(ID_HIGH)?, column(ID_LOW)?, column(VERSION)?);
            known.extend(segment.doc_ids_alive().map(|doc| {
                let id = (u128::from(high.get_val(doc)) << 64) | u128::from(low.get_val(doc));
                (id, u32::try_from(version.get_val(doc)).unwrap_or(u32::MAX))
            }));
        }
        known.sort_unstable();
        Ok(Known(known))
    }

    fn writer(&self) -> MutexGuard<'_, IndexWriter> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn by_id(&self, id: TicketId) -> Term {
        Term::from_field_bytes(self.fields.id, id.uuid().as_bytes())
    }

    fn as_kept(&self, document: Document) -> TantivyDocument {
        let (high, low) = document.id.uuid().as_u64_pair();
        let fields = &self.fields;
        let mut kept = TantivyDocument::new();
        kept.add_bytes(fields.id, document.id.uuid().as_bytes());
        kept.add_u64(fields.id_high, high);
        kept.add_u64(fields.id_low, low);
        kept.add_u64(fields.version, u64::from(document.version));
        for (field, text) in
            [(fields.title, &document.title), (fields.words, &document.words), (fields.place, &document.place)]
        {
            if !text.is_empty() {
                kept.add_text(field, text);
            }
        }
        for key in &document.keys {
            kept.add_text(fields.keys, key);
        }
        kept
    }
}

fn tokenizers() -> TokenizerManager {
    let tokenizers = TokenizerManager::default();
    tokenizers.register(RUNS, Cutter);
    tokenizers
}

#[cfg(test)]
mod tests;
