//! What pages say of images: what they show, what tells them apart, and what stands in the way of another one.

use std::collections::HashMap;

use bloom_domain::brands::{BrandLine, SiteUrl};
use bloom_domain::ids::ImageId;
use bloom_domain::images::{ActionType, Image, Prompt, PromptError, Source};
use bloom_domain::time::Timestamp;
use bloom_service::Error;
use bloom_service::images::Seen;

use super::super::errors::PageError;
use super::super::moment::moment;
use super::super::views::{Link, Obstacle};
use crate::api::errors::{ApiError, credits};

/// How much of a prompt stands below a picture.
const CAPTION: usize = 80;
/// How much of one stands in the title of a page, which browsers cut anyway.
const TITLE: usize = 60;
/// Where plans are.
const PLAN: &str = "/settings#plan";

/// What an image shows, for those who do not see it.
pub(super) fn shows(image: &Image) -> String {
    let words = image.description.as_deref().or(image.prompt.as_deref());
    words.unwrap_or("An image without a description").to_owned()
}

pub(super) fn origin(image: &Image) -> &'static str {
    match (image.source, image.action) {
        (Source::Uploaded, _) => "Uploaded",
        (Source::Scraped, _) => "Found on the brand’s site",
        (Source::Generated, Some(ActionType::Edit)) => "Changed",
        (Source::Generated, Some(ActionType::Resize)) => "Resized",
        (Source::Generated, Some(ActionType::RemoveBackground)) => "Without its background",
        (Source::Generated, Some(ActionType::Vectorize)) => "Turned into paths",
        (Source::Generated, _) => "Generated",
    }
}

/// What tells the page of an image from those of others.
pub(super) fn title(image: &Image) -> String {
    let words = image.prompt.as_deref().or(image.description.as_deref());
    match (origin(image), words) {
        (origin, None) => origin.to_owned(),
        ("Generated", Some(words)) => beginning(words, TITLE),
        (origin, Some(words)) => format!("{origin}: {}", beginning(words, TITLE)),
    }
}

/// How the prompt of an image begins.
pub(super) fn caption(image: &Image) -> Option<String> {
    image.prompt.as_deref().map(|prompt| beginning(prompt, CAPTION))
}

fn beginning(text: &str, most: usize) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(most) {
        None => words,
        Some((end, _)) => format!("{}…", words[..end].trim_end()),
    }
}

/// Which of the images of its order each is, as they stand on a page. Where the order may go on upon another page, how
/// many they are is not said.
pub(super) fn numbers(found: &[Seen], is_first: bool, is_last: bool) -> HashMap<ImageId, String> {
    let group = |seen: &Seen| seen.image.variant_group;
    let cut = [
        found.first().filter(|_| !is_first).and_then(group),
        found.last().filter(|_| !is_last).and_then(group),
    ];
    let mut counts = HashMap::<ImageId, usize>::new();
    for group in found.iter().filter_map(group) {
        *counts.entry(group).or_default() += 1;
    }
    let mut before = HashMap::<ImageId, usize>::new();
    let number = |seen: &Seen| {
        let group = group(seen)?;
        let (count, number) = (*counts.get(&group)?, before.entry(group).or_default());
        *number += 1;
        let words = match (cut.contains(&Some(group)), count) {
            (true, _) => format!("no. {number}"),
            (false, 1) => return None,
            (false, count) => format!("{number} of {count}"),
        };
        Some((seen.image.id, words))
    };
    found.iter().filter_map(number).collect()
}

/// The names of brands; those that share one say more: the site, and when they were made where that is the same, too.
pub(super) fn names(brands: &[BrandLine], now: Timestamp) -> Vec<String> {
    fn counted(labels: &[String]) -> HashMap<&str, usize> {
        let mut counts = HashMap::new();
        for label in labels {
            *counts.entry(label.as_str()).or_default() += 1;
        }
        counts
    }
    let host = |brand: &BrandLine| {
        SiteUrl::parse(&brand.url).map_or_else(|| brand.url.clone(), |url| url.host().to_owned())
    };
    let names: Vec<String> = brands.iter().map(|brand| brand.name.trim().to_owned()).collect();
    let counts = counted(&names);
    let is_alone = |name: &String| counts.get(name.as_str()) == Some(&1);
    let with_host = |(brand, name): (&BrandLine, &String)| match is_alone(name) {
        true => name.clone(),
        false => format!("{name} ({})", host(brand)),
    };
    let labels: Vec<String> = brands.iter().zip(&names).map(with_host).collect();
    let counts = counted(&labels);
    let with_time = |(brand, (name, label)): (&BrandLine, (&String, &String))| {
        if counts.get(label.as_str()) == Some(&1) {
            return label.clone();
        }
        let made = moment(brand.created_at, now).iso.replace('T', " ");
        let made: String = made.chars().take("2026-11-02 03:51".len()).collect();
        format!("{name} ({made})")
    };
    brands.iter().zip(names.iter().zip(&labels)).map(with_time).collect()
}

/// What to change of another image, as it was typed.
pub(super) fn instruction(typed: &str) -> Result<Prompt, String> {
    Prompt::parse(typed).map_err(|why| match why {
        PromptError::Empty => "Say what to change.".to_owned(),
        PromptError::TooLong | PromptError::Nul => why.to_string(),
    })
}

/// What stands in the way and can be told beside the form; everything else is a page of its own.
pub(super) fn told(error: Error) -> Result<Obstacle, PageError> {
    let onward = |text: String, label: &str| Obstacle {
        text,
        onward: Some(Link { label: label.to_owned(), href: PLAN.to_owned() }),
    };
    match error {
        Error::BrandNotFound => {
            Ok(Obstacle::from("The brand is not there any more. Choose another."))
        }
        Error::BrandNotReady => {
            Ok(Obstacle::from("The brand is not ready yet. Its page says how far it is."))
        }
        Error::BrandLacksLogo => {
            Ok(Obstacle::from("The brand has no logo yet. Bring one on the brand’s page."))
        }
        Error::InsufficientCredits { balance, needed } => Ok(onward(
            format!("This needs {} and {balance} can be spent.", credits(needed)),
            "Get more credits",
        )),
        Error::CreditsOwed { debt } => Ok(onward(
            format!(
                "The money for {} that {} spent was given back. Until as many are bought, nothing can be spent.",
                credits(debt),
                if debt == 1 { "was" } else { "were" }
            ),
            "Get more credits",
        )),
        Error::PaymentRequired => {
            let text = "The plan of the workspace is paused, so nothing is charged to it. Its owner can resume it.";
            Ok(onward(text.to_owned(), "Go to the plan"))
        }
        error @ Error::FeatureNotEntitled(_) => {
            Ok(onward(ApiError::from(error).message().to_owned(), "Go to the plans"))
        }
        // What people do on a page is charged to no key and no app, so no budget stops it.
        other => Err(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use bloom_domain::plans::Feature;

    use super::*;

    #[test]
    fn what_the_plan_stops_leads_to_it_without_its_address_in_the_words() {
        for (error, words) in [
            (Error::InsufficientCredits { balance: 0, needed: 1 }, "This needs 1 credit and 0"),
            (Error::CreditsOwed { debt: 1 }, "The money for 1 credit that was spent"),
            (Error::CreditsOwed { debt: 2 }, "The money for 2 credits that were spent"),
            (Error::PaymentRequired, "is paused"),
            (Error::FeatureNotEntitled(Feature::FourK), "does not include"),
        ] {
            let told = told(error).expect("it can be told");
            assert!(told.text.contains(words), "{}", told.text);
            assert!(
                !told.text.contains("action_url") && !told.text.contains("://"),
                "{}",
                told.text
            );
            assert_eq!(told.onward.map(|link| link.href).as_deref(), Some("/settings#plan"));
        }
    }

    #[test]
    fn a_long_prompt_is_cut_between_characters() {
        assert_eq!(beginning(" One\n line ", 80), "One line");
        assert_eq!(beginning(&"é".repeat(80), 80), "é".repeat(80));
        assert_eq!(beginning(&"é".repeat(81), 80), format!("{}…", "é".repeat(80)));
        assert_eq!(beginning("ab cd", 3), "ab…");
    }
}
