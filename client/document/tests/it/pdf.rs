//! Signed PDF files of the catalogue, changed: no altered byte is overlooked, and no bytes are a fault.

use bolero::check;
use huxin_document::report::{FileKind, Outcome, Report, Verdict};
use huxin_document::{Options, TrustList, inspect};
use huxin_samples::{Catalogue, SIGNED_AT};

use crate::catalogue::trust_of;

const RUNS: usize = 2000;

struct Signed {
    file: Vec<u8>,
    trust: TrustList,
    warnings: usize,
}

impl Signed {
    fn new(name: &str) -> Self {
        let catalogue = Catalogue::new(SIGNED_AT).unwrap();
        let (file, trust) = (catalogue.make(catalogue.get(name).unwrap()).unwrap(), trust_of(&catalogue));
        let mut signed = Self { file, trust, warnings: 0 };
        let report = signed.judge(&signed.file);
        assert_eq!((report.kind, report.verdict), (FileKind::Pdf, Verdict::Valid), "{name}: {:?}", report.reasons);
        signed.warnings = warnings(&report);
        signed
    }

    fn judge(&self, bytes: &[u8]) -> Report {
        inspect(bytes, &Options { trust: Some(&self.trust), at: None })
    }

    /// The string of the last signature: its digits.
    fn gap(&self) -> std::ops::Range<usize> {
        let mark = b"/Contents <";
        let start = self.file.windows(mark.len()).rposition(|window| window == mark).unwrap() + mark.len();
        start..start + self.file[start..].iter().position(|byte| *byte == b'>').unwrap()
    }

    /// Flips bits of the byte at `at`, one after the other.
    fn flipped(&self, at: usize, bits: &[u8], mut each: impl FnMut(u8, Report)) {
        let mut file = self.file.clone();
        for bit in bits {
            file[at] = self.file[at] ^ (1 << bit);
            each(*bit, self.judge(&file));
        }
    }
}

fn warnings(report: &Report) -> usize {
    report.warnings.len() + report.signatures.iter().map(|signature| signature.warnings.len()).sum::<usize>()
}

/// Outside the string of the signature every byte is signed, or is the ByteRange itself.
#[test]
fn no_altered_byte_outside_the_signature_is_valid() {
    for name in ["pdf/ok_rsa_sha256.pdf", "pdf/ok_xref_stream.pdf"] {
        let signed = Signed::new(name);
        let gap = signed.gap();
        for at in (0..signed.file.len()).filter(|at| !gap.contains(at)) {
            let bit = u8::try_from(at % 8).unwrap();
            signed.flipped(at, &[bit], |bit, report| {
                assert_ne!(report.verdict, Verdict::Valid, "{name} byte {at} bit {bit}");
            });
        }
    }
}

/// In the string only what CMS has around what is signed may differ, and then a warning says so.
#[test]
fn no_altered_byte_of_the_signature_is_overlooked() {
    for name in ["pdf/ok_rsa_sha256.pdf", "pdf/ok_cms_sm2.pdf", "pdf/ok_seal_v4.pdf"] {
        let signed = Signed::new(name);
        let gap = signed.gap();
        let step = if name.contains("seal") { 7 } else { 1 };
        let padding = signed.file[gap.clone()].iter().rposition(|byte| *byte != b'0').unwrap() + gap.start + 2;
        for at in gap.clone().step_by(step).filter(|at| *at <= padding || at % 97 == 0) {
            // Bit 0 makes another digit, bit 5 the same letter in another case.
            let bits: &[u8] = if at % 11 == 0 { &[0, 5] } else { &[0] };
            signed.flipped(at, bits, |bit, report| {
                let is_said = warnings(&report) > signed.warnings && at <= padding;
                assert!(report.verdict != Verdict::Valid || is_said, "{name} byte {at} bit {bit}");
            });
        }
    }
}

#[test]
fn no_cut_of_a_signed_file_is_valid() {
    for name in ["pdf/ok_seal_v4.pdf", "pdf/warn_two_signatures.pdf"] {
        let signed = Signed::new(name);
        let whole = signed.file.strip_suffix(b"\n").unwrap().len();
        for length in (0..whole).step_by(61).chain(whole - 40..whole) {
            let report = signed.judge(&signed.file[..length]);
            // Cut back to its first signature, the other file is what that signer signed.
            let is_first = report.signatures.len() == 1 && name.contains("two");
            assert!(report.verdict != Verdict::Valid || is_first, "{name} cut to {length}");
        }
    }
}

/// What a later revision did is told by name.
#[test]
fn later_changes_are_named() {
    let catalogue = Catalogue::new(SIGNED_AT).unwrap();
    let trust = trust_of(&catalogue);
    for (name, said) in [
        ("pdf/bad_page_replaced.pdf", "revision 3: object 4 (content) was replaced"),
        ("pdf/bad_shadow_replace.pdf", "revision 3: object 5 (Type1) was replaced"),
        ("pdf/bad_shadow_hide.pdf", "revision 3: object 7 (Form) was removed"),
        ("pdf/bad_shadow_catalog.pdf", "revision 3: the catalog is object 12, and was object 1"),
        ("pdf/bad_annotation.pdf", "revision 3: an annotation of kind FreeText was added"),
        ("pdf/bad_fieldmdp.pdf", "revision 3: the value of the field remark"),
        ("pdf/warn_two_signatures.pdf", "revision 3: a signature, object 12"),
    ] {
        let file = catalogue.make(catalogue.get(name).unwrap()).unwrap();
        let report = inspect(&file, &Options { trust: Some(&trust), at: None });
        let changes = &report.signatures[0].pdf.as_ref().unwrap().later_changes;
        assert!(changes.iter().any(|change| change == said), "{name}: {changes:?}");
        // What the signature itself is over holds in each.
        assert_eq!(report.signatures[0].cryptography, Verdict::Valid, "{name}");
    }
}

/// A broken later part hides no signature from the report, and makes none valid.
#[test]
fn an_unknown_file_still_shows_who_signed() {
    let catalogue = Catalogue::new(SIGNED_AT).unwrap();
    let trust = trust_of(&catalogue);
    for name in
        ["pdf/unknown_encrypted.pdf", "pdf/unknown_xfa.pdf", "pdf/unknown_trailing.pdf", "pdf/bad_range_short.pdf"]
    {
        let file = catalogue.make(catalogue.get(name).unwrap()).unwrap();
        let report = inspect(&file, &Options { trust: Some(&trust), at: None });
        let [signature] = report.signatures.as_slice() else { panic!("{name}") };
        assert!(signature.signer.is_some() && signature.sign_time.is_some(), "{name}");
        assert_ne!(report.verdict, Verdict::Valid, "{name}");
    }
}

/// Only what transports leave behind a file may stand there: ends of lines and zeros.
#[test]
fn any_bytes_behind_a_signed_file() {
    let signed = Signed::new("pdf/ok_rsa_sha256.pdf");
    check!().with_type::<Vec<u8>>().with_iterations(RUNS).for_each(|bytes| {
        let report = signed.judge(&[signed.file.as_slice(), bytes].concat());
        let is_leftover = bytes.iter().all(|byte| *byte == 0 || byte.is_ascii_whitespace());
        assert_eq!(report.verdict == Verdict::Valid, is_leftover, "{bytes:?}");
    });
    // And no bytes are a fault, wherever they stand.
    check!().with_type::<Vec<u8>>().with_iterations(RUNS).for_each(|bytes| {
        let middle = signed.file.len() / 2;
        let report = signed.judge(&[&signed.file[..middle], bytes, &signed.file[middle..]].concat());
        assert_eq!(report.verdict == Verdict::Valid, bytes.is_empty(), "{bytes:?}");
    });
}

#[test]
fn a_signed_file_with_changed_bytes() {
    let signed = Signed::new("pdf/warn_two_signatures.pdf");
    check!().with_type::<Vec<(u16, u8, u8)>>().with_iterations(RUNS).for_each(|changes| {
        let mut bytes = signed.file.clone();
        for (place, kind, value) in changes.iter().take(8) {
            let at = usize::from(*place) % bytes.len();
            match kind % 3 {
                0 => bytes[at] = *value,
                1 => bytes.insert(at, *value),
                _ => drop(bytes.remove(at)),
            }
        }
        let report = signed.judge(&bytes);
        let is_same = bytes == signed.file || warnings(&report) > signed.warnings;
        assert!(report.verdict != Verdict::Valid || is_same);
    });
}

/// Thousands of brackets, references in circles, and lengths beyond the file end in an answer at once.
#[test]
fn hostile_structures_are_bounded() {
    let file = |objects: &str| {
        let mut bytes = b"%PDF-1.7\n".to_vec();
        let at = bytes.len();
        bytes.extend_from_slice(objects.as_bytes());
        let xref = bytes.len();
        let table = format!(
            "xref\n0 2\n0000000000 65535 f \n{at:010} 00000 n \ntrailer\n<< /Root 1 0 R /Size 2 >>\nstartxref\n{xref}\n%%EOF\n"
        );
        bytes.extend_from_slice(table.as_bytes());
        bytes
    };
    for (objects, result) in [
        (format!("1 0 obj\n{}\nendobj\n", "[".repeat(100_000)), Outcome::Unknown),
        (format!("1 0 obj\n{}\nendobj\n", "<</A".repeat(100_000)), Outcome::Unknown),
        (
            "1 0 obj\n<< /Type /Catalog /Pages 1 0 R /AcroForm 1 0 R /Fields [1 0 R] /Kids [1 0 R] >>\nendobj\n"
                .to_owned(),
            Outcome::Pass,
        ),
        ("1 0 obj\n<< /Length 99999999999 >>\nstream\nx\nendstream\nendobj\n".to_owned(), Outcome::Unknown),
        ("1 0 obj\n<< /Length 1 0 R >>\nstream\nx\nendstream\nendobj\n".to_owned(), Outcome::Unknown),
    ] {
        let report = inspect(&file(&objects), &Options::default());
        assert_eq!(report.checks.get("container").unwrap().result, result, "{}", &objects[..40]);
    }
    let circle = b"%PDF-1.7\nxref\n0 0\ntrailer\n<< /Root 1 0 R /Prev 9 >>\nstartxref\n9\n%%EOF\n";
    assert_eq!(inspect(circle, &Options::default()).reasons[0].code(), "PDF_STRUCTURE");
}

/// A file of `numbers` objects from 10 on, all inside one stream, at one place of it.
fn in_one_stream(numbers: std::ops::Range<u32>, content: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let count = numbers.len();
    let head: String = numbers.clone().map(|number| format!("{number} 0 ")).collect();
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(head.as_bytes()).unwrap();
    packed.write_all(content).unwrap();
    let packed = packed.finish().unwrap();
    let (mut bytes, mut rows) = (b"%PDF-1.7\n".to_vec(), Vec::new());
    let put = |bytes: &mut Vec<u8>, rows: &mut Vec<u8>, number: u32, keys: &str, stream: Option<&[u8]>| {
        rows.push(1);
        rows.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
        rows.extend([0, 0]);
        bytes.extend(format!("{number} 0 obj\n<< {keys} >>\n").into_bytes());
        if let Some(stream) = stream {
            bytes.extend([&b"stream\n"[..], stream, b"\nendstream\n"].concat());
        }
        bytes.extend_from_slice(b"endobj\n");
    };
    put(&mut bytes, &mut rows, 1, "/Type /Catalog /Pages 2 0 R", None);
    put(&mut bytes, &mut rows, 2, "/Type /Pages /Kids [] /Count 0", None);
    let keys = format!("/Type /ObjStm /N {count} /First {} /Filter /FlateDecode /Length {}", head.len(), packed.len());
    put(&mut bytes, &mut rows, 3, &keys, Some(&packed));
    for index in 0..u16::try_from(count).unwrap() {
        rows.push(2);
        rows.extend(3_u32.to_be_bytes());
        rows.extend(index.to_be_bytes());
    }
    let (at, size) = (bytes.len(), numbers.end);
    let keys = format!(
        "/Type /XRef /Size {size} /W [1 4 2] /Index [1 3 {} {count}] /Root 1 0 R /Length {}",
        numbers.start,
        rows.len()
    );
    put(&mut bytes, &mut Vec::new(), 4, &keys, Some(&rows));
    bytes.extend(format!("startxref\n{at}\n%%EOF\n").into_bytes());
    bytes
}

/// A hundred objects that are all one string of 20 MB, and a string that every object begins once took minutes.
#[test]
fn long_values_that_are_read_again_and_again_are_bounded() {
    let string = |size: usize| [&b"("[..], &vec![b' '; size], b")"].concat();
    let reason = |bytes: &[u8]| {
        let report = inspect(bytes, &Options::default());
        report.checks.get("container").unwrap().code.map(|code| code.code())
    };
    assert_eq!(reason(&in_one_stream(10..14, &string(20_000_000))), None);
    assert_eq!(reason(&in_one_stream(10..110, &string(20_000_000))), Some("TOO_MANY"));
    assert_eq!(reason(&in_one_stream(10..60_000, b"null")), None);
}

/// Twenty cross-references of 64 MB each were inflated, one after the other, without a bound on them all.
#[test]
fn cross_references_are_inflated_within_the_bound_of_the_file() {
    use std::io::Write as _;
    let mut bytes = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n".to_vec();
    let row = [1, 0, 0, 0, 9, 0, 0];
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&row).unwrap();
    packed.write_all(&vec![0; 60 * 1024 * 1024]).unwrap();
    let packed = packed.finish().unwrap();
    let mut previous = String::new();
    for (number, code) in [(10, None), (11, None), (12, Some("TOO_MANY"))] {
        let at = bytes.len();
        let head = format!(
            "{number} 0 obj\n<< /Type /XRef /Size 20 /W [1 4 2] /Index [1 1] /Root 1 0 R {previous} /Filter /FlateDecode \
             /Length {} >>\nstream\n",
            packed.len()
        );
        bytes.extend([head.as_bytes(), &packed, b"\nendstream\nendobj\n"].concat());
        bytes.extend(format!("startxref\n{at}\n%%EOF\n").into_bytes());
        previous = format!("/Prev {at}");
        let report = inspect(&bytes, &Options::default());
        assert_eq!(report.checks.get("container").unwrap().code.map(|code| code.code()), code, "{number}");
    }
}
