//! Composing a picture: CPU and memory of each part, in a process of its own, as a worker's thread would do it.

use std::process::Command;

use bloom_studio::brand::{Brand, ColourRole, Swatch};
use bloom_studio::colour::Rgb;
use bloom_studio::compose::{Order, compose, lay_out};
use bloom_studio::format::{AspectRatio, Resolution};
use bloom_studio::picture::Picture;
use bloom_studio::scene::Materials;
use bloom_studio::{Typesetter, prompt, raster};
use rustix::time::{ClockId, clock_gettime};
use std::sync::Arc;

use crate::Outcome;
use crate::samples::median;

const RUNS: usize = 5;
const PROMPT: &str = "\"Wild coffee, slowly roasted\" subtitle \"Single origin beans from small farms\" button \"Shop now\"";

/// Pictures of both sizes, drawn and with a photograph, five runs each.
pub(crate) fn run() -> Outcome {
    println!(
        "\nthe studio, five variants a run, medians and worst of {RUNS} runs, milliseconds of CPU"
    );
    let program = std::env::current_exe()?;
    for size in ["2K", "4K"] {
        for what in ["drawn", "photo"] {
            let mut runs: [Vec<f64>; 6] = Default::default();
            for seed in 0..RUNS {
                let output = Command::new(&program)
                    .args(["studio", size, what, &seed.to_string()])
                    .output()?;
                let output = String::from_utf8(output.stdout)?;
                for (figures, figure) in runs.iter_mut().zip(output.split_whitespace()) {
                    figures.push(figure.parse()?);
                }
            }
            let [fonts, choose, draw, encode, worst, peak] = runs;
            let most = |figures: &[f64]| figures.iter().copied().fold(0.0, f64::max);
            println!(
                "  {size} {what}: choosing five {:.0}, drawing {:.0}, PNG {:.0}, the slowest picture {:.0}; fonts once {:.0}; at most {:.0} MiB",
                median(&choose),
                median(&draw),
                median(&encode),
                most(&worst),
                median(&fonts),
                most(&peak)
            );
        }
    }
    Ok(())
}

/// One run in this process, its figures on one line.
pub(crate) fn measure(size: &str, what: &str, seed: &str) -> Outcome {
    let seed: u64 = seed.parse()?;
    let resolution = if size == "4K" { Resolution::FourK } else { Resolution::TwoK };
    let ratio = AspectRatio::ALL[seed as usize * 2 % 10];
    let start = cpu();
    let mut setter = Typesetter::new();
    let fonts = cpu() - start;
    let swatch = |hex: &str, role| Rgb::from_hex(hex).map(|colour| Swatch { colour, role });
    let palette =
        [swatch("#1f4d3a", ColourRole::Primary), swatch("#f2b84b", ColourRole::Secondary)];
    let brand = Brand {
        name: "Northwind".to_owned(),
        palette: palette.into_iter().flatten().collect(),
        ..Brand::default()
    };
    let pictures = if what == "photo" { vec!["photo".to_owned()] } else { Vec::new() };
    let photo = Picture::from_fn(2400, 1600, |x, y| {
        [(x / 10) as u8, (y / 7) as u8, ((x * y) / 9000) as u8, 255]
    });
    let materials = Materials { logo: None, pictures: vec![("photo".to_owned(), Arc::new(photo))] };
    let order = Order { brief: prompt::read(PROMPT), brand, ratio, seed, pictures };
    let start = cpu();
    let mut scenes = compose(&order, &materials, &mut setter, 5);
    let choose = cpu() - start;
    let (width, height) = resolution.pixels(ratio);
    let (mut draws, mut encodes, mut worst) = (Vec::new(), Vec::new(), 0.0_f64);
    for scene in &mut scenes {
        scene.grain = 0.0;
        let start = cpu();
        let drawing = lay_out(scene, &materials, &mut setter);
        let picture = raster::pixels(&drawing, width, height).ok_or("no picture")?;
        let drawn = cpu();
        let bytes = raster::png(&picture)?;
        std::hint::black_box(bytes.len());
        draws.push(drawn - start);
        encodes.push(cpu() - drawn);
        worst = worst.max(cpu() - start);
    }
    println!("{fonts} {choose} {} {} {worst} {}", median(&draws), median(&encodes), peak_mib()?);
    Ok(())
}

/// What this process has used of the processor, in milliseconds.
fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

/// The most memory this process has had at a time (proc(5)).
fn peak_mib() -> Result<f64, Box<dyn std::error::Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).ok_or("no VmHWM")?;
    let kib: f64 = line.split_whitespace().nth(1).ok_or("no figure")?.parse()?;
    Ok((kib / 1024.0).round())
}
