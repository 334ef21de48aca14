//! Sound samples, changed in one bit: the verdict is never `valid` again, but for bytes that nobody vouches for.
//!
//! **Exempt**, each because no standard has anybody sign it:
//!
//! | entry | bytes | because |
//! |---|---|---|
//! | `Signatures.xml` | all, where the last signature is in continue mode | left open for signatures to come; it shows nothing, and what it names is checked |
//! | `SignedValue.dat` | the time stamp of v5 | follows the signature and is signed by its own authority, which is not asked here |
//! | `SignedValue.dat`, `signedvalue.dat` | of GB/T 35275: versions, object identifiers, digest names around what is signed | only content, attributes, certificate and value are bound |
//! | `Seal.esl` | white space of base64, unused bits | the seal inside is compared, its wrapping is not |
//! | `SignedValue.dat` | white space of base64, the text around PEM | what is inside is compared, its wrapping is not |
//! | `SignedValue.dat` | how many bits of a BIT STRING are unused | zero bits that are counted off or not are the same number |
//! | `notes.bin` | all, where only a list of GM/T 0099 vouches for it | the list names entries and has no digests; nothing shows it |
//!
//! Whatever is exempt, the facts that a ledger records stay the same. Pictures, extensions and everything else inside a seal are not
//! exempt: the maker signed them.

use std::io::{Cursor, Read as _, Write as _};

use huxin_document::report::{Report, Verdict};
use huxin_document::{Options, TrustList, inspect};
use huxin_samples::{Catalogue, SIGNED_AT, Sample};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::catalogue::trust_of;

/// Changes of one sample: some four seconds for all. A run with 1,500 found no more exemptions.
const CHANGES: usize = 40;

/// Numbers that look random and are the same each time (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap()).unwrap()
    }
}

type Entries = Vec<(String, Vec<u8>)>;

fn unpacked(file: &[u8]) -> Entries {
    let mut archive = ZipArchive::new(Cursor::new(file)).unwrap();
    let count = archive.len();
    let read = |index| {
        let mut entry = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (entry.name().unwrap().into_owned(), bytes)
    };
    (0..count).map(read).collect()
}

/// Whether packing anew keeps what the sample shows: copies of an entry are its only departure, and the packer writes none.
fn can_be_packed(sample: &&Sample) -> bool {
    sample.file != "field/warn_entry_twice.ofd"
}

/// Not compressed, so that packing takes no time.
fn packed(entries: &Entries) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        writer.start_file(name.as_str(), options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// What a ledger takes from a report, apart from the numbers of signatures in `Signatures.xml`.
fn recorded(report: &Report) -> Vec<String> {
    let facts = report.signatures.iter().map(|signature| {
        let signer = signature.signer.as_ref().map(|signer| signer.sm3);
        let seal = signature.seal.as_ref().map(|seal| (seal.sm3, seal.id.clone()));
        let xml = signature.xml.as_ref().map(|xml| (&xml.signature_xml_sm3, xml.references));
        let value = signature.signature.as_ref().map(|value| (value.e, value.r_s, value.point));
        format!("{signer:?} {seal:?} {xml:?} {value:?} {:?} {:?}", signature.sign_time, signature.structure)
    });
    facts.chain([format!("{:?}", report.licence)]).collect()
}

/// Whether a change of this entry may be overlooked.
fn is_exempt(sample: &Sample, entry: &str) -> bool {
    let name = entry.rsplit('/').next().unwrap();
    let has = |part: &str| sample.file.contains(part);
    match name {
        "Signatures.xml" => has("continue") || has("location_case"),
        "SignedValue.dat" => ["gbt35275", "time_stamp", "base64", "pem", "bits"].into_iter().any(has),
        "signedvalue.dat" => has("integrity_list"),
        "Seal.esl" => has("base64"),
        "notes.bin" => has("stray"),
        _ => false,
    }
}

/// The sound samples of one kind of file.
fn sound(catalogue: &Catalogue, ending: &str) -> Vec<Sample> {
    let wanted = |sample: &&Sample| sample.expected.verdict == huxin_samples::Verdict::Valid;
    catalogue.samples().iter().filter(wanted).filter(|sample| sample.file.ends_with(ending)).copied().collect()
}

fn judged(bytes: &[u8], trust: &TrustList) -> Report {
    inspect(bytes, &Options { trust: Some(trust), at: None })
}

#[test]
fn no_changed_entry_of_a_sound_sample_leaves_it_valid() {
    let catalogue = Catalogue::new(SIGNED_AT).unwrap();
    let trust = trust_of(&catalogue);
    let samples = sound(&catalogue, ".ofd");
    assert!(samples.len() > 25, "{}", samples.len());
    let (mut refused, mut overlooked) = (0, 0);
    for (seed, sample) in (1..).zip(samples.iter().filter(can_be_packed)) {
        let mut entries = unpacked(&catalogue.make(sample).unwrap());
        let original = judged(&packed(&entries), &trust);
        assert_eq!(original.verdict, Verdict::Valid, "{}: {:?}", sample.file, original.reasons);
        let original = recorded(&original);
        let mut dice = Dice(seed);
        for _ in 0..CHANGES {
            // The entry first: as many changes in a small signature value as in a large picture.
            let which = dice.below(entries.len());
            let (at, bit) = (dice.below(entries[which].1.len()), dice.below(8));
            entries[which].1[at] ^= 1 << bit;
            let report = judged(&packed(&entries), &trust);
            let name = &entries[which].0;
            if report.verdict == Verdict::Valid {
                assert!(is_exempt(sample, name), "{} {name} byte {at} bit {bit}", sample.file);
                assert_eq!(recorded(&report), original, "{} {name} byte {at} bit {bit}", sample.file);
                overlooked += 1;
            } else {
                refused += 1;
            }
            entries[which].1[at] ^= 1 << bit;
        }
    }
    assert!(refused > 10 * overlooked && overlooked > 0, "{refused} refused, {overlooked} overlooked");
}

#[test]
fn no_changed_seal_of_a_sound_sample_is_valid() {
    let catalogue = Catalogue::new(SIGNED_AT).unwrap();
    let trust = trust_of(&catalogue);
    for (seed, sample) in (1000..).zip(sound(&catalogue, ".esl")) {
        let mut seal = catalogue.make(&sample).unwrap();
        let original = judged(&seal, &trust);
        assert_eq!(original.verdict, Verdict::Valid, "{}", sample.file);
        let mut dice = Dice(seed);
        for _ in 0..CHANGES {
            let (at, bit) = (dice.below(seal.len()), dice.below(8));
            seal[at] ^= 1 << bit;
            let report = judged(&seal, &trust);
            // Outside what the maker signed there are only a time stamp, and the lines of base64.
            let is_outside = (sample.file.contains("time_stamp") && at > seal.len() - 40)
                || ["base64", "bits"].into_iter().any(|part| sample.file.contains(part));
            let same = report.seal.as_ref().map(|seal| seal.signature.clone())
                == original.seal.as_ref().map(|seal| seal.signature.clone());
            assert!(report.verdict != Verdict::Valid || (is_outside && same), "{} byte {at} bit {bit}", sample.file);
            seal[at] ^= 1 << bit;
        }
    }
}

#[test]
fn cut_samples_are_never_valid_and_never_a_fault() {
    let catalogue = Catalogue::new(SIGNED_AT).unwrap();
    let trust = trust_of(&catalogue);
    let mut dice = Dice(2000);
    for sample in catalogue.samples().iter().filter(|sample| sample.file != "ofd/bad_zip_bomb.ofd") {
        let file = catalogue.make(sample).unwrap();
        for _ in 0..12 {
            let length = dice.below(file.len());
            let verdict = judged(&file[..length], &trust).verdict;
            assert!(!matches!(verdict, Verdict::Valid | Verdict::Unsigned), "{} cut to {length}", sample.file);
        }
    }
}

#[test]
fn bytes_written_over_are_never_a_fault() {
    let catalogue = Catalogue::new(SIGNED_AT).unwrap();
    let trust = trust_of(&catalogue);
    let mut dice = Dice(3000);
    for sample in catalogue.samples().iter().filter(|sample| sample.file != "ofd/bad_zip_bomb.ofd") {
        let file = catalogue.make(sample).unwrap();
        for _ in 0..6 {
            let mut changed = file.clone();
            let from = dice.below(changed.len());
            for byte in changed[from..].iter_mut().take(64) {
                *byte = dice.next().to_le_bytes()[0];
            }
            judged(&changed, &trust);
        }
    }
    for length in 0..600 {
        let noise: Vec<u8> = (0..length).map(|_| dice.next().to_le_bytes()[0]).collect();
        for start in [&b""[..], b"PK\x03\x04", b"PK\x05\x06", b"\x30\x82", b"%PDF-", b"MI"] {
            let report = judged(&[start, &noise].concat(), &trust);
            assert_ne!(report.verdict, Verdict::Valid);
        }
    }
}
