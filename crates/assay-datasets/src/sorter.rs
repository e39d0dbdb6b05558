//! Many small records in order, in flat memory.
//!
//! Records are kept in memory up to a limit and then spread over 256 scratch files by their first byte, each of which
//! is sorted alone: 10 million records of 32 bytes never take more than a few megabytes. First bytes must be about
//! evenly spread, as those of digests are.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use crate::DatasetError;

/// Temporary files that cannot be written or read.
pub(crate) fn scratch(error: std::io::Error) -> DatasetError {
    DatasetError::new(None, format!("the folder for temporary files: {error}"))
}

/// The number that a record holds with its first byte first.
pub(crate) fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Records that are kept before the first one goes to disk.
const KEPT: usize = 1 << 18;

/// Sorts records of `N` bytes.
pub struct Sorter<const N: usize> {
    memory: Vec<[u8; N]>,
    files: Vec<BufWriter<File>>,
}

impl<const N: usize> Default for Sorter<N> {
    fn default() -> Self {
        Self { memory: Vec::new(), files: Vec::new() }
    }
}

impl<const N: usize> Sorter<N> {
    /// Takes a record.
    ///
    /// # Errors
    /// The folder for temporary files cannot be written.
    pub fn push(&mut self, record: [u8; N]) -> std::io::Result<()> {
        if self.files.is_empty() {
            self.memory.push(record);
            if self.memory.len() < KEPT {
                return Ok(());
            }
            for _ in 0..=u8::MAX {
                self.files.push(BufWriter::with_capacity(1 << 12, tempfile::tempfile()?));
            }
            for record in std::mem::take(&mut self.memory) {
                self.files[usize::from(record[0])].write_all(&record)?;
            }
            return Ok(());
        }
        self.files[usize::from(record[0])].write_all(&record)
    }

    /// The records in order.
    ///
    /// # Errors
    /// The scratch files cannot be read back.
    pub fn sorted(mut self) -> std::io::Result<impl Iterator<Item = std::io::Result<[u8; N]>>> {
        self.memory.sort_unstable();
        let mut files = Vec::with_capacity(self.files.len());
        for file in self.files {
            files.push(file.into_inner().map_err(std::io::IntoInnerError::into_error)?);
        }
        let spread = files.into_iter().flat_map(|file| match read_back(file) {
            Ok(records) => records.into_iter().map(Ok).collect::<Vec<_>>(),
            Err(error) => vec![Err(error)],
        });
        Ok(self.memory.into_iter().map(Ok).chain(spread))
    }
}

fn read_back<const N: usize>(mut file: File) -> std::io::Result<Vec<[u8; N]>> {
    let bytes = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(0))?;
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let mut records = vec![[0; N]; usize::try_from(bytes).unwrap_or(0) / N];
    for record in &mut records {
        reader.read_exact(record)?;
    }
    records.sort_unstable();
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_in_order_from_memory_and_from_disk() {
        for count in [0u64, 1, 1000, KEPT as u64, KEPT as u64 + 5_000] {
            let mut sorter = Sorter::<8>::default();
            let mut expected: Vec<[u8; 8]> =
                (0..count).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()).collect();
            for record in &expected {
                sorter.push(*record).unwrap();
            }
            expected.sort_unstable();
            let sorted: Vec<[u8; 8]> = sorter.sorted().unwrap().map(Result::unwrap).collect();
            assert_eq!(sorted, expected);
        }
    }
}
