//! Lists to choose one of: target layers, methods, what to take away; and single lines to type.

use super::model::Network;
use crate::{explain::Method, model::Layer};

/// Characters a line may have.
const LONGEST: usize = 80;

/// What is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The target layer.
    Layers,
    /// The method.
    Methods,
    /// What to take away.
    Take,
}

/// Something that can be taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takeaway {
    /// The panes side by side as one picture, photos at their full resolution.
    Picture,
    /// Map and overlay of the focused pane, as the network saw them.
    Maps,
    /// The numbers of all panes.
    Arrays,
    /// The screen as coloured text.
    Text,
    /// A record that `saltty verify` checks.
    Record,
    /// The command line, copied.
    Command,
}

impl Takeaway {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Picture, Self::Maps, Self::Arrays, Self::Text, Self::Record, Self::Command];

    /// What it is, in a few words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Picture => "picture",
            Self::Maps => "map and overlay",
            Self::Arrays => "arrays",
            Self::Text => "text",
            Self::Record => "record",
            Self::Command => "command line",
        }
    }

    /// More about it.
    pub fn says(self) -> &'static str {
        match self {
            Self::Picture => "what is shown as one PNG, over the photos at their full resolution",
            Self::Maps => "two PNG files of the network's own size",
            Self::Arrays => "signed maps and what is shown of them, float32 in safetensors",
            Self::Text => "this screen with its colours, for cat and less -R",
            Self::Record => "a manifest and arrays that saltty verify checks",
            Self::Command => "copied to the clipboard (OSC 52) and shown",
        }
    }
}

/// A list of which one is chosen; typing narrows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picker {
    /// What is chosen.
    pub choice: Choice,
    /// What was typed.
    pub text: String,
    /// Which of the lines that fit.
    pub at: usize,
}

/// One line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its place in the whole list.
    pub place: usize,
    /// What it is.
    pub title: String,
    /// More about it, dimmer.
    pub says: String,
    /// What to be careful about.
    pub caveat: Option<&'static str>,
}

impl Picker {
    /// Opens a list at this place.
    pub fn new(choice: Choice, at: usize) -> Self {
        Self { choice, text: String::new(), at }
    }

    /// The lines that fit what was typed.
    pub fn items(&self, network: &Network) -> Vec<Item> {
        let all: Vec<Item> = match self.choice {
            Choice::Layers => network.layers.iter().enumerate().map(layer).collect(),
            Choice::Methods => network.methods.iter().enumerate().map(method).collect(),
            Choice::Take => Takeaway::ALL.iter().enumerate().map(takeaway).collect(),
        };
        let wanted = self.text.to_lowercase();
        let fits = |item: &Item| format!("{} {}", item.title, item.says).to_lowercase().contains(&wanted);
        all.into_iter().filter(fits).collect()
    }

    /// Adds to what was typed.
    pub fn type_text(&mut self, text: &str) {
        type_into(&mut self.text, text);
        self.at = 0;
    }
}

/// Adds `text` to a line; control characters and what is too long are left out.
pub fn type_into(line: &mut String, text: &str) {
    let room = LONGEST.saturating_sub(line.chars().count());
    line.extend(text.chars().filter(|c| !c.is_control()).take(room));
}

fn layer((place, layer): (usize, &Layer)) -> Item {
    let size = layer.shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("x");
    let other = layer.aliases.first().map_or_else(String::new, |alias| format!(", {alias}"));
    let says = format!("{size:<11} {}{other}", layer.side);
    Item { place, title: layer.name.to_string(), says, caveat: None }
}

fn method((place, method): (usize, &Method)) -> Item {
    let (title, says) = (method.title().to_owned(), method.meaning().to_owned());
    Item { place, title, says, caveat: method.caveat() }
}

fn takeaway((place, what): (usize, &Takeaway)) -> Item {
    Item { place, title: what.title().to_owned(), says: what.says().to_owned(), caveat: None }
}

/// What a typed line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// A photo's number or a part of its name.
    Jump,
    /// A part of the names and classes in the list.
    Filter,
}
