use super::*;
use crate::fonts::Family;

fn shaped(setter: &mut Typesetter, text: &str) -> Shaped {
    setter.shape(text, Face { family: Family::Inter, weight: 400 }, 0.0, 1.1)
}

/// The glyphs of a text as they stand from left to right, and where each stands.
fn glyphs(setter: &mut Typesetter, text: &str) -> Vec<(u32, f32)> {
    let shaped = shaped(setter, text);
    assert!(shaped.missing.is_empty(), "{text}: no glyph for {:?}", shaped.missing);
    let mut all = Vec::new();
    for line in shaped.layout.lines() {
        for item in line.items() {
            let PositionedLayoutItem::GlyphRun(run) = item else { continue };
            all.extend(run.positioned_glyphs().map(|glyph| (glyph.id, glyph.x)));
        }
    }
    all.sort_by(|a, b| a.1.total_cmp(&b.1));
    all
}

fn ids(setter: &mut Typesetter, text: &str) -> Vec<u32> {
    glyphs(setter, text).into_iter().map(|(id, _)| id).collect()
}

#[test]
fn arabic_letters_join() {
    let setter = &mut Typesetter::new();
    let alone = ids(setter, "ب");
    let three = ids(setter, "ببب");
    assert_eq!((alone.len(), three.len()), (1, 3));
    // The first, one in the middle and the last have shapes of their own, and none that of a lone letter.
    assert!(!three.contains(&alone[0]), "{three:?} {alone:?}");
    assert!(three[0] != three[1] && three[1] != three[2], "{three:?}");
    // Nothing parts them: no gap between the ink of one letter and that of the next.
    let mut joined = shaped(setter, "ببب");
    let block = Typesetter::set(&mut joined, 100.0, 1_000.0, Align::Start);
    let mut parted = shaped(setter, "ب ب ب");
    let apart = Typesetter::set(&mut parted, 100.0, 1_000.0, Align::Start);
    assert!(block.width < apart.width, "{} {}", block.width, apart.width);
}

#[test]
fn arabic_runs_from_the_right_and_numbers_in_it_from_the_left() {
    let setter = &mut Typesetter::new();
    let (alef, dal) = (ids(setter, "ا")[0], ids(setter, "د")[0]);
    // These two do not join, so that each keeps its shape.
    assert_eq!(ids(setter, "اد"), [dal, alef]);
    assert!(shaped(setter, "اد").rtl && !shaped(setter, "ab").rtl);
    let digits = ids(setter, "15");
    let mixed = ids(setter, "اد 15");
    assert_eq!(mixed.first().zip(mixed.get(1)), digits.first().zip(digits.get(1)), "{mixed:?}");
    assert_eq!(mixed[mixed.len() - 2..], [dal, alef], "{mixed:?}");
    // In a text that runs from the left, Arabic stands where it is and runs the other way.
    let (a, b) = (ids(setter, "a")[0], ids(setter, "b")[0]);
    let within = ids(setter, "a اد b");
    assert_eq!((within.first(), within.last()), (Some(&a), Some(&b)), "{within:?}");
    let place = |id| within.iter().position(|found| *found == id);
    assert!(place(dal) < place(alef), "{within:?}");
}

#[test]
fn kana_and_hangul_have_glyphs_and_lines_break_between_them() {
    let setter = &mut Typesetter::new();
    for text in ["ひらがなとカタカナ", "봄맞이 할인 행사", "夏季新品现已上市"]
    {
        let letters = text.chars().filter(|c| !c.is_whitespace()).count();
        let glyphs = ids(setter, text);
        assert!(glyphs.len() >= letters, "{text}: {glyphs:?}");
        let mut shaped = shaped(setter, text);
        let one = Typesetter::set(&mut shaped, 100.0, 10_000.0, Align::Start);
        let several = Typesetter::set(&mut shaped, 100.0, 450.0, Align::Start);
        assert!(one.lines == 1 && several.lines > 1, "{text}: {} {}", one.lines, several.lines);
        assert!(several.width <= 460.0, "{text}: {}", several.width);
    }
}

#[test]
fn no_korean_word_is_broken() {
    let mut shaped = shaped(&mut Typesetter::new(), "여름 신상품 출시");
    // Three words, of which no two stand side by side in this; broken anywhere, they would take two lines.
    assert_eq!(Typesetter::set(&mut shaped, 100.0, 420.0, Align::Start).lines, 3);
}

/// The lines of a text when no more than this much fits into one.
fn lines(setter: &mut Typesetter, text: &str, width: f32) -> Vec<String> {
    let mut shaped = shaped(setter, text);
    assert!(shaped.missing.is_empty(), "{text}: no glyph for {:?}", shaped.missing);
    shaped.break_at(width);
    let text = bound(text);
    let lines = shaped.layout.lines().map(|line| text[line.text_range()].replace('\u{2060}', ""));
    lines.map(|line| line.trim_end().replace('\u{a0}', " ")).collect()
}

#[test]
fn no_line_parts_a_number_from_what_it_counts() {
    let setter = &mut Typesetter::new();
    for (text, whole) in [
        ("Minus 40 % auf alle", "40 %"),
        ("Doors open 6 pm today", "6 pm"),
        ("全场5折上午10点开始", "5折"),
        ("全场5折上午10点开始", "上午10点"),
        ("全场八折限时一周", "八折"),
        ("Open Thu 18:30–21:00 only", "18:30–21:00"),
        ("Geschlossen am 24. Dezember ab zwei", "24. Dezember"),
        ("Ab 10 Uhr: nur 5 €!", "5 €"),
    ] {
        let widths = (1..90).map(|at| at as f32 * 250.0);
        let broken = widths.map(|width| lines(setter, text, width));
        let mut counts = Vec::new();
        for lines in broken {
            // A line takes the word that is wider than itself.
            assert!(lines.iter().any(|line| line.contains(whole)), "{whole}: {lines:?}");
            counts.push(lines.len());
        }
        assert!(counts.contains(&1) && counts.iter().any(|count| *count > 2), "{text}: {counts:?}");
    }
}

#[test]
fn a_number_of_arabic_digits_is_set_from_the_right() {
    let setter = &mut Typesetter::new();
    let (sign, digit) = (ids(setter, "٪")[0], ids(setter, "٢")[0]);
    for text in ["٢٥٪", "خصم ٢٥٪"] {
        let row = ids(setter, text);
        let place = |id| row.iter().position(|found| *found == id);
        assert!(place(sign) < place(digit) && place(sign).is_some(), "{text}: {row:?}");
    }
    // Those of Europe run as they are written.
    let (sign, digit) = (ids(setter, "%")[0], ids(setter, "2")[0]);
    assert_eq!(ids(setter, "25%").iter().position(|id| *id == sign), Some(2));
    assert_eq!(ids(setter, "25%")[0], digit);
}
