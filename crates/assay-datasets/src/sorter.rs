//! Many small records in order, in flat memory.
//!
//! Records are kept in memory up to a limit; then each full lot is sorted and written behind the one before, and all lots
//! are merged when they are read. Nothing is assumed of the records: a million equal ones cost what others do.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

use crate::DatasetError;

/// Temporary files that cannot be written or read.
pub(crate) fn scratch(error: std::io::Error) -> DatasetError {
    DatasetError::new(None, format!("the folder for temporary files: {error}"))
}

/// The number that a record holds with its first byte first.
pub(crate) fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Bytes of records that are kept before they go to disk, and that all lots together read ahead.
const KEPT: usize = 8 << 20;

/// Sorts records of `N` bytes.
pub struct Sorter<const N: usize> {
    memory: Vec<[u8; N]>,
    most: usize,
    /// The lots one after another, and where each ends.
    file: Option<File>,
    ends: Vec<u64>,
}

impl<const N: usize> Default for Sorter<N> {
    fn default() -> Self {
        Self { memory: Vec::new(), most: KEPT / N, file: None, ends: Vec::new() }
    }
}

impl<const N: usize> Sorter<N> {
    /// Takes a record.
    ///
    /// # Errors
    /// The folder for temporary files cannot be written.
    pub fn push(&mut self, record: [u8; N]) -> std::io::Result<()> {
        self.memory.push(record);
        if self.memory.len() < self.most {
            return Ok(());
        }
        self.memory.sort_unstable();
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        file.write_all(self.memory.as_flattened())?;
        self.ends.push(self.ends.last().copied().unwrap_or(0) + (self.memory.len() * N) as u64);
        self.memory.clear();
        Ok(())
    }

    /// The records in order.
    pub fn sorted(mut self) -> impl Iterator<Item = std::io::Result<[u8; N]>> {
        self.memory.sort_unstable();
        if !self.ends.is_empty() {
            self.memory.shrink_to_fit();
        }
        let ahead = (KEPT / N / self.ends.len().max(1)).max(16) * N;
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let lots = starts.zip(&self.ends).map(|(at, end)| Lot { at, end: *end, ahead, read: Vec::new(), next: 0 });
        let mut merge = Merge {
            lots: lots.collect(),
            file: self.file,
            memory: self.memory.into_iter(),
            heads: BinaryHeap::new(),
            failed: None,
        };
        for lot in 0..=merge.lots.len() {
            merge.advance(lot);
        }
        merge
    }
}

/// A sorted lot on disk.
struct Lot<const N: usize> {
    /// What was not read yet.
    at: u64,
    end: u64,
    ahead: usize,
    read: Vec<u8>,
    next: usize,
}

impl<const N: usize> Lot<N> {
    fn next(&mut self, file: &mut File) -> std::io::Result<Option<[u8; N]>> {
        if self.next == self.read.len() {
            let bytes = (self.end - self.at).min(self.ahead as u64);
            self.read.resize(usize::try_from(bytes).unwrap_or(self.ahead), 0);
            file.seek(SeekFrom::Start(self.at))?;
            file.read_exact(&mut self.read)?;
            self.at += bytes;
            self.next = 0;
        }
        let record = self.read[self.next..].first_chunk::<N>().copied();
        self.next += record.map_or(0, |_| N);
        Ok(record)
    }
}

/// The smallest record of every lot, the one in memory (the last) included.
struct Merge<const N: usize> {
    lots: Vec<Lot<N>>,
    file: Option<File>,
    memory: std::vec::IntoIter<[u8; N]>,
    heads: BinaryHeap<Reverse<([u8; N], usize)>>,
    failed: Option<std::io::Error>,
}

impl<const N: usize> Merge<N> {
    fn advance(&mut self, lot: usize) {
        let next = match (self.lots.get_mut(lot), &mut self.file) {
            (Some(lot), Some(file)) => lot.next(file),
            _ => Ok(self.memory.next()),
        };
        match next {
            Ok(Some(record)) => self.heads.push(Reverse((record, lot))),
            Ok(None) => {}
            Err(error) => self.failed = Some(error),
        }
    }
}

impl<const N: usize> Iterator for Merge<N> {
    type Item = std::io::Result<[u8; N]>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(error) = self.failed.take() {
            // What could not be read would be missing from here on.
            self.heads.clear();
            return Some(Err(error));
        }
        let Reverse((record, lot)) = self.heads.pop()?;
        self.advance(lot);
        Some(Ok(record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_in_order_from_memory_and_from_disk() {
        for (most, count) in [(100, 0u64), (100, 1), (100, 99), (100, 100), (100, 5_050), (7, 1_000)] {
            for factor in [0x9e37_79b9_7f4a_7c15u64, 0] {
                let mut sorter = Sorter::<8> { most, ..Sorter::default() };
                let mut expected: Vec<[u8; 8]> = (0..count).map(|i| i.wrapping_mul(factor).to_be_bytes()).collect();
                for record in &expected {
                    sorter.push(*record).unwrap();
                }
                expected.sort_unstable();
                let sorted: Vec<[u8; 8]> = sorter.sorted().map(Result::unwrap).collect();
                assert_eq!(sorted, expected);
            }
        }
    }
}
