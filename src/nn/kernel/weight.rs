//! Weights in the number type, and at the place, that they are kept in.

use std::{borrow::Cow, fmt, sync::Arc};

use half::{bf16, f16, slice::HalfFloatSliceExt};

use crate::nn::Real;

/// Numbers that stay in a file and are read whenever they are used. For a network that sees one photo this takes less time
/// than memory for all of them, which the system has to empty first, and far less memory.
pub trait Stored: fmt::Debug + Send + Sync {
    /// How many there are.
    fn count(&self) -> usize;

    /// Fills `values` with those from `first` on. What cannot be read becomes NaN, and who lent the numbers knows why.
    fn read(&self, first: usize, values: &mut [f32]);

    /// Takes notice that some are not finite.
    fn doubt(&self);
}

/// A matrix or filter in the number type it is kept in. Half the bytes are read in half the time; sums are the same to the
/// bit as with the weights widened beforehand.
#[derive(Clone, Debug)]
pub enum Weight<E> {
    /// In the type that the network computes in.
    Whole(Arc<Vec<E>>),
    /// IEEE 754 half.
    Half(Arc<Vec<f16>>),
    /// bfloat16.
    Brain(Arc<Vec<bf16>>),
    /// In their file.
    Stored(Arc<dyn Stored>),
}

impl<E> From<Arc<Vec<E>>> for Weight<E> {
    fn from(values: Arc<Vec<E>>) -> Self {
        Self::Whole(values)
    }
}

impl<E> From<Vec<E>> for Weight<E> {
    fn from(values: Vec<E>) -> Self {
        Self::Whole(values.into())
    }
}

impl<E: Real> Weight<E> {
    /// How many numbers.
    pub fn len(&self) -> usize {
        match self {
            Self::Whole(values) => values.len(),
            Self::Half(values) => values.len(),
            Self::Brain(values) => values.len(),
            Self::Stored(stored) => stored.count(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All numbers, widened.
    pub fn widened(self) -> Arc<Vec<E>> {
        match self {
            Self::Whole(values) => values,
            other => {
                let all = other.part(0, other.len(), &mut Vec::new()).into_owned();
                other.inspect(&all);
                Arc::new(all)
            }
        }
    }

    /// `count` numbers from `start`; read or widened, if need be, into `room`.
    pub(super) fn part<'a>(&'a self, start: usize, count: usize, room: &'a mut Vec<f32>) -> Cow<'a, [E]> {
        let part = start..start + count;
        if let Self::Whole(values) = self {
            return Cow::Borrowed(&values[part]);
        }
        room.resize(count, 0.0);
        match self {
            Self::Whole(_) => {}
            Self::Half(values) => values[part].convert_to_f32_slice(room),
            Self::Brain(values) => values[part].convert_to_f32_slice(room),
            Self::Stored(stored) => stored.read(start, room),
        }
        if E::NAME == f32::NAME {
            return Cow::Borrowed(bytemuck::cast_slice(room));
        }
        Cow::Owned(room.iter().map(|&v| E::of_f32(v)).collect())
    }

    /// Looks whether numbers that [`part`](Self::part) gave are finite, if nobody has looked before: those of a file.
    pub(super) fn inspect(&self, values: &[E]) {
        if let Self::Stored(stored) = self
            && !are_finite(values)
        {
            stored.doubt();
        }
    }

    /// The same for rows of which one cannot have a NaN or an infinity unless its sum of products among `sums` does.
    pub(super) fn inspect_rows(&self, sums: &[E], rows: &[Cow<'_, [E]>]) {
        if matches!(self, Self::Stored(_)) && !are_finite(sums) {
            for row in rows {
                self.inspect(row);
            }
        }
    }
}

/// Looks at all numbers, without a way out between them, so that many are looked at together.
pub(super) fn are_finite<E: Real>(values: &[E]) -> bool {
    values.iter().fold(true, |all, &value| all & value.into().is_finite())
}
