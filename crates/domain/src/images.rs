//! Images: made, brought or found.

use std::fmt;
use std::time::Duration;

use crate::ids::{AccountId, BrandId, CreditHoldId, ImageId, WorkspaceId};
use crate::names::shows_something;
use crate::time::Timestamp;

/// The longest prompt, in characters.
pub const MAX_PROMPT: usize = 2_000;
/// The most images that one request may refer to.
pub const MAX_REFERENCES: usize = 10;
/// The most when it changes one already.
pub const MAX_EDIT_REFERENCES: usize = 9;
/// The most images that one request may name.
pub const MAX_NAMED: usize = 100;
/// For how long a person can have an image back that they deleted at a browser.
pub const UNDO: Duration = Duration::from_secs(600);

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$of])* $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word that is stored and sent.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// The meaning of such a word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == word)
            }
        }
    };
}

words! {
    /// Where an image is from.
    Source {
        /// It was made here.
        Generated = "generated",
        /// Somebody brought it.
        Uploaded = "uploaded",
        /// It was found on the brand's site.
        Scraped = "scraped",
    }
}

words! {
    /// How far an image is.
    Status {
        /// It was asked for.
        Pending = "pending",
        /// It is being made.
        Generating = "generating",
        /// It is there.
        Completed = "completed",
        /// It will not be there, and cost nothing.
        Failed = "failed",
    }
}

impl Status {
    /// Whether nothing more becomes of it.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed)
    }
}

words! {
    /// What made an image.
    ActionType {
        /// A prompt.
        Generation = "generation",
        /// A change of another image.
        Edit = "edit",
        /// Another ratio of another image.
        Resize = "resize",
        /// The same prompt again, otherwise.
        Variant = "variant",
        /// The same again.
        Recreate = "recreate",
        /// Another image, without its background.
        RemoveBackground = "remove-background",
        /// Another image, as paths.
        Vectorize = "vectorize",
    }
}

words! {
    /// Why an image failed, as far as the contract has a word for it.
    FailureReason {
        /// The engine does not draw such things.
        ContentSafety = "content_safety",
        /// The engine had too much to do.
        RateLimited = "rate_limited",
    }
}

words! {
    /// How much effort an image is worth; which engine that is, the operator decides.
    #[derive(Default)]
    Model {
        /// The least.
        Fast = "fast",
        /// What is meant when nothing is said.
        #[default]
        Standard = "standard",
        /// The most.
        Pro = "pro",
    }
}

words! {
    /// Width to height.
    AspectRatio {
        /// Square.
        R1x1 = "1:1",
        /// Portrait, as printed photographs.
        R2x3 = "2:3",
        /// Landscape, as printed photographs.
        R3x2 = "3:2",
        /// Portrait, as tablets.
        R3x4 = "3:4",
        /// Landscape, as tablets.
        R4x3 = "4:3",
        /// Portrait, as feeds show it.
        R4x5 = "4:5",
        /// Landscape, nearly square.
        R5x4 = "5:4",
        /// Upright screen.
        R9x16 = "9:16",
        /// Wide screen.
        R16x9 = "16:9",
        /// Banner.
        R21x9 = "21:9",
    }
}

/// An image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its id.
    pub id: ImageId,
    /// Where it belongs.
    pub workspace: WorkspaceId,
    /// Of which brand it is.
    pub brand: BrandId,
    /// Who asked for it or brought it.
    pub made_by: AccountId,
    /// Where it is from.
    pub source: Source,
    /// What made it, if it was made here.
    pub action: Option<ActionType>,
    /// How far it is.
    pub status: Status,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
    /// What it was made from, in words.
    pub prompt: Option<String>,
    /// What it shows, in words.
    pub description: Option<String>,
    /// The ratio of its sides.
    pub ratio: Option<AspectRatio>,
    /// Its size in pixels, once it is there.
    pub size: Option<(i64, i64)>,
    /// What the images of one request have in common.
    pub variant_group: Option<ImageId>,
    /// The image it was made from.
    pub parent: Option<ImageId>,
    /// What drew it.
    pub engine: Option<String>,
    /// Its bytes.
    pub file: Option<File>,
    /// What its URL hangs on besides its id.
    pub nonce: [u8; 16],
    /// Which item of which hold pays for it.
    pub paid_by: Option<(CreditHoldId, u32)>,
    /// When it was asked for or brought.
    pub created_at: Timestamp,
}

/// Why an image failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// In a word of the contract, if there is one.
    pub reason: Option<FailureReason>,
    /// In words, for whoever asked.
    pub detail: String,
}

/// The bytes of an image, where they lie and what they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Their key in the blob store.
    pub blob: String,
    /// What they were decoded as.
    pub media_type: String,
    /// How many they are.
    pub bytes: i64,
    /// SHA-256 of the file as it came, for what was brought.
    pub digest: Option<[u8; 32]>,
}

/// A prompt, as a person typed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt(String);

/// What is wrong with a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromptError {
    /// There is nothing in it that can be seen.
    Empty,
    /// It is longer than [`MAX_PROMPT`].
    TooLong,
    /// It holds a NUL.
    Nul,
}

impl fmt::Display for PromptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Say what to draw."),
            Self::TooLong => write!(f, "Use at most {MAX_PROMPT} characters."),
            Self::Nul => f.write_str("Leave out the NUL character."),
        }
    }
}

impl Prompt {
    /// Reads a prompt of 1 to [`MAX_PROMPT`] characters.
    ///
    /// # Errors
    /// [`PromptError`] says what to change.
    pub fn parse(text: &str) -> Result<Self, PromptError> {
        if !shows_something(text) {
            Err(PromptError::Empty)
        } else if text.chars().count() > MAX_PROMPT {
            Err(PromptError::TooLong)
        } else if text.contains('\0') {
            Err(PromptError::Nul)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The prompt.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_one_meaning() {
        for status in Status::ALL {
            assert_eq!(Status::from_word(status.as_str()), Some(*status));
        }
        assert_eq!(AspectRatio::ALL.len(), 10);
        assert_eq!(AspectRatio::from_word("16:10"), None);
    }

    #[test]
    fn a_prompt_is_counted_in_characters() {
        assert!(Prompt::parse(&"ж".repeat(MAX_PROMPT)).is_ok());
        assert_eq!(Prompt::parse(&"ж".repeat(MAX_PROMPT + 1)), Err(PromptError::TooLong));
        assert_eq!(Prompt::parse(" \n"), Err(PromptError::Empty));
        assert_eq!(Prompt::parse("\u{200B} \u{2060}"), Err(PromptError::Empty));
        assert_eq!(Prompt::parse("a\0"), Err(PromptError::Nul));
    }
}
