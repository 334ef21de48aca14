//! Time stamps (GB/T 20520, RFC 3161) as far as they are read: where they stand, and what time they name. Their signatures are not
//! verified here.
//!
//! ```text
//! TimeStampToken  SEQUENCE { contentType, [0] SignedData { version, digestAlgorithms, { contentType, [0] OCTET STRING TSTInfo }, .. } }
//! TSTInfo         SEQUENCE { version, policy, messageImprint, serialNumber, genTime GeneralizedTime, .. }
//! ```

use der::Tag;

use crate::asn1::{Element, Fault, Oddities};
use crate::moment::Moment;

/// Elements of TSTInfo before genTime.
const BEFORE_TIME: usize = 4;

/// Notes where the standard has `[0]` around a time stamp and a file has the time stamp alone.
pub(crate) fn note_place(stamp: Element<'_>, odd: &mut Oddities) {
    if !stamp.is_context(0) {
        odd.add(format!("timeStamp is {} where the standard has [0] (ofdrw)", stamp.tag));
    }
}

/// `genTime` of a token.
///
/// # Errors
/// [`Fault`] where the element is no time-stamp token.
pub(crate) fn time_of(token: Element<'_>) -> Result<Moment, Fault> {
    let field = "TimeStampToken";
    let mut outer = token.sequence(field)?;
    outer.next(field)?.expect(Tag::ObjectIdentifier, field)?;
    let mut data = outer.next(field)?.fields(field)?.next(field)?.sequence(field)?;
    let (_version, _algorithms) = (data.next(field)?, data.next(field)?);
    let mut content = data.next(field)?.sequence(field)?;
    content.next(field)?.expect(Tag::ObjectIdentifier, field)?;
    let info = content.next(field)?.fields(field)?.next(field)?.octets(field)?;
    let mut info = Element::whole(info, "TSTInfo")?.sequence("TSTInfo")?;
    for _ in 0..BEFORE_TIME {
        info.next("TSTInfo")?;
    }
    Moment::of_element(info.next("genTime")?, "genTime", &mut Oddities::default())
}
