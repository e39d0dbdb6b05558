//! The cases that candidates are made of, on disk as they are compared.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::rc::Rc;

use assay_core::Digest;
use assay_metrics::near_duplicates::{Unit, shingles};
use serde::{Deserialize, Serialize};

use crate::DatasetError;
use crate::sorter::scratch;

/// Cases that are kept in memory.
const AT_HAND: usize = 1_024;

/// What is compared of a case.
#[derive(Serialize, Deserialize)]
pub(super) struct Text {
    pub id: String,
    pub inputs: Digest,
    pub expected: Digest,
    pub text: String,
    #[serde(skip)]
    pub shingles: Vec<u64>,
}

/// Texts by row: 16 bytes of memory for each, the rest on disk.
pub(super) struct Texts {
    file: BufWriter<File>,
    /// Rows, in order, with where their line begins; the last one says where the lines end.
    starts: Vec<(u64, u64)>,
    end: u64,
    unit: Unit,
    at_hand: HashMap<u64, Rc<Text>>,
}

impl Texts {
    pub fn new(unit: Unit) -> Result<Self, DatasetError> {
        let file = BufWriter::new(tempfile::tempfile().map_err(scratch)?);
        Ok(Self { file, starts: Vec::new(), end: 0, unit, at_hand: HashMap::new() })
    }

    /// Keeps a text; rows come in order.
    pub fn keep(&mut self, row: u64, text: &Text) -> Result<(), DatasetError> {
        let line = serde_json::to_vec(text).map_err(|error| scratch(error.into()))?;
        self.file.write_all(&line).map_err(scratch)?;
        self.starts.push((row, self.end));
        self.end += line.len() as u64;
        Ok(())
    }

    /// A text that was kept, with its shingles.
    pub fn text(&mut self, row: u64) -> Result<Rc<Text>, DatasetError> {
        if let Some(text) = self.at_hand.get(&row) {
            return Ok(Rc::clone(text));
        }
        let at = self.starts.binary_search_by_key(&row, |(row, _)| *row);
        let at = at.map_err(|_| DatasetError::new(None, format!("there is no row {row}")))?;
        let (start, end) = (self.starts[at].1, self.starts.get(at + 1).map_or(self.end, |next| next.1));
        // The writer has nothing left once texts are read: this is where its last bytes go to disk.
        self.file.flush().map_err(scratch)?;
        let mut line = vec![0; usize::try_from(end - start).unwrap_or(0)];
        let file = self.file.get_mut();
        file.seek(SeekFrom::Start(start)).and_then(|_| file.read_exact(&mut line)).map_err(scratch)?;
        let mut text: Text = serde_json::from_slice(&line).map_err(|error| scratch(error.into()))?;
        text.shingles = shingles(&text.text, self.unit);
        if self.at_hand.len() >= AT_HAND {
            self.at_hand.clear();
        }
        let text = Rc::new(text);
        self.at_hand.insert(row, Rc::clone(&text));
        Ok(text)
    }
}
