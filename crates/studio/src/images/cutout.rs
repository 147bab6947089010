//! A thing without its background, where the background is plain: a model of the border's colour, a flood from
//! the border, and an edge that is as soft as it was. Where the background is not plain it says so.

use super::resize::{border_pixels, median};
use crate::colour::Rgb;
use crate::picture::Picture;
use std::collections::VecDeque;
use std::fmt;

/// Why nothing was cut out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unclear {
    /// The border has many colours.
    NotPlain,
    /// All of it, or nothing, would be left.
    NoSubject,
}

impl fmt::Display for Unclear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotPlain => "the background is not plain enough to be told from the subject",
            Self::NoSubject => "nothing stands out from the background",
        })
    }
}

impl std::error::Error for Unclear {}

/// How far from the background's colour is still background, at least and at most.
const NEAR: (f32, f32) = (0.035, 0.085);

/// The picture with a transparent background. One that has it already is answered as it is.
pub fn cut_out(picture: &Picture) -> Result<Picture, Unclear> {
    let (w, h) = (picture.width() as usize, picture.height() as usize);
    let clear =
        picture.pixels().chunks_exact(4).filter(|p| p.last().is_some_and(|a| *a < 20)).count();
    if clear * 20 > w * h {
        return Ok(picture.clone());
    }
    let edge = border_pixels(picture);
    let ground = median(&edge).ok_or(Unclear::NotPlain)?;
    let mut away: Vec<f32> = edge.iter().map(|colour| colour.distance(ground)).collect();
    away.sort_by(f32::total_cmp);
    let spread = away.get(away.len() * 85 / 100).copied().unwrap_or(1.0);
    if spread > NEAR.1 {
        return Err(Unclear::NotPlain);
    }
    let near = (spread * 2.2).clamp(NEAR.0, NEAR.1);
    let background = flood(picture, ground, near);
    let share = background.iter().filter(|is| **is).count() as f32 / (w * h) as f32;
    if !(0.02..0.985).contains(&share) {
        return Err(Unclear::NoSubject);
    }
    Ok(with_soft_edge(picture, &background, ground, near))
}

/// Which pixels are reached from the border over pixels of the ground's colour.
fn flood(picture: &Picture, ground: Rgb, near: f32) -> Vec<bool> {
    let (w, h) = (picture.width(), picture.height());
    let lab = ground.lab();
    let is_ground = |x: u32, y: u32| {
        let other = picture.colour(x, y).lab();
        // Shadows on a backdrop differ in lightness first, so that counts half.
        let l = (other[0] - lab[0]) * 0.6;
        (l * l + (other[1] - lab[1]).powi(2) + (other[2] - lab[2]).powi(2)).sqrt() <= near
    };
    let mut reached = vec![false; w as usize * h as usize];
    let mut pending = VecDeque::new();
    let border =
        (0..w).flat_map(|x| [(x, 0), (x, h - 1)]).chain((0..h).flat_map(|y| [(0, y), (w - 1, y)]));
    let mut visit = |x: u32, y: u32, pending: &mut VecDeque<(u32, u32)>| {
        if let Some(seen) = reached.get_mut(y as usize * w as usize + x as usize)
            && !*seen
            && is_ground(x, y)
        {
            *seen = true;
            pending.push_back((x, y));
        }
    };
    for (x, y) in border {
        visit(x, y, &mut pending);
    }
    while let Some((x, y)) = pending.pop_front() {
        for (nx, ny) in [(x.wrapping_sub(1), y), (x + 1, y), (x, y.wrapping_sub(1)), (x, y + 1)] {
            if nx < w && ny < h {
                visit(nx, ny, &mut pending);
            }
        }
    }
    reached
}

/// At the edge a pixel is a mix of both sides: its share becomes alpha, and the ground is taken out of its
/// colour.
fn with_soft_edge(picture: &Picture, background: &[bool], ground: Rgb, near: f32) -> Picture {
    let (w, h) = (picture.width() as i64, picture.height() as i64);
    let is_ground = |x: i64, y: i64| {
        let inside = (0..w).contains(&x) && (0..h).contains(&y);
        inside && background.get((y * w + x) as usize).copied().unwrap_or(false)
    };
    Picture::from_fn(picture.width(), picture.height(), |x, y| {
        let (at_x, at_y) = (i64::from(x), i64::from(y));
        let [r, g, b, a] = picture.at(x, y);
        if is_ground(at_x, at_y) {
            return [r, g, b, 0];
        }
        let at_edge = (-1..=1).any(|dy| (-1..=1).any(|dx| is_ground(at_x + dx, at_y + dy)));
        if !at_edge {
            return [r, g, b, a];
        }
        let inner = deeper(picture, (at_x, at_y), &is_ground).unwrap_or(Rgb(r, g, b));
        let whole = inner.distance(ground).max(near);
        let alpha = (Rgb(r, g, b).distance(ground) / whole).clamp(0.0, 1.0);
        let back = |c: u8, under: u8| {
            let share = alpha.max(0.12);
            ((f32::from(c) - (1.0 - share) * f32::from(under)) / share).clamp(0.0, 255.0) as u8
        };
        let alpha = (alpha * f32::from(a)).round() as u8;
        [back(r, ground.0), back(g, ground.1), back(b, ground.2), alpha]
    })
}

/// The colour of the thing itself, a few pixels away from its edge.
fn deeper(
    picture: &Picture,
    (x, y): (i64, i64),
    is_ground: &impl Fn(i64, i64) -> bool,
) -> Option<Rgb> {
    let (mut dx, mut dy) = (0, 0);
    for ny in -2..=2 {
        for nx in -2..=2 {
            if is_ground(x + nx, y + ny) {
                (dx, dy) = (dx - nx, dy - ny);
            }
        }
    }
    let length = ((dx * dx + dy * dy) as f32).sqrt();
    if length < 0.5 {
        return None;
    }
    let (sx, sy) = (
        x + (dx as f32 / length * 3.0).round() as i64,
        y + (dy as f32 / length * 3.0).round() as i64,
    );
    let inside =
        sx >= 0 && sy >= 0 && sx < i64::from(picture.width()) && sy < i64::from(picture.height());
    (inside && !is_ground(sx, sy)).then(|| picture.colour(sx as u32, sy as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disc with a soft edge and a hole of the ground's colour in it, on a backdrop with some noise.
    fn disc(ground: Rgb, thing: Rgb) -> Picture {
        Picture::from_fn(120, 120, |x, y| {
            let r = (x as f32 - 60.0).hypot(y as f32 - 60.0);
            let share = (41.0 - r).clamp(0.0, 1.0) * (r - 9.0).clamp(0.0, 1.0);
            let noise = ((x * 7 + y * 13) % 5) as u8;
            let ground = Rgb(
                ground.0.saturating_sub(noise),
                ground.1.saturating_sub(noise),
                ground.2.saturating_sub(noise),
            );
            let c = thing.over(ground, share);
            [c.0, c.1, c.2, 255]
        })
    }

    #[test]
    fn a_plain_backdrop_goes_and_the_thing_stays() {
        for ground in [Rgb(255, 255, 255), Rgb(30, 160, 80), Rgb(10, 10, 14)] {
            let cut = cut_out(&disc(ground, Rgb(190, 40, 60))).expect("plain");
            assert_eq!(cut.at(2, 2)[3], 0);
            assert_eq!(cut.at(60, 25)[3], 255);
            assert_eq!(cut.at(60, 60)[3], 255, "what the border does not reach stays");
            // Around the edge nothing of the ground's colour is left.
            for x in 15..30 {
                let [r, g, b, a] = cut.at(x, 60);
                assert!(
                    a < 40 || Rgb(r, g, b).distance(Rgb(190, 40, 60)) < 0.12,
                    "{x}: {r} {g} {b} {a}"
                );
            }
        }
    }

    #[test]
    fn a_busy_background_is_refused() {
        let busy = Picture::from_fn(90, 90, |x, y| {
            [(x * 29 % 256) as u8, (y * 37 % 256) as u8, ((x + y) * 17 % 256) as u8, 255]
        });
        assert_eq!(cut_out(&busy), Err(Unclear::NotPlain));
        let empty = Picture::from_fn(90, 90, |_, _| [240, 240, 240, 255]);
        assert_eq!(cut_out(&empty), Err(Unclear::NoSubject));
    }

    #[test]
    fn what_is_transparent_already_is_left_alone() {
        let logo =
            Picture::from_fn(50, 50, |x, _| if x < 25 { [0, 0, 0, 0] } else { [9, 9, 9, 255] });
        assert_eq!(cut_out(&logo).expect("as it is"), logo);
    }
}
