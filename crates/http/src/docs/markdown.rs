//! From the Markdown of a page to the HTML that its other face shows.
//!
//! The parser is pulldown-cmark's. What it is told here is what a page of ours needs: headings that can be linked
//! to, tables that scroll inside themselves, commands with a button to copy them, and links between pages.

use std::collections::HashSet;

use pulldown_cmark::{CodeBlockKind, CowStr, Event, Options, Parser, Tag, TagEnd, TextMergeStream};

/// The language of the blocks that are commands, to be run as they stand.
const COMMANDS: &str = "sh";
/// What the path of a page ends with where it is Markdown.
pub(super) const MARKDOWN: &str = ".md";

/// The HTML of a page on a server at an origin. What looks like HTML in it is shown as text.
pub(super) fn html(markdown: &str, origin: &str) -> String {
    let parser = Parser::new_ext(markdown, Options::ENABLE_TABLES);
    let mut writer = Writer { origin, ..Writer::default() };
    for event in TextMergeStream::new(parser) {
        writer.take(event);
    }
    let mut html = String::with_capacity(markdown.len() * 2);
    pulldown_cmark::html::push_html(&mut html, writer.written.into_iter());
    html
}

/// The title of a page: its first heading.
pub(super) fn title(markdown: &str) -> &str {
    let first = markdown.lines().find_map(|line| line.strip_prefix("# "));
    first.unwrap_or_default().trim()
}

/// The first paragraph of a page: what it is about.
pub(super) fn lead(markdown: &str) -> &str {
    let mut paragraphs = markdown.split("\n\n").map(str::trim);
    paragraphs.find(|text| !text.starts_with('#')).unwrap_or_default()
}

/// What a heading is called in a link: small letters and digits, `-` for each space, as code hosts do it.
fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// A text as a cell of a table: on one line, without what ends a cell.
pub(super) fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

#[derive(Default)]
struct Writer<'a> {
    origin: &'a str,
    written: Vec<Event<'a>>,
    /// Where in `written` the heading began that is not over yet.
    heading: Option<usize>,
    /// The last heading: what a table is about.
    about: String,
    /// How many tables came after it.
    tables: usize,
    is_in_table: bool,
    slugs: HashSet<String>,
    commands: usize,
}

impl<'a> Writer<'a> {
    fn take(&mut self, event: Event<'a>) {
        match event {
            Event::Html(text) | Event::InlineHtml(text) => self.written.push(Event::Text(text)),
            Event::Start(Tag::HtmlBlock) | Event::End(TagEnd::HtmlBlock) => {}
            Event::Start(Tag::Heading { .. }) => {
                self.heading = Some(self.written.len());
                self.written.push(event);
            }
            Event::End(TagEnd::Heading(_)) => {
                self.end_heading();
                self.written.push(event);
            }
            Event::Start(Tag::Table(_)) => {
                let opened =
                    Event::Html("<div class=\"scroll\" role=\"region\" aria-label=\"".into());
                // It stands in an attribute, which a quotation mark would end.
                let mut about = self.about.replace('"', "'");
                self.tables += 1;
                if self.tables > 1 {
                    about += &format!(", table {}", self.tables);
                }
                self.written.extend([opened, Event::Text(about.into())]);
                self.written.extend([Event::Html("\" tabindex=\"0\">".into()), event]);
                self.is_in_table = true;
            }
            Event::End(TagEnd::Table) => {
                self.is_in_table = false;
                self.written.extend([event, Event::Html("</div>\n".into())]);
            }
            Event::Code(text) if self.is_in_table => self.name(&text),
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language)))
                if *language == *COMMANDS =>
            {
                self.commands += 1;
                let opened =
                    format!("<div class=\"snippet\"><pre><code id=\"command-{}\">", self.commands);
                self.written.push(Event::Html(opened.into()));
            }
            Event::End(TagEnd::CodeBlock) if self.is_in_command() => {
                self.end_command();
            }
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let dest_url = self.here(&dest_url).map_or(dest_url, CowStr::from);
                self.written.push(Event::Start(Tag::Link { link_type, dest_url, title, id }));
            }
            event => self.written.push(event),
        }
    }

    /// A name in a table. It may break after `_` and before `/`, and a single word only where there is little room.
    fn name(&mut self, text: &str) {
        let is_word = !text.contains(['/', ' ']);
        let opened = if is_word { "<code class=\"word\">" } else { "<code>" };
        self.written.push(Event::InlineHtml(opened.into()));
        let breakable = text.replace('_', "_\n").replace('/', "\n/").replace(" \n", " ");
        for (index, part) in breakable.trim().split('\n').enumerate() {
            if index > 0 {
                self.written.push(Event::InlineHtml("<wbr>".into()));
            }
            self.written.push(Event::Text(part.to_owned().into()));
        }
        self.written.push(Event::InlineHtml("</code>".into()));
    }

    /// Names the heading that is over after what stands in it.
    fn end_heading(&mut self) {
        let Some(at) = self.heading.take() else { return };
        self.about.clear();
        self.tables = 0;
        for event in &self.written[at..] {
            if let Event::Text(text) | Event::Code(text) = event {
                self.about.push_str(text);
            }
        }
        let name = slug(&self.about);
        let free = (1..).map(|count| match count {
            1 => name.clone(),
            count => format!("{name}-{}", count - 1),
        });
        let Some(name) = free.into_iter().find(|name| !self.slugs.contains(name)) else { return };
        if let Event::Start(Tag::Heading { id, .. }) = &mut self.written[at] {
            *id = Some(name.clone().into());
        }
        self.slugs.insert(name);
    }

    fn is_in_command(&self) -> bool {
        let opened = self.written.iter().rev().nth(1);
        matches!(opened, Some(Event::Html(html)) if html.starts_with("<div class=\"snippet\">"))
    }

    /// Closes a command, without the line end that every block has.
    fn end_command(&mut self) {
        if let Some(Event::Text(text)) = self.written.last_mut() {
            *text = text.trim_end().to_owned().into();
        }
        let closed = format!(
            "</code></pre><button type=\"button\" class=\"button\" data-copy=\"command-{0}\" hidden>Copy <span \
             class=\"unseen\">the command {0}</span></button></div>\n",
            self.commands
        );
        self.written.push(Event::Html(closed.into()));
    }

    /// Where a link leads that stays on this server: other pages are shown as HTML, too.
    fn here(&self, link: &str) -> Option<String> {
        let path = link.strip_prefix(self.origin).filter(|path| path.starts_with('/'))?;
        let (page, anchor) = path.split_at(path.find('#').unwrap_or(path.len()));
        let page = page.strip_suffix(MARKDOWN).unwrap_or(page);
        Some(format!("{page}{anchor}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_shown_as_it_is_meant() {
        let markdown = "# A <b> & `c`\n\nSee [limits](https://a.example/docs/limits.md#per-key) and \
                        [keys](https://a.example/settings) <i>x</i>.\n\n```sh\ncurl \"x\" \\\n  -d '<y>'\n```\n\n\
                        ## A\n\n| x | y |\n| --- | --- |\n| `a\\|b` | `c_d /<e>/f` |\n\n## A\n";
        let html = html(markdown, "https://a.example");
        for part in [
            "<h1 id=\"a-b--c\">A &lt;b&gt; &amp; <code>c</code></h1>",
            "See <a href=\"/docs/limits#per-key\">limits</a> and <a href=\"/settings\">keys</a> &lt;i&gt;x&lt;/i&gt;.",
            "<pre><code id=\"command-1\">curl \"x\" \\\n  -d '&lt;y&gt;'</code></pre>",
            "<h2 id=\"a\">A</h2>",
            "<div class=\"scroll\" role=\"region\" aria-label=\"A\" tabindex=\"0\"><table>",
            "<td><code class=\"word\">a|b</code></td><td><code>c_<wbr>d /&lt;e&gt;<wbr>/f</code></td>",
            "<h2 id=\"a-1\">A</h2>",
        ] {
            assert!(html.contains(part), "{part} is not in {html}");
        }
    }

    #[test]
    fn a_page_says_what_it_is_about() {
        let markdown = "# Limits\n\nHow many\nrequests.\n\n## More\n";
        assert_eq!((title(markdown), lead(markdown)), ("Limits", "How many\nrequests."));
        assert_eq!(cell("a |\n b"), "a \\| b");
        assert_eq!(slug("`429`: Too many, please"), "429-too-many-please");
    }
}
