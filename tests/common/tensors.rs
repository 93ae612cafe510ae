//! Weights files written by the test, and a pass of a network made of one.

use std::{collections::HashMap, fs, path::PathBuf};

use half::{bf16, f16};
use safetensors::tensor::{Dtype, TensorView};
use saltty::{
    model::{Model, Pass, Precision},
    photo::Preprocess,
    planes::Planes,
    weights::Weights,
};

use super::{arrays::Arrays, made_up::splitmix, repository};

/// Tensors by name, in PyTorch's order, as the embedded network's authors name them.
pub type Tensors = HashMap<String, (Vec<usize>, Vec<f32>)>;

/// VGG11 with small random numbers: `conv1_1.weight` and so on, `classes` classes.
pub fn vgg11(classes: usize) -> Tensors {
    let params = Model::Vgg11.outline(Preprocess::Caffe, classes).params;
    let tensors = params.iter().enumerate().map(|(number, param)| {
        let part = if param.shape.len() == 1 { "bias" } else { "weight" };
        let fan_in: usize = param.shape[1..].iter().product();
        let scale = (6.0 / fan_in.max(6) as f32).sqrt();
        let count: usize = param.shape.iter().product();
        let values = (0..count).map(|i| splitmix(7, number as u64, (i % 100_003) as u64) * scale).collect();
        (format!("{}.{part}", param.layer), (param.shape.clone(), values))
    });
    tensors.collect()
}

/// The tensors of SqueezeNet 1.1 in float32.
pub fn squeezenet() -> Tensors {
    let arrays = Arrays::read(&repository("golden/reference/squeezenet1_1.f32.safetensors"));
    let single = |(name, (shape, values)): (String, (Vec<usize>, Vec<f64>))| {
        (name, (shape, values.into_iter().map(|v| v as f32).collect()))
    };
    arrays.values.into_iter().map(single).collect()
}

/// Writes `tensors` as `dtype` into a file of its own.
pub fn write(name: &str, tensors: &Tensors, dtype: Dtype, metadata: &[(&str, &str)]) -> PathBuf {
    let encode = |values: &[f32]| -> Vec<u8> {
        match dtype {
            Dtype::F16 => values.iter().flat_map(|&v| f16::from_f32(v).to_le_bytes()).collect(),
            Dtype::BF16 => values.iter().flat_map(|&v| bf16::from_f32(v).to_le_bytes()).collect(),
            Dtype::F32 => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            _ => values.iter().flat_map(|&v| (v as i64).to_le_bytes()).collect(),
        }
    };
    let data: Vec<_> = tensors.iter().map(|(n, (shape, values))| (n, shape, encode(values))).collect();
    let views = data.iter().map(|(n, shape, bytes)| (n, TensorView::new(dtype, (*shape).clone(), bytes).unwrap()));
    let metadata: HashMap<String, String> = metadata.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&file, safetensors::serialize(views, Some(metadata)).unwrap()).unwrap();
    file
}

/// What a network makes of a fixed input.
pub fn pass(weights: Weights, model: Model) -> saltty::Result<Box<dyn Pass>> {
    let network = model.load(&mut { weights }, Precision::Single)?;
    network.forward(&input(network.input_side()))
}

/// Numbers such as photos have.
pub fn input(side: usize) -> Planes {
    Planes::new(3, side, side, (0..3 * side * side).map(|i| f64::from(splitmix(3, 0, i as u64)) * 50.0).collect())
}
