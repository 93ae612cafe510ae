//! Pictures stay as they were last looked at, and a terminal shows what is printed.
//!
//! `SALTTY_BLESS=1 cargo test --test pictures` writes `golden/picture/` anew, and fails.

mod common;

use std::{path::Path, time::Instant};

use common::{golden, repository};
use proptest::prelude::*;
use saltty::{
    explain::Method,
    heatmap::ColorMap,
    model::Precision,
    photo::Photo,
    raster::{Depth, Raster},
    scene::Scene,
    studio::{Choices, Studio},
    weights::Weights,
};
use vt100::{Color, Parser};

fn studio(precision: Precision) -> Studio {
    let choices = Choices { precision, ..Choices::default() };
    Studio::load(Weights::embedded(), &choices, None).unwrap()
}

/// Everything that is shown of `fixtures/cat_and_dog.jpg` for these classes and methods.
fn scenes(studio: &Studio, classes: &[(&'static str, usize)], methods: &[Method]) -> Vec<(String, Scene)> {
    let square = studio.fit(&Photo::open(&repository("fixtures/cat_and_dog.jpg")).unwrap());
    let session = studio.session(&square).unwrap();
    let mut scenes = Vec::new();
    for &(label, class) in classes {
        for &method in methods {
            let scene = studio.scene(&square, &session, (method, class, ColorMap::Jet), Instant::now()).unwrap();
            scenes.push((format!("{label}.{method}"), scene));
        }
    }
    scenes
}

const CLASSES: [(&str, usize); 2] = [("cat", 285), ("dog", 207)];

fn unchanged(pictures: &[(String, Raster)]) {
    let changes: Vec<String> = pictures.iter().filter_map(|(name, raster)| golden::compare(name, raster)).collect();
    assert!(changes.is_empty(), "{}", changes.join("\n"));
}

/// In 64 bits, where no ReLU gate depends on the order in which a processor adds.
#[test]
fn maps_and_overlays_are_unchanged() {
    let methods = [Method::GradCam, Method::GuidedBackprop, Method::GuidedGradCam];
    let scenes = scenes(&studio(Precision::Double), &CLASSES, &methods);
    let pictures = scenes
        .into_iter()
        .flat_map(|(name, scene)| [(format!("{name}.map"), scene.map), (format!("{name}.overlay"), scene.overlay)]);
    unchanged(&pictures.collect::<Vec<_>>());
}

#[test]
fn grad_cam_in_32_bits_gives_the_same_pictures() {
    for (name, scene) in scenes(&studio(Precision::Single), &CLASSES, &[Method::GradCam]) {
        for (kind, raster) in [("map", scene.map), ("overlay", scene.overlay)] {
            let theirs = Photo::open(&repository(&format!("golden/picture/{name}.{kind}.png"))).unwrap();
            let change = golden::differ(&format!("{name}.{kind}.32"), &raster, &theirs.raster);
            assert!(change.is_none(), "{change:?}");
        }
    }
}

#[test]
fn colour_bars_are_unchanged() {
    unchanged(&ColorMap::ALL.map(|map| (format!("bar.{map}"), map.bar(256, 8))));
}

#[test]
fn a_difference_is_found_and_drawn() {
    let grey = Raster::filled(4, 2, [100; 3]);
    let mut other = grey.clone();
    other.pixels[5] = [101, 99, 100];
    assert_eq!(golden::differ("one-level", &grey, &other), None);
    other.pixels[6] = [100, 100, 102];
    let told = golden::differ("two-levels", &grey, &other).unwrap();
    assert!(told.contains("1 of 8 pixels differ by more than one level, by 2 at column 2, row 1"), "{told}");
    let drawn = Path::new(env!("CARGO_TARGET_TMPDIR")).join("two-levels.difference.png");
    let drawn = Photo::open(&drawn).unwrap().raster;
    assert_eq!([drawn.pixel(9, 1), drawn.pixel(10, 1), drawn.pixel(0, 0)], [[96; 3], [255; 3], [100; 3]]);
}

/// What a cell shows: character, foreground, background.
type Shown = (String, Color, Color);

/// What a terminal shows after `lines`, row by row.
fn shown(lines: &[String], columns: usize) -> Vec<Vec<Shown>> {
    let (rows, columns) = (lines.len().max(1) as u16, columns.max(1) as u16);
    let mut terminal = Parser::new(rows.try_into().unwrap(), columns.try_into().unwrap(), 0);
    terminal.process(lines.join("\r\n").as_bytes());
    let cell = |row: u16, column: u16| {
        let cell = terminal.screen().cell(row, column).unwrap();
        (cell.contents().to_owned(), cell.fgcolor(), cell.bgcolor())
    };
    (0..rows).map(|row| (0..columns).map(|column| cell(row, column)).collect()).collect()
}

/// Small pictures with few colours, so that neighbours are often equal; none so tall that it would be made smaller.
fn rasters() -> impl Strategy<Value = Raster> {
    let colors = prop_oneof![any::<[u8; 3]>(), Just([0; 3]), Just([255, 0, 128]), any::<u8>().prop_map(|v| [v; 3])];
    let sizes = (1_usize..24).prop_flat_map(|width| (Just(width), 1..=(4 * width).min(24)));
    sizes.prop_flat_map(move |(width, height)| {
        prop::collection::vec(colors.clone(), width * height).prop_map(move |pixels| Raster::new(width, height, pixels))
    })
}

/// Each cell's upper and lower pixel beside what is shown there.
fn cells(raster: &Raster, depth: Depth) -> Vec<([u8; 3], Option<[u8; 3]>, Shown)> {
    let lines = raster.to_text(raster.width, depth);
    assert_eq!(lines.len(), raster.height.div_ceil(2), "two rows of pixels a line");
    let screen = shown(&lines, raster.width);
    let mut cells = Vec::new();
    for (row, line) in screen.into_iter().enumerate() {
        for (x, cell) in line.into_iter().enumerate() {
            let lower = (2 * row + 1 < raster.height).then(|| raster.pixel(x, 2 * row + 1));
            cells.push((raster.pixel(x, 2 * row), lower, cell));
        }
    }
    cells
}

/// The colours of xterm's palette that do not depend on a theme.
fn palette(index: u8) -> [u8; 3] {
    let level = |i: u8| [0, 95, 135, 175, 215, 255][usize::from(i)];
    match index {
        0..16 => panic!("colour {index} is the terminal's own"),
        16..232 => [(index - 16) / 36, (index - 16) / 6 % 6, (index - 16) % 6].map(level),
        232.. => [8 + 10 * (index - 232); 3],
    }
}

/// How different two colours look: `OKLab`'s distance (Ottosson 2020), hue and chroma counted twice.
fn distance(a: [u8; 3], b: [u8; 3]) -> f64 {
    let lab = |color: [u8; 3]| {
        let [r, g, b] = color.map(|level| {
            let level = f64::from(level) / 255.0;
            if level <= 0.040_45 { level / 12.92 } else { ((level + 0.055) / 1.055).powf(2.4) }
        });
        let l = (0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b).cbrt();
        let m = (0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b).cbrt();
        let s = (0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b).cbrt();
        [
            0.210_454_255_3 * l + 0.793_617_785_0 * m - 0.004_072_046_8 * s,
            2.0 * (1.977_998_495_1 * l - 2.428_592_205_0 * m + 0.450_593_709_9 * s),
            2.0 * (0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766_0 * s),
        ]
    };
    lab(a).iter().zip(lab(b)).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

/// Whether no colour of the palette looks much more like `wanted` than the one shown: white and black are 1 apart.
fn is_nearest(shown: Color, wanted: [u8; 3]) -> bool {
    let Color::Idx(index) = shown else { return false };
    let best = (16..=255).map(|i| distance(palette(i), wanted)).fold(f64::INFINITY, f64::min);
    distance(palette(index), wanted) <= best + 0.04
}

proptest! {
    #[test]
    fn a_terminal_shows_every_pixel_in_24_bits(raster in rasters()) {
        let rgb = |[r, g, b]: [u8; 3]| Color::Rgb(r, g, b);
        for (upper, lower, shown) in cells(&raster, Depth::True) {
            prop_assert_eq!(shown, ("▀".to_owned(), rgb(upper), lower.map_or(Color::Default, rgb)));
        }
    }

    #[test]
    fn a_terminal_shows_the_nearest_of_256_colours(raster in rasters()) {
        for (upper, lower, (character, fore, back)) in cells(&raster, Depth::Palette256) {
            prop_assert_eq!(character, "▀");
            prop_assert!(is_nearest(fore, upper), "{fore:?} for {upper:?}");
            prop_assert!(lower.map_or(back == Color::Default, |lower| is_nearest(back, lower)), "{back:?} for {lower:?}");
        }
    }

    #[test]
    fn plain_text_has_no_escapes_and_gets_brighter(raster in rasters()) {
        const RAMP: &str = " .:-=+*#%@";
        let brightness = |[r, g, b]: [u8; 3]| 0.299 * f64::from(r) + 0.587 * f64::from(g) + 0.114 * f64::from(b);
        let lines = raster.to_text(raster.width, Depth::Ascii);
        for (row, line) in lines.iter().enumerate() {
            prop_assert_eq!(line.len(), raster.width);
            for (x, character) in line.chars().enumerate() {
                let upper = brightness(raster.pixel(x, 2 * row));
                let lower = if 2 * row + 1 < raster.height { brightness(raster.pixel(x, 2 * row + 1)) } else { upper };
                let level = RAMP.find(character).expect("a character of the ramp") as f64;
                prop_assert!((level - f64::midpoint(upper, lower) / 255.0 * 9.0).abs() <= 0.55, "{character}");
            }
        }
    }
}
