//! The sizes pictures come in: ten aspect ratios at two resolutions.

use serde::{Deserialize, Serialize};

/// Width to height.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AspectRatio {
    /// Square.
    #[serde(rename = "1:1")]
    R1x1,
    /// Portrait, as printed photographs.
    #[serde(rename = "2:3")]
    R2x3,
    /// Landscape, as printed photographs.
    #[serde(rename = "3:2")]
    R3x2,
    /// Portrait, as tablets.
    #[serde(rename = "3:4")]
    R3x4,
    /// Landscape, as tablets.
    #[serde(rename = "4:3")]
    R4x3,
    /// Portrait, as feeds show it.
    #[serde(rename = "4:5")]
    R4x5,
    /// Landscape, nearly square.
    #[serde(rename = "5:4")]
    R5x4,
    /// Upright screen.
    #[serde(rename = "9:16")]
    R9x16,
    /// Wide screen.
    #[serde(rename = "16:9")]
    R16x9,
    /// Banner.
    #[serde(rename = "21:9")]
    R21x9,
}

impl AspectRatio {
    /// Every ratio there is.
    pub const ALL: [Self; 10] = [
        Self::R1x1,
        Self::R2x3,
        Self::R3x2,
        Self::R3x4,
        Self::R4x3,
        Self::R4x5,
        Self::R5x4,
        Self::R9x16,
        Self::R16x9,
        Self::R21x9,
    ];

    /// As it is written, `16:9`.
    pub fn name(self) -> &'static str {
        match self {
            Self::R1x1 => "1:1",
            Self::R2x3 => "2:3",
            Self::R3x2 => "3:2",
            Self::R3x4 => "3:4",
            Self::R4x3 => "4:3",
            Self::R4x5 => "4:5",
            Self::R5x4 => "5:4",
            Self::R9x16 => "9:16",
            Self::R16x9 => "16:9",
            Self::R21x9 => "21:9",
        }
    }

    /// The ratio that is written so.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ratio| ratio.name() == name)
    }

    /// The ratio that is nearest to a picture's sides.
    pub fn nearest(width: u32, height: u32) -> Self {
        let wanted = (width.max(1) as f32 / height.max(1) as f32).ln();
        let distance = |ratio: Self| (ratio.value().ln() - wanted).abs();
        Self::ALL
            .into_iter()
            .min_by(|a, b| distance(*a).total_cmp(&distance(*b)))
            .unwrap_or(Self::R1x1)
    }

    /// Width divided by height.
    pub fn value(self) -> f32 {
        let (w, h) = self.sides();
        w as f32 / h as f32
    }

    fn sides(self) -> (u32, u32) {
        match self {
            Self::R1x1 => (1, 1),
            Self::R2x3 => (2, 3),
            Self::R3x2 => (3, 2),
            Self::R3x4 => (3, 4),
            Self::R4x3 => (4, 3),
            Self::R4x5 => (4, 5),
            Self::R5x4 => (5, 4),
            Self::R9x16 => (9, 16),
            Self::R16x9 => (16, 9),
            Self::R21x9 => (21, 9),
        }
    }
}

/// How many pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Resolution {
    /// The long side is 2048 pixels.
    #[serde(rename = "2K")]
    TwoK,
    /// The long side is 4096 pixels.
    #[serde(rename = "4K")]
    FourK,
}

impl Resolution {
    fn long_side(self) -> u32 {
        match self {
            Self::TwoK => 2048,
            Self::FourK => 4096,
        }
    }

    /// Width and height in pixels: the long side exact, the other rounded to eight.
    pub fn pixels(self, ratio: AspectRatio) -> (u32, u32) {
        let (w, h) = ratio.sides();
        let long = self.long_side();
        let short =
            |a: u32, b: u32| ((long as f32 * a as f32 / b as f32 / 8.0).round() * 8.0) as u32;
        if w >= h { (long, short(h, w)) } else { (short(w, h), long) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_exact_or_rounded_to_eight() {
        assert_eq!(Resolution::TwoK.pixels(AspectRatio::R16x9), (2048, 1152));
        assert_eq!(Resolution::FourK.pixels(AspectRatio::R2x3), (2728, 4096));
        assert_eq!(Resolution::TwoK.pixels(AspectRatio::R21x9), (2048, 880));
        for ratio in AspectRatio::ALL {
            for resolution in [Resolution::TwoK, Resolution::FourK] {
                let (w, h) = resolution.pixels(ratio);
                assert_eq!((w % 8, h % 8, w.max(h)), (0, 0, resolution.long_side()));
            }
            assert_eq!(AspectRatio::named(ratio.name()), Some(ratio));
            let (w, h) = Resolution::TwoK.pixels(ratio);
            assert_eq!(AspectRatio::nearest(w, h), ratio);
        }
    }
}
