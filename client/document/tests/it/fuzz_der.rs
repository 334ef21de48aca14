//! Any bytes into every parser of seals, signatures, certificates and trust lists: an answer, never a fault.
//! Under plain `cargo test` each runs for a bounded number of inputs; `cargo bolero test` runs them guided by coverage.

use std::sync::LazyLock;
use std::time::Duration;

use bolero::check;
use huxin_document::certificate::Certificate;
use huxin_document::report::Verdict;
use huxin_document::revocation::RevocationList;
use huxin_document::seal::Seal;
use huxin_document::signed_data::SignedData;
use huxin_document::signed_value::SignedValue;
use huxin_document::trust::TrustListBuilder;
use huxin_document::{Options, inspect};

use crate::made::{DataSpec, SealSpec, Shape, SignatureSpec};
use crate::pki::Pki;

const TIME_MAX: Duration = Duration::from_secs(3);

/// Sound examples of each kind, from which changed ones are made.
static EXAMPLES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let pki = Pki::new();
    let mut examples =
        vec![pki.signer.der.clone(), pki.crl(&[(3, "260501000000Z")]), DataSpec::new(&pki, b"xml").sign(&pki)];
    for shape in [Shape::V1, Shape::V4, Shape::V5] {
        examples.push(SealSpec::new(shape, &pki).sign());
        examples.push(SignatureSpec::new(shape, &pki, b"xml").sign());
    }
    examples
});

fn read_all(bytes: &[u8]) {
    let _ = Seal::read(bytes);
    let _ = SignedValue::read(bytes);
    let _ = SignedData::read(bytes);
    let _ = Certificate::read(bytes);
    let _ = RevocationList::read(bytes);
    let mut builder = TrustListBuilder::default();
    builder.file("any", bytes).unwrap();
    let _ = builder.build();
}

#[test]
fn any_bytes() {
    check!().with_iterations(20_000).with_max_len(4096).with_test_time(TIME_MAX).for_each(|bytes: &[u8]| {
        read_all(bytes);
        assert_ne!(inspect(bytes, &Options::default()).cryptography, Verdict::Valid);
    });
}

#[test]
fn changed_examples() {
    let changes = bolero::generator::produce::<(u8, Vec<(u16, u8)>, Option<u16>)>();
    check!().with_iterations(20_000).with_test_time(TIME_MAX).with_generator(changes).for_each(
        |(which, changes, cut)| {
            let mut bytes = EXAMPLES[usize::from(*which) % EXAMPLES.len()].clone();
            for (at, value) in changes.iter().take(8) {
                let at = usize::from(*at) % bytes.len();
                bytes[at] = *value;
            }
            if let Some(cut) = cut {
                bytes.truncate(usize::from(*cut));
            }
            read_all(&bytes);
            let _ = inspect(&bytes, &Options::default());
        },
    );
}
