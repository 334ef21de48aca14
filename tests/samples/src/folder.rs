//! Writes samples to a folder, and says of each file what it is.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use serde_json::{Value, json};

use crate::catalogue::{Catalogue, Sample};
use crate::error::SampleError;
use crate::large::large;
use crate::licence::{LicenceSpec, Workshop};
use crate::moment::Moment;
use crate::pdf::large_pdf;

/// Writes `ofd/`, `pdf/`, `seals/`, `pki/`, `trust/` and `EXPECTED.json`. Returns a sentence for each file.
///
/// # Errors
/// As [`Catalogue::new`], and a folder that cannot be written.
pub fn write_catalogue(folder: &Path, signed_at: Moment) -> Result<Vec<String>, SampleError> {
    let catalogue = Catalogue::new(signed_at)?;
    let mut said = Vec::new();
    let mut described = Vec::new();
    for sample in catalogue.samples() {
        let bytes = catalogue.make(sample)?;
        described.push(describe(sample, bytes.len()));
        put(folder, sample.file, &bytes)?;
        said.push(format!("{}: {}（{}）", sample.file, sample.zh, sample.en));
    }
    for (part, files) in [("pki", catalogue.pki()?), ("trust", catalogue.trust()?)] {
        for (name, bytes) in files {
            put(folder, &format!("{part}/{name}"), &bytes)?;
        }
    }
    said.push("pki/: 全部证书与吊销列表（every certificate, and the revocation list）".to_owned());
    said.push("trust/: 受信任的根、制章人与吊销列表（what a relying party trusts）".to_owned());
    let expected = json!({
        "_about": "Made by huxin-samples; every organisation, code and number is made up. 'cryptography' covers signature \
                   values, digests, certificate lists and time windows; 'verdict' adds coverage, chain and revocation \
                   against the folder trust/.",
        "signed_at": signed_at.rfc3339(),
        "samples": described,
    });
    put(folder, "EXPECTED.json", format!("{expected:#}\n").as_bytes())?;
    said.push("EXPECTED.json: 每个文件应得的结论（what a reader should find in each file）".to_owned());
    Ok(said)
}

fn describe(sample: &Sample, size_bytes: usize) -> Value {
    let expected = sample.expected;
    json!({
        "file": sample.file,
        "size": size_bytes,
        "zh": sample.zh,
        "en": sample.en,
        "cryptography": expected.cryptography.name(),
        "cryptography_reasons": expected.cryptography_reasons(),
        "verdict": expected.verdict.name(),
        "reasons": expected.reasons,
        "warnings": expected.warnings,
        "undecided": expected.undecided,
    })
}

/// Writes `count` sound licences numbered from `first`, the seal that sealed them, and `trust/`. `spec` is the first one's
/// but for its serial, which becomes the year of signing and six digits.
///
/// # Errors
/// A number above 999,999, and a folder that cannot be written.
pub fn write_licences(folder: &Path, spec: &LicenceSpec, first: u32, count: u32) -> Result<Vec<String>, SampleError> {
    let last = first.checked_add(count).filter(|&end| end <= 1_000_000);
    let Some(end) = last else {
        return Err(SampleError::argument("count", "numbers of licences go up to 999999"));
    };
    // Every part but the serial is the same in all of them: refuse before anything is written.
    spec.identifier()?;
    let workshop = Workshop::new()?;
    let mut said = Vec::new();
    let seal_name = format!("{}.esl", spec.seal_id);
    put(folder, &seal_name, &workshop.seal(spec)?)?;
    said.push(format!("{seal_name}: {} 的印章（the seal of {}）", spec.agency.name, spec.agency.code));
    let year = spec.signed_at.beijing_day();
    let year = year.get(..4).unwrap_or_default();
    for number in first..end {
        let mut one = spec.clone();
        one.serial = format!("{year}{number:06}");
        let name = format!("licence-{number:06}.ofd");
        put(folder, &name, &workshop.licence(&one)?)?;
        said.push(format!("{name}: {}", one.identifier()?));
    }
    for (name, bytes) in Catalogue::new(spec.signed_at)?.trust()? {
        put(folder, &format!("trust/{name}"), &bytes)?;
    }
    said.push("trust/: 受信任的根、制章人与吊销列表（what a relying party trusts）".to_owned());
    Ok(said)
}

/// Writes one licence with pictures of at least `mib` MiB in all.
///
/// # Errors
/// As [`large`], and a file that cannot be written.
pub fn write_large(path: &Path, mib: u32, spec: &LicenceSpec) -> Result<(), SampleError> {
    let refuse = |source| SampleError::file(path, source);
    let mut writer = BufWriter::new(File::create(path).map_err(refuse)?);
    large(mib, spec, &mut writer)?;
    writer.flush().map_err(refuse)
}

/// Writes one signed PDF file with a picture of at least `kib` KiB.
///
/// # Errors
/// As [`large_pdf`], and a file that cannot be written.
pub fn write_large_pdf(path: &Path, kib: u32) -> Result<(), SampleError> {
    fs::write(path, large_pdf(kib)?).map_err(|source| SampleError::file(path, source))
}

fn put(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), SampleError> {
    let path = folder.join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|source| SampleError::file(parent, source))?;
    }
    fs::write(&path, bytes).map_err(|source| SampleError::file(&path, source))
}
