//! Passes of several photos at once, each photo's behind the trait that all passes have.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
};

use rayon::prelude::*;

use super::{Pass, Score, ranking};
use crate::{
    Error, Result,
    nn::{Name, Real, Rule, placed::Extent},
    planes::Planes,
};

/// What one pass of several photos left behind, wherever that is.
pub trait Together<E: Real> {
    /// Whether it adds up planes with the weights of Grad-CAM itself.
    const WEIGHS: bool = false;

    /// The output of a layer for one photo.
    fn values_of(&self, photo: usize, layer: &str) -> Result<Vec<E>>;

    /// The first layer with an output that is not finite for some photo.
    fn first_not_finite(&self) -> Result<Option<Name>>;

    /// The gradient of all photos at layer `to`, from `seed` at the output of `from`.
    fn sweep(&self, ends: [&str; 2], seed: Vec<E>, rule: Rule) -> Result<Vec<E>>;

    /// The sums of its planes, each of `area` numbers.
    fn plane_sums(&self, ends: [&str; 2], seed: Vec<E>, rule: Rule, area: usize) -> Result<Vec<f64>> {
        Ok(summed(&self.sweep(ends, seed, rule)?, area))
    }

    /// The same as `sweep` for every layer on the way, shown to `visit`, the last first.
    fn sweep_each(&self, ends: [&str; 2], seed: Vec<E>, rule: Rule, visit: &mut dyn FnMut(&Name, &[E])) -> Result<()>;

    /// The means of the planes of the gradient at `at`, and the layer's planes added up with these as weights, of all
    /// photos. Only asked for where [`WEIGHS`](Self::WEIGHS) says so.
    fn weighted(&self, _ends: [&str; 2], _seed: Vec<E>) -> Result<[Vec<E>; 2]> {
        unreachable!("nobody asks who does not weigh")
    }
}

/// One pass of several photos, and what was fetched from it.
pub struct Batch<E: Real, T> {
    together: T,
    /// The layers' names and the sizes of one photo's outputs, the input first.
    layers: Vec<(Name, Extent)>,
    output: Name,
    logits: Vec<Vec<f64>>,
    /// Each photo's classes, likeliest first.
    rankings: Vec<Vec<usize>>,
    /// The last gradients of all photos; each is handed out once.
    gradients: Memo<RefCell<Option<Planes>>>,
    /// The last sums of their planes.
    sums: Memo<Vec<f64>>,
    /// The last weights and weighted sums of all photos.
    weighted: Memo<Weighted>,
    number: std::marker::PhantomData<E>,
}

/// The last answers, each of all photos of a batch: who asked for one will be followed by its neighbours.
struct Memo<T>(RefCell<VecDeque<(Key, All<T>)>>);

/// One of each photo.
type All<T> = Rc<Vec<T>>;

/// Weights of planes, and the planes added up with these.
type Weighted = (Vec<f64>, Planes);

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

/// Answers about photos computed together that are kept, each of all of them.
pub const ANSWERS: usize = 24;

impl<T> Memo<T> {
    fn new() -> Self {
        Self(RefCell::default())
    }

    fn get(&self, wanted: &Key) -> Option<All<T>> {
        self.0.borrow().iter().find(|(key, _)| key == wanted).map(|(_, found)| found.clone())
    }

    fn keep(&self, key: Key, answers: &All<T>) {
        let mut kept = self.0.borrow_mut();
        kept.retain(|(other, _)| *other != key);
        kept.push_back((key, answers.clone()));
        if kept.len() > ANSWERS {
            kept.pop_front();
        }
    }
}

/// One photo of a batch.
struct OnePass<E: Real, T> {
    batch: Rc<Batch<E, T>>,
    photo: usize,
    sweeps: Cell<usize>,
}

impl<E: Real, T: Together<E> + 'static> Batch<E, T> {
    /// A pass for each photo; `logits` are those of one photo after the other, `output` is the layer that made them.
    ///
    /// # Errors
    /// Numbers that are not finite.
    pub fn passes(
        together: T,
        layers: Vec<(Name, Extent)>,
        output: &Name,
        (photos, logits): (usize, &[E]),
    ) -> Result<Vec<Box<dyn Pass>>> {
        let each = logits.len() / photos;
        let logits: Vec<Vec<f64>> = logits.chunks_exact(each).map(numbers).collect();
        let rankings = logits.iter().map(|logits| ranking(logits)).collect();
        let (output, gradients, sums, weighted) = (output.clone(), Memo::new(), Memo::new(), Memo::new());
        let number = std::marker::PhantomData;
        let batch = Rc::new(Self { together, layers, output, logits, rankings, gradients, sums, weighted, number });
        batch.check_finite()?;
        let pass = |photo| -> Box<dyn Pass> { Box::new(OnePass { batch: batch.clone(), photo, sweeps: Cell::new(0) }) };
        Ok((0..photos).map(pass).collect())
    }

    fn check_finite(&self) -> Result<()> {
        if self.logits.iter().flatten().all(|v| v.is_finite()) {
            return Ok(());
        }
        let first = self.together.first_not_finite()?;
        Err(Error::NotFinite { layer: first.unwrap_or_else(|| self.output.clone()).to_string() })
    }

    fn extent(&self, layer: &str) -> Extent {
        self.layers.iter().rfind(|(name, _)| **name == *layer).expect("a layer of this network").1
    }

    /// The values of all photos, apart.
    fn apart(&self, layer: &str, values: &[E]) -> Vec<Planes> {
        let extent = self.extent(layer);
        let [height, width] = extent.sides;
        let photos = values.par_chunks_exact(extent.channels * extent.area());
        photos.map(|photo| Planes::new(extent.channels, height, width, numbers(photo))).collect()
    }

    /// How many classes are likelier for this photo.
    fn rank(&self, photo: usize, class: usize) -> usize {
        self.rankings[photo].iter().position(|&other| other == class).expect("a class of this network")
    }

    /// The scores of all photos, if one of them is explained by `score`: the same class for all if that was asked of
    /// another, or the classes of the same rank if the rank before was, as when the likeliest so many of each are explained.
    fn scores<A>(&self, memo: &Memo<A>, photo: usize, score: &Score, rule: Rule, at: &str) -> Scores {
        let seen = |scores: &Scores| memo.get(&(scores.clone(), rule, at.to_owned())).is_some();
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

    /// The gradient of one photo, computed with those of all others and handed out once: who asks again waits for another
    /// sweep of all.
    fn gradient(&self, key: Key, photo: usize) -> Result<Planes> {
        if let Some(found) = self.gradients.get(&key).and_then(|photos| photos[photo].take()) {
            return Ok(found);
        }
        let (from, seed) = self.seed(&key.0);
        let values = self.together.sweep([&from, &key.2], seed, key.1)?;
        let mut gradients = self.apart(&key.2, &values);
        if self.logits.len() == 1 {
            return Ok(gradients.remove(0));
        }
        let gradients: Vec<_> = gradients.into_iter().map(|planes| RefCell::new(Some(planes))).collect();
        let found = gradients[photo].take().expect("the gradients of all");
        self.gradients.keep(key, &Rc::new(gradients));
        Ok(found)
    }

    /// The sums of the planes of all photos' gradients.
    fn plane_sums(&self, key: Key) -> Result<All<Vec<f64>>> {
        if let Some(found) = self.sums.get(&key) {
            return Ok(found);
        }
        let (from, seed) = self.seed(&key.0);
        let extent = self.extent(&key.2);
        let sums = self.together.plane_sums([&from, &key.2], seed, key.1, extent.area())?;
        let sums = Rc::new(sums.chunks_exact(extent.channels).map(<[f64]>::to_vec).collect());
        if self.logits.len() > 1 {
            self.sums.keep(key, &sums);
        }
        Ok(sums)
    }

    /// The weights and the weighted sums of all photos.
    fn weighted(&self, key: Key) -> Result<All<Weighted>> {
        if let Some(found) = self.weighted.get(&key) {
            return Ok(found);
        }
        let (from, seed) = self.seed(&key.0);
        let [weights, sums] = self.together.weighted([&from, &key.2], seed)?;
        let extent = self.extent(&key.2);
        let [height, width] = extent.sides;
        let photos = weights.chunks_exact(extent.channels).zip(sums.chunks_exact(extent.area()));
        let photos = photos.map(|(weights, sum)| (numbers(weights), Planes::new(1, height, width, numbers(sum))));
        let weighted = Rc::new(photos.collect());
        if self.logits.len() > 1 {
            self.weighted.keep(key, &weighted);
        }
        Ok(weighted)
    }
}

/// The sum of each `area` values.
pub fn summed<E: Real>(values: &[E], area: usize) -> Vec<f64> {
    values.chunks_exact(area).map(|plane| plane.iter().map(|&value| value.into()).sum()).collect()
}

fn numbers<E: Real>(values: &[E]) -> Vec<f64> {
    values.iter().map(|&value| value.into()).collect()
}

impl<E: Real, T: Together<E> + 'static> Pass for OnePass<E, T> {
    fn logits(&self) -> &[f64] {
        &self.batch.logits[self.photo]
    }

    fn activation(&self, layer: &str) -> Result<Planes> {
        let values = self.batch.together.values_of(self.photo, layer)?;
        Ok(self.batch.apart(layer, &values).pop().expect("one photo's values"))
    }

    fn gradient(&self, score: &Score, rule: Rule, at: &str) -> Result<Planes> {
        self.sweeps.set(self.sweeps.get() + 1);
        let scores = self.batch.scores(&self.batch.gradients, self.photo, score, rule, at);
        self.batch.gradient((scores, rule, at.to_owned()), self.photo)
    }

    fn plane_sums(&self, score: &Score, rule: Rule, at: &str) -> Result<Vec<f64>> {
        self.sweeps.set(self.sweeps.get() + 1);
        let scores = self.batch.scores(&self.batch.sums, self.photo, score, rule, at);
        Ok(self.batch.plane_sums((scores, rule, at.to_owned()))?[self.photo].clone())
    }

    fn weighted(&self, score: &Score, at: &str) -> Result<Option<(Vec<f64>, Planes)>> {
        if !T::WEIGHS {
            return Ok(None);
        }
        self.sweeps.set(self.sweeps.get() + 1);
        let scores = self.batch.scores(&self.batch.weighted, self.photo, score, Rule::Gradient, at);
        Ok(Some(self.batch.weighted((scores, Rule::Gradient, at.to_owned()))?[self.photo].clone()))
    }

    fn gradients(&self, score: &Score, rule: Rule, to: &str, visit: &mut dyn FnMut(&str, Planes)) -> Result<()> {
        self.sweeps.set(self.sweeps.get() + 1);
        let batch = &self.batch;
        let (from, seed) = batch.seed(&batch.scores(&batch.gradients, self.photo, score, rule, to));
        batch.together.sweep_each([&from, to], seed, rule, &mut |name, values| {
            visit(name, batch.apart(name, values).swap_remove(self.photo));
        })
    }

    fn sweeps(&self) -> usize {
        self.sweeps.get()
    }
}
