//! From options to a loaded network.

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use saltty::{
    Error,
    device::{Device, Wanted},
    explain::Method,
    files::{Hashes, Stamp, whole},
    model::{Model, Precision},
    studio::{Choices, Studio},
    tui::{Supply, Words},
    weights::{Origin, Weights},
};

use crate::{
    cli::{Among, Network},
    output,
};

/// How much a network will be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// For one photo or none: its weights stay in their file.
    Once,
    /// Again and again: its weights are read into memory.
    Often,
}

/// A loaded network; a spinner shows that it takes time. Warns where the input is made otherwise than the weights say.
pub fn load(options: &Network, usage: Use) -> Result<Studio> {
    let mut weights = weights(options)?.with_preprocess(options.preprocess);
    if usage == Use::Once {
        weights = weights.left_in_file();
    }
    if let Origin::Overruled(own) = weights.origin() {
        let (path, asked) = (weights.path().display(), weights.preprocess());
        output::remark(&format!(
            "warning: {path} says that it reads {own} input, but --preprocess {asked} was asked for; the scores may mean \
             nothing\n"
        ));
    }
    let path = weights.path().to_owned();
    let studio = spinning(&format!("loading {}", path.display()), || studio(options, weights))?;
    if let Some(reason) = studio.no_gpu() {
        output::remark(&format!("note: {reason}, so this is computed on the CPU\n"));
    }
    Ok(studio)
}

/// Does `work` while a spinner shows that it takes time.
pub fn spinning<T>(message: &str, work: impl FnOnce() -> T) -> T {
    let spinner = ProgressBar::new_spinner().with_message(message.to_owned());
    spinner.set_style(ProgressStyle::with_template("{spinner} {msg} {elapsed}").expect("a valid template"));
    spinner.enable_steady_tick(std::time::Duration::from_millis(120));
    let done = work();
    spinner.finish_and_clear();
    done
}

/// Says that CAM has a layer of its own, where another was asked for.
pub fn remark_on_cam(options: &Network, methods: &[Method], studio: &Studio) {
    let planes = studio.classifier().model().class_planes();
    if let (Some(asked), Some(planes)) = (&options.layer, planes)
        && methods.contains(&Method::Cam)
    {
        output::remark(&format!("note: cam is always computed at {planes}; --layer {asked} does not apply to it\n"));
    }
}

/// The same where something else shows that it takes time.
pub fn load_silently(options: &Network) -> Result<Studio> {
    studio(options, weights(options)?)
}

/// Where no device was named, a GPU that fails is done without.
fn studio(options: &Network, opened: Weights) -> Result<Studio> {
    let (device, no_gpu) = meant(options);
    let load = |weights, device| Studio::load(weights, &choices(options, device), options.labels.as_deref());
    let named = matches!(options.device, Some(Wanted::Only(_)));
    match load(opened, device) {
        Err(Error::Gpu { reason, device: gpu @ Device::Cuda(_) }) if !named => {
            let reason = format!("{gpu} cannot be used ({reason})");
            Ok(load(weights(options)?, Device::Cpu)?.without_gpu(Some(reason)))
        }
        studio => Ok(studio?.without_gpu(no_gpu)),
    }
}

/// One of the interface's networks.
#[derive(Clone, Debug)]
pub enum Choice {
    /// By the options for one network.
    Alone(Box<Network>),
    /// By `NAME=FILE`.
    Among(Among, Option<Wanted>),
}

impl Choice {
    fn options(&self) -> Network {
        match self {
            Self::Alone(options) => (**options).clone(),
            Self::Among(Among { model, weights }, device) => Network {
                model: Some(*model),
                weights: weights.clone(),
                layer: None,
                preprocess: None,
                resize: None,
                labels: None,
                double: false,
                kernels: None,
                device: *device,
            },
        }
    }

    /// The network, loaded, with what the interface has to know of it.
    pub fn supply(&self) -> Result<Supply> {
        let options = self.options();
        let weights = options.weights.clone();
        // Before it is read: findings of what was there must not count as those of what may replace it meanwhile.
        let file = weights.as_deref().map(|path| {
            let stamp = Stamp::of(path).map(|stamp| stamp.to_string());
            format!("{} {}", whole(path).display(), stamp.unwrap_or_default())
        });
        let studio = load_silently(&options)?;
        let (classifier, names) = (studio.classifier(), studio.names().all().len());
        let parts = [
            file.unwrap_or_else(|| "embedded".to_owned()),
            classifier.model().to_string(),
            format!("{} {} {names}", studio.preprocess(), studio.resize()),
            format!("{:?} {} {}", classifier.precision(), classifier.kernels(), classifier.device()),
        ];
        Ok(Supply { studio, weights, identity: parts.join("\n") })
    }

    /// How the command line chooses it.
    pub fn words(&self) -> Words {
        let Network { model, weights, preprocess, resize, labels, double, kernels, device, .. } = self.options();
        let mut alone = Vec::new();
        let mut option = |name: &str, value: Option<String>| {
            alone.extend(value.into_iter().flat_map(|value| [format!("--{name}"), value]));
        };
        option("model", model.map(|model| model.to_string()));
        option("weights", weights.as_ref().map(|path| path.display().to_string()));
        option("preprocess", preprocess.map(|preprocess| preprocess.to_string()));
        option("resize", resize.map(|resize| resize.to_string()));
        option("labels", labels.map(|path| path.display().to_string()));
        option("kernels", kernels.map(|kernels| kernels.to_string()));
        option("device", device.map(|device| device.to_string()));
        alone.extend(double.then(|| "--double".to_owned()));
        let name = model.or_else(|| Weights::open(weights.as_deref()?).ok()?.guess_model());
        let name = name.unwrap_or(Model::SqueezeNet11);
        let among = weights.map_or_else(|| name.to_string(), |path| format!("{name}={}", path.display()));
        Words { alone, among }
    }
}

/// The weights asked for, opened.
pub fn weights(options: &Network) -> Result<Weights> {
    let Some(path) = &options.weights else {
        if let Some(model) = options.model.filter(|&model| model != Model::SqueezeNet11) {
            bail!(
                "{model} is not embedded; give its weights with --weights FILE.safetensors \
                 (torchvision's, timm's and Keras' names are understood)"
            );
        }
        return Ok(Weights::embedded());
    };
    let weights = Weights::open(path)?;
    if options.model.is_none() && weights.guess_model().is_none() {
        bail!(
            "{} holds no network that saltty knows; `saltty models` lists them, and --model NAME says which is meant",
            path.display()
        );
    }
    Ok(weights)
}

/// SHA-256 of the weights asked for; that of a large file is remembered as long as the file stays as it is.
pub fn sha256(options: &Network) -> Result<String> {
    // Opened when asked: what is hashed must not be older than the stamp that the hash is remembered under.
    let compute = || weights(options)?.sha256().context("while hashing the weights");
    match options.weights.as_deref().zip(Hashes::usual()) {
        Some((path, hashes)) => hashes.of(path, compute),
        None => compute(),
    }
}

/// The device to compute on, and why it is no GPU if one could be expected.
fn meant(options: &Network) -> (Device, Option<String>) {
    Device::meant(options.device.unwrap_or(Wanted::Auto))
}

/// The device asked for, if one was.
pub fn device(options: &Network) -> Option<Device> {
    options.device.map(|wanted| Device::meant(wanted).0)
}

fn choices(options: &Network, device: Device) -> Choices {
    Choices {
        model: options.model.or((options.weights.is_none()).then_some(Model::SqueezeNet11)),
        preprocess: options.preprocess,
        resize: options.resize,
        layer: options.layer.clone(),
        precision: if options.double { Precision::Double } else { Precision::Single },
        kernels: options.kernels.unwrap_or_default(),
        device,
    }
}
