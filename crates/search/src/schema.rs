//! The engine's fields, and how a text becomes terms.

use suban_text::Runs;
use tantivy::{
    schema::{FAST, Field, INDEXED, IndexRecordOption, Schema, TextFieldIndexing, TextOptions},
    tokenizer::{Token, TokenStream, Tokenizer},
};

/// Name of what cuts texts.
pub(crate) const RUNS: &str = "runs";

/// Names of the columns that ranking reads.
pub(crate) const ID_HIGH: &str = "id_high";
pub(crate) const ID_LOW: &str = "id_low";
pub(crate) const VERSION: &str = "version";

/// The fields of a ticket.
#[derive(Debug, Clone)]
pub(crate) struct Fields {
    pub(crate) schema: Schema,
    /// The ticket's id, by which it is replaced.
    pub(crate) id: Field,
    /// The two halves of it as numbers: the high one begins with the time of receipt, milliseconds shifted by 16.
    pub(crate) id_high: Field,
    pub(crate) id_low: Field,
    pub(crate) version: Field,
    pub(crate) title: Field,
    pub(crate) words: Field,
    pub(crate) place: Field,
    pub(crate) keys: Field,
}

impl Fields {
    pub(crate) fn new() -> Self {
        let mut schema = Schema::builder();
        let cut = |by: &str, with: IndexRecordOption, norms: bool| {
            let indexing = TextFieldIndexing::default().set_tokenizer(by).set_index_option(with).set_fieldnorms(norms);
            TextOptions::default().set_indexing_options(indexing)
        };
        let text = cut(RUNS, IndexRecordOption::WithFreqs, true);
        let keys = cut("raw", IndexRecordOption::Basic, false);
        let id = schema.add_bytes_field("id", INDEXED);
        let id_high = schema.add_u64_field(ID_HIGH, FAST);
        let id_low = schema.add_u64_field(ID_LOW, FAST);
        let version = schema.add_u64_field(VERSION, FAST);
        let title = schema.add_text_field("title", text.clone());
        let words = schema.add_text_field("words", text.clone());
        let place = schema.add_text_field("place", text);
        let keys = schema.add_text_field("keys", keys);
        Self { schema: schema.build(), id, id_high, id_low, version, title, words, place, keys }
    }
}

/// Cuts a text into its runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cutter;

impl Tokenizer for Cutter {
    type TokenStream<'a> = Cut;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Cut {
        Cut { runs: Runs::of(text), next: 0, token: Token::default() }
    }
}

/// The runs of one text, one after the other.
pub(crate) struct Cut {
    runs: Runs,
    next: usize,
    token: Token,
}

impl TokenStream for Cut {
    fn advance(&mut self) -> bool {
        let Some(run) = self.runs.get(self.next) else { return false };
        self.token.text.clear();
        self.token.text.push_str(run);
        self.token.position = self.next;
        self.next += 1;
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}
