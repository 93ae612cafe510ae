//! A network with dense layers, from a weights file: the record of a VGG11 made up by the formula of
//! `tests/common/made_up.rs`.

use std::{
    fs,
    io::{BufWriter, Write},
    path::Path,
};

use half::{bf16, slice::HalfFloatSliceExt};
use saltty::{model::Model, weights::Source};
use serde_json::{Map, Value, json};

use crate::{
    common::{made_up::MadeUp, repository},
    folder::{first, flip, folder, note, saltty, verify},
};

/// Writes a made-up VGG11 in bfloat16; gives where each tensor begins.
fn write_vgg11(file: &Path) -> Vec<(String, usize)> {
    let made = MadeUp::of(Model::Vgg11);
    let infos = made.tensors().to_vec();
    let (mut header, mut end) = (Map::new(), 0);
    let mut places = Vec::new();
    for info in &infos {
        let start = end;
        end += 2 * info.shape.iter().product::<usize>();
        header.insert(info.name.clone(), json!({"dtype": "BF16", "shape": info.shape, "data_offsets": [start, end]}));
        places.push((info.name.clone(), start));
    }
    header.insert("__metadata__".to_owned(), json!(made.metadata()));
    let header = Value::Object(header).to_string();
    let mut out = BufWriter::with_capacity(1 << 20, fs::File::create(file).unwrap());
    out.write_all(&(header.len() as u64).to_le_bytes()).unwrap();
    out.write_all(header.as_bytes()).unwrap();
    for index in 0..infos.len() {
        let mut narrow = Vec::new();
        made.read(index, 1, &mut |values| {
            narrow.resize(values.len(), bf16::ZERO);
            narrow.convert_from_f32_slice(values);
            out.write_all(bytemuck::cast_slice(narrow.reinterpret_cast())).unwrap();
        })
        .unwrap();
    }
    out.into_inner().unwrap().sync_data().unwrap();
    for (_, start) in &mut places {
        *start += 8 + header.len();
    }
    places
}

#[test]
fn a_record_of_vgg11_holds_until_a_bit_of_its_weights_flips() {
    let folder = folder("vgg11");
    let weights = folder.join("vgg11.safetensors");
    let places = write_vgg11(&weights);
    let records = folder.join("records");
    let mut record = saltty();
    record.args(["record", "--model", "vgg11"]).env("RAYON_NUM_THREADS", "1");
    record.arg(repository("fixtures/cat_and_dog.jpg")).arg("--weights").arg(&weights).arg("--out").arg(&records);
    record.assert().success();
    let (status, json) = verify(saltty().env("RAYON_NUM_THREADS", "2"), &records, &[]);
    assert_eq!((status, &json["verdict"]), (0, &Value::from("identical")));
    let layers = json["records"][0]["stages"].as_array().unwrap().iter().filter(|one| one["stage"] == "activations");
    let layers: Vec<&str> = layers.map(|one| one["part"].as_str().unwrap()).collect();
    assert!(layers.contains(&"conv5_2") && layers.contains(&"fc8"), "{layers:?}");
    let (_, start) = places.iter().find(|(name, _)| name == "features.16.weight").unwrap();
    flip(&weights, *start, 6);
    let (status, json) = verify(&mut saltty(), &records, &[]);
    assert_eq!((status, first(&json)), (1, ("weights", "")));
    assert!(note(&json).starts_with("1 of 22 tensors changed, first features.16.weight"), "{}", note(&json));
    let stages = json["records"][0]["stages"].as_array().unwrap().iter();
    let differs = |stage: &&Value| stage["stage"] == "activations" && stage["verdict"] != "identical";
    assert_eq!(stages.clone().find(differs).unwrap()["part"], "conv5_1", "the layer of that tensor");
    fs::remove_dir_all(&folder).unwrap();
}
