//! Emoji and other pictographs: no bundled typeface has them, and without them a text says the same.

/// A text without them. What joins, colours and varies them goes with them; elsewhere a joiner has its own use.
pub(super) fn left_out(text: &str) -> String {
    let mut kept = String::new();
    let mut is_behind_one = false;
    for c in text.chars() {
        let is_part = is_pictograph(c) || is_behind_one && c == '\u{200d}' || is_variation(c);
        is_behind_one = is_part;
        if !is_part {
            kept.push(c);
        }
    }
    kept
}

fn is_pictograph(c: char) -> bool {
    matches!(
        u32::from(c),
        // Emoji, symbols, flags, skin tones.
        0x1f000..=0x1faff
            // Older symbols and dingbats, except for what stands in texts: stars, ticks, notes, card suits.
            | 0x2600..=0x2604 | 0x2607..=0x263f | 0x2648..=0x265f | 0x2667..=0x2668 | 0x267b..=0x2712
            | 0x2714..=0x2716 | 0x2718..=0x275a | 0x2763..=0x2767 | 0x2795..=0x2797 | 0x27b0 | 0x27bf
            | 0x231a..=0x231b | 0x23e9..=0x23ff | 0x2b1b..=0x2b1c | 0x2b50 | 0x2b55
    )
}

/// Variation selectors of emoji, the ring of a keycap, tags of flags.
fn is_variation(c: char) -> bool {
    matches!(u32::from(c), 0xfe0e..=0xfe0f | 0x20e3 | 0xe0020..=0xe007f)
}
