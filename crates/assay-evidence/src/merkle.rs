//! The Merkle tree of RFC 6962, section 2.1: what a log and the rows of a pack are committed to by.
//!
//! A leaf is hashed as `SHA-256(0x00 ‖ bytes)`, a node as `SHA-256(0x01 ‖ left ‖ right)`; a tree of `n` leaves splits at the
//! largest power of two below `n`, and the tree of none is `SHA-256("")`. Proofs are checked as in RFC 9162, sections
//! 2.1.3.2 and 2.1.4.2.

use assay_core::Digest;

/// The hash of a leaf.
pub fn leaf(bytes: &[u8]) -> Digest {
    let mut hash = Digest::stream();
    hash.update(&[0]);
    hash.update(bytes);
    hash.finish()
}

/// The hash of a node over its two halves.
pub fn node(left: &Digest, right: &Digest) -> Digest {
    let mut bytes = [1; 65];
    bytes[1..33].copy_from_slice(left.as_bytes());
    bytes[33..].copy_from_slice(right.as_bytes());
    Digest::of_bytes(&bytes)
}

/// An append-only tree. Memory: two hashes for each leaf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// For each height the hashes of the complete subtrees of 2^height leaves, from the left.
    levels: Vec<Vec<Digest>>,
}

impl Tree {
    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, Vec::len) as u64
    }

    /// Appends a leaf by its hash.
    pub fn push(&mut self, leaf: Digest) {
        let mut hash = leaf;
        for height in 0.. {
            if self.levels.len() == height {
                self.levels.push(Vec::new());
            }
            let level = &mut self.levels[height];
            level.push(hash);
            if level.len() % 2 == 1 {
                return;
            }
            hash = node(&level[level.len() - 2], &hash);
        }
    }

    /// The hashes of the complete subtrees of 2^`height` leaves, from the left.
    pub fn level(&self, height: usize) -> &[Digest] {
        self.levels.get(height).map_or(&[], Vec::as_slice)
    }

    /// The root over the first `size` leaves; `None` when there are fewer.
    pub fn root_at(&self, size: u64) -> Option<Digest> {
        match size {
            0 => Some(Digest::of_bytes(b"")),
            _ if size > self.size() => None,
            _ => Some(self.range(0, size)),
        }
    }

    /// The root over all leaves.
    pub fn root(&self) -> Digest {
        self.root_at(self.size()).unwrap_or_else(|| Digest::of_bytes(b""))
    }

    /// The root of the leaves `from..to`, where `from` is a multiple of the smallest power of two not below `to - from`.
    fn range(&self, from: u64, to: u64) -> Digest {
        let n = to - from;
        if n.is_power_of_two() {
            let height = n.trailing_zeros() as usize;
            return self.levels[height][(from >> height) as usize];
        }
        let half = split(n);
        node(&self.range(from, from + half), &self.range(from + half, to))
    }

    /// The hashes that lead from a leaf to the root over the first `size` leaves; `None` when there is no such leaf.
    pub fn inclusion(&self, index: u64, size: u64) -> Option<Vec<Digest>> {
        if index >= size || size > self.size() {
            return None;
        }
        let (mut from, mut to, mut path) = (0, size, Vec::new());
        while to - from > 1 {
            let middle = from + split(to - from);
            if index < middle {
                path.push(self.range(middle, to));
                to = middle;
            } else {
                path.push(self.range(from, middle));
                from = middle;
            }
        }
        path.reverse();
        Some(path)
    }

    /// The hashes that show that the tree over the first `old` leaves is a beginning of the one over the first `new`;
    /// `None` when there are not that many, or `old` is larger.
    pub fn consistency(&self, old: u64, new: u64) -> Option<Vec<Digest>> {
        if old > new || new > self.size() {
            return None;
        }
        let mut path = Vec::new();
        if old == 0 || old == new {
            return Some(path);
        }
        let (mut from, mut to, mut known) = (0, new, true);
        while old != to {
            let middle = from + split(to - from);
            if old <= middle {
                path.push(self.range(middle, to));
                to = middle;
            } else {
                path.push(self.range(from, middle));
                (from, known) = (middle, false);
            }
        }
        if !known {
            path.push(self.range(from, to));
        }
        path.reverse();
        Some(path)
    }
}

impl FromIterator<Digest> for Tree {
    fn from_iter<I: IntoIterator<Item = Digest>>(leaves: I) -> Self {
        let mut tree = Self::default();
        leaves.into_iter().for_each(|leaf| tree.push(leaf));
        tree
    }
}

/// The largest power of two below `n`, which is at least 2.
pub(crate) const fn split(n: u64) -> u64 {
    1 << (63 - (n - 1).leading_zeros())
}

/// Whether a leaf is number `index` of the `size` leaves under a root.
pub fn verify_inclusion(leaf: &Digest, index: u64, size: u64, path: &[Digest], root: &Digest) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for step in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node(step, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node(&hash, step);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether the tree of `old` leaves and this root is a beginning of the tree of `new` leaves and that root.
pub fn verify_consistency(old: u64, new: u64, path: &[Digest], old_root: &Digest, new_root: &Digest) -> bool {
    if old == new {
        return path.is_empty() && old_root == new_root;
    }
    if old == 0 {
        return path.is_empty() && *old_root == Digest::of_bytes(b"");
    }
    if old > new {
        return false;
    }
    // A complete old tree is a node of the new one, and left out of the path.
    let mut steps = path.iter();
    let first = if old.is_power_of_two() { Some(old_root) } else { steps.next() };
    let Some(first) = first else { return false };
    let (mut at, mut last) = (old - 1, new - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let (mut before, mut after) = (*first, *first);
    for step in steps {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            before = node(step, &before);
            after = node(step, &after);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            after = node(&after, step);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && before == *old_root && after == *new_root
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// RFC 6962, section 2.1, word for word.
    fn mth(leaves: &[Digest]) -> Digest {
        match leaves {
            [] => Digest::of_bytes(b""),
            [one] => *one,
            _ => {
                let k = (0..).map(|i| 1 << i).take_while(|k| *k < leaves.len()).last().unwrap();
                node(&mth(&leaves[..k]), &mth(&leaves[k..]))
            }
        }
    }

    fn leaves(n: u64) -> Vec<Digest> {
        (0..n).map(|i| leaf(&i.to_be_bytes())).collect()
    }

    #[test]
    fn every_root_is_the_recursive_definition() {
        let leaves = leaves(300);
        let tree: Tree = leaves.iter().copied().collect();
        for n in 0..=leaves.len() {
            assert_eq!(tree.root_at(n as u64), Some(mth(&leaves[..n])), "{n} leaves");
        }
        assert_eq!(tree.root_at(301), None);
    }

    /// The eight leaves and the roots over the first 1 to 8 of them that the reference implementation of RFC 6962
    /// (certificate-transparency, `merkle_tree_test.cc`) and its successors test with.
    #[test]
    fn the_roots_of_the_reference_implementation_are_met() {
        let inputs =
            ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut tree = Tree::default();
        for (input, root) in inputs.iter().zip(roots) {
            tree.push(leaf(&data_encoding::HEXLOWER.decode(input.as_bytes()).unwrap()));
            assert_eq!(tree.root().to_string(), root);
        }
    }

    #[test]
    fn every_proof_of_small_trees_holds_and_only_for_what_it_proves() {
        let leaves = leaves(40);
        let tree: Tree = leaves.iter().copied().collect();
        for size in 1..=40 {
            let root = tree.root_at(size).unwrap();
            for index in 0..size {
                let path = tree.inclusion(index, size).unwrap();
                for claimed in 0..size {
                    let holds = verify_inclusion(&leaves[index as usize], claimed, size, &path, &root);
                    assert_eq!(holds, claimed == index, "leaf {index} as {claimed} of {size}");
                }
                assert!(!verify_inclusion(&leaf(b"another"), index, size, &path, &root));
            }
            for old in 0..=size {
                let path = tree.consistency(old, size).unwrap();
                let old_root = tree.root_at(old).unwrap();
                assert!(verify_consistency(old, size, &path, &old_root, &root), "{old} to {size}");
                for other in (1..size).filter(|other| *other != old) {
                    let other_root = tree.root_at(other).unwrap();
                    assert!(!verify_consistency(old, size, &path, &other_root, &root) || old == 0);
                }
            }
        }
        assert_eq!(tree.inclusion(40, 40), None);
        assert_eq!(tree.consistency(3, 41), None);
        assert_eq!(tree.consistency(5, 4), None);
    }

    proptest! {
        /// A proof with one bit turned, a step more or a step less proves nothing.
        #[test]
        fn a_damaged_proof_proves_nothing(size in 2u64..1100, at in any::<prop::sample::Index>(), bit in 0usize..256, step in any::<prop::sample::Index>()) {
            let tree: Tree = leaves(size).into_iter().collect();
            let (root, index) = (tree.root(), at.index(size as usize) as u64);
            let leaf = leaf(&index.to_be_bytes());
            let path = tree.inclusion(index, size).unwrap();
            prop_assert!(verify_inclusion(&leaf, index, size, &path, &root));
            let mut turned = path.clone();
            let place = step.index(path.len());
            let mut bytes = *turned[place].as_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            turned[place] = Digest::from_slice(&bytes).unwrap();
            prop_assert!(!verify_inclusion(&leaf, index, size, &turned, &root));
            prop_assert!(!verify_inclusion(&leaf, index, size, &path[1..], &root));
            let longer: Vec<Digest> = path.iter().copied().chain([root]).collect();
            prop_assert!(!verify_inclusion(&leaf, index, size, &longer, &root));

            let old = index.max(1);
            let path = tree.consistency(old, size).unwrap();
            let old_root = tree.root_at(old).unwrap();
            prop_assert!(verify_consistency(old, size, &path, &old_root, &root));
            if !path.is_empty() {
                let mut turned = path.clone();
                let place = step.index(path.len());
                let mut bytes = *turned[place].as_bytes();
                bytes[bit / 8] ^= 1 << (bit % 8);
                turned[place] = Digest::from_slice(&bytes).unwrap();
                prop_assert!(!verify_consistency(old, size, &turned, &old_root, &root));
                prop_assert!(!verify_consistency(old, size, &path[1..], &old_root, &root));
            }
        }
    }
}
