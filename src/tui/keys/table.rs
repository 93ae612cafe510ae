//! All that can be done, and its keys unless the key map file says otherwise.

use super::{Action, Binding, Scope};

macro_rules! bindings {
    ($($scope:ident $name:literal $keys:literal $action:expr, $says:literal;)+) => {
        &[$(Binding { name: $name, scope: Scope::$scope, keys: $keys, action: $action, says: $says }),+]
    };
}

/// All that can be done.
pub const BINDINGS: &[Binding] = bindings![
    Pictures "class-up" "Up k" Action::ClassUp, "class above, below";
    Pictures "class-down" "Down j" Action::ClassDown, "";
    Pictures "class-1" "1" Action::ClassAt(0), "that class of the list";
    Pictures "class-2" "2" Action::ClassAt(1), "";
    Pictures "class-3" "3" Action::ClassAt(2), "";
    Pictures "class-4" "4" Action::ClassAt(3), "";
    Pictures "class-5" "5" Action::ClassAt(4), "";
    Pictures "likeliest-class" "0" Action::Likeliest, "likeliest class of each photo";
    Pictures "search-class" "/" Action::Search, "search all classes; the class found is kept for all photos";
    Pictures "contrast" "b" Action::Contrast, "contrast: what speaks for this class but not for another (Grad-CAM, CAM)";
    Pictures "methods" "e" Action::Methods, "list of methods, what they mean and their caveats";
    Pictures "next-method" "m" Action::Method(1), "next, previous method";
    Pictures "previous-method" "M" Action::Method(-1), "";
    Pictures "layers" "t" Action::Layers, "list of target layers with their sizes";
    Pictures "next-layer" "l" Action::Layer(1), "next, previous target layer";
    Pictures "previous-layer" "L" Action::Layer(-1), "";
    Pictures "network" "N" Action::Network, "next network, where there are several";
    Pictures "colours" "c" Action::Colors, "next colour map";
    Pictures "opacity-less" "[" Action::Opacity(-1), "less, more of the map in the overlay";
    Pictures "opacity-more" "]" Action::Opacity(1), "";
    Pictures "zoom-in" "+ =" Action::Zoom(1), "zoom in, out, whole picture";
    Pictures "zoom-out" "-" Action::Zoom(-1), "";
    Pictures "zoom-whole" "z" Action::Whole, "";
    Pictures "pan-left" "Shift-Left" Action::Pan(-1, 0), "move what is visible";
    Pictures "pan-right" "Shift-Right" Action::Pan(1, 0), "";
    Pictures "pan-up" "Shift-Up" Action::Pan(0, -1), "";
    Pictures "pan-down" "Shift-Down" Action::Pan(0, 1), "";
    Pictures "cursor" "x" Action::Cursor, "cursor that reads position, value and cell; arrows move it";
    Pictures "next-photo" "n Right PageDown Space" Action::Photo(1), "next photo";
    Pictures "previous-photo" "p Left PageUp" Action::Photo(-1), "previous photo";
    Both "first-photo" "Home" Action::FirstPhoto, "first, last photo";
    Both "last-photo" "End" Action::LastPhoto, "";
    Both "jump" "g" Action::Jump, "go to a photo by its number or a part of its name";
    Both "list" "f Tab" Action::List, "list of photos, or the pictures again";
    Pictures "panes" "v" Action::Panes, "which pictures: all, overlay, map, photo";
    Pictures "add-pane" "a" Action::AddPane, "compare: one more pane (up to 6); keys then change the focused one";
    Pictures "drop-pane" "d" Action::DropPane, "compare: one pane less";
    Pictures "next-pane" ". >" Action::Focus(1), "compare: focus the next, previous pane";
    Pictures "previous-pane" ", <" Action::Focus(-1), "";
    Pictures "scale" "u" Action::Scale, "compare: one scale for all panes, or one each";
    Pictures "difference" "D" Action::Difference, "compare: signed difference of pane 1 and the focused one";
    Pictures "details" "i" Action::Details, "all about the picture shown, its caveat and the command for it";
    Pictures "save" "s" Action::Save, "save map and overlay as PNG files here";
    Pictures "take-away" "S" Action::Take, "save at full size, as arrays, text or a record; copy the command";
    Pictures "copy-command" "y" Action::Copy, "copy the command line that makes this picture";
    Pictures "retry" "r" Action::Retry, "read the photo again and retry";
    List "list-up" "Up k" Action::Down(-1), "list: photo above, below";
    List "list-down" "Down j" Action::Down(1), "";
    List "list-page-up" "PageUp" Action::Page(-1), "list: a page up, down";
    List "list-page-down" "PageDown" Action::Page(1), "";
    List "list-look" "Enter" Action::Look, "list: look at the photo";
    List "list-mark" "Space m" Action::Mark, "list: mark the photo, or no longer";
    List "list-marked-only" "u" Action::MarkedOnly, "list: only the marked ones, or all";
    List "list-filter" "/" Action::Filter, "list: only photos whose name or class contains a text";
    List "list-sort" "o" Action::Sort, "list: order by name, class, confidence, disagreement";
    List "list-compare" "=" Action::CompareMarked, "list: compare the marked photos (2 to 6)";
    Both "help" "? h" Action::Help, "this help";
    Both "back" "Esc" Action::Back, "stop what is being done, else go back a step";
    Both "quit" "q Ctrl-C" Action::Quit, "quit";
    Both "meter" "B" Action::Meter, "meter: bytes of a frame, time from a key to its frame";
    Both "redraw" "Ctrl-L" Action::Redraw, "draw the screen again";
    Both "suspend" "Ctrl-Z" Action::Suspend, "suspend";
];
