//! The images of a brand, as far as they are found by words.
//!
//! All of it is in memory, and all of it is looked at for each query: of 100,000 images that is some 30 MB. Images are
//! added in the order of their numbers, so that a search can go on among those that were there when it began.

use std::collections::{HashMap, HashSet};

use super::meaning::Meaning;
use super::{asked, distance, weight, words};
use crate::ids::ImageId;

/// Images and the words of each.
#[derive(Debug, Default)]
pub struct Library {
    numbers: Vec<i64>,
    /// `None` for one that is gone.
    images: Vec<Option<ImageId>>,
    meanings: Vec<Meaning>,
    /// Which images have a word: where they stand, in order.
    mentions: HashMap<String, Vec<u32>>,
    mention_count: usize,
}

/// An image that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The image.
    pub image: ImageId,
    /// How far it is from what was asked for, from 0 to less than 1.
    pub distance: f32,
}

impl Library {
    /// The number of the image that was added last; 0 before the first.
    #[must_use]
    pub fn last(&self) -> i64 {
        self.numbers.last().copied().unwrap_or_default()
    }

    /// How many images were added, those that are gone included.
    #[must_use]
    pub fn count(&self) -> usize {
        self.images.len()
    }

    /// How many bytes it takes, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        /// A word, its place in the table, and the list that it has.
        const WORD: usize = 80;
        /// Lists are half empty at worst.
        const MENTION: usize = 6;
        let image = size_of::<i64>() + size_of::<Option<ImageId>>() + size_of::<Meaning>();
        self.count() * image + self.mention_count * MENTION + self.mentions.len() * WORD
    }

    /// Adds an image; one whose number is not above all others is there already.
    pub fn add(&mut self, number: i64, image: ImageId, caption: &str) {
        let Ok(place) = u32::try_from(self.count()) else { return };
        if number <= self.last() {
            return;
        }
        for word in words(caption) {
            self.mentions.entry(word).or_default().push(place);
            self.mention_count += 1;
        }
        self.numbers.push(number);
        self.images.push(Some(image));
        self.meanings.push(Meaning::of(caption));
    }

    /// Images are gone. What they said still counts for how common a word is.
    pub fn forget(&mut self, gone: &[ImageId]) {
        let gone: HashSet<_> = gone.iter().collect();
        for image in &mut self.images {
            if image.as_ref().is_some_and(|image| gone.contains(image)) {
                *image = None;
            }
        }
    }

    /// What has words or meaning in common with a query, of all up to a number, in no order.
    #[must_use]
    pub fn find(&self, query: &str, until: i64) -> Vec<Hit> {
        let count = self.numbers.partition_point(|number| *number <= until);
        let (mut all, mut said) = (0.0, vec![0.0; count]);
        for word in asked(query) {
            let having = self.mentions.get(&word).map_or(&[][..], Vec::as_slice);
            let having = &having[..having.partition_point(|place| (*place as usize) < count)];
            let weight = weight(having.len(), count);
            all += weight;
            for place in having {
                said[*place as usize] += weight;
            }
        }
        let meaning = Meaning::of(query).sought();
        let images = self.images.iter().zip(&self.meanings).zip(said);
        let hits = images.filter_map(|((image, meant), said)| {
            let said = if all > 0.0 { said / all } else { 0.0 };
            let distance = distance(said, meaning.closeness(meant));
            image.filter(|_| distance < 1.0).map(|image| Hit { image, distance })
        });
        hits.collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What somebody looks for, and what it is that they mean. None has a word in common with it that says something.
    const ASKED: [(&str, &str); 20] = [
        ("hot drink in the morning", "A steaming cup of coffee on a wooden table"),
        ("young dog having fun outdoors", "Golden retriever puppy playing in the grass"),
        ("business agreement", "Two people shaking hands in an office"),
        ("winter landscape", "Snow covered mountain peaks at sunrise"),
        ("healthy organic food", "Fresh vegetables at a farmers market"),
        ("jogging by the sea", "Woman running along the beach"),
        ("typing on a computer", "Close up of a laptop keyboard"),
        ("kids making art", "Children drawing with colored pencils"),
        ("skyscrapers after dark", "City skyline at night with lights"),
        ("fast automobile", "Red sports car on a highway"),
        ("marriage celebration", "Bride and groom cutting a cake"),
        ("medical examination", "Doctor listening to the heart of a patient"),
        ("travel by plane", "Airplane wing above the clouds"),
        ("reading literature", "Stack of old books in a library"),
        ("preparing an italian dinner", "Chef cooking pasta in a kitchen"),
        ("live music concert", "Guitarist performing on stage"),
        ("a walk in the woods in october", "Autumn leaves on a forest path"),
        ("newborn resting", "Baby sleeping in a crib"),
        ("labour on a building site", "Construction workers with helmets"),
        ("renewable energy", "Solar panels on a roof"),
    ];

    fn id(number: usize) -> ImageId {
        let number = u128::try_from(number).expect("a number");
        ImageId::from_bytes(number.to_be_bytes())
    }

    fn library<'a>(captions: impl IntoIterator<Item = &'a str>) -> Library {
        let mut library = Library::default();
        for (number, caption) in (1..).zip(captions) {
            library.add(number, id(usize::try_from(number).expect("a number")), caption);
        }
        library
    }

    /// What is found, the nearest first, by its number.
    fn found(library: &Library, query: &str) -> Vec<(usize, f32)> {
        let mut hits = library.find(query, i64::MAX);
        hits.sort_by(|a, b| a.distance.total_cmp(&b.distance));
        let number = |image: ImageId| usize::try_from(u128::from_be_bytes(*image.as_bytes()));
        hits.iter().map(|hit| (number(hit.image).expect("a number"), hit.distance)).collect()
    }

    #[test]
    fn what_is_meant_is_found() {
        let library = library(ASKED.map(|(_, caption)| caption));
        let mut missed = Vec::new();
        for (number, (query, _)) in (1..).zip(ASKED) {
            let found = found(&library, query);
            if found.first().is_none_or(|first| first.0 != number) {
                missed.push((query, found.into_iter().take(3).collect::<Vec<_>>()));
            }
        }
        assert!(missed.len() <= 2, "{missed:?}");
    }

    #[test]
    fn what_is_meant_is_near_and_the_rest_is_not() {
        let library = library(ASKED.map(|(_, caption)| caption));
        // What a search shows when nobody says how far it may be.
        let near = |query| found(&library, query).into_iter().filter(|hit| hit.1 <= 0.7).count();
        let counts = ASKED.map(|(query, _)| near(query));
        assert!(counts.iter().all(|count| *count <= 4), "{counts:?}");
        assert!(counts.iter().filter(|count| **count == 0).count() <= 3, "{counts:?}");
        assert_eq!(near("quarterly tax declaration form"), 0);
    }

    #[test]
    fn what_has_no_meaning_is_found_as_it_is_spelled() {
        let library = library([
            "Invoice template AX-40217",
            "Кофе на столе",
            "Portrait of Zbigniew",
            "東京タワー",
            "a cup of coffee",
        ]);
        for (query, number) in [
            ("ax-40217", 1),
            ("40217", 1),
            ("кофе", 2),
            ("СТОЛЕ", 2),
            ("zbigniew", 3),
            ("東京", 4),
            ("coffee", 5),
        ] {
            let found = found(&library, query);
            assert_eq!(found.first(), Some(&(number, 0.0)), "{query}: {found:?}");
        }
        assert!(found(&library, "чай").is_empty() && found(&library, "").is_empty());
    }

    #[test]
    fn every_word_comes_before_what_is_only_meant() {
        let library = library(["tea", "red sneakers", "coffee", "coffee, cake"]);
        let found = found(&library, "coffee");
        let places: Vec<_> = found.iter().map(|hit| hit.0).collect();
        assert_eq!(places[..2], [3, 4]);
        assert_eq!((found[0].1, found[1].1, places[2]), (0.0, 0.0, 1));
    }

    #[test]
    fn what_came_later_changes_nothing_for_who_began_before() {
        let mut library = library(["red shoes", "red", "blue shoes"]);
        let before = library.find("red shoes", 3);
        library.add(4, id(4), "red");
        library.add(5, id(5), "red shoes");
        assert_eq!(library.find("red shoes", 3), before);
        assert_eq!(library.find("red shoes", 5).len(), 5);
        // What comes again, or too late, is there already.
        library.add(5, id(6), "red shoes");
        library.add(2, id(7), "red shoes");
        assert_eq!((library.count(), library.last()), (5, 5));
    }

    #[test]
    fn what_is_gone_is_not_found() {
        let mut library = library(["red shoes", "red", "blue shoes"]);
        library.forget(&[id(1), id(9)]);
        let places: Vec<_> = found(&library, "red shoes").iter().map(|hit| hit.0).collect();
        assert!(!places.contains(&1) && places.len() == 2, "{places:?}");
    }

    #[test]
    fn a_library_of_a_hundred_thousand_takes_some_thirty_megabytes() {
        let image = size_of::<i64>() + size_of::<Option<ImageId>>() + size_of::<Meaning>();
        assert!(image <= 288, "{image}");
        let mut library = Library::default();
        (1..=500).for_each(|number| library.add(number, id(1), "six words of a short caption"));
        assert!((500 * 280..500 * 340).contains(&library.bytes()), "{}", library.bytes());
    }

    proptest! {
        #[test]
        fn a_search_keeps_within_its_bounds(
            captions in prop::collection::vec(any::<String>(), 0..6),
            query in any::<String>(),
            until in -1..9_i64,
        ) {
            let library = library(captions.iter().map(String::as_str));
            let hits = library.find(&query, until);
            prop_assert!(hits.len() <= usize::try_from(until.max(0)).expect("small"));
            prop_assert!(hits.iter().all(|hit| (0.0..1.0).contains(&hit.distance)), "{hits:?}");
            let itself = captions.first().filter(|caption| !asked(caption).is_empty());
            if let Some(caption) = itself {
                // The query has at most as many words as are kept of a caption.
                let nearest = found(&library, caption).first().map(|hit| hit.1);
                prop_assert!(nearest.is_some_and(|nearest| nearest < 1e-6), "{caption:?}");
            }
        }
    }
}
