//! The memory that a large file takes. Alone in its program, because the peak is the program's.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![cfg(target_os = "linux")]

use huxin_document::ofd::Ofd;
use huxin_document::{Limits, Options, inspect};
use std::fmt::Write as _;
use std::io::Write as _;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Most memory that reading may take beyond the file itself, in KiB.
const ABOVE_FILE_KIB_MAX: u64 = 64 * 1024;
const ATTACHMENT_BYTES: usize = 4 * 1024 * 1024;
const ATTACHMENTS: usize = 20;
/// A page just below the limit of one XML file.
const PAGE_BYTES: usize = 20 * 1024 * 1024;

/// The program's peak of resident memory so far, in KiB.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Writes a package of some 100 MB: large attachments that do not pack, and one large page.
fn write_large(to: &std::fs::File) {
    let mut zip = ZipWriter::new(to);
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut file = |name: &str, content: &[u8]| {
        zip.start_file(name, stored).unwrap();
        for chunk in content.chunks(1 << 16) {
            zip.write_all(chunk).unwrap();
        }
    };
    file("OFD.xml", b"<OFD><DocBody><DocRoot>D.xml</DocRoot><Signatures>Signatures.xml</Signatures></DocBody></OFD>");
    file("D.xml", b"<Document><Pages><Page BaseLoc='P.xml'/></Pages><Attachments>A.xml</Attachments></Document>");
    file("Signatures.xml", b"<Signatures><Signature ID='1' BaseLoc='S.xml'/></Signatures>");
    let mut references = String::new();
    let mut list = String::new();
    for index in 0..ATTACHMENTS {
        let attachment: Vec<u8> =
            (0..ATTACHMENT_BYTES).map(|at| at.wrapping_mul(31 + index).to_le_bytes()[1]).collect();
        file(&format!("{index}.bin"), &attachment);
        write!(references, "<Reference FileRef='{index}.bin'><CheckValue>AAAA</CheckValue></Reference>").unwrap();
        write!(list, "<Attachment><FileLoc>{index}.bin</FileLoc></Attachment>").unwrap();
    }
    file("A.xml", format!("<Attachments>{list}</Attachments>").as_bytes());
    let page = "<PathObject AbbreviatedData='M 0 0'/>";
    file("P.xml", format!("<Page>{}</Page>", page.repeat(PAGE_BYTES / page.len())).as_bytes());
    let signature = format!("<Signature><SignedInfo><References>{references}</References></SignedInfo></Signature>");
    file("S.xml", signature.as_bytes());
    zip.finish().unwrap();
}

#[test]
fn file_of_a_hundred_megabytes_takes_little_more_than_itself() {
    // Written to disk piece by piece, so that the making does not raise the peak above the file's own size.
    let mut made = tempfile::NamedTempFile::new().unwrap();
    write_large(made.as_file());
    made.flush().unwrap();
    let bytes = std::fs::read(made.path()).unwrap();
    assert!(bytes.len() > 100_000_000);
    let before = peak_kib();
    assert!(before * 1024 >= bytes.len() as u64);
    let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
    assert!(ofd.is_complete());
    assert_eq!(ofd.check_references(0).unwrap().len(), ATTACHMENTS);
    assert_eq!(ofd.coverage(0, &[]).unprotected_content, ["A.xml", "D.xml", "OFD.xml", "P.xml"]);
    let report = inspect(&bytes, &Options::default());
    assert_eq!(report.signatures[0].xml.as_ref().unwrap().references_bad.len(), ATTACHMENTS);
    let above = peak_kib() - before;
    assert!(above <= ABOVE_FILE_KIB_MAX, "{above} KiB above the file");
    eprintln!("{above} KiB above a file of {} bytes", bytes.len());
}
