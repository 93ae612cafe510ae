//! The numbers between a photo and the network, and between a map and the screen: Pillow's own bytes, literals worked
//! out by hand, and resampling written anew from its definition.
//!
//! Catches a shifted pixel grid, weights that are not normalised, channels in the wrong order, a wrong mean or
//! deviation, clipping and rounding of the wrong kind.

mod common;

use common::{
    cases::Cases,
    numbers::{close, noise},
};
use proptest::prelude::{any, prop_oneof};
use saltty::{
    explain::cam,
    heatmap::{Blend, Edge, deprocess, magnitude, min_max, positive_over_max, signed_over_max_abs, upsample},
    photo::{Preprocess, Resize},
    planes::Planes,
    raster::{Raster, resample},
};

/// Bytes of the generator `s = 1103515245 s + 12345 mod 2^31`, bits 16 to 23 of each.
fn raster(width: usize, height: usize, seed: u64) -> Raster {
    let mut state = seed;
    let mut byte = || {
        state = (state * 1_103_515_245 + 12345) & 0x7FFF_FFFF;
        (state >> 16 & 255) as u8
    };
    let pixels = (0..width * height).map(|_| std::array::from_fn(|_| byte())).collect();
    Raster::new(width, height, pixels)
}

/// `Image.fromarray(...).resize((W, H), BILINEAR)` and `NEAREST` of Pillow 13.0.0, for a photo made with seed `10 w + h`.
#[test]
#[rustfmt::skip]
fn resampling_gives_pillows_bytes() {
    let bilinear: [([usize; 4], &[u8]); 5] = [
        ([5, 4, 3, 2], &[180, 90, 144, 160, 141, 123, 181, 147, 146, 121, 156, 98, 131, 139, 77, 152, 115, 125]),
        ([7, 3, 7, 2], &[157, 77, 153, 59, 114, 181, 214, 127, 150, 190, 107, 48, 172, 112, 156, 131, 151, 187, 152, 70, 95, 94, 100, 140, 125, 24, 38, 87, 175, 139, 189, 124, 7, 182, 148, 239, 213, 72, 167, 220, 186, 82]),
        ([4, 6, 2, 6], &[140, 115, 155, 153, 208, 153, 78, 162, 122, 155, 109, 89, 137, 140, 110, 99, 105, 197, 72, 152, 95, 105, 103, 123, 142, 91, 172, 96, 142, 107, 100, 162, 180, 117, 134, 210]),
        ([2, 2, 5, 3], &[10, 213, 210, 33, 205, 190, 127, 174, 112, 221, 142, 34, 244, 134, 14, 38, 130, 213, 50, 129, 193, 99, 128, 115, 147, 126, 36, 159, 126, 16, 66, 46, 215, 67, 53, 195, 70, 82, 117, 73, 110, 38, 74, 117, 18]),
        ([9, 7, 4, 5], &[169, 140, 136, 181, 139, 90, 109, 121, 137, 131, 187, 149, 169, 149, 146, 160, 127, 130, 155, 178, 182, 126, 214, 149, 64, 140, 128, 101, 142, 87, 142, 101, 155, 112, 120, 132, 158, 98, 111, 107, 118, 136, 106, 113, 151, 115, 152, 90, 95, 69, 168, 133, 99, 163, 132, 127, 151, 140, 181, 118]),
    ];
    for ([w, h, to_w, to_h], bytes) in bilinear {
        let found = resample::bilinear(&raster(w, h, 10 * w as u64 + h as u64), to_w, to_h);
        assert_eq!((found.width, found.height), (to_w, to_h));
        assert_eq!(found.pixels.as_flattened(), bytes, "{w}x{h} to {to_w}x{to_h}");
    }
    let nearest: [([usize; 4], &[u8]); 4] = [
        ([5, 4, 3, 2], &[166, 20, 89, 53, 30, 213, 251, 119, 146, 244, 215, 81, 206, 161, 66, 74, 133, 147]),
        ([4, 6, 2, 6], &[143, 165, 182, 243, 180, 223, 2, 138, 37, 159, 105, 18, 154, 204, 62, 93, 61, 248, 59, 139, 191, 74, 53, 204, 111, 139, 119, 5, 204, 66, 72, 75, 204, 109, 105, 243]),
        ([2, 2, 5, 3], &[10, 213, 210, 10, 213, 210, 244, 134, 14, 244, 134, 14, 244, 134, 14, 66, 46, 215, 66, 46, 215, 74, 117, 18, 74, 117, 18, 74, 117, 18, 66, 46, 215, 66, 46, 215, 74, 117, 18, 74, 117, 18, 74, 117, 18]),
        ([9, 7, 4, 5], &[219, 198, 156, 154, 188, 18, 56, 123, 50, 125, 138, 111, 159, 137, 105, 93, 79, 35, 136, 162, 141, 73, 197, 153, 25, 202, 232, 98, 241, 5, 161, 19, 166, 156, 66, 207, 204, 112, 134, 40, 194, 46, 54, 187, 207, 95, 209, 97, 83, 61, 206, 248, 91, 171, 134, 160, 186, 185, 155, 20]),
    ];
    for ([w, h, to_w, to_h], bytes) in nearest {
        let found = resample::nearest(&raster(w, h, 10 * w as u64 + h as u64), to_w, to_h);
        assert_eq!(found.pixels.as_flattened(), bytes, "{w}x{h} to {to_w}x{to_h}");
    }
}

/// A triangle as wide as the reduction around each output pixel's centre, normalised: one line of values to `to` of them.
fn antialiased(line: &[f64], to: usize) -> Vec<f64> {
    let scale = line.len() as f64 / to as f64;
    let wide = scale.max(1.0);
    let at = |out: usize| {
        let center = (out as f64 + 0.5) * scale - 0.5;
        let weight = |i: usize| (1.0 - ((i as f64 - center) / wide).abs()).max(0.0);
        let sum: f64 = (0..line.len()).map(weight).sum();
        line.iter().enumerate().map(|(i, v)| weight(i) * v).sum::<f64>() / sum
    };
    (0..to).map(at).collect()
}

#[test]
fn resampling_is_its_definition_up_to_rounding() {
    let cases = Cases::default();
    let side = || prop_oneof![1..30usize, 1..90usize];
    cases.run(
        "bilinear, antialiased",
        300,
        (side(), side(), side(), side(), any::<u32>()),
        |(w, h, to_w, to_h, seed)| {
            let photo = raster(w, h, u64::from(seed));
            let found = resample::bilinear(&photo, to_w, to_h);
            for channel in 0..3 {
                let plane: Vec<f64> = photo.pixels.iter().map(|pixel| f64::from(pixel[channel])).collect();
                let rows: Vec<Vec<f64>> = plane.chunks(w).map(|row| antialiased(row, to_w)).collect();
                let columns: Vec<Vec<f64>> =
                    (0..to_w).map(|x| antialiased(&rows.iter().map(|row| row[x]).collect::<Vec<_>>(), to_h)).collect();
                for (i, pixel) in found.pixels.iter().enumerate() {
                    let (ours, wanted) = (f64::from(pixel[channel]), columns[i % to_w][i / to_w]);
                    if (ours - wanted).abs() > 1.01 {
                        return Err(format!("pixel {i}, channel {channel}: {ours} is not {wanted}"));
                    }
                }
            }
            Ok(())
        },
    );
}

#[test]
fn resampling_to_nothing_is_nothing_and_to_the_same_the_same() {
    let photo = raster(4, 3, 1);
    assert_eq!(resample::bilinear(&photo, 4, 3), photo);
    for (width, height) in [(0, 3), (4, 0), (0, 0), (0, 7)] {
        let found = resample::bilinear(&photo, width, height);
        assert_eq!((found.width, found.height, found.pixels.len()), (width, height, 0));
    }
    let flat = Raster::filled(3, 3, [255, 0, 7]);
    assert_eq!(resample::bilinear(&flat, 11, 2), Raster::filled(11, 2, [255, 0, 7]), "weights add up to one");
    for side in [0, 3] {
        assert_eq!(resample::bilinear(&Raster::new(0, 0, Vec::new()), side, side).pixels.len(), 0);
    }
}

/// Bilinear from the definition: every value times `1 - distance`, those beyond the edge being the edge or mirrored.
fn interpolated(line: &[f64], to: usize, edge: Edge) -> Vec<f64> {
    let last = line.len() as isize - 1;
    let beyond = |i: isize| match edge {
        Edge::Clamp => i.clamp(0, last),
        Edge::Mirror if last == 0 => 0,
        Edge::Mirror => {
            if i < 0 {
                -i
            } else if i > last {
                2 * last - i
            } else {
                i
            }
        }
    };
    let at = |out: usize| {
        let center = (out as f64 + 0.5) * line.len() as f64 / to as f64 - 0.5;
        (-1..=last + 1).map(|i| (1.0 - (i as f64 - center).abs()).max(0.0) * line[beyond(i) as usize]).sum()
    };
    (0..to).map(at).collect()
}

#[test]
fn enlarging_is_its_definition() {
    let cases = Cases::default();
    let sides = || (1..9usize, 1..40usize);
    cases.run(
        "half-pixel bilinear",
        300,
        (1..3usize, sides(), sides(), any::<u64>()),
        |(channels, (h, to_h), (w, to_w), seed)| {
            let map = Planes::new(channels, h, w, noise(channels * h * w, seed));
            for edge in [Edge::Clamp, Edge::Mirror] {
                let found = upsample(&map, to_h, to_w, edge);
                if (found.channels, found.height, found.width) != (channels, to_h, to_w) {
                    return Err("another size".to_owned());
                }
                for channel in 0..channels {
                    let rows: Vec<_> = map.plane(channel).chunks(w).map(|row| interpolated(row, to_w, edge)).collect();
                    let column =
                        |x: usize| interpolated(&rows.iter().map(|row| row[x]).collect::<Vec<_>>(), to_h, edge);
                    let columns: Vec<_> = (0..to_w).map(column).collect();
                    let wanted: Vec<f64> = (0..to_h * to_w).map(|i| columns[i % to_w][i / to_w]).collect();
                    common::numbers::beyond(found.plane(channel), &wanted, |_| 1e-13)?;
                }
            }
            Ok(())
        },
    );
}

#[test]
fn inputs_follow_their_convention() {
    let photo = Raster::new(2, 1, vec![[10, 20, 30], [0, 255, 128]]);
    for caffe in [Preprocess::Caffe, Preprocess::Keras] {
        let input = caffe.planes(&photo);
        assert_eq!((input.channels, input.height, input.width), (3, 1, 2));
        close(&input.values, &[-73.939, 24.061, -96.779, 138.221, -113.68, -123.68], 1e-12);
        assert_eq!(caffe.rgb_order(), [2, 1, 0]);
        assert!(caffe.describe().contains("BGR"));
    }
    // (10 / 255 - 0.485) / 0.229 and so on.
    let input = Preprocess::Torchvision.planes(&photo);
    let wanted = [-1.946_656, -2.117_904, -1.685_574, 2.428_571, -1.281_569, 0.426_492];
    close(&input.values, &wanted, 1e-6);
    assert_eq!(Preprocess::Torchvision.rgb_order(), [0, 1, 2]);
    assert!(Preprocess::Torchvision.describe().contains("RGB"));
    let resizes = [Preprocess::Caffe, Preprocess::Torchvision, Preprocess::Keras].map(Preprocess::default_resize);
    assert_eq!(resizes, [Resize::Crop, Resize::Crop, Resize::Stretch]);
}

#[test]
fn names_of_conventions_are_read_as_written() {
    for (preprocess, name) in
        [(Preprocess::Caffe, "caffe"), (Preprocess::Torchvision, "torchvision"), (Preprocess::Keras, "keras")]
    {
        assert_eq!((preprocess.name(), &*preprocess.to_string()), (name, name));
        assert_eq!(name.to_uppercase().parse(), Ok(preprocess));
    }
    assert!("vgg".parse::<Preprocess>().unwrap_err().contains("vgg"));
}

#[test]
fn maps_are_weighted_sums_of_planes() {
    let activation = Planes::new(2, 1, 3, vec![1.0, 2.0, 4.0, 10.0, 20.0, 40.0]);
    let gradient = Planes::new(2, 1, 3, vec![3.0, 0.0, 3.0, -1.0, -1.0, 0.5]);
    assert_eq!(cam::means(&gradient), [2.0, -0.5]);
    let found = cam::grad_cam(&activation, &gradient);
    assert_eq!(found.alpha, [2.0, -0.5]);
    assert_eq!(found.map, Planes::new(1, 1, 3, vec![-3.0, -6.0, -12.0]));
    assert_eq!(cam::weighted_sum(&activation, &[3.0]).values, [3.0, 6.0, 12.0], "the first planes only");
    assert_eq!(cam::cam(&activation, 1), Planes::new(1, 1, 3, vec![10.0, 20.0, 40.0]));
    let product = cam::times(&Planes::new(1, 1, 3, vec![1.0, 0.0, -2.0]), &activation);
    assert_eq!(product, Planes::new(2, 1, 3, vec![1.0, 0.0, -8.0, 10.0, 0.0, -80.0]));
}

#[test]
fn normalised_maps_by_hand() {
    let map = Planes::new(1, 2, 2, vec![-8.0, 1.0, 2.0, 4.0]);
    assert_eq!(positive_over_max(&map).values, [0.0, 0.25, 0.5, 1.0]);
    assert_eq!(signed_over_max_abs(&map).values, [-1.0, 0.125, 0.25, 0.5]);
    assert_eq!(min_max(&map).values, [0.0, 0.75, 10.0 / 12.0, 1.0]);
    let flat = Planes::new(1, 1, 2, vec![3.0, 3.0]);
    assert_eq!(positive_over_max(&flat).values, [1.0, 1.0]);
    assert_eq!(min_max(&flat).values, [0.0, 0.0], "nothing to tell apart");
    let negative = Planes::new(1, 1, 2, vec![-3.0, -1.0]);
    assert_eq!(signed_over_max_abs(&negative).values, [-1.0, -1.0 / 3.0]);
    assert_eq!(min_max(&negative).values, [0.0, 1.0]);
    for flat in [positive_over_max, signed_over_max_abs, min_max].map(|f| f(&Planes::new(1, 1, 2, vec![0.0; 2]))) {
        assert_eq!(flat.values, [0.0, 0.0]);
    }
}

#[test]
fn overlays_add_round_and_clip() {
    let photo = Raster::new(2, 1, vec![[200, 101, 0], [4, 3, 255]]);
    let colors = Raster::new(2, 1, vec![[100, 50, 8], [0, 1, 255]]);
    let found = Blend { photo: 0.25, map: 0.5 }.overlay(&photo, &colors);
    assert_eq!(found.pixels, [[100, 50, 4], [1, 1, 191]]);
    assert_eq!(Blend { photo: 1.0, map: -1.0 }.overlay(&photo, &colors).pixels, [[100, 51, 0], [4, 2, 0]]);
    assert_eq!(Blend::default(), Blend { photo: 0.5, map: 1.0 });
}

#[test]
fn pixel_maps_are_shown_as_pytorch_grad_cam_shows_them() {
    // Mean 2, deviation sqrt(2/3): 0.3775, 0.5 and 0.6225 of 255, cut off.
    assert_eq!(deprocess(&Planes::new(3, 1, 1, vec![1.0, 2.0, 3.0]), [0, 1, 2]).pixels, [[96, 127, 158]]);
    assert_eq!(deprocess(&Planes::new(3, 1, 1, vec![1.0, 2.0, 3.0]), [2, 0, 1]).pixels, [[158, 96, 127]]);
    // Deviation 1e-5, and 1e-5 more: half a deviation.
    let tiny = Planes::new(3, 1, 2, [-1e-5, 1e-5].repeat(3));
    assert_eq!(deprocess(&tiny, [0, 1, 2]).pixels, [[114; 3], [140; 3]]);
    let one = Planes::new(3, 8, 8, (0..192).map(|i| f64::from(u8::from(i == 70))).collect());
    assert_eq!(deprocess(&one, [0, 1, 2]).pixels[6], [125, 255, 125], "clipped");
}

#[test]
fn magnitudes_saturate_at_the_99th_percentile() {
    let sizes: Vec<f64> = (1..=200).map(f64::from).collect();
    let planes = [sizes.clone(), sizes.iter().map(|v| -v / 2.0).collect(), vec![0.5; 200]].concat();
    let found = magnitude(&Planes::new(3, 10, 20, planes));
    assert_eq!((found.channels, found.height, found.width), (1, 10, 20));
    let wanted: Vec<f64> = sizes.iter().map(|v| (v / 198.0).min(1.0)).collect();
    assert_eq!(found.values, wanted);
    let mut lone = vec![0.0; 200];
    lone[17] = -3.0;
    assert_eq!(
        magnitude(&Planes::new(1, 10, 20, lone.clone())).values,
        lone.iter().map(|v| v / -3.0 + 0.0).collect::<Vec<_>>()
    );
}
