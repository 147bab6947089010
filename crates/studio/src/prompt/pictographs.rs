//! Emoji and other pictographs: no bundled typeface has them, and without them a text says the same.

/// A text without them. What joins, colours and varies them goes with them; elsewhere a joiner has its own use.
pub(super) fn left_out(text: &str) -> String {
    let mut kept = String::new();
    let mut is_behind_one = false;
    for (at, c) in text.char_indices() {
        let rest = text.get(at + c.len_utf8()..).unwrap_or_default();
        let is_part = is_pictograph(c)
            || is_variation(c)
            || is_behind_one && c == '\u{200d}'
            || is_arrow(c) && points_at_nothing(&kept, rest);
        is_behind_one = is_part;
        if !is_part {
            kept.push(c);
        }
    }
    kept
}

/// Emoji, symbols, flags, skin tones; shapes, stars, ticks and dingbats.
fn is_pictograph(c: char) -> bool {
    matches!(
        u32::from(c),
        0x1f000..=0x1faff | 0x2300..=0x23ff | 0x2500..=0x27bf | 0x2b00..=0x2bff
    )
}

/// Variation selectors of emoji, the ring of a keycap, tags of flags.
fn is_variation(c: char) -> bool {
    matches!(u32::from(c), 0xfe0e..=0xfe0f | 0x20e3 | 0xe0020..=0xe007f)
}

fn is_arrow(c: char) -> bool {
    matches!(u32::from(c), 0x2190..=0x21ff | 0x2900..=0x297f)
}

/// "Shop now →" says the same without it; "10 → 20" does not.
fn points_at_nothing(before: &str, after: &str) -> bool {
    let marks = ['"', '”', '“', '»', '」', '’'];
    after.trim_start_matches(' ').is_empty()
        || after.trim_start_matches(' ').starts_with('\n')
        || after.starts_with(marks) && !before.trim_end().ends_with(marks)
}
