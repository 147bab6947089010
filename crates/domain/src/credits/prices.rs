//! What operations cost: the one table.

use std::fmt;

use super::amounts::Amount;
use crate::plans::Feature;

/// As many variants as one request may ask for.
pub const MAX_VARIANTS: u32 = 5;

/// How large an image is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageSize {
    /// 2,048 pixels on its long side.
    TwoK,
    /// 4,096 pixels on its long side.
    FourK,
}

/// Work that costs credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaidWork {
    /// New images.
    Generate {
        /// How large.
        size: ImageSize,
        /// How many.
        variants: u32,
    },
    /// An image changed as it is told.
    Edit {
        /// How large.
        size: ImageSize,
    },
    /// An image in another format.
    Resize,
    /// An image without its background.
    RemoveBackground,
    /// An image as paths.
    Vectorize,
}

/// So many variants cannot be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceError;

impl fmt::Display for PriceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected from 1 to {MAX_VARIANTS} variants")
    }
}

impl std::error::Error for PriceError {}

impl PaidWork {
    /// The operation's name, as movements keep it.
    #[must_use]
    pub const fn operation(self) -> &'static str {
        match self {
            Self::Generate { .. } => "images.generate",
            Self::Edit { .. } => "images.edit",
            Self::Resize => "images.resize",
            Self::RemoveBackground => "images.removeBackground",
            Self::Vectorize => "images.vectorize",
        }
    }

    /// What it needs that only some plans include.
    #[must_use]
    pub const fn feature(self) -> Option<Feature> {
        match self {
            Self::Generate { size: ImageSize::FourK, .. }
            | Self::Edit { size: ImageSize::FourK } => Some(Feature::FourK),
            _ => None,
        }
    }

    /// What each image of it costs.
    ///
    /// # Errors
    /// [`PriceError`] for none, or more than may be asked for.
    pub fn items(self) -> Result<Vec<Amount>, PriceError> {
        let (credits, count) = match self {
            Self::Generate { size, variants } => (size.price(), variants),
            Self::Edit { size } => (size.price(), 1),
            Self::Resize | Self::RemoveBackground | Self::Vectorize => (1, 1),
        };
        if !(1..=MAX_VARIANTS).contains(&count) {
            return Err(PriceError);
        }
        let price = Amount::new(credits).map_err(|_| PriceError)?;
        Ok(std::iter::repeat_n(price, count as usize).collect())
    }
}

impl ImageSize {
    const fn price(self) -> i64 {
        match self {
            Self::TwoK => 1,
            Self::FourK => 2,
        }
    }
}
