//! A dataset version on disk: a manifest that names chunks, and chunks that are shared between versions.
//!
//! Cases keep the order of their source. A chunk ends after a case whose own digest says so, so that an inserted or
//! changed case touches one chunk and the rest of the next version is already there (content-defined chunking, as in
//! LBFS: Muthitacharoen et al. 2001, on whole cases instead of bytes). A chunk is zstd-compressed JSON lines, named by
//! the digest of the lines; the manifest is named by the version's digest. Nothing is ever changed in place.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use assay_core::{Case, Digest};
use serde::{Deserialize, Serialize};

use crate::library::Library;
use crate::sorter::{Sorter, number, scratch};
use crate::{DatasetError, Place};

/// One case in this many ends a chunk.
const CASES_PER_CHUNK: u64 = 512;
/// The most cases of a chunk.
const MOST_CASES: u64 = 8 * CASES_PER_CHUNK;
/// A chunk ends once it has this many bytes.
const MOST_BYTES: usize = 4 << 20;
/// The longest case that a chunk may hold; a longer one is refused, so that reading is bounded.
const LONGEST_CASE: usize = 64 << 20;

/// What a version is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version: the digest over the sorted digests of its cases, ids, metadata, weights and recorded outputs
    /// included.
    pub version: Digest,
    /// Number of cases.
    pub cases: u64,
    /// Bytes of its cases as JSON lines.
    pub bytes: u64,
    /// The chunks in order.
    pub chunks: Vec<Chunk>,
}

/// A run of neighbouring cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// Digest of its JSON lines.
    pub digest: Digest,
    /// Number of cases.
    pub cases: u64,
    /// Bytes of its JSON lines.
    pub bytes: u64,
}

impl Manifest {
    /// Whether it is what a writer makes: sums that hold, and chunks of a size that can be read.
    fn adds_up(&self) -> bool {
        let most = (MOST_BYTES + LONGEST_CASE) as u64 + 1;
        let sum = |of: fn(&Chunk) -> u64| self.chunks.iter().try_fold(0u64, |sum, chunk| sum.checked_add(of(chunk)));
        self.cases > 0
            && self.chunks.iter().all(|chunk| chunk.bytes <= most)
            && sum(|chunk| chunk.cases) == Some(self.cases)
            && sum(|chunk| chunk.bytes) == Some(self.bytes)
    }
}

/// The folder that holds chunks and manifests.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    pub root: PathBuf,
}

pub(crate) fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> DatasetError + '_ {
    move |error| DatasetError::new(Some(Place { file: path.to_owned(), line: None }), error.to_string())
}

impl Folder {
    fn chunk_file(&self, digest: Digest) -> PathBuf {
        let name = digest.to_string();
        self.root.join("chunks").join(&name[..2]).join(format!("{name}.zst"))
    }

    pub fn manifest_file(&self, version: Digest) -> PathBuf {
        self.root.join("versions").join(format!("{version}.json"))
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// It is missing, or is not what its name says.
    pub fn manifest(&self, version: Digest) -> Result<Manifest, DatasetError> {
        let path = self.manifest_file(version);
        let text = fs::read_to_string(&path).map_err(failed(&path))?;
        match serde_json::from_str::<Manifest>(&text) {
            Ok(manifest) if manifest.version == version && manifest.adds_up() => Ok(manifest),
            _ => Err(DatasetError::new(Some(Place { file: path, line: None }), "the manifest is damaged")
                .help("restore the file from a backup, or add the dataset again")),
        }
    }

    /// The cases of a chunk.
    ///
    /// # Errors
    /// It is missing or damaged.
    pub fn read(&self, chunk: &Chunk) -> Result<Vec<Case>, DatasetError> {
        let path = self.chunk_file(chunk.digest);
        let damaged = || {
            DatasetError::new(Some(Place { file: path.clone(), line: None }), "the chunk is damaged")
                .help("restore the file from a backup, or add the dataset again: other chunks stay as they are")
        };
        let packed = fs::read(&path).map_err(failed(&path))?;
        let size = usize::try_from(chunk.bytes).map_err(|_| damaged())?;
        let lines = zstd::bulk::decompress(&packed, size).map_err(|_| damaged())?;
        if Digest::of_bytes(&lines) != chunk.digest {
            return Err(damaged());
        }
        let cases: Vec<Case> = serde_json::Deserializer::from_slice(&lines)
            .into_iter()
            .collect::<Result<_, _>>()
            .map_err(|_| damaged())?;
        if cases.len() as u64 == chunk.cases { Ok(cases) } else { Err(damaged()) }
    }

    /// The cases of a version in the order of their source.
    pub fn cases(&self, manifest: Manifest) -> impl Iterator<Item = Result<Case, DatasetError>> + Send + use<> {
        let folder = self.clone();
        manifest.chunks.into_iter().flat_map(move |chunk| match folder.read(&chunk) {
            Ok(cases) => cases.into_iter().map(Ok).collect::<Vec<_>>(),
            Err(error) => vec![Err(error)],
        })
    }

    /// Removes chunks and manifests that no version of `live` needs; gives their number and bytes.
    ///
    /// # Errors
    /// A live manifest that cannot be read (nothing is removed then), or a file that cannot be removed.
    pub fn remove_unused(&self, live: &HashSet<Digest>) -> Result<(u64, u64), DatasetError> {
        let mut needed = HashSet::new();
        for version in live {
            needed.extend(self.manifest(*version)?.chunks.iter().map(|chunk| self.chunk_file(chunk.digest)));
            needed.insert(self.manifest_file(*version));
        }
        let (mut files, mut bytes) = (0, 0);
        let mut folders = vec![self.root.join("chunks"), self.root.join("versions")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if !needed.contains(&path) {
                    bytes += entry.metadata().map_or(0, |file| file.len());
                    fs::remove_file(&path).map_err(failed(&path))?;
                    files += 1;
                }
            }
        }
        Ok((files, bytes))
    }
}

/// A set of rows: a bit for each row there is.
pub(crate) struct Rows(Vec<u64>);

impl Rows {
    pub fn new(rows: u64) -> Self {
        Self(vec![0; usize::try_from(rows.div_ceil(64)).unwrap_or(usize::MAX)])
    }

    pub fn insert(&mut self, row: u64) {
        self.0[(row / 64) as usize] |= 1 << (row % 64);
    }

    fn contains(&self, row: u64) -> bool {
        self.0[(row / 64) as usize] >> (row % 64) & 1 == 1
    }
}

/// The chunks of one or two versions, one behind the other.
pub(crate) struct Chunks<'a> {
    library: &'a Library,
    chunks: Vec<Chunk>,
    pub rows: u64,
    /// Rows of the first version, when there are two.
    pub own: Option<u64>,
}

impl<'a> Chunks<'a> {
    pub fn new(library: &'a Library, version: Digest, against: Option<Digest>) -> Result<Self, DatasetError> {
        let first = library.manifest(version)?;
        let (mut chunks, mut rows, mut own) = (first.chunks, first.cases, None);
        if let Some(other) = against {
            let other = library.manifest(other)?;
            own = Some(rows);
            rows += other.cases;
            chunks.extend(other.chunks);
        }
        Ok(Self { library, chunks, rows, own })
    }

    /// Every case with its row, or those of `rows`: chunks without any are not read.
    pub fn each(
        &self,
        rows: Option<&Rows>,
        each: &mut dyn FnMut(u64, Case) -> Result<(), DatasetError>,
    ) -> Result<(), DatasetError> {
        let wanted = |row: u64| rows.is_none_or(|rows| rows.contains(row));
        let mut start = 0;
        for chunk in &self.chunks {
            let rows = start..start + chunk.cases;
            start = rows.end;
            if !rows.clone().any(wanted) {
                continue;
            }
            for (row, case) in rows.zip(self.library.folder().read(chunk)?) {
                if wanted(row) {
                    each(row, case)?;
                }
            }
        }
        Ok(())
    }
}

/// Writes a version case by case. Memory does not grow with the number of cases. One that is given up leaves nothing: what it
/// wrote and no other version has goes with it.
pub struct VersionWriter {
    folder: Folder,
    lines: Vec<u8>,
    cases_in_chunk: u64,
    chunks: Vec<Chunk>,
    /// Chunks that nobody had before, until the version is finished.
    fresh: Vec<Digest>,
    new_bytes: u64,
    folders: BTreeSet<PathBuf>,
    digests: Sorter<32>,
    ids: Sorter<24>,
    cases: u64,
    bytes: u64,
}

impl VersionWriter {
    pub(crate) fn new(folder: Folder) -> Result<Self, DatasetError> {
        for part in ["chunks", "versions"] {
            let path = folder.root.join(part);
            fs::create_dir_all(&path).map_err(failed(&path))?;
        }
        Ok(Self {
            folder,
            lines: Vec::new(),
            cases_in_chunk: 0,
            chunks: Vec::new(),
            fresh: Vec::new(),
            new_bytes: 0,
            folders: BTreeSet::new(),
            digests: Sorter::default(),
            ids: Sorter::default(),
            cases: 0,
            bytes: 0,
        })
    }

    /// Number of cases so far.
    pub const fn cases(&self) -> u64 {
        self.cases
    }

    /// Adds a case; `place` is named when something is wrong with it.
    ///
    /// # Errors
    /// A case of more than 64 MiB, or a disk that cannot be written.
    pub fn add(&mut self, case: &Case, place: Option<&Place>) -> Result<(), DatasetError> {
        let start = self.lines.len();
        serde_json::to_writer(&mut self.lines, case)
            .map_err(|error| DatasetError::new(place.cloned(), error.to_string()))?;
        self.lines.push(b'\n');
        if self.lines.len() - start > LONGEST_CASE {
            return Err(DatasetError::new(place.cloned(), "the case is larger than 64 MiB"));
        }
        let digest = case.whole_digest(case.digest());
        self.digests.push(*digest.as_bytes()).map_err(scratch)?;
        let mut id = [0; 24];
        id[..16].copy_from_slice(&Digest::of_bytes(case.id.as_bytes()).as_bytes()[..16]);
        id[16..].copy_from_slice(&self.cases.to_be_bytes());
        self.ids.push(id).map_err(scratch)?;
        self.cases += 1;
        self.cases_in_chunk += 1;
        let ends = digest.leading().is_multiple_of(CASES_PER_CHUNK);
        if ends || self.cases_in_chunk >= MOST_CASES || self.lines.len() >= MOST_BYTES {
            self.end_chunk()?;
        }
        Ok(())
    }

    fn end_chunk(&mut self) -> Result<(), DatasetError> {
        if self.cases_in_chunk == 0 {
            return Ok(());
        }
        let chunk =
            Chunk { digest: Digest::of_bytes(&self.lines), cases: self.cases_in_chunk, bytes: self.lines.len() as u64 };
        let path = self.folder.chunk_file(chunk.digest);
        // One that is there and damaged is written again.
        let fresh = !path.exists();
        if fresh || self.folder.read(&chunk).is_err() {
            let packed = zstd::bulk::compress(&self.lines, 3).map_err(failed(&path))?;
            put(&path, &packed)?;
            self.fresh.extend(fresh.then_some(chunk.digest));
            self.new_bytes += packed.len() as u64;
            self.folders.extend(path.parent().map(Path::to_owned));
        }
        self.bytes += chunk.bytes;
        self.chunks.push(chunk);
        self.lines.clear();
        self.cases_in_chunk = 0;
        Ok(())
    }

    /// Ends the version and forces it to disk; gives the manifest and the bytes that were new on disk.
    ///
    /// # Errors
    /// Two cases with one id (their numbers, from 1, are named), no case at all, or a disk that cannot be written.
    pub fn finish(mut self) -> Result<(Manifest, u64), DatasetError> {
        self.end_chunk()?;
        if self.cases == 0 {
            return Err(DatasetError::new(None, "there are no cases").help("a version needs at least one case"));
        }
        let mut last: Option<[u8; 24]> = None;
        for id in std::mem::take(&mut self.ids).sorted() {
            let id = id.map_err(scratch)?;
            if let Some(last) = last
                && last[..16] == id[..16]
            {
                let number = |id: [u8; 24]| number(&id[16..]) + 1;
                let message = format!("cases {} and {} have the same id", number(last), number(id));
                let mut error =
                    DatasetError::new(None, message).help("ids must be unique in a dataset: change one of them");
                error.same_id = Some(Box::new((number(last), number(id))));
                return Err(error);
            }
            last = Some(id);
        }
        let mut version = Digest::stream();
        for digest in std::mem::take(&mut self.digests).sorted() {
            version.update(&digest.map_err(scratch)?);
        }
        let chunks = std::mem::take(&mut self.chunks);
        let manifest = Manifest { version: version.finish(), cases: self.cases, bytes: self.bytes, chunks };
        let path = self.folder.manifest_file(manifest.version);
        // The same cases in another order are the same version: what is there stays, unless it is damaged.
        if !path.exists() || self.folder.manifest(manifest.version).is_err() {
            let text = serde_json::to_vec(&manifest)
                .map_err(|error| DatasetError::new(None, format!("the manifest: {error}")))?;
            put(&path, &text)?;
            self.folders.extend(path.parent().map(Path::to_owned));
        }
        // The files are on disk already; their names are once the folders are.
        self.folders.insert(self.folder.root.join("chunks"));
        for folder in &self.folders {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed(folder))?;
        }
        self.fresh.clear();
        Ok((manifest, self.new_bytes))
    }
}

impl Drop for VersionWriter {
    fn drop(&mut self) {
        // Whoever writes holds the library: nobody else has come to need them.
        for chunk in &self.fresh {
            let path = self.folder.chunk_file(*chunk);
            let _ = fs::remove_file(&path);
            if let Some(folder) = path.parent() {
                // Only an empty one goes.
                let _ = fs::remove_dir(folder);
            }
        }
    }
}

/// Writes a file so that it is there as a whole, forced to disk, or not at all.
pub(crate) fn put(path: &Path, bytes: &[u8]) -> Result<(), DatasetError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed(folder))?;
    let mut builder = tempfile::Builder::new();
    // As any other file of the workspace: who may read it is for the user's umask to say.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder).map_err(failed(folder))?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(failed(path))?;
    file.persist(path).map_err(|error| failed(path)(error.error))?;
    Ok(())
}
