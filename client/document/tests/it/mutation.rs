//! One changed bit anywhere in a sealed thing is never overlooked, and no cut is a fault.

use huxin_document::report::Verdict;
use huxin_document::{Options, inspect};

use crate::judged::trust_of;
use crate::made::{SealSpec, Shape, SignatureSpec, ofd};
use crate::pki::Pki;

const SHAPES: [Shape; 3] = [Shape::V1, Shape::V4, Shape::V5];

/// Whether this is the octet that counts the unused bits of a BIT STRING around a signature value. No one signs it, and zero bits at the end
/// of a number are the same number whether they are counted off (as OpenSSL does) or not.
fn is_count_of_unused_bits(bytes: &[u8], at: usize) -> bool {
    at >= 2 && bytes[at - 2] == 3 && (0x42..=0x4a).contains(&bytes[at - 1]) && bytes[at + 1] == 0x30
}

/// Where a flipped bit (another one for each byte) leaves the verdict valid.
fn flips_that_stay_valid(bytes: &[u8], judge: impl Fn(&[u8]) -> Verdict) -> Vec<usize> {
    assert_eq!(judge(bytes), Verdict::Valid);
    let mut stayed: Vec<usize> = Vec::new();
    let mut changed = bytes.to_vec();
    for at in 0..bytes.len() {
        changed[at] ^= 1 << (at % 8);
        if judge(&changed) == Verdict::Valid && !is_count_of_unused_bits(bytes, at) {
            stayed.push(at);
        }
        changed[at] = bytes[at];
    }
    stayed
}

#[test]
fn no_flipped_bit_leaves_a_seal_valid() {
    let pki = Pki::new();
    let trust = trust_of(&pki, &[]);
    for shape in SHAPES {
        let seal = SealSpec::new(shape, &pki).sign();
        let stayed =
            flips_that_stay_valid(&seal, |bytes| inspect(bytes, &Options { trust: Some(&trust), at: None }).verdict);
        assert!(stayed.is_empty(), "{shape:?}: {stayed:?}");
    }
}

#[test]
fn no_flipped_bit_leaves_a_signature_valid() {
    let pki = Pki::new();
    let trust = trust_of(&pki, &[]);
    for shape in SHAPES {
        // Without a seal file, with which a flip inside the seal would differ in any case.
        let whole = ofd("Sign", "20260601160000", |xml| (SignatureSpec::new(shape, &pki, xml).sign(), None));
        let xml = xml_of(&whole);
        let value = SignatureSpec::new(shape, &pki, &xml).sign();
        let stayed = flips_that_stay_valid(&value, |bytes| {
            let document = ofd("Sign", "20260601160000", |_| (bytes.to_vec(), None));
            inspect(&document, &Options { trust: Some(&trust), at: None }).verdict
        });
        assert!(stayed.is_empty(), "{shape:?}: {stayed:?}");
    }
}

fn xml_of(whole: &[u8]) -> Vec<u8> {
    let ofd = huxin_document::ofd::Ofd::open(whole, &huxin_document::Limits::default()).unwrap();
    ofd.signatures()[0].xml.clone()
}

#[test]
fn no_cut_is_a_fault_and_none_is_valid() {
    let pki = Pki::new();
    for shape in SHAPES {
        let seal = SealSpec::new(shape, &pki).sign();
        let value = SignatureSpec::new(shape, &pki, b"xml").sign();
        for bytes in [&seal, &value] {
            for length in 0..bytes.len() {
                assert_ne!(inspect(&bytes[..length], &Options::default()).cryptography, Verdict::Valid, "{length}");
            }
        }
    }
    let document = crate::made::sealed(Shape::V4, &pki);
    for length in 0..document.len() {
        assert_ne!(inspect(&document[..length], &Options::default()).cryptography, Verdict::Valid, "{length}");
    }
}

/// Bytes of the package that may change: what ZIP says of times, versions and attributes of entries. Everything that a reader shows
/// is under a digest.
#[test]
fn a_flipped_bit_of_a_document_is_overlooked_only_where_zip_keeps_its_own_books() {
    let pki = Pki::new();
    let trust = trust_of(&pki, &[]);
    let document = crate::made::sealed(Shape::V4, &pki);
    let contents = |bytes: &[u8]| -> Option<Vec<(String, Vec<u8>)>> {
        let ofd = huxin_document::ofd::Ofd::open(bytes, &huxin_document::Limits::default()).ok()?;
        ofd.entry_names().map(|name| Some((name.to_owned(), ofd.read(name, 1 << 20).ok()?))).collect()
    };
    let original = contents(&document).unwrap();
    let mut changed = document.clone();
    for at in 0..document.len() {
        changed[at] ^= 1 << (at % 8);
        let report = inspect(&changed, &Options { trust: Some(&trust), at: None });
        if report.verdict == Verdict::Valid {
            assert_eq!(contents(&changed).as_ref(), Some(&original), "byte {at}");
        }
        changed[at] = document[at];
    }
}
