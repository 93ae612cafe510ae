//! Which tensor of a file is which tensor of a network, and all that does not fit.

use std::collections::HashMap;

use super::{Dialect, TensorInfo, dialect::Key, layout::Layout};
use crate::{
    model::{Layer, Model},
    nn::{Name, Param, Part},
    photo::Preprocess,
};

/// Where a parameter is found.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Index among the source's tensors.
    pub tensor: usize,
    /// Order of its numbers.
    pub layout: Layout,
}

/// How a source's tensors fill a network.
#[derive(Debug)]
pub struct Plan {
    /// The network.
    pub model: Model,
    /// Number of classes, from the last layer's size.
    pub classes: usize,
    /// What does not fit, in words.
    pub problems: Vec<String>,
    entries: HashMap<(Name, Part), Entry>,
}

impl Default for Plan {
    fn default() -> Self {
        Self { model: Model::Vgg19, classes: 0, problems: Vec::new(), entries: HashMap::new() }
    }
}

/// What a network that does not say otherwise distinguishes.
const IMAGENET_CLASSES: usize = 1000;

impl Plan {
    /// Matches `tensors`, named in `dialect`, with what `model` needs.
    pub fn new(model: Model, dialect: Dialect, preprocess: Preprocess, tensors: &[TensorInfo]) -> Self {
        let layers = model.layers();
        let mut found: HashMap<(String, bool), (usize, Key)> = HashMap::new();
        for (index, key) in tensors.iter().map(|tensor| Key::of(&tensor.name)).enumerate() {
            found.entry((key.layer.clone(), key.bias)).or_insert((index, key));
        }
        let head = layers
            .iter()
            .rfind(|layer| layer.aliases.iter().any(|a| ["classifier.6", "classifier.1"].contains(&a.as_str())));
        let scores = head.and_then(|head| found.get(&(dialect.spell(model, head), false)));
        let classes = scores.and_then(|(index, key)| {
            let shape = &tensors[*index].shape;
            if key.keras { shape.last() } else { shape.first() }.copied()
        });
        let classes = classes.unwrap_or(IMAGENET_CLASSES);
        let mut plan = Self { model, classes, ..Self::default() };
        if classes == 0 {
            plan.problems.push("its last layer has no classes".to_owned());
        }
        let mut used = vec![false; tensors.len()];
        for param in model.outline(preprocess, classes).params {
            let layer = layers.iter().find(|layer| layer.name == param.layer).expect("parameters belong to layers");
            let spelled = dialect.spell(model, layer);
            match found.get(&(spelled.clone(), param.part == Part::Bias)) {
                Some((index, key)) => {
                    used[*index] = true;
                    plan.enter(&param, *index, key, &tensors[*index], layer);
                }
                None => plan.problems.push(format!("{} is missing", full_name(&spelled, param.part, dialect))),
            }
        }
        for (tensor, _) in tensors.iter().zip(used).filter(|(_, used)| !used) {
            plan.problems.push(format!("{} ({}) does not belong to it", tensor.name, sizes(&tensor.shape)));
        }
        plan
    }

    fn enter(&mut self, param: &Param, index: usize, key: &Key, tensor: &TensorInfo, layer: &Layer) {
        debug_assert_eq!(key.part(param.part == Part::Filter), param.part);
        if !tensor.dtype.is_readable() {
            let problem = format!("{} holds {} numbers, not float32, float16 or bfloat16", tensor.name, tensor.dtype);
            self.problems.push(problem);
            return;
        }
        let layout = if key.keras { Layout::OutputsLast } else { Layout::OutputsFirst };
        let allowed = shapes(param, layout);
        if !allowed.contains(&tensor.shape) {
            let (found, wanted) = (sizes(&tensor.shape), sizes(&allowed[0]));
            self.problems.push(format!("{} is {found}, but {} needs {wanted}", tensor.name, layer.name));
            return;
        }
        self.entries.insert((param.layer.clone(), param.part), Entry { tensor: index, layout });
    }

    /// Where `param` is. The plan must be without problems.
    pub fn entry(&self, param: &Param) -> Entry {
        self.entries[&(param.layer.clone(), param.part)]
    }

    /// Where `param` is, if it is there and fits.
    pub fn find(&self, param: &Param) -> Option<Entry> {
        self.entries.get(&(param.layer.clone(), param.part)).copied()
    }

    /// How much the tensors resemble the network's: tensors that fit, less those that do not belong.
    pub fn likeness(&self) -> i64 {
        2 * self.entries.len() as i64 - self.problems.len() as i64
    }
}

/// The sizes that a tensor may have in a file, the usual one first.
fn shapes(param: &Param, layout: Layout) -> Vec<Vec<usize>> {
    let shape = &param.shape;
    let outputs = shape[0];
    let inputs: usize = shape[1..].iter().product();
    match (param.part, layout) {
        (Part::Bias, _) | (Part::Filter, Layout::OutputsFirst) => vec![shape.clone()],
        (Part::Filter, Layout::OutputsLast) => vec![vec![shape[2], shape[3], shape[1], outputs]],
        (Part::Matrix, Layout::OutputsFirst) => {
            vec![vec![outputs, inputs], shape.clone(), vec![outputs, inputs, 1, 1]]
        }
        (Part::Matrix, Layout::OutputsLast) => vec![vec![inputs, outputs]],
    }
}

fn full_name(layer: &str, part: Part, dialect: Dialect) -> String {
    let part = match (part, dialect) {
        (Part::Bias, _) => "bias",
        (_, Dialect::Keras) => "kernel",
        _ => "weight",
    };
    format!("{layer}.{part}")
}

/// `4096x25088`.
fn sizes(shape: &[usize]) -> String {
    if shape.is_empty() {
        return "a single number".to_owned();
    }
    shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("x")
}
