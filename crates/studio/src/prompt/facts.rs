//! Numbers, dates, times: what must not get lost on the way to the picture.

use crate::brief::{Brief, DateText, Intent};

const MONTHS: &[&str] = &[
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "jan",
    "feb",
    "mar",
    "apr",
    "jun",
    "jul",
    "aug",
    "sep",
    "sept",
    "oct",
    "nov",
    "dec",
    "januar",
    "februar",
    "märz",
    "mai",
    "juni",
    "juli",
    "oktober",
    "dezember",
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
    "janvier",
    "février",
    "mars",
    "avril",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
    "января",
    "февраля",
    "марта",
    "апреля",
    "мая",
    "июня",
    "июля",
    "августа",
    "сентября",
    "октября",
    "ноября",
    "декабря",
];

/// Notes the number, the date and the time that a prompt names.
pub(super) fn note(brief: &mut Brief, prompt: &str) {
    let tokens: Vec<&str> = prompt.split_whitespace().collect();
    let bare: Vec<&str> =
        tokens.iter().map(|t| t.trim_matches(|c: char| ",;.!?()[]\"“”«»'".contains(c))).collect();
    brief.date = date(&bare);
    let taken = brief.date.as_ref().map(|date| date.text.clone()).unwrap_or_default();
    brief.figure = figure(&bare, &taken, brief.intent);
    for (at, token) in bare.iter().enumerate() {
        if let Some(time) = time(token, bare.get(at + 1).copied()) {
            brief.details.push(time);
        }
    }
    if matches!(brief.intent, Intent::Event) {
        brief.details.extend(place(prompt));
    }
}

/// The name behind a dash: "great service – Ana, Porto".
pub(super) fn speaker(words: &str) -> Option<String> {
    let words = words.trim().trim_start_matches(['-', '–', '—']).trim();
    let short = words.split_whitespace().count() <= 6 && words.chars().count() <= 60;
    (short && words.chars().next().is_some_and(char::is_uppercase)).then(|| words.to_owned())
}

fn date(tokens: &[&str]) -> Option<DateText> {
    tokens
        .iter()
        .enumerate()
        .find_map(|(at, token)| iso(token).or_else(|| around_month(tokens, at)))
}

fn iso(token: &str) -> Option<DateText> {
    let parts: Vec<&str> = token.split(['-', '.', '/']).collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    let digits =
        parts.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    let day = match (digits, &lengths[..]) {
        (true, [4, 2, 2]) => parts.get(2),
        (true, [1 | 2, 1 | 2, 4]) => parts.first(),
        _ => None,
    }?;
    Some(DateText { text: token.to_owned(), day: Some((*day).to_owned()), month: None })
}

fn around_month(tokens: &[&str], at: usize) -> Option<DateText> {
    let word = *tokens.get(at)?;
    let is_month = word.chars().next().is_some_and(char::is_alphabetic)
        && MONTHS.contains(&word.to_lowercase().as_str());
    if !is_month {
        return None;
    }
    let day_of = |token: &str| {
        let digits = token.trim_end_matches(|c: char| c.is_alphabetic() || c == '.');
        let fits = digits.parse::<u8>().is_ok_and(|day| (1..=31).contains(&day));
        fits.then(|| digits.to_owned())
    };
    let before =
        at.checked_sub(1).and_then(|i| tokens.get(i)).and_then(|t| day_of(t).map(|d| (d, *t)));
    let after = tokens.get(at + 1).and_then(|t| day_of(t).map(|d| (d, *t)));
    let year = |i: usize| {
        tokens
            .get(i)
            .filter(|t| t.len() == 4 && t.parse::<u16>().is_ok_and(|y| (1900..2200).contains(&y)))
    };
    let (day, mut text, next) = match (before, after) {
        (Some((day, token)), _) => (day, format!("{token} {word}"), at + 1),
        (None, Some((day, token))) => (day, format!("{word} {token}"), at + 2),
        (None, None) => return None,
    };
    if let Some(year) = year(next) {
        text = format!("{text} {year}");
    }
    Some(DateText { text, day: Some(day), month: Some(word.to_owned()) })
}

fn time(token: &str, next: Option<&str>) -> Option<String> {
    let lower = token.to_lowercase();
    let clock = |text: &str| {
        let (h, m) = text.split_once([':', '.']).unwrap_or((text, "00"));
        h.parse::<u8>().is_ok_and(|h| h < 25)
            && m.len() == 2
            && m.parse::<u8>().is_ok_and(|m| m < 60)
    };
    if let Some(hour) = lower.strip_suffix("am").or_else(|| lower.strip_suffix("pm")) {
        return clock(hour).then(|| token.to_owned());
    }
    let half = next.filter(|n| matches!(n.to_lowercase().as_str(), "am" | "pm"));
    if let Some(half) = half.filter(|_| clock(token)) {
        return Some(format!("{token} {half}"));
    }
    (token.contains(':') && clock(token)).then(|| token.to_owned())
}

/// A short clause that names a place: "at the Old Mill", or a lone capitalised word at the end.
fn place(prompt: &str) -> Option<String> {
    let clauses: Vec<&str> = prompt.split([',', '\n', ';', '·', '|']).map(str::trim).collect();
    clauses.iter().skip(1).rev().find_map(|clause| {
        let clause = clause.trim_end_matches('.');
        let words: Vec<&str> = clause.split_whitespace().collect();
        let named = clause.chars().next().is_some_and(char::is_uppercase);
        let plain = !clause.chars().any(|c| c.is_ascii_digit() || "\"“:".contains(c));
        let command = ["use", "make", "keep", "with", "in", "add"]
            .contains(&clause.to_lowercase().split(' ').next().unwrap_or(""));
        let month = words.iter().any(|word| MONTHS.contains(&word.to_lowercase().as_str()));
        (named && plain && !command && !month && (1..=4).contains(&words.len()))
            .then(|| clause.to_owned())
    })
}

/// The number that carries a message. A percentage counts before a price, a price before a count; a year, a
/// time and a day are none.
fn figure(tokens: &[&str], date: &str, intent: Intent) -> Option<String> {
    let ranked = tokens.iter().enumerate().filter_map(|(at, token)| {
        let rank = rank(token, tokens.get(at + 1).copied(), intent)?;
        (!date.contains(token)).then_some((rank, at))
    });
    let (_, at) = ranked.min()?;
    let token = tokens.get(at)?;
    let percent =
        tokens.get(at + 1).filter(|next| **next == "%" || next.to_lowercase() == "percent");
    Some(if percent.is_some() && !token.ends_with('%') {
        format!("{token}%")
    } else {
        (*token).to_owned()
    })
}

fn rank(token: &str, next: Option<&str>, intent: Intent) -> Option<u8> {
    let digits = token.chars().filter(|c| c.is_numeric()).count();
    let number = token.chars().all(|c| c.is_numeric() || ".,٫٬".contains(c));
    if digits == 0 || token.contains(':') {
        return None;
    }
    let percent = token.ends_with(['%', '٪'])
        || next.is_some_and(|n| n == "%" || n.to_lowercase() == "percent");
    let core = token.trim_start_matches(['-', '+']).trim_end_matches(['%', '٪']);
    if percent && core.chars().all(|c| c.is_numeric() || ".,٫".contains(c)) {
        return Some(0);
    }
    let money = token.starts_with(['$', '€', '£', '¥', '₽']) || token.ends_with(['€', '£', '₽']);
    if money && token.chars().count() <= 10 {
        return Some(1);
    }
    let lower = token.to_lowercase();
    let unit = lower.strip_suffix(['x', '×', 'k', 'm', '+']).or_else(|| lower.strip_suffix("bn"));
    if unit
        .is_some_and(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit() || ".,".contains(c)))
    {
        return Some(2);
    }
    let grouped = number && token.contains([',', '.']) && digits >= 4;
    let counted =
        number && intent == Intent::Statistic && !(digits == 4 && token.starts_with(['1', '2']));
    (grouped || counted).then_some(3)
}
