//! Writes PDF files and their incremental updates, and signs them. Nothing here reads.

use crate::authority::{Agency, Authority};
use crate::certificate::Identity;
use crate::der::{self, oid};
use crate::error::SampleError;
use crate::key::sm3;
use crate::licence::SIGNED_AT;
use crate::moment::Moment;
use crate::picture::incompressible;
use crate::rsa::{RsaAuthority, RsaIdentity, Sha};

/// Numbers of the objects of every sample.
pub const CATALOG: u32 = 1;
pub const PAGES: u32 = 2;
pub const PAGE: u32 = 3;
pub const CONTENT: u32 = 4;
pub const FONT: u32 = 5;
/// A text field on the page.
pub const FIELD: u32 = 6;
/// A picture drawn over the page, as shadow attacks use it.
pub const OVERLAY: u32 = 7;
/// First number of what signatures add.
const FIRST_FREE: u32 = 10;
/// Octets kept free for a signature without a seal.
const SPACE: usize = 2500;
/// The same for one with a seal and its picture.
pub const SEAL_SPACE: usize = 20_000;

/// What the page draws.
pub const TEXT: &str = "BT /F1 24 Tf 72 700 Td (SAMPLE LICENCE - TEST ONLY) Tj ET /O1 Do";

/// A file that grows.
#[derive(Debug, Clone)]
pub struct Pdf {
    pub bytes: Vec<u8>,
    /// Objects of the update that is being written, with their offsets; none where one is freed.
    objects: Vec<(u32, Option<usize>)>,
    previous: Option<usize>,
    /// Cross-references are streams, as since PDF 1.5.
    pub is_stream: bool,
    pub annotations: Vec<u32>,
    pub fields: Vec<u32>,
    pub next: u32,
    /// Further keys of the catalog, the form, the page and the trailer.
    pub catalog_keys: String,
    pub form_keys: String,
    pub page_keys: String,
    pub trailer_keys: String,
}

impl Pdf {
    /// One page with a text field, not yet ended.
    pub fn begin() -> Self {
        Self {
            bytes: b"%PDF-1.7\n%\xe4\xba\x92\xe4\xbf\xa1 TEST ONLY\n".to_vec(),
            objects: Vec::new(),
            previous: None,
            is_stream: false,
            annotations: vec![FIELD],
            fields: vec![FIELD],
            next: FIRST_FREE,
            catalog_keys: String::new(),
            form_keys: String::new(),
            page_keys: String::new(),
            trailer_keys: String::new(),
        }
    }

    /// The first revision, whole.
    pub fn document() -> Self {
        let mut pdf = Self::begin();
        pdf.body();
        pdf.end();
        pdf
    }

    /// The objects of the first revision.
    pub fn body(&mut self) {
        self.catalog();
        self.put(PAGES, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>");
        self.page();
        self.stream(CONTENT, "", TEXT.as_bytes());
        self.put(FONT, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>");
        self.field("first");
        self.overlay("0 0 0 0 re f");
    }

    pub fn overlay(&mut self, drawing: &str) {
        let keys = "/Type /XObject /Subtype /Form /BBox [0 0 595 842] ";
        self.stream(OVERLAY, keys, drawing.as_bytes());
    }

    pub fn field(&mut self, value: &str) {
        let field = format!(
            "<< /Type /Annot /Subtype /Widget /FT /Tx /T (remark) /V ({value}) /P 3 0 R /Rect [72 600 300 620] >>"
        );
        self.put(FIELD, &field);
    }

    pub fn catalog(&mut self) {
        let fields = references(&self.fields);
        let catalog = format!(
            "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [{fields}] /SigFlags 3{} >>{} >>",
            self.form_keys, self.catalog_keys
        );
        self.put(CATALOG, &catalog);
    }

    pub fn page(&mut self) {
        let annotations = references(&self.annotations);
        let page = format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Annots [{annotations}] \
             /Resources << /Font << /F1 5 0 R >> /XObject << /O1 7 0 R >> >>{} >>",
            self.page_keys
        );
        self.put(PAGE, &page);
    }

    pub fn put(&mut self, number: u32, body: &str) {
        self.objects.push((number, Some(self.bytes.len())));
        self.bytes.extend(format!("{number} 0 obj\n{body}\nendobj\n").into_bytes());
    }

    pub fn stream(&mut self, number: u32, keys: &str, content: &[u8]) {
        self.objects.push((number, Some(self.bytes.len())));
        self.bytes.extend(format!("{number} 0 obj\n<< {keys}/Length {} >>\nstream\n", content.len()).into_bytes());
        self.bytes.extend_from_slice(content);
        self.bytes.extend_from_slice(b"\nendstream\nendobj\n");
    }

    pub fn free(&mut self, number: u32) {
        self.objects.push((number, None));
    }

    /// An entry that says where an object is, without writing it.
    pub fn point(&mut self, number: u32, offset: usize) {
        self.objects.push((number, Some(offset)));
    }

    /// A number that nothing has yet.
    pub fn number(&mut self) -> u32 {
        self.next += 1;
        self.next - 1
    }

    /// Cross-reference, trailer, end.
    pub fn end(&mut self) {
        let mut objects = std::mem::take(&mut self.objects);
        let previous = self.previous.map(|offset| format!(" /Prev {offset}")).unwrap_or_default();
        let at = self.bytes.len();
        let root = if self.trailer_keys.contains("/Root") { "" } else { " /Root 1 0 R" };
        if self.is_stream {
            let number = self.number();
            objects.push((number, Some(at)));
            objects.sort_unstable();
            let index: String = objects.iter().map(|(number, _)| format!("{number} 1 ")).collect();
            let mut rows = Vec::new();
            for (_, offset) in &objects {
                rows.push(u8::from(offset.is_some()));
                rows.extend(u32::try_from(offset.unwrap_or(0)).unwrap_or(0).to_be_bytes());
                rows.extend([0, 0]);
            }
            let keys = format!(
                "/Type /XRef /Size {}{root}{previous}{} /W [1 4 2] /Index [{index}] ",
                self.next, self.trailer_keys
            );
            self.stream(number, &keys, &rows);
            self.objects.clear();
        } else {
            objects.sort_unstable();
            let mut table = "xref\n".to_owned();
            if self.previous.is_none() {
                table.push_str("0 1\n0000000000 65535 f \n");
            }
            for (number, offset) in &objects {
                let kind = if offset.is_some() { 'n' } else { 'f' };
                table.push_str(&format!("{number} 1\n{:010} 00000 {kind} \n", offset.unwrap_or(0)));
            }
            let keys = &self.trailer_keys;
            table.push_str(&format!("trailer\n<< /Size {}{root}{previous}{keys} >>\n", self.next));
            self.bytes.extend(table.into_bytes());
        }
        self.bytes.extend(format!("startxref\n{at}\n%%EOF\n").into_bytes());
        self.previous = Some(at);
    }
}

fn references(numbers: &[u32]) -> String {
    numbers.iter().map(|number| format!("{number} 0 R ")).collect()
}

/// The numbers of /ByteRange from the first and last octet of the string and the end of the file.
pub type Ranges = fn(i64, i64, i64) -> Vec<i64>;

/// What a signature's dictionary says, and where it stands.
#[derive(Debug, Clone)]
pub struct Signing {
    pub sub_filter: &'static str,
    pub kind: &'static str,
    /// Further keys of the dictionary.
    pub keys: String,
    /// /ByteRange; none to leave it out.
    pub range: Option<Ranges>,
    /// Whether a field shows it.
    pub is_shown: bool,
    pub has_contents: bool,
    /// What stands behind the signature in its string.
    pub padding: u8,
    /// Octets kept free for the signature.
    pub space: usize,
}

pub fn sound(start: i64, end: i64, total: i64) -> Vec<i64> {
    vec![0, start, end, total - end]
}

impl Default for Signing {
    fn default() -> Self {
        Self {
            sub_filter: "adbe.pkcs7.detached",
            kind: "Sig",
            keys: String::new(),
            range: Some(sound),
            is_shown: true,
            has_contents: true,
            padding: 0,
            space: SPACE,
        }
    }
}

impl Signing {
    /// With room for a seal.
    pub fn with_seal() -> Self {
        Self { space: SEAL_SPACE, ..Self::default() }
    }

    /// Appends an update with the signature that `value` makes over the bytes of the ByteRange.
    pub fn apply(
        &self,
        pdf: &mut Pdf,
        value: impl FnOnce(&[u8]) -> Result<Vec<u8>, SampleError>,
    ) -> Result<(), SampleError> {
        let (number, widget) = (pdf.number(), pdf.number());
        if self.is_shown {
            pdf.annotations.push(widget);
            pdf.fields.push(widget);
            pdf.page();
            pdf.catalog();
            let body = format!(
                "<< /Type /Annot /Subtype /Widget /FT /Sig /T (seal{number}) /V {number} 0 R /P 3 0 R /F 132 /Rect [0 0 0 0] >>"
            );
            pdf.put(widget, &body);
        }
        self.sign(pdf, number, value)
    }

    /// Writes the dictionary of the signature as this object, ends the update, and signs it.
    fn sign(
        &self,
        pdf: &mut Pdf,
        number: u32,
        value: impl FnOnce(&[u8]) -> Result<Vec<u8>, SampleError>,
    ) -> Result<(), SampleError> {
        let from = pdf.bytes.len();
        let place = "<".to_owned() + &"00".repeat(self.space) + ">";
        let range_place = format!("[{}]", " ".repeat(80));
        let contents = if self.has_contents { format!("/Contents {place} ") } else { String::new() };
        let range = if self.range.is_some() { format!("/ByteRange {range_place} ") } else { String::new() };
        let body = format!(
            "<< /Type /{} /Filter /Adobe.PPKLite /SubFilter /{} /M (D:20260601160000+08'00') {range}{contents}{} >>",
            self.kind, self.sub_filter, self.keys
        );
        pdf.put(number, &body);
        pdf.end();
        let find = |bytes: &[u8], what: &[u8]| {
            (from..bytes.len()).find(|at| bytes.get(*at..).is_some_and(|rest| rest.starts_with(what))).unwrap_or(0)
        };
        let start = find(&pdf.bytes, b"/Contents <") + b"/Contents ".len();
        let (end, total) = (start + place.len(), pdf.bytes.len());
        if let Some(range) = self.range {
            let signed = |number: usize| i64::try_from(number).unwrap_or(0);
            let numbers: Vec<String> =
                range(signed(start), signed(end), signed(total)).iter().map(i64::to_string).collect();
            let at = find(&pdf.bytes, b"/ByteRange [") + b"/ByteRange [".len();
            for (offset, octet) in numbers.join(" ").bytes().enumerate() {
                if let Some(place) = pdf.bytes.get_mut(at + offset) {
                    *place = octet;
                }
            }
        }
        if !self.has_contents {
            return Ok(());
        }
        let message = [pdf.bytes.get(..start), pdf.bytes.get(end..)].map(Option::unwrap_or_default).concat();
        let value = value(&message)?;
        let Some(left) = self.space.checked_sub(value.len()) else {
            return Err(SampleError::argument("signature", format!("{} octets do not fit", value.len())));
        };
        let padding = vec![self.padding; left];
        let text = hex::encode([value, padding].concat());
        for (offset, octet) in text.bytes().enumerate() {
            if let Some(place) = pdf.bytes.get_mut(start + 1 + offset) {
                *place = octet;
            }
        }
        Ok(())
    }
}

/// Which identifiers a SignedData uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// CMS, RFC 5652.
    Cms,
    /// GB/T 35275.
    Gbt35275,
}

impl Family {
    fn identifiers(self) -> (&'static [u64], &'static [u64]) {
        match self {
            Self::Cms => (oid::CMS_SIGNED_DATA, oid::CMS_DATA),
            Self::Gbt35275 => (oid::SIGNED_DATA, oid::DATA),
        }
    }
}

/// What a SignedData is made of.
struct Parts<'p> {
    family: Family,
    digest_algorithm: Vec<u8>,
    algorithm: Vec<u8>,
    issuer_and_serial: Vec<u8>,
    certificate: &'p [u8],
    attributes: Option<Vec<u8>>,
    content: Option<&'p [u8]>,
    signature: Vec<u8>,
}

impl Parts<'_> {
    fn write(self) -> Vec<u8> {
        let (signed_data, data) = self.family.identifiers();
        let mut content = vec![der::oid(data)];
        content.extend(self.content.map(|content| der::explicit(0, &der::octets(content))));
        let mut signer = vec![der::integer(1), self.issuer_and_serial, self.digest_algorithm.clone()];
        signer.extend(self.attributes.map(|set| [vec![0xa0], set.into_iter().skip(1).collect()].concat()));
        signer.extend([self.algorithm, der::octets(&self.signature)]);
        let inner = der::sequence(&[
            der::integer(1),
            der::set(&[self.digest_algorithm]),
            der::sequence(&content),
            der::explicit(0, self.certificate),
            der::set(&[der::sequence(&signer)]),
        ]);
        der::sequence(&[der::oid(signed_data), der::explicit(0, &inner)])
    }
}

fn attributes(family: Family, time: Moment, digest: &[u8]) -> Vec<u8> {
    let attribute = |arcs: &[u64], value: Vec<u8>| der::sequence(&[der::oid(arcs), der::set(&[value])]);
    der::set(&[
        attribute(oid::CONTENT_TYPE, der::oid(family.identifiers().1)),
        attribute(oid::SIGNING_TIME, der::utc_time(&time.utc_time())),
        attribute(oid::MESSAGE_DIGEST, der::octets(digest)),
    ])
}

/// SignedData by RSA, with attributes.
pub fn rsa(by: &RsaIdentity, sha: Sha, message: &[u8]) -> Result<Vec<u8>, SampleError> {
    let attributes = attributes(Family::Cms, SIGNED_AT, &sha.digest(message));
    let parts = Parts {
        family: Family::Cms,
        digest_algorithm: sha.algorithm(),
        algorithm: der::sequence(&[der::oid(oid::RSA), der::tlv(5, &[])]),
        issuer_and_serial: by.issuer_and_serial(),
        certificate: &by.certificate,
        signature: by.sign(sha, &attributes)?,
        attributes: Some(attributes),
        content: None,
    };
    Ok(parts.write())
}

/// SignedData of `adbe.pkcs7.sha1`: the content is SHA-1 of the message.
pub fn rsa_over_sha1(by: &RsaIdentity, message: &[u8]) -> Result<Vec<u8>, SampleError> {
    let content = Sha::Sha1.digest(message);
    let parts = Parts {
        family: Family::Cms,
        digest_algorithm: Sha::Sha1.algorithm(),
        algorithm: der::sequence(&[der::oid(oid::RSA), der::tlv(5, &[])]),
        issuer_and_serial: by.issuer_and_serial(),
        certificate: &by.certificate,
        signature: by.sign(Sha::Sha1, &content)?,
        attributes: None,
        content: Some(&content),
    };
    Ok(parts.write())
}

/// What a SignedData by SM2 is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    Attributes,
    /// The content, which is SM3 of the message.
    Content,
    /// The message itself, which is not carried.
    Message,
}

/// SignedData by SM2.
pub fn sm2(by: &Identity, family: Family, over: Over, message: &[u8]) -> Result<Vec<u8>, SampleError> {
    let digest = sm3(message);
    let attributes = (over == Over::Attributes).then(|| attributes(family, SIGNED_AT, &digest));
    let signed = match over {
        Over::Attributes => attributes.as_deref().unwrap_or_default(),
        Over::Content => digest.as_slice(),
        Over::Message => message,
    };
    let parts = Parts {
        family,
        digest_algorithm: der::algorithm(oid::SM3),
        algorithm: der::algorithm(if family == Family::Cms { oid::SM2_WITH_SM3 } else { oid::SM2_SIGNATURE }),
        issuer_and_serial: by.issuer_and_serial(),
        certificate: &by.certificate,
        signature: by.key.sign(signed)?.der(),
        content: (over == Over::Content).then_some(digest.as_slice()),
        attributes,
    };
    Ok(parts.write())
}

/// A file of exactly these objects, signed by RSA in its only revision: for what readers make of unusual documents. The signature is object
/// 10, which a field must name; `keys` are further keys of its dictionary.
///
/// # Errors
/// Where the signature cannot be made.
pub fn signed_pdf(objects: &[(u32, String)], keys: &str) -> Result<Vec<u8>, SampleError> {
    signed_pdf_by(objects, keys, |message| rsa(&RsaAuthority::new()?.signer, Sha::Sha256, message))
}

/// The same with any signature over the bytes of the ByteRange.
///
/// # Errors
/// Where the signature cannot be made, or does not fit.
pub fn signed_pdf_by(
    objects: &[(u32, String)],
    keys: &str,
    value: impl FnOnce(&[u8]) -> Result<Vec<u8>, SampleError>,
) -> Result<Vec<u8>, SampleError> {
    let mut pdf = Pdf::begin();
    pdf.next = 200;
    for (number, body) in objects {
        pdf.put(*number, body);
    }
    let signing = Signing { keys: keys.to_owned(), ..Signing::default() };
    signing.sign(&mut pdf, FIRST_FREE, value)?;
    Ok(pdf.bytes)
}

/// A sound file, signed by RSA and then by SM2 as its makers do for readers abroad and at home, with a picture of this many KiB.
///
/// # Errors
/// `kib` of 0 or above 262,144.
pub fn large_pdf(kib: u32) -> Result<Vec<u8>, SampleError> {
    if !(1..=262_144).contains(&kib) {
        return Err(SampleError::argument("kib", "1 to 262144"));
    }
    let octets = usize::try_from(kib).unwrap_or(1) * 1024;
    let mut pdf = Pdf::begin();
    pdf.page_keys = " /Thumb 8 0 R".to_owned();
    pdf.body();
    let keys = format!(
        "/Type /XObject /Subtype /Image /Width 1024 /Height {kib} /ColorSpace /DeviceGray /BitsPerComponent 8 "
    );
    pdf.stream(8, &keys, &incompressible(b"pdf", octets));
    pdf.end();
    let authority = Authority::new()?;
    let agency = Agency::of_region("310000", 1)?;
    let signer = authority.signer(&agency, &agency.seal_id())?;
    Signing::default().apply(&mut pdf, |message| rsa(&RsaAuthority::new()?.signer, Sha::Sha256, message))?;
    Signing::default().apply(&mut pdf, |message| sm2(&signer, Family::Gbt35275, Over::Attributes, message))?;
    Ok(pdf.bytes)
}
