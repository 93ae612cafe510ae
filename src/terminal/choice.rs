//! The choice: wishes before answers before variables, each with its reason.

use std::time::Duration;

use super::{Facts, Link, Protocol, Surroundings, Wished, Wishes};
use crate::raster::{CellShape, Depth};

/// What was chosen, and why, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen<T> {
    /// What.
    pub value: T,
    /// Why.
    pub because: String,
}

impl<T> Chosen<T> {
    fn new(value: T, because: impl Into<String>) -> Self {
        Self { value, because: because.into() }
    }

    fn wished(wish: Option<&Wished<T>>) -> Option<Self>
    where
        T: Clone,
    {
        wish.map(|wish| Self::new(wish.value.clone(), format!("{} says so", wish.by)))
    }
}

/// How the terminal is used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent answers, read by name")]
pub struct Choice {
    /// In which colours.
    pub depth: Chosen<Depth>,
    /// How pictures are drawn.
    pub graphics: Chosen<Protocol>,
    /// The shape of its cells.
    pub cell: Chosen<CellShape>,
    /// Pixels of a cell for pictures, where they are known or assumed.
    pub pixels: CellShape,
    /// Whether its updates are synchronised.
    pub sync: Chosen<bool>,
    /// Whether the link is slow or fast, where a person said so.
    pub link: Option<Link>,
    /// Whether the link is watched while drawing: there is one (SSH, or a terminal far away), and nobody said how it is.
    pub watched: bool,
    /// Whether sequences for pictures must be wrapped for tmux.
    pub wrapped: bool,
    /// Whether this is inside tmux.
    pub tmux: bool,
    /// Whether pictures may be sent compressed (kitty).
    pub compressed: bool,
    /// Whether pictures stay under what is written over them, until the screen is cleared.
    pub underlays: bool,
    /// Whether a person asked for these colours.
    pub depth_asked: bool,
    /// Whether a person asked for pictures drawn so.
    pub graphics_asked: bool,
}

/// Terminals whose kitty protocol has the Unicode placeholders that saltty needs.
pub(super) const PLACEHOLDERS: [&str; 2] = ["kitty", "ghostty"];
/// The first kitty that has them.
const FIRST_KITTY: (u32, u32) = (0, 28);
/// A terminal that draws text over pictures instead of in place of them, until the screen is cleared.
const UNDERLAYS: &str = "konsole";
/// A terminal that takes longer to answer is not on this machine, or this machine is busy.
const FAR: Duration = Duration::from_millis(40);
/// Parts of the names of terminals that take iTerm2's images.
const INLINE: [&str; 4] = ["iterm", "wezterm", "mintty", "rio"];
/// Terminals of a name (XTVERSION) that have 24-bit colours.
const TRUE_COLOR: [&str; 8] = ["kitty", "ghostty", "wezterm", "foot", "iterm2", "contour", "konsole", "vte"];
/// A usual cell, where pictures are insisted on and the terminal does not say how large its cells are.
const USUAL: CellShape = CellShape { width: 8, height: 16 };

impl Choice {
    /// Decides. `window` is the cell as the system knows it.
    pub fn new(wishes: &Wishes, here: &Surroundings, facts: &Facts, window: Option<CellShape>) -> Self {
        let name = facts.name.as_deref().unwrap_or_default().to_lowercase();
        let cell = cell(wishes, facts, window);
        let known = (cell.value != CellShape::ASSUMED).then_some(cell.value).filter(|cell| cell.width >= 3);
        let depth = Chosen::wished(wishes.depth.as_ref()).unwrap_or_else(|| depth(here, facts, &name));
        let graphics = Chosen::wished(wishes.graphics.as_ref()).unwrap_or_else(|| match depth.value {
            Depth::Ascii => Chosen::new(Protocol::HalfBlocks, "no colours are wanted"),
            _ => graphics(here, facts, &name, known),
        });
        Self {
            depth,
            wrapped: here.tmux && graphics.value != Protocol::Sixel,
            graphics,
            pixels: known.unwrap_or(USUAL),
            cell,
            sync: Chosen::wished(wishes.sync.as_ref()).unwrap_or_else(|| sync(facts)),
            link: wishes.link.as_ref().map(|wish| wish.value),
            watched: wishes.link.is_none() && (here.ssh || facts.round_trip.is_some_and(|took| took > FAR)),
            tmux: here.tmux,
            compressed: facts.kitty_zlib,
            underlays: !here.tmux && name.contains(UNDERLAYS),
            depth_asked: wishes.depth.is_some(),
            graphics_asked: wishes.graphics.is_some(),
        }
    }
}

fn depth(here: &Surroundings, facts: &Facts, name: &str) -> Chosen<Depth> {
    let Surroundings { term, colorterm, .. } = here;
    if here.no_color {
        return Chosen::new(Depth::Ascii, "NO_COLOR is set");
    }
    if Depth::of_terminal(colorterm, "") == Depth::True {
        return Chosen::new(Depth::True, format!("COLORTERM={colorterm} says so"));
    }
    if facts.true_color {
        return Chosen::new(Depth::True, "the terminal kept a 24-bit colour when asked");
    }
    if !here.tmux && TRUE_COLOR.iter().any(|known| name.contains(known)) {
        return Chosen::new(Depth::True, format!("it calls itself {name}"));
    }
    let found = Depth::of_terminal("", term);
    let because = match found {
        Depth::True => format!("TERM={term} says so"),
        _ => "neither COLORTERM nor TERM nor the terminal says that it has more".to_owned(),
    };
    Chosen::new(found, because)
}

fn cell(wishes: &Wishes, facts: &Facts, window: Option<CellShape>) -> Chosen<CellShape> {
    Chosen::wished(wishes.cell.as_ref())
        .or_else(|| facts.cell.map(|cell| Chosen::new(cell, "the terminal said so (CSI 16 t)")))
        .or_else(|| window.map(|cell| Chosen::new(cell, "from the window's size in pixels")))
        .unwrap_or_else(|| Chosen::new(CellShape::ASSUMED, "assumed: the terminal does not say"))
}

fn sync(facts: &Facts) -> Chosen<bool> {
    match facts.sync {
        Some(true) => Chosen::new(true, "the terminal said so (DEC mode 2026)"),
        Some(false) => Chosen::new(false, "the terminal said that it does not know DEC mode 2026"),
        None => Chosen::new(false, "the terminal did not say that it knows DEC mode 2026"),
    }
}

fn graphics(here: &Surroundings, facts: &Facts, name: &str, cell: Option<CellShape>) -> Chosen<Protocol> {
    let blocks = |because: &str| Chosen::new(Protocol::HalfBlocks, because);
    if cell.is_none() && (facts.kitty || facts.sixel) {
        return blocks("it has pictures, but how large its cells are is not known");
    }
    let program = here.program.to_lowercase();
    let around = here.around.to_lowercase();
    let drawing = if here.tmux { &around } else { name };
    let somewhere = here.tmux && around.is_empty() && here.kitty;
    let named = |known: &&str| drawing.contains(*known) || here.term.contains(*known) || somewhere;
    let old = kitty_version(drawing).filter(|version| *version < FIRST_KITTY);
    if facts.kitty && old.is_none() && PLACEHOLDERS.iter().any(named) {
        let way = if here.tmux { " through tmux" } else { "" };
        return Chosen::new(Protocol::Kitty, format!("it answered kitty's question{way}"));
    }
    let inline = INLINE.iter().any(|known| name.contains(known) || program.contains(known));
    if inline && cell.is_some() && !here.tmux {
        let said = if name.is_empty() { &program } else { name };
        return Chosen::new(Protocol::Iterm2, format!("it calls itself {said}"));
    }
    // tmux's own attributes say what tmux can do; where the terminal around it has no sixels it writes a notice instead.
    if facts.sixel && (!here.tmux || here.tmux_sixels) {
        let whose = if here.tmux { "tmux's" } else { "its" };
        return Chosen::new(Protocol::Sixel, format!("{whose} device attributes (DA1) list sixels"));
    }
    if let (true, Some((major, minor))) = (facts.kitty, old) {
        let (first, since) = FIRST_KITTY;
        return blocks(&format!("kitty {major}.{minor} has no Unicode placeholders, which kitty {first}.{since} has"));
    }
    if facts.kitty {
        return blocks("it answered kitty's question, but is not known to have Unicode placeholders");
    }
    match (here.tmux, here.tmux_passes) {
        (true, false) if facts.sixel => blocks(
            "tmux has sixels, but knows of none in the terminal around it, and hands nothing on (set -g allow-passthrough on)",
        ),
        (true, true) if facts.sixel => blocks("tmux has sixels, but knows of none in the terminal around it"),
        (true, false) => blocks("tmux has no sixels and hands nothing on (set -g allow-passthrough on)"),
        _ if facts.is_silent() => blocks("the terminal did not answer"),
        _ => blocks("the terminal has none of kitty's, iTerm2's pictures and sixels"),
    }
}

/// Of a kitty that calls itself `kitty(0.26.5)`.
fn kitty_version(name: &str) -> Option<(u32, u32)> {
    let mut numbers = name.strip_prefix("kitty(")?.split(['.', ')']);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell() -> Option<CellShape> {
        CellShape::new(8, 17)
    }

    fn chosen(here: &Surroundings, facts: &Facts) -> Choice {
        Choice::new(&Wishes::default(), here, facts, None)
    }

    #[test]
    fn a_terminal_that_says_nothing_gets_what_all_have() {
        let choice = chosen(&Surroundings { term: "xterm-256color".into(), ..Default::default() }, &Facts::default());
        assert_eq!((choice.depth.value, choice.graphics.value), (Depth::Palette256, Protocol::HalfBlocks));
        assert_eq!((choice.cell.value, choice.sync.value), (CellShape::ASSUMED, false));
        assert!(choice.cell.because.contains("assumed") && choice.graphics.because.contains("did not answer"));
    }

    #[test]
    fn wishes_come_first() {
        let by = "--graphics".to_owned();
        let wishes = Wishes {
            graphics: Some(Wished { value: Protocol::Sixel, by: by.clone() }),
            depth: Some(Wished { value: Depth::Palette16, by: by.clone() }),
            cell: Some(Wished { value: CellShape::new(10, 21).unwrap(), by: by.clone() }),
            sync: Some(Wished { value: true, by: by.clone() }),
            ..Wishes::default()
        };
        let facts = Facts { kitty: true, sync: Some(false), true_color: true, cell: cell(), ..Facts::default() };
        let choice = Choice::new(&wishes, &Surroundings::default(), &facts, None);
        assert_eq!((choice.depth.value, choice.graphics.value), (Depth::Palette16, Protocol::Sixel));
        assert_eq!((choice.cell.value, choice.sync.value), (CellShape { width: 10, height: 21 }, true));
        assert_eq!(choice.graphics.because, "--graphics says so");
    }

    #[test]
    fn pictures_are_drawn_by_the_best_that_is_known_to_work() {
        let facts = |name: &str, kitty, sixel| Facts {
            name: Some(name.to_owned()),
            kitty,
            sixel,
            cell: cell(),
            ..Facts::default()
        };
        let plain = Surroundings { term: "xterm-256color".into(), ..Default::default() };
        let iterm = Surroundings { program: "iTerm2".into(), ..plain.clone() };
        let tmux = Surroundings { tmux: true, ..plain.clone() };
        let sixels_around = Surroundings { tmux_sixels: true, ..tmux.clone() };
        let kitty_in_tmux = Surroundings { tmux_passes: true, kitty: true, ..tmux.clone() };
        let [new_in_tmux, old_in_tmux, other_in_tmux] = ["kitty(0.35.2)", "kitty(0.26.5)", "Konsole 22.12.3"]
            .map(|around| Surroundings { around: around.to_owned(), ..kitty_in_tmux.clone() });
        for (here, facts, wanted) in [
            (&plain, facts("kitty(0.35)", true, false), Protocol::Kitty),
            (&plain, facts("kitty(0.28.0)", true, false), Protocol::Kitty),
            (&plain, facts("kitty(0.26.5)", true, false), Protocol::HalfBlocks),
            (&plain, facts("ghostty 1.1", true, false), Protocol::Kitty),
            (&plain, facts("Konsole 24", true, true), Protocol::Sixel),
            (&plain, facts("WezTerm 2024", true, true), Protocol::Iterm2),
            (&plain, facts("XTerm(390)", false, true), Protocol::Sixel),
            (&plain, facts("XTerm(390)", false, false), Protocol::HalfBlocks),
            (&iterm, Facts { cell: cell(), ..Facts::default() }, Protocol::Iterm2),
            (&sixels_around, facts("tmux 3.5", false, true), Protocol::Sixel),
            (&sixels_around, facts("tmux 3.5", false, false), Protocol::HalfBlocks),
            (&tmux, facts("tmux 3.5", false, true), Protocol::HalfBlocks),
            (&kitty_in_tmux, facts("tmux 3.5", false, true), Protocol::HalfBlocks),
            (&tmux, facts("tmux 3.5", false, false), Protocol::HalfBlocks),
            (&kitty_in_tmux, facts("tmux 3.5", true, false), Protocol::Kitty),
            (&new_in_tmux, facts("tmux 3.5", true, false), Protocol::Kitty),
            (&old_in_tmux, facts("tmux 3.5", true, false), Protocol::HalfBlocks),
            (&other_in_tmux, facts("tmux 3.5", true, false), Protocol::HalfBlocks),
        ] {
            let choice = chosen(here, &facts);
            assert_eq!(choice.underlays, facts.name.as_deref().is_some_and(|name| name.starts_with("Konsole")));
            assert_eq!(choice.graphics.value, wanted, "{facts:?}");
            assert_eq!(choice.wrapped, here.tmux && wanted != Protocol::Sixel);
        }
        let blind = Facts { cell: None, ..facts("XTerm(390)", false, true) };
        assert_eq!(chosen(&plain, &blind).graphics.value, Protocol::HalfBlocks, "sixels need a cell's pixels");
        let window = Choice::new(&Wishes::default(), &plain, &blind, cell());
        assert_eq!(window.graphics.value, Protocol::Sixel);
    }

    #[test]
    fn colours_do_not_depend_on_a_variable_that_ssh_leaves_behind() {
        let here = Surroundings { term: "xterm-256color".into(), ssh: true, ..Default::default() };
        let kept = Facts { true_color: true, ..Facts::default() };
        assert_eq!(chosen(&here, &kept).depth.value, Depth::True);
        let named = Facts { name: Some("foot(1.16)".to_owned()), ..Facts::default() };
        assert_eq!(chosen(&here, &named).depth.value, Depth::True);
        let none = Surroundings { no_color: true, ..here };
        assert_eq!(chosen(&none, &kept).depth.value, Depth::Ascii);
    }
}
