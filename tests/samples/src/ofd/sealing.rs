//! Puts a signature into a package: Signatures.xml, Signature.xml, Seal.esl, SignedValue.dat (GB/T 33190-2016, 18).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::certificate::Identity;
use crate::error::SampleError;
use crate::habit::Habit;
use crate::key::sm3;
use crate::md5::md5;
use crate::moment::Moment;
use crate::ofd::archive::Package;
use crate::ofd::content::SIGNATURES;
use crate::ofd::page::file;
use crate::signature::{Container, DataHash, Signing, ValueForm};

/// How the digests of the protected entries are formed and named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckMethod {
    /// SM3 by its object identifier.
    Sm3Oid,
    /// SM3 by its name.
    Sm3Name,
    /// SM3 by its name in small letters.
    Sm3Small,
    /// SM3 by the identifier of its form without a key.
    Sm3PlainOid,
    /// SHA-256 by its name.
    Sha256,
    /// MD5, which the standard of 2016 implies where nothing is said.
    Md5Unsaid,
}

impl CheckMethod {
    fn attribute(self) -> &'static str {
        match self {
            Self::Sm3Oid => " CheckMethod=\"1.2.156.10197.1.401\"",
            Self::Sm3Name => " CheckMethod=\"SM3\"",
            Self::Sm3Small => " CheckMethod=\"sm3\"",
            Self::Sm3PlainOid => " CheckMethod=\"1.2.156.10197.1.401.1\"",
            Self::Sha256 => " CheckMethod=\"SHA256\"",
            Self::Md5Unsaid => "",
        }
    }

    fn digest(self, bytes: &[u8]) -> String {
        match self {
            Self::Sm3Oid | Self::Sm3Name | Self::Sm3Small | Self::Sm3PlainOid => STANDARD.encode(sm3(bytes)),
            Self::Sha256 => STANDARD.encode(Sha256::digest(bytes)),
            Self::Md5Unsaid => STANDARD.encode(md5(bytes)),
        }
    }
}

/// How Signature.xml is written, which other tools than ours decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// On one line, with the prefix `ofd`.
    Usual,
    /// After a byte order mark.
    ByteOrderMark,
    /// With another prefix.
    OtherPrefix,
    /// With lines that end in CR LF.
    CrLf,
    /// In UTF-16, after a byte order mark.
    Utf16,
    /// After an empty list of references.
    EmptyListFirst,
}

impl Writing {
    fn write(self, xml: String) -> Vec<u8> {
        let text = match self {
            Self::Utf16 => {
                let xml = xml.replace("UTF-8", "UTF-16");
                return format!("\u{feff}{xml}").encode_utf16().flat_map(u16::to_le_bytes).collect();
            }
            Self::EmptyListFirst => xml.replace("<ofd:References", "<ofd:References/><ofd:References"),
            Self::Usual => xml,
            Self::ByteOrderMark => format!("\u{feff}{xml}"),
            Self::OtherPrefix => {
                xml.replace("xmlns:ofd", "xmlns:sig").replace("<ofd:", "<sig:").replace("</ofd:", "</sig:")
            }
            Self::CrLf => xml.replace('\n', "").replace("><", ">\r\n<"),
        };
        text.into_bytes()
    }
}

/// Names that vendors choose differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Path of Signatures.xml.
    pub signatures: &'static str,
    /// Folder of the signatures' own folders.
    pub folder: &'static str,
    /// Name of the signature value's file.
    pub value: &'static str,
    /// Whether the seal is also a file of its own.
    pub seal_file: bool,
    /// Whether entries are named relative to Signature.xml, and the local time is spelled with marks.
    pub relative: bool,
    /// Whether entries are named in capitals, whatever their names are.
    pub capitals: bool,
}

/// What most producers do.
pub const USUAL: Layout = Layout {
    signatures: SIGNATURES,
    folder: "Doc_0/Signs",
    value: "SignedValue.dat",
    seal_file: true,
    relative: false,
    capitals: false,
};

/// A signature over a package.
#[derive(Debug, Clone)]
pub struct Sealing {
    /// What carries it.
    pub container: Container,
    /// Whose key and certificate.
    pub signer: Identity,
    /// When, as the signer says.
    pub time: Moment,
    /// The time's text in the signature where it shall be something that is no time.
    pub time_text: Option<&'static str>,
    /// Full protection: Signatures.xml is protected too, so that a later signature breaks this one.
    pub locked: bool,
    /// Entries left out of protection.
    pub unprotected: Vec<String>,
    /// Digests of entries.
    pub method: CheckMethod,
    /// Names.
    pub layout: Layout,
    /// How Signature.xml is written.
    pub writing: Writing,
    /// Whether a time stamp follows a seal's signature.
    pub stamped: bool,
    /// Certificates that GB/T 35275 signed data carries beside the signer's, DER.
    pub carried: Vec<Vec<u8>>,
    /// Digest of Signature.xml.
    pub data_hash: DataHash,
    /// How r and s are written.
    pub value: ValueForm,
    /// Content of Seal.esl where it shall not be the seal in the signature.
    pub seal_file: Option<Vec<u8>>,
    /// What is written otherwise than the standards say.
    pub habit: Habit,
    /// `SignatureDateTime` where it shall be another time.
    pub shown_time: Option<Moment>,
    /// Entries that the package does not hold because they are too large: name and SM3.
    pub streamed: Vec<(String, [u8; 32])>,
}

impl Sealing {
    /// A sound signature in full protection mode.
    pub fn new(container: Container, signer: Identity, time: Moment) -> Self {
        Self {
            container,
            signer,
            time,
            time_text: None,
            locked: true,
            unprotected: Vec::new(),
            method: CheckMethod::Sm3Oid,
            layout: USUAL,
            writing: Writing::Usual,
            stamped: false,
            carried: Vec::new(),
            data_hash: DataHash::Plain,
            value: ValueForm::Der,
            seal_file: None,
            habit: Habit::default(),
            shown_time: None,
            streamed: Vec::new(),
        }
    }

    /// Signs the package as it is now, after the signatures that it already has.
    pub fn apply(&self, package: &mut Package) -> Result<(), SampleError> {
        let folder = |number: usize| format!("{}/Sign_{number}", self.layout.folder);
        let number =
            (0..).find(|&number| package.get(&format!("{}/Signature.xml", folder(number))).is_none()).unwrap_or(0);
        let folder = folder(number);
        let signature_name = format!("{folder}/Signature.xml");
        package.put(self.layout.signatures, self.list(package.get(self.layout.signatures), number));
        let seal = match &self.container {
            Container::Seal(_, seal) if self.layout.seal_file => Some(self.seal_file.as_ref().unwrap_or(seal)),
            _ => None,
        };
        if let Some(seal) = seal {
            package.put(&format!("{folder}/Seal.esl"), seal.clone());
        }
        let document = self.writing.write(self.document(package, &folder, seal.is_some()));
        let path = format!("/{signature_name}");
        let value = Signing {
            container: &self.container,
            signer: &self.signer,
            time: self.time,
            time_text: self.time_text,
            data_hash: self.data_hash,
            value: self.value,
            stamped: self.stamped,
            habit: self.habit,
            carried: &self.carried,
            path: &path,
            document: &document,
        }
        .make()?;
        package.put(&signature_name, document);
        package.put(&format!("{folder}/{}", self.layout.value), value);
        Ok(())
    }

    /// Signatures.xml with one signature more; ids count from 1.
    fn list(&self, before: Option<&[u8]>, number: usize) -> String {
        let before = before.map(String::from_utf8_lossy).unwrap_or_default();
        let from = before.find("<ofd:Signature ").unwrap_or(before.len());
        let earlier = before.get(from..).unwrap_or_default().replace("</ofd:Signatures>", "");
        let kind = if matches!(self.container, Container::Seal(..)) { "Seal" } else { "Sign" };
        let base = if self.layout.relative { "Signs".to_owned() } else { format!("/{}", self.layout.folder) };
        let id = number + 1;
        let list = format!(
            "<ofd:MaxSignId>{id}</ofd:MaxSignId>{earlier}\
             <ofd:Signature ID=\"{id}\" Type=\"{kind}\" BaseLoc=\"{base}/Sign_{number}/Signature.xml\"/>"
        );
        file("Signatures", "", &list)
    }

    /// Signature.xml: digests of every entry that the package has now and that is to be protected.
    fn document(&self, package: &Package, folder: &str, seal_file: bool) -> String {
        let protected = package
            .entries()
            .iter()
            .filter(|entry| self.locked || entry.name != self.layout.signatures)
            .filter(|entry| !self.unprotected.contains(&entry.name))
            .map(|entry| (&entry.name, self.method.digest(&entry.bytes)));
        let streamed = self.streamed.iter().map(|(name, digest)| (name, STANDARD.encode(digest)));
        let references: String = protected
            .chain(streamed)
            .map(|(name, value)| {
                let name = self.reference(name, folder);
                let name = if self.layout.capitals { name.to_uppercase() } else { name };
                format!("<ofd:Reference FileRef=\"{name}\"><ofd:CheckValue>{value}</ofd:CheckValue></ofd:Reference>")
            })
            .collect();
        let stamp = match self.container {
            Container::Seal(..) => "<ofd:StampAnnot ID=\"1\" PageRef=\"100\" Boundary=\"140 230 40 40\"/>",
            _ => "",
        };
        let seal = if seal_file {
            format!("<ofd:Seal><ofd:BaseLoc>/{folder}/Seal.esl</ofd:BaseLoc></ofd:Seal>")
        } else {
            String::new()
        };
        let time = self.shown_time.unwrap_or(self.time);
        let time = if self.layout.relative { time.beijing_spaced() } else { time.beijing_compact() };
        let value = self.reference(&format!("{folder}/{}", self.layout.value), folder);
        let body = format!(
            "<ofd:SignedInfo><ofd:Provider ProviderName=\"huxin-samples\" Version=\"1\" Company=\"TEST ONLY\"/>\
             <ofd:SignatureMethod>1.2.156.10197.1.501</ofd:SignatureMethod>\
             <ofd:SignatureDateTime>{time}</ofd:SignatureDateTime>\
             <ofd:References{method}>{references}</ofd:References>{stamp}{seal}</ofd:SignedInfo>\
             <ofd:SignedValue>{value}</ofd:SignedValue>",
            method = self.method.attribute(),
        );
        file("Signature", "", &body)
    }

    /// An entry's name as Signature.xml in `folder` gives it.
    fn reference(&self, name: &str, folder: &str) -> String {
        if !self.layout.relative {
            return format!("/{name}");
        }
        match name.strip_prefix(folder) {
            Some(beside) => beside.trim_start_matches('/').to_owned(),
            None => match name.strip_prefix("Doc_0/") {
                Some(inside) => format!("../../{inside}"),
                None => format!("../../../{name}"),
            },
        }
    }
}
