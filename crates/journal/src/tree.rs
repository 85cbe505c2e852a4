//! The Merkle tree of RFC 6962 §2.1: hashes, the frontier, proofs and their verification.
//!
//! A full subtree of 2^level leaves, the `index`-th of its level, is a *node*. Nodes never change
//! once complete, so that any root or proof is computed from O(log n) stored nodes.

use ring::digest::{Context, SHA256};

/// A SHA-256 value in the tree.
pub type Hash = [u8; 32];

/// RFC 6962 §2.1: the hash of the empty tree, SHA-256 of nothing.
pub fn empty_root() -> Hash {
    finish(Context::new(&SHA256))
}

/// RFC 6962 §2.1: `SHA-256(0x00 || leaf)`.
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(&[0]);
    context.update(leaf);
    finish(context)
}

/// RFC 6962 §2.1: `SHA-256(0x01 || left || right)`.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut joined = [1; 65];
    joined[1..33].copy_from_slice(left);
    joined[33..].copy_from_slice(right);
    let mut context = Context::new(&SHA256);
    context.update(&joined);
    finish(context)
}

fn finish(context: Context) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// The full subtrees that make up a tree of `size` leaves: all that appending needs.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    /// Roots of the full subtrees, the largest (leftmost) first: one for each set bit of `size`.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The frontier of the empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// The frontier of a tree of `size` leaves from stored nodes; reads one node for each set bit.
    ///
    /// # Errors
    /// What `node(level, index)` returns.
    pub fn load<E>(
        size: u64,
        mut node: impl FnMut(u32, u64) -> Result<Hash, E>,
    ) -> Result<Self, E> {
        let mut peaks = Vec::with_capacity(size.count_ones() as usize);
        let mut start = 0;
        for level in (0..64).rev().filter(|level| size >> level & 1 == 1) {
            peaks.push(node(level, start >> level)?);
            start += 1 << level;
        }
        Ok(Self { size, peaks })
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf by its hash; writes the nodes it completes to `nodes`, level 0 first.
    pub fn append(&mut self, leaf: Hash, nodes: &mut Vec<u8>) {
        nodes.extend_from_slice(&leaf);
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = node_hash(&left, &hash);
                nodes.extend_from_slice(&hash);
            }
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The Merkle Tree Hash of all leaves.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        match peaks.next() {
            None => empty_root(),
            Some(last) => peaks.fold(*last, |right, left| node_hash(left, &right)),
        }
    }
}

/// `MTH(D[start:end])` for a range that RFC 6962's splitting yields, from stored nodes.
pub(crate) fn range_hash<E>(
    start: u64,
    end: u64,
    node: &mut impl FnMut(u32, u64) -> Result<Hash, E>,
) -> Result<Hash, E> {
    let width = end - start;
    if width.is_power_of_two() {
        let level = width.trailing_zeros();
        return node(level, start >> level);
    }
    if width == 0 {
        return Ok(empty_root());
    }
    let split = start + split(width);
    let left = range_hash(start, split, node)?;
    let right = range_hash(split, end, node)?;
    Ok(node_hash(&left, &right))
}

/// The largest power of two smaller than `width`, which is at least 2.
fn split(width: u64) -> u64 {
    1 << (63 - (width - 1).leading_zeros())
}

/// RFC 6962 §2.1.1 `PATH(index, D[size])`: sibling hashes from the leaf up; `index < size`.
///
/// # Errors
/// What `node(level, index)` returns.
pub fn inclusion_proof<E>(
    index: u64,
    size: u64,
    mut node: impl FnMut(u32, u64) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    let (mut start, mut end) = (0, size);
    let mut path = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            path.push(range_hash(middle, end, &mut node)?);
            end = middle;
        } else {
            path.push(range_hash(start, middle, &mut node)?);
            start = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// RFC 6962 §2.1.2 `PROOF(old, D[size])` for `0 < old < size`; elsewhere there is nothing to prove
/// and the path is empty.
///
/// # Errors
/// What `node(level, index)` returns.
pub fn consistency_proof<E>(
    old: u64,
    size: u64,
    mut node: impl FnMut(u32, u64) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    let (mut start, mut end) = (0, size);
    let mut path = Vec::new();
    if old == 0 || old >= size {
        return Ok(path);
    }
    while end != old {
        let middle = start + split(end - start);
        if old <= middle {
            path.push(range_hash(middle, end, &mut node)?);
            end = middle;
        } else {
            path.push(range_hash(start, middle, &mut node)?);
            start = middle;
        }
    }
    // The old tree's own root is known to the verifier where it is a subtree from 0 (b = true).
    if start != 0 {
        path.push(range_hash(start, end, &mut node)?);
    }
    path.reverse();
    Ok(path)
}

/// Verifies an inclusion proof by RFC 9162 §2.1.3.2.
pub fn verify_inclusion(leaf: Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    // 1. The index must lie in the tree.
    if index >= size {
        return false;
    }
    // 2.-3. fn is the index, sn the last index, r the leaf's hash.
    let (mut node, mut last, mut hash) = (index, size - 1, leaf);
    // 4. For each value of the path:
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            if node & 1 == 0 {
                let skipped = node.trailing_zeros().min(63);
                node >>= skipped;
                last >>= skipped;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    // 5. The path ends at the root.
    last == 0 && hash == *root
}

/// Verifies a consistency proof by RFC 9162 §2.1.4.2; an empty old tree is consistent with any.
pub fn verify_consistency(
    old: u64,
    size: u64,
    proof: &[Hash],
    old_root: &Hash,
    root: &Hash,
) -> bool {
    if old > size {
        return false;
    }
    if old == size || old == 0 {
        let expected = if old == 0 { empty_root() } else { *root };
        return proof.is_empty() && *old_root == expected;
    }
    // 1.-2. An old tree that is a full subtree is the first value itself.
    let mut path = proof.iter();
    let seed = if old.is_power_of_two() {
        old_root
    } else {
        match path.next() {
            Some(first) => first,
            None => return false,
        }
    };
    // 3.-4. Strip the levels at which the old tree is full.
    let (mut node, mut last) = (old - 1, size - 1);
    let full = node.trailing_ones();
    node >>= full;
    last >>= full;
    // 5.-6. Walk both roots up.
    let (mut old_hash, mut hash) = (*seed, *seed);
    for value in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash(value, &old_hash);
            hash = node_hash(value, &hash);
            if node & 1 == 0 {
                let skipped = node.trailing_zeros().min(63);
                node >>= skipped;
                last >>= skipped;
            }
        } else {
            hash = node_hash(&hash, value);
        }
        node >>= 1;
        last >>= 1;
    }
    // 7. Both roots are met at the top.
    last == 0 && old_hash == *old_root && hash == *root
}

#[cfg(test)]
mod tests {
    use core::convert::Infallible;

    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use proptest::prelude::*;
    use sha2::Sha256;

    use super::*;

    /// Leaves, our stored nodes by (level, index), our root and the oracle.
    struct Grown {
        nodes: std::collections::HashMap<(u32, u64), Hash>,
        frontiers: Vec<Frontier>,
        leaves: Vec<Vec<u8>>,
    }

    fn grow(count: u64) -> Grown {
        let mut frontier = Frontier::new();
        let mut grown = Grown {
            nodes: Default::default(),
            frontiers: vec![frontier.clone()],
            leaves: Vec::new(),
        };
        for sequence in 0..count {
            let leaf = format!("leaf {sequence}").into_bytes();
            let mut nodes = Vec::new();
            frontier.append(leaf_hash(&leaf), &mut nodes);
            for (level, node) in nodes.chunks(32).enumerate() {
                let key = (level as u32, sequence >> level);
                grown.nodes.insert(key, node.try_into().unwrap());
            }
            grown.frontiers.push(frontier.clone());
            grown.leaves.push(leaf);
        }
        grown
    }

    fn oracle(leaves: &[Vec<u8>]) -> MemoryBackedTree<Sha256, Vec<u8>> {
        let mut tree = MemoryBackedTree::new();
        for leaf in leaves {
            tree.push(leaf.clone());
        }
        tree
    }

    fn flat(proof: &[Hash]) -> Vec<u8> {
        proof.concat()
    }

    #[test]
    fn roots_of_the_published_tree() {
        // The eight leaves and roots of the test vector of certificate transparency's reference log.
        let leaves = [
            "",
            "00",
            "10",
            "2021",
            "3031",
            "40414243",
            "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        ];
        let mut frontier = Frontier::new();
        for leaf in leaves {
            frontier.append(leaf_hash(&hex::decode(leaf).unwrap()), &mut Vec::new());
        }
        assert_eq!(
            hex::encode(frontier.root()),
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
        );
        assert_eq!(
            hex::encode(Frontier::new().root()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn agrees_with_the_oracle(count in 1u64..200, index in any::<u64>(), old in any::<u64>()) {
            let (index, old) = (index % count, old % count + 1);
            let grown = grow(count);
            let node = |level, index| Ok::<_, Infallible>(grown.nodes[&(level, index)]);
            let tree = oracle(&grown.leaves);
            let root = grown.frontiers[count as usize].root();
            let expected = tree.root();
            prop_assert_eq!(root.as_slice(), expected.as_bytes().as_slice());
            let loaded = Frontier::load(count, node).unwrap();
            prop_assert_eq!(&loaded, &grown.frontiers[count as usize]);

            let proof = inclusion_proof(index, count, node).unwrap();
            let theirs = tree.prove_inclusion(index as usize);
            prop_assert_eq!(flat(&proof), theirs.as_bytes());
            let leaf = leaf_hash(&grown.leaves[index as usize]);
            prop_assert!(verify_inclusion(leaf, index, count, &proof, &root));
            prop_assert!(!verify_inclusion(leaf, index, count, &proof, &leaf_hash(b"else")));
            prop_assert!(!verify_inclusion(leaf_hash(b"else"), index, count, &proof, &root));
            if count > 1 {
                prop_assert!(!verify_inclusion(leaf, (index + 1) % count, count, &proof, &root));
            }

            let old_root = grown.frontiers[old as usize].root();
            let proof = consistency_proof(old, count, node).unwrap();
            let theirs = tree.prove_consistency((count - old) as usize);
            prop_assert_eq!(flat(&proof), theirs.as_bytes());
            prop_assert!(verify_consistency(old, count, &proof, &old_root, &root));
            prop_assert!(!verify_consistency(old, count, &proof, &leaf_hash(b"else"), &root));
            if old < count {
                prop_assert!(!verify_consistency(old, count, &proof, &old_root, &old_root));
                prop_assert!(!verify_consistency(old + 1, count, &proof, &old_root, &root));
            }
        }

        #[test]
        fn altered_proofs_fail(count in 2u64..200, index in any::<u64>(), bit in any::<usize>()) {
            let index = index % count;
            let grown = grow(count);
            let node = |level, index| Ok::<_, Infallible>(grown.nodes[&(level, index)]);
            let root = grown.frontiers[count as usize].root();
            let leaf = leaf_hash(&grown.leaves[index as usize]);
            let mut proof = inclusion_proof(index, count, node).unwrap();
            let longer: Vec<Hash> = proof.iter().copied().chain([root]).collect();
            prop_assert!(!verify_inclusion(leaf, index, count, &longer, &root));
            prop_assert!(!verify_inclusion(leaf, index, count, &proof[1..], &root));
            let bit = bit % (proof.len() * 256);
            proof[bit / 256][bit % 256 / 8] ^= 1 << (bit % 8);
            prop_assert!(!verify_inclusion(leaf, index, count, &proof, &root));
        }

        /// Hostile sizes must neither loop nor overflow.
        #[test]
        fn any_claim_is_answered(index: u64, old: u64, size: u64, proof in proptest::collection::vec(any::<Hash>(), 0..70)) {
            let root = [7; 32];
            prop_assert!(!verify_inclusion([1; 32], index, size, &proof, &root));
            prop_assert!(!verify_consistency(old.max(1), size, &proof, &[3; 32], &root));
        }
    }
}
