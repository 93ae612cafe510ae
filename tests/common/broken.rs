//! Files that are wrong: photos cut short, without pixels, or far larger than they look; weights of every kind of damage.

use std::{fs, io::Cursor};

use image::{DynamicImage, ImageFormat, RgbImage};
use safetensors::tensor::Dtype;
use tempfile::TempDir;

use super::{
    program::{changed_weights, tensor},
    repository,
};

/// A folder with everything that the cases name.
pub fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    fs::create_dir(folder.path().join("nothing")).unwrap();
    fs::create_dir(folder.path().join("no_photos")).unwrap();
    write("no_photos/notes.txt", b"nothing to see");
    write("empty.jpg", b"");
    write("text.jpg", b"This is no photo, whatever its name.");
    write("two.txt", b"one\ntwo\n");
    write_photos(&write);
    write_weights(&write);
    folder
}

fn write_photos(write: &dyn Fn(&str, &[u8])) {
    let jpeg = fs::read(repository("fixtures/cat_and_dog.jpg")).unwrap();
    write("p.jpg", &jpeg);
    write("header.jpg", &jpeg[..300]);
    write("half.jpg", cut(&jpeg, 0.5));
    write("almost.jpg", &jpeg[..jpeg.len() - 2]);
    let small = photo(ImageFormat::Jpeg);
    let length = (small.len() as u16 + 2).to_be_bytes();
    write("thumbnail.jpg", cut(&[&jpeg[..2], &[0xFF, 0xE1], &length, &small, &jpeg[2..]].concat(), 0.2));
    let formats = [("png", ImageFormat::Png), ("webp", ImageFormat::WebP), ("gif", ImageFormat::Gif)];
    for (ending, format) in formats.into_iter().chain([("bmp", ImageFormat::Bmp)]) {
        write(&format!("half.{ending}"), cut(&photo(format), 0.5));
    }
    write("header.png", &photo(ImageFormat::Png)[..20]);
    write("none.png", &black_png(0, 48));
    let zeroed = |format, from: usize, count: usize| {
        let mut bytes = photo(format);
        bytes[from..from + count].fill(0);
        bytes
    };
    write("none.gif", &zeroed(ImageFormat::Gif, 6, 2));
    write("none.bmp", &zeroed(ImageFormat::Bmp, 18, 4));
    write("wide.png", &black_png(30_000, 3_000));
    write("bomb.png", &black_png(16_000, 16_000));
}

fn write_weights(write: &dyn Fn(&str, &[u8])) {
    let whole = fs::read(repository("fixtures/squeezenet1_1.f16.safetensors")).unwrap();
    write("whole.safetensors", &whole);
    write("header.st", &whole[..100]);
    write("half.st", cut(&whole, 0.5));
    write("tail.st", &[&whole[..], b"end"].concat());
    write("header_text.st", b"\x05\0\0\0\0\0\0\0hello");
    write("none.st", b"\x02\0\0\0\0\0\0\0{}");
    write("zip.pth", b"PK\x03\x04 and the rest of a zip file");
    write("old.pth", b"\x80\x02}q\0and the rest of a pickle");
    write("keras.h5", b"\x89HDF\r\n\x1a\nand the rest");
    write("missing.st", &changed_weights(|tensors| tensors.retain(|(name, ..)| name != "conv10.bias")));
    write("shape.st", &changed_weights(|tensors| tensor(tensors, "conv1.weight").2 = vec![64, 27]));
    write("extra.st", &changed_weights(|t| t.push(("fire10.weight".into(), Dtype::F16, vec![2, 2], vec![0; 8]))));
    let bias = "fire9.expand1x1.bias";
    write("nan.st", &changed_weights(|tensors| tensor(tensors, bias).3[..4].copy_from_slice(&[0, 0x7E, 0, 0x7E])));
    write("inf.st", &changed_weights(|tensors| tensor(tensors, bias).3[..2].copy_from_slice(&[0, 0x7C])));
    for (name, dtype) in [("i64.st", Dtype::I64), ("f64.st", Dtype::F64)] {
        write(
            name,
            &changed_weights(|tensors| {
                let bias = tensor(tensors, "conv1.bias");
                (bias.1, bias.3) = (dtype, vec![0; 64 * 8]);
            }),
        );
    }
    write(
        "no_class.st",
        &changed_weights(|tensors| {
            for (name, sizes) in [("conv10.weight", vec![0, 512, 1, 1]), ("conv10.bias", vec![0])] {
                let head = tensor(tensors, name);
                (head.2, head.3) = (sizes, Vec::new());
            }
        }),
    );
    let largest = [0xFF, 0x7B];
    write(
        "loud.st",
        &changed_weights(|tensors| {
            for (.., data) in tensors {
                data.as_chunks_mut::<2>().0.fill(largest);
            }
        }),
    );
}

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
