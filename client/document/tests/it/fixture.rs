//! A tiny OFD that the tests make: two pages, a template, resources, annotations, an attachment and a custom tag.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use huxin_chain_spec::crypto::DigestAlgorithm;
use std::io::{Cursor, Write as _};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

pub const DOCUMENT: &str = "Doc_0/Document.xml";
pub const PAGE: &str = "Doc_0/Pages/Page_0/Content.xml";
pub const SIGNATURES: &str = "Doc_0/Signs/Signatures.xml";

/// The files of a package, in order.
#[derive(Clone, Default)]
pub struct Files(pub Vec<(String, Vec<u8>)>);

impl Files {
    /// An unsigned document with everything that a document can have.
    pub fn whole() -> Self {
        let mut files = Self::default();
        files.set("OFD.xml", ofd_xml(""));
        files.set(
            DOCUMENT,
            "<ofd:Document xmlns:ofd='http://www.ofdspec.org/2016'><ofd:CommonData>\
             <ofd:PublicRes>PublicRes.xml</ofd:PublicRes><ofd:DocumentRes>DocumentRes.xml</ofd:DocumentRes>\
             <ofd:TemplatePage ID='9' BaseLoc='Tpls/Tpl_0/Content.xml'/></ofd:CommonData>\
             <ofd:Pages><ofd:Page ID='1' BaseLoc='Pages/Page_0/Content.xml'/>\
             <ofd:Page ID='2' BaseLoc='Pages/Page_1/Content.xml'/></ofd:Pages>\
             <ofd:Annotations>Annots/Annotations.xml</ofd:Annotations>\
             <ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments>\
             <ofd:CustomTags>Tags/CustomTags.xml</ofd:CustomTags>\
             <ofd:Extensions>Extensions.xml</ofd:Extensions></ofd:Document>",
        );
        files.set(PAGE, "<Page><PageRes>PageRes.xml</PageRes><Content><Layer/></Content></Page>");
        files.set("Doc_0/Pages/Page_0/PageRes.xml", "<Res BaseLoc='Res'/>");
        files.set("Doc_0/Pages/Page_1/Content.xml", "<Page><Content/></Page>");
        files.set("Doc_0/Tpls/Tpl_0/Content.xml", "<Page><Content/></Page>");
        files.set(
            "Doc_0/PublicRes.xml",
            "<Res BaseLoc='Res'><ColorSpaces><ColorSpace ID='3' Profile='p.icc'/></ColorSpaces>\
             <Fonts><Font ID='4'><FontFile>f.ttf</FontFile></Font></Fonts></Res>",
        );
        files.set(
            "Doc_0/DocumentRes.xml",
            "<Res BaseLoc='/Doc_0/Res'><MultiMedias><MultiMedia ID='5'><MediaFile>i.png</MediaFile>\
             </MultiMedia></MultiMedias></Res>",
        );
        files.set("Doc_0/Res/p.icc", "profile");
        files.set("Doc_0/Res/f.ttf", "font");
        files.set("Doc_0/Res/i.png", "image");
        files.set(
            "Doc_0/Annots/Annotations.xml",
            "<Annotations><Page PageID='1'><FileLoc>Page_0/Annotation.xml</FileLoc></Page></Annotations>",
        );
        files.set("Doc_0/Annots/Page_0/Annotation.xml", "<PageAnnot><Annot ID='7'/></PageAnnot>");
        files.set(
            "Doc_0/Attachs/Attachments.xml",
            "<Attachments><Attachment ID='8' Name='a'><FileLoc>a.txt</FileLoc></Attachment></Attachments>",
        );
        files.set("Doc_0/Attachs/a.txt", "attached");
        files.set(
            "Doc_0/Tags/CustomTags.xml",
            "<CustomTags><CustomTag NameSpace='n'><FileLoc>CustomTag.xml</FileLoc></CustomTag></CustomTags>",
        );
        files.set("Doc_0/Tags/CustomTag.xml", "<eInvoice/>");
        files.set(
            "Doc_0/Extensions.xml",
            "<Extensions><Extension AppName='x'><ExtendData>/Doc_0/x.dat</ExtendData></Extension></Extensions>",
        );
        files.set("Doc_0/x.dat", "extension");
        files
    }

    /// The whole document under one signature that protects everything, its list of signatures not.
    pub fn signed() -> Self {
        let mut files = Self::whole();
        files.list_signatures(1);
        files.sign(0, |name| name != SIGNATURES);
        files
    }

    pub fn set(&mut self, name: &str, content: impl AsRef<[u8]>) {
        let content = content.as_ref().to_vec();
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, kept)) => *kept = content,
            None => self.0.push((name.to_owned(), content)),
        }
    }

    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    pub fn text(&self, name: &str) -> String {
        let (_, content) = self.0.iter().find(|(known, _)| known == name).unwrap();
        String::from_utf8(content.clone()).unwrap()
    }

    /// Replaces text in a file that must contain it.
    pub fn replace(&mut self, name: &str, from: &str, to: &str) {
        let text = self.text(name);
        assert!(text.contains(from), "{name} has no {from}");
        self.set(name, text.replace(from, to));
    }

    /// Writes `Signatures.xml` with `count` signatures and names it in `OFD.xml`.
    pub fn list_signatures(&mut self, count: usize) {
        let items: String =
            (0..count).map(|index| format!("<Signature ID='{index}' BaseLoc='Sign_{index}/Signature.xml'/>")).collect();
        self.set(SIGNATURES, format!("<Signatures>{items}</Signatures>"));
        self.set("OFD.xml", ofd_xml("<Signatures>/Doc_0/Signs/Signatures.xml</Signatures>"));
    }

    /// Adds signature number `index`, over all files for which `protects` holds.
    pub fn sign(&mut self, index: usize, protects: impl Fn(&str) -> bool) {
        let references: String = self
            .0
            .iter()
            .filter(|(name, _)| protects(name))
            .map(|(name, content)| reference(&format!("/{name}"), content))
            .collect();
        let folder = format!("Doc_0/Signs/Sign_{index}");
        self.set(&format!("{folder}/Signature.xml"), signature_xml("SM3", &references));
        self.set(&format!("{folder}/SignedValue.dat"), "value");
    }

    /// The package, deflated.
    pub fn zip(&self) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in &self.0 {
            zip.start_file(name, options()).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }
}

pub fn options() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)
}

pub fn ofd_xml(signatures: &str) -> String {
    format!(
        "<?xml version='1.0' encoding='UTF-8'?><ofd:OFD xmlns:ofd='http://www.ofdspec.org/2016' Version='1.0'>\
         <ofd:DocBody><ofd:DocInfo><ofd:DocID>1</ofd:DocID></ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>\
         {signatures}</ofd:DocBody></ofd:OFD>"
    )
}

pub fn reference(file_ref: &str, content: &[u8]) -> String {
    let value = STANDARD.encode(DigestAlgorithm::Sm3.plain(&[content]).as_bytes());
    format!("<Reference FileRef='{file_ref}'><CheckValue>{value}</CheckValue></Reference>")
}

pub fn signature_xml(check_method: &str, references: &str) -> String {
    format!(
        "<Signature><SignedInfo><SignatureMethod>1.2.156.10197.1.501</SignatureMethod>\
         <References CheckMethod='{check_method}'>{references}</References></SignedInfo>\
         <SignedValue>SignedValue.dat</SignedValue></Signature>"
    )
}
