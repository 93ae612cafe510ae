//! Why a map is blank or strange: the layers between score and map are asked where it went wrong.

use super::{Attribution, Method, Session};
use crate::{
    Result,
    heatmap::{Reason, reason},
    model::{Layer, Score, Side},
    nn::Rule,
    planes::Planes,
};

impl Session {
    /// In words, why `attribution` of this session's photo shows nothing or not what it seems to; `None` where it shows
    /// something. Runs one more sweep, and only for a map that is all zero or holds a NaN.
    ///
    /// # Errors
    /// No memory.
    pub fn diagnose(&self, attribution: &Attribution) -> Result<Option<String>> {
        let Some(found) = reason(&attribution.map) else { return Ok(None) };
        let place = attribution.layer.as_ref().map_or_else(String::new, |layer| format!(" at {}", layer.name));
        let because = match &found {
            Reason::Zero => self.why_zero(attribution)?,
            Reason::NotNumbers { .. } => {
                let began = self.first_layer(attribution, |gradient| gradient.values.iter().any(|v| !v.is_finite()))?;
                began.map(|layer| format!("the gradient stops being a number at {layer}"))
            }
            Reason::Negative => Some(negative(attribution)),
            Reason::Constant => Some(constant(attribution)),
            Reason::Saturated(_) => None,
        };
        let because = because.map_or_else(String::new, |because| format!("; {because}"));
        let kind = if found.is_blank() { "blank" } else { "nearly flat" };
        Ok(Some(format!("the map{place} is {kind}: {found}{because}")))
    }

    /// A dead layer, a class whose own ReLU is closed, or the layer where the gradient died on its way.
    fn why_zero(&self, attribution: &Attribution) -> Result<Option<String>> {
        let zero = |planes: &Planes| planes.values.iter().all(|&v| v == 0.0);
        if let Some(layer) = &attribution.layer
            && zero(&self.pass.activation(&layer.name)?)
        {
            return Ok(Some(format!("{} is dead: it puts out nothing but zeros for this photo", layer.name)));
        }
        if let Some(name) = self.classifier.model().class_planes()
            && closed(&self.pass.activation(name)?, attribution.class)
        {
            return Ok(Some(format!(
                "the class's own plane at {name} is closed by its ReLU everywhere, so its logit is 0 and nothing flows back"
            )));
        }
        let died = self.first_layer(attribution, zero)?;
        Ok(died.map(|layer| format!("on its way back from the score the gradient is all zero from {layer} on")))
    }

    /// The first layer on the way back from the score whose gradient is so.
    fn first_layer(&self, attribution: &Attribution, is_so: impl Fn(&Planes) -> bool) -> Result<Option<String>> {
        let rule = match attribution.method {
            Method::GuidedBackprop | Method::GuidedGradCam => Rule::Guided,
            Method::Deconvnet => Rule::Deconvnet,
            Method::GradCam | Method::Gradient | Method::Cam => Rule::Gradient,
        };
        let fine = attribution.method.is_fine();
        let to = attribution.layer.as_ref().filter(|_| !fine).map_or("input", |layer| &layer.name);
        let mut first = None;
        let mut visit = |name: &str, gradient: Planes| {
            if first.is_none() && is_so(&gradient) {
                first = Some(name.to_owned());
            }
        };
        self.pass.gradients(&Score::Logit(attribution.class), rule, to, &mut visit)?;
        Ok(first)
    }
}

fn closed(planes: &Planes, class: usize) -> bool {
    class < planes.channels && planes.plane(class).iter().all(|&v| v == 0.0)
}

fn negative(attribution: &Attribution) -> String {
    let before = attribution.layer.as_ref().is_some_and(|layer| layer.side == Side::BeforeRelu);
    let hint = "the diverging colours show it";
    if before { format!("this is before the layer's ReLU, where that is common; {hint}") } else { hint.to_owned() }
}

fn constant(attribution: &Attribution) -> String {
    let single = |layer: &&Layer| layer.shape[1..].iter().product::<usize>() == 1;
    match attribution.layer.as_ref().filter(single) {
        Some(layer) => format!("{} has a single position; choose a layer before it", layer.name),
        None => "the layer answers alike wherever it looks, as to a photo of one colour".to_owned(),
    }
}
