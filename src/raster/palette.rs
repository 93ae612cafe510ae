//! Colours that a terminal has, and the nearest of them to a pixel.

use std::{
    fmt,
    str::FromStr,
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};

use ratatui::style::Color;

use super::oklab::Lab;

/// How many colours a terminal or a text may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Depth {
    /// 24-bit colours.
    True,
    /// The 240 fixed ones of 256.
    Palette256,
    /// The terminal's 16, whose exact look is its own.
    Palette16,
    /// None: a ramp of characters by brightness, without any colour.
    Ascii,
}

/// Parts of `TERM` by which terminals with 24-bit colours call themselves.
const TRUE_COLOR: [&str; 7] = ["-direct", "kitty", "alacritty", "foot", "wezterm", "ghostty", "contour"];

impl Depth {
    /// All of them, the most colours first.
    pub const ALL: [Self; 4] = [Self::True, Self::Palette256, Self::Palette16, Self::Ascii];

    /// What a terminal says of itself in the variables `COLORTERM` and `TERM`; 256 colours where it says nothing.
    pub fn of_terminal(colorterm: &str, term: &str) -> Self {
        let says_so = ["truecolor", "24bit"].contains(&colorterm.to_lowercase().as_str());
        if says_so || TRUE_COLOR.iter().any(|name| term.contains(name)) { Self::True } else { Self::Palette256 }
    }

    /// The nearest colour of this depth; none in [`Ascii`](Self::Ascii).
    pub fn nearest(self, color: [u8; 3]) -> Option<Color> {
        let [r, g, b] = color;
        match self {
            Self::True => Some(Color::Rgb(r, g, b)),
            Self::Palette256 => Some(Color::Indexed(palette256(color))),
            Self::Palette16 => Some(Color::Indexed(palette16(color))),
            Self::Ascii => None,
        }
    }
}

impl fmt::Display for Depth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::True => "24bit",
            Self::Palette256 => "256",
            Self::Palette16 => "16",
            Self::Ascii => "ascii",
        })
    }
}

impl FromStr for Depth {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|depth| depth.to_string() == text);
        known.ok_or_else(|| format!("`{text}` is none of auto, 24bit, 256, 16, ascii"))
    }
}

/// From dark to bright.
const RAMP: &[u8] = b" .:-=+*#%@";

/// The character as bright as the mean of two pixels.
pub(super) fn ramp(upper: [u8; 3], lower: [u8; 3]) -> char {
    let bright = u32::midpoint(luminance(upper), luminance(lower));
    char::from(RAMP[(bright as usize * (RAMP.len() - 1) + 127) / 255])
}

/// ITU-R BT.601, 0..255.
fn luminance([r, g, b]: [u8; 3]) -> u32 {
    (299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b) + 500) / 1000
}

/// A colour moved by less than half a step of the 256, up or down by where it is (Bayer's ordered dither, 4x4): on average
/// the colour itself, and shown by dots of colours around it.
pub(super) fn dotted(color: [u8; 3], (x, y): (usize, usize)) -> [u8; 3] {
    const BAYER: [[i16; 4]; 4] = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]];
    const STEP: i16 = 40;
    let moved = (2 * BAYER[y % 4][x % 4] - 15) * STEP / 32;
    color.map(|channel| (i16::from(channel) + moved).clamp(0, 255) as u8)
}

fn distance(a: [u8; 3], b: [u8; 3]) -> u32 {
    a.iter().zip(b).map(|(&a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
}

/// The levels that each channel has in xterm's 6x6x6 cube.
const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// What xterm shows for 16 to 231 (the cube) and 232 to 255 (24 greys).
static FIXED: LazyLock<[Lab; 240]> = LazyLock::new(|| {
    std::array::from_fn(|at| match at {
        0..216 => Lab::of([at / 36, at / 6 % 6, at % 6].map(|level| LEVELS[level])),
        _ => Lab::of([8 + 10 * (at - 216) as u8; 3]),
    })
});

/// Colours lately asked for, each beside its answer: the colour in the upper 24 bits, the answer, never 0, in the lower 8.
/// Pictures ask for the same ones over and over.
static RECENT: [AtomicU32; 1 << 14] = [const { AtomicU32::new(0) }; 1 << 14];

/// The one of xterm's 240 fixed colours that people would take for this.
fn palette256(color: [u8; 3]) -> u8 {
    let [r, g, b] = color.map(u32::from);
    let number = r << 16 | g << 8 | b;
    let place = &RECENT[(number.wrapping_mul(0x9E37_79B1) >> 18) as usize];
    let known = place.load(Ordering::Relaxed);
    if known >> 8 == number && known & 0xFF != 0 {
        return known as u8;
    }
    let found = looks_like(color);
    place.store(number << 8 | u32::from(found), Ordering::Relaxed);
    found
}

/// The most alike of the cube's eight colours around this one and the two greys about as bright. Each channel's nearest level
/// would turn a dark red with a trace of blue into magenta.
fn looks_like(color: [u8; 3]) -> u8 {
    let below = color.map(|channel| LEVELS[1..5].iter().filter(|&&level| level <= channel).count());
    let corner = |bits: usize| (0..3).fold(0, |at, channel| 6 * at + below[channel] + (bits >> channel & 1));
    let grey = (luminance(color).saturating_sub(8) / 10).min(22) as usize;
    let wanted = Lab::of(color);
    let near = (0..8).map(corner).chain([216 + grey, 217 + grey]).map(|at| (at, FIXED[at].distance(wanted)));
    let (nearest, _) = near.min_by(|(_, a), (_, b)| a.total_cmp(b)).expect("ten colours");
    16 + nearest as u8
}

/// The nearest of the 16 colours as xterm shows them.
fn palette16(color: [u8; 3]) -> u8 {
    const COLORS: [[u8; 3]; 16] = [
        [0, 0, 0],
        [205, 0, 0],
        [0, 205, 0],
        [205, 205, 0],
        [0, 0, 238],
        [205, 0, 205],
        [0, 205, 205],
        [229, 229, 229],
        [127, 127, 127],
        [255, 0, 0],
        [0, 255, 0],
        [255, 255, 0],
        [92, 92, 255],
        [255, 0, 255],
        [0, 255, 255],
        [255, 255, 255],
    ];
    (0..16).min_by_key(|&i| distance(COLORS[usize::from(i)], color)).expect("sixteen colours")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_believed_and_the_silent_get_256_colours() {
        for (colorterm, term, depth) in [
            ("truecolor", "xterm-256color", Depth::True),
            ("24bit", "", Depth::True),
            ("", "xterm-kitty", Depth::True),
            ("", "xterm-direct", Depth::True),
            ("", "foot-extra", Depth::True),
            ("", "xterm-256color", Depth::Palette256),
            ("1", "screen", Depth::Palette256),
        ] {
            assert_eq!(Depth::of_terminal(colorterm, term), depth, "{colorterm} {term}");
        }
    }

    #[test]
    fn dots_are_on_average_the_colour() {
        let sum = |color: [u8; 3]| -> i32 { (0..16).map(|at| i32::from(dotted(color, (at % 4, at / 4))[1])).sum() };
        assert!((sum([115; 3]) - 16 * 115).abs() <= 16, "{}", sum([115; 3]));
        let all: std::collections::HashSet<Option<Color>> =
            (0..16).map(|at| Depth::Palette256.nearest(dotted([115, 0, 0], (at % 4, at / 4)))).collect();
        assert!(all.len() > 1, "a colour between two is made of both");
    }

    #[test]
    fn hues_survive() {
        for (color, indexed) in [([190, 40, 48], 124), ([5, 48, 97], 17), ([103, 0, 31], 52), ([120, 120, 126], 243)] {
            assert_eq!(Depth::Palette256.nearest(color), Some(Color::Indexed(indexed)), "{color:?}");
        }
    }

    #[test]
    fn few_of_the_240_colours_are_nearer_than_the_ten_looked_at() {
        let colors = (0..4096_u32).map(|i| [i >> 8, i >> 4 & 15, i & 15].map(|channel| (17 * channel) as u8));
        let worse = colors.filter(|&color| {
            let distance = |lab: &Lab| lab.distance(Lab::of(color));
            let best = FIXED.iter().map(distance).min_by(f32::total_cmp).expect("240 colours");
            distance(&FIXED[usize::from(palette256(color) - 16)]) > best
        });
        assert!(worse.count() < 13, "three in a thousand");
    }

    #[test]
    fn colours_of_a_palette_are_their_own_nearest() {
        for (color, indexed) in [([0, 95, 255], 27), ([255, 255, 255], 231), ([128, 128, 128], 244), ([8, 8, 8], 232)] {
            assert_eq!(Depth::Palette256.nearest(color), Some(Color::Indexed(indexed)), "{color:?}");
        }
        assert_eq!(Depth::Palette16.nearest([250, 10, 5]), Some(Color::Indexed(9)));
        assert_eq!(Depth::Ascii.nearest([250, 10, 5]), None);
    }
}
