//! What keys and replies do to the model, where a screen would not show it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use saltty::{
    explain::Method,
    raster::Depth,
    tui::{Effect, Message, Model, Order, Reply, command, model::Page, update},
};

use crate::{
    canned::{self, answer, class, comparing, job, listing, looking, press, scene},
    dump::{draw, text},
};

fn key(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    update(model, Message::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

#[test]
fn escape_stops_the_work_and_goes_back_to_what_is_shown() {
    let mut model = looking(Depth::True);
    press(&mut model, "m");
    assert_eq!(model.pane().wish.method, Method::GuidedBackprop);
    let effects = key(&mut model, KeyCode::Esc);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Work(Order::Cancel))));
    assert!(model.work.is_none());
    assert_eq!(model.pane().wish.method, Method::GradCam);
    let late =
        Reply::Done { number: model.jobs, pane: 0, scene: Arc::new(scene(Method::GuidedBackprop, class(285, 0.6))) };
    update(&mut model, Message::Reply(late));
    assert_eq!(model.scene().unwrap().method, Method::GradCam, "a reply to what was stopped is too late");
}

#[test]
fn work_of_a_kind_that_was_done_before_has_a_gauge_and_a_time_left() {
    let mut model = looking(Depth::True);
    press(&mut model, "2");
    update(&mut model, Message::Tick(Duration::from_millis(1230 + 430)));
    let screen = text(&draw(&model, (100, 30)));
    assert!(screen.contains("about 0.8 s left") && screen.contains("Esc stops"), "{screen}");
}

#[test]
fn a_picture_that_is_there_already_is_not_asked_for_again() {
    let mut model = looking(Depth::True);
    press(&mut model, "m");
    let effects = press(&mut model, "M");
    assert!(job(effects).is_none() && model.work.is_none());
}

#[test]
fn the_neighbours_are_computed_ahead_when_the_photo_is_done() {
    let mut model = looking(Depth::True);
    press(&mut model, "n");
    let effects = answer(&mut model, 0, scene(Method::GradCam, class(285, 0.6)));
    let ahead: Vec<PathBuf> = effects
        .into_iter()
        .filter_map(|effect| if let Effect::Work(Order::Ahead(asks)) = effect { Some(asks) } else { None })
        .flatten()
        .map(|ask| ask.photo)
        .collect();
    assert_eq!(ahead, [model.photos[2].clone(), model.photos[0].clone()]);
}

#[test]
fn a_new_pane_explains_another_class_and_leaves_the_first_alone() {
    let mut model = looking(Depth::True);
    let job = job(press(&mut model, "a")).unwrap();
    assert_eq!(job.asks.len(), 1, "the first pane is as it was");
    assert_eq!((job.asks[0].pane, job.asks[0].class), (1, Some(253)));
    assert_eq!(model.panes[0].wish.class(), Some(285));
    let effects = answer(&mut model, 1, scene(Method::GradCam, class(253, 0.2)));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Measure(_, scenes) if scenes.len() == 2)));
    press(&mut model, "D");
    assert_eq!(model.difference.as_ref().unwrap().pane, 1);
    press(&mut model, "d");
    assert!(!model.compares() && model.difference.is_none());
}

#[test]
fn a_reply_that_comes_twice_does_not_count_for_two_panes() {
    let mut model = comparing(Depth::True);
    press(&mut model, "c");
    assert_eq!(model.work.unwrap().left(), 2);
    for _ in 0..2 {
        answer(&mut model, 0, scene(Method::GradCam, class(285, 0.6)));
    }
    assert_eq!(model.work.unwrap().left(), 1);
}

#[test]
fn a_contrast_is_of_two_classes_and_only_of_linear_methods() {
    let mut model = looking(Depth::True);
    press(&mut model, "bgolden");
    let effects = key(&mut model, KeyCode::Enter);
    let ask = job(effects).unwrap().asks.remove(0);
    assert_eq!((ask.class, ask.against), (Some(285), Some(207)));
    let mut contrast = scene(Method::GradCam, class(285, 0.6));
    contrast.against = Some(class(207, 0.1));
    answer(&mut model, 0, contrast);
    assert_eq!(
        command(&model).unwrap(),
        "saltty compare cat_and_dog.jpg --model squeezenet1_1 --pane 'photo=1 model=1 class=285 method=grad-cam \
         layer=fire9 minus=207'"
    );
    let mut same = model.clone();
    press(&mut same, "/golden");
    key(&mut same, KeyCode::Enter);
    assert_eq!((same.pane().wish.class(), same.pane().wish.against), (Some(207), None), "none with itself");
    let ask = job(press(&mut model, "m")).unwrap().asks.remove(0);
    assert_eq!((ask.method, ask.against), (Method::GuidedBackprop, None), "guided backpropagation has none");
    press(&mut model, "b");
    assert!(text(&draw(&model, (100, 30))).contains("not linear"));
}

#[test]
fn what_is_saved_has_colours_where_the_screen_has_none() {
    let mut model = looking(Depth::Ascii);
    let shown = model.pane().repainted.clone().expect("painted in grey");
    assert!(shown.map.pixels.iter().all(|[r, g, b]| r == g && g == b));
    let Some(Effect::Save(take)) = press(&mut model, "s").pop() else { panic!("nothing is saved") };
    assert!(
        take.parts.iter().all(|part| !part.paint.plain && part.paint.of(&part.scene).is_none()),
        "jet, as the scene itself is"
    );
}

#[test]
fn a_terminal_found_to_have_no_colours_is_painted_anew() {
    use saltty::terminal::{Choice, Facts, Surroundings, Wished, Wishes};
    let mut model = looking(Depth::True);
    assert!(model.pane().repainted.is_none());
    let wishes = Wishes { depth: Some(Wished { value: Depth::Ascii, by: "--depth".to_owned() }), ..Wishes::default() };
    let choice = Choice::new(&wishes, &Surroundings::default(), &Facts::default(), None);
    update(&mut model, Message::Terminal(Box::new(choice)));
    assert!(model.depth == Depth::Ascii && model.pane().repainted.is_some());
}

#[test]
fn the_command_line_names_all_that_matters() {
    let model = looking(Depth::True);
    let command = command(&model).unwrap();
    assert_eq!(command, "saltty explain cat_and_dog.jpg --class 285 --method grad-cam --layer fire9 --png .");
}

#[test]
fn what_is_visible_of_the_list_is_looked_at_first() {
    let mut model = looking(Depth::True);
    let effects = press(&mut model, "f");
    let Some(Effect::Work(Order::Survey(survey))) = effects.last() else { panic!("{effects:?}") };
    assert_eq!(survey.wanted, [0, 1, 2]);
    assert!(survey.rest);
    let mut model = listing(Depth::True);
    let effects = press(&mut model, "j");
    let Some(Effect::Work(Order::Survey(survey))) = effects.last() else { panic!("{effects:?}") };
    assert_eq!(survey.wanted, [2], "two are known");
}

#[test]
fn photos_are_found_by_number_and_name() {
    let mut model = looking(Depth::True);
    press(&mut model, "g2");
    let ask = job(key(&mut model, KeyCode::Enter)).unwrap().asks.remove(0);
    assert_eq!(ask.photo, model.photos[1]);
    press(&mut model, "glong");
    let ask = job(key(&mut model, KeyCode::Enter)).unwrap().asks.remove(0);
    assert_eq!(ask.photo, model.photos[2]);
    press(&mut model, "gnowhere");
    assert!(job(key(&mut model, KeyCode::Enter)).is_none());
    assert_eq!(model.at(), 2);
}

#[test]
fn marked_photos_become_panes() {
    let mut model = listing(Depth::True);
    press(&mut model, "  ");
    let job = job(press(&mut model, "=")).unwrap();
    assert_eq!((model.page, model.panes.len(), job.asks.len()), (Page::Pictures, 2, 2));
    assert_eq!(job.asks[1].photo, model.photos[1]);
}

#[test]
fn a_shared_scale_is_that_of_the_largest_map() {
    let mut model = comparing(Depth::True);
    let mut larger = scene(Method::GradCam, class(253, 0.2));
    larger.shown.bound *= 4.0;
    press(&mut model, "r");
    let bound = larger.shown.bound;
    answer(&mut model, 0, scene(Method::GradCam, class(285, 0.6)));
    answer(&mut model, 1, larger);
    assert_eq!(model.bound(), None);
    press(&mut model, "u");
    assert_eq!(model.bound(), Some(bound));
    assert!(model.panes[0].repainted.is_some() && model.panes[1].repainted.is_none());
}

#[test]
fn thumbnails_far_away_are_dropped_when_there_are_many() {
    let start = saltty::tui::Start {
        photos: (0..5000).map(|number| PathBuf::from(format!("{number}.jpg"))).collect(),
        ..canned::start(Depth::True)
    };
    let mut model = Model::new(start);
    update(&mut model, Message::Reply(Reply::Ready(Box::new(canned::catalogue()))));
    press(&mut model, "f");
    for photo in 0..5000 {
        let thumbnail = saltty::raster::Raster::filled(32, 32, [1; 3]);
        let finding = saltty::survey::Finding { top: vec![(1, 0.5)], thumbnail };
        update(&mut model, Message::Reply(Reply::Surveyed { photo, network: 0, found: Ok(Arc::new(finding)) }));
        if photo % 100 == 0 {
            update(&mut model, Message::Tick(Duration::from_millis(photo as u64)));
        }
    }
    let kept = model.list.entries.iter().filter(|entry| entry.thumbnail.is_some()).count();
    assert!(kept <= 700, "{kept} thumbnails");
    assert!(model.list.entries[0].thumbnail.is_some(), "those near the chosen photo stay");
    assert_eq!(model.list.known(1), 5000, "what is known of the others stays");
}
