//! What a brief asks for and nobody can set: words in scripts without a bundled typeface, or no words at all.
//! Whoever makes the picture asks first, and refuses with the reason rather than set boxes.

use crate::brief::{Brief, Intent};
use crate::fonts::{Face, Family};
use crate::text::Typesetter;

/// Why a brief cannot be set. Its `Display` is a sentence for whoever asked for the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unwritable {
    /// There are no words. A prompt of emoji alone comes to this, since they are left out.
    Nothing,
    /// Characters that no bundled typeface has, each once, in the order of their code points.
    Missing(Vec<char>),
}

/// What of a brief cannot be set; `None` when all of it can.
pub fn unwritable(brief: &Brief, setter: &mut Typesetter) -> Option<Unwritable> {
    let parts = [&brief.kicker, &brief.sub, &brief.call, &brief.figure, &brief.attribution];
    let parts = parts.into_iter().flatten().cloned().chain(brief.facts());
    let words: Vec<String> = std::iter::once(brief.headline.clone()).chain(parts).collect();
    let text = words.join("\n");
    if text.trim().is_empty() && brief.intent != Intent::Pattern {
        return Some(Unwritable::Nothing);
    }
    let missing = setter.missing(&text);
    (!missing.is_empty()).then_some(Unwritable::Missing(missing))
}

impl Typesetter {
    /// Characters of a text that are in none of the bundled typefaces: what one lacks, another may have.
    fn missing(&mut self, text: &str) -> Vec<char> {
        let mut missing = self.shape(text, Family::Inter.light(), 0.0, 1.0).missing;
        let faces = Family::ALL.into_iter().skip(1).map(Family::light);
        for face in faces {
            if missing.is_empty() {
                break;
            }
            missing = self.lacking(&missing, face);
        }
        missing
    }

    fn lacking(&mut self, of: &[char], face: Face) -> Vec<char> {
        let text: String = of.iter().collect();
        self.shape(&text, face, 0.0, 1.0).missing
    }
}

impl std::fmt::Display for Unwritable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const SHOWN: usize = 8;
        let Self::Missing(letters) = self else {
            return f.write_str("there are no words to set; emoji are left out");
        };
        f.write_str("no typeface here has these letters:")?;
        for letter in letters.iter().take(SHOWN) {
            write!(f, " {letter}")?;
        }
        f.write_str(if letters.len() > SHOWN { " …" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::read;

    #[test]
    fn letters_without_a_typeface_and_no_words_at_all_are_told() {
        let setter = &mut Typesetter::new();
        for prompt in [
            "Summer sale 🎉",
            "خصم ٢٥٪ على كل شيء، می‌خواهم",
            "全场5折，上午10点开始。",
            "Летняя распродажа – до 50 %",
            "שלום עולם",
            "봄맞이 할인 행사",
            "seamless geometric pattern",
            "★ Łódź, Ñandú, Ελλάδα ✓",
        ] {
            assert_eq!(unwritable(&read(prompt), setter), None, "{prompt}");
        }
        for prompt in ["नमस्ते दुनिया", "สวัสดี", "\"Sale\" \"नमस्ते\""]
        {
            let found = unwritable(&read(prompt), setter);
            let Some(Unwritable::Missing(letters)) = &found else { panic!("{prompt}: {found:?}") };
            assert!(letters.iter().all(|c| prompt.contains(*c) && !c.is_ascii()), "{letters:?}");
        }
        let said = unwritable(&read("สวัสดี"), setter).expect("Thai").to_string();
        assert!(said.starts_with("no typeface here has these letters: "), "{said}");
        for prompt in ["🎉🎉", "\"🔥\"", "!"] {
            assert_eq!(unwritable(&read(prompt), setter), Some(Unwritable::Nothing), "{prompt}");
        }
    }
}
