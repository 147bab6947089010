//! Names that people choose: for keys, workspaces, apps, brands, for themselves.

use std::fmt;

/// Why a name is not taken. The text of [`fmt::Display`] can be shown beside the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameError {
    /// Nothing but white space.
    Empty,
    /// More characters than allowed; holds the limit.
    TooLong(usize),
    /// A control, bidirectional or invisible character, which could make a name look like another.
    Unprintable,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Enter a name."),
            Self::TooLong(max) => write!(f, "Use at most {max} characters."),
            Self::Unprintable => f.write_str("Remove the characters that cannot be seen."),
        }
    }
}

impl std::error::Error for NameError {}

/// Trims and checks a name of 1 to `max` characters.
///
/// # Errors
/// [`NameError`] says what to change.
pub fn parse(text: &str, max: usize) -> Result<String, NameError> {
    let name = text.trim();
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.chars().count() > max {
        return Err(NameError::TooLong(max));
    }
    if has_hidden(name) || !shows_something(name) {
        return Err(NameError::Unprintable);
    }
    Ok(name.to_owned())
}

/// Whether a text on one line has a character that no name may have.
#[must_use]
pub fn has_hidden(text: &str) -> bool {
    judged(text).any(|(_, is_hidden)| is_hidden)
}

/// A text without the characters that no name may have. White space stays as it is, of any kind.
#[must_use]
pub fn without_hidden(text: &str) -> String {
    judged(text).filter(|(c, is_hidden)| c.is_whitespace() || !is_hidden).map(|(c, _)| c).collect()
}

/// Whether anything of a text can be seen.
#[must_use]
pub fn shows_something(text: &str) -> bool {
    text.chars().any(|c| !c.is_whitespace() && !is_deceptive(c) && !is_selector(c))
}

/// Each character, and whether no name may have it where it stands.
fn judged(text: &str) -> impl Iterator<Item = (char, bool)> + '_ {
    let before = std::iter::once(None).chain(text.chars().map(Some));
    let after = text.chars().skip(1).map(Some).chain(std::iter::once(None));
    text.chars().zip(before.zip(after)).map(|(c, (before, after))| {
        let joins = matches!(c, '\u{200C}' | '\u{200D}') && may_join(before, after);
        (c, is_deceptive(c) && !joins)
    })
}

/// Whether a joiner, or one that keeps from joining, can change how its neighbours look: Persian, Hindi and emoji
/// are written with them. The letters before Hebrew's, Latin ones among them, join nothing, so between two of those
/// it would only make a name look like another.
fn may_join(before: Option<char>, after: Option<char>) -> bool {
    let (Some(before), Some(after)) = (before, after) else { return false };
    let is_seen = |c: char| !c.is_whitespace() && !is_deceptive(c);
    is_seen(before) && is_seen(after) && (before >= '\u{0590}' || after >= '\u{0590}')
}

/// Says how the character before it is drawn.
pub(crate) fn is_selector(c: char) -> bool {
    ('\u{FE00}'..='\u{FE0F}').contains(&c)
}

/// Control characters, bidirectional overrides and isolates, and everything that shows nothing
/// (Unicode's Default_Ignorable_Code_Point, and blanks that are no white space). Only the selectors
/// that emoji need are left out.
pub(crate) fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_kept_as_typed() {
        assert_eq!(parse("  Déploiement 部署  ", 100).as_deref(), Ok("Déploiement 部署"));
    }

    #[test]
    fn deceptive_and_endless_names_are_refused() {
        assert_eq!(parse(" \t ", 100), Err(NameError::Empty));
        assert_eq!(parse(&"é".repeat(101), 100), Err(NameError::TooLong(100)));
        assert_eq!(parse(&"é".repeat(100), 100).map(|n| n.chars().count()), Ok(100));
        for bad in [
            "a\0b",
            "a\nb",
            "a\u{202E}b",
            "a\u{200B}b",
            "a\u{2066}b",
            "a\u{FEFF}b",
            "\u{3164}",
            "a\u{2800}",
            "a\u{034F}b",
        ] {
            assert_eq!(parse(bad, 100), Err(NameError::Unprintable), "{bad:?}");
        }
    }

    #[test]
    fn what_joins_is_taken_where_it_joins() {
        for good in [
            "می\u{200C}خواهم",
            "क\u{94D}\u{200D}ष",
            "👩\u{200D}👩\u{200D}👧 team",
            "❤\u{FE0F}\u{200D}🔥",
            "API\u{200C}ها",
        ] {
            assert_eq!(parse(good, 100).as_deref(), Ok(good));
            assert_eq!(without_hidden(good), good);
        }
        for bad in [
            "\u{200D}",
            "\u{FE0F}",
            "\u{FE0F}\u{200D}\u{FE0F}",
            "می\u{200C}",
            "\u{200C}می",
            "می\u{200C} خواهم",
            "می \u{200D}خواهم",
            "می\u{200C}\u{200C}خواهم",
            "می\u{200C}\u{200D}خواهم",
            "می\u{200C}\u{202E}خواهم",
            "می\u{200B}خواهم",
            "App\u{200D}le",
            "App\u{200C}le",
        ] {
            assert_eq!(parse(bad, 100), Err(NameError::Unprintable), "{bad:?}");
        }
        assert_eq!(without_hidden("App\u{200D}le می\u{200C}\u{200C}خواهم\n"), "Apple میخواهم\n");
    }

    #[test]
    fn what_shows_nothing_is_told_from_what_does() {
        for nothing in ["", " \n", "\u{200B}", "\u{200D}\u{FE0F}", "\u{3164} \u{202E}"] {
            assert!(!shows_something(nothing), "{nothing:?}");
        }
        assert!(shows_something("\u{200B}a"));
    }
}
