//! Names that people choose: for keys, for themselves.

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
    if name.chars().any(is_deceptive) {
        return Err(NameError::Unprintable);
    }
    Ok(name.to_owned())
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
}
