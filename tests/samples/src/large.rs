//! A large licence: many scanned pages as pictures, for figures of memory and time.

use std::io::{Seek, Write};

use zip::{CompressionMethod, ZipWriter};

use crate::error::SampleError;
use crate::key::sm3;
use crate::licence::{LicenceSpec, Workshop};
use crate::ofd::archive::{options, write_entry};
use crate::ofd::page::file;
use crate::picture::incompressible;

/// A picture's size; scans at 300 dpi weigh about as much.
const PICTURE_BYTES: usize = 1 << 22;
const PICTURES_PER_256_MIB: u32 = 64;

/// Writes a sound sealed licence with pictures of at least `mib` MiB in all (4 MiB each, stored, not compressible).
///
/// Holds one picture at a time.
///
/// # Errors
/// `mib` of 0 or above 4,096, and whatever the writer says.
pub fn large<W: Write + Seek>(mib: u32, spec: &LicenceSpec, writer: W) -> Result<(), SampleError> {
    if !(1..=4096).contains(&mib) {
        return Err(SampleError::argument("mib", "1 to 4096"));
    }
    let names: Vec<String> =
        (0..mib.div_ceil(256 / PICTURES_PER_256_MIB)).map(|number| format!("scan_{number}.png")).collect();
    let workshop = Workshop::new()?;
    let mut package = Workshop::body(spec)?;
    package.put("Doc_0/ScanRes.xml", resources(&names));
    package.edit(
        "Doc_0/Document.xml",
        "<ofd:TemplatePage",
        "<ofd:DocumentRes>ScanRes.xml</ofd:DocumentRes><ofd:TemplatePage",
    )?;
    let mut sealing = workshop.sealing(spec)?;
    sealing.streamed =
        names.iter().map(|name| (entry_name(name), sm3(&incompressible(name.as_bytes(), PICTURE_BYTES)))).collect();
    sealing.apply(&mut package)?;
    let mut zip = ZipWriter::new(writer);
    for entry in package.entries() {
        write_entry(&mut zip, &entry.name, &entry.bytes)?;
    }
    for name in &names {
        zip.start_file(entry_name(name), options(CompressionMethod::Stored))?;
        zip.write_all(&incompressible(name.as_bytes(), PICTURE_BYTES)).map_err(zip::result::ZipError::from)?;
    }
    zip.finish()?;
    Ok(())
}

fn entry_name(name: &str) -> String {
    format!("Doc_0/Scans/{name}")
}

fn resources(names: &[String]) -> String {
    let media: String = names
        .iter()
        .zip(10_000..)
        .map(|(name, id)| {
            format!("<ofd:MultiMedia ID=\"{id}\" Type=\"Image\" Format=\"PNG\"><ofd:MediaFile>{name}</ofd:MediaFile></ofd:MultiMedia>")
        })
        .collect();
    file("Res", "BaseLoc=\"Scans\"", &format!("<ofd:MultiMedias>{media}</ofd:MultiMedias>"))
}
