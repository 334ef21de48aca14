//! Files as systems of the field write them: each kind is met in public repositories, and each but the last few has one meaning.

use crate::catalogue::{Expected, Order, Sample};
use crate::certificate::{CertificateForm, Curve, Identity, Window};
use crate::der::oid;
use crate::error::SampleError;
use crate::habit::{Bits, Habit, Packing, TimeForm};
use crate::moment::Moment;
use crate::ofd::archive::with_last_entry_twice;
use crate::ofd::content::entry;
use crate::ofd::{CheckMethod, Package, Sealing, Writing};
use crate::samples::UNPROTECTED;
use crate::seal::{SEALS_MADE, SEALS_VALID, SealSpec, Structure, seal_by};
use crate::signature::{Container, Signed, ValueForm};

const VALUE: &str = "Doc_0/Signs/Sign_0/SignedValue.dat";
const SIGNATURE: &str = "Doc_0/Signs/Sign_0/Signature.xml";
const ODD: Expected = Expected::warned(&["NONSTANDARD_ENCODING"]);
/// Tries until chance gives what a sample shows; a byte of zeros at the end is one in 256.
const TRIES: i64 = 4096;

pub(super) const SAMPLES: &[Sample] = &[
    Sample::new(
        "field/warn_bits_unused.ofd",
        "签名值 BIT STRING 末尾零位记为未用位（OpenSSL 写法）",
        "zero bits at the end of the signature's BIT STRING are counted as unused, as OpenSSL does",
        ODD,
        |order| trimmed(order, Structure::V4, ValueForm::Der, |unused, dropped| unused > 0 && !dropped),
    ),
    Sample::new(
        "field/warn_bits_dropped.ofd",
        "签名值末尾零字节被去掉（OpenSSL 写法）",
        "a zero octet at the end of the signature is dropped, as OpenSSL does",
        ODD,
        |order| trimmed(order, Structure::V4, ValueForm::Der, |_, dropped| dropped),
    ),
    Sample::new(
        "field/warn_v1_bits_unused.ofd",
        "GM/T 0031-2014 签章，签名值带未用位",
        "signature of GM/T 0031-2014 with unused bits",
        ODD,
        |order| trimmed(order, Structure::V1, ValueForm::Der, |unused, _| unused > 0),
    ),
    Sample::new(
        "field/warn_raw64_bits_unused.ofd",
        "64 字节签名值带未用位",
        "signature value of 64 bytes with unused bits",
        ODD,
        |order| trimmed(order, Structure::V4, ValueForm::Raw, |unused, _| unused > 0),
    ),
    Sample::new(
        "field/warn_hash_bits_unused.ofd",
        "原文摘要 BIT STRING 带未用位",
        "the digest of Signature.xml has unused bits",
        ODD,
        |order| {
            sealed_until(
                order,
                |sealing| sealing.habit.hash_bits = Bits::Trimmed,
                |package| {
                    package
                        .get(SIGNATURE)
                        .is_some_and(|xml| crate::key::sm3(xml).last().is_some_and(|last| last % 2 == 0))
                },
            )
        },
    ),
    Sample::new(
        "field/warn_bits_length_first.ofd",
        "BIT STRING 首字节为长度（金格写法）",
        "the first octet of BIT STRINGs is a length, as KingGrid writes it",
        ODD,
        |order| {
            with_habit(order, Structure::V1, |habit| {
                (habit.bits, habit.hash_bits, habit.time) =
                    (Bits::LengthFirst, Bits::LengthFirst, TimeForm::LengthFirst);
            })
        },
    ),
    Sample::new(
        "field/warn_seal_bits_unused.esl",
        "印章签名值带未用位",
        "the maker's signature has unused bits",
        ODD,
        |order| {
            let made = |number: i64| {
                let mut spec = order.seal_spec(Structure::V4)?;
                spec.bits = Bits::Trimmed;
                spec.valid.until = spec.valid.until.plus_seconds(-number);
                seal_by(&spec, &order.workshop.authority.maker)
            };
            first_that(made, |seal| tail_bits(seal).is_some_and(|(unused, _)| unused > 0))
        },
    ),
    Sample::new(
        "field/warn_without_sign.ofd",
        "r、s 缺少符号字节（点聚写法）",
        "r and s without the octet of their sign, as DianJu writes them",
        ODD,
        |order| {
            let change = |sealing: &mut Sealing| sealing.value = ValueForm::WithoutSign;
            sealed_until(order, change, |package| package.get(VALUE).is_some_and(is_without_sign))
        },
    ),
    Sample::new(
        "field/warn_seal_without_sign.esl",
        "印章签名的 r、s 缺少符号字节",
        "the maker's r and s without the octet of their sign",
        ODD,
        |order| {
            let made = |number: i64| {
                let mut spec = order.seal_spec(Structure::V4)?;
                spec.value = ValueForm::WithoutSign;
                spec.valid.until = spec.valid.until.plus_seconds(-number);
                seal_by(&spec, &order.workshop.authority.maker)
            };
            first_that(made, |seal| is_without_sign(seal))
        },
    ),
    Sample::new(
        "field/warn_certificate_bits_unused.ofd",
        "签章人证书签名值带未用位",
        "the signature on the signer's certificate has unused bits",
        ODD,
        |order| {
            let form = CertificateForm { bits: Bits::Trimmed, ..CertificateForm::USUAL };
            certified(order, form, |der| tail_bits(der).is_some_and(|(unused, _)| unused > 0))
        },
    ),
    Sample::new(
        "field/warn_certificate_without_sign.ofd",
        "签章人证书签名的 r、s 缺少符号字节",
        "the signature on the signer's certificate has r and s without the octet of their sign",
        ODD,
        |order| {
            let form = CertificateForm { value: ValueForm::WithoutSign, ..CertificateForm::USUAL };
            certified(order, form, is_without_sign)
        },
    ),
    Sample::new(
        "field/warn_curve_written_out.ofd",
        "签章人证书写明 SM2 曲线的全部参数",
        "the signer's certificate writes the SM2 curve out",
        ODD,
        |order| of_curve(order, Curve::WrittenOut),
    ),
    Sample::new(
        "field/warn_curve_named_by_signature.ofd",
        "签章人证书以签名算法标识命名曲线（金格写法）",
        "the signer's certificate names the curve by the identifier of its signature, as KingGrid does",
        ODD,
        |order| of_curve(order, Curve::NamedBySignature),
    ),
    Sample::new(
        "field/warn_key_named_by_signature.ofd",
        "签章人证书以签名算法标识命名公钥",
        "the signer's certificate names the key by the identifier of its signature",
        ODD,
        |order| of_curve(order, Curve::KeyNamedBySignature),
    ),
    Sample::new(
        "field/warn_value_base64.ofd",
        "SignedValue.dat 以 base64 书写（金格写法）",
        "SignedValue.dat is written in base64, as KingGrid does",
        ODD,
        |order| with_habit(order, Structure::V4, |habit| habit.packing = Packing::Base64),
    ),
    Sample::new("field/warn_value_pem.ofd", "SignedValue.dat 为 PEM", "SignedValue.dat is PEM", ODD, |order| {
        with_habit(order, Structure::V4, |habit| habit.packing = Packing::Pem)
    }),
    Sample::new(
        "field/warn_gbt35275_base64.ofd",
        "GB/T 35275 数字签名以 base64 书写",
        "GB/T 35275 signed data in base64",
        ODD,
        |order| signed_data(order, |sealing| sealing.habit.packing = Packing::Base64),
    ),
    Sample::new(
        "field/warn_gbt35275_ber.ofd",
        "GB/T 35275 数字签名采用 BER（BouncyCastle 写法）",
        "GB/T 35275 signed data in BER, as BouncyCastle writes it",
        ODD,
        |order| {
            signed_data(order, |sealing| {
                sealing.container = Container::SignedData(Signed::Attributes);
                sealing.habit.packing = Packing::Indefinite;
            })
        },
    ),
    Sample::new(
        "field/warn_value_ber.ofd",
        "签章值采用 BER，签名基于其 DER",
        "seal signature in BER; what is signed is its DER",
        ODD,
        |order| {
            // The seal in the value is DER, or Seal.esl would be another encoding of it; that is tried by the next sample.
            with_habit(order, Structure::V4, |habit| habit.packing = Packing::OuterIndefinite)
        },
    ),
    Sample::new(
        "field/warn_value_ber_throughout.ofd",
        "签章值通篇采用 BER，Seal.esl 为 DER",
        "seal signature in BER throughout, Seal.esl in DER",
        ODD,
        |order| with_habit(order, Structure::V1, |habit| habit.packing = Packing::Indefinite),
    ),
    Sample::new("field/warn_seal_ber.esl", "印章采用 BER", "seal in BER", ODD, |order| {
        Ok(Packing::Indefinite.pack(order.workshop.seal(&order.spec)?))
    }),
    Sample::new(
        "field/warn_gbt35275_without_content_info.ofd",
        "GB/T 35275 SignedData 未包在 ContentInfo 中（ofdrw 写法）",
        "GB/T 35275 SignedData not wrapped in a ContentInfo, as ofdrw wrote it",
        ODD,
        |order| order.sealed(|sealing| sealing.container = Container::LoneSignedData)?.zip(),
    ),
    Sample::new(
        "field/warn_gbt35275_content_base64.ofd",
        "GB/T 35275 内容为摘要的 base64（ofdrw 开关）",
        "the content of GB/T 35275 signed data is base64 of the digest, a switch of ofdrw",
        ODD,
        |order| signed_data(order, |sealing| sealing.habit.content_base64 = true),
    ),
    Sample::new(
        "field/warn_cert_list_type3.ofd",
        "证书列表类型写作 3（百望写法）",
        "certListType 3 before a list of certificates, as BaiWang writes it",
        ODD,
        |order| with_seal(order, Structure::V4, |spec| spec.list_type = Some(3)),
    ),
    Sample::new(
        "field/warn_bare_time_stamp.ofd",
        "时间戳缺少 [0] 标签",
        "a time stamp without its tag [0]",
        ODD.with_undecided(&["TIMESTAMP_NOT_CHECKED"]),
        |order| with_habit(order, Structure::V5, |habit| habit.bare_stamp = true),
    ),
    Sample::new(
        "field/warn_v1_time_seconds.ofd",
        "GM/T 0031-2014 签章时间为 1970 年以来的秒数",
        "the time of signing is seconds since 1970",
        ODD,
        |order| with_habit(order, Structure::V1, |habit| habit.time = TimeForm::UnixText),
    ),
    Sample::new(
        "field/warn_v1_time_token.ofd",
        "GM/T 0031-2014 签章时间为时间戳令牌",
        "the time of signing is a time-stamp token",
        ODD,
        |order| with_habit(order, Structure::V1, |habit| habit.time = TimeForm::Token),
    ),
    Sample::new(
        "field/warn_v1_end_2050.ofd",
        "GM/T 0031-2014 印章有效期止于 2050 年，以两位年份书写",
        "a seal of GM/T 0031-2014 ends in 2050, written with two digits",
        ODD,
        |order| with_seal(order, Structure::V1, |spec| spec.valid.until = Moment::day(2050, 1, 1)),
    ),
    Sample::new(
        "field/ok_check_method_sm3_plain.ofd",
        "条目摘要算法为 1.2.156.10197.1.401.1（GM/T 0006 不带密钥的 SM3）",
        "the digest method is 1.2.156.10197.1.401.1, SM3 without a key in GM/T 0006",
        Expected::VALID,
        |order| order.sealed(|sealing| sealing.method = CheckMethod::Sm3PlainOid)?.zip(),
    ),
    Sample::new(
        "field/warn_algorithm_signed_data.ofd",
        "签名算法标识写作 SignedData（easyofd 写法）",
        "the algorithm of the signature is named signedData, as easyofd does",
        ODD,
        |order| with_habit(order, Structure::V4, |habit| habit.algorithm = Some(oid::SIGNED_DATA)),
    ),
    Sample::new(
        "field/unknown_algorithm_named_otherwise.ofd",
        "SM2 签名值正确，算法标识不明",
        "a right SM2 value under an identifier that nobody knows",
        Expected::undecided(&["UNSUPPORTED_ALGORITHM"]).with_warnings(&["NONSTANDARD_ENCODING"]),
        |order| with_habit(order, Structure::V4, |habit| habit.algorithm = Some(oid::SM2_WITH_SM3_AND_MORE)),
    ),
    Sample::new("field/warn_utf16.ofd", "Signature.xml 为 UTF-16", "Signature.xml is in UTF-16", ODD, |order| {
        order.sealed(|sealing| sealing.writing = Writing::Utf16)?.zip()
    }),
    Sample::new(
        "field/warn_empty_references_first.ofd",
        "Signature.xml 先有一个空的 References",
        "an empty References stands before the one that counts",
        ODD,
        |order| order.sealed(|sealing| sealing.writing = Writing::EmptyListFirst)?.zip(),
    ),
    Sample::new(
        "field/warn_entry_twice.ofd",
        "同一条目在包内出现两次，字节相同（金格写法）",
        "an entry stands twice in the package with the same bytes, as KingGrid writes it",
        ODD,
        |order| with_last_entry_twice(&order.sealed(|_| ())?.zip()?),
    ),
    Sample::new(
        "field/warn_dot_slash_names.ofd",
        "条目名以 ./ 开头",
        "the names of entries begin with ./",
        ODD,
        |order| {
            let sealed = order.sealed(|_| ())?;
            let mut package = Package::default();
            sealed.entries().iter().for_each(|entry| package.put(&format!("./{}", entry.name), entry.bytes.clone()));
            package.zip()
        },
    ),
    Sample::new(
        "field/unknown_bytes_before.ofd",
        "压缩包之前有数据块（金格写法）",
        "a block before the package, as KingGrid writes it",
        Expected::undecided(&["BYTES_AROUND_PACKAGE"]),
        |order| Ok([b"BLOCK BEFORE".repeat(5), order.sealed(|_| ())?.zip()?].concat()),
    ),
    Sample::new(
        "field/unknown_bytes_behind.ofd",
        "压缩包之后有数据块（金格写法）",
        "a block behind the package, as KingGrid writes it",
        Expected::undecided(&["BYTES_AROUND_PACKAGE"]),
        |order| Ok([order.sealed(|_| ())?.zip()?, b"BLOCK BEHIND".repeat(5)].concat()),
    ),
    Sample::new(
        "field/unknown_ofd_xml_unprotected.ofd",
        "仅 OFD.xml 不受保护，便于后续签章",
        "OFD.xml alone is not protected, so that further seals can follow",
        Expected::undecided(&["OFD_XML_UNPROTECTED"]),
        |order| left_open(order)?.zip(),
    ),
    Sample::new(
        "field/bad_ofd_xml_redirected.ofd",
        "OFD.xml 不受保护，且被改指另一文档",
        "OFD.xml is not protected, and was changed to name another document",
        UNPROTECTED.with_warnings(&["ENTRY_NOT_SHOWN"]),
        |order| {
            let mut package = left_open(order)?;
            let forged = package.get(entry::DOCUMENT).unwrap_or_default().to_vec();
            package.put("Doc_0/Document_X.xml", forged);
            package.edit(entry::OFD, entry::DOCUMENT, "Doc_0/Document_X.xml")?;
            package.zip()
        },
    ),
    Sample::new(
        "field/warn_maker_begins_later.ofd",
        "制章者证书在印章制作时间五天后才生效（税务电子发票）",
        "the maker's certificate began five days after createDate, as in invoices of tax offices",
        Expected::warned(&["MAKER_CERT_NOT_VALID_AT_CREATE"]),
        |order| {
            begun_later(order, |seal| {
                order.sealed(|sealing| sealing.container = Container::Seal(Structure::V4, seal))?.zip()
            })
        },
    ),
    Sample::new(
        "field/warn_maker_begins_later.esl",
        "制章者证书在印章制作时间五天后才生效",
        "the maker's certificate began five days after createDate",
        Expected::warned(&["MAKER_CERT_NOT_VALID_AT_CREATE"]),
        |order| begun_later(order, Ok),
    ),
    Sample::new(
        "field/unknown_seal_created_later.ofd",
        "印章在签章三个月之后才制作",
        "the seal was made three months after it signed",
        Expected::undecided(&["SEAL_CREATED_AFTER_SIGNING"]),
        |order| with_seal(order, Structure::V4, |spec| spec.made = Moment::day(2026, 9, 1)),
    ),
    Sample::new(
        "field/warn_sign_time_differs.ofd",
        "所示签名时间与所签时间相差数年",
        "the time that is shown and the time that was signed are years apart",
        Expected::warned(&["SIGN_TIME_DIFFERS"]),
        |order| order.sealed(|sealing| sealing.shown_time = Some(Moment::day(2020, 1, 1)))?.zip(),
    ),
    Sample::new(
        "field/warn_entry_not_shown.ofd",
        "受保护但未被引用的文件",
        "an entry that is protected, and shown by nothing",
        Expected::warned(&["ENTRY_NOT_SHOWN"]),
        |order| {
            let mut package = order.body()?;
            package.put("Doc_0/Vendor/notes.bin", "notes");
            order.sealing()?.apply(&mut package)?;
            package.zip()
        },
    ),
    Sample::new(
        "field/bad_user_id.ofd",
        "签名按另一用户标识计算",
        "the signature was computed with another user identifier",
        Expected::broken(&["SIGNATURE_VALUE"]).with_warnings(&["SIGNER_USER_ID"]),
        |order| with_habit(order, Structure::V4, |habit| habit.user_id = Some("anonym@gmssl.org")),
    ),
    Sample::new(
        "field/unknown_letter.docx",
        "不是 OFD 的 ZIP 包：只算摘要",
        "a ZIP package that never claimed to be an OFD: only its digests can be given",
        Expected::unknown(&["NOT_EXAMINED"]),
        |_| {
            let mut package = Package::default();
            package.put("[Content_Types].xml", "<Types/>");
            package.put("word/document.xml", "<document/>");
            package.zip()
        },
    ),
];

fn with_habit(
    order: &Order<'_>,
    structure: Structure,
    change: impl FnOnce(&mut Habit),
) -> Result<Vec<u8>, SampleError> {
    let mut sealing = order.sealing_with(&order.seal_spec(structure)?, order.signer()?)?;
    change(&mut sealing.habit);
    order.sealed_with(&sealing)?.zip()
}

fn with_seal(
    order: &Order<'_>,
    structure: Structure,
    change: impl FnOnce(&mut SealSpec),
) -> Result<Vec<u8>, SampleError> {
    let mut spec = order.seal_spec(structure)?;
    change(&mut spec);
    order.sealed_with(&order.sealing_with(&spec, order.signer()?)?)?.zip()
}

fn signed_data(order: &Order<'_>, change: impl FnOnce(&mut Sealing)) -> Result<Vec<u8>, SampleError> {
    let sealed = order.sealed(|sealing| {
        sealing.container = Container::SignedData(Signed::Content);
        change(sealing);
    });
    sealed?.zip()
}

/// Everything but `OFD.xml` is protected.
fn left_open(order: &Order<'_>) -> Result<Package, SampleError> {
    order.sealed(|sealing| sealing.unprotected = vec![entry::OFD.to_owned()])
}

/// Gives `finish` a seal whose maker's certificate began five days after it was made.
fn begun_later(
    order: &Order<'_>,
    finish: impl FnOnce(Vec<u8>) -> Result<Vec<u8>, SampleError>,
) -> Result<Vec<u8>, SampleError> {
    let window = Window { from: SEALS_MADE.plus_hours(5 * 24), until: SEALS_VALID.until };
    let maker = order.workshop.authority.maker_within("later-maker", window)?;
    finish(seal_by(&order.seal_spec(Structure::V4)?, &maker)?)
}

/// Signed with a certificate in another form; `fits` says of its DER whether it shows what it should.
fn certified(order: &Order<'_>, form: CertificateForm, fits: fn(&[u8]) -> bool) -> Result<Vec<u8>, SampleError> {
    let authority = &order.workshop.authority;
    let made = |number: i64| {
        let number = usize::try_from(number).unwrap_or(0);
        authority.signer_as(form, number, &order.spec.agency, &order.spec.seal_id)
    };
    let signer = first_that(made, |signer: &Identity| fits(&signer.certificate))?;
    let spec = SealSpec::new(Structure::V4, &order.spec.seal_id, &order.spec.agency, &signer);
    order.sealed_with(&order.sealing_with(&spec, signer)?)?.zip()
}

fn of_curve(order: &Order<'_>, curve: Curve) -> Result<Vec<u8>, SampleError> {
    certified(order, CertificateForm { curve, ..CertificateForm::USUAL }, |_| true)
}

/// Sealed so that the BIT STRING of the signature is trimmed in the wanted way: how many bits are unused, and whether an octet was
/// dropped.
fn trimmed(
    order: &Order<'_>,
    structure: Structure,
    value: ValueForm,
    wanted: fn(u8, bool) -> bool,
) -> Result<Vec<u8>, SampleError> {
    let spec = order.seal_spec(structure)?;
    let change = |sealing: &mut Sealing| {
        (sealing.habit.bits, sealing.value) = (Bits::Trimmed, value);
    };
    let seal = seal_by(&spec, &order.workshop.authority.maker)?;
    let change = |sealing: &mut Sealing| {
        change(sealing);
        sealing.container = Container::Seal(structure, seal.clone());
    };
    sealed_until(order, change, |package| {
        let tail = package.get(VALUE).and_then(tail_bits);
        tail.is_some_and(|(unused, bits)| wanted(unused, is_short(&bits)))
    })
}

/// Whether SEQUENCE { r, s } is shorter than it says.
fn is_short(bits: &[u8]) -> bool {
    matches!(bits, [0x30, length, rest @ ..] if rest.len() < usize::from(*length))
}

/// Sealed a second later each time, until the package shows what it should.
fn sealed_until(
    order: &Order<'_>,
    change: impl Fn(&mut Sealing),
    fits: impl Fn(&Package) -> bool,
) -> Result<Vec<u8>, SampleError> {
    let made = |number: i64| {
        order.sealed(|sealing| {
            change(sealing);
            sealing.time = sealing.time.plus_seconds(number);
        })
    };
    first_that(made, fits)?.zip()
}

fn first_that<T>(made: impl Fn(i64) -> Result<T, SampleError>, fits: impl Fn(&T) -> bool) -> Result<T, SampleError> {
    for number in 0..TRIES {
        let one = made(number)?;
        if fits(&one) {
            return Ok(one);
        }
    }
    Err(SampleError::argument("sample", "chance never gave what it shows"))
}

/// Unused bits and octets of the BIT STRING that ends a value: of 62 to 74 octets, as signatures are.
fn tail_bits(value: &[u8]) -> Option<(u8, Vec<u8>)> {
    let place = (60..75_u8).find_map(|length| {
        let at = value.len().checked_sub(usize::from(length) + 2)?;
        (value.get(at..at + 2)? == [0x03, length]).then_some(at + 2)
    })?;
    let (unused, octets) = value.get(place..)?.split_first()?;
    Some((*unused, octets.to_vec()))
}

/// Whether r or s of the SEQUENCE that ends a value begins with its top bit set.
fn is_without_sign(value: &[u8]) -> bool {
    let Some((_, bits)) = tail_bits(value) else { return false };
    matches!(bits.as_slice(), [0x30, _, 0x02, _, 0x80..=0xff, ..])
}
