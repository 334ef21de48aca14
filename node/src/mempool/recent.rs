//! A bounded set that evicts its oldest members first.

use std::collections::{HashSet, VecDeque};
use std::hash::Hash;

/// At most `len_max` values; inserting one more evicts the oldest.
#[derive(Debug)]
pub(super) struct RecentSet<T> {
    len_max: usize,
    members: HashSet<T>,
    order: VecDeque<T>,
}

impl<T: Copy + Eq + Hash> RecentSet<T> {
    pub(super) fn new(len_max: usize) -> Self {
        Self { len_max, members: HashSet::new(), order: VecDeque::new() }
    }

    /// True if the value was not there before.
    pub(super) fn insert(&mut self, value: T) -> bool {
        if self.len_max == 0 || !self.members.insert(value) {
            return false;
        }
        if self.order.len() == self.len_max
            && let Some(oldest) = self.order.pop_front()
        {
            self.members.remove(&oldest);
        }
        self.order.push_back(value);
        true
    }

    pub(super) fn contains(&self, value: &T) -> bool {
        self.members.contains(value)
    }

    pub(super) fn len(&self) -> usize {
        self.members.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_the_oldest() {
        let mut set = RecentSet::new(2);
        assert!(set.insert(1) && set.insert(2) && !set.insert(1));
        assert!(set.insert(3));
        assert!(!set.contains(&1) && set.contains(&2) && set.contains(&3));
        assert_eq!(set.len(), 2);
        assert!(!RecentSet::new(0).insert(1));
    }
}
