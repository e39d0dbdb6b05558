//! The layout of a log on disk (<https://c2sp.org/tlog-tiles>), and what appending to it and checking it mean.
//!
//! | file | holds |
//! |---|---|
//! | `head` | origin, size and root of the log as it stands: the text of a [`Checkpoint`], not signed |
//! | `checkpoint` | the newest signed checkpoint |
//! | `tile/entries/<N>` | entries 256 N to 256 N + 255, each with its length in two bytes before it, big-endian |
//! | `tile/<L>/<N>` | the hashes 256 N to 256 N + 255 of complete subtrees of 256^L entries |
//!
//! A tile that is not full yet has `.p/<W>` behind its name, `W` being the number of its parts. `<N>` is written in groups of
//! three digits, all but the last after an `x`: 1,234,067 is `x001/x234/067`.

use assay_core::Digest;

use crate::EvidenceError;
use crate::merkle::{self, Tree};
use crate::note::Checkpoint;

/// Hashes, or entries, of a full tile.
const WIDTH: u64 = 256;

/// The most bytes of an entry.
pub const ENTRY_MOST: usize = u16::MAX as usize;

/// Takes an entry with its number.
pub type Visit<'a> = &'a mut dyn FnMut(u64, &[u8]) -> Result<(), EvidenceError>;

/// Reads a file of the log by its path; `None` when there is none.
pub type Read<'a> = &'a dyn Fn(&str) -> Result<Option<Vec<u8>>, EvidenceError>;

/// The name of a tile with `width` parts. `level` is `entries` or a number.
pub fn tile_path(level: &str, index: u64, width: u64) -> String {
    let mut path = format!("{:03}", index % 1_000);
    let mut rest = index / 1_000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1_000);
        rest /= 1_000;
    }
    let part = if width < WIDTH { format!(".p/{width}") } else { String::new() };
    format!("tile/{level}/{path}{part}")
}

/// The root of the complete or incomplete tree over hashes of one height.
fn fold(hashes: &[Digest]) -> Digest {
    hashes.iter().copied().collect::<Tree>().root()
}

/// What is at the right edge of a log: all that appending needs.
#[derive(Clone, Debug)]
pub struct Edge {
    /// Number of entries.
    pub size: u64,
    /// The hashes of the tile that is not full, for each level.
    hashes: Vec<Vec<Digest>>,
    /// The entries of the bundle that is not full.
    bundle: Vec<u8>,
}

/// What an appended entry changes on disk.
#[derive(Clone, Debug, Default)]
pub struct Appended {
    /// Files to write, the bundle of entries first.
    pub write: Vec<(String, Vec<u8>)>,
    /// Files that are not needed any more.
    pub remove: Vec<String>,
}

impl Edge {
    /// Reads the right edge of a log of this size and root.
    ///
    /// # Errors
    /// A file that is missing or damaged, or another root: somebody changed the log.
    pub fn read(size: u64, root: &Digest, read: Read<'_>) -> Result<Self, EvidenceError> {
        let mut edge = Self { size, hashes: Vec::new(), bundle: Vec::new() };
        let mut count = size;
        for level in 0.. {
            if count == 0 {
                break;
            }
            let width = count % WIDTH;
            edge.hashes.push(if width == 0 {
                Vec::new()
            } else {
                hash_tile(&tile_path(&level.to_string(), count / WIDTH, width), width, read)?
            });
            count /= WIDTH;
        }
        if !size.is_multiple_of(WIDTH) {
            let path = tile_path("entries", size / WIDTH, size % WIDTH);
            edge.bundle = existing(&path, read)?;
            let hashes: Vec<Digest> =
                entries(&path, &edge.bundle, size % WIDTH)?.into_iter().map(merkle::leaf).collect();
            if hashes != edge.hashes[0] {
                return Err(changed(format!("{path} does not hold what was appended")));
            }
        }
        if edge.root() != *root {
            return Err(changed("the newest entries do not lead to the root in `head`".into()));
        }
        Ok(edge)
    }

    /// The root over all entries.
    pub fn root(&self) -> Digest {
        // The complete subtrees from the largest to the smallest: a tree grows to the right.
        let mut subtrees = Vec::new();
        for hashes in self.hashes.iter().rev() {
            let mut rest = hashes.as_slice();
            while !rest.is_empty() {
                let (whole, more) = rest.split_at(1 << rest.len().ilog2());
                subtrees.push(fold(whole));
                rest = more;
            }
        }
        let mut root = None;
        for subtree in subtrees.iter().rev() {
            root = Some(root.map_or(*subtree, |right| merkle::node(subtree, &right)));
        }
        root.unwrap_or_else(|| Digest::of_bytes(b""))
    }

    /// Appends an entry; says what that changes on disk.
    ///
    /// # Errors
    /// An entry of more than [`ENTRY_MOST`] bytes.
    pub fn append(&mut self, entry: &[u8]) -> Result<Appended, EvidenceError> {
        let length = u16::try_from(entry.len())
            .map_err(|_| EvidenceError::Malformed(format!("an entry has at most {ENTRY_MOST} bytes")))?;
        let mut change = Appended::default();
        let (index, width) = (self.size / WIDTH, self.size % WIDTH);
        if width > 0 {
            change.remove.push(tile_path("entries", index, width));
        }
        self.bundle.extend_from_slice(&length.to_be_bytes());
        self.bundle.extend_from_slice(entry);
        change.write.push((tile_path("entries", index, width + 1), self.bundle.clone()));
        if width + 1 == WIDTH {
            self.bundle.clear();
        }
        let (mut hash, mut count) = (merkle::leaf(entry), self.size);
        for level in 0.. {
            if self.hashes.len() == level {
                self.hashes.push(Vec::new());
            }
            let (name, hashes) = (level.to_string(), &mut self.hashes[level]);
            let (index, width) = (count / WIDTH, count % WIDTH);
            if width > 0 {
                change.remove.push(tile_path(&name, index, width));
            }
            hashes.push(hash);
            let bytes = hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
            change.write.push((tile_path(&name, index, width + 1), bytes));
            if width + 1 < WIDTH {
                break;
            }
            hash = fold(hashes);
            hashes.clear();
            count = index;
        }
        self.size += 1;
        Ok(change)
    }
}

fn changed(what: String) -> EvidenceError {
    EvidenceError::Mismatch(vec![what])
}

fn existing(path: &str, read: Read<'_>) -> Result<Vec<u8>, EvidenceError> {
    read(path)?.ok_or_else(|| changed(format!("{path} is missing")))
}

fn hash_tile(path: &str, width: u64, read: Read<'_>) -> Result<Vec<Digest>, EvidenceError> {
    let bytes = existing(path, read)?;
    if bytes.len() as u64 != 32 * width {
        return Err(changed(format!("{path} has {} bytes, not {}", bytes.len(), 32 * width)));
    }
    Ok(bytes.chunks_exact(32).filter_map(Digest::from_slice).collect())
}

/// The entries of a bundle.
fn entries<'a>(path: &str, bundle: &'a [u8], width: u64) -> Result<Vec<&'a [u8]>, EvidenceError> {
    let mut found = Vec::new();
    let mut rest = bundle;
    while let Some((length, more)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length));
        let Some((entry, more)) = more.split_at_checked(length) else {
            return Err(changed(format!("{path} is cut off in its {}. entry", found.len() + 1)));
        };
        found.push(entry);
        rest = more;
    }
    if !rest.is_empty() || found.len() as u64 != width {
        return Err(changed(format!("{path} holds {} entries, not {width}", found.len())));
    }
    Ok(found)
}

/// Reads the entries `from..to` of a log of `size` entries, in order.
///
/// # Errors
/// A file that is missing or damaged; whatever `visit` gives.
pub fn for_each_entry(size: u64, from: u64, to: u64, read: Read<'_>, visit: Visit<'_>) -> Result<(), EvidenceError> {
    let mut index = from / WIDTH;
    while index * WIDTH < to.min(size) {
        let width = (size - index * WIDTH).min(WIDTH);
        let path = tile_path("entries", index, width);
        let bundle = existing(&path, read)?;
        for (at, entry) in entries(&path, &bundle, width)?.into_iter().enumerate() {
            let number = index * WIDTH + at as u64;
            if (from..to).contains(&number) {
                visit(number, entry)?;
            }
        }
        index += 1;
    }
    Ok(())
}

/// Checks a whole log against its head: every entry against its hash, every tile against the tree, the tree against the
/// root. Gives the tree, which proofs are made from.
///
/// A log that somebody rewrote as a whole, head included, passes: that takes a checkpoint kept elsewhere, see
/// [`verify_against`].
///
/// # Errors
/// Everything that does not fit.
pub fn verify(head: &Checkpoint, read: Read<'_>) -> Result<Tree, EvidenceError> {
    let mut tree = Tree::default();
    let mut faults = Vec::new();
    for_each_entry(head.size, 0, head.size, read, &mut |_, entry| {
        tree.push(merkle::leaf(entry));
        Ok(())
    })?;
    let mut count = head.size;
    for level in 0.. {
        if count == 0 {
            break;
        }
        let hashes = tree.level(8 * level);
        for (index, own) in hashes.chunks(WIDTH as usize).enumerate() {
            let path = tile_path(&level.to_string(), index as u64, own.len() as u64);
            let kept = match hash_tile(&path, own.len() as u64, read) {
                Ok(kept) => kept,
                Err(EvidenceError::Mismatch(what)) => {
                    faults.extend(what);
                    continue;
                }
                Err(error) => return Err(error),
            };
            for (at, (own, kept)) in own.iter().zip(&kept).enumerate() {
                if own != kept {
                    let number = index as u64 * WIDTH + at as u64;
                    faults.push(match level {
                        0 => format!("entry {number} is not the one that was appended"),
                        _ => format!("{path}: hash {at} does not follow from the entries"),
                    });
                }
            }
        }
        count /= WIDTH;
    }
    if tree.root() != head.root {
        faults.push(format!("the {} entries do not lead to the root in `head`", head.size));
    }
    if faults.is_empty() { Ok(tree) } else { Err(EvidenceError::Mismatch(faults)) }
}

/// The way from an entry to the root over the first `size` entries, as [`Tree::inclusion`] gives it, read from the few tiles that
/// hold it: some hashes for each doubling of the log. `None` when there is no such entry. What is read is not checked: whoever
/// hands the way on verifies it against a root first.
///
/// # Errors
/// A tile that is missing or damaged.
pub fn inclusion(whole: u64, index: u64, size: u64, read: Read<'_>) -> Result<Option<Vec<Digest>>, EvidenceError> {
    if index >= size || size > whole {
        return Ok(None);
    }
    let tiles = Tiles { whole, read };
    let (mut from, mut to, mut path) = (0, size, Vec::new());
    while to - from > 1 {
        let middle = from + merkle::split(to - from);
        if index < middle {
            path.push(tiles.range(middle, to)?);
            to = middle;
        } else {
            path.push(tiles.range(from, middle)?);
            from = middle;
        }
    }
    path.reverse();
    Ok(Some(path))
}

/// The tiles of a log of `whole` entries.
struct Tiles<'a> {
    whole: u64,
    read: Read<'a>,
}

impl Tiles<'_> {
    /// The root of the entries `from..to`, where `from` is a multiple of the smallest power of two not below `to - from`.
    fn range(&self, from: u64, to: u64) -> Result<Digest, EvidenceError> {
        let n = to - from;
        if !n.is_power_of_two() {
            let half = merkle::split(n);
            return Ok(merkle::node(&self.range(from, from + half)?, &self.range(from + half, to)?));
        }
        // A complete subtree is folded from hashes of one tile.
        let (level, within) = (n.trailing_zeros() / 8, 1u64 << (n.trailing_zeros() % 8));
        let first = from >> (8 * level);
        let width = ((self.whole >> (8 * level)) - first / WIDTH * WIDTH).min(WIDTH);
        let hashes = hash_tile(&tile_path(&level.to_string(), first / WIDTH, width), width, self.read)?;
        let at = usize::try_from(first % WIDTH).unwrap_or(usize::MAX);
        let of = hashes.get(at..at + within as usize);
        of.map(fold).ok_or_else(|| changed("a tile is shorter than the log".into()))
    }
}

/// Checks that a log goes on from a checkpoint that was signed earlier, so that none of its entries was changed, moved or
/// cut off since.
///
/// # Errors
/// It does not.
pub fn verify_against(tree: &Tree, origin: &str, earlier: &Checkpoint) -> Result<(), EvidenceError> {
    if earlier.origin != origin {
        return Err(changed(format!("the checkpoint is of the log `{}`, this one is `{origin}`", earlier.origin)));
    }
    match tree.root_at(earlier.size) {
        None => Err(changed(format!(
            "the log was cut off: it has {} entries, the checkpoint was signed over {}",
            tree.size(),
            earlier.size
        ))),
        Some(root) if root != earlier.root => Err(changed(format!(
            "the first {} entries are not those that the checkpoint was signed over",
            earlier.size
        ))),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use proptest::prelude::*;

    type Files = BTreeMap<String, Vec<u8>>;

    fn grown(n: u64) -> (Files, Checkpoint) {
        let mut files = Files::new();
        let mut edge = Edge { size: 0, hashes: Vec::new(), bundle: Vec::new() };
        for i in 0..n {
            let change = edge.append(format!("entry {i}").as_bytes()).unwrap();
            files.extend(change.write);
            change.remove.iter().for_each(|path| assert!(files.remove(path).is_some(), "{path}"));
        }
        let head = Checkpoint { origin: "log".into(), size: n, root: edge.root() };
        (files, head)
    }

    fn check(files: &Files, head: &Checkpoint) -> Result<Tree, EvidenceError> {
        verify(head, &|path| Ok(files.get(path).cloned()))
    }

    #[test]
    fn names_are_those_of_the_layout() {
        assert_eq!(tile_path("0", 1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(tile_path("entries", 0, 7), "tile/entries/000.p/7");
    }

    #[test]
    fn a_log_of_any_size_can_be_read_gone_on_with_and_checked() {
        for n in [0, 1, 2, 255, 256, 257, 511, 512, 700, 65_536, 65_800] {
            let (files, head) = grown(n);
            let tree = check(&files, &head).unwrap_or_else(|error| panic!("{n}: {error}"));
            assert_eq!(tree.root(), head.root);
            // As many files as the layout says, and no partial one beside its successor.
            let tiles = |mut count: u64| {
                let mut files = count.div_ceil(WIDTH);
                while count > 0 {
                    files += count.div_ceil(WIDTH);
                    count /= WIDTH;
                }
                files
            };
            assert_eq!(files.len() as u64, tiles(n), "{n}");
            let mut edge = Edge::read(n, &head.root, &|path| Ok(files.get(path).cloned())).unwrap();
            edge.append(b"one more").unwrap();
            let mut longer = tree.clone();
            longer.push(merkle::leaf(b"one more"));
            assert_eq!(edge.root(), longer.root(), "{n}");
        }
    }

    #[test]
    fn the_way_of_an_entry_is_read_from_few_tiles_and_is_that_of_the_tree() {
        for n in [1, 2, 5, 255, 256, 257, 600, 66_000] {
            let (files, head) = grown(n);
            let tree = check(&files, &head).unwrap();
            for size in [1, n / 3, n / 2 + 1, n.saturating_sub(1), n] {
                for index in [0, 1, size / 2, size.saturating_sub(1), size] {
                    let read = std::cell::Cell::new(0u64);
                    let tiles = |path: &str| {
                        read.set(read.get() + 1);
                        Ok(files.get(path).cloned())
                    };
                    let path = inclusion(n, index, size, &tiles).unwrap();
                    assert_eq!(path, tree.inclusion(index, size), "{index} of {size} of {n}");
                    assert!(read.get() <= 2 * 17, "{} tiles", read.get());
                }
            }
            assert_eq!(inclusion(n, 0, n + 1, &|path| Ok(files.get(path).cloned())).unwrap(), None);
        }
    }

    #[test]
    fn a_log_that_was_cut_off_or_rewritten_is_told_by_an_earlier_checkpoint() {
        let (_, earlier) = grown(300);
        let (files, head) = grown(299);
        // It is a log of its own; only the checkpoint tells.
        let tree = check(&files, &head).unwrap();
        let error = verify_against(&tree, "log", &earlier).unwrap_err().to_string();
        assert!(error.contains("cut off"), "{error}");
        let (files, head) = grown(400);
        assert!(verify_against(&check(&files, &head).unwrap(), "log", &earlier).is_ok());
        assert!(verify_against(&check(&files, &head).unwrap(), "another", &earlier).is_err());
        let rewritten: Tree = (0..400u32).map(|i| merkle::leaf(&i.to_be_bytes())).collect();
        assert!(verify_against(&rewritten, "log", &earlier).unwrap_err().to_string().contains("not those"));
    }

    fn of_600() -> (Files, Checkpoint) {
        static GROWN: std::sync::LazyLock<(Files, Checkpoint)> = std::sync::LazyLock::new(|| grown(600));
        GROWN.clone()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Any byte of any file of a log is held.
        #[test]
        fn a_changed_byte_is_found(file in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), flip in 1u8..) {
            let (mut files, head) = of_600();
            let path = files.keys().nth(file.index(files.len())).unwrap().clone();
            let bytes = files.get_mut(&path).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            prop_assert!(check(&files, &head).is_err(), "{path} byte {at}");
        }

        #[test]
        fn entries_that_change_places_are_found(a in 0usize..600, b in 0usize..600) {
            prop_assume!(a != b);
            let (files, head) = of_600();
            let mut texts: Vec<String> = (0..600).map(|i| format!("entry {i}")).collect();
            texts.swap(a, b);
            let mut moved = Files::new();
            let mut edge = Edge { size: 0, hashes: Vec::new(), bundle: Vec::new() };
            texts.iter().for_each(|text| moved.extend(edge.append(text.as_bytes()).unwrap().write));
            // The entries alone, and with the tiles made anew.
            let mut entries_only = files.clone();
            entries_only.extend(moved.iter().filter(|(path, _)| path.contains("entries")).map(|(p, b)| (p.clone(), b.clone())));
            prop_assert!(check(&entries_only, &head).is_err());
            prop_assert!(check(&moved, &head).is_err());
        }
    }
}
