//! Text on pages, templates and annotations, in the few elements that need it.

/// Namespace of every OFD file.
pub const NAMESPACE: &str = "xmlns:ofd=\"http://www.ofdspec.org/2016\"";
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// A file with the given root element, attributes and content.
pub fn file(root: &str, attributes: &str, content: &str) -> String {
    let attributes = if attributes.is_empty() { String::new() } else { format!(" {attributes}") };
    format!("{DECLARATION}<ofd:{root} {NAMESPACE}{attributes}>{content}</ofd:{root}>")
}

/// The five characters that XML text and attributes cannot hold.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&apos;")
}

/// A line of text, `x_mm` and `y_mm` from the page's upper left corner, in font 1.
pub fn line(id: u32, x_mm: u32, y_mm: u32, size_mm: u32, text: &str) -> String {
    format!(
        "<ofd:TextObject ID=\"{id}\" Boundary=\"{x_mm} {y_mm} 170 {height}\" Font=\"1\" Size=\"{size_mm}\">\
         <ofd:TextCode X=\"0\" Y=\"{size_mm}\">{text}</ofd:TextCode></ofd:TextObject>",
        height = size_mm + 2,
        text = escape(text),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_looks_like_a_tag_stays_text() {
        assert_eq!(escape("<a b=\"c\">&'"), "&lt;a b=&quot;c&quot;&gt;&amp;&apos;");
        assert!(line(1, 2, 3, 4, "<a/>").contains("&lt;a/&gt;"));
    }

    #[test]
    fn a_file_has_one_root_in_the_namespace() {
        assert_eq!(
            file("Res", "BaseLoc=\"Res\"", "x"),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ofd:Res xmlns:ofd=\"http://www.ofdspec.org/2016\" BaseLoc=\"Res\">x</ofd:Res>"
        );
    }
}
