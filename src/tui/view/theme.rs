//! Styles by what they mean. Named colours only: they are the person's own, so they can be read on their background.

use ratatui::style::{Color, Modifier, Style};

use crate::raster::Depth;

/// Styles, and the characters that go with them.
#[derive(Clone, Copy, Debug)]
pub struct Theme {
    /// Names of saltty's own things.
    pub accent: Style,
    /// What matters.
    pub strong: Style,
    /// What matters less.
    pub dim: Style,
    /// What to be careful about.
    pub caution: Style,
    /// What went wrong.
    pub wrong: Style,
    /// A bar.
    pub bar: Style,
    /// The chosen line of a list.
    pub chosen: Style,
    /// What turns while something is being done.
    pub spinner: &'static [&'static str],
    /// An eighth of a cell to a whole one.
    pub eighths: &'static [&'static str],
}

impl Theme {
    /// With colours, or with bold and reverse alone.
    pub fn of(depth: Depth) -> Self {
        let plain = Style::new();
        if depth == Depth::Ascii {
            return Self {
                accent: plain.add_modifier(Modifier::BOLD),
                strong: plain.add_modifier(Modifier::BOLD),
                dim: plain,
                caution: plain,
                wrong: plain.add_modifier(Modifier::BOLD),
                bar: plain,
                chosen: plain.add_modifier(Modifier::REVERSED),
                spinner: &["|", "/", "-", "\\"],
                eighths: &["", "", "", "#", "#", "#", "#", "#"],
            };
        }
        Self {
            accent: plain.fg(Color::Cyan).add_modifier(Modifier::BOLD),
            strong: plain.add_modifier(Modifier::BOLD),
            dim: plain.add_modifier(Modifier::DIM),
            caution: plain.fg(Color::Yellow),
            wrong: plain.fg(Color::LightRed),
            bar: plain.fg(Color::Cyan),
            chosen: plain.add_modifier(Modifier::BOLD.union(Modifier::REVERSED)),
            spinner: &["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"],
            eighths: &["▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"],
        }
    }

    /// A bar for a share of 0 to 1 of `width` cells.
    pub fn bar_text(&self, share: f64, width: u16) -> String {
        let eighths = (share.clamp(0.0, 1.0) * f64::from(width) * 8.0).round() as usize;
        let whole = self.eighths[7].repeat(eighths / 8);
        match eighths % 8 {
            0 => whole,
            part => whole + self.eighths[part - 1],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_share() {
        let theme = Theme::of(Depth::True);
        assert_eq!(theme.bar_text(0.5, 4), "██");
        assert_eq!(theme.bar_text(1.0, 3), "███");
        assert_eq!(theme.bar_text(0.3, 4), "█▎");
        assert_eq!(theme.bar_text(f64::NAN, 4), "");
        assert_eq!(Theme::of(Depth::Ascii).bar_text(0.4, 4), "##");
    }
}
