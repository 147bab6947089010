//! How commands begin in other languages, as far as a phrase can tell. Instructions are read in English; these
//! few are those that would otherwise be the loudest words of a picture.

/// Whole commands: what follows is the message.
const PHRASES: &[&str] = &[
    "plakat mit der überschrift",
    "poster mit der überschrift",
    "plakat mit dem titel",
    "erstelle ein plakat für",
    "erstelle einen post für",
    "erstelle einen beitrag über",
    "сделай пост для инстаграма",
    "сделай пост для инстаграм",
    "создай пост для инстаграма",
    "сделай пост про",
    "сделай пост о",
    "сделай афишу",
    "crée une affiche pour",
    "crea un cartel para",
    "crea una publicación sobre",
    "صمم منشورا عن",
    "صمم منشوراً عن",
    "صمم ملصقا عن",
];
/// Names of what is to be made, which only a mark behind them tells from a message.
const NAMES: &[&str] =
    &["plakat", "beitrag", "афиша", "плакат", "пост", "affiche", "cartel", "海报", "منشور", "ملصق"];
/// `为 … 做一张海报`: what it is for, and what is to be made.
const FOR: &[&str] = &["为", "给"];
const MAKE: &[&str] = &["做一张海报", "制作一张海报", "设计一张海报", "做张海报"];
const MARKS: &[char] = &[':', '：', ',', '，', '-', '–', '—', '.', '。', ' ', '\n'];

/// A text without the command it begins with.
pub(super) fn without(text: &str) -> &str {
    let text = text.trim();
    let behind = |phrase: &str| {
        let mut rest = text.char_indices();
        // Letter by letter: small letters may be longer than large ones.
        for wanted in phrase.chars() {
            let (_, c) = rest.next()?;
            if c != wanted && !c.to_lowercase().eq([wanted]) {
                return None;
            }
        }
        Some(rest.as_str())
    };
    let begins = |rest: &&str| rest.starts_with(MARKS);
    if let Some(rest) = PHRASES.iter().find_map(|phrase| behind(phrase).filter(begins)) {
        return rest.trim_start_matches(MARKS);
    }
    let marked = |rest: &&str| rest.trim_start_matches(' ').starts_with([':', '：', '\n']);
    if let Some(rest) = NAMES.iter().find_map(|name| behind(name).filter(marked)) {
        return rest.trim_start_matches(MARKS);
    }
    let made = FOR
        .iter()
        .find_map(|sign| behind(sign))
        .and_then(|rest| MAKE.iter().find_map(|make| rest.split_once(make)));
    match made.map(|(what, rest)| (what, rest.trim_start_matches(MARKS))) {
        Some((what, "")) => what,
        Some((_, rest)) => rest,
        None => text,
    }
}
