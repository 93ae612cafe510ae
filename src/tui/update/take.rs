//! What can be taken away from the screen.

use std::sync::Arc;

use super::say;
use crate::{
    heatmap::ColorMap,
    scene::Scene,
    tui::{
        message::{Effect, Order},
        model::{Model, Notice, Pictures},
        pane::{Paint, Pane},
        picker::Takeaway,
        save::{Part, Take, Which},
        view,
    },
};

/// Takes something away.
pub fn take(model: &mut Model, what: Takeaway) -> Vec<Effect> {
    if model.pane().scene().is_none() {
        return say(model, "there is no picture to save yet");
    }
    match what {
        Takeaway::Command => {
            let Some(command) = command(model) else { return say(model, "there is no picture to copy yet") };
            model.notice = Some(Notice::Said(format!("copied: {command}")));
            vec![Effect::Copy(command)]
        }
        Takeaway::Record => record(model),
        Takeaway::Maps => {
            let parts = vec![part(model, model.pane())].into_iter().flatten().collect();
            save(Take { parts, which: Which::Maps, stem: None })
        }
        Takeaway::Picture | Takeaway::Arrays => {
            let parts = model.panes.iter().filter_map(|pane| part(model, pane)).collect();
            let which = match what {
                Takeaway::Arrays => Which::Arrays,
                _ => Which::Picture { pictures: pictures(model), lens: model.lens, difference: difference(model) },
            };
            save(Take { parts, which, stem: stem(model) })
        }
        Takeaway::Text => {
            let parts = vec![part(model, model.pane())].into_iter().flatten().collect();
            save(Take { parts, which: Which::Text(view::screen_text(model)), stem: stem(model) })
        }
    }
}

fn save(take: Take) -> Vec<Effect> {
    vec![Effect::Save(Box::new(take))]
}

/// The name of files of several panes; those of one are called by what it shows.
fn stem(model: &Model) -> Option<&'static str> {
    model.compares().then_some("compare")
}

fn pictures(model: &Model) -> Pictures {
    if model.compares() && model.pictures == Pictures::All { Pictures::Overlay } else { model.pictures }
}

fn difference(model: &Model) -> Option<usize> {
    model.difference.as_ref().map(|difference| difference.pane)
}

fn part(model: &Model, pane: &Pane) -> Option<Part> {
    let shown = pane.shown.as_ref()?;
    let photo = model.photos.get(shown.wish.photo)?.clone();
    // A file has colours even where the screen has none.
    Some(Part { photo, scene: shown.scene.clone(), paint: Paint { plain: false, ..model.paint() } })
}

fn record(model: &mut Model) -> Vec<Effect> {
    let pane = model.pane();
    let Some(shown) = &pane.shown else { return Vec::new() };
    let Some(mut ask) = model.ask(model.focus, &shown.wish, false) else { return Vec::new() };
    ask.class = Some(shown.scene.class.index);
    ask.against = shown.scene.against.as_ref().map(|class| class.index);
    model.notice = Some(Notice::Said("writing a record...".to_owned()));
    vec![Effect::Work(Order::Record(ask, "".into()))]
}

/// The command line that makes what is shown; none before there is a picture.
pub fn command(model: &Model) -> Option<String> {
    let shown: Vec<(&Pane, &Arc<Scene>)> = model.panes.iter().filter_map(|pane| Some((pane, pane.scene()?))).collect();
    let [(pane, scene)] = shown[..] else {
        return (!shown.is_empty()).then(|| compare(model, &shown));
    };
    if scene.against.is_some() {
        return Some(compare(model, &shown));
    }
    let mut words = vec!["saltty".to_owned(), "explain".to_owned()];
    words.push(model.photos[pane.wish.photo].display().to_string());
    words.extend(["--class".to_owned(), scene.class.index.to_string()]);
    words.extend(["--method".to_owned(), scene.method.to_string()]);
    if scene.method.has_target_layer() {
        words.extend(["--layer".to_owned(), scene.layer_name().to_owned()]);
    }
    words.extend(colors(scene.colors));
    words.extend(model.words.get(pane.wish.network).map_or_else(Vec::new, |words| words.alone.clone()));
    words.extend(["--png".to_owned(), ".".to_owned()]);
    Some(quoted(&words))
}

fn colors(colors: ColorMap) -> Vec<String> {
    if colors == ColorMap::default() { Vec::new() } else { vec!["--colormap".to_owned(), colors.to_string()] }
}

fn compare(model: &Model, shown: &[(&Pane, &Arc<Scene>)]) -> String {
    let mut words = vec!["saltty".to_owned(), "compare".to_owned()];
    let mut photos: Vec<usize> = Vec::new();
    let mut networks: Vec<usize> = Vec::new();
    let mut panes = Vec::new();
    for (pane, scene) in shown {
        let place = |list: &mut Vec<usize>, item: usize| {
            list.iter().position(|&known| known == item).unwrap_or_else(|| {
                list.push(item);
                list.len() - 1
            }) + 1
        };
        let (photo, network) = (place(&mut photos, pane.wish.photo), place(&mut networks, pane.wish.network));
        let mut spec = format!("photo={photo} model={network} class={} method={}", scene.class.index, scene.method);
        if scene.method.has_target_layer() {
            spec += &[" layer=", scene.layer_name()].concat();
        }
        if let Some(against) = &scene.against {
            spec += &[" minus=", &against.index.to_string()].concat();
        }
        panes.push(spec);
    }
    words.extend(photos.iter().map(|&photo| model.photos[photo].display().to_string()));
    let among = |&network: &usize| Some(["--model".to_owned(), model.words.get(network)?.among.clone()]);
    words.extend(networks.iter().filter_map(among).flatten());
    words.extend(panes.into_iter().flat_map(|pane| ["--pane".to_owned(), pane]));
    words.extend(shown.first().map_or_else(Vec::new, |(pane, _)| colors(pane.wish.colors)));
    if model.shared {
        words.push("--shared-scale".to_owned());
    }
    quoted(&words)
}

/// Words for a POSIX shell, quoted where they must be.
fn quoted(words: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    let quote = |word: &String| {
        if !word.is_empty() && word.chars().all(plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    };
    words.iter().map(quote).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_survive_a_shell() {
        let words = ["a b", "it's", "plain.jpg", "", "$HOME"].map(str::to_owned);
        assert_eq!(quoted(&words), r"'a b' 'it'\''s' plain.jpg '' '$HOME'");
    }
}
