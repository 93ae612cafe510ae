//! Pictures of the interface for the README, made by the real program: each is a run of saltty in a pseudo-terminal, with keys
//! pressed, and what then is on the screen drawn as SVG.
//!
//! `docs/pictures/make.sh`, or `cargo build && cargo run --example screens -- docs/pictures [NAME ...]`

mod photos;
mod svg;
#[path = "../../tests/pty/tty.rs"]
#[allow(dead_code, reason = "the tests need more of it")]
mod tty;

use std::{
    cell::RefCell,
    env, fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tty::{Setting, Tty};
use vt100::Screen;

/// Nothing more comes when nothing changed for so long.
const QUIET: Duration = Duration::from_millis(1500);

/// What is run, pressed and waited for, for one picture.
struct Scene {
    name: &'static str,
    size: (u16, u16),
    /// `COLORTERM`; without it the program takes 256 colours.
    colors: &'static str,
    arguments: &'static [&'static str],
    /// What must be on the screen before the keys are pressed, and the keys.
    steps: &'static [(&'static str, &'static str)],
    /// What must be on the screen in the end.
    until: &'static str,
}

const PLAIN: Scene = Scene { name: "", size: (110, 32), colors: "truecolor", arguments: &[], steps: &[], until: "" };

/// All of them. Paths are those of the folder that `photos::lay_out` fills.
const SCENES: &[Scene] = &[
    Scene { name: "look", arguments: &["cat_and_dog.jpg"], until: "▶ Egyptian cat", ..PLAIN },
    Scene {
        name: "cursor",
        arguments: &["cat_and_dog.jpg", "--class", "golden retriever"],
        steps: &[("▶ golden retriever", "vx\x1b[C\x1b[C\x1b[A\x1b[A")],
        until: "cell ",
        ..PLAIN
    },
    Scene {
        name: "browse",
        size: (110, 34),
        arguments: &["photos"],
        steps: &[("▶", "f"), ("photos, by name", "jjj ")],
        until: "1 marked",
        ..PLAIN
    },
    Scene {
        name: "models",
        size: (120, 44),
        arguments: &[
            "compare",
            "cat_and_dog.jpg",
            "--model",
            "squeezenet1_1",
            "--model",
            "SECOND",
            "--class",
            "egyptian cat",
            "--method",
            "grad-cam",
            "--method",
            "guided-backprop",
        ],
        steps: &[("to 1:", "vv")],
        until: "to 1:",
        ..PLAIN
    },
    Scene {
        name: "contrast",
        arguments: &["compare", "cat_and_dog.jpg", "--contrast", "egyptian cat", "golden retriever"],
        until: "cos ",
        ..PLAIN
    },
    Scene { name: "colours-256", colors: "", arguments: &["cat_and_dog.jpg"], until: "▶ Egyptian cat", ..PLAIN },
    Scene {
        name: "methods",
        arguments: &["cat_and_dog.jpg"],
        steps: &[("▶ Egyptian cat", "e")],
        until: "caveat",
        ..PLAIN
    },
];

fn main() {
    let mut arguments = env::args().skip(1);
    let to = arguments.next().unwrap_or_else(|| "docs/pictures".to_owned());
    let wanted: Vec<String> = arguments.collect();
    let folder = tempfile::tempdir().expect("a folder for photos");
    photos::lay_out(folder.path());
    fs::create_dir_all(&to).expect("the folder for the pictures");
    for scene in SCENES.iter().filter(|scene| wanted.is_empty() || wanted.iter().any(|name| name == scene.name)) {
        let file = Path::new(&to).join(scene.name).with_extension("svg");
        let drawing = shoot(scene, folder.path());
        fs::write(&file, &drawing).expect("the picture is written");
        println!("{}  {} bytes", file.display(), drawing.len());
    }
}

/// Runs a scene to its end and draws the screen.
fn shoot(scene: &Scene, folder: &Path) -> String {
    // Another network, such as `vgg19=/where/vgg19.safetensors`, may take the place of the one with made-up upper layers.
    let second = env::var("SALTTY_SECOND").unwrap_or_else(|_| format!("squeezenet1_1={}", photos::RANDOM));
    let second = second.as_str();
    let arguments: Vec<&str> =
        scene.arguments.iter().map(|&word| if word == "SECOND" { second } else { word }).collect();
    let (columns, rows) = scene.size;
    let variables = &[("TERM", "xterm-256color"), ("COLORTERM", scene.colors)];
    let setting = Setting { columns, rows, variables, folder, home: &folder.join("home"), slow: None };
    let mut tty = Tty::start_program(&program(), &arguments, &setting);
    for (text, keys) in scene.steps {
        settle(&tty, text);
        tty.press(keys);
    }
    let drawing = svg::draw(&settle(&tty, scene.until));
    tty.press("\x03");
    tty.end();
    drawing
}

/// The program: `SALTTY`, else the one built beside this example.
fn program() -> PathBuf {
    let beside =
        || env::current_exe().expect("this program").parent().and_then(Path::parent).map(|at| at.join("saltty"));
    env::var_os("SALTTY").map(PathBuf::from).or_else(beside).expect("the program saltty")
}

/// The screen, once `text` is on it and nothing changes any more.
fn settle(tty: &Tty, text: &str) -> Screen {
    let latest = RefCell::new((String::new(), Instant::now()));
    tty.wait(&format!("`{text}` is shown and nothing changes"), |screen| {
        let mut latest = latest.borrow_mut();
        let now = screen.contents_formatted();
        if latest.0 != now {
            *latest = (now, Instant::now());
        }
        (screen.contents().contains(text) && latest.1.elapsed() > QUIET).then(|| screen.clone())
    })
}
