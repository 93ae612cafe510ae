//! float32 arrays of one explanation, named as in saltty's reference data.

use std::{collections::HashMap, path::Path};

use anyhow::Result;
use saltty::{
    Error,
    arrays::{Array, Arrays},
    explain::Method,
    files,
    planes::Planes,
    studio::Studio,
};

use super::line::Subject;

/// A safetensors file of `input`, `scores` and the arrays of the methods asked for (or of the article's recipe).
pub fn bytes(studio: &Studio, subject: &Subject, article: bool, methods: &[Method]) -> Result<Vec<u8>> {
    let mut arrays = Arrays { metadata: metadata(studio, subject), ..Arrays::default() };
    add(&mut arrays, "input", &studio.preprocess().planes(subject.square), false);
    let logits = subject.session.pass().logits();
    arrays.insert("scores", Array::f32(&[logits.len()], logits));
    if article {
        let maps = subject.session.article(studio.layer())?;
        add(&mut arrays, "article_guided_backprop", &maps.guided_backprop, false);
        add(&mut arrays, "article_grad_cam", &maps.grad_cam, true);
        add(&mut arrays, "article_guided_grad_cam", &maps.guided_grad_cam, false);
    } else {
        for &method in methods {
            add_method(&mut arrays, studio, subject, method)?;
        }
    }
    Ok(arrays.to_safetensors())
}

/// Writes such a file, whole or not at all.
pub fn write(file: &Path, bytes: &[u8]) -> Result<()> {
    let written = files::write_atomically(file, bytes);
    Ok(written.map_err(|source| Error::Write { path: file.to_owned(), source })?)
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

/// Adds planes, or a single plane without its channel where `flat`.
fn add(arrays: &mut Arrays, name: &str, planes: &Planes, flat: bool) {
    let sizes = [planes.channels, planes.height, planes.width];
    arrays.insert(name, Array::f32(&sizes[usize::from(flat)..], &planes.values));
}

fn add_method(arrays: &mut Arrays, studio: &Studio, subject: &Subject, method: Method) -> Result<()> {
    let class = subject.classes[0];
    if method == Method::GradCam {
        let cam = subject.session.grad_cam(class, studio.layer())?;
        arrays.insert("gradcam_alpha", Array::f32(&[cam.alpha.len()], &cam.alpha));
        add(arrays, "gradcam_signed", &cam.map, true);
        return Ok(());
    }
    let map = subject.session.explain(method, class, studio.layer())?.map;
    let name = match method {
        Method::GradCam => "gradcam_signed",
        Method::Cam => "cam_signed",
        Method::Gradient => "gradient",
        Method::GuidedBackprop => "guided_backprop",
        Method::Deconvnet => "deconvnet",
        Method::GuidedGradCam => "guided_gradcam",
    };
    add(arrays, name, &map, !method.is_fine());
    Ok(())
}
