#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use huxin_chain_spec::crypto::DigestAlgorithm;

use super::*;

const BASIS: &str = "MARKET-74";

fn reference(name: &str) -> LicenceRef {
    LicenceRef(DigestAlgorithm::Sha256.plain(&[name.as_bytes()]))
}

/// Knows the licences `A`, `B` and `C`; `C` has a wrong check character.
fn resolve(text: &str) -> Result<Named, Said> {
    match text {
        "A" | "B" => Ok((reference(text), false)),
        "C" => Ok((reference(text), true)),
        _ => Err(say!("no licence", "没有这份证照")),
    }
}

fn read(kind: TableOf, defaults: &Defaults, text: &str) -> Result<Table, ClientError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    std::fs::write(&path, text).unwrap();
    read_changes(&path, kind, defaults, resolve, |_| {})
}

fn defaults() -> Defaults {
    Defaults { effective: TimeMs(7), ..Defaults::default() }
}

#[test]
fn each_row_is_one_change() {
    let text = format!("licence,basis,effective\nA,{BASIS},2026-01-01\nB,{BASIS},\n");
    let kinds = [
        (TableOf::Suspend, "licence.suspend"),
        (TableOf::Restore, "licence.restore"),
        (TableOf::CancelTransfer, "licence.cancel_transfer"),
        (TableOf::Cancel, "licence.cancel"),
        (TableOf::Withdraw, "licence.withdraw"),
        (TableOf::Revoke, "licence.revoke"),
        (TableOf::Lapse, "licence.lapse"),
    ];
    for (kind, name) in kinds {
        let table = read(kind, &defaults(), &text).unwrap();
        assert_eq!((table.bad, table.warnings), (Vec::new(), Vec::new()), "{name}");
        let names: Vec<_> = table.rows.iter().map(|row| (row.line, row.operation.name())).collect();
        assert_eq!(names, [(2, name), (3, name)]);
    }
    let table = read(TableOf::Suspend, &defaults(), &text).unwrap();
    let LicenceOperation::Suspend(change) = &table.rows[1].operation else { panic!("{table:?}") };
    assert_eq!((change.licence, change.effective_ms), (reference("B"), TimeMs(7)), "the command line's");
}

#[test]
fn a_transfer_and_an_annual_check_have_columns_of_their_own() {
    let holder = "aa".repeat(32);
    let text = format!(
        "licence,basis,to_province,to_organisation,transfer_holder\nA,{BASIS},320000,11320000000000035T,{holder}\nB,{BASIS},,,\n"
    );
    let table = read(TableOf::TransferOut, &defaults(), &text).unwrap();
    assert_eq!((table.rows.len(), table.bad_count), (1, 1));
    assert!(table.bad[0].reason.starts_with("to_province: needed"), "{table:?}");
    let LicenceOperation::TransferOut { to_province, holder: Some(found), .. } = &table.rows[0].operation else {
        panic!("{table:?}")
    };
    assert_eq!((to_province.to_string(), found.to_string()), ("320000".to_owned(), holder));

    let text = format!(
        "licence,basis,year,outcome,until\nA,{BASIS},2026,passed,2027-06-30\nA,{BASIS},2025,failed,2026-06-30\n\
         A,{BASIS},2026,reported,2027-06-30\nB,{BASIS},26,passed,2027-06-30\nB,{BASIS},2026,good,2027-06-30\nB,{BASIS},,,\n"
    );
    let table = read(TableOf::AnnualCheck, &defaults(), &text).unwrap();
    let reasons: Vec<_> = table.bad.iter().map(|bad| (bad.line, bad.reason.split(':').next().unwrap())).collect();
    assert_eq!(reasons, [(4, "licence stands already in line 2"), (5, "year"), (6, "outcome"), (7, "outcome")]);
    assert_eq!(table.rows.len(), 2);
    let given = Defaults {
        year: Some(2026),
        outcome: Some(AnnualOutcome::Reported),
        until: "2027-06-30".parse().ok(),
        ..defaults()
    };
    let table = read(TableOf::AnnualCheck, &given, &text).unwrap();
    let LicenceOperation::AnnualCheck(check) = &table.rows[2].operation else { panic!("{table:?}") };
    assert_eq!((table.rows[2].line, check.year, check.outcome), (7, 2026, AnnualOutcome::Reported));
}

#[test]
fn bad_rows_and_columns_are_named() {
    let text = "licence,basis\nA,B 1\n,B-1\nD,B-1\nB,B-1\nB,B-2\nC,B-3\n";
    let table = read(TableOf::Revoke, &defaults(), text).unwrap();
    let reasons: Vec<_> = table.bad.iter().map(|bad| (bad.line, bad.reason.as_str())).collect();
    assert_eq!(
        reasons[1..],
        [
            (3, "licence: needed, in the row or on the command line"),
            (4, "licence: no licence"),
            (6, "licence stands already in line 5"),
        ]
    );
    assert!(reasons[0].1.starts_with("basis: "), "{reasons:?}");
    assert!(table.bad.iter().all(|bad| !bad.reason_zh.is_empty()));
    assert!(table.warnings[0].contains("check character of 1 identifiers"), "{:?}", table.warnings);
    for (kind, head) in [
        (TableOf::Suspend, "licence,basis,until"),
        (TableOf::Suspend, "licence,year"),
        (TableOf::AnnualCheck, "licence,effective"),
        (TableOf::Cancel, "basis"),
        (TableOf::Cancel, "licence,licence"),
        (TableOf::TransferOut, "licence,holder"),
    ] {
        assert!(matches!(read(kind, &defaults(), head), Err(ClientError::Table { .. })), "{head}");
    }
}
