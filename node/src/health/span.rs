//! A length of time for people.

const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 1_440 * MINUTE_MS;

/// `1128 days`, or `90 minutes` where it is less than two days; rounded up.
pub(crate) fn span(ms: u64) -> String {
    match ms >= 2 * DAY_MS {
        true => format!("{} days", ms.div_ceil(DAY_MS)),
        false => format!("{} minutes", ms.div_ceil(MINUTE_MS)),
    }
}

/// The same in Chinese.
pub(crate) fn span_zh(ms: u64) -> String {
    match ms >= 2 * DAY_MS {
        true => format!("{} 天", ms.div_ceil(DAY_MS)),
        false => format!("{} 分钟", ms.div_ceil(MINUTE_MS)),
    }
}
