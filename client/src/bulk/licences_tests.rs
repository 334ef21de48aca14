#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

const ID: &str = "1.2.156.3005.2.11100000000013338W011.113100000000000191.20260001.001.A";

fn licence(row: &super::super::table::Row) -> &Licence {
    let LicenceOperation::Issue(licence) = &row.operation else { unreachable!() };
    licence
}

fn table(text: &str) -> Result<Table, ClientError> {
    table_of(text.as_bytes())
}

fn table_of(text: &[u8]) -> Result<Table, ClientError> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.ofd"), b"licence").unwrap();
    let path = folder.path().join("table.csv");
    std::fs::write(&path, text).unwrap();
    read_table(&path, DigestAlgorithm::Sha256, |_| {})
}

#[test]
fn files_and_digests_are_read() {
    let other = LicenceId::new("11100000000013338W011".parse().unwrap(), "113100000000000191".parse().unwrap(), "2", 1);
    let sha256 = DigestAlgorithm::Sha256.plain(&[b"x"]);
    let text = format!(
        "licence_id,file,sha256,size_bytes,valid_from\n{ID},a.ofd,,,2026-01-01\n{},,{sha256},1,2026-01-01\n",
        other.unwrap()
    );
    let table = table(&text).unwrap();
    assert_eq!(table.bad, Vec::new());
    assert_eq!(table.rows.len(), 2);
    assert_eq!(licence(&table.rows[0]).document.sha256, DigestAlgorithm::Sha256.plain(&[b"licence"]));
    assert_eq!(licence(&table.rows[1]).document.sha256, sha256);
    assert_eq!(table.rows[1].line, 3);
}

/// One meaning, so they are read, and it is said.
#[test]
fn other_encodings_and_separators_are_read_with_a_warning() {
    let text = format!("licence_id,file,valid_from\n{ID},证照.ofd,2026-01-01\n");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("证照.ofd"), b"licence").unwrap();
    let path = folder.path().join("table.csv");
    let utf16 =
        |bytes: fn(u16) -> [u8; 2]| "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(bytes).collect();
    let tables: [(Vec<u8>, usize); 7] = [
        (text.clone().into_bytes(), 0),
        (format!("\u{feff}{text}").replace('\n', "\r\n").into_bytes(), 0),
        (encoding_rs::GBK.encode(&text).0.into_owned(), 1),
        (utf16(u16::to_le_bytes), 1),
        (utf16(u16::to_be_bytes), 1),
        (text.replace(',', ";").into_bytes(), 1),
        (text.replace(',', "\t").into_bytes(), 1),
    ];
    for (bytes, warnings) in tables {
        std::fs::write(&path, &bytes).unwrap();
        let read = read_table(&path, DigestAlgorithm::Sha256, |_| {}).unwrap();
        assert_eq!((read.rows.len(), read.bad_count, read.warnings.len()), (1, 0, warnings), "{read:?}");
    }
}

#[test]
fn what_is_not_a_table_is_named() {
    let cases: [(&[u8], &str); 6] = [
        (b"", "the table is empty"),
        (b"\xff\xfe\x00", "cut short"),
        (b"l\0i\0c\0e\0", "UTF-16 without a byte order mark"),
        (b"licence_id,file\n\x81\x00,a", "neither UTF-8, UTF-16 nor GBK"),
        (b"PK\x03\x04rest of a workbook", "a workbook or an archive"),
        (b"file,valid_from\na.ofd,2026-01-01\n", "the column licence_id is missing"),
    ];
    for (bytes, expected) in cases {
        let error = table_of(bytes).unwrap_err();
        assert_eq!(error.code(), "client.table");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn identifiers_of_older_registers_need_an_exception() {
    let wrong = format!("{}0", &ID[..ID.len() - 1]);
    let region = "1.2.156.3005.2.11100000000013338W011.310115.20260001.001.A";
    let text = format!(
        "licence_id,file,valid_from,exception,issuer\n{wrong},a.ofd,2026-01-01,,\n{wrong},a.ofd,1956-05-01,DR-1,\n\
         {region},a.ofd,2026-01-01,DR-1,\n{region},a.ofd,2026-01-01,,113100000000000191\n{region},a.ofd,2026-01-01,DR-1,113100000000000191\n"
    );
    let table = table(&text).unwrap();
    let bad: Vec<(u64, &str)> = table.bad.iter().map(|bad| (bad.line, bad.reason.split(':').next().unwrap())).collect();
    assert_eq!(bad, [(2, "licence_id"), (4, "issuer"), (5, "licence_id")]);
    assert_eq!(table.rows.len(), 2);
    let (first, second) = (licence(&table.rows[0]), licence(&table.rows[1]));
    assert_eq!(first.valid_from_ms, "1956-05-01".parse().unwrap());
    assert_eq!(second.region, "310115".parse().unwrap());
    let owned = LicenceRef::owned(DigestAlgorithm::Sha256, &second.issuer, &second.name);
    assert_eq!(second.licence, owned);
}

#[test]
fn bad_rows_are_named_by_line() {
    let text = format!(
        "licence_id,file,valid_from,valid_until\n{ID},a.ofd,2026-01-01,\n{ID},a.ofd,2026-01-01,\nx,a.ofd,2026-01-01,\n\
         {},a.ofd,2026-01-01,\n{ID},missing.ofd,2026-01-01,\n{ID},a.ofd,2026-02-30,\n",
        ID.replace(".A", ".B")
    );
    let table = table(&text).unwrap();
    let lines: Vec<u64> = table.bad.iter().map(|bad| bad.line).collect();
    assert_eq!((table.rows.len(), lines), (1, vec![3, 4, 5, 6, 7]));
    assert!(table.bad[0].reason.contains("line 2"), "{}", table.bad[0].reason);
    assert!(table.bad[4].reason.starts_with("valid_from"), "{}", table.bad[4].reason);
}

#[test]
fn a_misspelt_column_is_an_error_of_the_table() {
    let text = format!("licence_id,file,valid_from,valid_untill\n{ID},a.ofd,2026-01-01,2027-01-01\n");
    let body = table(&text).unwrap_err().body();
    assert_eq!(body.code, "client.table");
    assert!(body.what.contains("valid_untill") && body.what.contains("did you mean valid_until"), "{body:?}");
    assert!(body.what_zh.contains("没有 valid_untill 这一列"), "{body:?}");
}

/// A table loses no last day: what a registry exports as 有效期至 is a day that counts.
#[test]
fn the_last_day_counts() {
    let read = table(&format!("licence_id,file,valid_from,valid_until\n{ID},a.ofd,2026-01-01,2035-12-31\n")).unwrap();
    assert_eq!(read.bad, Vec::new());
    assert_eq!(licence(&read.rows[0]).valid_until_ms, Some("2036-01-01T00:00:00+08:00".parse().unwrap()));
    let same_day =
        table(&format!("licence_id,file,valid_from,valid_until\n{ID},a.ofd,2026-01-01,2026-01-01\n")).unwrap();
    assert_eq!((same_day.rows.len(), same_day.warnings.len()), (1, 1), "{:?}", same_day.warnings);
    assert!(same_day.warnings[0].contains("ALREADY_ENDED"), "{:?}", same_day.warnings);
}

/// Excel leaves rows of nothing but separators behind.
#[test]
fn empty_rows_are_passed_over_and_named() {
    let read = table(&format!("licence_id,file,valid_from\n,,\n{ID},a.ofd,2026-01-01\n,,\n\n")).unwrap();
    assert_eq!((read.rows.len(), read.bad_count), (1, 0), "{:?}", read.bad);
    assert!(read.warnings[0].contains("2 empty rows passed over, the first in line 2"), "{:?}", read.warnings);
}

#[test]
fn sizes_beyond_what_json_can_say_are_refused() {
    let hex = "ab".repeat(32);
    for size in ["0", "9007199254740992", "18446744073709551615", "-1", "x"] {
        let read = table(&format!("licence_id,sha256,size_bytes,valid_from\n{ID},{hex},{size},2026-01-01\n")).unwrap();
        assert!(read.bad[0].reason.starts_with("size_bytes"), "{:?}", read.bad);
        assert!(read.bad[0].reason_zh.starts_with("size_bytes"), "{:?}", read.bad);
    }
    let most = format!("licence_id,sha256,size_bytes,valid_from\n{ID},{hex},9007199254740991,2026-01-01\n");
    assert_eq!(table(&most).unwrap().bad_count, 0);
}

/// Beside a file, only its SHA-256 was compared: an SM3 or a length that contradicts it was dropped.
#[test]
fn every_digest_beside_a_file_is_compared() {
    let (sha256, sm3) = (DigestAlgorithm::Sha256.plain(&[b"licence"]), DigestAlgorithm::Sm3.plain(&[b"licence"]));
    let row = |sha256: &str, sm3: &str, size: &str| {
        let text =
            format!("licence_id,file,sha256,sm3,size_bytes,valid_from\n{ID},a.ofd,{sha256},{sm3},{size},2026-01-01\n");
        let table = table(&text).unwrap();
        table.bad.first().map(|bad| bad.reason.split(':').next().unwrap_or_default().to_owned())
    };
    assert_eq!(row(&sha256.to_string(), &sm3.to_string(), "7"), None);
    assert_eq!(row(&sm3.to_string(), "", "").as_deref(), Some("sha256"));
    assert_eq!(row("", &sha256.to_string(), "").as_deref(), Some("sm3"));
    assert_eq!(row("", "", "8").as_deref(), Some("size_bytes"));
}
