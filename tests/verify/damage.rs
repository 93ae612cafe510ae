//! Flipped bits and lost pieces, told for what they are.

use std::{
    fs,
    hash::{BuildHasher, RandomState},
};

use rayon::prelude::*;
use saltty::record::{Manifest, SealState};
use serde_json::Value;

use crate::{
    common::{cases::Cases, proof::Proof, repository},
    folder::{RECORD, arrays_in, first, flip, folder, note, photo_in, recorded, saltty, told, verify},
};

#[test]
fn a_flipped_bit_in_the_photo_is_the_photos() {
    let folder = recorded("photo_bit");
    let photo = photo_in(&folder);
    flip(&photo, 40_000, 3);
    let (status, json) = verify(&mut saltty(), &folder, &[]);
    assert_eq!((status, first(&json)), (1, ("photo", "")));
    fs::write(&photo, &fs::read(&photo).unwrap()[..30_000]).unwrap();
    let (status, json) = verify(&mut saltty(), &folder, &[]);
    assert_eq!((status, first(&json)), (1, ("photo", "")));
    assert!(note(&json).contains("cut short"), "{}", note(&json));
}

#[test]
fn a_photo_with_other_bytes_but_the_same_pixels_has_only_drifted() {
    let folder = recorded("photo_tail");
    let photo = photo_in(&folder);
    fs::write(&photo, [fs::read(&photo).unwrap(), b"tail".to_vec()].concat()).unwrap();
    let (status, json) = verify(&mut saltty(), &folder, &[]);
    assert_eq!((status, first(&json), &json["verdict"]), (1, ("photo", ""), &Value::from("drifted")));
}

#[test]
fn a_flipped_bit_in_the_weights_is_that_tensors() {
    let folder = folder("weights_bit");
    let weights = folder.join("weights.safetensors");
    fs::copy(repository("fixtures/squeezenet1_1.f16.safetensors"), &weights).unwrap();
    let mut record = saltty();
    record.arg("record").arg(repository("fixtures/cat_and_dog.jpg")).arg("--out").arg(folder.join("records"));
    record.arg("--weights").arg(&weights).assert().success();
    let (status, json) = verify(&mut saltty(), &folder.join("records"), &[]);
    assert_eq!((status, &json["verdict"]), (0, &Value::from("identical")));
    let middle = fs::metadata(&weights).unwrap().len() as usize / 2;
    flip(&weights, middle, 0);
    let (status, json) = verify(&mut saltty(), &folder.join("records"), &[]);
    assert_eq!((status, first(&json)), (1, ("weights", "")));
    assert!(note(&json).starts_with("1 of 52 tensors changed, first "), "{}", note(&json));
    flip(&weights, 2, 7);
    let (status, json) = verify(&mut saltty(), &folder.join("records"), &[]);
    assert_eq!((status, first(&json)), (1, ("weights", "")));
    assert!(note(&json).contains("safetensors"), "{}", note(&json));
    fs::remove_file(&weights).unwrap();
    let gone = saltty().arg("verify").arg(folder.join("records")).assert().code(2);
    let words = String::from_utf8_lossy(&gone.get_output().stderr).into_owned();
    assert!(words.contains("--weights FILE"), "{words}");
}

/// What is wrong with arrays, each put right again before the next.
#[test]
fn arrays_that_are_not_those_recorded_are_told() {
    let folder = recorded("arrays_bit");
    let arrays = arrays_in(&folder).remove(0);
    let whole = fs::read(&arrays).unwrap();
    let header = 8 + u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
    let flipped = |byte: usize, bit: u8| {
        let mut bytes = whole.clone();
        bytes[byte] ^= 1 << bit;
        bytes
    };
    let cases = [
        ("the header's length", flipped(0, 4)),
        ("its header", flipped(header / 2, 1)),
        ("its first number", flipped(header, 0)),
        ("its last number", flipped(whole.len() - 1, 7)),
        ("half of it", whole[..whole.len() / 2].to_vec()),
        ("one byte more", [&whole[..], &[0]].concat()),
        ("nothing in it", Vec::new()),
        ("two arrays under each other's names", swapped(&whole, header, "\"colours.map\"", "\"colours.overlay\"")),
    ];
    for (what, bytes) in cases {
        fs::write(&arrays, bytes).unwrap();
        let (status, json) = verify(&mut saltty(), &folder, &[]);
        assert_eq!((status, first(&json)), (1, ("record", "arrays")), "{what}");
        assert!(note(&json).contains("was changed after it was written"), "{what}: {}", note(&json));
    }
    fs::remove_file(&arrays).unwrap();
    let (status, _, told) = told(&mut saltty(), &folder, &[]);
    assert!(status == 2 && told.contains(arrays.to_str().unwrap()) && told.lines().count() == 1, "{told}");
}

/// A safetensors file with two names of its header swapped; it is still a whole safetensors file.
fn swapped(bytes: &[u8], header: usize, one: &str, other: &str) -> Vec<u8> {
    let text = std::str::from_utf8(&bytes[8..header]).unwrap();
    let text = text.replace(one, "\"?\"").replace(other, one).replace("\"?\"", other);
    let swapped = [&bytes[..8], text.as_bytes(), &bytes[header..]].concat();
    assert!(swapped != bytes && saltty::arrays::Arrays::from_safetensors(&swapped).is_ok());
    swapped
}

#[test]
fn a_flipped_bit_in_the_manifest_is_the_manifests() {
    let folder = recorded("manifest_bit");
    let manifest = folder.join(RECORD);
    let text = fs::read_to_string(&manifest).unwrap();
    flip(&manifest, text.find("class = 285").unwrap() + 8, 0);
    let (status, json) = verify(&mut saltty(), &folder, &[]);
    assert_eq!((status, first(&json)), (1, ("record", "manifest")));
    fs::write(&manifest, text.replace("[explanation]", "[explanatiom]")).unwrap();
    let output = saltty().arg("verify").arg(&folder).assert().code(2);
    let words = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(words.contains("is not a record that saltty can verify: line "), "{words}");
    fs::write(&manifest, text.replace("schema = 3", "schema = 1")).unwrap();
    let output = saltty().arg("verify").arg(&folder).assert().code(2);
    let words = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(words.contains("schema 1") && words.contains("record the photo again"), "{words}");
}

#[test]
fn a_changed_seal_is_told_as_that_and_not_as_edited_tolerances() {
    let folder = recorded("seal");
    let manifest = folder.join(RECORD);
    let text = fs::read_to_string(&manifest).unwrap();
    let at = text.find("tolerances_sha256 = \"").unwrap() + "tolerances_sha256 = \"".len();
    let other = if &text[at..=at] == "0" { "1" } else { "0" };
    fs::write(&manifest, [&text[..at], other, &text[at + 1..]].concat()).unwrap();
    let (status, json) = verify(&mut saltty(), &folder, &[]);
    assert_eq!((status, first(&json)), (1, ("record", "manifest")));
    assert!(note(&json).starts_with("its seal was changed"), "{}", note(&json));
    assert_eq!(json["records"][0]["edited_tolerances"], false);
}

#[test]
fn weights_that_are_not_there_or_no_weights_are_told_once() {
    let folder = recorded("wrong_weights");
    for absent in ["/nope", "src"] {
        let (status, out, told) = told(&mut saltty(), &folder, &["--weights", absent]);
        assert_eq!((status, out.as_str()), (2, ""));
        assert_eq!(told, format!("error: there is no weights file {absent}; say with --weights where it is\n"));
    }
    let text = repository("README.md");
    let (status, out, _) = told(&mut saltty(), &folder, &["--weights", text.to_str().unwrap()]);
    assert_eq!(status, 1);
    assert_eq!(out.matches("is not a usable safetensors file").count(), 1, "{out}");
}

/// How a manifest with one bit flipped is taken.
#[derive(Clone, Copy, PartialEq)]
enum Taken {
    Refused,
    Seen,
    /// A comment, or a space.
    Meaningless,
    /// They may be edited, and are then said to be.
    Tolerances,
}

fn taken(original: &Manifest, bytes: &[u8], byte: usize, bit: usize) -> Taken {
    let mut flipped = bytes.to_vec();
    flipped[byte] ^= 1 << bit;
    let Ok(manifest) = String::from_utf8(flipped).map_err(drop).and_then(|text| Manifest::parse(&text).map_err(drop))
    else {
        return Taken::Refused;
    };
    match manifest.seal_state() {
        SealState::Changed | SealState::Broken => Taken::Seen,
        SealState::OwnTolerances => {
            assert!(manifest.tolerances != original.tolerances, "bit {bit} of byte {byte} is no tolerance");
            Taken::Tolerances
        }
        SealState::Whole => {
            assert_eq!(&manifest, original, "bit {bit} of byte {byte} passes unseen");
            Taken::Meaningless
        }
    }
}

/// Every byte of a manifest with one of its bits flipped, another one in each run, and as many bits again at random.
#[test]
fn no_flipped_bit_of_a_manifest_passes_unseen() {
    let bytes = fs::read(recorded("every_bit").join(RECORD)).unwrap();
    let original = Manifest::parse(std::str::from_utf8(&bytes).unwrap()).unwrap();
    assert_eq!(original.seal_state(), SealState::Whole);
    let random = RandomState::new();
    let each = (0..bytes.len()).into_par_iter().map(|byte| (byte, random.hash_one(byte) as usize % 8));
    let found: Vec<Taken> = each.map(|(byte, bit)| taken(&original, &bytes, byte, bit)).collect();
    let count = |wanted: Taken| found.iter().filter(|taken| **taken == wanted).count();
    let counts = [Taken::Refused, Taken::Seen, Taken::Meaningless, Taken::Tolerances].map(count);
    let cases = Cases::default();
    cases.run("bits of a manifest", 1000, (0..bytes.len(), 0..8_usize), |(byte, bit)| {
        taken(&original, &bytes, byte, bit);
        Ok(())
    });
    let [refused, seen, meaningless, tolerances] = counts;
    Proof::new("flipped_bits_of_a_manifest").line(format_args!(
        "{} flipped bits of a manifest: {refused} refused, {seen} seen, {meaningless} in comments, {tolerances} in \
         tolerances; and 1000 more at random",
        found.len()
    ));
    assert!(refused > 1000 && seen > 1000, "{counts:?}");
}
