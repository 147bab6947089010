//! HTML without what only the editors of its templates need: blank lines, and the space before a tag that begins a
//! line. What people typed holds no tag, so nothing of theirs is lost.

/// What ends a text in which every space counts.
const KEPT: [&str; 3] = ["</textarea", "</code", "</pre"];

/// Leaves them out.
pub(super) fn slim(html: &str) -> String {
    let mut slim = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(end) = memchr::memchr(b'\n', rest.as_bytes()) {
        let (line, after) = rest.split_at(end + 1);
        slim.push_str(line);
        let blank = after.bytes().take_while(|byte| matches!(byte, b' ' | b'\n')).count();
        let text = after.get(blank..).unwrap_or_default();
        let is_indented = text.starts_with('<') && !KEPT.iter().any(|end| text.starts_with(end));
        rest = if is_indented { text } else { after };
    }
    slim.push_str(rest);
    slim
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_comes_before_a_tag_is_left_out() {
        let html = "<ul>\n\n  <li>\n    one\n  two</li>\n</ul>\n";
        assert_eq!(slim(html), "<ul>\n<li>\n    one\n  two</li>\n</ul>\n");
        for kept in [
            "<textarea>\n  a\n\n    b\n  </textarea>",
            "<pre><code>a\n  &#60;b&#62;\n  </code></pre>",
            "<pre>a\n  b\n</pre>",
            "a <b>b</b>  <i>c</i>",
            "",
        ] {
            assert_eq!(slim(kept), kept);
        }
    }
}
