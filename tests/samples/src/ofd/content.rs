//! A licence as an OFD document before anybody sealed it: pages, template, picture, annotation, attachment, metadata.

use crate::key::sm3;
use crate::moment::Moment;
use crate::ofd::archive::Package;
use crate::ofd::page::{escape, file, line};
use crate::picture::seal_picture;

/// Entry names that more than one part of the maker speaks of.
pub mod entry {
    /// Entry point of the package.
    pub const OFD: &str = "OFD.xml";
    /// Root of the document.
    pub const DOCUMENT: &str = "Doc_0/Document.xml";
    /// First page.
    pub const PAGE: &str = "Doc_0/Pages/Page_0/Content.xml";
    /// Template under every page.
    pub const TEMPLATE: &str = "Doc_0/Tpls/Tpl_0/Content.xml";
    /// Picture on the first page.
    pub const PICTURE: &str = "Doc_0/Res/image_3.png";
    /// Annotation on the first page.
    pub const ANNOTATION: &str = "Doc_0/Annots/Page_0/Annotation.xml";
    /// Attached data file.
    pub const ATTACHMENT: &str = "Doc_0/Attachs/licence.xml";
}

/// Where Signatures.xml is, unless a sample says otherwise.
pub const SIGNATURES: &str = "Doc_0/Signs/Signatures.xml";

/// Fields of GB/T 36903 that every licence of the samples carries, by their short names. None speaks of a holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// ZZMC, name of the licence.
    pub name: String,
    /// ZZLXDM, type code.
    pub kind: String,
    /// ZZBH, number of the licence.
    pub number: String,
    /// ZZBS, identifier (GB/T 36904).
    pub identifier: String,
    /// ZZBFJG, issuing agency.
    pub issuer: String,
    /// ZZBFJGDM, its social credit code.
    pub issuer_code: String,
    /// ZZBFRQ, day of issue.
    pub issued: Moment,
    /// ZZYXQQSRQ, first day of validity.
    pub valid_from: Moment,
    /// ZZYXQJZRQ, last day of validity.
    pub valid_until: Moment,
}

impl Metadata {
    /// Short names and values, in the standard's order.
    pub fn fields(&self) -> [(&'static str, String); 9] {
        [
            ("ZZMC", self.name.clone()),
            ("ZZLXDM", self.kind.clone()),
            ("ZZBH", self.number.clone()),
            ("ZZBS", self.identifier.clone()),
            ("ZZBFJG", self.issuer.clone()),
            ("ZZBFJGDM", self.issuer_code.clone()),
            ("ZZBFRQ", self.issued.beijing_day()),
            ("ZZYXQQSRQ", self.valid_from.beijing_day()),
            ("ZZYXQJZRQ", self.valid_until.beijing_day()),
        ]
    }
}

/// How much of what OFD allows is in the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Pages, at least one.
    pub pages: u32,
    /// Template, picture, annotation and attachment too.
    pub everything: bool,
}

/// The entries of a licence. `signatures` is the path of Signatures.xml; `None` makes a document that nobody will seal.
pub fn licence(metadata: &Metadata, extent: Extent, signatures: Option<&str>) -> Package {
    let mut package = Package::default();
    package.put(entry::OFD, root(metadata, signatures));
    package.put(entry::DOCUMENT, document(extent));
    package.put("Doc_0/PublicRes.xml", public_resources());
    for page in 0..extent.pages.max(1) {
        package.put(&page_name(page), page_content(metadata, page, extent));
    }
    if extent.everything {
        put_extras(&mut package, metadata);
    }
    package
}

fn put_extras(package: &mut Package, metadata: &Metadata) {
    package.put("Doc_0/DocumentRes.xml", document_resources());
    package.put(entry::PICTURE, seal_picture(b"emblem"));
    package.put(entry::TEMPLATE, template(metadata));
    package.put("Doc_0/Annots/Annotations.xml", annotations());
    package.put(entry::ANNOTATION, annotation(metadata));
    package.put("Doc_0/Attachs/Attachments.xml", attachments(metadata));
    package.put(entry::ATTACHMENT, attachment(metadata));
}

/// Path of a page, counted from 0.
pub fn page_name(page: u32) -> String {
    format!("Doc_0/Pages/Page_{page}/Content.xml")
}

/// Unit id of a page; ids below 100 are those of resources, template, annotation and attachment.
fn page_id(page: u32) -> u32 {
    100 * (page + 1)
}

fn root(metadata: &Metadata, signatures: Option<&str>) -> String {
    let document_id: String = hex::encode(sm3(metadata.identifier.as_bytes())).chars().take(32).collect();
    let custom: String = metadata
        .fields()
        .iter()
        .map(|(name, value)| format!("<ofd:CustomData Name=\"{name}\">{}</ofd:CustomData>", escape(value)))
        .collect();
    let signatures = signatures.map_or(String::new(), |path| format!("<ofd:Signatures>/{path}</ofd:Signatures>"));
    let body = format!(
        "<ofd:DocBody><ofd:DocInfo><ofd:DocID>{document_id}</ofd:DocID><ofd:Title>{title}</ofd:Title>\
         <ofd:CreationDate>{day}</ofd:CreationDate><ofd:Creator>huxin-samples</ofd:Creator>\
         <ofd:CreatorVersion>1</ofd:CreatorVersion><ofd:CustomDatas>{custom}</ofd:CustomDatas></ofd:DocInfo>\
         <ofd:DocRoot>{document}</ofd:DocRoot>{signatures}</ofd:DocBody>",
        title = escape(&metadata.name),
        day = metadata.issued.beijing_day(),
        document = entry::DOCUMENT,
    );
    file("OFD", "Version=\"1.0\" DocType=\"OFD\"", &body)
}

fn document(extent: Extent) -> String {
    let pages: String = (0..extent.pages.max(1))
        .map(|page| format!("<ofd:Page ID=\"{}\" BaseLoc=\"Pages/Page_{page}/Content.xml\"/>", page_id(page)))
        .collect();
    let (resources, extras) = if extent.everything {
        (
            "<ofd:DocumentRes>DocumentRes.xml</ofd:DocumentRes>\
             <ofd:TemplatePage ID=\"2\" Name=\"底版\" ZOrder=\"Background\" BaseLoc=\"Tpls/Tpl_0/Content.xml\"/>",
            "<ofd:Annotations>Annots/Annotations.xml</ofd:Annotations>\
             <ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments>",
        )
    } else {
        ("", "")
    };
    let body = format!(
        "<ofd:CommonData><ofd:MaxUnitID>{max}</ofd:MaxUnitID><ofd:PageArea>\
         <ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea>\
         <ofd:PublicRes>PublicRes.xml</ofd:PublicRes>{resources}</ofd:CommonData>\
         <ofd:Pages>{pages}</ofd:Pages>{extras}",
        max = page_id(extent.pages),
    );
    file("Document", "", &body)
}

fn public_resources() -> String {
    file("Res", "BaseLoc=\"Res\"", "<ofd:Fonts><ofd:Font ID=\"1\" FontName=\"宋体\" FamilyName=\"宋体\"/></ofd:Fonts>")
}

fn document_resources() -> String {
    let media = "<ofd:MultiMedias><ofd:MultiMedia ID=\"3\" Type=\"Image\" Format=\"PNG\">\
                 <ofd:MediaFile>image_3.png</ofd:MediaFile></ofd:MultiMedia></ofd:MultiMedias>";
    file("Res", "BaseLoc=\"Res\"", media)
}

fn template(metadata: &Metadata) -> String {
    let lines = [line(4, 20, 10, 4, "样例底版　仅供测试"), line(5, 20, 285, 3, &metadata.identifier)].concat();
    file("Page", "", &format!("<ofd:Content><ofd:Layer ID=\"6\" Type=\"Background\">{lines}</ofd:Layer></ofd:Content>"))
}

fn page_content(metadata: &Metadata, page: u32, extent: Extent) -> String {
    let first_id = page_id(page) + 2;
    let mut lines = line(first_id, 60, 25, 8, &metadata.name);
    lines += &line(first_id + 1, 20, 40, 5, &format!("仅供测试，第 {} 页", page + 1));
    for ((number, (name, value)), y_mm) in (first_id + 2..).zip(metadata.fields()).zip((55..).step_by(10)) {
        lines += &line(number, 20, y_mm, 5, &format!("{name}：{value}"));
    }
    let mut template = "";
    if extent.everything {
        template = "<ofd:Template TemplateID=\"2\" ZOrder=\"Background\"/>";
        if page == 0 {
            lines += "<ofd:ImageObject ID=\"99\" Boundary=\"150 20 30 30\" CTM=\"30 0 0 30 0 0\" ResourceID=\"3\"/>";
        }
    }
    let layer = page_id(page) + 1;
    file("Page", "", &format!("{template}<ofd:Content><ofd:Layer ID=\"{layer}\">{lines}</ofd:Layer></ofd:Content>"))
}

fn annotations() -> String {
    let page = page_id(0);
    let list = format!("<ofd:Page PageID=\"{page}\"><ofd:FileLoc>Page_0/Annotation.xml</ofd:FileLoc></ofd:Page>");
    file("Annotations", "", &list)
}

fn annotation(metadata: &Metadata) -> String {
    let body = format!(
        "<ofd:Annot ID=\"10\" Type=\"Watermark\" Creator=\"huxin-samples\" LastModDate=\"{day}\">\
         <ofd:Appearance Boundary=\"20 150 170 10\">{text}</ofd:Appearance></ofd:Annot>",
        day = metadata.issued.beijing_day(),
        text = line(11, 0, 0, 6, "样例水印　仅供测试"),
    );
    file("PageAnnot", "", &body)
}

fn attachments(metadata: &Metadata) -> String {
    let body = format!(
        "<ofd:Attachment ID=\"20\" Name=\"licence.xml\" Format=\"xml\" CreationDate=\"{day}\" Visible=\"false\">\
         <ofd:FileLoc>licence.xml</ofd:FileLoc></ofd:Attachment>",
        day = metadata.issued.beijing_day(),
    );
    file("Attachments", "", &body)
}

/// The metadata again, as GB/T 36905 asks for it: a data file inside the document.
fn attachment(metadata: &Metadata) -> String {
    let fields: String =
        metadata.fields().iter().map(|(name, value)| format!("<{name}>{}</{name}>", escape(value))).collect();
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<LICENCE>{fields}</LICENCE>")
}
