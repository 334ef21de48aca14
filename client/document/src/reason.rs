//! Why a check did not pass: stable codes, and a sentence for the reader in Chinese and English.
//!
//! Codes never change their meaning once published; new ones are added at the end of their group.

/// A reason with a stable code. Sources: GM/T 0031 6.1.2 and 6.2.3, GB/T 38540, GB/T 33190 and the project's own limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Reason {
    // The container.
    ZipMalformed,
    ZipDuplicateName,
    ZipPath,
    ZipLink,
    ZipEncrypted,
    ZipCompression,
    ZipBomb,
    ZipTooManyEntries,
    // XML.
    XmlMalformed,
    XmlDtd,
    XmlEntity,
    XmlDepth,
    XmlEncoding,
    XmlTooLarge,
    // The structure of an OFD file.
    OfdStructure,
    EntryMissing,
    LocationOutside,
    LocationInexact,
    TooMany,
    // Structures of seals and signatures.
    Format,
    TrailingBytes,
    NonstandardEncoding,
    LegacyAlgorithm,
    UnsupportedAlgorithm,
    CertNotEmbedded,
    // What a signature says of the file.
    SignatureValue,
    SignatureXmlDigest,
    ReferenceDigest,
    UnprotectedContent,
    UnreferencedEntry,
    IntegrityList,
    // The seal.
    SealSignature,
    SealFileMismatch,
    SealSubjectMismatch,
    SignerNotInSealCertList,
    SealNotValidAtSignTime,
    SealRevoked,
    SealSuspended,
    // Certificates and trust.
    CertNotValidAtSignTime,
    MakerCertNotValidAtCreate,
    CertRevokedBeforeSigning,
    UntrustedMaker,
    UntrustedSigner,
    TrustListAbsent,
    // Identifiers.
    IdCheckChar,
}

impl Reason {
    /// The stable code, as it stands in reports.
    pub fn code(self) -> &'static str {
        self.texts().0
    }

    /// One sentence in Chinese.
    pub fn zh(self) -> &'static str {
        self.texts().1
    }

    /// One sentence in English.
    pub fn en(self) -> &'static str {
        self.texts().2
    }

    fn texts(self) -> (&'static str, &'static str, &'static str) {
        self.container_texts().or_else(|| self.signature_texts()).unwrap_or_else(|| self.trust_texts())
    }

    fn container_texts(self) -> Option<(&'static str, &'static str, &'static str)> {
        Some(match self {
            Self::ZipMalformed => ("ZIP_MALFORMED", "文件不是完整的 ZIP 包。", "The file is not a sound ZIP package."),
            Self::ZipDuplicateName => (
                "ZIP_DUPLICATE_NAME",
                "包内有同名条目（含仅大小写不同）。",
                "Two entries of the package share a name, or differ only in case.",
            ),
            Self::ZipPath => (
                "ZIP_PATH",
                "包内条目的路径不合法。",
                "An entry's name is absolute, leaves the package or is not a plain path.",
            ),
            Self::ZipLink => ("ZIP_LINK", "包内有链接或特殊文件。", "An entry is a link or a special file."),
            Self::ZipEncrypted => ("ZIP_ENCRYPTED", "包内有加密条目。", "An entry is encrypted."),
            Self::ZipCompression => {
                ("ZIP_COMPRESSION", "包内条目的压缩方式不受支持。", "An entry uses an unsupported compression.")
            }
            Self::ZipBomb => (
                "ZIP_BOMB",
                "解压后的大小超出限度或与声明不符。",
                "The package expands beyond the limits, or not to the size it declares.",
            ),
            Self::ZipTooManyEntries => ("ZIP_TOO_MANY_ENTRIES", "包内条目过多。", "The package has too many entries."),
            Self::XmlMalformed => ("XML_MALFORMED", "XML 格式错误。", "The XML is not well-formed."),
            Self::XmlDtd => {
                ("XML_DTD", "XML 含有文档类型声明。", "The XML has a document type declaration, which is refused.")
            }
            Self::XmlEntity => {
                ("XML_ENTITY", "XML 含有未定义的实体。", "The XML uses an entity that XML itself does not define.")
            }
            Self::XmlDepth => ("XML_DEPTH", "XML 嵌套过深。", "The XML is nested too deeply."),
            Self::XmlEncoding => ("XML_ENCODING", "XML 编码不是 UTF-8。", "The XML is not in UTF-8."),
            Self::XmlTooLarge => {
                ("XML_TOO_LARGE", "XML 超出大小限度。", "The XML exceeds the limits of size or count.")
            }
            Self::OfdStructure => {
                ("OFD_STRUCTURE", "缺少 OFD 必需的结构。", "The file lacks what GB/T 33190 requires of an OFD.")
            }
            Self::EntryMissing => {
                ("ENTRY_MISSING", "引用的文件不在包内。", "A file that is referred to is not in the package.")
            }
            Self::LocationOutside => {
                ("LOCATION_OUTSIDE", "引用的位置在包外。", "A location points outside the package.")
            }
            Self::LocationInexact => (
                "LOCATION_INEXACT",
                "引用与条目名称不完全一致。",
                "A location names its entry only inexactly (case, escapes or base folder).",
            ),
            Self::TooMany => ("TOO_MANY", "数量超出限度。", "There are more items than the limits allow."),
            _ => return None,
        })
    }

    fn signature_texts(self) -> Option<(&'static str, &'static str, &'static str)> {
        Some(match self {
            Self::Format => ("FORMAT", "结构不是已知版本的 DER 编码。", "The structure is not DER of a known version."),
            Self::TrailingBytes => ("TRAILING_BYTES", "结构之后有多余字节。", "Bytes follow the end of the structure."),
            Self::NonstandardEncoding => {
                ("NONSTANDARD_ENCODING", "编码不规范。", "The encoding departs from the standard.")
            }
            Self::LegacyAlgorithm => ("LEGACY_ALGORITHM", "使用了过时的算法。", "An outdated algorithm is used."),
            Self::UnsupportedAlgorithm => {
                ("UNSUPPORTED_ALGORITHM", "使用了不支持的算法。", "An unsupported algorithm is used.")
            }
            Self::CertNotEmbedded => (
                "CERT_NOT_EMBEDDED",
                "签名未携带签名人证书。",
                "The signature does not carry its signer's certificate.",
            ),
            Self::SignatureValue => ("SIGNATURE_VALUE", "签名值不正确。", "The signature value is wrong."),
            Self::SignatureXmlDigest => (
                "SIGNATURE_XML_DIGEST",
                "签名描述文件的摘要不一致。",
                "The digest of Signature.xml is not the one that was signed.",
            ),
            Self::ReferenceDigest => {
                ("REFERENCE_DIGEST", "受保护的文件已被改动或缺失。", "A protected file was changed or is missing.")
            }
            Self::UnprotectedContent => (
                "UNPROTECTED_CONTENT",
                "有内容未受签名保护。",
                "Content of the document is not protected by the signature.",
            ),
            Self::UnreferencedEntry => (
                "UNREFERENCED_ENTRY",
                "包内夹带未被引用的文件。",
                "The package carries an entry that nothing refers to.",
            ),
            Self::IntegrityList => (
                "INTEGRITY_LIST",
                "完整性清单与包内文件不一致。",
                "The integrity list and the entries of the package differ.",
            ),
            _ => return None,
        })
    }

    fn trust_texts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::SealSignature => {
                ("SEAL_SIGNATURE", "印章的制章者签名不正确。", "The seal maker's signature on the seal is wrong.")
            }
            Self::SealFileMismatch => (
                "SEAL_FILE_MISMATCH",
                "印章文件与签名内的印章不一致。",
                "The seal file differs from the seal inside the signature.",
            ),
            Self::SealSubjectMismatch => (
                "SEAL_SUBJECT_MISMATCH",
                "印章编码与证书主体不一致。",
                "The seal's number and its certificate's subject do not agree.",
            ),
            Self::SignerNotInSealCertList => (
                "SIGNER_NOT_IN_SEAL_CERT_LIST",
                "签名人证书不在印章的证书列表内。",
                "The signer's certificate is not in the seal's list.",
            ),
            Self::SealNotValidAtSignTime => (
                "SEAL_NOT_VALID_AT_SIGN_TIME",
                "签名时印章不在有效期内。",
                "The seal was not valid at the time of signing.",
            ),
            Self::SealRevoked => ("SEAL_REVOKED", "印章已注销。", "The seal was revoked."),
            Self::SealSuspended => ("SEAL_SUSPENDED", "印章已停用。", "The seal was suspended."),
            Self::CertNotValidAtSignTime => (
                "CERT_NOT_VALID_AT_SIGN_TIME",
                "签名时证书不在有效期内。",
                "The signer's certificate was not valid at the time of signing.",
            ),
            Self::MakerCertNotValidAtCreate => (
                "MAKER_CERT_NOT_VALID_AT_CREATE",
                "制章时制章者证书不在有效期内。",
                "The maker's certificate was not valid when the seal was made.",
            ),
            Self::CertRevokedBeforeSigning => (
                "CERT_REVOKED_BEFORE_SIGNING",
                "签名前证书已被吊销。",
                "The certificate was revoked before the signing.",
            ),
            Self::UntrustedMaker => {
                ("UNTRUSTED_MAKER", "制章者不在信任列表内。", "The seal's maker is not on the trust list.")
            }
            Self::UntrustedSigner => (
                "UNTRUSTED_SIGNER",
                "签名人证书不受信任。",
                "The signer's certificate does not lead to a trusted root.",
            ),
            Self::TrustListAbsent => (
                "TRUST_LIST_ABSENT",
                "未提供信任列表，未检查证书链与吊销。",
                "No trust list was given; chains and revocation were not checked.",
            ),
            _ => ("ID_CHECK_CHAR", "证照标识校验位不正确。", "The licence identifier's check character is wrong."),
        }
    }
}
