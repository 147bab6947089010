//! The sizes in which an engine draws.

/// Sides are whole multiples of this many pixels.
const STEP: u32 = 16;
/// The longest side that is asked for when nobody says what an engine draws.
const LONGEST: u32 = 3_840;
/// The most pixels.
const MOST: u64 = 8_294_400;

/// The sizes in which an engine draws.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sizes(Vec<(u32, u32)>);

impl Sizes {
    /// Those; any, when there are none.
    pub(super) fn new(fixed: Vec<(u32, u32)>) -> Self {
        Self(fixed)
    }

    /// The one that is nearest to a size that is wanted: in shape first, then in pixels.
    pub(super) fn nearest(&self, wanted: (u32, u32)) -> (u32, u32) {
        let shape = |size: (u32, u32)| (f64::from(size.0.max(1)) / f64::from(size.1.max(1))).ln();
        let pixels = |size: (u32, u32)| f64::from(size.0.max(1)) * f64::from(size.1.max(1));
        // A hundredth in shape is worth less than twice the pixels.
        let distance = |size: &(u32, u32)| {
            let off = (shape(*size) - shape(wanted)).abs();
            ((off * 100.0).round(), (pixels(*size) / pixels(wanted)).ln().abs())
        };
        let nearest = self.0.iter().min_by(|a, b| {
            let (a, b) = (distance(a), distance(b));
            a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
        });
        nearest.copied().unwrap_or_else(|| rounded(wanted))
    }
}

/// A size as engines that draw any take it.
fn rounded((width, height): (u32, u32)) -> (u32, u32) {
    let longest = f64::from(width.max(height).max(1));
    let by_side = f64::from(LONGEST) / longest;
    let by_pixels = (MOST as f64 / (f64::from(width.max(1)) * f64::from(height.max(1)))).sqrt();
    let scale = by_side.min(by_pixels).min(1.0);
    let side = |side: u32| ((f64::from(side) * scale / f64::from(STEP)) as u32).max(1) * STEP;
    (side(width), side(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_size_has_the_nearest_shape() {
        let some = Sizes::new(vec![(1024, 1024), (1536, 1024), (1024, 1536), (2048, 2048)]);
        assert_eq!(some.nearest((2048, 880)), (1536, 1024));
        assert_eq!(some.nearest((1152, 2048)), (1024, 1536));
        assert_eq!(some.nearest((2048, 2048)), (2048, 2048));
        assert_eq!(some.nearest((4096, 4096)), (2048, 2048));
        assert_eq!(some.nearest((1024, 1024)), (1024, 1024));
    }

    #[test]
    fn any_size_is_rounded_to_what_models_take() {
        let any = Sizes::new(Vec::new());
        assert_eq!(any.nearest((2048, 1152)), (2048, 1152));
        assert_eq!(any.nearest((2048, 1368)), (2048, 1360));
        assert_eq!(any.nearest((4096, 4096)), (2880, 2880));
        assert_eq!(any.nearest((4096, 2304)), (3840, 2160));
    }
}
