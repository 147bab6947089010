//! What no line may part: a number and what it counts, and the short words of Chinese and Japanese around a time.
//! Lines are broken where Unicode allows it, and that allows these; so spaces become such that bind, and joiners
//! go where there is no space.

use std::borrow::Cow;

const SPACE: char = '\u{a0}';
const JOINER: char = '\u{2060}';
/// From here on a text of Arabic digits runs from the right: alone, nothing in it says so.
const FROM_THE_RIGHT: char = '\u{200f}';

const UNITS: &[&str] = &[
    "%", "٪", "‰", "€", "£", "$", "₽", "°", "°C", "kg", "g", "mg", "km", "m", "cm", "mm", "l",
    "ml", "kWh", "GB", "MB", "TB", "h", "min", "am", "pm", "AM", "PM", "a.m.", "p.m.", "Uhr",
    "руб.",
];
/// Parts of a day, which stand before a number.
const HOURS: &[&str] =
    &["上午", "下午", "早上", "晚上", "中午", "凌晨", "午前", "午後", "오전", "오후"];
/// What follows a number without a space.
const COUNTED: &[char] = &[
    '折', '点', '點', '时', '時', '元', '円', '月', '日', '年', '号', '號', '份', '分', '秒', '岁',
    '人', '位', '天', '周', '割', '％', '원', '월', '일', '년', '시',
];
const NUMERALS: &[char] = &['一', '二', '两', '三', '四', '五', '六', '七', '八', '九', '十'];

/// A text with what belongs together bound, and its direction said where its letters do not.
pub(crate) fn bound(text: &str) -> Cow<'_, str> {
    let has_digits = text.chars().any(char::is_numeric);
    if !has_digits && !text.contains(NUMERALS) {
        return Cow::Borrowed(text);
    }
    let mut bound = String::with_capacity(text.len() + 8);
    if is_arabic_number(text) {
        bound.push(FROM_THE_RIGHT);
    }
    let mut before: Option<char> = None;
    for (at, c) in text.char_indices() {
        let (left, right) =
            (text.get(..at).unwrap_or_default(), text.get(at..).unwrap_or_default());
        match before {
            Some(last) if c == ' ' && binds_space(left, last, &right[1..]) => {
                bound.push(SPACE);
            }
            Some(last) if is_tied(left, last, c, right) => bound.extend([JOINER, c]),
            _ => bound.push(c),
        }
        before = Some(c);
    }
    Cow::Owned(bound)
}

/// Whether the space between two texts stands before a unit, or behind an ordinal: "24. Dezember".
fn binds_space(left: &str, last: char, right: &str) -> bool {
    let is_ordinal = || {
        let word = left.rsplit(' ').next().unwrap_or_default();
        let digits = word.strip_suffix('.').unwrap_or_default();
        matches!(digits.len(), 1 | 2) && digits.bytes().all(|b| b.is_ascii_digit())
    };
    last.is_numeric() && begins_with_unit(right) || last == '.' && is_ordinal()
}

fn begins_with_unit(text: &str) -> bool {
    UNITS.iter().any(|unit| {
        text.strip_prefix(unit).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
    })
}

/// Whether no line ends between a letter and the one before it.
fn is_tied(left: &str, last: char, c: char, right: &str) -> bool {
    let digit = |c: char| c.is_ascii_digit() || ('０'..='９').contains(&c);
    let behind_hour = || HOURS.iter().any(|hour| left.ends_with(hour));
    let within_hour = || {
        let starts = left.len() - last.len_utf8();
        HOURS.iter().any(|hour| {
            let both = hour.chars().eq([last, c]);
            let rest = right.get(c.len_utf8()..).unwrap_or_default();
            both && rest.trim_start().starts_with(digit) && starts < left.len()
        })
    };
    let in_range = || left.trim_end_matches(last).ends_with(digit);
    matches!(last, '–' | '—') && digit(c) && in_range()
        || digit(last) && COUNTED.contains(&c)
        || NUMERALS.contains(&last) && c == '折'
        || digit(c) && behind_hour()
        || within_hour()
}

/// Arabic or Persian digits, and no letters.
fn is_arabic_number(text: &str) -> bool {
    text.contains(|c| matches!(c, '\u{660}'..='\u{669}' | '\u{6f0}'..='\u{6f9}'))
        && !text.contains(char::is_alphabetic)
}
