//! Encoding by `ratatui-image`'s protocols, in a thread of its own.

use std::sync::Arc;

use image::{DynamicImage, RgbImage};
use ratatui::{
    buffer::Buffer,
    layout::{Rect, Size},
    widgets::Widget,
};
use ratatui_image::{
    Image,
    protocol::{Protocol as Encoded, iterm2::Iterm2, kitty::Kitty, sixel::Sixel},
};
use rayon::prelude::*;

use super::{Batch, Graphics, Made, Picture, Wanted};
use crate::{
    raster::{Raster, resample},
    terminal::{Protocol, for_tmux},
};

/// Bytes of sixels that tmux surely takes: it drops a sequence longer than its buffer (1 MB) without a word.
pub const TMUX_MOST: usize = 512 << 10;
/// The coarsest pixels of a picture that is too long otherwise.
const COARSEST: usize = 4;
/// The character that stands for a part of kitty's picture.
const PLACEHOLDER: char = '\u{10EEEE}';
/// Sixels are this high.
const SIXEL: usize = 6;

/// Encodes all pictures of a batch.
pub fn encode(batch: &Batch) -> Made {
    let picture = |(at, wanted): (usize, &Wanted)| {
        picture(wanted, batch.graphics, id(batch.number, at)).map(Arc::new).ok_or_else(|| wanted.clone())
    };
    Made { number: batch.number, pictures: batch.wanted.par_iter().enumerate().map(picture).collect() }
}

/// A number by which the terminal knows a picture, of 24 bits: other programs in the same terminal use others.
fn id(batch: u32, at: usize) -> u32 {
    (std::process::id() & 0xffff) << 8 | (1 + (batch * 8 + at as u32 % 8) % 255)
}

fn picture(wanted: &Wanted, graphics: Graphics, id: u32) -> Option<Picture> {
    let [x, y, width, height] = wanted.window;
    let visible = wanted.source.raster().crop(x, y, width, height);
    let (columns, rows) = wanted.cells;
    let (wide, high) = (usize::from(columns) * usize::from(graphics.pixels.width), usize::from(rows));
    let high = high * usize::from(graphics.pixels.height);
    if wide == 0 || high == 0 || visible.pixels.is_empty() {
        return None;
    }
    let size = Size::new(columns, rows);
    let encoded = match graphics.protocol {
        Protocol::HalfBlocks => return None,
        Protocol::Kitty => {
            let image = image(resample::bilinear(&visible, wide, high))?;
            Encoded::Kitty(Kitty::new(image, size, id, graphics.wrapped, graphics.compressed).ok()?)
        }
        Protocol::Iterm2 => {
            let image = image(resample::bilinear(&visible, wide, high))?;
            Encoded::ITerm2(Iterm2::new(image, size, graphics.wrapped).ok()?)
        }
        // The last sixels must not reach into the row below.
        Protocol::Sixel => Encoded::Sixel(sixel(&visible, (wide, (high / SIXEL).max(1) * SIXEL), size, graphics)?),
    };
    let mut cells = Buffer::empty(Rect::new(0, 0, columns, rows));
    Image::new(&encoded).render(cells.area, &mut cells);
    let first = if graphics.protocol == Protocol::Kitty { cut_transmission(&mut cells) } else { String::new() };
    let last = if graphics.protocol == Protocol::Kitty { delete(id, graphics.wrapped) } else { String::new() };
    Some(Picture { wanted: wanted.clone(), cells, first, last })
}

/// Sixels no longer than tmux takes: of ever coarser pixels, none if that is not enough.
fn sixel(visible: &Raster, (wide, high): (usize, usize), size: Size, graphics: Graphics) -> Option<Sixel> {
    let made = |coarse: usize| {
        let small = resample::bilinear(visible, wide.div_ceil(coarse), high.div_ceil(coarse));
        let scaled = if coarse == 1 { small } else { resample::nearest(&small, wide, high) };
        let sixel = Sixel::new(image(scaled)?, size, graphics.wrapped).ok()?;
        Some(if graphics.tmux { over_spaces(&sixel) } else { sixel })
    };
    let most = if graphics.tmux { TMUX_MOST } else { usize::MAX };
    (1..=COARSEST).filter_map(made).find(|sixel| sixel.data.len() <= most)
}

/// Clears the cells below the picture by writing spaces, where it was done by erasing characters (ECH): for these, tmux drops
/// all pictures in the row; for spaces, only those below them. Where the pane has become narrower meanwhile, they do not go
/// on in the next row.
fn over_spaces(sixel: &Sixel) -> Sixel {
    let Size { width, height } = sixel.size;
    let row = format!("\x1b7{}\x1b8\x1b[1B", " ".repeat(usize::from(width)));
    let picture = sixel.data.find("\x1bP").unwrap_or_default();
    let rows = row.repeat(usize::from(height));
    let data = format!("\x1b[?7l{rows}\x1b[{height}A\x1b[?7h{}", &sixel.data[picture..]);
    Sixel { data, ..*sixel }
}

fn image(raster: Raster) -> Option<DynamicImage> {
    let (width, height) = (raster.width as u32, raster.height as u32);
    RgbImage::from_raw(width, height, raster.pixels.into_flattened()).map(DynamicImage::ImageRgb8)
}

/// Takes away what the first cell says before its placeholder: the picture itself, which is sent once.
fn cut_transmission(cells: &mut Buffer) -> String {
    let Some(cell) = cells.cell_mut((0, 0)) else { return String::new() };
    let symbol = cell.symbol().to_owned();
    let Some(at) = symbol.find(PLACEHOLDER) else { return String::new() };
    cell.set_symbol(&symbol[at..]);
    symbol[..at].to_owned()
}

fn delete(id: u32, wrapped: bool) -> String {
    for_tmux(&format!("\x1b_Ga=d,d=I,i={id},q=2\x1b\\"), wrapped)
}

/// Makes kitty forget all pictures, of this screen.
pub fn delete_all(wrapped: bool) -> String {
    for_tmux("\x1b_Ga=d,d=A,q=2\x1b\\", wrapped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{raster::CellShape, tui::graphics::Source};

    fn graphics(protocol: Protocol) -> Graphics {
        let pixels = CellShape::new(9, 20).unwrap();
        Graphics { protocol, pixels, wrapped: false, tmux: false, compressed: true, underlays: false }
    }

    /// Noise, which no encoding makes small.
    fn noise(side: usize) -> Raster {
        let mut state = 1_u32;
        let mut byte = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        Raster::new(side, side, (0..side * side).map(|_| [byte(), byte(), byte()]).collect())
    }

    fn wanted(side: usize, cells: (u16, u16)) -> Wanted {
        Wanted { slot: 0, source: Source::Photo(Arc::new(noise(side))), window: [0, 0, side, side], cells }
    }

    fn made(graphics: Graphics, wanted: Wanted) -> Result<Arc<Picture>, Wanted> {
        encode(&Batch { number: 3, graphics, wanted: vec![wanted] }).pictures.remove(0)
    }

    #[test]
    fn kittys_picture_is_sent_once_and_its_cells_stand_for_it() {
        let picture = made(graphics(Protocol::Kitty), wanted(40, (8, 4))).unwrap();
        assert!(picture.first.starts_with("\x1b_Gq=2,i=") && picture.first.contains("o=z,t=d,s=72,v=80,"));
        assert!(picture.cells.content.iter().all(|cell| cell.symbol().starts_with(PLACEHOLDER)));
        let id = id(3, 0);
        assert_eq!(picture.last, format!("\x1b_Ga=d,d=I,i={id},q=2\x1b\\"));
        assert!(picture.first.contains(&format!("i={id},")));
    }

    #[test]
    fn sixels_and_inline_images_are_in_the_first_cell() {
        let sixel = made(graphics(Protocol::Sixel), wanted(40, (8, 4))).unwrap();
        let data = sixel.cells.content[0].symbol();
        assert!(data.contains("\x1bP") && data.ends_with("\x1b\\") && sixel.first.is_empty());
        let inline = made(graphics(Protocol::Iterm2), wanted(40, (8, 4))).unwrap();
        assert!(inline.cells.content[0].symbol().contains("\x1b]1337;File=inline=1;"));
    }

    #[test]
    fn tmux_gets_no_sixels_that_it_would_drop() {
        let free = made(graphics(Protocol::Sixel), wanted(300, (90, 40))).unwrap();
        assert!(free.cells.content[0].symbol().len() > TMUX_MOST, "long enough to matter");
        let tmux = Graphics { tmux: true, ..graphics(Protocol::Sixel) };
        match made(tmux, wanted(300, (90, 40))) {
            Ok(picture) => assert!(picture.cells.content[0].symbol().len() <= TMUX_MOST),
            Err(wanted) => assert_eq!(wanted.cells, (90, 40)),
        }
    }

    #[test]
    fn in_tmux_a_picture_leaves_others_in_its_rows() {
        let free = made(graphics(Protocol::Sixel), wanted(40, (8, 4))).unwrap();
        assert!(free.cells.content[0].symbol().contains("\x1b[8X"), "elsewhere cells are erased");
        let tmux = made(Graphics { tmux: true, ..graphics(Protocol::Sixel) }, wanted(40, (8, 4))).unwrap();
        let (before, picture) = tmux.cells.content[0].symbol().split_once("\x1bP").unwrap();
        assert_eq!(before, format!("\x1b[?7l{}\x1b[4A\x1b[?7h", "\x1b7        \x1b8\x1b[1B".repeat(4)));
        assert_eq!(free.cells.content[0].symbol().split_once("\x1bP").unwrap().1, picture);
    }

    #[test]
    fn nothing_makes_no_picture() {
        assert!(made(graphics(Protocol::Kitty), wanted(4, (0, 3))).is_err());
        assert!(made(graphics(Protocol::HalfBlocks), wanted(4, (3, 3))).is_err());
    }
}
