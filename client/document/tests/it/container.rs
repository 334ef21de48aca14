//! Packages made to mislead or to exhaust: each ends in its code.

use super::fixture::{Files, PAGE, options};
use huxin_document::ofd::{BadReferenceStatus, Ofd};
use huxin_document::{Limits, Reason};
use std::io::{Cursor, Write as _};
use zip::write::{ExtendedFileOptions, FileOptions};
use zip::{CompressionMethod, ZipWriter};

fn refusal(bytes: &[u8]) -> Reason {
    Ofd::open(bytes, &Limits::default()).unwrap_err().code
}

/// Replaces every occurrence of `from`, or only the first, by as many bytes.
fn patched(mut bytes: Vec<u8>, from: &[u8], to: &[u8], only_first: bool) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let places: Vec<usize> = (0..=bytes.len() - from.len()).filter(|at| bytes[*at..].starts_with(from)).collect();
    assert!(!places.is_empty());
    for at in places.into_iter().take(if only_first { 1 } else { usize::MAX }) {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}

/// The whole document with one more entry, its name then replaced in both headers.
fn with_name(name: &[u8]) -> Vec<u8> {
    let placeholder = "#".repeat(name.len());
    let mut files = Files::whole();
    files.set(&placeholder, "x");
    patched(files.zip(), placeholder.as_bytes(), name, false)
}

/// Sets a field of two bytes in every header of the package: at `local` in entries' own headers, at `central` in the directory.
fn with_field(files: &Files, local: usize, central: usize, value: [u8; 2]) -> Vec<u8> {
    let mut bytes = files.zip();
    for (magic, offset) in [(b"PK\x03\x04", local), (b"PK\x01\x02", central)] {
        let places: Vec<usize> = (0..bytes.len() - 4).filter(|at| bytes[*at..].starts_with(magic)).collect();
        for at in places {
            bytes[at + offset..at + offset + 2].copy_from_slice(&value);
        }
    }
    bytes
}

#[test]
fn what_is_no_package_is_malformed() {
    let whole = Files::whole().zip();
    for bytes in
        [&b""[..], b"PK\x03\x04", b"%PDF-1.7", &whole[..whole.len() - 1], &whole[..whole.len() / 2], &whole[1..]]
    {
        assert_eq!(refusal(bytes), Reason::ZipMalformed);
    }
}

#[test]
fn every_truncation_ends_in_a_code() {
    let whole = Files::signed().zip();
    for length in (0..whole.len()).step_by(7) {
        assert!(Ofd::open(&whole[..length], &Limits::default()).is_err());
    }
}

#[test]
fn names_that_are_no_plain_paths_are_refused() {
    let names: [&[u8]; 11] = [
        b"../x.xml",
        b"Doc_0/../../x",
        b"/x.xml",
        b"Doc_0//x",
        b"././../x.xml",
        b"C:/x.xml",
        b"C:\\x.xml",
        b"Doc_0\\x.xml",
        b"x\0.xml",
        b"x\n.xml",
        b"x/.",
    ];
    for name in names {
        assert_eq!(refusal(&with_name(name)), Reason::ZipPath, "{}", name.escape_ascii());
    }
    let mut files = Files::whole();
    files.set(&"x".repeat(1025), "x");
    assert_eq!(refusal(&files.zip()), Reason::ZipPath);
}

#[test]
fn one_name_for_two_entries_is_refused() {
    for name in ["OFD.xml", "ofd.XML", "Doc_0/document.xml", "OFD.xml.", "OFD.xml "] {
        assert_eq!(refusal(&with_name(name.as_bytes())), Reason::ZipDuplicateName, "{name}");
    }
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.add_directory("OFD.xml/", options()).unwrap();
    zip.start_file("ofd.xml", options()).unwrap();
    assert_eq!(refusal(&zip.finish().unwrap().into_inner()), Reason::ZipDuplicateName);
}

#[test]
fn names_in_another_code_page_are_read_or_escaped_and_noted() {
    // 附件 in GBK.
    let bytes = with_name(b"\xB8\xBD\xBC\xFE.txt");
    let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
    assert_eq!(ofd.defects()[0].code, Reason::NonstandardEncoding);
    assert_eq!(ofd.unreferenced(), ["附件.txt"]);
    let bytes = with_name(b"\xFF\xFE\x80.txt");
    let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
    assert_eq!(ofd.defects()[0].code, Reason::NonstandardEncoding);
    assert_eq!(ofd.unreferenced(), ["\\xFF\\xFE\\x80.txt"]);
}

#[test]
fn encrypted_entries_and_other_compressions_are_refused() {
    let files = Files::whole();
    assert_eq!(refusal(&with_field(&files, 6, 8, [1, 0])), Reason::ZipEncrypted);
    for method in [12, 93, 99] {
        assert_eq!(refusal(&with_field(&files, 8, 10, [method, 0])), Reason::ZipCompression, "{method}");
    }
}

#[test]
fn links_are_refused() {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.add_symlink("OFD.xml", "/etc/passwd", options()).unwrap();
    assert_eq!(refusal(&zip.finish().unwrap().into_inner()), Reason::ZipLink);
}

#[test]
fn own_header_with_another_name_is_refused() {
    let bytes = patched(Files::whole().zip(), PAGE.as_bytes(), PAGE.replace("Page_0", "Page_7").as_bytes(), true);
    assert_eq!(refusal(&bytes), Reason::ZipMalformed);
}

/// KingGrid writes a block before and behind its packages, and other readers verify them.
#[test]
fn bytes_before_and_behind_the_package_are_counted() {
    let whole = Files::whole().zip();
    let around = |bytes: &[u8]| {
        let ofd = Ofd::open(bytes, &Limits::default()).unwrap();
        assert!(ofd.is_complete());
        (ofd.around().before, ofd.around().behind)
    };
    assert_eq!(around(&[b"block before\n", &whole[..], b"block behind"].concat()), (13, 12));
    // Places counted from the start of the file, as in archives that unpack themselves.
    let mut shifted = [&[7; 64][..], &whole].concat();
    let end = shifted.len() - 22;
    let directory = 64 + u32::from_le_bytes(whole[end - 64 + 16..end - 64 + 20].try_into().unwrap()) as usize;
    let headers: Vec<usize> = (directory..end).filter(|at| shifted[*at..].starts_with(b"PK\x01\x02")).collect();
    for at in headers.into_iter().map(|header| header + 42).chain([end + 16]) {
        let place = u32::from_le_bytes(shifted[at..at + 4].try_into().unwrap()) + 64;
        shifted[at..at + 4].copy_from_slice(&place.to_le_bytes());
    }
    assert_eq!(around(&shifted), (64, 0));
}

/// What a program could take for an entry or a directory makes a package ambiguous, wherever it stands.
#[test]
fn headers_before_and_behind_the_package_are_refused() {
    let whole = Files::whole().zip();
    for magic in [b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"] {
        let block = [&magic[..], &[0; 60]].concat();
        assert_eq!(refusal(&[&block[..], &whole].concat()), Reason::ZipMalformed);
        assert_eq!(refusal(&[&whole[..], &block].concat()), Reason::ZipMalformed);
    }
}

#[test]
fn names_from_the_folder_of_the_package_are_read_and_noted() {
    let bytes = with_name(b"./x.xml");
    let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
    assert_eq!(ofd.unreferenced(), ["x.xml"]);
    assert_eq!(ofd.defects()[0].code, Reason::NonstandardEncoding);
    assert_eq!(refusal(&with_name(b"./OFD.xml")), Reason::ZipDuplicateName, "two names for one file");
}

/// KingGrid: Seal.esl stands twice with the same bytes. Whichever is taken, nothing is ambiguous.
#[test]
fn copies_of_an_entry_are_read_and_noted() {
    let with_page = |page: &str| {
        let mut files = Files::whole();
        let name = "#".repeat(PAGE.len());
        files.set(&name, page);
        patched(files.zip(), name.as_bytes(), PAGE.as_bytes(), false)
    };
    let content = Files::whole().0.into_iter().find(|(name, _)| name == PAGE).unwrap().1;
    let page = String::from_utf8(content).unwrap();
    let bytes = with_page(&page);
    let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
    assert_eq!(ofd.entry_names().count(), Files::whole().0.len());
    assert!(ofd.defects().iter().any(|defect| defect.code == Reason::NonstandardEncoding && defect.place == PAGE));
    assert_eq!(refusal(&with_page(&page.replacen("<Page>", "<Pagf>", 1))), Reason::ZipDuplicateName);
    // Both headers of the directory name the second copy, so that the first is listed by none.
    let headers: Vec<usize> = (0..bytes.len() - 46).filter(|at| bytes[*at..].starts_with(b"PK\x01\x02")).collect();
    let of_page: Vec<usize> = headers.into_iter().filter(|at| bytes[at + 46..].starts_with(PAGE.as_bytes())).collect();
    let mut unlisted = bytes.clone();
    unlisted.copy_within(of_page[1] + 42..of_page[1] + 46, of_page[0] + 42);
    assert!(Ofd::open(&unlisted, &Limits::default()).is_ok());
    let first = (0..bytes.len()).find(|at| bytes[at + 30..].starts_with(PAGE.as_bytes())).unwrap();
    unlisted[first + 30 + PAGE.len() + 2] ^= 1;
    assert_eq!(refusal(&unlisted), Reason::ZipMalformed, "an altered copy");
}

/// The directory names one entry twice, with the same bytes; only a program that reads from the start sees what the second's own header says.
#[test]
fn own_header_that_differs_is_refused_for_copies_too() {
    let mut files = Files::whole();
    let name = "#".repeat(PAGE.len());
    files.set(&name, std::str::from_utf8(&Files::whole().0.iter().find(|(name, _)| name == PAGE).unwrap().1).unwrap());
    let bytes = patched(files.zip(), name.as_bytes(), PAGE.as_bytes(), false);
    assert!(Ofd::open(&bytes, &Limits::default()).is_ok());
    let mut second = (0..bytes.len() - 30)
        .filter(|at| bytes[*at..].starts_with(b"PK\x03\x04") && bytes[at + 30..].starts_with(PAGE.as_bytes()));
    let second = second.next_back().unwrap();
    // Name, compression, encrypted, sizes behind the data, packed and whole size.
    for (offset, bit) in [(30, 1), (8, 8), (6, 1), (6, 8), (18, 1), (22, 1)] {
        let mut other = bytes.clone();
        other[second + offset] ^= bit;
        assert_eq!(refusal(&other), Reason::ZipMalformed, "byte {offset}");
    }
}

/// Sizes that follow the data stand in its own header as 0.
#[test]
fn sizes_behind_the_data_are_read() {
    let mut bytes = with_field(&Files::whole(), 6, 8, [8, 0]);
    for at in (0..bytes.len() - 30).filter(|at| bytes[*at..].starts_with(b"PK\x03\x04")).collect::<Vec<_>>() {
        bytes[at + 14..at + 26].fill(0);
    }
    assert!(Ofd::open(&bytes, &Limits::default()).is_ok());
    let first = bytes.windows(4).position(|window| window == b"PK\x03\x04").unwrap();
    bytes[first + 22] = 1;
    assert_eq!(refusal(&bytes), Reason::ZipMalformed);
}

#[test]
fn second_package_behind_the_first_is_refused() {
    // Many programs take the last directory of a file; the zip crate falls back to the first, whose places are right.
    let mut evil = Files::signed();
    evil.set(PAGE, "<Page>evil</Page>");
    let bytes = [Files::signed().zip(), evil.zip()].concat();
    assert_eq!(refusal(&bytes), Reason::ZipMalformed);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.set_comment("PK##").unwrap();
    zip.start_file("OFD.xml", options()).unwrap();
    let bytes = patched(zip.finish().unwrap().into_inner(), b"PK##", b"PK\x05\x06", true);
    assert_eq!(refusal(&bytes), Reason::ZipMalformed);
}

#[test]
fn padding_at_the_end_is_harmless() {
    let mut bytes = Files::whole().zip();
    bytes.extend([0; 100]);
    assert!(Ofd::open(&bytes, &Limits::default()).is_ok());
}

#[test]
fn entry_that_the_directory_does_not_list_is_refused() {
    let mut files = Files::whole();
    files.set("hidden.xml", "x");
    let bytes = files.zip();
    let end = bytes.len() - 22;
    let last = (0..end).rev().find(|at| bytes[*at..].starts_with(b"PK\x01\x02")).unwrap();
    let mut without = bytes[..last].to_vec();
    without.extend_from_slice(&bytes[end..]);
    let record = last;
    for field in [8, 10] {
        let count = u16::from_le_bytes([without[record + field], without[record + field + 1]]) - 1;
        without[record + field..record + field + 2].copy_from_slice(&count.to_le_bytes());
    }
    let size = u32::from_le_bytes(without[record + 12..record + 16].try_into().unwrap()) - (end - last) as u32;
    without[record + 12..record + 16].copy_from_slice(&size.to_le_bytes());
    let refused = Ofd::open(&without, &Limits::default()).unwrap_err();
    assert_eq!((refused.code, refused.detail.contains("does not list")), (Reason::ZipMalformed, true));
}

#[test]
fn overlapping_entries_are_refused() {
    let bytes = Files::whole().zip();
    // The first entry is made to reach over the second.
    let central = (0..bytes.len()).find(|at| bytes[*at..].starts_with(b"PK\x01\x02")).unwrap();
    let mut bytes = bytes;
    for (at, offset) in [(0, 18), (central, 20)] {
        bytes[at + offset..at + offset + 4].copy_from_slice(&2000_u32.to_le_bytes());
    }
    assert_eq!(refusal(&bytes), Reason::ZipBomb);
}

#[test]
fn packed_zeros_beyond_the_ratio_are_a_bomb() {
    let mut files = Files::whole();
    files.set("Doc_0/Res/i.png", vec![0; 20 * 1024 * 1024]);
    let bytes = files.zip();
    assert!(bytes.len() < 100_000);
    assert_eq!(refusal(&bytes), Reason::ZipBomb);
    // The same in many parts, each below the size for which no ratio is asked.
    let mut files = Files::whole();
    for index in 0..4 {
        files.set(&format!("Doc_0/Res/{index}"), vec![0; 8 * 1024 * 1024]);
    }
    assert_eq!(refusal(&files.zip()), Reason::ZipBomb);
}

#[test]
fn declared_sizes_and_counts_beyond_the_limits_are_refused() {
    let bytes = Files::whole().zip();
    let with = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        Ofd::open(&bytes, &limits).unwrap_err().code
    };
    assert_eq!(with(|limits| limits.entries_max = 18), Reason::ZipTooManyEntries);
    assert_eq!(with(|limits| limits.entry_bytes_max = 100), Reason::ZipBomb);
    assert_eq!(with(|limits| limits.total_bytes_max = 1000), Reason::ZipBomb);
    assert_eq!(with(|limits| limits.signature_bytes_max = 10), Reason::XmlTooLarge);
}

#[test]
fn directory_full_of_comments_is_refused() {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..200 {
        zip.start_file(
            index.to_string(),
            FileOptions::<ExtendedFileOptions>::default().with_file_comment("x".repeat(60_000)),
        )
        .unwrap();
    }
    assert_eq!(refusal(&zip.finish().unwrap().into_inner()), Reason::ZipTooManyEntries);
}

#[test]
fn entry_that_unpacks_to_more_or_less_than_declared_is_refused() {
    for (declared, only_own) in [(3_u32, false), (100_000, false), (3, true)] {
        let mut bytes = Files::whole().zip();
        let central = (0..bytes.len()).find(|at| bytes[*at..].starts_with(b"PK\x01\x02")).unwrap();
        for (at, offset) in [(0, 22), (central, 24)].into_iter().skip(usize::from(only_own)) {
            bytes[at + offset..at + offset + 4].copy_from_slice(&declared.to_le_bytes());
        }
        let code = refusal(&bytes);
        assert!(matches!(code, Reason::ZipMalformed | Reason::ZipBomb | Reason::XmlMalformed), "{declared}: {code:?}");
    }
}

#[test]
fn altered_page_with_a_wrong_crc_is_told_as_altered() {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in &Files::signed().0 {
        zip.start_file(name, options().compression_method(CompressionMethod::Stored)).unwrap();
        zip.write_all(content).unwrap();
    }
    let bytes = patched(zip.finish().unwrap().into_inner(), b"<Page><PageRes>", b"<Page ><PageRes", true);
    let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
    let bad = ofd.check_references(0).unwrap();
    assert_eq!((bad[0].file.as_str(), bad[0].status), (PAGE, BadReferenceStatus::Mismatch));
}

#[test]
fn folders_are_no_entries_and_lead_to_nothing() {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.add_directory("Doc_0/", options()).unwrap();
    for (name, content) in &Files::whole().0 {
        zip.start_file(name, options()).unwrap();
        zip.write_all(content).unwrap();
    }
    let bytes = zip.finish().unwrap().into_inner();
    let ofd = Ofd::open(&bytes, &Limits::default()).unwrap();
    assert_eq!(ofd.entry_names().count(), Files::whole().0.len());
    assert_eq!(ofd.unreferenced(), [""; 0]);
}
