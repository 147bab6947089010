//! The few colours a picture is made of: k-means in OKLab, begun at the fullest and farthest of its colours,
//! so that nothing about it is chance.

use crate::colour::Rgb;
use crate::picture::Picture;
use std::collections::BTreeMap;

/// From this share of a cluster on, one colour of its pixels is the cluster's: what is between is the soft edge of it.
const PLAIN: f32 = 0.4;

/// A colour and the share of the visible pixels that are nearest to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cluster {
    /// The colour most of them have.
    pub colour: Rgb,
    /// Their share, 0 to 1.
    pub share: f32,
}

/// At most `count` colours, the largest share first.
pub fn of(picture: &Picture, count: usize) -> Vec<Cluster> {
    let Some(small) = picture.thumbnail(160) else { return Vec::new() };
    let mut exact: BTreeMap<(u8, u8, u8), u32> = BTreeMap::new();
    for pixel in small.pixels().chunks_exact(4) {
        if let [r, g, b, a] = *pixel
            && a > 127
        {
            *exact.entry((r, g, b)).or_default() += 1;
        }
    }
    // Colours are gathered in cells of eight, so that the work does not grow with the picture.
    let mut cells: BTreeMap<(u8, u8, u8), ([u32; 3], u32)> = BTreeMap::new();
    for (&(r, g, b), &n) in &exact {
        let (sum, count) = cells.entry((r >> 3, g >> 3, b >> 3)).or_default();
        for (sum, channel) in sum.iter_mut().zip([r, g, b]) {
            *sum += u32::from(channel) * n;
        }
        *count += n;
    }
    let points: Vec<([f32; 3], f32)> = cells
        .into_values()
        .map(|(sum, n)| {
            let [r, g, b] = sum.map(|c| ((c + n / 2) / n.max(1)) as u8);
            (Rgb(r, g, b).lab(), n as f32)
        })
        .collect();
    let total: f32 = points.iter().map(|(_, n)| n).sum();
    let mut centres = seeds(&points, count);
    for _ in 0..12 {
        centres = moved(&points, &centres);
    }
    let mut shares = vec![0.0; centres.len()];
    for (point, n) in &points {
        if let Some(share) = nearest(&centres, *point).and_then(|at| shares.get_mut(at)) {
            *share += n / total;
        }
    }
    let plain = plainest(&exact, &centres);
    let mut clusters: Vec<Cluster> = centres
        .iter()
        .zip(shares)
        .zip(plain)
        .filter(|((_, share), _)| *share > 0.004)
        .map(|((centre, share), (colour, n))| {
            let is_plain = n as f32 >= PLAIN * share * total;
            let colour = if is_plain { colour } else { Rgb::from_lab(*centre) };
            Cluster { colour, share }
        })
        .collect();
    clusters.sort_by(|a, b| b.share.total_cmp(&a.share));
    clusters
}

/// For each centre the one colour that most of its pixels have, and how many.
fn plainest(exact: &BTreeMap<(u8, u8, u8), u32>, centres: &[[f32; 3]]) -> Vec<(Rgb, u32)> {
    let mut plainest = vec![(Rgb(0, 0, 0), 0); centres.len()];
    for (&(r, g, b), &n) in exact {
        let colour = Rgb(r, g, b);
        let of = nearest(centres, colour.lab()).and_then(|at| plainest.get_mut(at));
        if let Some(most) = of.filter(|most| most.1 < n) {
            *most = (colour, n);
        }
    }
    plainest
}

fn away(a: [f32; 3], b: [f32; 3]) -> f32 {
    (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2) + (a[2] - b[2]).powi(2)
}

fn nearest(centres: &[[f32; 3]], point: [f32; 3]) -> Option<usize> {
    let by_distance = |a: &(usize, &[f32; 3]), b: &(usize, &[f32; 3])| {
        away(*a.1, point).total_cmp(&away(*b.1, point))
    };
    centres.iter().enumerate().min_by(by_distance).map(|(at, _)| at)
}

fn seeds(points: &[([f32; 3], f32)], count: usize) -> Vec<[f32; 3]> {
    let mut chosen: Vec<[f32; 3]> = Vec::new();
    while chosen.len() < count {
        let worth = |(point, n): &([f32; 3], f32)| {
            let far = chosen.iter().map(|c| away(*c, *point)).fold(f32::MAX, f32::min);
            if chosen.is_empty() { *n } else { far * n.sqrt() }
        };
        let best = points.iter().max_by(|a, b| worth(a).total_cmp(&worth(b)));
        match best {
            Some((point, _)) if chosen.iter().all(|c| away(*c, *point) > 1e-4) => {
                chosen.push(*point);
            }
            _ => break,
        }
    }
    chosen
}

fn moved(points: &[([f32; 3], f32)], centres: &[[f32; 3]]) -> Vec<[f32; 3]> {
    let mut sums = vec![([0.0; 3], 0.0); centres.len()];
    for (point, n) in points {
        if let Some((sum, weight)) = nearest(centres, *point).and_then(|at| sums.get_mut(at)) {
            *sum = [sum[0] + point[0] * n, sum[1] + point[1] * n, sum[2] + point[2] * n];
            *weight += n;
        }
    }
    let mean = |((sum, weight), old): (([f32; 3], f32), &[f32; 3])| {
        if weight > 0.0 { sum.map(|v| v / weight) } else { *old }
    };
    sums.into_iter().zip(centres).map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_colours_of_a_flag_are_found_with_their_shares() {
        let flag = Picture::from_fn(90, 60, |x, _| match x / 30 {
            0 => [0, 85, 164, 255],
            1 => [255, 255, 255, 255],
            _ => [239, 65, 53, 255],
        });
        let clusters = of(&flag, 6);
        assert_eq!(clusters.len(), 3, "{clusters:?}");
        for wanted in [Rgb(0, 85, 164), Rgb(255, 255, 255), Rgb(239, 65, 53)] {
            let found =
                clusters.iter().find(|c| c.colour.distance(wanted) < 0.02).expect("a stripe");
            assert!((found.share - 1.0 / 3.0).abs() < 0.03);
        }
    }

    #[test]
    fn a_plain_colour_is_found_as_it_is() {
        // A disc with a soft edge upon another colour.
        let logo = Picture::from_fn(300, 200, |x, y| {
            let away = (x as f32 - 150.3).hypot(y as f32 - 99.6);
            let inside = ((81.0 - away) / 12.0).clamp(0.0, 1.0);
            let mix = |on: u8, under: u8| {
                (f32::from(on) * inside + f32::from(under) * (1.0 - inside)).round() as u8
            };
            [mix(181, 253), mix(71, 246), mix(42, 238), 255]
        });
        let found: Vec<Rgb> = of(&logo, 5).iter().map(|cluster| cluster.colour).collect();
        for wanted in [Rgb(181, 71, 42), Rgb(253, 246, 238)] {
            assert!(found.contains(&wanted), "{wanted:?} is not among {found:?}");
        }
    }
}
