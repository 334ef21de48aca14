//! jmt used as its authors use it: dense versions, changes put one by one, its own proofs and verifier.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use jmt::storage::{LeafNode, Node, NodeKey, TreeReader};
use jmt::{JellyfishMerkleTree, KeyHash, OwnedValue, RootHash, SimpleHasher};

use super::Changes;
use crate::crypto::{Digest, DigestAlgorithm};
use crate::map::hasher::{Sha256Tree, Sm3Tree};
use crate::map::proof::{interior_hash, leaf_node_hash};
use crate::map::{EMPTY_ROOT, MapKey, MapProof};

/// A jmt tree with a version for every height, changes or not.
pub struct Oracle {
    algorithm: DigestAlgorithm,
    nodes: BTreeMap<NodeKey, Node>,
    values: BTreeMap<(KeyHash, u64), Option<OwnedValue>>,
    roots: Vec<RootHash>,
}

/// jmt's proof as it encodes it; its fields are private.
#[derive(BorshSerialize, BorshDeserialize)]
struct TheirProof {
    leaf: Option<(Digest, Digest)>,
    siblings: Vec<TheirSibling>,
}

#[derive(BorshSerialize, BorshDeserialize)]
enum TheirSibling {
    Null,
    Internal(Digest, Digest),
    Leaf(Digest, Digest),
}

impl Oracle {
    pub fn grown(algorithm: DigestAlgorithm, blocks: &[Changes]) -> Self {
        let mut oracle = Self { algorithm, nodes: BTreeMap::new(), values: BTreeMap::new(), roots: Vec::new() };
        for (height, changes) in (0..).zip(blocks) {
            match algorithm {
                DigestAlgorithm::Sha256 => oracle.grow::<Sha256Tree>(height, changes),
                DigestAlgorithm::Sm3 => oracle.grow::<Sm3Tree>(height, changes),
            }
        }
        oracle
    }

    fn grow<H: SimpleHasher>(&mut self, height: u64, changes: &Changes) {
        let set = changes.iter().map(|(key, value)| (KeyHash(key.0.0), Some(value.0.to_vec())));
        let (root, batch) = JellyfishMerkleTree::<_, H>::new(self).put_value_set(set, height).unwrap();
        self.roots.push(root);
        self.nodes.extend(batch.node_batch.nodes().clone());
        let values = batch.node_batch.values().iter();
        self.values.extend(values.map(|((version, key), value)| ((*key, *version), value.clone())));
    }

    pub fn root(&self, height: usize) -> Digest {
        Digest(self.roots[height].0)
    }

    /// jmt's proof, after jmt's own verifier accepted it, in our form.
    pub fn prove_and_verify(&self, height: usize, key: &MapKey, value: Option<&Digest>, root: &Digest) -> MapProof {
        let bytes = match self.algorithm {
            DigestAlgorithm::Sha256 => self.proof_bytes::<Sha256Tree>(height, key, value, root),
            DigestAlgorithm::Sm3 => self.proof_bytes::<Sm3Tree>(height, key, value, root),
        };
        let proof: TheirProof = borsh::from_slice(&bytes).unwrap();
        let hash = |sibling: &TheirSibling| match sibling {
            TheirSibling::Null => EMPTY_ROOT,
            TheirSibling::Internal(left, right) => interior_hash(self.algorithm, left, right),
            TheirSibling::Leaf(key, value_hash) => leaf_node_hash(self.algorithm, key, value_hash),
        };
        MapProof { leaf: proof.leaf, siblings: proof.siblings.iter().map(hash).collect() }
    }

    fn proof_bytes<H: SimpleHasher>(
        &self,
        height: usize,
        key: &MapKey,
        value: Option<&Digest>,
        root: &Digest,
    ) -> Vec<u8> {
        let tree = JellyfishMerkleTree::<_, H>::new(self);
        let (found, proof) = tree.get_with_proof(KeyHash(key.0.0), height as u64).unwrap();
        assert_eq!(found.as_deref(), value.map(|value| &value.0[..]));
        proof.verify(RootHash(root.0), KeyHash(key.0.0), value.map(|value| value.0)).unwrap();
        borsh::to_vec(&proof).unwrap()
    }
}

impl TreeReader for Oracle {
    fn get_node_option(&self, key: &NodeKey) -> anyhow::Result<Option<Node>> {
        Ok(self.nodes.get(key).cloned())
    }

    fn get_value_option(&self, version: u64, key: KeyHash) -> anyhow::Result<Option<OwnedValue>> {
        Ok(self.values.range((key, 0)..=(key, version)).next_back().and_then(|(_, value)| value.clone()))
    }

    fn get_rightmost_leaf(&self) -> anyhow::Result<Option<(NodeKey, LeafNode)>> {
        anyhow::bail!("only restoring asks for it")
    }
}
