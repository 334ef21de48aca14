//! Seals, seal signatures, SignedData and small OFD files made in the test. Every element can be replaced before signing.

use std::io::{Cursor, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use huxin_chain_spec::crypto::DigestAlgorithm;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::pki::{Issued, Key, Pki, SEAL_ID, SM2_WITH_SM3};
use crate::tlv::{bits, context, gt, ia5, int, octets, oid, seq, set, utc, utf8};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    V1,
    V4,
    V5,
}

/// A seal to be made. All but numbers are whole elements.
#[derive(Clone)]
pub struct SealSpec {
    pub shape: Shape,
    pub header: Vec<u8>,
    pub id: Vec<u8>,
    pub kind: Vec<u8>,
    pub name: Vec<u8>,
    /// certListType; v1 has none.
    pub list_type: Option<u8>,
    pub list: Vec<u8>,
    pub times: [Vec<u8>; 3],
    pub picture: Vec<u8>,
    pub extensions: Option<Vec<u8>>,
    pub algorithm: Vec<u8>,
    /// Turns the DER value into the element that holds it.
    pub hold: fn(&[u8]) -> Vec<u8>,
    pub stamp: Option<Vec<u8>>,
    pub maker: Vec<u8>,
    pub maker_key: Key,
}

pub fn in_bits(value: &[u8]) -> Vec<u8> {
    bits(value)
}

impl SealSpec {
    pub fn new(shape: Shape, pki: &Pki) -> Self {
        let (version, time): (u8, fn(&str) -> Vec<u8>) = match shape {
            Shape::V1 => (1, |text| utc(&text[2..])),
            Shape::V4 => (4, gt),
            Shape::V5 => (5, gt),
        };
        Self {
            shape,
            header: seq(&[&ia5("ES"), &int(&[version]), &ia5("TEST")]),
            id: ia5(SEAL_ID),
            kind: int(&[1]),
            name: utf8("测试专用章"),
            list_type: (shape != Shape::V1).then_some(1),
            list: seq(&[&octets(&pki.signer.der)]),
            times: ["20260101000000Z", "20260101000000Z", "20310101000000Z"].map(time),
            picture: seq(&[&ia5("PNG"), &octets(&[0x89, b'P', b'N', b'G']), &int(&[40]), &int(&[41])]),
            extensions: None,
            algorithm: oid(SM2_WITH_SM3),
            hold: in_bits,
            stamp: None,
            maker: octets(&pki.maker.der),
            maker_key: pki.maker.key.clone(),
        }
    }

    fn info(&self) -> Vec<u8> {
        let list_type = self.list_type.map(|kind| int(&[kind])).unwrap_or_default();
        let [created, from, to] = &self.times;
        let property = seq(&[&self.kind, &self.name, &list_type, &self.list, created, from, to]);
        let extensions = self.extensions.clone().unwrap_or_default();
        seq(&[&self.header, &self.id, &property, &self.picture, &extensions])
    }

    pub fn sign(&self) -> Vec<u8> {
        let info = self.info();
        if self.shape == Shape::V1 {
            let value = self.maker_key.sign_der(&seq(&[&info, &self.maker, &self.algorithm]));
            return seq(&[&info, &seq(&[&self.maker, &self.algorithm, &(self.hold)(&value)])]);
        }
        let value = self.maker_key.sign_der(&info);
        let stamp = self.stamp.clone().unwrap_or_default();
        seq(&[&info, &self.maker, &self.algorithm, &(self.hold)(&value), &stamp])
    }
}

/// A seal signature over some Signature.xml.
#[derive(Clone)]
pub struct SignatureSpec {
    pub shape: Shape,
    pub seal: Vec<u8>,
    pub time: Vec<u8>,
    pub data_hash: Vec<u8>,
    pub certificate: Vec<u8>,
    pub algorithm: Vec<u8>,
    pub hold: fn(&[u8]) -> Vec<u8>,
    pub stamp: Option<Vec<u8>>,
    pub key: Key,
}

impl SignatureSpec {
    pub fn new(shape: Shape, pki: &Pki, xml: &[u8]) -> Self {
        let time = "20260601080000Z";
        Self {
            shape,
            seal: SealSpec::new(shape, pki).sign(),
            time: if shape == Shape::V1 { bits(&gt(time)) } else { gt(time) },
            data_hash: bits(DigestAlgorithm::Sm3.plain(&[xml]).as_bytes()),
            certificate: octets(&pki.signer.der),
            algorithm: oid(SM2_WITH_SM3),
            hold: in_bits,
            stamp: None,
            key: pki.signer.key.clone(),
        }
    }

    pub fn sign(&self) -> Vec<u8> {
        let version = match self.shape {
            Shape::V1 => 1,
            Shape::V4 => 4,
            Shape::V5 => 5,
        };
        let body = [
            int(&[version]),
            self.seal.clone(),
            self.time.clone(),
            self.data_hash.clone(),
            ia5("/Doc_0/Signature.xml"),
        ]
        .concat();
        if self.shape == Shape::V1 {
            let signed = seq(&[&body, &self.certificate, &self.algorithm]);
            return seq(&[&signed, &(self.hold)(&self.key.sign_der(&signed))]);
        }
        let signed = seq(&[&body]);
        let value = (self.hold)(&self.key.sign_der(&signed));
        seq(&[&signed, &self.certificate, &self.algorithm, &value, &self.stamp.clone().unwrap_or_default()])
    }
}

/// GB/T 35275 SignedData.
#[derive(Clone)]
pub struct DataSpec {
    pub content_type: &'static str,
    pub content: Option<Vec<u8>>,
    /// Whole attributes; none for a signature over the content.
    pub attributes: Option<Vec<Vec<u8>>>,
    pub certificates: Vec<Vec<u8>>,
    pub algorithm: &'static str,
    /// The digest that the signer names.
    pub digest: &'static str,
    /// What is signed when there are no attributes.
    pub message: Vec<u8>,
    /// The attributes have an indefinite length, and are signed so (BouncyCastle).
    pub is_ber: bool,
}

impl DataSpec {
    pub fn new(pki: &Pki, xml: &[u8]) -> Self {
        let digest = DigestAlgorithm::Sm3.plain(&[xml]).as_bytes().to_vec();
        Self {
            content_type: "1.2.156.10197.6.1.4.2.2",
            content: Some(digest.clone()),
            attributes: None,
            certificates: vec![pki.signer.der.clone()],
            algorithm: "1.2.156.10197.1.301.1",
            message: digest,
            digest: "1.2.156.10197.1.401",
            is_ber: false,
        }
    }

    pub fn sign(&self, pki: &Pki) -> Vec<u8> {
        let sm3 = seq(&[&oid(self.digest)]);
        let data = oid("1.2.156.10197.6.1.4.2.1");
        let content = match &self.content {
            Some(bytes) => seq(&[&data, &context(0, &[&octets(bytes)])]),
            None => seq(&[&data]),
        };
        let (attributes, message) = match &self.attributes {
            None => (Vec::new(), self.message.clone()),
            Some(list) => {
                let list: Vec<&[u8]> = list.iter().map(Vec::as_slice).collect();
                let endless = |tag| [&[tag, 0x80][..], &list.concat(), &[0, 0]].concat();
                if self.is_ber { (endless(0xa0), endless(0x31)) } else { (context(0, &list), set(&list)) }
            }
        };
        let signer = seq(&[
            &int(&[1]),
            &seq(&[&pki.root.name, &int(&[3])]),
            &sm3,
            &attributes,
            &seq(&[&oid(self.algorithm)]),
            &octets(&pki.signer.key.sign_der(&message)),
        ]);
        let certificates = match self.certificates.as_slice() {
            [] => Vec::new(),
            some => context(0, &some.iter().map(Vec::as_slice).collect::<Vec<_>>()),
        };
        let body = seq(&[&int(&[1]), &set(&[&sm3]), &content, &certificates, &set(&[&signer])]);
        seq(&[&oid(self.content_type), &context(0, &[&body])])
    }
}

pub fn attribute(id: &str, value: &[u8]) -> Vec<u8> {
    seq(&[&oid(id), &set(&[value])])
}

const PAGE: &str = "<ofd:Page xmlns:ofd=\"http://www.ofdspec.org/2016\"><ofd:Content/></ofd:Page>";

/// The content of a small document, which its signatures protect.
fn content(signatures_xml: &str) -> Vec<(String, Vec<u8>)> {
    let ns = "xmlns:ofd=\"http://www.ofdspec.org/2016\"";
    let files = [
        (
            "OFD.xml",
            format!(
                "<ofd:OFD {ns}><ofd:DocBody><ofd:DocInfo><ofd:DocID>0</ofd:DocID></ofd:DocInfo>\
                 <ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot><ofd:Signatures>/Doc_0/Signs/Signatures.xml</ofd:Signatures>\
                 </ofd:DocBody></ofd:OFD>"
            ),
        ),
        (
            "Doc_0/Document.xml",
            format!(
                "<ofd:Document {ns}><ofd:CommonData/><ofd:Pages><ofd:Page ID=\"1\" BaseLoc=\"Pages/Page_0/Content.xml\"/>\
                 </ofd:Pages></ofd:Document>"
            ),
        ),
        ("Doc_0/Pages/Page_0/Content.xml", PAGE.to_owned()),
        ("Doc_0/Signs/Signatures.xml", signatures_xml.to_owned()),
    ];
    files.into_iter().map(|(name, text)| (name.to_owned(), text.into_bytes())).collect()
}

pub const SEAL_FILE: &str = "Doc_0/Signs/Sign_0/Seal.esl";

/// A document with one signature: `value` makes SignedValue.dat (and perhaps Seal.esl) of Signature.xml's bytes.
pub fn ofd(kind: &str, date_time: &str, value: impl FnOnce(&[u8]) -> (Vec<u8>, Option<Vec<u8>>)) -> Vec<u8> {
    ofd_with(kind, date_time, &[], value)
}

/// The same with more files that the signature protects.
pub fn ofd_with(
    kind: &str,
    date_time: &str,
    more: &[(&str, &[u8])],
    value: impl FnOnce(&[u8]) -> (Vec<u8>, Option<Vec<u8>>),
) -> Vec<u8> {
    let list = format!(
        "<ofd:Signatures xmlns:ofd=\"http://www.ofdspec.org/2016\"><ofd:MaxSignId>1</ofd:MaxSignId>\
         <ofd:Signature ID=\"1\" Type=\"{kind}\" BaseLoc=\"/Doc_0/Signs/Sign_0/Signature.xml\"/></ofd:Signatures>"
    );
    let mut files = content(&list);
    files.extend(more.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())));
    let references: String = files
        .iter()
        .map(|(name, bytes)| {
            let digest = STANDARD.encode(DigestAlgorithm::Sm3.plain(&[bytes]).as_bytes());
            format!("<ofd:Reference FileRef=\"/{name}\"><ofd:CheckValue>{digest}</ofd:CheckValue></ofd:Reference>")
        })
        .collect();
    let xml = format!(
        "<ofd:Signature xmlns:ofd=\"http://www.ofdspec.org/2016\"><ofd:SignedInfo>\
         <ofd:SignatureMethod>1.2.156.10197.1.501</ofd:SignatureMethod>\
         <ofd:SignatureDateTime>{date_time}</ofd:SignatureDateTime>\
         <ofd:References CheckMethod=\"SM3\">{references}</ofd:References></ofd:SignedInfo>\
         <ofd:SignedValue>/Doc_0/Signs/Sign_0/SignedValue.dat</ofd:SignedValue></ofd:Signature>"
    );
    // A seal file is named by Signature.xml, so it has to be decided before the digest of that is taken.
    let seal_element = "<ofd:Seal><ofd:BaseLoc>Seal.esl</ofd:BaseLoc></ofd:Seal></ofd:SignedInfo>";
    let xml = if kind == "Seal" { xml.replace("</ofd:SignedInfo>", seal_element) } else { xml };
    let (signed_value, seal) = value(xml.as_bytes());
    files.push(("Doc_0/Signs/Sign_0/Signature.xml".to_owned(), xml.into_bytes()));
    files.push(("Doc_0/Signs/Sign_0/SignedValue.dat".to_owned(), signed_value));
    if let Some(seal) = seal {
        files.push((SEAL_FILE.to_owned(), seal));
    }
    zip(&files)
}

/// The document without any signature.
pub fn unsigned() -> Vec<u8> {
    let mut files = content("");
    files.retain(|(name, _)| !name.contains("Signs"));
    for (_, bytes) in &mut files {
        let text = String::from_utf8(bytes.clone()).unwrap();
        *bytes = text.replace("<ofd:Signatures>/Doc_0/Signs/Signatures.xml</ofd:Signatures>", "").into_bytes();
    }
    zip(&files)
}

pub fn zip(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A sealed document in which everything is right.
pub fn sealed(shape: Shape, pki: &Pki) -> Vec<u8> {
    ofd("Seal", "2026-06-01 16:00:00", |xml| {
        let spec = SignatureSpec::new(shape, pki, xml);
        (spec.sign(), Some(spec.seal))
    })
}

/// A sealed document whose signature is changed before it is made.
pub fn sealed_with(shape: Shape, pki: &Pki, change: impl FnOnce(&mut SignatureSpec, &[u8])) -> Vec<u8> {
    ofd("Seal", "2026-06-01 16:00:00", |xml| {
        let mut spec = SignatureSpec::new(shape, pki, xml);
        change(&mut spec, xml);
        (spec.sign(), Some(spec.seal))
    })
}

/// A certificate under `root`, changed before it is signed.
pub fn issued_by(
    root: &Issued,
    serial: u8,
    subject: Vec<u8>,
    seed: u8,
    change: impl FnOnce(&mut crate::pki::Spec),
) -> Issued {
    let key = Key::of(seed);
    let mut spec = crate::pki::Spec::leaf(serial, subject.clone(), &root.name, &key);
    change(&mut spec);
    Issued { der: spec.sign(&root.key), key, name: subject }
}
