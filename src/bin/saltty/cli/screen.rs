//! What can be typed about the interface, and about comparing in it.

use std::path::PathBuf;

use clap::Args;
use saltty::{device::Wanted, explain::Method, model::Model};

use super::{Look, terminal::Terminal};

/// Whether and how the interface opens.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Interface")]
pub struct Screen {
    /// Print text even in a terminal.
    #[arg(long, conflicts_with = "interactive")]
    pub plain: bool,
    /// Insist on the interface; an error where there is no terminal.
    #[arg(long)]
    pub interactive: bool,
    /// Neither read nor write what is remembered of photos [default: ~/.cache/saltty/findings].
    #[arg(long)]
    pub no_cache: bool,
    /// A key map file (`saltty keys --print` writes one) [default: ~/.config/saltty/keys.conf, where there is one].
    #[arg(long, value_name = "FILE")]
    pub keys: Option<PathBuf>,
    #[command(flatten)]
    pub terminal: Terminal,
}

/// One of several networks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Among {
    /// The network.
    pub model: Model,
    /// Its weights; the embedded ones if none.
    pub weights: Option<PathBuf>,
}

impl std::str::FromStr for Among {
    type Err = saltty::Error;

    fn from_str(text: &str) -> Result<Self, saltty::Error> {
        let (model, weights) = match text.split_once('=') {
            Some((model, file)) => (model, Some(PathBuf::from(file))),
            None => (text, None),
        };
        Ok(Self { model: model.parse()?, weights })
    }
}

#[derive(Args, Debug)]
#[command(after_help = COMPARE_EXAMPLES)]
pub struct Compare {
    /// Photos.
    #[arg(required = true, value_name = "PHOTO")]
    pub photos: Vec<PathBuf>,
    /// Networks: NAME, or NAME=FILE with its weights [default: the embedded one].
    #[arg(long, value_name = "NAME[=FILE]")]
    pub model: Vec<Among>,
    /// Classes: index, name, part of a name, or WordNet id [default: the likeliest].
    #[arg(long, short)]
    pub class: Vec<String>,
    /// Two classes, their maps, and what speaks for the first but not for the second.
    #[arg(long, num_args = 2, value_names = ["CLASS", "CLASS"], conflicts_with = "class")]
    pub contrast: Vec<String>,
    /// Methods.
    #[arg(long, short, default_value = "grad-cam")]
    pub method: Vec<Method>,
    /// Target layers [default: the network's usual one].
    #[arg(long, value_name = "NAME")]
    pub layer: Vec<String>,
    /// One pane, instead of all combinations of the above: `photo=1 model=1 class=N minus=N method=NAME layer=NAME`.
    #[arg(long, value_name = "PANE", conflicts_with_all = ["class", "contrast", "layer"])]
    pub pane: Vec<String>,
    /// One colour scale for all panes.
    #[arg(long)]
    pub shared_scale: bool,
    /// Write the panes side by side into a file, and print the numbers instead of opening the interface.
    #[arg(long, value_name = "FILE")]
    pub png: Option<PathBuf>,
    /// Where to compute: auto, cpu, cuda or cuda:N [default: auto].
    #[arg(long, value_name = "DEVICE", help_heading = "Network")]
    pub device: Option<Wanted>,
    #[command(flatten)]
    pub look: Look,
    #[command(flatten)]
    pub screen: Screen,
}

const COMPARE_EXAMPLES: &str = "\
Examples:
  saltty compare cat.jpg --model squeezenet1_1 --model vgg19=vgg19.safetensors
  saltty compare cat.jpg --contrast \"egyptian cat\" \"golden retriever\"
  saltty compare cat.jpg --layer fire5 --layer fire7 --layer fire9 --png layers.png
  saltty compare before.jpg after.jpg --class 285 --shared-scale

In a terminal it opens the interface; with --png, --plain or a pipe it prints the panes and how alike they are to the first.";

#[derive(Args, Debug)]
pub struct Keys {
    /// Print all keys, as they are with --keys or the usual file.
    #[arg(long)]
    pub print: bool,
    /// Another file than ~/.config/saltty/keys.conf.
    #[arg(long, value_name = "FILE")]
    pub keys: Option<PathBuf>,
}

#[derive(Args, Debug)]
#[command(after_help = DOCTOR_EXAMPLES)]
pub struct Doctor {
    /// Print what was found as JSON, to be sent along with a report of what looks wrong. Where standard output is a file or
    /// a pipe, no terminal is asked: copy it from the screen.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub look: Look,
    #[command(flatten)]
    pub terminal: Terminal,
}

const DOCTOR_EXAMPLES: &str = "\
Examples:
  saltty doctor                                  what was found, what is used of it, and why
  saltty doctor --graphics sixel                 the same with a choice made by hand
  saltty doctor --json                           the same for programs, and for bug reports
  SALTTY_QUERY_MS=3000 saltty doctor             more patience, over a very slow link

Without a terminal it says what text would look like. Exit status: 0.";
