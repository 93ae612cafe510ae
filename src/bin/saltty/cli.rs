//! What can be typed.

mod screen;
pub mod terminal;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, builder::styling};
use saltty::{
    device::Wanted,
    explain::Method,
    heatmap::ColorMap,
    model::Model,
    nn::kernel::Kernels,
    photo::{Preprocess, Resize},
    profile::Profile,
    raster::Depth,
};

pub use screen::{Among, Compare, Doctor, Keys, Screen};

const STYLES: styling::Styles = styling::Styles::styled()
    .header(styling::AnsiColor::Yellow.on_default().bold())
    .usage(styling::AnsiColor::Yellow.on_default().bold())
    .literal(styling::AnsiColor::Green.on_default())
    .placeholder(styling::AnsiColor::Cyan.on_default());

const EXAMPLES: &str = "\
Examples:
  saltty cat_and_dog.jpg                         look at a photo through the embedded SqueezeNet
  saltty holiday/ --class \"golden retriever\"     browse a folder, explaining one class
  saltty explain cat.jpg --class top3 --png out  three classes, three methods, pictures into out/
  saltty explain cat.jpg --model vgg19 --weights vgg19.safetensors --json
  saltty compare cat.jpg --class cat --class dog two explanations side by side, and how alike they are
  saltty cat.jpg --color always | less -R        the picture as coloured text

In a terminal saltty is interactive (? lists the keys); otherwise it prints the same picture as text.";

/// Saliency in a terminal: see why a convolutional network decided what it decided.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, styles = STYLES)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub browse: Browse,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Explain photos without the interface: text, pictures, arrays, JSON.
    Explain(Explain),
    /// Compare explanations side by side: 2 to 6 of several networks, classes, layers, methods, photos.
    Compare(Compare),
    /// Print the keys of the interface as a key map file, to be edited.
    Keys(Keys),
    /// Write explanations down so that anyone can verify them: a manifest and arrays for each.
    Record(Record),
    /// Explain again what was recorded, and say stage by stage whether it is still the same.
    Verify(Verify),
    /// Say what this terminal can do, what is used of it and why, and how to choose otherwise.
    Doctor(Doctor),
    /// List the networks saltty knows.
    Models,
    /// List a network's layers: names, side of the ReLU, size.
    Layers(Network),
    /// List classes, or those whose name or WordNet id contains PATTERN.
    Classes {
        /// Part of a name or WordNet id.
        pattern: Option<String>,
        #[command(flatten)]
        network: Network,
    },
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page (saltty man | man -l -).
    Man,
}

#[derive(Args, Debug)]
pub struct Browse {
    /// Photos, or folders of photos (with all folders in them).
    #[arg(required_unless_present = "resume", value_name = "PHOTO|FOLDER")]
    pub photos: Vec<PathBuf>,
    #[command(flatten)]
    pub network: Network,
    /// Another network to switch to and to compare with, NAME or NAME=FILE; may be given again.
    #[arg(long, value_name = "NAME[=FILE]")]
    pub also: Vec<Among>,
    /// The class to explain: index, name, part of a name, or WordNet id [default: the likeliest].
    #[arg(long, short)]
    pub class: Option<String>,
    /// The method to begin with.
    #[arg(long, short, default_value = "grad-cam")]
    pub method: Method,
    #[command(flatten)]
    pub look: Look,
    #[command(flatten)]
    pub screen: Screen,
    /// Go on where the interface was left the last time.
    #[arg(long, conflicts_with_all = ["photos", "plain"])]
    pub resume: bool,
}

#[derive(Args, Debug)]
#[command(after_help = EXPLAIN_EXAMPLES)]
pub struct Explain {
    /// Photos, or folders of photos.
    #[arg(required = true, value_name = "PHOTO|FOLDER")]
    pub photos: Vec<PathBuf>,
    #[command(flatten)]
    pub network: Network,
    /// Classes to explain: index, name, unique part of a name, WordNet id, or topN for the N likeliest [default: top1].
    #[arg(long, short, value_name = "CLASS|topN")]
    pub class: Vec<String>,
    /// Methods [default: grad-cam, guided-backprop, guided-grad-cam].
    #[arg(long, short, conflicts_with = "recipe")]
    pub method: Vec<Method>,
    /// Follow a published recipe to the letter instead; it has an objective and methods of its own, so it takes neither
    /// --class nor --method.
    #[arg(long, conflicts_with = "class")]
    pub recipe: Option<Recipe>,
    /// Write the float32 arrays of one photo and one class, over those of an earlier run.
    #[arg(long, value_name = "FILE.safetensors")]
    pub arrays: Option<PathBuf>,
    /// Write pictures into a folder, over those of an earlier run: of each method the map and its overlay.
    #[arg(long, value_name = "DIR")]
    pub png: Option<PathBuf>,
    /// Print one JSON object a photo instead of text.
    #[arg(long)]
    pub json: bool,
    /// Say on standard error where the time went. Of photos computed together each has its share of the forward pass; the
    /// maps of all are the first one's time.
    #[arg(long)]
    pub timings: bool,
    /// Photos computed together, 1 to 64: by each of up to four groups of threads [default: 8 where it saves reading
    /// weights, else 1]; by up to two groups on a GPU, half of them each [default: 16].
    #[arg(long, value_name = "N", value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=64))]
    pub batch: Option<usize>,
    #[command(flatten)]
    pub look: Look,
}

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  saltty explain cat.jpg --class \"egyptian cat\" --class 207 --png out
  saltty explain photos/ --json > explanations.jsonl
  saltty explain cat.jpg --arrays cat.safetensors --method grad-cam --layer fire7
  saltty explain cat.jpg --model vgg19 --weights vgg19.safetensors --recipe article --png out

Exit status: 0 done, 1 something failed (the other photos are still done), 2 wrong usage.";

#[derive(Args, Debug)]
#[command(after_help = RECORD_EXAMPLES)]
pub struct Record {
    /// Photos, or folders of photos.
    #[arg(required = true, value_name = "PHOTO|FOLDER")]
    pub photos: Vec<PathBuf>,
    /// The folder for the records; made if it is not there.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Overwrite records that are there already.
    #[arg(long)]
    pub force: bool,
    /// Put a copy of each photo beside its record, so that the folder is complete but for the weights.
    #[arg(long)]
    pub copy_photos: bool,
    /// Classes to explain: index, name, unique part of a name, WordNet id, or topN for the N likeliest [default: top1].
    #[arg(long, short, value_name = "CLASS|topN")]
    pub class: Vec<String>,
    /// Record contrasts: the map of each class less the map of this one (grad-cam, cam), in diverging colours.
    #[arg(long, value_name = "CLASS")]
    pub minus: Option<String>,
    /// Methods [default: grad-cam].
    #[arg(long, short)]
    pub method: Vec<Method>,
    /// Colours of the map.
    #[arg(long, default_value = "jet")]
    pub colormap: ColorMap,
    #[command(flatten)]
    pub network: Network,
}

const RECORD_EXAMPLES: &str = "\
Examples:
  saltty record cat.jpg --out records
  saltty record photos/ --class top3 --method guided-grad-cam --out records --copy-photos
  saltty record cat.jpg --model vgg19 --weights vgg19.safetensors --out records
  saltty record cat.jpg --class \"egyptian cat\" --minus \"golden retriever\" --out records

For each explanation it writes PHOTO.CLASS.METHOD.toml, to be read, and the arrays that this names.
Exit status: 0 done, 1 something failed (the other photos are still done), 2 wrong usage.";

#[derive(Args, Debug)]
#[command(after_help = VERIFY_EXAMPLES)]
pub struct Verify {
    /// Folders of records, or manifests; with --against, one photo.
    #[arg(required = true, value_name = "DIR|FILE")]
    pub paths: Vec<PathBuf>,
    /// The folder to look for the photos in, if they are not where they were.
    #[arg(long, value_name = "DIR", conflicts_with = "against")]
    pub photos: Option<PathBuf>,
    /// Write the report as JSON (- for standard output, which then takes nothing else).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write the report as Markdown (- for standard output, which then takes nothing else).
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// List every layer. What is told of a layer's largest difference, ranks and peak is of a fixed sample of up to 1024 of
    /// its numbers, which records hold instead of them all.
    #[arg(long)]
    pub all: bool,
    /// Look at each explanation that changed, before and after, and accept it into its record or not. Tolerances that were
    /// edited are kept, and stay marked as edited.
    #[arg(long, conflicts_with = "against")]
    pub review: bool,
    /// Compare a photo's explanation with another tool's array instead.
    #[arg(long, value_name = "FILE.npz|.npy|.safetensors", requires = "profile")]
    pub against: Option<PathBuf>,
    /// The tool that made it, whose score, ReLU, epsilon, normalisation and order of resizing are applied.
    #[arg(long, value_name = "TOOL", requires = "against")]
    pub profile: Option<Profile>,
    /// The array in the file [default: the only one, or the one named as saltty's reference files name this tool's].
    #[arg(long, value_name = "NAME", requires = "against")]
    pub array: Option<String>,
    /// The relative distance to tolerate, from 0 [default: 1e-4 for coarse maps, 1e-2 for pixel maps].
    #[arg(long, value_name = "NUMBER", requires = "against", value_parser = distance, allow_hyphen_values = true)]
    pub tolerance: Option<f64>,
    /// The class explained [default: the likeliest].
    #[arg(long, short, requires = "against")]
    pub class: Option<String>,
    /// The method.
    #[arg(long, short, default_value = "grad-cam", requires = "against")]
    pub method: Method,
    #[command(flatten)]
    pub look: Look,
    #[command(flatten)]
    pub network: Network,
}

const VERIFY_EXAMPLES: &str = "\
Examples:
  saltty verify records
  saltty verify records --weights ~/vgg19.safetensors --photos ~/holiday --markdown report.md
  saltty verify records --review                 look at what changed, and accept it or not
  saltty verify records --double                 how far is it from a computation in 64 bits?
  saltty verify cat.jpg --against cam.npy --profile pytorch-grad-cam --class 285

Exit status: 0 all holds, 1 something drifted or broke, 2 something could not be compared.";

/// A distance to tolerate.
fn distance(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
    number.ok_or_else(|| "a distance is a number from 0, such as 1e-3".to_owned())
}

/// Which network, and how it reads photos.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Network")]
pub struct Network {
    /// The network (`saltty models` lists them) [default: what --weights hold, else the embedded `squeezenet1_1`].
    #[arg(long)]
    pub model: Option<Model>,
    /// A safetensors file with torchvision's, timm's, Keras' or Caffe's layer names.
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    /// The target layer of Grad-CAM and guided Grad-CAM (`saltty layers` lists them) [default: the last that keeps its
    /// position]. CAM has its own.
    #[arg(long, value_name = "NAME")]
    pub layer: Option<String>,
    /// How pixels become numbers [default: as the weights say, or as their layers' names suggest].
    #[arg(long)]
    pub preprocess: Option<Preprocess>,
    /// How a photo becomes square [default: crop; stretch for keras].
    #[arg(long)]
    pub resize: Option<Resize>,
    /// Names of the classes, one a line [default: ImageNet's where there are 1000].
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// Compute in 64 bits: slower, for checking.
    #[arg(long)]
    pub double: bool,
    /// How layers are computed: with fast convolutions, with plain ones (the products of the definition, summed without
    /// transforms), or composed of dfdx's tensor operations, slowly, as a second opinion [default: winograd; for verify, as
    /// recorded].
    #[arg(long, value_name = "FAMILY")]
    pub kernels: Option<Kernels>,
    /// Where to compute: auto, cpu, cuda or cuda:N; auto takes the first GPU that answers, else the processor. GPUs need a
    /// saltty built with `--features cuda` [default: auto].
    #[arg(long, value_name = "DEVICE")]
    pub device: Option<Wanted>,
}

/// How it looks.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Look")]
pub struct Look {
    /// Colours of the map.
    #[arg(long, default_value = "jet")]
    pub colormap: ColorMap,
    /// When to use colours: auto follows the terminal, `NO_COLOR` and `CLICOLOR_FORCE`. There are 24-bit colours where
    /// `COLORTERM`, `TERM` or the terminal say so or with always, else 256; with never there is brightness alone.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: When,
    /// How many colours: auto, 24bit, 256, 16, ascii; or `SALTTY_DEPTH`.
    #[arg(long, value_name = "HOW")]
    pub depth: Option<terminal::Auto<Depth>>,
    /// Columns of text pictures [default: the terminal's, else 100].
    #[arg(long, value_name = "CELLS", value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(12..))]
    pub width: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    Auto,
    Always,
    Never,
}

/// A published way of doing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Recipe {
    /// The article "How to visually explain any CNN-based model": the sum of the target layer's output as objective,
    /// three weights, a map that starts at one.
    Article,
}

#[cfg(test)]
mod tests {
    use super::Cli;

    #[test]
    fn the_command_line_is_consistent() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }
}
