//! The words of images on the wire, one for each of the domain's.

use bloom_domain::credits::ImageSize;
use bloom_domain::images::{ActionType, AspectRatio, FailureReason, Model, Source, Status};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident as $shown:literal for $of:ident { $($variant:ident = $word:literal,)+ }) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        $(#[$doc])*
        #[schemars(rename = $shown)]
        pub(crate) enum $name {
            $(#[serde(rename = $word)] $variant,)+
        }

        impl From<$of> for $name {
            fn from(one: $of) -> Self {
                match one {
                    $($of::$variant => Self::$variant,)+
                }
            }
        }

        impl From<$name> for $of {
            fn from(one: $name) -> Self {
                match one {
                    $($name::$variant => Self::$variant,)+
                }
            }
        }
    };
}

words! {
    /// Where an image is from.
    SourceWord as "ImageSource" for Source {
        Generated = "generated",
        Uploaded = "uploaded",
        Scraped = "scraped",
    }
}

words! {
    /// How far an image is.
    StatusWord as "ImageStatus" for Status {
        Pending = "pending",
        Generating = "generating",
        Completed = "completed",
        Failed = "failed",
    }
}

words! {
    /// Why an image failed.
    FailureWord as "ImageFailureReason" for FailureReason {
        ContentSafety = "content_safety",
        RateLimited = "rate_limited",
    }
}

words! {
    /// What made an image.
    ActionWord as "ImageActionType" for ActionType {
        Generation = "generation",
        Edit = "edit",
        Resize = "resize",
        Variant = "variant",
        Recreate = "recreate",
        RemoveBackground = "remove-background",
        Vectorize = "vectorize",
    }
}

words! {
    /// Width to height.
    RatioWord as "AspectRatio" for AspectRatio {
        R1x1 = "1:1",
        R2x3 = "2:3",
        R3x2 = "3:2",
        R3x4 = "3:4",
        R4x3 = "4:3",
        R4x5 = "4:5",
        R5x4 = "5:4",
        R9x16 = "9:16",
        R16x9 = "16:9",
        R21x9 = "21:9",
    }
}

words! {
    /// How large an image is: 2048 or 4096 pixels on its long side.
    #[schemars(inline)]
    SizeWord as "ImageSize" for ImageSize {
        TwoK = "2K",
        FourK = "4K",
    }
}

words! {
    /// How much effort an image is worth. The server's operator decides which engine that is; where they decided nothing,
    /// it is the server's own, which makes no difference between them.
    ModelWord as "ImageModel" for Model {
        Fast = "fast",
        Standard = "standard",
        Pro = "pro",
    }
}
