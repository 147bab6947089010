//! The little of Markdown that the checks of the documents need. Fenced blocks are examples, and
//! nothing in them is a promise.

/// A piece of a document and the line it stands on, counted from one.
pub(super) type Piece = (usize, String);

/// What stands between backticks.
pub(super) fn code_spans(text: &str) -> Vec<Piece> {
    prose(text)
        .flat_map(|(number, line)| {
            line.split('`').skip(1).step_by(2).map(move |span| (number, span.trim().to_owned()))
        })
        .filter(|(_, span)| !span.is_empty())
        .collect()
}

/// The targets of `[text](target)` and of `[name]: target`.
pub(super) fn links(text: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        let line: String = line.split('`').step_by(2).collect::<Vec<_>>().join("``");
        let inline = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let reference = line.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
        let targets = inline.chain(reference.map(|(_, target)| target));
        // A title may follow the target.
        let targets = targets.filter_map(|target| target.split_whitespace().next());
        found.extend(targets.map(|target| (number, target.to_owned())));
    }
    found
}

/// The anchors of the headings, as forges make them: lower case, spaces to hyphens, punctuation gone,
/// and a number behind a heading that came before.
pub(super) fn anchors(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (_, line) in prose(text) {
        let title = line.trim_start_matches('#');
        if title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let slug: String = title
            .trim()
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect();
        let before = found.iter().filter(|earlier| **earlier == slug).count();
        found.push(if before == 0 { slug } else { format!("{slug}-{before}") });
    }
    found
}

/// The numbered lines outside of fences.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        (!fenced && !fence).then_some((index + 1, line))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_spans_carry_their_line_and_skip_fences() {
        let text = "a `b` c `d`\n```sh\n`no`\n```\n`e`";
        let spans = [(1, "b".to_owned()), (1, "d".to_owned()), (5, "e".to_owned())];
        assert_eq!(code_spans(text), spans);
    }

    #[test]
    fn links_are_inline_or_by_reference_and_never_code() {
        let text = "see [a](b.md) and ![c](d.png \"title\") not `[e](f)`\n[g]: h.md\n[i] j";
        let targets: Vec<String> = links(text).into_iter().map(|(_, target)| target).collect();
        assert_eq!(targets, ["b.md", "d.png", "h.md"]);
    }

    #[test]
    fn anchors_are_made_as_forges_make_them() {
        let text = "# The `GET /a` walk, once\n## Size\n#no\n## Size\n";
        assert_eq!(anchors(text), ["the-get-a-walk-once", "size", "size-1"]);
    }
}
