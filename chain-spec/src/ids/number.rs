//! Numbers that must not be mixed up with one another.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use super::{IdError, IdKind};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $kind:expr) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl $name {
            /// The first one.
            pub const ZERO: Self = Self(0);

            /// The one after this. Stays at `u64::MAX`, which no chain reaches.
            #[must_use]
            pub fn next(self) -> Self {
                self.plus(1)
            }

            /// The one `count` further on. Stays at `u64::MAX`, which no chain reaches.
            #[must_use]
            pub fn plus(self, count: u64) -> Self {
                Self(self.0.saturating_add(count))
            }

            /// The one before this, unless this is the first.
            #[must_use]
            pub fn previous(self) -> Option<Self> {
                self.0.checked_sub(1).map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                // `u64::from_str` takes a leading plus sign, which is not one of our forms.
                if !text.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(IdError::Number { kind: $kind });
                }
                text.parse().map(Self).map_err(|_| IdError::Number { kind: $kind })
            }
        }
    };
}

number! {
    /// Height of a block. Genesis is 0, the first block is 1.
    Height, IdKind::Height
}

number! {
    /// Position of a record in the log, from 0.
    RecordIndex, IdKind::RecordIndex
}
