//! Weights made by a formula: splitmix64 of (seed, tensor, element), so that anyone can make the same.
#![allow(dead_code, reason = "tests, benches and examples each use a part")]

use std::{collections::HashMap, io, path::Path};

use saltty::{
    model::Model,
    nn::Part,
    photo::Preprocess,
    weights::{Dtype, SafetensorsFile, Source, TensorInfo},
};

/// Element `i` of tensor `t`: 24 random bits as a float32 in [-1, 1).
pub fn splitmix(seed: u64, tensor: u64, element: u64) -> f32 {
    let mut z = (seed << 56).wrapping_add(tensor << 40).wrapping_add(element + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    ((z >> 40) as f32 * 2.0_f32.powi(-24)) * 2.0 - 1.0
}

/// A source of made-up tensors, or of another source's tensors with made-up ones added.
pub struct MadeUp {
    base: Option<Box<dyn Source>>,
    infos: Vec<TensorInfo>,
    /// `(tensor number in the formula, scale)` of each tensor after the base's.
    recipes: Vec<(u64, f32)>,
    metadata: HashMap<String, String>,
}

const SEED: u64 = 19;

impl MadeUp {
    /// Random weights scaled by sqrt(6 / fan-in), and zero biases.
    pub fn new(base: Option<Box<dyn Source>>, tensors: &[(&str, &[usize], u64)]) -> Self {
        let mut infos = base.as_ref().map_or_else(Vec::new, |base| base.tensors().to_vec());
        let metadata = base.as_ref().map_or_else(HashMap::new, |base| base.metadata().clone());
        let mut recipes = Vec::new();
        for &(name, shape, number) in tensors {
            let fan_in = shape[1..].iter().product::<usize>() as f64;
            let scale = if shape.len() == 1 { 0.0 } else { (6.0 / fan_in).sqrt() as f32 };
            infos.push(TensorInfo { name: name.to_owned(), dtype: Dtype::F32, shape: shape.to_vec() });
            recipes.push((number, scale));
        }
        Self { base, infos, recipes, metadata }
    }

    /// VGG19's published convolutions, from the file `features`, with a classifier made by the formula.
    pub fn vgg19(features: &Path) -> Self {
        let features: Box<dyn Source> = Box::new(SafetensorsFile::open(features).unwrap());
        let classifier: [(&str, &[usize], u64); 6] = [
            ("classifier.0.weight", &[4096, 25088], 1),
            ("classifier.0.bias", &[4096], 0),
            ("classifier.3.weight", &[4096, 4096], 3),
            ("classifier.3.bias", &[4096], 0),
            ("classifier.6.weight", &[1000, 4096], 5),
            ("classifier.6.bias", &[1000], 0),
        ];
        Self::new(Some(features), &classifier)
    }

    /// All tensors of `model` for 1000 classes, under torchvision's names.
    pub fn of(model: Model) -> Self {
        let layers = model.layers();
        let params = model.outline(Preprocess::Caffe, 1000).params.into_iter().zip(0..).map(|(param, number)| {
            let layer = layers.iter().find(|layer| layer.name == param.layer).expect("a layer for each parameter");
            let part = if param.part == Part::Bias { "bias" } else { "weight" };
            (format!("{}.{part}", layer.aliases[0]), param.shape, number)
        });
        let params: Vec<_> = params.collect();
        let tensors: Vec<_> = params.iter().map(|(name, shape, number)| (&**name, &**shape, *number)).collect();
        Self::new(None, &tensors).with_metadata("preprocess", "caffe")
    }

    pub fn with_metadata(mut self, key: &str, value: &str) -> Self {
        self.metadata.insert(key.to_owned(), value.to_owned());
        self
    }
}

impl Source for MadeUp {
    fn tensors(&self) -> &[TensorInfo] {
        &self.infos
    }

    fn metadata(&self) -> &HashMap<String, String> {
        &self.metadata
    }

    fn read(&self, index: usize, row: usize, sink: &mut dyn FnMut(&[f32])) -> io::Result<()> {
        let based = self.base.as_ref().map_or(0, |base| base.tensors().len());
        if index < based {
            return self.base.as_ref().unwrap().read(index, row, sink);
        }
        let (number, scale) = self.recipes[index - based];
        let count: usize = self.infos[index].shape.iter().product();
        let piece = (1_usize << 16).next_multiple_of(row);
        for start in (0..count).step_by(piece) {
            let end = count.min(start + piece);
            let piece: Vec<f32> = (start..end)
                .map(|i| if scale == 0.0 { 0.0 } else { splitmix(SEED, number, i as u64) * scale })
                .collect();
            sink(&piece);
        }
        Ok(())
    }

    fn sha256(&self) -> io::Result<String> {
        Ok("made up".to_owned())
    }
}
