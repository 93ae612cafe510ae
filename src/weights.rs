//! Weights from safetensors files, whoever wrote them, into the layouts that the layers want; never twice in memory, and
//! for a network that is used once, not even once.

mod bytes;
mod dialect;
mod file;
mod fingerprint;
mod layout;
mod lent;
mod plan;
mod problem;
mod source;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

pub use bytes::Bytes;
pub use dialect::Dialect;
pub use file::SafetensorsFile;
pub use fingerprint::{Fingerprint, TensorHash};
pub use lent::Lender;
pub use source::{Dtype, Source, TensorInfo};

use half::{bf16, f16};

use crate::{
    Error, Result,
    model::Model,
    nn::{Param, Part, Real, kernel::weight::Weight},
    photo::Preprocess,
};
use layout::Kept;
use plan::Plan;

/// SqueezeNet 1.1 trained on ImageNet, in float16: the network in the binary.
static EMBEDDED: &[u8] = include_bytes!("../fixtures/squeezenet1_1.f16.safetensors");

/// Where the input convention comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The person asked for it.
    Asked,
    /// The person asked for it, but the weights' metadata says this.
    Overruled(Preprocess),
    /// The weights' metadata says so.
    Metadata,
    /// Guessed from whose layer names the weights bear.
    Guessed,
}

impl Origin {
    /// In words, for showing beside the convention.
    pub fn describe(self) -> String {
        match self {
            Self::Asked => "as asked".to_owned(),
            Self::Overruled(own) => {
                format!("as asked, although the weights say that they read {own} input: scores may mean nothing")
            }
            Self::Metadata => "from the weights' metadata".to_owned(),
            Self::Guessed => "guessed from the weights' names; --preprocess overrides".to_owned(),
        }
    }
}

/// A set of named tensors about to become a network.
pub struct Weights {
    path: PathBuf,
    source: Arc<dyn Source>,
    dialect: Dialect,
    preprocess: Preprocess,
    origin: Origin,
    stated: Option<Preprocess>,
    plan: Plan,
    problems: Vec<String>,
    stay: bool,
    lender: Option<Arc<Lender>>,
}

impl Weights {
    /// The network that is part of saltty.
    pub fn embedded() -> Self {
        let path = Path::new("the embedded network");
        let file = SafetensorsFile::read(path, EMBEDDED).expect("the embedded weights are whole");
        Self::from_source(path, Box::new(file))
    }

    /// Opens a safetensors file; reads its header only.
    ///
    /// # Errors
    /// If it cannot be read or is not a whole safetensors file.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self::from_source(path, Box::new(SafetensorsFile::open(path)?)))
    }

    /// Weights from anywhere; `path` is what messages call them.
    pub fn from_source(path: &Path, source: Box<dyn Source>) -> Self {
        let dialect = Dialect::of(source.tensors());
        let stated = dialect::stated(source.metadata());
        let (preprocess, origin) = match stated {
            Some(stated) => (stated, Origin::Metadata),
            None => (dialect.preprocess(), Origin::Guessed),
        };
        Self {
            path: path.to_owned(),
            source: source.into(),
            dialect,
            preprocess,
            origin,
            stated,
            plan: Plan::default(),
            problems: Vec::new(),
            stay: false,
            lender: None,
        }
    }

    /// Leaves the numbers in the file, to be read whenever the network uses them, where they can be: for a network that
    /// sees one photo. The file must not change as long as the network lives.
    #[must_use]
    pub fn left_in_file(mut self) -> Self {
        self.stay = true;
        self
    }

    /// Overrides the input convention.
    #[must_use]
    pub fn with_preprocess(mut self, asked: Option<Preprocess>) -> Self {
        if let Some(asked) = asked {
            let other = self.stated.filter(|&stated| stated != asked);
            self.origin = other.map_or(Origin::Asked, Origin::Overruled);
            self.preprocess = asked;
        }
        self
    }

    /// The file they come from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whose layer names they bear.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The input convention they were trained with.
    pub fn preprocess(&self) -> Preprocess {
        self.preprocess
    }

    /// How the input convention is known.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// SHA-256 of the whole file, in hexadecimal.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn sha256(&self) -> Result<String> {
        self.source.sha256().map_err(|source| Error::Read { path: self.path.clone(), source })
    }

    /// The network whose tensors these most likely are; `None` if they resemble none that saltty knows.
    pub fn guess_model(&self) -> Option<Model> {
        let fits = Model::ALL.into_iter().map(|model| (self.planned(model), model));
        let best = fits.max_by_key(|(plan, _)| plan.likeness())?;
        (best.0.likeness() > 0).then_some(best.1)
    }

    fn planned(&self, model: Model) -> Plan {
        Plan::new(model, self.dialect, self.preprocess, self.source.tensors())
    }

    /// Checks names, sizes and types against what `model` needs; returns the number of classes.
    ///
    /// # Errors
    /// [`Error::Weights`] with everything that is wrong, NaN included.
    pub fn fit(&mut self, model: Model) -> Result<usize> {
        self.plan = self.planned(model);
        self.problems.clone_from(&self.plan.problems);
        if self.problems.is_empty() {
            return Ok(self.plan.classes);
        }
        self.problems.extend(problem::all_odd(&self.path, &*self.source)?);
        Err(self.report(model))
    }

    fn stream(&mut self, index: usize, row: usize, sink: &mut dyn FnMut(&[f32])) -> Result<()> {
        let mut odd = 0;
        let mut watched = |values: &[f32]| {
            odd += values.iter().filter(|v| !v.is_finite()).count();
            sink(values);
        };
        let read = self.source.read(index, row, &mut watched);
        read.map_err(|source| Error::Read { path: self.path.clone(), source })?;
        self.report_odd(index, odd);
        Ok(())
    }

    fn report_odd(&mut self, index: usize, odd: usize) {
        self.problems.extend(problem::odd(&self.source.tensors()[index].name, odd));
    }

    /// From now on [`read`](Self::read) lends filters and matrices, if they were to be left in the file and the network
    /// `lends` itself to that; who lends them has to be asked now and then how it goes.
    pub(crate) fn lender(&mut self, model: Model, lends: bool) -> Option<Arc<Lender>> {
        let lender = || Arc::new(Lender::new(self.path.clone(), model, self.source.clone()));
        self.lender = (self.stay && lends).then(lender);
        self.lender.clone()
    }

    /// The values of one tensor in the layer's layout, read by several threads where the source allows; dense weights of
    /// a network in f32 in the number type of the file. [`fit`](Self::fit) must have succeeded.
    ///
    /// # Errors
    /// If the file cannot be read any more.
    pub fn read<E: Real>(&mut self, param: &Param) -> Result<Weight<E>> {
        let entry = self.plan.entry(param);
        if param.part != Part::Bias
            && let Some(lent) = self.lender.as_ref().and_then(|lender| lender.lend(param, entry))
        {
            return Ok(Weight::Stored(lent));
        }
        let dtype = &self.source.tensors()[entry.tensor].dtype;
        let narrow = param.part == Part::Matrix && E::NAME == f32::NAME;
        Ok(match dtype {
            Dtype::F16 if narrow => Weight::Half(self.read_as::<f16>(param)?),
            Dtype::Bf16 if narrow => Weight::Brain(self.read_as::<bf16>(param)?),
            _ => Weight::Whole(self.read_as::<E>(param)?),
        })
    }

    fn read_as<T: Kept>(&mut self, param: &Param) -> Result<Arc<Vec<T>>> {
        let entry = self.plan.entry(param);
        let mut place = layout::Place::<T>::new(param, entry.layout);
        let source = &*self.source;
        match place.fill(|first, values| source.read_at(entry.tensor, first, values)) {
            None => {}
            Some(Ok(odd)) => {
                self.report_odd(entry.tensor, odd);
                return Ok(Arc::new(place.finish()));
            }
            Some(Err(source)) => return Err(Error::Read { path: self.path.clone(), source }),
        }
        self.stream(entry.tensor, place.row(), &mut |values| place.put(values))?;
        Ok(Arc::new(place.finish()))
    }

    /// To be called when all tensors have been read or lent.
    ///
    /// # Errors
    /// [`Error::Weights`] if any that was read held a NaN or an infinity.
    pub fn finish(&mut self) -> Result<()> {
        if self.problems.is_empty() {
            return Ok(());
        }
        if self.lender.is_some() {
            self.problems = problem::all_odd(&self.path, &*self.source)?;
        }
        Err(self.report(self.plan.model))
    }

    fn report(&mut self, model: Model) -> Error {
        let problems = std::mem::take(&mut self.problems);
        problem::report(&self.path, model, &problems, self.guess_model().filter(|&likely| likely != model))
    }
}
