//! Which part of a picture matters: where it has detail and colour.

use crate::drawing::Area;
use crate::picture::Picture;

/// The largest part of a picture with this ratio of width to height that keeps most of what matters.
pub fn salient(picture: &Picture, ratio: f32) -> Area {
    let (w, h) = (picture.width() as f32, picture.height() as f32);
    let (part_w, part_h) = if w / h > ratio { (h * ratio, h) } else { (w, w / ratio) };
    let Some(small) = picture.thumbnail(96) else { return Area::new(0.0, 0.0, part_w, part_h) };
    let scale = small.width() as f32 / w;
    let sideways = w - part_w > h - part_h;
    let weights = weights(&small, sideways);
    let length = weights.len() as f32;
    let window = if sideways { part_w * scale } else { part_h * scale };
    let free = (length - window).max(0.0);
    let steps = free.ceil() as usize;
    let total: f32 = weights.iter().sum::<f32>().max(1e-6);
    let score = |at: f32| {
        let inside: f32 =
            weights.iter().skip(at.round() as usize).take(window.round() as usize).sum();
        // A little love for the middle: people put there what they mean.
        inside / total - 0.12 * ((at + window / 2.0) / length - 0.5).abs()
    };
    let best = (0..=steps)
        .map(|step| (step as f32).min(free))
        .max_by(|a, b| score(*a).total_cmp(&score(*b)))
        .unwrap_or(0.0);
    let at = best / scale;
    if sideways {
        Area::new(at.min(w - part_w), 0.0, part_w, part_h)
    } else {
        Area::new(0.0, at.min(h - part_h), part_w, part_h)
    }
}

/// How much each column, or each row, matters: edges and colourfulness.
fn weights(small: &Picture, columns: bool) -> Vec<f32> {
    let (w, h) = (small.width(), small.height());
    let mut sums = vec![0.0; if columns { w } else { h } as usize];
    for y in 0..h {
        for x in 0..w {
            let here = small.colour(x, y).lab();
            let right = small.colour(x + 1, y).lab();
            let below = small.colour(x, y + 1).lab();
            let edge = (here[0] - right[0]).abs() + (here[0] - below[0]).abs();
            let alpha = f32::from(small.at(x, y)[3]) / 255.0;
            let weight = (edge * 2.0 + here[1].hypot(here[2]) * 0.6) * alpha;
            if let Some(sum) = sums.get_mut(if columns { x } else { y } as usize) {
                *sum += weight;
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_thing_at(x0: u32) -> Picture {
        Picture::from_fn(400, 100, |x, y| {
            let inside = (x0..x0 + 60).contains(&x) && (20..80).contains(&y);
            if inside {
                if (x / 6 + y / 6) % 2 == 0 { [220, 30, 40, 255] } else { [20, 20, 160, 255] }
            } else {
                [200, 200, 200, 255]
            }
        })
    }

    #[test]
    fn the_part_holds_what_stands_out() {
        for x0 in [10, 170, 330] {
            let part = salient(&with_thing_at(x0), 1.0);
            assert!((part.w - 100.0).abs() < 0.5 && (part.h - 100.0).abs() < 0.5);
            assert!(
                part.x <= x0 as f32 + 3.0 && part.right() >= x0 as f32 + 57.0,
                "{x0}: {part:?}"
            );
        }
    }
}
