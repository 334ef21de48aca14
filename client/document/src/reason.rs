//! Why a check did not pass: stable codes, and for each a sentence in Chinese and English that says what is wrong and what to do.
//!
//! Codes never change their meaning once published; new ones are added at the end of their group.

/// How much a reason weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The check it stands at decides: fail or unknown.
    Check,
    /// Worth knowing; changes no verdict.
    Warning,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident $code:literal $zh:literal $en:literal;)*) => {
        /// A reason with a stable code. Sources: GM/T 0031 6.1.2 and 6.2.3, GB/T 38540, GB/T 33190 and the project's own limits.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[$doc])* $name,)*
        }

        impl Reason {
            /// Every reason, in the order of their groups.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable code, as it stands in reports.
            pub fn code(self) -> &'static str {
                self.texts().0
            }

            /// One sentence in Chinese: what is wrong, and what to do.
            pub fn zh(self) -> &'static str {
                self.texts().1
            }

            /// The same in English.
            pub fn en(self) -> &'static str {
                self.texts().2
            }

            fn texts(self) -> (&'static str, &'static str, &'static str) {
                match self {
                    $(Self::$name => ($code, $zh, $en),)*
                }
            }
        }
    };
}

reasons! {
    // The container.
    ZipMalformed "ZIP_MALFORMED"
        "文件不是完整的 ZIP 包，请重新取得文件。"
        "The file is not a sound ZIP package; obtain it again.";
    ZipDuplicateName "ZIP_DUPLICATE_NAME"
        "包内有同名条目（含仅大小写不同），阅读器可能显示不同内容，不予接受。"
        "Two entries of the package share a name, or differ only in case, so readers may show different things; do not accept it.";
    ZipPath "ZIP_PATH"
        "包内条目的路径不合法（绝对路径、上级目录等），不予接受。"
        "An entry's name is absolute, leaves the package or is not a plain path; do not accept it.";
    ZipLink "ZIP_LINK"
        "包内有链接或特殊文件，不予接受。"
        "An entry is a link or a special file; do not accept it.";
    ZipEncrypted "ZIP_ENCRYPTED"
        "包内有加密条目，请提供未加密的文件。"
        "An entry is encrypted; ask for the file without encryption.";
    ZipCompression "ZIP_COMPRESSION"
        "包内条目的压缩方式不受支持，请用 deflate 或不压缩方式重新打包。"
        "An entry uses an unsupported compression; ask for a package with deflate or none.";
    ZipBomb "ZIP_BOMB"
        "解压后的大小超出限度或与声明不符，不予接受。"
        "The package expands beyond the limits, or not to the size it declares; do not accept it.";
    ZipTooManyEntries "ZIP_TOO_MANY_ENTRIES"
        "包内条目过多，不予接受。"
        "The package has too many entries; do not accept it.";
    BytesAroundPackage "BYTES_AROUND_PACKAGE"
        "压缩包之前或之后另有数据，不在任何签名保护之下；签名已照常核验，请向出具系统核实这些数据。"
        "Bytes stand before or behind the package, and no signature covers them; the signatures were verified all the same. Ask the producing system what they are.";
    // XML.
    XmlMalformed "XML_MALFORMED"
        "XML 格式错误，请由出具系统重新生成。"
        "The XML is not well-formed; the producing system must make the file anew.";
    XmlDtd "XML_DTD"
        "XML 含有文档类型声明，不予接受。"
        "The XML has a document type declaration; do not accept it.";
    XmlEntity "XML_ENTITY"
        "XML 含有未定义的实体，不予接受。"
        "The XML uses an entity that XML itself does not define; do not accept it.";
    XmlDepth "XML_DEPTH"
        "XML 嵌套过深，不予接受。"
        "The XML is nested too deeply; do not accept it.";
    XmlEncoding "XML_ENCODING"
        "XML 的编码与其声明不符，或既非 UTF-8 亦非 UTF-16、GBK，未能读取，请由出具系统重新生成。"
        "The encoding of the XML is not the one it declares, or none of UTF-8, UTF-16 and GBK, so it could not be read; ask the producing system for the file in UTF-8.";
    XmlTooLarge "XML_TOO_LARGE"
        "XML 超出大小或数量限度，不予接受。"
        "The XML exceeds the limits of size or count; do not accept it.";
    // The structure of an OFD file.
    OfdStructure "OFD_STRUCTURE"
        "缺少 OFD（GB/T 33190）必需的结构，请由出具系统重新生成。"
        "The file lacks what GB/T 33190 requires of an OFD; the producing system must make it anew.";
    EntryMissing "ENTRY_MISSING"
        "引用的文件不在包内，请重新取得完整文件。"
        "A file that is referred to is not in the package; obtain the complete file.";
    LocationOutside "LOCATION_OUTSIDE"
        "引用的位置在包外，不予接受。"
        "A location points outside the package; do not accept it.";
    LocationInexact "LOCATION_INEXACT"
        "引用与条目名称不完全一致（大小写、转义或目录），请告知出具系统。"
        "A location names its entry only inexactly (case, escapes or base folder); tell the producing system.";
    TooMany "TOO_MANY"
        "数量超出限度，不予接受。"
        "There are more items than the limits allow; do not accept it.";
    // Structures of seals and signatures.
    Format "FORMAT"
        "结构不属于已知的版本，未能读取，故此项未核验；请向制作系统索取符合标准的文件或印章。"
        "The structure is of no version known here and could not be read, so this was not verified; ask the system that made it for a file or seal that follows the standard.";
    TrailingBytes "TRAILING_BYTES"
        "结构之后有多余字节，不予接受。"
        "Bytes follow the end of the structure; do not accept it.";
    NonstandardEncoding "NONSTANDARD_ENCODING"
        "编码不规范但含义明确，请告知制作系统。"
        "The encoding departs from the standard though its meaning is clear; tell the system that made it.";
    LegacyAlgorithm "LEGACY_ALGORITHM"
        "使用了过时的算法（RSA、SHA-1、MD5 等），不作核验，请改用 SM2 和 SM3。"
        "An outdated algorithm (RSA, SHA-1, MD5 and the like) is used and not verified; ask for SM2 and SM3.";
    UnsupportedAlgorithm "UNSUPPORTED_ALGORITHM"
        "使用了不支持的算法，无法核验。"
        "An unsupported algorithm is used, so this could not be verified.";
    CertNotEmbedded "CERT_NOT_EMBEDDED"
        "签名未携带签名人证书，须另行取得证书后核验。"
        "The signature does not carry its signer's certificate; obtain the certificate by other means to verify it.";
    SignTimeAbsent "SIGN_TIME_ABSENT"
        "签名没有写明时间，有效期无从核对。"
        "The signature does not say when it was made, so validity could not be compared.";
    TimestampNotChecked "TIMESTAMP_NOT_CHECKED"
        "带有时间戳，此处不核验时间戳。"
        "A time stamp is present; time stamps are not verified here.";
    NotExamined "NOT_EXAMINED"
        "此类文件只计算摘要，不核验其内容与签名。"
        "Of this kind of file only digests are taken; its content and signatures are not examined.";
    // What a signature says of the file.
    SignatureValue "SIGNATURE_VALUE"
        "签名值不正确：签名被改动或并非该证书所签，不予接受。"
        "The signature value is wrong: it was altered, or not made by this certificate's key; do not accept it.";
    SignatureXmlDigest "SIGNATURE_XML_DIGEST"
        "签名描述文件（Signature.xml）与所签摘要不一致，已被改动，不予接受。"
        "Signature.xml does not have the digest that was signed, so it was altered; do not accept it.";
    ReferenceDigest "REFERENCE_DIGEST"
        "受保护的文件在签名后被改动或缺失，不予接受。"
        "A protected file was altered or removed after signing; do not accept it.";
    UnprotectedContent "UNPROTECTED_CONTENT"
        "有内容未受签名保护，可能被改动，不予接受。"
        "Content of the document is not protected by the signature and may have been altered; do not accept it.";
    UnreferencedEntry "UNREFERENCED_ENTRY"
        "包内夹带未被引用的文件，不予接受。"
        "The package carries an entry that nothing refers to; do not accept it.";
    IntegrityList "INTEGRITY_LIST"
        "完整性清单与包内文件不一致，不予接受。"
        "The integrity list and the entries of the package differ; do not accept it.";
    OfdXmlUnprotected "OFD_XML_UNPROTECTED"
        "所示内容均受保护，仅 OFD.xml 未受保护（常为便于后续签章）：其中的证照标识与元数据不足为凭，请另行核对。"
        "All that is shown is protected; OFD.xml alone is not, as is common where further seals may follow. Its licence identifier and metadata prove nothing; compare them with another source.";
    EntryNotShown "ENTRY_NOT_SHOWN"
        "有文件受签名保护但未被文档引用，阅读器不会显示，请留意。"
        "An entry is protected by the signature and shown by nothing in the document; no reader displays it.";
    Sm2UserId "SIGNER_USER_ID"
        "签名按另一用户标识计算，不是标准规定的 1234567812345678，请由签章系统更正后重签。"
        "The signature was computed with another user identifier than the 1234567812345678 of the standard; have the signing system corrected and sign again.";
    SignTimeDiffers "SIGN_TIME_DIFFERS"
        "文件所示签名时间与所签时间相差一天以上，请以所签时间为准并核实。"
        "The time of signing that the file shows differs from the one that was signed by more than a day; go by the signed one, and ask the signer.";
    // PDF files.
    PdfStructure "PDF_STRUCTURE"
        "PDF 的交叉引用或对象损坏，不同阅读器可能显示不同内容，无法判定；请重新取得文件。"
        "The cross-references or objects of the PDF are broken, so readers may show different things and it is not judged; obtain it again.";
    PdfEncrypted "PDF_ENCRYPTED"
        "PDF 已加密，无法判定；请提供未加密的文件。"
        "The PDF is encrypted, so it is not judged; ask for the file without encryption.";
    PdfXfa "PDF_XFA"
        "PDF 含 XFA 表单，所显示的内容可能不是页面内容，无法判定；请提供不含 XFA 的文件。"
        "The PDF has an XFA form, which may show something else than its pages, so it is not judged; ask for a file without XFA.";
    PdfByteRange "PDF_BYTE_RANGE"
        "签名的 ByteRange 不是恰好覆盖除签名值以外的全部字节，签名未保护整个文件，不予接受。"
        "The signature's ByteRange does not cover exactly all bytes but the signature itself, so the file is not protected; do not accept it.";
    DocumentDigest "DOCUMENT_DIGEST"
        "签名所保护的字节与所签摘要不一致，文件在签名后被改动，不予接受。"
        "The bytes that the signature protects do not have the digest that was signed, so the file was altered; do not accept it.";
    PdfChangedLater "PDF_CHANGED_LATER"
        "签名之后追加的修订改动了所显示的内容，或无法断定未改动，不予接受；请取得签名时的文件。"
        "A revision appended after signing changes what is shown, or may do so; do not accept it, and ask for the file as it was signed.";
    PdfNotPermitted "PDF_NOT_PERMITTED"
        "签名之后的修订改动了签名人不允许改动的内容（DocMDP、FieldMDP），不予接受。"
        "A revision appended after signing changes what its signer forbade to change (DocMDP, FieldMDP); do not accept it.";
    PdfLaterRevision "PDF_LATER_REVISION"
        "签名之后追加了修订，其改动属允许范围；请查看所列各项。"
        "Revisions were appended after signing, with changes that are allowed; see what they are.";
    PdfSignatureHidden "PDF_SIGNATURE_HIDDEN"
        "文件中有签名不在任何表单域中显示，阅读器看不到；请向出具单位核实。"
        "A signature is in the file and no form field shows it, so readers do not see it; ask who issued the file.";
    // The seal.
    SealSignature "SEAL_SIGNATURE"
        "印章上的制章者签名不正确：印章系伪造或被改动，不予接受。"
        "The maker's signature on the seal is wrong: the seal was forged or altered; do not accept it.";
    SealFileMismatch "SEAL_FILE_MISMATCH"
        "印章文件与签名内的印章不一致，不予接受。"
        "The seal file differs from the seal inside the signature; do not accept it.";
    SealSubjectMismatch "SEAL_SUBJECT_MISMATCH"
        "印章编码或单位与证书主体不一致，请与印章备案核对。"
        "The seal's number or owner and its certificate's subject do not agree; compare with the filing of the seal.";
    SignerNotInSealCertList "SIGNER_NOT_IN_SEAL_CERT_LIST"
        "签名人证书不在印章的证书列表内，无权使用该印章，不予接受。"
        "The signer's certificate is not in the seal's list, so it may not use the seal; do not accept it.";
    SealNotValidAtSignTime "SEAL_NOT_VALID_AT_SIGN_TIME"
        "签名时印章不在有效期内，不予接受。"
        "The seal was not valid at the time of signing; do not accept it.";
    SealRevoked "SEAL_REVOKED"
        "印章已注销，不予接受。"
        "The seal was revoked; do not accept it.";
    SealSuspended "SEAL_SUSPENDED"
        "印章已停用，请向用章单位核实。"
        "The seal was suspended; ask its owner.";
    SealCreatedAfterSigning "SEAL_CREATED_AFTER_SIGNING"
        "印章的制作时间晚于其签章时间，两者必有一误，请向制章者与签章单位核实。"
        "The seal was made after the time at which it signed, so one of the two times is wrong; ask its maker and the signer.";
    SealNotValidAtAskedTime "SEAL_NOT_VALID_AT_ASKED_TIME"
        "在所问时间印章不在有效期内。"
        "The seal is not valid at the time asked.";
    // Certificates and trust.
    CertNotValidAtSignTime "CERT_NOT_VALID_AT_SIGN_TIME"
        "签名时签名人证书不在有效期内，不予接受。"
        "The signer's certificate was not valid at the time of signing; do not accept it.";
    MakerCertNotValidAtCreate "MAKER_CERT_NOT_VALID_AT_CREATE"
        "制章者证书在印章所载制作时间不在有效期内，请向制章者核实。"
        "The maker's certificate was not valid at the time at which the seal says it was made; ask the maker.";
    CertRevokedBeforeSigning "CERT_REVOKED_BEFORE_SIGNING"
        "签名人证书在签名之前已被吊销，不予接受。"
        "The signer's certificate was revoked before the signing; do not accept it.";
    UntrustedMaker "UNTRUSTED_MAKER"
        "制章者证书不能追溯到信任列表，请确认制章机构。"
        "The maker's certificate does not lead to a root of the trust list; find out who made the seal.";
    UntrustedSigner "UNTRUSTED_SIGNER"
        "签名人证书不能追溯到信任列表，请确认发证机构。"
        "The signer's certificate does not lead to a root of the trust list; find out who issued it.";
    TrustListAbsent "TRUST_LIST_ABSENT"
        "未提供信任列表，未检查证书链与吊销；请提供信任列表后再核验。"
        "No trust list was given, so chains and revocation were not checked; give one and verify again.";
    CertKeyUsage "CERT_KEY_USAGE"
        "证书的密钥用法不允许签名或签章，不予接受。"
        "The certificate's key usage does not allow signing; do not accept it.";
    MakerCertRevokedBeforeCreate "MAKER_CERT_REVOKED_BEFORE_CREATE"
        "制章者证书在制章之前已被吊销，不予接受。"
        "The maker's certificate was revoked before the seal was made; do not accept it.";
    RevocationListAbsent "REVOCATION_LIST_ABSENT"
        "信任列表中没有发证机构在该时间有效的吊销列表，未能检查吊销。"
        "The trust list has no revocation list of the issuer for that time, so revocation could not be checked.";
    CertNotValidAtAskedTime "CERT_NOT_VALID_AT_ASKED_TIME"
        "在所问时间证书不在有效期内。"
        "The certificate is not valid at the time asked.";
    RevocationListAfterEnd "REVOCATION_LIST_AFTER_END"
        "吊销列表晚于证书有效期结束，过期证书的吊销记录可能已移除；请一并提供证书有效期内的吊销列表。"
        "The revocation list is younger than the certificate's end, after which entries may be dropped; keep a list from before as well.";
    // Identifiers.
    IdCheckChar "ID_CHECK_CHAR"
        "证照标识校验位不正确，请与签发机构核对。"
        "The licence identifier's check character is wrong; ask the issuer.";
}

impl Reason {
    /// Whether it decides a check or only warns.
    pub fn severity(self) -> Severity {
        match self {
            Self::NonstandardEncoding
            | Self::SealSubjectMismatch
            | Self::IdCheckChar
            | Self::EntryNotShown
            | Self::Sm2UserId
            | Self::SignTimeDiffers
            | Self::LocationInexact
            | Self::PdfLaterRevision
            | Self::RevocationListAfterEnd => Severity::Warning,
            _ => Severity::Check,
        }
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

impl serde::Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_distinct_and_every_reason_has_both_sentences() {
        let codes: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            assert!(reason.code().bytes().all(|b| b.is_ascii_uppercase() || b == b'_'), "{reason}");
            assert!(reason.zh().ends_with('。') && !reason.zh().is_ascii(), "{reason}");
            assert!(reason.en().ends_with('.') && reason.en().is_ascii(), "{reason}");
        }
    }

    /// Codes of the domain's table; other programs compare with these words.
    #[test]
    fn the_published_codes_stand() {
        let published = [
            "FORMAT",
            "TRAILING_BYTES",
            "SIGNATURE_VALUE",
            "SIGNATURE_XML_DIGEST",
            "REFERENCE_DIGEST",
            "SEAL_SIGNATURE",
            "SEAL_FILE_MISMATCH",
            "SIGNER_NOT_IN_SEAL_CERT_LIST",
            "SEAL_NOT_VALID_AT_SIGN_TIME",
            "CERT_NOT_VALID_AT_SIGN_TIME",
            "MAKER_CERT_NOT_VALID_AT_CREATE",
            "CERT_REVOKED_BEFORE_SIGNING",
            "UNTRUSTED_MAKER",
            "UNTRUSTED_SIGNER",
            "SEAL_REVOKED",
            "SEAL_SUSPENDED",
            "UNPROTECTED_CONTENT",
            "UNREFERENCED_ENTRY",
            "LEGACY_ALGORITHM",
            "NONSTANDARD_ENCODING",
            "ID_CHECK_CHAR",
            "SEAL_SUBJECT_MISMATCH",
            "CERT_NOT_EMBEDDED",
        ];
        for code in published {
            assert!(Reason::ALL.iter().any(|reason| reason.code() == code), "{code}");
        }
    }
}
