//! Revisions of every shape appended to sound signed PDF files: whatever differs of what the signed revision leads to is told.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};

use bolero::check;
use huxin_document::report::Verdict;
use huxin_document::{Options, inspect};
use huxin_samples::{Catalogue, SIGNED_AT};

use crate::catalogue::trust_of;
use crate::pdf_later::{Update, object, stream};

const RUNS: usize = 3000;
/// Objects of the first revision and of the signature's: all are reached from the page or the form.
const SIGNED: [u32; 9] = [1, 2, 3, 4, 5, 6, 7, 10, 11];
const BODIES: [&str; 12] = [
    "null",
    "[ ]",
    "3 0 R",
    "<< >>",
    "<< /Type /Page /Parent 2 0 R /Contents 30 0 R /MediaBox [0 0 9 9] >>",
    "<< /Type /Annot /Subtype /Widget /FT /Sig /T (x) /Rect [0 0 0 0] >>",
    "<< /Type /Annot /Subtype /Stamp /Rect [0 0 595 842] /AP << /N 30 0 R >> >>",
    "<< /FT /Sig /T (x) /Kids 3 0 R >>",
    "<< /FT /Sig /T (x) /Kids [30 0 R 3 0 R] >>",
    "<< /Type /DSS /Certs [30 0 R 4 0 R] >>",
    "<< /Producer (x) >>",
    "<< /Type /Sig /ByteRange [0 1 2 3] /Contents <00> >>",
];

/// One step of an update, from three random bytes.
fn step(update: Update, signed: &[u8], changed: &mut BTreeSet<u32>, [kind, number, value]: [u8; 3]) -> Update {
    let target = SIGNED[usize::from(number) % SIGNED.len()];
    let fresh = 30 + u32::from(number % 8);
    let body = BODIES[usize::from(value) % BODIES.len()];
    let own = if target == 10 { "<< >>".to_owned() } else { object(signed, target) };
    match kind % 10 {
        0 | 1 => update.put(fresh, body),
        2 => update.put(fresh, stream("1 g 0 0 595 842 re f", "/Type /XObject /Subtype /Form /BBox [0 0 595 842]")),
        3 => {
            changed.insert(target);
            update.put(target, body)
        }
        4 => {
            changed.insert(target);
            update.free(target)
        }
        5 => {
            changed.insert(target);
            update.put_generation(target, 1, own)
        }
        // Written again as it is: nothing differs.
        6 if target != 10 => update.put(target, own),
        7 if [1, 3].contains(&target) => {
            let list = if target == 1 { "/Fields [" } else { "/Annots [" };
            // Whether an addition is harmless depends on what was added.
            update.put(target, own.replacen(list, &format!("{list}{fresh} 0 R "), 1))
        }
        8 if own.contains("/MediaBox [0 0 595 842]") => {
            changed.insert(target);
            update.put(target, own.replacen("595", "594", 1))
        }
        9 if own.contains("stream") => {
            changed.insert(target);
            update.put(target, own.replacen("Td", "TD", 1).replacen("0 0 0 0 re", "0 0 9 9 re", 1))
        }
        _ => update,
    }
}

/// Every object that a page or form of the signed revision reaches must be the same in the newest revision, or the report says that it is not.
#[test]
fn appended_revisions_that_change_anything_signed_are_never_plainly_valid() {
    let catalogue = Catalogue::new(SIGNED_AT).unwrap();
    let (trust, file) =
        (trust_of(&catalogue), catalogue.make(catalogue.get("pdf/ok_rsa_sha256.pdf").unwrap()).unwrap());
    let options = Options { trust: Some(&trust), at: None };
    let (valid, refused) = (AtomicU32::new(0), AtomicU32::new(0));
    check!().with_type::<Vec<Vec<[u8; 3]>>>().with_iterations(RUNS).for_each(|revisions| {
        let (mut update, mut changed) = (Update::of(&file), BTreeSet::new());
        for steps in revisions.iter().take(3) {
            let mut numbers = BTreeSet::new();
            for one in steps.iter().take(4) {
                // One entry for each object of a revision.
                if numbers.insert(one[1]) {
                    update = step(update, &file, &mut changed, *one);
                }
            }
            update = if steps.len() % 5 == 4 { update.end_rows() } else { update.end() };
        }
        let report = inspect(&update.bytes, &options);
        let is_valid = report.verdict == Verdict::Valid;
        (if is_valid { &valid } else { &refused }).fetch_add(1, Ordering::Relaxed);
        assert!(!is_valid || changed.is_empty(), "{changed:?} of {revisions:?}");
    });
    let [valid, refused] = [valid, refused].map(AtomicU32::into_inner);
    assert!(valid > 0 && refused > 0, "{valid} valid, {refused} refused: the test tries nothing");
}
