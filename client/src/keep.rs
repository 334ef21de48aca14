//! Files that are written whole or not at all, and earlier files that are kept: receipts, exports, keys.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::error::ClientError;

/// Earlier files of one name that are kept at most.
const KEPT_MAX: u32 = 999;

/// Writes a receipt, making its folder. An earlier file of this name is evidence too: it is kept as `NAME.old-1` and so on, and that is
/// said. The new file appears under its name only when it is complete. What is not a file (a pipe, a device) is written to in place.
///
/// # Errors
/// [`ClientError::File`] where it cannot be written, or an earlier file cannot be read, [`ClientError::Exists`] where 999 earlier ones
/// are kept already.
pub fn save(path: &Path, bytes: &[u8]) -> Result<(), ClientError> {
    let failed = |error| ClientError::file("cannot write", path, error);
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| ClientError::file("cannot make", folder, error))?;
    }
    if is_special(path) {
        let mut file = File::options().write(true).open(path).map_err(failed)?;
        return file.write_all(bytes).map_err(failed);
    }
    let found = earlier(std::fs::read(path), bytes).map_err(|error| ClientError::file("cannot read", path, error))?;
    let partial = partial_name(path);
    let file = File::create(&partial).map_err(|error| ClientError::file("cannot write", &partial, error))?;
    fill(file, &partial, |file| file.write_all(bytes)).map_err(failed)?;
    let replaced = if found == Earlier::Differs { keep_earlier(path) } else { Ok(()) };
    replaced.and_then(|()| std::fs::rename(&partial, path).map_err(failed)).inspect_err(|_| remove(&partial))
}

/// Writes a file of this program's own in place of an earlier one, making its folder; the new one appears only when it is complete. Each
/// process has a partial file of its own.
///
/// # Errors
/// [`ClientError::File`].
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), ClientError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| ClientError::file("cannot make", folder, error))?;
    }
    let mut partial = path.as_os_str().to_owned();
    partial.push(format!(".{}.partial", std::process::id()));
    let partial = PathBuf::from(partial);
    let failed = |error| ClientError::file("cannot write", path, error);
    let file = File::create(&partial).map_err(failed)?;
    fill(file, &partial, |file| file.write_all(bytes)).map_err(failed)?;
    std::fs::rename(&partial, path).map_err(failed).inspect_err(|_| remove(&partial))
}

/// Writes a file that must not exist yet, and leaves none behind where it could not be written whole.
pub fn write_new(path: &Path, mut options: std::fs::OpenOptions, bytes: &[u8]) -> std::io::Result<()> {
    let file = options.write(true).create_new(true).open(path)?;
    fill(file, path, |file| file.write_all(bytes))
}

/// Writes what `write` gives into a file that was just made, down to the disk, and removes it where that fails: half a file, or an empty
/// one, is not to be taken for a whole one.
fn fill(mut file: File, path: &Path, write: impl FnOnce(&mut File) -> std::io::Result<()>) -> std::io::Result<()> {
    write(&mut file).and_then(|()| file.sync_all()).inspect_err(|_| remove(path))
}

/// A file that cannot be removed is told by the error that made it useless.
fn remove(path: &Path) {
    let _ = std::fs::remove_file(path);
}

/// Whether something is there that is neither a file nor a folder: a pipe, a device.
pub fn is_special(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// The name under which a file is written until it is complete.
pub fn partial_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

/// Keeps a file that is there under another name, and says so.
pub fn keep_earlier(path: &Path) -> Result<(), ClientError> {
    let kept = (1..=KEPT_MAX).map(|number| kept_name(path, number)).find(|name| !name.exists());
    let kept = kept.ok_or_else(|| ClientError::Exists { path: path.display().to_string() })?;
    std::fs::rename(path, &kept).map_err(|error| ClientError::file("cannot write", &kept, error))?;
    let (name, kept) = (path.display(), kept.display());
    // Standard error may be closed: the file is kept all the same.
    let _ =
        writeln!(std::io::stderr().lock(), "huxin: 原有的 {name} 已保留为 {kept} the earlier {name} is kept as {kept}");
    Ok(())
}

/// What lies where a receipt is to be written.
#[derive(Debug, PartialEq, Eq)]
enum Earlier {
    Nothing,
    Same,
    Differs,
}

/// # Errors
/// Where something is there that cannot be read: it may be the only proof of something, and is not written over.
fn earlier(read: std::io::Result<Vec<u8>>, bytes: &[u8]) -> std::io::Result<Earlier> {
    match read {
        Ok(earlier) if earlier == bytes => Ok(Earlier::Same),
        Ok(_) => Ok(Earlier::Differs),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Earlier::Nothing),
        Err(error) => Err(error),
    }
}

fn kept_name(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".old-{number}"));
    name.into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// `receipt get` replaced an earlier receipt without a word.
    #[test]
    fn an_earlier_receipt_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kept/a.receipt");
        for bytes in [b"1", b"2", b"2", b"3"] {
            save(&path, bytes).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), bytes);
        }
        let read = |number| std::fs::read(kept_name(&path, number)).unwrap();
        assert_eq!((read(1), read(2)), (b"1".to_vec(), b"2".to_vec()));
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 3);
    }

    /// An earlier file that could not be read was written over.
    #[test]
    fn what_cannot_be_read_is_not_written_over() {
        use std::io::{Error, ErrorKind};
        assert_eq!(earlier(Ok(b"1".to_vec()), b"1").unwrap(), Earlier::Same);
        assert_eq!(earlier(Ok(b"1".to_vec()), b"2").unwrap(), Earlier::Differs);
        assert_eq!(earlier(Err(ErrorKind::NotFound.into()), b"2").unwrap(), Earlier::Nothing);
        for error in
            [ErrorKind::PermissionDenied.into(), Error::other("input/output error"), ErrorKind::IsADirectory.into()]
        {
            assert!(earlier(Err(error), b"2").is_err());
        }
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(save(folder.path(), b"1"), Err(ClientError::File { action: "cannot read", .. })));
    }

    /// On a full disk an empty key file and receipts of no bytes stayed behind.
    #[test]
    fn half_a_file_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("k.key");
        let full = |file: &mut File| {
            file.write_all(b"half")?;
            Err(std::io::ErrorKind::StorageFull.into())
        };
        let file = File::create(&path).unwrap();
        assert_eq!(fill(file, &path, full).unwrap_err().kind(), std::io::ErrorKind::StorageFull);
        assert!(!path.exists());
        let options = || File::options();
        write_new(&path, options().clone(), b"whole").unwrap();
        assert_eq!(
            write_new(&path, options().clone(), b"other").unwrap_err().kind(),
            std::io::ErrorKind::AlreadyExists
        );
        assert_eq!(std::fs::read(&path).unwrap(), b"whole", "what was there stays");
    }

    /// A device in the place of a file was replaced by a file.
    #[cfg(unix)]
    #[test]
    fn what_is_not_a_file_is_written_in_place() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(is_special(&pipe) && !is_special(folder.path()) && !is_special(&folder.path().join("none")));
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || std::fs::read(pipe).unwrap()
        });
        save(&pipe, b"a receipt").unwrap();
        assert_eq!(reader.join().unwrap(), b"a receipt");
        assert!(is_special(&pipe));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
