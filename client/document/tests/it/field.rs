//! Files as systems of the field write them, against their expected answers, when `HUXIN_SAMPLES` names a folder with `field/` in it.
//!
//! Each kind of these files is in the catalogue of the crate huxin-samples as well, which needs no folder.

use huxin_document::{Options, TrustList, inspect};
use serde_json::Value;

use crate::conformance::{expected, samples};

/// Whether one of the accepted answers was given.
fn accepts(accepted: &Value, found: &Value) -> bool {
    accepted.as_array().unwrap().contains(found)
}

fn has_warning(report: &Value) -> bool {
    let signatures = report["signatures"].as_array().unwrap().iter();
    signatures.chain([report]).any(|of| !of["warnings"].as_array().unwrap().is_empty())
}

#[test]
fn files_of_the_field_are_judged_as_expected() {
    let Some(folder) = samples().map(|folder| folder.join("field")).filter(|folder| folder.is_dir()) else { return };
    let trust = TrustList::from_path(&folder.join("trust")).unwrap();
    let all = expected(&folder);
    let files = all["files"].as_object().unwrap();
    let mut wrong = Vec::new();
    for (name, expected) in files {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let report = |trust| serde_json::to_value(inspect(&bytes, &Options { trust, at: None })).unwrap();
        let (alone, trusted) = (report(None), report(Some(&trust)));
        let is_silent = trusted["verdict"] == "valid" && !has_warning(&trusted);
        let is_right = accepts(&expected["cryptography"], &alone["cryptography"])
            && accepts(&expected["verdict_with_trust"], &trusted["verdict"])
            && (expected["warning_required"].is_null() || !is_silent)
            && (expected["file_kind"].is_null() || expected["file_kind"] == alone["kind"]);
        if !is_right {
            wrong.push(format!("{name}: {} {} {}", alone["cryptography"], trusted["verdict"], trusted["reasons"]));
        }
    }
    assert!(wrong.is_empty() && !files.is_empty(), "{} of {}: {wrong:#?}", wrong.len(), files.len());
}
