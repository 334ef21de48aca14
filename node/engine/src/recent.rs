//! What was met of late, bounded: the oldest is forgotten first.

use std::collections::{HashMap, VecDeque};

use huxin_chain_spec::crypto::Digest;

/// Values by the digest of what was met.
#[derive(Debug)]
pub(crate) struct Recent<T> {
    most: usize,
    values: HashMap<Digest, T>,
    order: VecDeque<Digest>,
}

impl<T> Recent<T> {
    /// Remembers `most` of them.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, values: HashMap::new(), order: VecDeque::new() }
    }

    pub(crate) fn get(&self, digest: &Digest) -> Option<&T> {
        self.values.get(digest)
    }

    /// Remembers a value, in the place of an earlier one.
    pub(crate) fn put(&mut self, digest: Digest, value: T) {
        if self.values.insert(digest, value).is_none() {
            self.order.push_back(digest);
        }
        if self.order.len() > self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.values.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first() {
        let (mut recent, digest) = (Recent::new(2), |byte| Digest([byte; 32]));
        for (byte, value) in [(1, 'a'), (2, 'b'), (1, 'c'), (3, 'd')] {
            recent.put(digest(byte), value);
        }
        assert_eq!([1, 2, 3].map(|byte| recent.get(&digest(byte)).copied()), [None, Some('b'), Some('d')]);
    }
}
