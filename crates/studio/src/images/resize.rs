//! A picture in another ratio, where there is no scene to lay out anew: the part that matters, or the whole
//! of it with its edges extended.

use crate::colour::Rgb;
use crate::crop;
use crate::drawing::Area;
use crate::picture::Picture;

/// How a picture came to its new ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Something was cut off.
    Cropped,
    /// Something was added around it.
    Extended,
}

/// A crop that keeps less than this share is worse than a margin.
const LEAST_KEPT: f32 = 0.6;

/// The picture at another size in pixels.
pub fn to_size(picture: &Picture, width: u32, height: u32) -> Option<(Picture, How)> {
    let ratio = width as f32 / height as f32;
    let own = picture.width() as f32 / picture.height() as f32;
    let kept = (ratio / own).min(own / ratio);
    let plain = border(picture);
    if kept >= LEAST_KEPT && plain.is_none_or(|_| kept > 0.95) {
        let part = crop::salient(picture, ratio);
        return Some((picture.resized(part, width, height)?, How::Cropped));
    }
    let scale =
        (width as f32 / picture.width() as f32).min(height as f32 / picture.height() as f32);
    let side = |length: u32, most: u32| ((length as f32 * scale).round() as u32).clamp(1, most);
    let (w, h) = (side(picture.width(), width), side(picture.height(), height));
    let inner = picture.resized(picture.area(), w, h)?;
    let ground = match plain {
        Some(colour) => Picture::from_fn(width, height, |_, _| [colour.0, colour.1, colour.2, 255]),
        None => blurred(picture, ratio)?.resized(Area::new(1.0, 1.0, 22.0, 22.0), width, height)?,
    };
    let (x0, y0) = ((width - w) / 2, (height - h) / 2);
    let whole = Picture::from_fn(width, height, |x, y| {
        let below = ground.at(x, y);
        let inside = (x0..x0 + w).contains(&x) && (y0..y0 + h).contains(&y);
        if inside { over(inner.at(x - x0, y - y0), below) } else { below }
    });
    Some((whole, How::Extended))
}

fn over(top: [u8; 4], below: [u8; 4]) -> [u8; 4] {
    let alpha = f32::from(top[3]) / 255.0;
    let [r, g, b, _] = top;
    let [br, bg, bb, _] = below;
    let mixed = Rgb(r, g, b).over(Rgb(br, bg, bb), alpha);
    [mixed.0, mixed.1, mixed.2, 255]
}

/// The picture as a few soft patches that fill the new ratio, a little calmer than itself.
fn blurred(picture: &Picture, ratio: f32) -> Option<Picture> {
    let part = crop::salient(picture, ratio);
    let small = picture.resized(part, 24, 24)?;
    let mut soft = small;
    for _ in 0..3 {
        let before = soft.clone();
        soft = Picture::from_fn(24, 24, |x, y| {
            let mut sum = [0u32; 3];
            let mut count = 0;
            for (dx, dy) in [(0, 0), (1, 0), (0, 1), (2, 1), (1, 2), (2, 2), (2, 0), (0, 2), (1, 1)]
            {
                let [r, g, b, _] =
                    before.at((x + dx).saturating_sub(1), (y + dy).saturating_sub(1));
                sum = [sum[0] + u32::from(r), sum[1] + u32::from(g), sum[2] + u32::from(b)];
                count += 1;
            }
            let [r, g, b] = sum.map(|c| (c / count) as u8);
            [r, g, b, 255]
        });
    }
    Some(soft)
}

/// The colour of the picture's border, when it has one.
pub(crate) fn border(picture: &Picture) -> Option<Rgb> {
    let pixels = border_pixels(picture);
    let middle = median(&pixels)?;
    let near = pixels.iter().filter(|colour| colour.distance(middle) < 0.03).count();
    (near * 100 >= pixels.len() * 96).then_some(middle)
}

/// The visible pixels of the outermost rows and columns.
pub(crate) fn border_pixels(picture: &Picture) -> Vec<Rgb> {
    let (w, h) = (picture.width(), picture.height());
    let step = (w.max(h) / 512).max(1) as usize;
    let rows = (0..w).step_by(step).flat_map(|x| [(x, 0), (x, h - 1)]);
    let columns = (0..h).step_by(step).flat_map(|y| [(0, y), (w - 1, y)]);
    rows.chain(columns)
        .filter(|(x, y)| picture.at(*x, *y)[3] > 200)
        .map(|(x, y)| picture.colour(x, y))
        .collect()
}

pub(crate) fn median(pixels: &[Rgb]) -> Option<Rgb> {
    let middle = |channel: fn(&Rgb) -> u8| {
        let mut all: Vec<u8> = pixels.iter().map(channel).collect();
        all.sort_unstable();
        all.get(all.len() / 2).copied()
    };
    Some(Rgb(middle(|p| p.0)?, middle(|p| p.1)?, middle(|p| p.2)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene(border: [u8; 4]) -> Picture {
        Picture::from_fn(300, 200, |x, y| {
            let (dx, dy) = (x as f32 - 150.0, y as f32 - 100.0);
            if dx.hypot(dy) < 70.0 { [200, 40, 30, 255] } else { border }
        })
    }

    #[test]
    fn a_near_ratio_is_cropped_and_a_far_one_extended() {
        let busy = Picture::from_fn(300, 200, |x, y| {
            [(x % 251) as u8, (y % 241) as u8, ((x * y) % 255) as u8, 255]
        });
        let (cropped, how) = to_size(&busy, 256, 256).expect("sized");
        assert_eq!((how, cropped.width(), cropped.height()), (How::Cropped, 256, 256));
        let (extended, how) = to_size(&busy, 144, 256).expect("sized");
        assert_eq!((how, extended.width(), extended.height()), (How::Extended, 144, 256));
        assert!(extended.is_opaque());
    }

    #[test]
    fn a_plain_border_goes_on_in_its_colour() {
        let (extended, how) = to_size(&scene([10, 120, 90, 255]), 200, 300).expect("sized");
        assert_eq!(how, How::Extended);
        assert_eq!(extended.at(3, 3), [10, 120, 90, 255]);
        assert_eq!(extended.at(100, 150), [200, 40, 30, 255]);
    }
}
