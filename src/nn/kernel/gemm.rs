//! Matrix products, by the `gemm` crate (AVX-512 where the processor has it).
#![expect(unsafe_code, reason = "gemm takes raw pointers, and pieces of one product are written by several threads")]

use std::marker::PhantomData;

use crate::nn::Real;

/// A matrix inside a slice: element `(r, c)` is at `start + r * row + c * column`.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a, E> {
    /// The slice.
    pub values: &'a [E],
    /// Where element (0, 0) is.
    pub start: usize,
    /// Rows and columns.
    pub size: [usize; 2],
    /// Steps from a row, and from a column, to the next.
    pub step: [usize; 2],
}

/// A slice of which several threads write different parts.
#[derive(Clone, Copy)]
pub struct Shared<'a, E> {
    start: *mut E,
    len: usize,
    lives: PhantomData<&'a mut [E]>,
}

// SAFETY: a `Shared` is only written through methods whose callers promise disjoint elements.
unsafe impl<E: Send> Send for Shared<'_, E> {}
// SAFETY: as above.
unsafe impl<E: Send> Sync for Shared<'_, E> {}

impl<'a, E: Copy> Shared<'a, E> {
    /// Wraps `values` for as long as they are borrowed.
    pub fn new(values: &'a mut [E]) -> Self {
        Self { start: values.as_mut_ptr(), len: values.len(), lives: PhantomData }
    }

    /// Sets `count` elements from `start` to `value`.
    ///
    /// # Safety
    /// No other thread may touch these elements meanwhile.
    ///
    /// # Panics
    /// If they lie outside the slice.
    pub unsafe fn fill(&self, start: usize, count: usize, value: E) {
        // SAFETY: the caller's promise is the same.
        unsafe { self.part(start, count) }.fill(value);
    }

    /// Copies `values` to the elements from `start`.
    ///
    /// # Safety
    /// No other thread may touch these elements meanwhile.
    ///
    /// # Panics
    /// If they lie outside the slice.
    pub unsafe fn write(&self, start: usize, values: &[E]) {
        // SAFETY: the caller's promise is the same.
        unsafe { self.part(start, values.len()) }.copy_from_slice(values);
    }

    /// Where element `start` is, from which `count` elements are inside the slice.
    ///
    /// # Panics
    /// If they are not.
    pub fn pointer(&self, start: usize, count: usize) -> *mut E {
        assert!(start + count <= self.len, "pointer outside the slice");
        self.start.wrapping_add(start)
    }

    /// The `count` elements from `start`.
    ///
    /// # Safety
    /// Nothing else may touch these elements while they are borrowed.
    ///
    /// # Panics
    /// If they lie outside the slice.
    #[expect(clippy::mut_from_ref, reason = "the caller promises that parts do not overlap")]
    pub unsafe fn part(&self, start: usize, count: usize) -> &mut [E] {
        assert!(start + count <= self.len, "part outside the slice");
        // SAFETY: in bounds by the assertion; the caller promises that nobody else touches the elements.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(start), count) }
    }
}

impl<E: Real> Shared<'_, E> {
    /// Adds the product `a b` to the matrix that begins at `start` with rows `row` apart and columns next to each other.
    ///
    /// # Safety
    /// No other thread may touch this matrix's elements meanwhile.
    ///
    /// # Panics
    /// If the sizes do not fit, or a matrix reaches outside its slice.
    pub unsafe fn accumulate(&self, start: usize, row: usize, a: Matrix<'_, E>, b: Matrix<'_, E>) {
        let ([m, k], [k_b, n]) = (a.size, b.size);
        assert_eq!(k, k_b, "inner sizes of a product");
        if m == 0 || n == 0 || k == 0 {
            return;
        }
        assert!(start + (m - 1) * row + n <= self.len, "product outside the slice");
        assert!(a.last() < a.values.len() && b.last() < b.values.len(), "factor outside its slice");
        // SAFETY: all three matrices lie inside their slices by the assertions above, the target is borrowed mutably
        // (so it overlaps neither factor), and the caller promises that nobody else touches the target's elements.
        unsafe {
            gemm::gemm(
                m,
                n,
                k,
                self.start.add(start),
                1,
                row as isize,
                true,
                a.values.as_ptr().add(a.start),
                a.step[1] as isize,
                a.step[0] as isize,
                b.values.as_ptr().add(b.start),
                b.step[1] as isize,
                b.step[0] as isize,
                E::ONE,
                E::ONE,
                false,
                false,
                false,
                gemm::Parallelism::None,
            );
        }
    }
}

impl<E> Matrix<'_, E> {
    fn last(&self) -> usize {
        self.start + (self.size[0] - 1) * self.step[0] + (self.size[1] - 1) * self.step[1]
    }
}
