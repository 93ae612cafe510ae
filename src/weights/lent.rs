//! Tensors that stay in their file, to be read whenever a network uses them.

use std::{
    fmt, io,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{Source, layout::Layout, plan::Entry, problem};
use crate::{
    Error, Result,
    model::Model,
    nn::{Param, kernel::weight::Stored},
};

/// Who lends a network its tensors, and knows what went wrong with them since.
pub struct Lender {
    path: PathBuf,
    model: Model,
    source: Arc<dyn Source>,
    failed: Mutex<Option<io::Error>>,
    odd: AtomicBool,
}

impl Lender {
    pub(super) fn new(path: PathBuf, model: Model, source: Arc<dyn Source>) -> Self {
        Self { path, model, source, failed: Mutex::default(), odd: AtomicBool::new(false) }
    }

    /// To be called when numbers have been used, before anything made of them is believed.
    ///
    /// # Errors
    /// If the file could not be read any more, or holds a NaN or an infinity.
    pub fn check(&self) -> Result<()> {
        if let Some(failed) = self.failed.lock().ok().as_deref().and_then(Option::as_ref) {
            let shrunk = failed.kind() == io::ErrorKind::UnexpectedEof;
            let why = if shrunk { "it became shorter while it was in use".to_owned() } else { failed.to_string() };
            let source = io::Error::new(failed.kind(), why);
            return Err(Error::Read { path: self.path.clone(), source });
        }
        if self.odd.load(Ordering::Relaxed) {
            let problems = problem::all_odd(&self.path, &*self.source)?;
            return Err(problem::report(&self.path, self.model, &problems, None));
        }
        Ok(())
    }

    /// A parameter's tensor, if it can be lent: its numbers must be in the layer's order.
    pub(super) fn lend(self: &Arc<Self>, param: &Param, entry: Entry) -> Option<Arc<dyn Stored>> {
        let here = self.source.read_at(entry.tensor, 0, &mut []).is_some();
        if !here || entry.layout != Layout::OutputsFirst {
            return None;
        }
        let count = param.shape.iter().product();
        Some(Arc::new(Lent { lender: self.clone(), tensor: entry.tensor, count }))
    }
}

/// One tensor.
struct Lent {
    lender: Arc<Lender>,
    tensor: usize,
    count: usize,
}

impl Stored for Lent {
    fn count(&self) -> usize {
        self.count
    }

    fn read(&self, first: usize, values: &mut [f32]) {
        let read = self.lender.source.read_at(self.tensor, first, values);
        if let Err(error) = read.expect("a source that was asked before") {
            values.fill(f32::NAN);
            if let Ok(mut failed) = self.lender.failed.lock() {
                failed.get_or_insert(error);
            }
        }
    }

    fn doubt(&self) {
        self.lender.odd.store(true, Ordering::Relaxed);
    }
}

impl fmt::Debug for Lent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lent").field("path", &self.lender.path).field("tensor", &self.tensor).finish_non_exhaustive()
    }
}
