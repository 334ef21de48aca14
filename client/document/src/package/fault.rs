//! Errors of the reader of packages as defects.

use crate::defect::Defect;
use crate::reason::Reason;

pub(super) fn malformed(error: zip::result::ZipError) -> Defect {
    let code = match error {
        zip::result::ZipError::UnsupportedArchive(zip::result::ZipError::PASSWORD_REQUIRED) => Reason::ZipEncrypted,
        _ => Reason::ZipMalformed,
    };
    Defect::new(code, "", error.to_string())
}
