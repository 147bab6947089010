//! Pictures without their ground.

use super::matrix::{Case, in_turns};
use super::small;
use bloom_studio::colour::Rgb;
use bloom_studio::drawing::Drawing;
use bloom_studio::raster;

/// The marks of a drawing that are its ground, and nothing upon them.
fn ground_alone(drawing: &Drawing) -> Drawing {
    let mut ground = drawing.clone();
    ground.marks.retain(|mark| mark.is_ground);
    ground
}

#[test]
fn without_its_ground_a_picture_is_open_and_laid_over_it_again_whole() {
    let mut faults = Vec::new();
    for Case { what, drawing, .. } in in_turns() {
        let drawing = Drawing { grain: 0.0, ..drawing.clone() };
        let (whole, ground) = (small(&drawing), small(&ground_alone(&drawing)));
        let (w, h) = (whole.width(), whole.height());
        let Some(lifted) = raster::without_ground(&drawing, w, h) else {
            faults.push(format!("{what}: it has no ground, or nothing else"));
            continue;
        };
        let (mut worst, mut open, mut full) = (0.0f32, 0u32, 0u32);
        for y in 0..h {
            for x in 0..w {
                let [r, g, b, a] = lifted.at(x, y);
                open += u32::from(a == 0);
                full += u32::from(a == 255);
                let again = Rgb(r, g, b).over(ground.colour(x, y), f32::from(a) / 255.0);
                worst = worst.max(again.distance(whole.colour(x, y)));
            }
        }
        let share = |count: u32| count as f32 / (w * h) as f32;
        // A sheet upon a picture leaves enough of it to be seen.
        if what.starts_with("Card") && what.contains("Photo") && share(open) < 0.35 {
            faults.push(format!("{what}: {:.3} of the picture is seen", share(open)));
        }
        // The many thin veils of a shadow are rounded one by one.
        if worst > 0.05 || share(open) < 0.03 || share(full) < 0.003 {
            let (open, full) = (share(open), share(full));
            faults.push(format!("{what}: {worst:.3} away, {open:.3} open, {full:.3} full"));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn what_is_all_ground_or_has_none_is_left_to_its_pixels() {
    let Some(Case { drawing, .. }) = in_turns().next() else { panic!("there are no cases") };
    assert!(raster::without_ground(&ground_alone(drawing), 64, 64).is_none());
    let mut bare = drawing.clone();
    bare.marks.retain(|mark| !mark.is_ground);
    assert!(raster::without_ground(&bare, 64, 64).is_none());
}
