//! The text format of Prometheus: what is left out of it, and how two texts become one.

/// Leaves out histograms that have counted nothing: on an idle node a quarter of the text.
///
/// A histogram is written as its sum, its count, its buckets.
pub(super) fn without_empty_histograms(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let name = line.split(['{', ' ']).next().unwrap_or_default().strip_suffix("_sum");
        let count = lines.peek().filter(|next| {
            let counts = name.and_then(|name| next.strip_prefix(name)).is_some_and(|rest| rest.starts_with("_count"));
            counts && next.ends_with(" 0")
        });
        if let (Some(name), Some(_)) = (name, count) {
            let bucket = format!("{name}_bucket{{");
            lines.next();
            while lines.next_if(|next| next.starts_with(&bucket)).is_some() {}
            continue;
        }
        kept.push_str(line);
        kept.push('\n');
    }
    kept
}

/// One exposition out of two: the end mark stands once.
pub(super) fn join(mut text: String, other: &str) -> String {
    const END: &str = "# EOF\n";
    text.truncate(text.trim_end_matches(END).len());
    text.push_str(other.trim_end_matches(END));
    text.push_str(END);
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use prometheus_client::encoding::EncodeLabelSet;
    use prometheus_client::encoding::text::encode;
    use prometheus_client::metrics::counter::Counter;
    use prometheus_client::metrics::family::Family;
    use prometheus_client::metrics::histogram::Histogram;
    use prometheus_client::registry::Registry;

    use super::super::api::request_seconds;
    use super::*;

    #[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
    struct RouteLabels {
        route: &'static str,
    }

    /// `/metrics` of a node that has just started was 66 KB.
    #[test]
    fn histograms_that_counted_nothing_are_left_out() {
        let mut registry = Registry::default();
        let family = Family::<RouteLabels, Histogram>::new_with_constructor(request_seconds);
        let (plain, counter) = (request_seconds(), Counter::<u64>::default());
        registry.register("seconds", "Of routes", family.clone());
        registry.register("plain", "Empty", plain);
        registry.register("lost", "A sum of nothing", counter);
        drop(family.get_or_create(&RouteLabels { route: "empty" }));
        family.get_or_create(&RouteLabels { route: "asked" }).observe(1.0);
        let mut whole = String::new();
        encode(&mut whole, &registry).unwrap();
        let left = without_empty_histograms(&whole);
        assert!(whole.contains("route=\"empty\"") && !left.contains("route=\"empty\""), "{left}");
        assert!(!left.contains("plain_") && left.contains("# HELP plain"), "{left}");
        assert_eq!(left.matches("seconds_bucket{").count(), 17);
        assert!(left.contains("seconds_count{route=\"asked\"} 1") && left.contains("lost_total 0"), "{left}");
        assert!(left.ends_with("# EOF\n"));
    }

    #[test]
    fn two_expositions_have_one_end() {
        assert_eq!(join("a 1\n# EOF\n".into(), "b 2\n# EOF\n"), "a 1\nb 2\n# EOF\n");
        assert_eq!(join("a 1\n# EOF\n".into(), ""), "a 1\n# EOF\n");
    }
}
