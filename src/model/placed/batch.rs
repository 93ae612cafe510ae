//! Passes of several photos at once, each photo's behind the trait that all passes have.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
    sync::Arc,
};

use dfdx::prelude::Device as On;

use super::line::Line;
use crate::{
    Error, Result,
    model::{Pass, Score, ranking},
    nn::{Name, Real, Rule, composed::Extent},
    planes::Planes,
};

/// What one pass of several photos left on the device, and what was fetched from it.
pub struct Batch<E: Real, D: On<E>> {
    line: Arc<Line<E, D>>,
    number: u64,
    /// The layers' names and the sizes of one photo's outputs, the input first.
    layers: Vec<(Name, Extent)>,
    output: Name,
    logits: Vec<Vec<f64>>,
    /// Each photo's classes, likeliest first.
    rankings: Vec<Vec<usize>>,
    /// The last gradients of all photos, for each one's neighbours will be asked for theirs.
    fetched: RefCell<VecDeque<(Key, Rc<Vec<Planes>>)>>,
}

/// Which score's gradient, under which rule, at which layer.
type Key = (Scores, Rule, String);

/// The scores that the photos of a batch are explained by.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Scores {
    /// Each one's likeliest class, second, third, counted from 0.
    Rank(usize),
    Class(usize),
    /// Weights of all logits, as bits.
    Logits(Vec<u64>),
    Sum(String),
}

/// Gradients kept, each of all photos of a batch.
const KEPT: usize = 24;

/// One photo of a batch.
struct PlacedPass<E: Real, D: On<E>> {
    batch: Rc<Batch<E, D>>,
    photo: usize,
    sweeps: Cell<usize>,
}

impl<E: Real, D: On<E>> Batch<E, D> {
    /// Runs the network on photos of these sizes.
    ///
    /// # Errors
    /// What the device says, or numbers that are not finite.
    pub fn run(line: &Arc<Line<E, D>>, values: Vec<E>, extent: Extent, output: &Name) -> Result<Vec<Box<dyn Pass>>> {
        let (number, last) = (line.number(), output.clone());
        let (layers, logits) = line.ask(move |desk| {
            let track = desk.network.forward(&values, extent)?;
            let layers = track.layers().map(|(name, extent)| (name.clone(), Extent { batch: 1, ..extent })).collect();
            let logits = track.values(&last);
            desk.tracks.insert(number, track);
            Ok((layers, logits))
        })?;
        let each = logits.len() / extent.batch;
        let logits: Vec<Vec<f64>> =
            logits.chunks_exact(each).map(|photo| photo.iter().map(|&v| v.into()).collect()).collect();
        let rankings = logits.iter().map(|logits| ranking(logits)).collect();
        let (line, output, fetched) = (line.clone(), output.clone(), RefCell::default());
        let batch = Rc::new(Self { line, number, layers, output, logits, rankings, fetched });
        batch.check_finite()?;
        let pass =
            |photo| -> Box<dyn Pass> { Box::new(PlacedPass { batch: batch.clone(), photo, sweeps: Cell::new(0) }) };
        Ok((0..extent.batch).map(pass).collect())
    }

    fn check_finite(&self) -> Result<()> {
        if self.logits.iter().flatten().all(|v| v.is_finite()) {
            return Ok(());
        }
        let (number, last) = (self.number, self.output.clone());
        let first = self.line.ask(move |desk| {
            let track = &desk.tracks[&number];
            let broken = |name: &Name| track.values(name).into_iter().any(|v| !v.into().is_finite());
            Ok(track.layers().map(|(name, _)| name).find(|name| broken(name)).cloned())
        })?;
        Err(Error::NotFinite { layer: first.unwrap_or(last).to_string() })
    }

    fn extent(&self, layer: &str) -> Extent {
        self.layers.iter().rfind(|(name, _)| **name == *layer).expect("a layer of this network").1
    }

    /// The values of all photos, apart.
    fn apart(&self, layer: &str, values: &[E]) -> Vec<Planes> {
        let extent = self.extent(layer);
        let [height, width] = extent.sides;
        let photos = values.chunks_exact(extent.channels * extent.area());
        let numbers = |photo: &[E]| photo.iter().map(|&v| v.into()).collect();
        photos.map(|photo| Planes::new(extent.channels, height, width, numbers(photo))).collect()
    }

    /// How many classes are likelier for this photo.
    fn rank(&self, photo: usize, class: usize) -> usize {
        self.rankings[photo].iter().position(|&other| other == class).expect("a class of this network")
    }

    /// The scores of all photos, if one of them is explained by `score`: the same class for all if that was asked of
    /// another, or the classes of the same rank if the rank before was, as when the likeliest so many of each are explained.
    fn scores(&self, photo: usize, score: &Score, rule: Rule, at: &str) -> Scores {
        let seen =
            |scores: &Scores| self.fetched.borrow().iter().any(|((s, r, a), _)| s == scores && *r == rule && a == at);
        match score {
            Score::Logit(class) => {
                let (own, rank) = (Scores::Class(*class), self.rank(photo, *class));
                let in_turn = rank == 0 || seen(&Scores::Rank(rank - 1));
                if in_turn && !seen(&own) { Scores::Rank(rank) } else { own }
            }
            Score::Logits(weights) => Scores::Logits(weights.iter().map(|w| w.to_bits()).collect()),
            Score::Sum(layer) => Scores::Sum(layer.clone()),
        }
    }

    /// Where the gradient of `scores` starts, and what it is there.
    fn seed(&self, scores: &Scores) -> (String, Vec<E>) {
        let (photos, output) = (self.logits.len(), self.output.to_string());
        let one_hot = |class: usize| (0..self.logits[0].len()).map(move |c| E::of(f64::from(u8::from(c == class))));
        match scores {
            Scores::Rank(rank) => (output, self.rankings.iter().flat_map(|classes| one_hot(classes[*rank])).collect()),
            Scores::Class(class) => (output, (0..photos).flat_map(|_| one_hot(*class)).collect()),
            Scores::Logits(weights) => {
                let weights: Vec<E> = weights.iter().map(|&bits| E::of(f64::from_bits(bits))).collect();
                (output, weights.repeat(photos))
            }
            Scores::Sum(layer) => {
                let extent = self.extent(layer);
                (layer.clone(), vec![E::of(1.0); photos * extent.channels * extent.area()])
            }
        }
    }

    /// The gradients of all photos.
    fn gradients(&self, scores: Scores, rule: Rule, at: &str) -> Result<Rc<Vec<Planes>>> {
        let key = (scores, rule, at.to_owned());
        if let Some((_, found)) = self.fetched.borrow().iter().find(|(kept, _)| *kept == key) {
            return Ok(found.clone());
        }
        let ((from, seed), number, to) = (self.seed(&key.0), self.number, at.to_owned());
        let values =
            self.line.ask(move |desk| desk.network.sweep(&desk.tracks[&number], [&from, &to], &seed, rule, None))?;
        let gradients = Rc::new(self.apart(at, &values));
        if self.logits.len() > 1 {
            let mut fetched = self.fetched.borrow_mut();
            fetched.push_back((key, gradients.clone()));
            if fetched.len() > KEPT {
                fetched.pop_front();
            }
        }
        Ok(gradients)
    }
}

impl<E: Real, D: On<E>> Drop for Batch<E, D> {
    fn drop(&mut self) {
        let number = self.number;
        self.line.tell(move |desk| drop(desk.tracks.remove(&number)));
    }
}

impl<E: Real, D: On<E>> Pass for PlacedPass<E, D> {
    fn logits(&self) -> &[f64] {
        &self.batch.logits[self.photo]
    }

    fn activation(&self, layer: &str) -> Result<Planes> {
        let (number, name, photo) = (self.batch.number, layer.to_owned(), self.photo);
        let values = self.batch.line.ask(move |desk| desk.tracks[&number].values_of(photo, &name))?;
        Ok(self.batch.apart(layer, &values).pop().expect("one photo's values"))
    }

    fn gradient(&self, score: &Score, rule: Rule, at: &str) -> Result<Planes> {
        self.sweeps.set(self.sweeps.get() + 1);
        let scores = self.batch.scores(self.photo, score, rule, at);
        Ok(self.batch.gradients(scores, rule, at)?[self.photo].clone())
    }

    fn gradients(&self, score: &Score, rule: Rule, to: &str, visit: &mut dyn FnMut(&str, Planes)) -> Result<()> {
        self.sweeps.set(self.sweeps.get() + 1);
        let batch = &self.batch;
        let ((from, seed), number) = (batch.seed(&batch.scores(self.photo, score, rule, to)), batch.number);
        let last = to.to_owned();
        let seen = batch.line.ask(move |desk| {
            let mut seen = Vec::new();
            let mut note = |name: &Name, gradient: Vec<E>| seen.push((name.clone(), gradient));
            let track = &desk.tracks[&number];
            let gradient = desk.network.sweep(track, [&from, &last], &seed, rule, Some(&mut note))?;
            seen.push((last.as_str().into(), gradient));
            Ok(seen)
        })?;
        for (name, values) in seen {
            visit(&name, batch.apart(&name, &values).swap_remove(self.photo));
        }
        Ok(())
    }

    fn sweeps(&self) -> usize {
        self.sweeps.get()
    }
}
