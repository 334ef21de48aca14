//! Signed PDF files to which a revision was appended that shows something else, each in a way that some reader follows: none is valid.

use huxin_document::report::{Report, Verdict};
use huxin_document::{Options, TrustList, inspect};
use huxin_samples::{Catalogue, SIGNED_AT, signed_pdf, signed_pdf_by};

use crate::catalogue::trust_of;
use crate::made::{DataSpec, attribute};
use crate::pki::Pki;
use crate::tlv::{octets, oid};

/// A signed file that grows.
#[derive(Clone)]
pub struct Update {
    pub bytes: Vec<u8>,
    entries: Vec<(u32, u16, Option<usize>)>,
    /// Further keys of the trailer, and the whole /Root.
    trailer: String,
    root: String,
    size: u32,
}

impl Update {
    pub fn of(bytes: &[u8]) -> Self {
        Self { bytes: bytes.to_vec(), entries: Vec::new(), trailer: String::new(), root: "1 0 R".to_owned(), size: 200 }
    }

    pub fn put(mut self, number: u32, body: impl AsRef<str>) -> Self {
        self = self.put_generation(number, 0, body);
        self
    }

    pub fn put_generation(mut self, number: u32, generation: u16, body: impl AsRef<str>) -> Self {
        self.entries.push((number, generation, Some(self.bytes.len())));
        self.bytes.extend(format!("{number} {generation} obj\n{}\nendobj\n", body.as_ref()).into_bytes());
        self
    }

    pub fn free(mut self, number: u32) -> Self {
        self.entries.push((number, 65535, None));
        self
    }

    fn trailer(mut self, keys: impl Into<String>) -> Self {
        self.trailer = keys.into();
        self
    }

    fn previous(&self) -> usize {
        let mark = b"startxref\n";
        let at = self.bytes.windows(mark.len()).rposition(|window| window == mark).unwrap() + mark.len();
        let digits = self.bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        std::str::from_utf8(&self.bytes[at..at + digits]).unwrap().parse().unwrap()
    }

    /// With a table.
    pub fn end(mut self) -> Self {
        let (previous, at) = (self.previous(), self.bytes.len());
        let mut entries = std::mem::take(&mut self.entries);
        entries.sort_unstable();
        let mut table = "xref\n".to_owned();
        for (number, generation, offset) in entries {
            let kind = if offset.is_some() { 'n' } else { 'f' };
            table += &format!("{number} 1\n{:010} {generation:05} {kind} \n", offset.unwrap_or(0));
        }
        let Self { size, root, trailer, .. } = &self;
        table +=
            &format!("trailer\n<< /Size {size} /Root {root} /Prev {previous} {trailer} >>\nstartxref\n{at}\n%%EOF\n");
        self.bytes.extend(table.into_bytes());
        self.trailer.clear();
        self
    }

    /// With a stream of these rows and keys, as object 60.
    pub fn end_stream(mut self, keys: &str, rows: &[u8]) -> Self {
        let (previous, at) = (self.previous(), self.bytes.len());
        let keys = format!("/Type /XRef /Root 1 0 R /Prev {previous} {keys}");
        self.stream(60, &keys, rows);
        self.bytes.extend(format!("startxref\n{at}\n%%EOF\n").into_bytes());
        self.entries.clear();
        self
    }

    /// With a stream of the entries that were written.
    pub fn end_rows(mut self) -> Self {
        let mut entries = std::mem::take(&mut self.entries);
        entries.sort_unstable();
        let index: String = entries.iter().map(|(number, ..)| format!("{number} 1 ")).collect();
        let mut rows = Vec::new();
        for (_, generation, offset) in entries {
            rows.push(u8::from(offset.is_some()));
            rows.extend(u32::try_from(offset.unwrap_or(0)).unwrap().to_be_bytes());
            rows.extend(generation.to_be_bytes());
        }
        self.end_stream(&format!("/Size 200 /W [1 4 2] /Index [{index}]"), &rows)
    }

    fn stream(&mut self, number: u32, keys: &str, content: &[u8]) {
        self.bytes.extend(format!("{number} 0 obj\n<< {keys} /Length {} >>\nstream\n", content.len()).into_bytes());
        self.bytes.extend_from_slice(content);
        self.bytes.extend_from_slice(b"\nendstream\nendobj\n");
    }
}

/// The newest writing of an object: what stands between `obj` and `endobj`.
pub fn object(bytes: &[u8], number: u32) -> String {
    let head = format!("\n{number} 0 obj\n").into_bytes();
    let at = bytes.windows(head.len()).rposition(|window| window == head).unwrap() + head.len();
    let end = bytes[at..].windows(7).position(|window| window == b"\nendobj").unwrap();
    String::from_utf8(bytes[at..at + end].to_vec()).unwrap()
}

pub fn stream(content: &str, keys: &str) -> String {
    format!("<< {keys} /Length {} >>\nstream\n{content}\nendstream", content.len())
}

fn form(content: &str) -> String {
    stream(content, "/Type /XObject /Subtype /Form /BBox [0 0 595 842]")
}

struct Signed {
    sealed: Vec<u8>,
    trust: TrustList,
}

impl Signed {
    fn new() -> Self {
        let catalogue = Catalogue::new(SIGNED_AT).unwrap();
        let sealed = catalogue.make(catalogue.get("pdf/ok_seal_v4.pdf").unwrap()).unwrap();
        Self { sealed, trust: trust_of(&catalogue) }
    }

    fn judge(&self, bytes: &[u8]) -> Report {
        inspect(bytes, &Options { trust: Some(&self.trust), at: None })
    }

    fn valid(&self, name: &str, bytes: &[u8]) {
        let report = self.judge(bytes);
        assert_eq!(report.verdict, Verdict::Valid, "{name}: {:?} {:?}", report.reasons, report.signatures);
    }

    /// One of the codes for a file that has another meaning for some reader.
    fn refused(&self, name: &str, bytes: &[u8]) {
        let report = self.judge(bytes);
        let code =
            report.reasons.iter().map(|reason| reason.code()).find(|code| {
                ["PDF_CHANGED_LATER", "PDF_NOT_PERMITTED", "PDF_STRUCTURE", "TRAILING_BYTES"].contains(code)
            });
        let later: Vec<_> = report.signatures.iter().filter_map(|signature| signature.pdf.as_ref()).collect();
        assert!(report.verdict != Verdict::Valid && code.is_some(), "{name}: {:?} {later:?}", report.reasons);
    }

    /// The sealed file with a widget more, which covers the page where it is drawn.
    fn with_field(&self, keys: &str) -> Update {
        let more = |number| object(&self.sealed, number).replacen("11 0 R ]", "11 0 R 50 0 R ]", 1);
        let field = format!("<< /Type /Annot /Subtype /Widget /FT /Sig /T (x) /P 3 0 R /F 132 {keys} >>");
        Update::of(&self.sealed)
            .put(3, more(3))
            .put(1, more(1))
            .put(50, field)
            .put(51, form("1 g 0 0 595 842 re f"))
            .end()
    }
}

const WIDGET: &str = "<< /Type /Annot /Subtype /Widget /FT /Sig /T (s) /V 10 0 R /P 3 0 R /F 132 /Rect [0 0 0 0] >>";
const STAMP: &str = "<< /Type /Annot /Subtype /Stamp /Rect [0 0 595 842] /P 3 0 R /AP << /N 20 0 R >> >>";
const HARMLESS: &str = "0 0 0 0 re f aaaa";
const COVER: &str = "1 g 0 0 595 842 re f";

/// A document of one page, to be signed with parts of its own.
#[derive(Clone)]
struct Document {
    catalog: &'static str,
    pages: &'static str,
    fields: &'static str,
    annotations: &'static str,
    resources: &'static str,
    widget: &'static str,
    more: Vec<(u32, String)>,
    keys: &'static str,
}

impl Default for Document {
    fn default() -> Self {
        Self {
            catalog: "/Pages 2 0 R",
            pages: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            fields: "11 0 R",
            annotations: "[11 0 R]",
            resources: "<< /Font << /F1 5 0 R >> >>",
            widget: WIDGET,
            more: Vec::new(),
            keys: "",
        }
    }
}

impl Document {
    fn sign(&self) -> Vec<u8> {
        signed_pdf(&self.objects(), self.keys).unwrap()
    }

    fn objects(&self) -> Vec<(u32, String)> {
        let mut objects = vec![
            (1, format!("<< /Type /Catalog {} /AcroForm << /Fields [{}] /SigFlags 3 >> >>", self.catalog, self.fields)),
            (2, self.pages.to_owned()),
            (
                3,
                format!(
                    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Annots {} /Resources {} >>",
                    self.annotations, self.resources
                ),
            ),
            (4, stream("BT /F1 24 Tf 72 700 Td (AMOUNT 100) Tj ET /B Do", "")),
            (5, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned()),
            (11, self.widget.to_owned()),
        ];
        objects.extend(self.more.iter().cloned());
        objects
    }

    fn with(number: u32, body: impl Into<String>) -> Self {
        Self { more: vec![(number, body.into())], ..Self::default() }
    }

    fn and(mut self, number: u32, body: impl Into<String>) -> Self {
        self.more.push((number, body.into()));
        self
    }
}

fn content(text: &str) -> String {
    stream(&format!("BT /F1 24 Tf 72 700 Td ({text}) Tj ET"), "")
}

/// What may come later still may.
#[test]
fn harmless_later_revisions_stay_valid() {
    let signed = Signed::new();
    signed.valid("sealed", &signed.sealed);
    signed.valid("plain", &Document::default().sign());
    signed.valid("an empty field", &signed.with_field("/Rect [0 0 0 0]").bytes);
    signed
        .valid("an empty field with looks", &signed.with_field("/Rect [9 9 9 9] /AP << /N 51 0 R >> /MK << >>").bytes);
    let catalog = |store: &str| object(&signed.sealed, 1).replacen(" >>", &format!(" >> /DSS {store} "), 1);
    let store = Update::of(&signed.sealed)
        .put(1, catalog("60 0 R"))
        .put(60, "<< /Type /DSS /Certs [61 0 R] >>")
        .put(61, stream("certificate", ""))
        .end();
    signed.valid("a store", &store.bytes);
    let store = store
        .put(60, "<< /Type /DSS /Certs [61 0 R] /CRLs [62 0 R] /VRI << /A << /CRL [62 0 R] >> >> >>")
        .put(62, stream("list", ""))
        .end();
    signed.valid("more in the store", &store.bytes);
    let information = Update::of(&signed.sealed).put(60, "<< /Producer (a) >>").trailer("/Info 60 0 R").end();
    let information = information.put(60, "<< /Producer (b) >>").trailer("/Info 60 0 R").end();
    signed.valid("information", &information.bytes);
}

/// A first update makes an object harmless, a second one changes it: a page as the kid of a field, a picture as document information.
#[test]
fn what_an_object_is_comes_from_the_signed_revision_only() {
    let signed = Signed::new();
    let catalog = object(&signed.sealed, 1).replacen("11 0 R ]", "11 0 R 50 0 R ]", 1);
    let first = Update::of(&signed.sealed).put(1, catalog).put(50, "<< /FT /Sig /T (x) /Kids 3 0 R >>").end();
    let page = object(&signed.sealed, 3).replacen("/Contents 4 0 R", "/Contents 52 0 R", 1);
    signed.refused("page", &first.put(3, page).put(52, content("FORGED")).end().bytes);

    let stamped = Document { annotations: "[11 0 R 12 0 R]", ..Document::with(12, STAMP).and(20, form(HARMLESS)) };
    let certified = Document {
        keys: "/Reference [<< /Type /SigRef /TransformMethod /DocMDP /TransformParams << /P 1 /V /1.2 >> >>]",
        ..stamped.clone()
    };
    let widget = "<< /Type /Annot /Subtype /Widget /FT /Sig /T (s) /V 10 0 R /P 3 0 R /F 132 /Rect [0 0 200 200] \
                  /AP << /N 20 0 R >> >>";
    let seal = Document { widget, ..Document::with(20, form(HARMLESS)) };
    for (name, document) in [("stamp", stamped), ("certified", certified), ("seal", seal)] {
        let file = document.sign();
        signed.valid(name, &file);
        let first = Update::of(&file).trailer("/Info 20 0 R").end();
        let second = first.put(20, form(COVER)).trailer("/Info 20 0 R").end();
        signed.refused(name, &second.bytes);
    }
}

/// Of two values of one key readers take the first or the last.
#[test]
fn keys_that_come_twice_in_a_later_object_are_not_valid() {
    let signed = Signed::new();
    let looks = "/AP << /N 51 0 R >>";
    for keys in [
        "/Rect [0 0 0 0] /Rect [0 0 595 842] /AP << /N 51 0 R >>",
        "/Rect [0 0 595 842] /Rect [0 0 0 0] /AP << /N 51 0 R >>",
        "/Rect [0 0 0 0] /Subtype /Stamp",
        "/Rect [0 0 0 0] /MK << /BG [1] /BG [0] >>",
    ] {
        signed.refused(keys, &signed.with_field(keys).bytes);
    }
    signed.refused("drawn", &signed.with_field(&format!("/Rect [0 0 595 842] {looks}")).bytes);
}

/// A reference of generation 0 no longer leads to an object that now has generation 1.
#[test]
fn another_generation_is_another_object() {
    let signed = Signed::new();
    for number in [4, 7] {
        let update = Update::of(&signed.sealed).put_generation(number, 1, object(&signed.sealed, number)).end();
        signed.refused(&format!("object {number}"), &update.bytes);
    }
    let mut update = Update::of(&signed.sealed);
    update.root = "1 1 R".to_owned();
    signed.refused("catalog", &update.end().bytes);
    let fields = object(&signed.sealed, 1).replacen("11 0 R ]", "11 1 R ]", 1);
    signed.refused("field", &Update::of(&signed.sealed).put(1, fields).end().bytes);
}

/// Readers that know no cross-reference streams find the object freed, others where it was.
#[test]
fn a_table_that_frees_what_its_stream_keeps_is_not_valid() {
    let signed = Signed::new();
    for number in [4_u32, 7] {
        let head = format!("\n{number} 0 obj\n").into_bytes();
        let offset = signed.sealed.windows(head.len()).rposition(|window| window == head).unwrap() + 1;
        let row = [&[1][..], &u32::try_from(offset).unwrap().to_be_bytes(), &[0, 0]].concat();
        let mut update = Update::of(&signed.sealed);
        let at = update.bytes.len();
        update.stream(60, &format!("/Type /XRef /Size 200 /W [1 4 2] /Index [{number} 1] /Root 1 0 R"), &row);
        update.entries.push((60, 0, Some(at)));
        signed.refused("freed", &update.clone().free(number).trailer(format!("/XRefStm {at}")).end().bytes);
    }
}

/// Content that only some readers find through /XRefStm, written as an integer and as a number with a fraction.
#[test]
fn a_hidden_cross_reference_stream_is_not_valid() {
    let signed = Signed::new();
    for fraction in ["", ".0"] {
        let mut update = Update::of(&signed.sealed);
        let evil = format!("4 0 obj\n{}\nendobj\n", content("FORGED"));
        update = update.put(61, stream(&evil, ""));
        let at = update.bytes.windows(evil.len()).rposition(|window| window == evil.as_bytes()).unwrap();
        let row = [&[1][..], &u32::try_from(at).unwrap().to_be_bytes(), &[0, 0]].concat();
        let hidden = update.bytes.len();
        update.stream(60, "/Type /XRef /Size 200 /W [1 4 2] /Index [4 1] /Root 1 0 R", &row);
        update.entries.push((60, 0, Some(hidden)));
        signed.refused(fraction, &update.trailer(format!("/XRefStm {hidden}{fraction}")).end().bytes);
    }
}

/// Parameters of another type are defaults for some readers and values for others: object 7 is free, or there is nothing new.
#[test]
fn odd_parameters_of_cross_reference_streams_are_not_valid() {
    use std::io::Write as _;
    let signed = Signed::new();
    let update = Update::of(&signed.sealed).put(61, "[7 1]").put(62, "<< /Predictor 12 /Columns 7 >>");
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(&[0; 7]).unwrap();
    let packed = packed.finish().unwrap();
    for (keys, rows) in [
        ("/Size 1 /W [1 4 2] /Index [7.0 1]", &[0; 7][..]),
        ("/Size 1 /W [1 4 2] /Index 61 0 R", &[0; 7]),
        ("/Size 1 /W [1 4 2] /Index (7)", &[0; 7]),
        ("/Size 200 /W [1 4 2] /Index [199 1] /F (other)", &[0; 7]),
        (
            "/Size 200 /W [1 4 2] /Index [199 1] /Filter /FlateDecode /DecodeParms << /Predictor 1 /Predictor 12 >>",
            &packed,
        ),
        ("/Size 200 /W [1 4 2] /Index [199 1] /Filter [/FlateDecode] /DecodeParms 62 0 R", &packed),
        ("/Size 200 /W [1 4 2] /Index [199 1] /Filter /FlateDecode /DecodeParms << /Predictor 1.0 >>", &packed),
        ("/Size 200 /W [1 4 2] /Index [199 1] /Filter /FlateDecode /DecodeParms /None", &packed),
    ] {
        let report = signed.judge(&update.clone().end_stream(keys, rows).bytes);
        assert_eq!(report.reasons.first().map(|reason| reason.code()), Some("PDF_STRUCTURE"), "{keys}");
    }
}

/// Some readers take objects beyond /Size as missing.
#[test]
fn a_smaller_size_is_not_valid() {
    let signed = Signed::new();
    let mut update = Update::of(&signed.sealed);
    update.size = 7;
    signed.refused("size", &update.end().bytes);
}

/// A field without a place or an appearance acts and draws all the same.
#[test]
fn undrawn_fields_with_other_keys_are_not_valid() {
    let signed = Signed::new();
    for keys in [
        "/Rect [0 0 0 0] /AA << /PO << /S /JavaScript /JS (app.alert\\(1\\)) >> >>",
        "/Rect [0 0 0 0] /A << /S /URI /URI (http://localhost) >>",
        "/Rect [0 0 595 842] /MK << /BG [1 1 1] >>",
        "/Rect [0 0 595 842]",
        "/Rect [0 0 0 0 0] /AP << /N 51 0 R >>",
        "/Rect [0 0 0 52 0 R] /AP << /N 51 0 R >>",
        "/AP << /N 51 0 R >>",
        "/Rect [0 0 0 0] /Kids 3 0 R",
        "/Rect [0 0 0 0] /Kids [3 0 R]",
    ] {
        signed.refused(keys, &signed.with_field(keys).bytes);
    }
}

/// An indirect list of annotations, empty when signed, becomes a reference to another.
#[test]
fn an_empty_list_that_becomes_a_reference_is_not_valid() {
    let signed = Signed::new();
    let file = Document { annotations: "9 0 R", ..Document::with(9, "[ ]") }.sign();
    signed.valid("signed", &file);
    let stamp = STAMP.replace("20 0 R", "33 0 R");
    let update = Update::of(&file).put(9, "31 0 R").put(31, "[32 0 R]").put(32, stamp).put(33, form(COVER)).end();
    signed.refused("list", &update.bytes);
}

/// Prepared before signing: an object that may change plays a second part, in which it is shown.
#[test]
fn an_object_of_two_parts_may_not_change_as_one() {
    let signed = Signed::new();
    let stamped = || Document { annotations: "[11 0 R 12 0 R]", ..Document::with(12, STAMP).and(20, form(HARMLESS)) };
    let metadata = "/Pages 2 0 R /Metadata 20 0 R";
    let field = |text: &str| stream(text, "/FT /Tx /T (z) /Type /XObject /Subtype /Form /BBox [0 0 595 842]");
    let as_field = Document { fields: "11 0 R 20 0 R", annotations: "[11 0 R 12 0 R]", ..Document::with(12, STAMP) };
    let text_field = "<< /FT /Tx /T (t) /V (v) /AP << /N 21 0 R >> /Rect [0 0 9 9] >>";
    let permits = "/Reference [<< /TransformMethod /DocMDP /TransformParams << /P 2 >> >>]";
    for (name, document, number, body) in [
        ("metadata and looks", Document { catalog: metadata, ..stamped() }, 20, form(COVER)),
        (
            "metadata and a resource named as a key that draws nothing",
            Document {
                catalog: metadata,
                resources: "<< /Font << /F1 5 0 R >> /XObject 21 0 R >>",
                ..Document::with(20, form(HARMLESS)).and(21, "<< /B 20 0 R /Metadata 20 0 R /AA 20 0 R >>")
            },
            20,
            form(COVER),
        ),
        (
            "metadata and content below a direct tree of pages",
            Document {
                catalog: "/Pages << /Type /Pages /Kids [3 0 R] /Count 1 >> /Metadata 4 0 R",
                ..Document::default()
            },
            4,
            content("AMOUNT 999"),
        ),
        ("field and looks", as_field.and(20, field(HARMLESS)), 20, field(&COVER[..HARMLESS.len()])),
        (
            "looks of a field, and a script",
            Document {
                keys: permits,
                catalog: "/Pages 2 0 R /Names << /JavaScript << /Names [(a) << /S /JavaScript /JS 21 0 R >>] >> >>",
                fields: "11 0 R 22 0 R",
                ..Document::with(22, text_field).and(21, stream("a = 1", ""))
            },
            21,
            stream("b = 2", ""),
        ),
        (
            "field and resources",
            Document {
                keys: permits,
                resources: "<< /Font << /F1 5 0 R >> /XObject 22 0 R >>",
                fields: "11 0 R 22 0 R",
                ..Document::with(22, text_field).and(21, form(HARMLESS)).and(23, form(COVER))
            },
            22,
            text_field.replace("21 0 R", "23 0 R").replace("<< /N", "<< /D"),
        ),
    ] {
        let file = document.sign();
        signed.valid(name, &file);
        signed.refused(name, &Update::of(&file).put(number, body).end().bytes);
    }
    // A page as the kids of a field: once a list, judged as an empty one.
    let file = Document { fields: "11 0 R 13 0 R", ..Document::with(13, "<< /FT /Tx /T (k) /Kids 3 0 R >>") }.sign();
    let page = object(&file, 3).replacen("/Contents 4 0 R", "/Contents 30 0 R", 1);
    signed.refused("page", &Update::of(&file).put(3, page).put(30, content("AMOUNT 999")).end().bytes);
}

/// Readers fill fields from their values while the form says so; without it an appearance shows that was prepared.
#[test]
fn appearances_that_were_not_shown_may_not_come_back() {
    let signed = Signed::new();
    let fields = "11 0 R] /NeedAppearances true /CO [";
    let file = Document { fields, ..Document::default() }.sign();
    signed.valid("signed", &file);
    let catalog = object(&file, 1).replacen("/NeedAppearances true", "", 1);
    signed.refused("taken back", &Update::of(&file).put(1, catalog).end().bytes);
}

/// What SM2 in a PDF file makes of a SignedData that `change` made otherwise.
fn judged(change: impl FnOnce(&mut DataSpec, &[u8])) -> Report {
    let pki = Pki::new();
    let file = signed_pdf_by(&Document::default().objects(), "", |message| {
        let mut spec = DataSpec::new(&pki, message);
        change(&mut spec, message);
        Ok(spec.sign(&pki))
    });
    inspect(&file.unwrap(), &Options::default())
}

fn outcome(report: &Report, name: &str) -> (String, Option<&'static str>) {
    let check = report.signatures[0].checks.get(name).unwrap();
    (format!("{:?}", check.result), check.code.map(|code| code.code()))
}

/// BouncyCastle signs attributes in BER as they stand. In OFD files they held, in PDF files they did not.
#[test]
fn attributes_in_ber_may_be_signed_as_they_stand() {
    for is_ber in [false, true] {
        let report = judged(|spec, _| {
            let digest = spec.message.clone();
            let digest = attribute("1.2.840.113549.1.9.4", &octets(&digest));
            let kind = attribute("1.2.840.113549.1.9.3", &oid("1.2.156.10197.6.1.4.2.1"));
            (spec.content, spec.attributes, spec.is_ber) = (None, Some(vec![kind, digest]), is_ber);
        });
        assert_eq!(outcome(&report, "signature_value"), ("Pass".to_owned(), None), "{is_ber}");
        assert_eq!(outcome(&report, "document_digest"), ("Pass".to_owned(), None), "{is_ber}");
    }
}

/// 20 bytes of content are SHA-1 only where they are that of the bytes, and attributes must then be over them.
#[test]
fn twenty_bytes_of_content_are_not_taken_for_sha1() {
    let report = judged(|spec, _| spec.content = Some(vec![7; 20]));
    assert_eq!(outcome(&report, "document_digest"), ("Fail".to_owned(), Some("DOCUMENT_DIGEST")));
    let sha1 = |message: &[u8]| {
        use sha1::Digest as _;
        sha1::Sha1::digest(message).to_vec()
    };
    let report = judged(|spec, message| spec.content = Some(sha1(message)));
    assert_eq!(outcome(&report, "document_digest"), ("Unknown".to_owned(), Some("LEGACY_ALGORITHM")));
    let report = judged(|spec, message| {
        spec.content = Some(sha1(message));
        spec.attributes = Some(vec![attribute("1.2.840.113549.1.9.4", &octets(&[7; 32]))]);
    });
    assert_eq!(outcome(&report, "document_digest"), ("Fail".to_owned(), Some("DOCUMENT_DIGEST")));
    // Another digest of 20 bytes (RIPEMD-160) is just not known.
    let report = judged(|spec, _| (spec.content, spec.digest) = (Some(vec![7; 20]), "1.3.36.3.2.1"));
    assert_eq!(outcome(&report, "document_digest"), ("Unknown".to_owned(), Some("UNSUPPORTED_ALGORITHM")));
}
