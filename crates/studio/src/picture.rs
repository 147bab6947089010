//! Pixels in memory.

use crate::colour::Rgb;
use crate::drawing::Area;
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

/// Pixels, four bytes each: red, green, blue, alpha, not premultiplied.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

impl Picture {
    /// A picture of these pixels; `None` when they are not as many as the sides say.
    pub fn new(width: u32, height: u32, pixels: Vec<u8>) -> Option<Self> {
        let wanted = (width as usize).checked_mul(height as usize)?.checked_mul(4)?;
        (wanted == pixels.len() && wanted > 0).then_some(Self { width, height, pixels })
    }

    /// A picture whose pixels a function gives.
    pub fn from_fn(width: u32, height: u32, mut pixel: impl FnMut(u32, u32) -> [u8; 4]) -> Self {
        let (width, height) = (width.max(1), height.max(1));
        let mut pixels = Vec::with_capacity(width as usize * height as usize * 4);
        for y in 0..height {
            for x in 0..width {
                pixels.extend_from_slice(&pixel(x, y));
            }
        }
        Self { width, height, pixels }
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// All pixels, row by row.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The pixels themselves.
    pub fn into_pixels(self) -> Vec<u8> {
        self.pixels
    }

    /// One pixel; outside of the picture the nearest one.
    pub fn at(&self, x: u32, y: u32) -> [u8; 4] {
        let (x, y) = (x.min(self.width - 1) as usize, y.min(self.height - 1) as usize);
        let start = (y * self.width as usize + x) * 4;
        self.pixels.get(start..start + 4).and_then(|p| p.try_into().ok()).unwrap_or_default()
    }

    /// The colour of a pixel, whatever its alpha.
    pub fn colour(&self, x: u32, y: u32) -> Rgb {
        let [r, g, b, _] = self.at(x, y);
        Rgb(r, g, b)
    }

    /// Whether no pixel lets anything through.
    pub fn is_opaque(&self) -> bool {
        self.pixels.chunks_exact(4).all(|p| p.last() == Some(&255))
    }

    /// The smallest part that holds every visible pixel.
    pub fn visible(&self) -> Area {
        let (mut l, mut t, mut r, mut b) = (self.width, self.height, 0, 0);
        for (at, pixel) in self.pixels.chunks_exact(4).enumerate() {
            if pixel.last().is_some_and(|alpha| *alpha > 8) {
                let (x, y) = (at as u32 % self.width, at as u32 / self.width);
                (l, t, r, b) = (l.min(x), t.min(y), r.max(x + 1), b.max(y + 1));
            }
        }
        if r <= l {
            self.area()
        } else {
            Area::new(l as f32, t as f32, (r - l) as f32, (b - t) as f32)
        }
    }

    /// The whole of it.
    pub fn area(&self) -> Area {
        Area::new(0.0, 0.0, self.width as f32, self.height as f32)
    }

    /// A part of it at another size. Alpha is respected: what is not seen does not bleed into what is.
    pub fn resized(&self, part: Area, width: u32, height: u32) -> Option<Self> {
        let (width, height) = (width.max(1), height.max(1));
        let source = ImageRef::new(self.width, self.height, &self.pixels, PixelType::U8x4).ok()?;
        let mut target = Image::new(width, height, PixelType::U8x4);
        let x = part.x.clamp(0.0, self.width as f32 - 1.0);
        let y = part.y.clamp(0.0, self.height as f32 - 1.0);
        let w = part.w.clamp(1.0, self.width as f32 - x);
        let h = part.h.clamp(1.0, self.height as f32 - y);
        let options = ResizeOptions::new()
            .resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom))
            .crop(f64::from(x), f64::from(y), f64::from(w), f64::from(h));
        Resizer::new().resize(&source, &mut target, &options).ok()?;
        Self::new(width, height, target.into_vec())
    }

    /// A small version, its long side at most this.
    pub fn thumbnail(&self, long: u32) -> Option<Self> {
        let scale = long as f32 / self.width.max(self.height) as f32;
        if scale >= 1.0 {
            return Some(self.clone());
        }
        let side = |s: u32| ((s as f32 * scale).round() as u32).max(1);
        self.resized(self.area(), side(self.width), side(self.height))
    }
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({}x{})", self.width, self.height)
    }
}
