//! A picture as marks: what a scene becomes before it is pixels or SVG. Lengths are those of the 2K picture.

use crate::colour::Rgb;
use crate::picture::Picture;
use resvg::tiny_skia::{Path, PathBuilder, Rect, Transform};
use std::sync::Arc;

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Area {
    /// Left edge.
    pub x: f32,
    /// Upper edge.
    pub y: f32,
    /// Width.
    pub w: f32,
    /// Height.
    pub h: f32,
}

impl Area {
    /// A rectangle by its corner and its size.
    pub fn new(x: f32, y: f32, w: f32, h: f32) -> Self {
        Self { x, y, w, h }
    }

    /// Right edge.
    pub fn right(self) -> f32 {
        self.x + self.w
    }

    /// Lower edge.
    pub fn bottom(self) -> f32 {
        self.y + self.h
    }

    /// Smaller by `by` on each side.
    pub fn inset(self, by: f32) -> Self {
        Self::new(
            self.x + by,
            self.y + by,
            (self.w - 2.0 * by).max(1.0),
            (self.h - 2.0 * by).max(1.0),
        )
    }

    /// Whether it holds another, but for `slack`.
    pub fn holds(self, other: Self, slack: f32) -> bool {
        other.x >= self.x - slack
            && other.y >= self.y - slack
            && other.right() <= self.right() + slack
            && other.bottom() <= self.bottom() + slack
    }

    /// Whether the two share some of the plane.
    pub fn meets(self, other: Self) -> bool {
        self.x < other.right()
            && other.x < self.right()
            && self.y < other.bottom()
            && other.y < self.bottom()
    }

    /// The smallest that holds both.
    pub fn joined(self, other: Self) -> Self {
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        Self::new(x, y, self.right().max(other.right()) - x, self.bottom().max(other.bottom()) - y)
    }

    pub(crate) fn rect(self) -> Option<Rect> {
        Rect::from_xywh(self.x, self.y, self.w, self.h)
    }

    /// Its outline, the corners round.
    pub(crate) fn path(self, radius: f32) -> Option<Path> {
        let r = radius.min(self.w / 2.0).min(self.h / 2.0);
        if r <= 0.5 {
            return self.rect().map(PathBuilder::from_rect);
        }
        const K: f32 = 0.552_285;
        let (l, t, right, b) = (self.x, self.y, self.right(), self.bottom());
        let k = r * (1.0 - K);
        let mut path = PathBuilder::new();
        path.move_to(l + r, t);
        path.line_to(right - r, t);
        path.cubic_to(right - k, t, right, t + k, right, t + r);
        path.line_to(right, b - r);
        path.cubic_to(right, b - k, right - k, b, right - r, b);
        path.line_to(l + r, b);
        path.cubic_to(l + k, b, l, b - k, l, b - r);
        path.line_to(l, t + r);
        path.cubic_to(l, t + k, l + k, t, l + r, t);
        path.close();
        path.finish()
    }
}

/// A colour somewhere along a gradient.
#[derive(Debug, Clone, Copy)]
pub struct Stop {
    /// From 0 to 1.
    pub at: f32,
    /// The colour there.
    pub colour: Rgb,
    /// How much of it, 0 to 1.
    pub alpha: f32,
}

/// What a shape is filled with.
#[derive(Debug, Clone)]
pub enum Paint {
    /// One colour.
    Solid(Rgb, f32),
    /// Colours along a line.
    Linear {
        /// Where the first stop lies.
        from: (f32, f32),
        /// Where the last stop lies.
        to: (f32, f32),
        /// The colours.
        stops: Vec<Stop>,
    },
    /// Colours from a centre outwards.
    Radial {
        /// The centre.
        centre: (f32, f32),
        /// Where the last stop lies.
        radius: f32,
        /// The colours.
        stops: Vec<Stop>,
    },
}

/// One thing that is drawn.
#[derive(Debug, Clone)]
pub enum Shape {
    /// A filled path.
    Fill(Path, Paint),
    /// A line along a path.
    Stroke(Path, Rgb, f32),
    /// A part of a picture, fitted into an area.
    Image {
        /// The picture.
        picture: Arc<Picture>,
        /// Which part of it, in its own pixels.
        part: Area,
        /// Where it goes.
        to: Area,
        /// How round its corners are.
        radius: f32,
    },
}

/// A shape, and what bounds it.
#[derive(Debug, Clone)]
pub struct Mark {
    /// The shape.
    pub shape: Shape,
    /// Nothing is drawn outside of it.
    pub clip: Option<Area>,
    /// Whether it belongs to what everything else lies on.
    pub is_ground: bool,
}

/// Which part of the message a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextRole {
    /// The message.
    Headline,
    /// The small words above it.
    Kicker,
    /// What it adds.
    Sub,
    /// What to do.
    Call,
    /// The number.
    Figure,
    /// A date, a time, a place.
    Fact,
    /// Whose words.
    Attribution,
    /// The brand's name, where there is no logo.
    Wordmark,
}

/// A text that was set: where, and how.
#[derive(Debug, Clone)]
pub struct TextSpot {
    /// Its part in the message.
    pub role: TextRole,
    /// Which mark draws it.
    pub mark: usize,
    /// What its ink covers.
    pub ink: Area,
    /// The room it was given.
    pub room: Area,
    /// Its size in em.
    pub size: f32,
    /// Its colour.
    pub colour: Rgb,
    /// How many lines.
    pub lines: usize,
}

/// Where the logo stands.
#[derive(Debug, Clone, Copy)]
pub struct LogoSpot {
    /// What it covers.
    pub area: Area,
    /// What has to stay free around it.
    pub clear: Area,
}

/// A whole picture.
#[derive(Debug, Clone)]
pub struct Drawing {
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
    /// Everything that is drawn, the lowest first.
    pub marks: Vec<Mark>,
    /// The texts among them.
    pub texts: Vec<TextSpot>,
    /// The logo among them.
    pub logo: Option<LogoSpot>,
    /// Words that did not fit and were cut.
    pub cut: bool,
    /// Characters no bundled font has.
    pub missing: Vec<char>,
    /// Strength of the grain laid over it, 0 to 1.
    pub grain: f32,
    /// Which grain.
    pub seed: u64,
}

impl Drawing {
    /// The whole canvas.
    pub fn canvas(&self) -> Area {
        Area::new(0.0, 0.0, self.width, self.height)
    }
}

impl Paint {
    /// Seen in a mirror whose axis is the middle of a canvas of this width.
    pub(crate) fn mirrored(self, width: f32) -> Self {
        let flip = |(x, y): (f32, f32)| (width - x, y);
        match self {
            Self::Solid(..) => self,
            Self::Linear { from, to, stops } => {
                Self::Linear { from: flip(from), to: flip(to), stops }
            }
            Self::Radial { centre, radius, stops } => {
                Self::Radial { centre: flip(centre), radius, stops }
            }
        }
    }
}

/// A path seen in the same mirror.
pub(crate) fn mirrored(path: Path, width: f32) -> Option<Path> {
    path.transform(Transform::from_row(-1.0, 0.0, 0.0, 1.0, width, 0.0))
}
