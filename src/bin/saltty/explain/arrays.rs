//! float32 arrays of one explanation, named as in saltty's reference data.

use std::{collections::HashMap, path::Path};

use anyhow::Result;
use safetensors::tensor::{Dtype, TensorView};
use saltty::{Error, explain::Method, planes::Planes, studio::Studio};

use super::Subject;

/// Writes `input`, `scores` and the arrays of the methods asked for (or of the article's recipe).
pub fn write(file: &Path, studio: &Studio, subject: &Subject, article: bool, methods: &[Method]) -> Result<()> {
    let mut arrays = Arrays::default();
    arrays.add_planes("input", &studio.preprocess().planes(&subject.square));
    let logits = subject.session.pass().logits();
    arrays.add("scores", vec![logits.len()], logits);
    if article {
        let maps = subject.session.article(studio.layer())?;
        arrays.add_planes("article_guided_backprop", &maps.guided_backprop);
        arrays.add_map("article_grad_cam", &maps.grad_cam);
        arrays.add_planes("article_guided_grad_cam", &maps.guided_grad_cam);
    } else {
        for &method in methods {
            arrays.add_method(studio, subject, method)?;
        }
    }
    arrays.write(file, &metadata(studio, subject))
}

fn metadata(studio: &Studio, subject: &Subject) -> HashMap<String, String> {
    let words = [
        ("photo", subject.path.display().to_string()),
        ("model", studio.classifier().model().to_string()),
        ("preprocess", studio.preprocess().to_string()),
        ("resize", studio.resize().to_string()),
        ("target", subject.classes[0].to_string()),
        ("target_layer", studio.layer().to_string()),
    ];
    words.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

#[derive(Default)]
struct Arrays(Vec<(String, Vec<usize>, Vec<u8>)>);

impl Arrays {
    fn add(&mut self, name: &str, shape: Vec<usize>, values: &[f64]) {
        let bytes = values.iter().flat_map(|&v| (v as f32).to_le_bytes()).collect();
        self.0.push((name.to_owned(), shape, bytes));
    }

    fn add_planes(&mut self, name: &str, planes: &Planes) {
        self.add(name, vec![planes.channels, planes.height, planes.width], &planes.values);
    }

    /// A single plane, without its channel.
    fn add_map(&mut self, name: &str, map: &Planes) {
        self.add(name, vec![map.height, map.width], &map.values);
    }

    fn add_method(&mut self, studio: &Studio, subject: &Subject, method: Method) -> Result<()> {
        let class = subject.classes[0];
        if method == Method::GradCam {
            let cam = subject.session.grad_cam(class, studio.layer())?;
            self.add("gradcam_alpha", vec![cam.alpha.len()], &cam.alpha);
            self.add_map("gradcam_signed", &cam.map);
            return Ok(());
        }
        let map = subject.session.explain(method, class, studio.layer())?.map;
        match method {
            Method::GradCam => {}
            Method::Cam => self.add_map("cam_signed", &map),
            Method::Gradient => self.add_planes("gradient", &map),
            Method::GuidedBackprop => self.add_planes("guided_backprop", &map),
            Method::Deconvnet => self.add_planes("deconvnet", &map),
            Method::GuidedGradCam => self.add_planes("guided_gradcam", &map),
        }
        Ok(())
    }

    fn write(&self, file: &Path, metadata: &HashMap<String, String>) -> Result<()> {
        let views =
            self.0.iter().map(|(name, shape, bytes)| Ok((name, TensorView::new(Dtype::F32, shape.clone(), bytes)?)));
        let views = views.collect::<Result<Vec<_>>>()?;
        let bytes = safetensors::serialize(views, Some(metadata.clone()))?;
        saltty::files::write_atomically(file, &bytes)
            .map_err(|source| Error::Write { path: file.to_owned(), source })?;
        Ok(())
    }
}
