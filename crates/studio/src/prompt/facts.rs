//! Numbers, dates, times: what must not get lost on the way to the picture.

use super::{clauses, quoted};
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

const WEEKDAYS: &[&str] = &[
    "mon",
    "tue",
    "tues",
    "wed",
    "thu",
    "thur",
    "thurs",
    "fri",
    "sat",
    "sun",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "montag",
    "dienstag",
    "mittwoch",
    "donnerstag",
    "freitag",
    "samstag",
    "sonntag",
    "lundi",
    "mardi",
    "mercredi",
    "jeudi",
    "vendredi",
    "samedi",
    "dimanche",
    "lunes",
    "martes",
    "miércoles",
    "jueves",
    "viernes",
    "sábado",
    "domingo",
];
/// Between the ends of a range.
const RANGE: &[&str] = &["-", "–", "—", "to", "bis", "au", "al", "a", "по"];

/// Notes the number, the date and the time that a prompt names.
pub(super) fn note(brief: &mut Brief, prompt: &str) {
    let raw: Vec<&str> = prompt.split_whitespace().collect();
    let bare: Vec<&str> = raw.iter().map(|token| bare(token)).collect();
    brief.date = date(&raw, &bare);
    let taken = brief.date.as_ref().map(|date| date.text.clone()).unwrap_or_default();
    brief.figure = figure(&bare, &taken, brief.intent);
    let mut at = 0;
    while at < bare.len() {
        let Some(count) = time(&bare, at) else {
            at += 1;
            continue;
        };
        brief.details.push(bare.get(at..at + count).unwrap_or_default().join(" "));
        at += count;
    }
    if matches!(brief.intent, Intent::Event) {
        brief.details.extend(place(prompt));
    }
}

/// A word without the marks around it. An ordinal keeps its stop: "24. Dezember", "24.12.", "1. First".
fn bare(token: &str) -> &str {
    let token = token
        .trim_start_matches(|c: char| ",;:.!?()[]\"“”«»'".contains(c))
        .trim_end_matches(|c: char| ",;:!?()[]\"“”«»'".contains(c));
    let stem = token.trim_end_matches('.');
    let is_short =
        |part: &str| matches!(part.len(), 1 | 2) && part.bytes().all(|b| b.is_ascii_digit());
    let is_ordinal = stem.split('.').count() <= 2 && stem.split('.').all(is_short);
    if is_ordinal { token } else { stem }
}

pub(super) fn is_month(word: &str) -> bool {
    let word = word.trim_end_matches(|c: char| !c.is_alphanumeric());
    word.starts_with(char::is_alphabetic) && MONTHS.contains(&word.to_lowercase().as_str())
}

/// The name behind a dash: "great service – Ana, Porto".
pub(super) fn speaker(words: &str) -> Option<String> {
    let words = words.trim().trim_start_matches(['-', '–', '—']).trim();
    let short = words.split_whitespace().count() <= 6 && words.chars().count() <= 60;
    (short && quoted::names_somebody(words)).then(|| words.to_owned())
}

fn date(raw: &[&str], bare: &[&str]) -> Option<DateText> {
    let numeric = |token: &str| {
        // Which of the numbers is the day, nobody can tell of 03/04/2027, so that none is set by itself.
        is_numeric_date(token).then(|| DateText { text: token.to_owned(), day: None, month: None })
    };
    bare.iter()
        .enumerate()
        .find_map(|(at, token)| numeric(token).or_else(|| around_month(raw, bare, at)))
}

/// `2027-04-03`, `03/04/2027`, `31.12.26`.
fn is_numeric_date(token: &str) -> bool {
    let parts: Vec<&str> = token.split(['-', '.', '/']).collect();
    let digits =
        parts.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    digits && matches!(&lengths[..], [4, 1 | 2, 1 | 2] | [1 | 2, 1 | 2, 2 | 4])
}

fn around_month(raw: &[&str], bare: &[&str], at: usize) -> Option<DateText> {
    let month = *bare.get(at)?;
    if !is_month(month) {
        return None;
    }
    let word = |i: Option<usize>| i.and_then(|i| bare.get(i)).copied().unwrap_or_default();
    let joins = |i: Option<usize>| RANGE.contains(&word(i).to_lowercase().as_str());
    let (left, right) = (|n: usize| at.checked_sub(n), |n: usize| Some(at + n));
    // From the first word of the date to the last one; the day of a range that is spread over words is none.
    let (day, mut from, mut to) = if let Some(day) = day_of(word(left(1))) {
        let is_range = joins(left(2)) && day_of(word(left(3))).is_some();
        (Some(day).filter(|_| !is_range), at - if is_range { 3 } else { 1 }, at)
    } else {
        let day = day_of(word(right(1)))?;
        let is_range = joins(right(2)) && day_of(word(right(3))).is_some();
        (Some(day).filter(|_| !is_range), at, at + if is_range { 3 } else { 1 })
    };
    let is_year = |token: &str| {
        token.len() == 4 && token.parse::<u16>().is_ok_and(|year| (1900..2200).contains(&year))
    };
    if is_year(word(Some(to + 1))) {
        to += 1;
    }
    // "on Thursday, 12 May" would leave its "on" behind.
    let raw_at = |at: Option<usize>| at.and_then(|at| raw.get(at)).copied();
    let goes_with = raw_at(from.checked_sub(1)).is_some_and(|day| {
        !day.ends_with(',') || raw_at(from.checked_sub(2)).is_none_or(|w| w.ends_with([',', ':']))
    });
    if goes_with && WEEKDAYS.contains(&word(from.checked_sub(1)).to_lowercase().as_str()) {
        from -= 1;
    }
    let text = raw.get(from..=to)?.join(" ");
    let kept = text.find(word(Some(from))).and_then(|start| text.get(start..)).unwrap_or(&text);
    let end = kept.rfind(word(Some(to))).map_or(kept.len(), |start| start + word(Some(to)).len());
    let text = kept.get(..end).unwrap_or(kept).to_owned();
    Some(DateText { text, day, month: Some(month.to_owned()) })
}

/// The day of a month as it is set: `7th` is 7, `27-30` is both.
fn day_of(token: &str) -> Option<String> {
    let is_day = |text: &str| text.parse::<u8>().is_ok_and(|day| (1..=31).contains(&day));
    if let Some((first, last)) = token.split_once(['-', '–', '—']) {
        return (is_day(first) && is_day(last)).then(|| token.to_owned());
    }
    let digits = token.trim_end_matches(|c: char| c.is_alphabetic() || c == '.');
    is_day(digits).then(|| digits.to_owned())
}

/// How many words from here on are a time: `18:30`, `6 pm`, `18:30–21:00`, `10:00 - 18:00`.
fn time(tokens: &[&str], at: usize) -> Option<usize> {
    let one = |at: usize| -> Option<usize> {
        let lower = tokens.get(at)?.to_lowercase();
        if let Some(hour) = lower.strip_suffix("am").or_else(|| lower.strip_suffix("pm")) {
            return is_clock(hour).then_some(1);
        }
        let half = |next: &&str| matches!(next.to_lowercase().as_str(), "am" | "pm");
        if is_clock(&lower) && tokens.get(at + 1).is_some_and(half) {
            return Some(2);
        }
        let full = |text: &str| text.contains(':') && is_clock(text);
        let both = lower.split_once(['-', '–', '—']).is_some_and(|(a, b)| full(a) && full(b));
        (full(&lower) || both).then_some(1)
    };
    let first = one(at)?;
    let joins = tokens.get(at + first).is_some_and(|t| RANGE.contains(&t.to_lowercase().as_str()));
    let last = one(at + first + 1).filter(|_| joins);
    Some(first + last.map_or(0, |last| 1 + last))
}

fn is_clock(text: &str) -> bool {
    let (h, m) = text.split_once([':', '.']).unwrap_or((text, "00"));
    h.parse::<u8>().is_ok_and(|h| h < 25) && m.len() == 2 && m.parse::<u8>().is_ok_and(|m| m < 60)
}

/// Short capitalised clauses that follow each other and name a place: "Gallery One, Whitstable", the last of them.
fn place(prompt: &str) -> Option<String> {
    let clauses = clauses::of(prompt);
    let is_named = |pair: &[clauses::Clause]| {
        let [before, clause] = pair else { return false };
        let text = clause.text.as_str();
        let words: Vec<&str> = text.split_whitespace().collect();
        let first = words.first().map(|word| word.to_lowercase()).unwrap_or_default();
        let commands = ["use", "make", "keep", "with", "in", "add", "rsvp"];
        // A sentence begins with a capital, too, and so does whoever comes with it.
        before.stop().is_none()
            && before.after != " with "
            && text.starts_with(char::is_uppercase)
            && !text.chars().any(|c| c.is_ascii_digit() || "\"“:@".contains(c))
            && !commands.contains(&first.as_str())
            && !words.iter().any(|word| is_month(word))
            && !WEEKDAYS.contains(&text.to_lowercase().as_str())
            && (1..=4).contains(&words.len())
    };
    let named: Vec<bool> = clauses.windows(2).map(is_named).collect();
    let last = named.iter().rposition(|is_named| *is_named)?;
    let first = named.get(..last)?.iter().rposition(|is_named| !is_named).map_or(0, |at| at + 1);
    let run = clauses.get(first + 1..last + 2)?;
    Some(run.iter().map(|clause| clause.text.as_str()).collect::<Vec<_>>().join(", "))
}

/// The number that carries a message. A percentage counts before a price, a price before a count; a year, a
/// time and a day are none.
fn figure(tokens: &[&str], date: &str, intent: Intent) -> Option<String> {
    let ranked = tokens.iter().enumerate().filter_map(|(at, token)| {
        let rank = rank(token, tokens.get(at + 1).copied(), intent)?;
        (!date.contains(token)).then_some((rank, at))
    });
    let best = ranked.min();
    // "3 out of 4" is no 3.
    if best.is_none_or(|(rank, _)| rank == COUNT)
        && intent == Intent::Statistic
        && let Some(share) = (0..tokens.len()).find_map(|at| share(tokens, at))
    {
        return Some(share);
    }
    let (rank, at) = best?;
    let token = *tokens.get(at)?;
    let next = tokens.get(at + 1).copied().unwrap_or_default();
    let number = match next {
        _ if token.ends_with(['%', '٪']) => token.to_owned(),
        "%" | "٪" => format!("{token} {next}"),
        _ if next.to_lowercase() == "percent" => format!("{token}%"),
        _ => token.to_owned(),
    };
    // Without these words it would promise more.
    let before = tokens.get(..at).unwrap_or_default();
    let bound = BOUNDS.iter().find(|(words, only_of_prices)| {
        let said = before.get(at.saturating_sub(words.len())..).unwrap_or_default();
        let alike =
            said.iter().map(|word| word.to_lowercase()).eq(words.iter().map(|w| (*w).to_owned()));
        alike && (rank == PRICE || !only_of_prices)
    });
    let words = bound.map_or(0, |(words, _)| words.len());
    let said = before.get(at - words..).unwrap_or_default();
    Some(said.iter().copied().chain([number.as_str()]).collect::<Vec<_>>().join(" "))
}

const PRICE: u8 = 1;
const COUNT: u8 = 3;
/// What limits a number, and whether it does so of prices only: "from 9 to 5" is no limit.
const BOUNDS: &[(&[&str], bool)] = &[
    (&["up", "to"], false),
    (&["bis", "zu"], false),
    (&["jusqu'à"], false),
    (&["jusqu’à"], false),
    (&["hasta"], false),
    (&["fino", "al"], false),
    (&["até"], false),
    (&["до"], false),
    (&["from"], true),
    (&["ab"], true),
    (&["dès"], true),
    (&["desde"], true),
    (&["от"], true),
];

/// `3 out of 4`, `1 in 3`.
fn share(tokens: &[&str], at: usize) -> Option<String> {
    let is_count = |token: &&str| token.len() <= 3 && token.parse::<u16>().is_ok();
    tokens.get(at).filter(|token| is_count(token))?;
    let joints: [&[&str]; 6] = [&["out", "of"], &["of"], &["in"], &["von"], &["из"], &["sur"]];
    joints.iter().find_map(|joint| {
        let all = tokens.get(at..at + joint.len() + 2)?;
        let (between, last) = (all.get(1..=joint.len())?, all.last()?);
        (between == *joint && is_count(last)).then(|| all.join(" "))
    })
}

fn rank(token: &str, next: Option<&str>, intent: Intent) -> Option<u8> {
    let digits = token.chars().filter(|c| c.is_numeric()).count();
    let number = token.chars().all(|c| c.is_numeric() || ".,٫٬".contains(c));
    if digits == 0 || token.contains(':') || token.ends_with('.') || is_numeric_date(token) {
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
        return Some(PRICE);
    }
    let lower = token.to_lowercase();
    // How many pixels there are to be.
    if matches!(lower.as_str(), "4k" | "8k") && intent != Intent::Statistic {
        return None;
    }
    let unit = lower.strip_suffix(['x', '×', 'k', 'm', '+']).or_else(|| lower.strip_suffix("bn"));
    if unit
        .is_some_and(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit() || ".,".contains(c)))
    {
        return Some(2);
    }
    // Of `24.12` nobody knows whether it is a date.
    let grouped = number && token.split([',', '.']).nth(1).is_some_and(|group| group.len() == 3);
    let counted =
        number && intent == Intent::Statistic && !(digits == 4 && token.starts_with(['1', '2']));
    (grouped || counted).then_some(COUNT)
}
