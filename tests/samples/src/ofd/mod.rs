//! OFD packages (GB/T 33190-2016): what is in them, how they are sealed, how they become one file.

pub mod archive;
pub mod content;
pub mod integrity;
pub mod page;
pub mod sealing;

pub use archive::Package;
pub use content::Metadata;
pub use sealing::{CheckMethod, Layout, Sealing, USUAL, Writing};
