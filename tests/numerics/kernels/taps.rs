//! Convolution tap by tap.

use super::{BACK, Case, FORTH, check_bits, kept_sizes, singles};
use crate::common::{
    convolutions::{Definition, any_size, sized},
    numbers::noise,
};
use proptest::prelude::*;
use saltty::nn::kernel::{
    conv::{Finish, Size},
    lanes::Level,
    taps::{self, Filter},
};

/// Both ways against the definition.
pub fn check(level: Level, case: &Case) {
    let size = &case.size;
    let filter = |weights: &[f32]| Filter::new(size, weights);
    case.check(
        |x, weights, finish, y| taps::forward(level, size, x, &filter(weights), finish, y),
        |up, weights, down, fresh| taps::input_gradient(level, size, up, &filter(weights), down, fresh),
    );
}

/// The same bits both ways.
fn check_both(size: &Size, seed: u64) -> Result<(), TestCaseError> {
    let filter = Filter::new(size, &singles(&noise(size.filter_len(), seed)));
    check_bits(size, seed, FORTH, |level, size, x, y| taps::forward(level, size, x, &filter, Finish::Write, y))?;
    check_bits(size, seed, BACK, |level, size, up, down| taps::input_gradient(level, size, up, &filter, down, true))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn taps_are_the_definition_with_all_instructions(
        size in prop_oneof![any_size(140), kept_sizes()], seed in any::<u64>(),
    ) {
        let case = Case::new(&size, seed);
        for level in Level::available() {
            check(level, &case);
        }
        check_both(&size, seed)?;
    }
}

/// Two pieces of pixels, of which the second begins within a line, two of rows, and more products than are summed up one by one; lines
/// that are whole cache lines, and not; and whole ones that are too many to see them all at once.
#[test]
fn pieces_of_many_channels_are_the_definition() {
    for (outputs, sides) in [(137, [15, 32]), (137, [15, 33]), (9, [3, 256])] {
        let size = sized(1, [130, outputs], sides, [3, 1, 1]);
        check(Level::best(), &Case::new(&size, 5));
        check_both(&Size { batch: 2, ..size }, 6).unwrap();
    }
}

/// At the end of a line, where the next one begins: whoever sees it is NaN, and nobody else.
#[test]
fn a_nan_stays_where_it_is_seen() {
    for (wide, window) in [(13, [3, 1, 1]), (16, [3, 1, 1]), (16, [5, 1, 2]), (13, [3, 2, 1])] {
        let size = sized(1, [5, 9], [6, wide], window);
        let [mut x, mut up, weights] =
            [size.input_len(), size.output_len(), size.filter_len()].map(|len| noise(len, 3));
        x[2 * wide - 1] = f64::NAN;
        up[2 * size.output[1] - 1] = f64::NAN;
        let truth = Definition::new(&size, &x, &weights, &[0.0; 9], &up);
        let filter = Filter::new(&size, &singles(&weights));
        for level in Level::available() {
            let (mut y, mut down) = (vec![0.0; size.output_len()], vec![0.0; size.input_len()]);
            let finish = Finish::Forward { bias: &[0.0; 9], relu: true };
            taps::forward(level, &size, &singles(&x), &filter, finish, &mut y);
            taps::input_gradient(level, &size, &singles(&up), &filter, &mut down, true);
            for (found, wanted) in [(y, &truth.y), (down, &truth.down)] {
                let same = found.iter().zip(wanted).all(|(found, wanted)| found.is_nan() == wanted.is_nan());
                assert!(same && wanted.iter().any(|v| v.is_nan()), "{size:?}, {level}");
            }
        }
    }
}

/// Maps without pixels, and no channels: sums of nothing.
#[test]
fn sums_of_nothing_are_zero() {
    for size in [sized(1, [5, 8], [0, 0], [3, 1, 2]), sized(1, [0, 8], [2, 16], [3, 1, 1])] {
        let filter = Filter::new(&size, &vec![1.0; size.filter_len()]);
        let mut y = vec![f32::NAN; size.output_len()];
        let finish = Finish::Forward { bias: &[3.0; 8], relu: false };
        taps::forward(Level::best(), &size, &vec![1.0; size.input_len()], &filter, finish, &mut y);
        assert!(y.iter().all(|y| *y == 3.0) && !y.is_empty(), "{size:?}");
    }
    let size = sized(1, [5, 8], [0, 0], [3, 1, 2]);
    let filter = Filter::new(&size, &vec![1.0; size.filter_len()]);
    taps::input_gradient(Level::best(), &size, &vec![1.0; size.output_len()], &filter, &mut [], true);
    let size = sized(1, [5, 0], [2, 16], [3, 1, 1]);
    let mut down = vec![f32::NAN; size.input_len()];
    taps::input_gradient(Level::best(), &size, &[], &Filter::new(&size, &[]), &mut down, true);
    assert!(down.iter().all(|d| *d == 0.0));
}
