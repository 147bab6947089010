//! Reads a prompt into a [`Brief`]. Words are found, never invented: what stands in quotation marks is
//! taken as it is, labels (`headline:`, `button`) say which part it is, and of a plain sentence the command
//! around it ("make a post about …") is left out.

mod facts;
mod intent;
mod quoted;
mod sentence;

use crate::brief::{Brief, Intent};

/// The parts of a message that a label can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Headline,
    Sub,
    Call,
    Kicker,
    Attribution,
}

/// Which words name which part. The longer ones stand first, since "sub headline" ends in "headline".
const LABELS: &[(&str, Part)] = &[
    ("call to action", Part::Call),
    ("call-to-action", Part::Call),
    ("sub headline", Part::Sub),
    ("subheadline", Part::Sub),
    ("sub-headline", Part::Sub),
    ("subheading", Part::Sub),
    ("subtitle", Part::Sub),
    ("subtext", Part::Sub),
    ("sub text", Part::Sub),
    ("tagline", Part::Sub),
    ("body text", Part::Sub),
    ("body", Part::Sub),
    ("sub", Part::Sub),
    ("button", Part::Call),
    ("cta", Part::Call),
    ("headline", Part::Headline),
    ("heading", Part::Headline),
    ("title", Part::Headline),
    ("kicker", Part::Kicker),
    ("eyebrow", Part::Kicker),
    ("attribution", Part::Attribution),
    ("author", Part::Attribution),
];

/// Reads a prompt.
pub fn read(prompt: &str) -> Brief {
    let prompt = tidy(prompt);
    let mut brief = Brief::plain("");
    brief.intent = intent::of(&prompt);
    brief.wishes = intent::wishes(&prompt);
    let (named, rest) = quoted::parts(&prompt);
    let named_any = !named.is_empty();
    for (part, words) in named {
        place(&mut brief, part, words);
    }
    facts::note(&mut brief, &prompt);
    if brief.headline.is_empty() && brief.intent != Intent::Pattern {
        sentence::fill(&mut brief, &rest, named_any);
    }
    if brief.headline.is_empty() && brief.intent != Intent::Pattern {
        brief.headline = sentence::capital(prompt.trim_matches(|c: char| !c.is_alphanumeric()));
    }
    settle(&mut brief);
    brief
}

/// The quoted and labelled parts of a text with the names of what they are, and the text around them.
pub(crate) fn parts(text: &str) -> (Vec<(&'static str, String)>, String) {
    let (parts, rest) = quoted::parts(&tidy(text));
    let name = |part: Part| match part {
        Part::Headline => "headline",
        Part::Sub => "sub",
        Part::Call => "call",
        Part::Kicker => "kicker",
        Part::Attribution => "attribution",
    };
    (parts.into_iter().map(|(part, words)| (name(part), words)).collect(), rest)
}

/// Of `replace "these words" with "those"` the two. `change the headline to "this" and the button to "that"` names parts.
pub(crate) fn replaced(text: &str) -> Option<(String, String)> {
    let lower = text.to_lowercase();
    let asks = ["replace ", "change ", "swap "].iter().any(|verb| lower.contains(verb));
    let (parts, rest) = quoted::parts(&tidy(text));
    // Where quoted words stood is a space more than between words.
    let between = rest.split("  ").map(str::trim).nth(1).unwrap_or_default().to_lowercase();
    let sets_against = ["with", "by", "to", "into", "for", "→", "->"].contains(&between.as_str());
    match (asks && sets_against, parts.as_slice()) {
        (true, [(_, old), (_, new)]) => Some((old.clone(), new.clone())),
        _ => None,
    }
}

pub(crate) use intent::colour;

/// One kind of space, no control characters; lines stay lines, since a label ends with its line.
fn tidy(prompt: &str) -> String {
    let lines = prompt.lines().map(|line| {
        let shown: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        shown.split_whitespace().collect::<Vec<_>>().join(" ")
    });
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Gives words their place; what finds its place taken goes to the next one that is free.
fn place(brief: &mut Brief, part: Part, words: String) {
    let slot = match part {
        Part::Headline if brief.headline.is_empty() => {
            brief.headline = words;
            return;
        }
        Part::Call => &mut brief.call,
        Part::Kicker => &mut brief.kicker,
        Part::Attribution => &mut brief.attribution,
        Part::Headline | Part::Sub => &mut brief.sub,
    };
    if slot.is_none() {
        *slot = Some(words);
    } else {
        brief.details.push(words);
    }
}

/// Facts that the words already say are not said twice.
fn settle(brief: &mut Brief) {
    let said = |brief: &Brief, text: &str| {
        let text = text.to_lowercase();
        let all =
            [Some(&brief.headline), brief.sub.as_ref(), brief.kicker.as_ref(), brief.call.as_ref()];
        all.into_iter().flatten().any(|words| words.to_lowercase().contains(&text))
    };
    let kept = brief.details.iter().filter(|detail| !said(brief, detail)).cloned().collect();
    brief.details = kept;
    let speaks = matches!(brief.intent, Intent::Quote | Intent::Testimonial);
    if speaks && brief.attribution.is_none() {
        let named = brief.sub.as_deref().and_then(facts::speaker);
        if let Some(name) = named {
            brief.attribution = Some(name);
            brief.sub = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_words_are_taken_as_they_are() {
        let brief = read(
            "A post that says \"Spring is here\" with subtitle “Fresh colours every week” and a button \"Shop now\"",
        );
        assert_eq!(brief.headline, "Spring is here");
        assert_eq!(brief.sub.as_deref(), Some("Fresh colours every week"));
        assert_eq!(brief.call.as_deref(), Some("Shop now"));
    }

    #[test]
    fn quotes_without_labels_come_in_their_order() {
        let brief = read("\"One\" \"Two words\" \"Book now\"");
        assert_eq!((brief.headline.as_str(), brief.sub.as_deref()), ("One", Some("Two words")));
        assert_eq!(brief.call.as_deref(), Some("Book now"));
    }

    #[test]
    fn labelled_lines_are_read() {
        let brief = read("Headline: We are moving\nSub: New office in Porto\nCTA: Visit us");
        assert_eq!(brief.headline, "We are moving");
        assert_eq!(brief.sub.as_deref(), Some("New office in Porto"));
        assert_eq!(brief.call.as_deref(), Some("Visit us"));
    }

    #[test]
    fn the_command_around_a_message_is_left_out() {
        let brief =
            read("Create an Instagram post announcing our summer sale with 30% off everything");
        assert_eq!(brief.intent, Intent::Sale);
        assert_eq!(brief.headline, "Summer sale");
        assert_eq!(brief.figure.as_deref(), Some("30%"));
        assert_eq!(brief.sub.as_deref(), Some("30% off everything"));
    }

    #[test]
    fn how_it_should_look_is_not_said_on_it() {
        let brief = read(
            "Poster for the harbour jazz festival, dark and moody, in a minimal style. Use our brand colours.",
        );
        assert_eq!(brief.headline, "Harbour jazz festival");
        assert_eq!(brief.sub, None);
        assert_eq!(brief.wishes.dark, Some(true));
        assert!(brief.wishes.minimal);
    }

    #[test]
    fn dates_times_and_numbers_are_kept() {
        let brief = read("Webinar: Designing with data, 12 May 2026, 18:30, Lisbon");
        assert_eq!(brief.intent, Intent::Event);
        let date = brief.date.expect("a date");
        assert_eq!((date.day.as_deref(), date.month.as_deref()), (Some("12"), Some("May")));
        assert_eq!(date.text, "12 May 2026");
        assert!(brief.details.contains(&"18:30".to_owned()), "{:?}", brief.details);
        assert_eq!(read("We grew to 12,000+ customers").figure.as_deref(), Some("12,000+"));
        assert_eq!(read("3x faster builds").figure.as_deref(), Some("3x"));
        assert_eq!(read("Only $49 this week").figure.as_deref(), Some("$49"));
        assert_eq!(read("Our plan for 2027").figure, None);
    }

    #[test]
    fn a_quote_has_its_speaker() {
        let brief =
            read("Quote card: \"Simplicity is the ultimate sophistication\" - Leonardo da Vinci");
        assert_eq!(brief.intent, Intent::Quote);
        assert_eq!(brief.headline, "Simplicity is the ultimate sophistication");
        assert_eq!(brief.attribution.as_deref(), Some("Leonardo da Vinci"));
    }

    #[test]
    fn a_pattern_says_nothing() {
        let brief = read("seamless geometric pattern background");
        assert_eq!((brief.intent, brief.headline.as_str()), (Intent::Pattern, ""));
    }

    #[test]
    fn other_scripts_are_taken_whole() {
        assert_eq!(read("خصم ٥٠٪ على كل شيء").headline, "خصم ٥٠٪ على كل شيء");
        assert_eq!(read("夏のセール開催中").headline, "夏のセール開催中");
        assert_eq!(read("Летняя распродажа").headline, "Летняя распродажа");
        assert_eq!(read("「春の新作」").headline, "春の新作");
    }

    #[test]
    fn whatever_is_asked_something_is_said() {
        for prompt in
            ["!", "make a post", "\"\"", "a", "create an image of a", "…", "post about \n\n "]
        {
            let brief = read(prompt);
            assert!(brief.headline.chars().count() <= 2000, "{prompt}");
        }
        assert_eq!(read("make a post").headline, "Make a post");
    }
}
