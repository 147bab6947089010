//! What a picture is to say: the words, their parts, and what kind of message they are.

use crate::colour::Rgb;
use serde::{Deserialize, Serialize};

/// What kind of message a picture carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Intent {
    /// Something costs less for a while.
    Sale,
    /// Something is new.
    Launch,
    /// Somebody's words.
    Quote,
    /// Something takes place.
    Event,
    /// Somebody is looked for.
    Hiring,
    /// A number matters.
    Statistic,
    /// A thing is shown.
    Product,
    /// A customer's words.
    Testimonial,
    /// The head of something longer: an article, a video, a talk.
    Cover,
    /// No message; a surface.
    Pattern,
    /// None of these.
    Plain,
}

/// The parts of a message. Nothing here was invented: each word stood in the prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brief {
    /// The kind of message.
    pub intent: Intent,
    /// A few small words above the headline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kicker: Option<String>,
    /// The message. Empty for a pattern.
    pub headline: String,
    /// What the message adds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// What a reader should do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// A number that carries the message: `30%`, `$49`, `3x`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figure: Option<String>,
    /// When, with the day and the month apart where they could be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<DateText>,
    /// Other facts, each short: a time, a place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// Whose words they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribution: Option<String>,
    /// How it should look, where the prompt said so.
    #[serde(default, skip_serializing_if = "Wishes::is_empty")]
    pub wishes: Wishes,
}

/// A date as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DateText {
    /// The whole of it.
    pub text: String,
    /// The day of the month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<String>,
    /// The month's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month: Option<String>,
}

/// How a picture should look, as far as somebody said so.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Wishes {
    /// Dark or light.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dark: Option<bool>,
    /// The colour of the ground.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<Rgb>,
    /// Few forms, much space.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub minimal: bool,
}

impl Wishes {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Brief {
    /// A message of a headline alone.
    pub fn plain(headline: &str) -> Self {
        Self {
            intent: Intent::Plain,
            kicker: None,
            headline: headline.to_owned(),
            sub: None,
            call: None,
            figure: None,
            date: None,
            details: Vec::new(),
            attribution: None,
            wishes: Wishes::default(),
        }
    }

    /// The date and the other facts, in the order they are read. What the words say is not said twice.
    pub fn facts(&self) -> Vec<String> {
        let all = self.date.iter().map(|date| &date.text).chain(&self.details);
        all.filter(|fact| !self.says(fact)).cloned().collect()
    }

    /// Whether a text stands in the words, and not only as a part of longer ones.
    fn says(&self, text: &str) -> bool {
        let parts = [&self.sub, &self.kicker, &self.call, &self.attribution];
        let mut words = parts.into_iter().flatten().chain([&self.headline]);
        let text = text.to_lowercase();
        let goes_on = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        words.any(|words| {
            let words = words.to_lowercase();
            words.match_indices(&text).any(|(at, found)| {
                let (left, right) = (words.get(..at), words.get(at + found.len()..));
                !goes_on(left.and_then(|left| left.chars().next_back()))
                    && !goes_on(right.and_then(|right| right.chars().next()))
            })
        })
    }
}
