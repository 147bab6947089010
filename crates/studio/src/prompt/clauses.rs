//! Parts a text into clauses, and joins them again as they were typed.

use super::facts;

/// A piece of a text, and what stood between it and the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clause {
    pub(super) text: String,
    pub(super) after: String,
}

/// Behind these a full stop ends no sentence. Months and "No." are of them only before a digit.
const ABBREVIATED: &[&str] = &[
    "dr", "mr", "mrs", "ms", "mx", "prof", "st", "vs", "etc", "inc", "ltd", "co", "corp", "approx",
    "tel", "ca", "bzw", "usw", "ggf", "inkl", "zzgl", "str", "jr", "sr", "sra", "mme", "mlle",
    "dott", "ул", "им", "г", "см",
];
const BEFORE_DIGITS: &[&str] = &[
    "no", "nr", "nos", "vol", "ch", "p", "pp", "jan", "feb", "mar", "apr", "jun", "jul", "aug",
    "sep", "sept", "oct", "nov", "dec", "okt", "dez", "стр",
];

/// Clauses end at stops, at commas, at lines, and where "with" begins an addition.
pub(super) fn of(text: &str) -> Vec<Clause> {
    let mut clauses: Vec<Clause> = Vec::new();
    let mut open = String::new();
    let mut close = |open: &mut String, after: &str| {
        if open.chars().any(char::is_alphanumeric) {
            clauses.push(Clause { text: open.trim().to_owned(), after: after.to_owned() });
        } else if let Some(last) = clauses.last_mut() {
            last.after.push_str(after);
        }
        open.clear();
    };
    for (at, c) in text.char_indices() {
        let rest = text.get(at + c.len_utf8()..).unwrap_or_default();
        let is_last = rest.chars().next().is_none_or(char::is_whitespace);
        let ends = match c {
            ';' | '·' | '|' | '。' | '、' | '،' | '…' | '\n' => true,
            ',' | '!' | '?' | ':' => is_last,
            '.' => is_last && ends_sentence(&open, rest.trim_start()),
            _ => false,
        };
        if ends {
            close(&mut open, &if c == '\n' { "\n".to_owned() } else { format!("{c} ") });
            continue;
        }
        if rest.starts_with(" with ") {
            open.push(c);
            close(&mut open, " with ");
            continue;
        }
        open.push(c);
    }
    close(&mut open, "");
    for at in 1..clauses.len() {
        let is_added = clauses.get(at - 1).is_some_and(|before| before.after.ends_with(" with "));
        if let Some(clause) = clauses.get_mut(at).filter(|_| is_added) {
            let text = clause.text.trim_start_matches("with ").to_owned();
            clause.text = text;
        }
    }
    clauses
}

/// Whether a full stop behind this text and before that one ends a sentence: it does not in "Dr. Lee", "9 p.m. on",
/// "J. Miller", "No. 5", "1. First" and "24. Dezember".
fn ends_sentence(before: &str, after: &str) -> bool {
    let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    let lower = word.trim_start_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let is_short = |part: &str| part.chars().count() <= 2 && part.chars().all(char::is_alphabetic);
    let is_initials =
        lower.split('.').all(is_short) && (lower.contains('.') || lower.chars().count() == 1);
    let is_ordinal = matches!(lower.len(), 1 | 2) && lower.bytes().all(|b| b.is_ascii_digit());
    let begins = before.trim() == word;
    let is_month = || facts::is_month(after.split_whitespace().next().unwrap_or_default());
    let before_digit = after.starts_with(|c: char| c.is_numeric());
    !(ABBREVIATED.contains(&lower.as_str())
        || is_initials
        || BEFORE_DIGITS.contains(&lower.as_str()) && before_digit
        || is_ordinal && (begins || is_month()))
        // The last one ends all of it, whatever it stands behind.
        || after.is_empty() && !is_initials
}

impl Clause {
    /// The stop of a sentence behind it, where there is one.
    pub(super) fn stop(&self) -> Option<char> {
        self.after.chars().find(|c| ".!?…。".contains(*c))
    }

    /// What is between this and what follows when the clause between them is left out.
    pub(super) fn skip(&mut self, left_out: &Self) {
        if self.stop().is_none() {
            let stop = left_out.stop().map_or(", ".to_owned(), |stop| format!("{stop} "));
            self.after = stop;
        }
    }
}

/// The clauses as one text, as they were typed; lines become points of a list, and no comma is left at the end.
pub(super) fn joined(clauses: &[Clause]) -> String {
    let mut text = String::new();
    for (at, clause) in clauses.iter().enumerate() {
        text.push_str(&clause.text);
        let stops = clause.after.replace('\n', " ");
        let stops: String = stops.split_whitespace().collect::<Vec<_>>().join("");
        let is_line = clause.after.contains('\n');
        match (at + 1 == clauses.len(), stops.as_str()) {
            (true, stops) => {
                text.push_str(stops.trim_end_matches([',', ':', ';', '·', '|', '、', '،']));
            }
            (false, "" | "·") if is_line || stops == "·" => text.push_str(" · "),
            (false, "") => text.push(' '),
            (false, "with") => text.push_str(" with "),
            (false, "|") => text.push_str(" | "),
            (false, "。" | "、") => text.push_str(&stops),
            (false, _) => {
                text.push_str(&stops);
                text.push(' ');
            }
        }
    }
    if text.ends_with("with") { text.trim_end_matches("with").trim_end().to_owned() } else { text }
}
