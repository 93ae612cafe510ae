//! Photos that are none: cut short, without pixels, or far larger than they look.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, RgbImage};

/// A small photo in `format`.
pub fn photo(format: ImageFormat) -> Vec<u8> {
    let noise = |x: u32, y: u32| image::Rgb([(x * 37 + y * 11) as u8, (x * y) as u8, (x ^ (y * 5)) as u8]);
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(RgbImage::from_fn(64, 48, noise)).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// The first `share` of `bytes`.
pub fn cut(bytes: &[u8], share: f64) -> &[u8] {
    &bytes[..(bytes.len() as f64 * share) as usize]
}

/// A whole PNG of black 8-bit grey pixels. All of it is one run, so it is about 1/158 of the size of its pixels.
pub fn black_png(width: u32, height: u32) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    let pixels = zeros((width as usize + 1) * height as usize);
    [&b"\x89PNG\r\n\x1a\n"[..], &chunk(*b"IHDR", &header), &chunk(*b"IDAT", &pixels), &chunk(*b"IEND", &[])].concat()
}

fn chunk(name: [u8; 4], data: &[u8]) -> Vec<u8> {
    let named = [&name[..], data].concat();
    [&(data.len() as u32).to_be_bytes()[..], &named, &crc32(&named).to_be_bytes()].concat()
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), |crc, _| step(crc)))
}

/// `count` zeros as a zlib stream (RFC 1950, RFC 1951 with fixed codes): some literals, then runs of 258.
fn zeros(count: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(0b011, 3);
    let singles = 1 + (count - 1) % 258;
    (0..singles).for_each(|_| bits.put(0b0000_1100, 8));
    (0..(count - singles) / 258).for_each(|_| bits.put(0b0_0000_1010_0011, 13));
    bits.put(0, 7);
    let sum = (count % 65_521) as u32 * 65_536 + 1;
    [&[0x78, 0x01][..], &bits.bytes, &[bits.last as u8][..usize::from(bits.used > 0)], &sum.to_be_bytes()].concat()
}

/// Bits packed from the lowest on.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    last: u32,
    used: u32,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        self.last |= value << self.used;
        self.used += count;
        while self.used >= 8 {
            self.bytes.push(self.last as u8);
            (self.last, self.used) = (self.last >> 8, self.used - 8);
        }
    }
}
