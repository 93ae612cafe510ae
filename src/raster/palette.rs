//! Colours that a terminal has, and the nearest of them to a pixel.

use ratatui::style::Color;

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

fn distance(a: [u8; 3], b: [u8; 3]) -> u32 {
    a.iter().zip(b).map(|(&a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
}

/// The nearest of xterm's 6x6x6 cube (16 to 231) and 24 greys (232 to 255).
fn palette256(color: [u8; 3]) -> u8 {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let nearest = |c: u8| (0..6).min_by_key(|&i| LEVELS[i].abs_diff(c)).expect("six levels");
    let [r, g, b] = color.map(nearest);
    let cube = [LEVELS[r], LEVELS[g], LEVELS[b]];
    let sum: u32 = color.iter().map(|&c| u32::from(c)).sum();
    let step = (sum.saturating_sub(9) / 30).min(23) as u8;
    let grey = [8 + 10 * step; 3];
    if distance(grey, color) < distance(cube, color) { 232 + step } else { (16 + 36 * r + 6 * g + b) as u8 }
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
    fn colours_of_a_palette_are_their_own_nearest() {
        for (color, indexed) in [([0, 95, 255], 27), ([255, 255, 255], 231), ([128, 128, 128], 244), ([8, 8, 8], 232)] {
            assert_eq!(Depth::Palette256.nearest(color), Some(Color::Indexed(indexed)), "{color:?}");
        }
        assert_eq!(Depth::Palette16.nearest([250, 10, 5]), Some(Color::Indexed(9)));
        assert_eq!(Depth::Ascii.nearest([250, 10, 5]), None);
    }
}
