use super::*;

#[test]
fn quoted_words_are_taken_as_they_are() {
    let brief = read(
        "A post that says \"Spring is here\" with subtitle “Fresh colours every week” and a button \"Shop now\"",
    );
    assert_eq!(brief.headline, "Spring is here");
    assert_eq!(brief.sub.as_deref(), Some("Fresh colours every week"));
    assert_eq!(brief.call.as_deref(), Some("Shop now"));
}

#[test]
fn quotes_without_labels_come_in_their_order() {
    let brief = read("\"One\" \"Two words\" \"Book now\"");
    assert_eq!((brief.headline.as_str(), brief.sub.as_deref()), ("One", Some("Two words")));
    assert_eq!(brief.call.as_deref(), Some("Book now"));
}

#[test]
fn labelled_lines_are_read() {
    let brief = read("Headline: We are moving\nSub: New office in Porto\nCTA: Visit us");
    assert_eq!(brief.headline, "We are moving");
    assert_eq!(brief.sub.as_deref(), Some("New office in Porto"));
    assert_eq!(brief.call.as_deref(), Some("Visit us"));
}

#[test]
fn the_command_around_a_message_is_left_out() {
    let brief = read("Create an Instagram post announcing our summer sale with 30% off everything");
    assert_eq!(brief.intent, Intent::Sale);
    assert_eq!(brief.headline, "Summer sale");
    assert_eq!(brief.figure.as_deref(), Some("30%"));
    assert_eq!(brief.sub.as_deref(), Some("30% off everything"));
}

#[test]
fn how_it_should_look_is_not_said_on_it() {
    let brief = read(
        "Poster for the harbour jazz festival, dark and moody, in a minimal style. Use our brand colours.",
    );
    assert_eq!(brief.headline, "Harbour jazz festival");
    assert_eq!(brief.sub, None);
    assert_eq!(brief.wishes.dark, Some(true));
    assert!(brief.wishes.minimal);
}

#[test]
fn dates_times_and_numbers_are_kept() {
    let brief = read("Webinar: Designing with data, 12 May 2026, 18:30, Lisbon");
    assert_eq!(brief.intent, Intent::Event);
    let date = brief.date.expect("a date");
    assert_eq!((date.day.as_deref(), date.month.as_deref()), (Some("12"), Some("May")));
    assert_eq!(date.text, "12 May 2026");
    assert!(brief.details.contains(&"18:30".to_owned()), "{:?}", brief.details);
    assert_eq!(read("We grew to 12,000+ customers").figure.as_deref(), Some("12,000+"));
    assert_eq!(read("3x faster builds").figure.as_deref(), Some("3x"));
    assert_eq!(read("Only $49 this week").figure.as_deref(), Some("$49"));
    assert_eq!(read("Our plan for 2027").figure, None);
}

#[test]
fn a_quote_has_its_speaker() {
    let brief =
        read("Quote card: \"Simplicity is the ultimate sophistication\" - Leonardo da Vinci");
    assert_eq!(brief.intent, Intent::Quote);
    assert_eq!(brief.headline, "Simplicity is the ultimate sophistication");
    assert_eq!(brief.attribution.as_deref(), Some("Leonardo da Vinci"));
}

#[test]
fn a_pattern_says_nothing() {
    let brief = read("seamless geometric pattern background");
    assert_eq!((brief.intent, brief.headline.as_str()), (Intent::Pattern, ""));
}

#[test]
fn other_scripts_are_taken_whole() {
    assert_eq!(read("خصم ٥٠٪ على كل شيء").headline, "خصم ٥٠٪ على كل شيء");
    assert_eq!(read("夏のセール開催中").headline, "夏のセール開催中");
    assert_eq!(read("Летняя распродажа").headline, "Летняя распродажа");
    assert_eq!(read("「春の新作」").headline, "春の新作");
}

#[test]
fn whatever_is_asked_something_is_said() {
    for prompt in ["!", "make a post", "\"\"", "a", "create an image of a", "…", "post about \n\n "]
    {
        let brief = read(prompt);
        assert!(brief.headline.chars().count() <= 2000, "{prompt}");
    }
    assert_eq!(read("make a post").headline, "Make a post");
}

fn set(brief: &Brief) -> (&str, &str) {
    (brief.headline.as_str(), brief.sub.as_deref().unwrap_or_default())
}

#[test]
fn text_keeps_its_own_punctuation() {
    for (prompt, headline, sub) in [
        ("Ask us: Dr. Anna answers. Mr. Lee, too!", "Ask us", "Dr. Anna answers. Mr. Lee, too!"),
        ("Open day, 9 p.m. on No. 5 Mill Lane", "Open day", "9 p.m. on No. 5 Mill Lane"),
        (
            "Made in the U.S. by J. Miller, e.g. chairs",
            "Made in the U.S. by J. Miller",
            "E.g. chairs",
        ),
        (
            "Big news, oak is back! Come and see. We wait",
            "Big news",
            "Oak is back! Come and see. We wait",
        ),
        (
            "Now open, see www.oak.example. It is free.",
            "Now open",
            "See www.oak.example. It is free.",
        ),
        ("See www.oak.example. It is free.", "See www.oak.example", "It is free."),
        ("Was kommt: am 24. Dezember geschlossen", "Was kommt", "Am 24. Dezember geschlossen"),
        ("One line\nanother one\nthe third.", "One line", "Another one · the third."),
    ] {
        assert_eq!(set(&read(prompt)), (headline, sub), "{prompt}");
    }
}

#[test]
fn what_is_not_set_elsewhere_is_in_the_sub_line() {
    let brief = read("Black Friday: up to 50% off everything! Nov 27-30. Use code OAK50");
    assert_eq!(set(&brief), ("Black Friday", "Up to 50% off everything! Use code OAK50"));
    assert_eq!(
        (brief.figure.as_deref(), brief.facts()),
        (Some("up to 50%"), vec!["Nov 27-30".to_owned()])
    );

    let brief = read(
        "Invitation: Private view, Thu 7 January 2027, 18:30–21:00, Gallery One, Whitstable. RSVP hello@example.com",
    );
    assert_eq!(set(&brief), ("Private view", "RSVP hello@example.com"));
    assert_eq!(brief.facts(), ["Thu 7 January 2027", "18:30–21:00", "Gallery One, Whitstable"]);

    let brief = read("Three reasons for oak: 1. It lasts. 2. It ages well. 3. It is local.");
    assert_eq!(
        set(&brief),
        ("Three reasons for oak", "1. It lasts. 2. It ages well. 3. It is local.")
    );
    assert_eq!(brief.figure, None);

    let brief = read("Webinar with Dr. Anna Lee, 12 May 2027: how oak ages");
    assert_eq!(set(&brief), ("Webinar", "Dr. Anna Lee, how oak ages"));
    assert_eq!(brief.facts(), ["12 May 2027"]);

    let brief = read("Webinar with Dr. Anna Lee on Thursday, 12 May 2027, 6 pm, with tea");
    assert_eq!(set(&brief).1, "Dr. Anna Lee on Thursday, with tea");
    assert_eq!(brief.facts(), ["12 May 2027", "6 pm"]);

    let brief = read("New: the Kent chair. Now £249 instead of £329. Ships worldwide.");
    assert_eq!(set(&brief), ("Kent chair", "Now £249 instead of £329. Ships worldwide."));
    assert_eq!((brief.kicker.as_deref(), brief.figure.as_deref()), (Some("New"), Some("£249")));

    let brief = read("Summer sale, 30% off all chairs with a button \"Shop now\"");
    assert_eq!(set(&brief), ("Summer sale", "30% off all chairs"));
}

#[test]
fn figures_mislead_nobody() {
    for (prompt, figure) in [
        ("3 out of 4 customers come back", Some("3 out of 4")),
        ("1 in 3 users sleeps badly", Some("1 in 3")),
        ("Growth report of 03/04/2027", None),
        ("Our survey of 31.12.2026, and that of 31.12.25", None),
        ("Growth until 24.12. is here", None),
        ("5/6/2027: 300 customers", Some("300")),
        ("Из 1.200.000 пользователей", Some("1.200.000")),
        ("Rabatt bis zu 40 % auf alle Stühle", Some("bis zu 40 %")),
    ] {
        assert_eq!(read(prompt).figure.as_deref(), figure, "{prompt}");
    }
    for prompt in ["Festival, 03/04/2027", "Festival, 31.12.2026"] {
        let date = read(prompt).date.expect("a date");
        assert_eq!((date.day, date.month), (None, None), "{prompt}");
    }
}

#[test]
fn a_date_is_said_once_and_both_ends_of_a_range() {
    let brief = read("Winter sale until 15 December");
    assert_eq!(
        (brief.headline.as_str(), brief.facts().len()),
        ("Winter sale until 15 December", 0)
    );
    let brief = read("Angebot, gültig bis 31.12.2026");
    assert_eq!((set(&brief).1, brief.facts().len()), ("Gültig bis 31.12.2026", 0));
    let brief = read("Soldes, du 1er au 15 juillet");
    assert_eq!((set(&brief), brief.facts().len()), (("Soldes", "Du 1er au 15 juillet"), 0));
    let brief = read("\"Soldes\" 1er au 15 juillet, 10:00 - 18:00, \"Marché\"");
    assert_eq!(brief.facts(), ["1er au 15 juillet", "10:00 - 18:00"]);
    assert_eq!(brief.date.and_then(|date| date.day), None);
    let brief = read("Festival: Harbour jazz, Nov 27–30");
    assert_eq!(brief.date.and_then(|date| date.day).as_deref(), Some("27–30"));
    // A part of a longer number is no date that was said.
    let mut brief = Brief::plain("Room 15 Decembers");
    brief.details = vec!["5 December".to_owned()];
    assert_eq!(brief.facts().len(), 1);
}

#[test]
fn pictographs_are_left_out() {
    for (prompt, headline) in [
        ("🎉 Big sale 🎉🔥", "Big sale"),
        ("\"Open 👩🏽‍🍳 today ❤️\"", "Open today"),
        ("Hello 🇫🇷 world", "Hello world"),
        ("می‌خواهم", "می‌خواهم"),
        ("Oak™ & Co © 2027", "Oak™ & Co © 2027"),
        ("★ Five stars ✓", "Five stars"),
        ("\"Shop now →\"", "Shop now"),
        ("10 → 20 seats", "10 → 20 seats"),
        ("🎉🎉", ""),
    ] {
        assert_eq!(read(prompt).headline, headline, "{prompt}");
    }
}

#[test]
fn a_quote_has_its_speaker_in_every_script() {
    for (prompt, speaker) in [
        ("«الأثاث الجيد يستحق الانتظار» — أحمد علي، الرياض", "أحمد علي، الرياض"),
        ("“好家具值得等待。”——李明，上海", "李明，上海"),
        ("«Хорошая мебель стоит ожидания» — Анна, Казань", "Анна, Казань"),
        ("\"Good work\" —Ana, Porto", "Ana, Porto"),
        ("Quote: Good furniture is worth the wait. - Anna Lee", "Anna Lee"),
        ("Quote card: Good furniture is worth the wait – Anna Lee", "Anna Lee"),
    ] {
        assert_eq!(read(prompt).attribution.as_deref(), Some(speaker), "{prompt}");
    }
}

#[test]
fn instructions_are_not_set() {
    for (prompt, headline, sub) in [
        (
            "Post for Instagram in dark green with a serif font: Open on Sundays",
            "Open on Sundays",
            "",
        ),
        (
            "Keep lots of white space, put the logo bottom right. Open on Sundays",
            "Open on Sundays",
            "",
        ),
        (
            "Open on Sundays. Keep lots of white space, put the logo bottom right",
            "Open on Sundays",
            "",
        ),
        ("Infographic: how oak ages", "How oak ages", ""),
        ("A greeting card: Happy birthday", "Happy birthday", ""),
        ("Photorealistic poster of a chair", "Chair", ""),
        ("photorealistic, Oak for life", "Oak for life", ""),
        ("Plakat mit der Überschrift Sommerfest", "Sommerfest", ""),
        ("Сделай пост для инстаграма: Летняя распродажа", "Летняя распродажа", ""),
        ("Афиша: Концерт в саду", "Концерт в саду", ""),
        ("Афиша кинотеатра", "Афиша кинотеатра", ""),
        ("为春季新品做一张海报", "春季新品", ""),
        ("为我们的店做一张海报：春季新品", "春季新品", ""),
        ("صمم منشورا عن تخفيضات الصيف", "تخفيضات الصيف", ""),
        ("Minimalist poster with the text Less is more", "Less is more", ""),
        ("Post with headline: Less is more", "Less is more", ""),
        ("Create a post about the title race", "Title race", ""),
        (
            "Photo of the Kent chair with the caption Made in Kent",
            "Photo of the Kent chair",
            "Made in Kent",
        ),
        ("Poster saying Hello world with white text", "Hello world", ""),
        ("Oak for life. Modern style, lots of white space.", "Oak for life", ""),
        // What only begins like an instruction is set.
        (
            "Sale, no minimum order, use it all summer",
            "Sale",
            "No minimum order, use it all summer",
        ),
        ("Oak chairs, modern living made easy", "Oak chairs", "Modern living made easy"),
    ] {
        assert_eq!(set(&read(prompt)), (headline, sub), "{prompt}");
    }
}
