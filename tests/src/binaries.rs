//! Where the built binaries are.

use std::path::PathBuf;

/// Environment variable with the folder of the binaries to test.
const FOLDER_VARIABLE: &str = "HUXIN_BIN_DIR";

/// The client command.
pub fn huxin() -> PathBuf {
    find("huxin")
}

/// The node.
pub fn huxin_node() -> PathBuf {
    find("huxin-node")
}

/// The maker of sealed samples.
pub fn huxin_samples() -> PathBuf {
    find("huxin-samples")
}

/// In `HUXIN_BIN_DIR`, or beside the folder that this test binary was built into.
fn find(name: &str) -> PathBuf {
    let folders: Vec<PathBuf> = match std::env::var_os(FOLDER_VARIABLE) {
        Some(folder) => vec![folder.into()],
        None => std::env::current_exe().unwrap().ancestors().skip(1).take(3).map(PathBuf::from).collect(),
    };
    folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file()).unwrap_or_else(|| {
        panic!(
            "no {name} in {folders:?}; build it first: cargo build --release --workspace --bins, or set {FOLDER_VARIABLE}"
        )
    })
}
