//! Photos of every kind become the pixels that other people's programs see.

mod common;

use std::{fs, io::Cursor, path::Path};

use common::{broken::black_png, repository};
use image::{
    DynamicImage, Frame, GrayAlphaImage, GrayImage, ImageBuffer, ImageFormat, Luma, LumaA, Rgb, RgbImage, Rgba,
    RgbaImage, codecs::gif::GifEncoder,
};
use proptest::prelude::*;
use saltty::{
    Error,
    photo::{self, Photo, Resize},
    raster::{Raster, resample},
};

fn open(path: &str) -> Raster {
    Photo::open(&repository(path)).unwrap().raster
}

fn decode(bytes: &[u8]) -> Raster {
    Photo::decode(bytes, Path::new("made up")).unwrap().raster
}

fn encode(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// The largest difference of any channel, and how many pixels differ at all.
fn difference(a: &Raster, b: &Raster) -> (u8, usize) {
    assert_eq!((a.width, a.height), (b.width, b.height), "pictures of the same size");
    let pixels = a.pixels.iter().zip(&b.pixels);
    let off = |(a, b): (&[u8; 3], &[u8; 3])| (0..3).map(|c| a[c].abs_diff(b[c])).max().unwrap();
    (pixels.clone().map(off).max().unwrap_or(0), pixels.filter(|(a, b)| a != b).count())
}

#[test]
fn a_photo_is_resized_and_cropped_as_pillow_does_it() {
    let ours = photo::fit(&open("fixtures/cat.png"), 224, Resize::Crop);
    let (most, pixels) = difference(&ours, &open("golden/photo/cat_224.png"));
    println!("{pixels} of {} pixels differ, by {most} at most", 224 * 224);
    assert_eq!(pixels, 0, "other pixels than Pillow's, by {most} levels at most");
}

/// JPEG says what a decoder's numbers may differ in: Pillow's (libjpeg-turbo) and ours round the colours, which are stored
/// at half the size, differently. One level in all but a few hundred of 150,000 numbers, two in those.
#[test]
fn a_jpeg_is_nearly_what_pillow_sees() {
    let photo = open("fixtures/cat_and_dog.jpg");
    for side in [224, 227] {
        let theirs = open(&format!("golden/photo/cat_and_dog_{side}.png"));
        let ours = photo::fit(&photo, side, Resize::Crop);
        let (most, pixels) = difference(&ours, &theirs);
        let numbers = ours.pixels.as_flattened().iter().zip(theirs.pixels.as_flattened());
        let beyond = numbers.filter(|(a, b)| a.abs_diff(**b) > 1).count();
        println!(
            "{side}: {pixels} of {} pixels differ, by {most} at most, {beyond} numbers by more than 1",
            side * side
        );
        assert!(most <= 2 && beyond * 200 < 3 * side * side, "{beyond} numbers are {most} levels off Pillow's");
    }
}

/// The picture of `golden/photo/make.py` that is smaller than any network's input.
fn small() -> Raster {
    let color = |x: usize, y: usize| [x * 41, y * 67, x * y * 13].map(|c| (c % 256) as u8);
    Raster::new(37, 23, (0..37 * 23).map(|at| color(at % 37, at / 37)).collect())
}

#[test]
fn a_small_photo_is_enlarged_as_pillow_does_it() {
    assert_eq!(photo::fit(&small(), 227, Resize::Crop), open("golden/photo/enlarged_37x23_to_227.png"));
}

#[test]
fn stretching_takes_the_pixels_that_keras_takes() {
    for (width, height, side) in [(37, 23, 224), (640, 480, 224), (301, 199, 227), (1000, 777, 224), (224, 225, 224)] {
        let place = |x: usize, y: usize| [x, y, x / 256 * 16 + y / 256].map(|c| (c % 256) as u8);
        let photo = Raster::new(width, height, (0..width * height).map(|i| place(i % width, i / width)).collect());
        let theirs = open(&format!("golden/photo/nearest_{width}x{height}_to_{side}.png"));
        let (_, pixels) = difference(&photo::fit(&photo, side, Resize::Stretch), &theirs);
        assert_eq!(pixels, 0, "{width}x{height} to {side}: other pixels than Pillow's");
    }
}

#[test]
fn a_strip_of_a_photo_is_made_square_without_making_it_huge() {
    let strip = Raster::new(16_384, 1, (0..16_384).map(|x| [(x / 64) as u8; 3]).collect());
    let square = photo::fit(&strip, 227, Resize::Crop);
    assert_eq!((square.width, square.height), (227, 227));
    assert_eq!([square.pixel(0, 0), square.pixel(226, 226)], [[127; 3], [128; 3]], "the middle of the strip");
}

proptest! {
    #[test]
    fn a_part_of_a_resized_picture_is_that_part(
        (from, to, cut) in ([1_usize..40, 1..40], [1_usize..60, 1..60], [0.0..1.0, 0.0..1.0]), seed: u8
    ) {
        let color = |at: usize| [at * 31, at * 7 + usize::from(seed), at * at].map(|c| (c % 256) as u8);
        let picture = Raster::new(from[0], from[1], (0..from[0] * from[1]).map(color).collect());
        let [x, y] = [0, 1].map(|axis| (cut[axis] * to[axis] as f64) as usize);
        let whole = resample::bilinear(&picture, to[0], to[1]);
        let part = resample::bilinear_part(&picture, to, x..to[0], y..to[1]);
        prop_assert_eq!(part, whole.crop(x, y, to[0] - x, to[1] - y));
    }
}

/// Four blocks: red, green, blue and white in reading order.
fn blocks(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| match (x < width / 2, y < height / 2) {
        (true, true) => Rgb([255, 0, 0]),
        (false, true) => Rgb([0, 255, 0]),
        (true, false) => Rgb([0, 0, 255]),
        (false, false) => Rgb([255, 255, 255]),
    })
}

/// EXIF's orientation tag (0x0112) as a JPEG segment.
fn orientation(value: u8) -> Vec<u8> {
    let tiff = [b'I', b'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, value, 0, 0, 0, 0, 0, 0, 0];
    let length = (2 + 6 + tiff.len()) as u16;
    [&[0xFF, 0xE1], &length.to_be_bytes()[..], b"Exif\0\0", &tiff].concat()
}

/// What a camera stores of `upright` under an orientation: EXIF 2.3 says which side its first row and column are.
fn stored(upright: &RgbImage, value: u8) -> RgbImage {
    let (w, h) = upright.dimensions();
    let (width, height) = if value < 5 { (w, h) } else { (h, w) };
    RgbImage::from_fn(width, height, |x, y| {
        let (u, v) = match value {
            1 => (x, y),
            2 => (w - 1 - x, y),
            3 => (w - 1 - x, h - 1 - y),
            4 => (x, h - 1 - y),
            5 => (y, x),
            6 => (w - 1 - y, x),
            7 => (w - 1 - y, h - 1 - x),
            _ => (y, h - 1 - x),
        };
        *upright.get_pixel(u, v)
    })
}

#[test]
fn all_eight_exif_orientations_are_turned_upright() {
    let upright = blocks(48, 32);
    for value in 1..=8 {
        let jpeg = encode(stored(&upright, value), ImageFormat::Jpeg);
        let photo = decode(&[&jpeg[..2], &orientation(value), &jpeg[2..]].concat());
        assert_eq!((photo.width, photo.height), (48, 32), "orientation {value}");
        for (x, y) in [(8, 8), (40, 8), (8, 24), (40, 24)] {
            let (ours, truth) = (photo.pixel(x, y), upright.get_pixel(x as u32, y as u32).0);
            let off = (0..3).map(|c| ours[c].abs_diff(truth[c])).max().unwrap();
            assert!(off < 8, "orientation {value} has {ours:?} at ({x}, {y}), not {truth:?}");
        }
    }
}

#[test]
fn lossless_formats_keep_every_pixel_and_jpeg_nearly() {
    let picture = RgbImage::from_fn(40, 30, |x, y| Rgb([(x * 6) as u8, (y * 8) as u8, 90]));
    let truth = Raster::new(40, 30, picture.pixels().map(|p| p.0).collect());
    for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Bmp] {
        assert_eq!(decode(&encode(picture.clone(), format)), truth, "{format:?}");
    }
    let (most, _) = difference(&decode(&encode(picture, ImageFormat::Jpeg)), &truth);
    assert!(most < 24, "a JPEG {most} levels off");
}

#[test]
fn a_name_may_end_in_anything() {
    let folder = tempfile::tempdir().unwrap();
    let truth = decode(&encode(blocks(8, 6), ImageFormat::Png));
    for (name, format) in [("a.jpg", ImageFormat::Png), ("b", ImageFormat::Bmp), ("c.txt", ImageFormat::WebP)] {
        let file = folder.path().join(name);
        fs::write(&file, encode(blocks(8, 6), format)).unwrap();
        assert_eq!(Photo::open(&file).unwrap().raster, truth, "{name}");
    }
}

#[test]
fn pngs_of_every_depth_are_accepted() {
    let grey = |v: u8| vec![[v; 3]];
    let wide = u16::from(200_u8) * 257;
    let pixels = |picture: DynamicImage| decode(&encode(picture, ImageFormat::Png)).pixels;
    assert_eq!(pixels(GrayImage::from_pixel(1, 1, Luma([200])).into()), grey(200));
    assert_eq!(pixels(ImageBuffer::from_pixel(1, 1, Luma([wide])).into()), grey(200));
    assert_eq!(pixels(ImageBuffer::from_pixel(1, 1, Rgb([wide, 0, 257_u16])).into()), [[200, 0, 1]]);
    assert_eq!(pixels(ImageBuffer::from_pixel(1, 1, Rgba([wide, 0, 257, u16::MAX])).into()), [[200, 0, 1]]);
    assert_eq!(open("golden/photo/bits.png").pixels, [[255; 3], [0; 3], [255; 3]]);
}

#[test]
fn transparent_parts_are_on_white() {
    let pixels = |picture: DynamicImage| decode(&encode(picture, ImageFormat::Png)).pixels;
    let over = |alpha: u8| pixels(RgbaImage::from_pixel(1, 1, Rgba([0, 100, 250, alpha])).into());
    assert_eq!(over(0), [[255; 3]]);
    assert_eq!(over(255), [[0, 100, 250]]);
    assert_eq!(over(51), [[204, 224, 254]], "a fifth of the colour and four of white");
    assert_eq!(pixels(GrayAlphaImage::from_pixel(1, 1, LumaA([0, 51])).into()), [[204; 3]]);
    assert_eq!(pixels(ImageBuffer::from_pixel(1, 1, LumaA([0_u16, 0])).into()), [[255; 3]]);
    assert_eq!(open("golden/photo/palette.png").pixels, [[255, 0, 0], [0, 255, 0], [255; 3]]);
}

#[test]
fn of_moving_pictures_the_first_is_taken() {
    let mut gif = Vec::new();
    let frames = [[10, 200, 30, 255], [200, 10, 30, 255]].map(|c| Frame::new(RgbaImage::from_pixel(4, 3, Rgba(c))));
    GifEncoder::new(&mut gif).encode_frames(frames).unwrap();
    assert_eq!(decode(&gif), Raster::filled(4, 3, [10, 200, 30]));
    assert_eq!(open("golden/photo/moving.webp"), Raster::filled(4, 3, [10, 200, 30]));
}

#[test]
fn cmyk_jpegs_are_red_where_they_are_red() {
    let [r, g, b] = open("golden/photo/cmyk.jpg").pixel(8, 8);
    assert!(r > 250 && g < 5 && b < 5, "[{r}, {g}, {b}]");
}

#[test]
fn sizes_have_limits() {
    let decoded = |width, height| Photo::decode(&black_png(width, height), Path::new("made up"));
    assert_eq!(decoded(photo::LARGEST_SIDE, 2).unwrap().raster.width, 16_384);
    for (width, height) in [(photo::LARGEST_SIDE + 1, 1), (1, 30_000), (10_001, 10_000)] {
        let error = decoded(width, height).unwrap_err();
        assert!(matches!(error, Error::PhotoSize { .. }), "{width}x{height}: {error}");
    }
}

#[test]
fn a_file_larger_than_any_photo_is_not_read_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("huge.png");
    fs::File::create(&file).unwrap().set_len(photo::MOST_BYTES + 1).unwrap();
    let message = Photo::open(&file).unwrap_err().to_string();
    assert!(message.contains("more than the 256 MiB"), "{message}");
}

#[test]
fn a_folder_is_its_photos_in_the_order_people_count() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["10.jpg", "2.JPG", "1.png", "b.webp", "a10.gif", "a9.bmp", "notes.txt", "raw.tiff", ".hidden"] {
        fs::write(folder.path().join(name), []).unwrap();
    }
    fs::create_dir(folder.path().join("inside.jpg")).unwrap();
    let found = photo::photos_in(folder.path()).unwrap();
    let names: Vec<_> = found.iter().map(|file| file.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["1.png", "2.JPG", "10.jpg", "a9.bmp", "a10.gif", "b.webp"]);
}
