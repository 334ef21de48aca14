//! Bounds on what is read. Every parser of this crate takes them from here.

/// Bounds on one file. The defaults fit licences, invoices and archived files of government services.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Entries of the package, folders included.
    pub entries_max: usize,
    /// Bytes of all entries together, unpacked.
    pub total_bytes_max: u64,
    /// Bytes of one entry, unpacked.
    pub entry_bytes_max: u64,
    /// Unpacked to packed size, of an entry and of the package, beyond `ratio_free_bytes`.
    pub ratio_max: u64,
    /// Unpacked bytes for which no ratio is asked: a blank page image packs a thousand times.
    pub ratio_free_bytes: u64,
    /// Bytes of one XML entry.
    pub xml_bytes_max: u64,
    /// Bytes of all XML entries together that are walked: some four seconds of work.
    pub xml_total_bytes_max: u64,
    /// Nested elements.
    pub xml_depth_max: usize,
    /// Elements kept in memory of one XML entry.
    pub xml_elements_max: usize,
    /// Signatures of the file.
    pub signatures_max: usize,
    /// References of one signature, and files of one integrity list.
    pub references_max: usize,
    /// Bytes of all `Signature.xml` and `SignedValue.dat` together that are kept.
    pub signature_bytes_max: u64,
    /// Defects kept; what is beyond is counted as one `TOO_MANY`.
    pub defects_max: usize,
}

const MIB: u64 = 1024 * 1024;

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries_max: 20_000,
            total_bytes_max: 1024 * MIB,
            entry_bytes_max: 512 * MIB,
            ratio_max: 200,
            ratio_free_bytes: 16 * MIB,
            xml_bytes_max: 24 * MIB,
            xml_total_bytes_max: 256 * MIB,
            xml_depth_max: 64,
            xml_elements_max: 100_000,
            signatures_max: 256,
            references_max: 20_000,
            signature_bytes_max: 8 * MIB,
            defects_max: 100,
        }
    }
}
