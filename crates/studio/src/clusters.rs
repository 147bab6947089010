//! The few colours a picture is made of: k-means in OKLab, begun at the fullest and farthest of its colours,
//! so that nothing about it is chance.

use crate::colour::Rgb;
use crate::picture::Picture;
use std::collections::BTreeMap;

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
    // Colours are gathered in cells of eight, so that the work does not grow with the picture.
    let mut cells: BTreeMap<(u8, u8, u8), ([u32; 3], u32)> = BTreeMap::new();
    for pixel in small.pixels().chunks_exact(4) {
        if let [r, g, b, a] = *pixel
            && a > 127
        {
            let (sum, n) = cells.entry((r >> 3, g >> 3, b >> 3)).or_default();
            *sum = [sum[0] + u32::from(r), sum[1] + u32::from(g), sum[2] + u32::from(b)];
            *n += 1;
        }
    }
    let points: Vec<([f32; 3], f32)> = cells
        .into_values()
        .map(|(sum, n)| {
            let [r, g, b] = sum.map(|c| (c / n.max(1)) as u8);
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
    let mut clusters: Vec<Cluster> = centres
        .iter()
        .zip(shares)
        .filter(|(_, share)| *share > 0.004)
        .map(|(centre, share)| Cluster { colour: Rgb::from_lab(*centre), share })
        .collect();
    clusters.sort_by(|a, b| b.share.total_cmp(&a.share));
    clusters
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
}
