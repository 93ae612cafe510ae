//! NumPy's files: a dictionary in Python's spelling, then the numbers. Little-endian float32 and float64 in C order.
//!
//! Format: `numpy.lib.format`, versions 1 to 3.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
};

use zip::ZipArchive;

use super::{Array, Values};

/// The first bytes of an `.npy` file.
pub const MAGIC: &[u8] = b"\x93NUMPY";
/// Most numbers of one array.
const MOST: usize = 1 << 28;

/// The array of an `.npy` file.
pub fn array(bytes: &[u8]) -> Result<Array, String> {
    let cut = || "it is cut short, so write it again".to_owned();
    let version = *bytes.get(6).ok_or_else(cut)?;
    let (start, len): (usize, usize) = match version {
        1 => (10, usize::from(u16::from_le_bytes(bytes.get(8..10).ok_or_else(cut)?.try_into().expect("two bytes")))),
        2 | 3 => (12, u32::from_le_bytes(bytes.get(8..12).ok_or_else(cut)?.try_into().expect("four bytes")) as usize),
        _ => return Err(format!("it is in version {version} of NumPy's format, which saltty does not know")),
    };
    let header = start.checked_add(len).and_then(|end| bytes.get(start..end)).ok_or_else(cut)?;
    let header = String::from_utf8_lossy(header);
    let data = &bytes[start + len..];
    if field(&header, "fortran_order")? != "False" {
        return Err("it is in Fortran's order; save numpy.ascontiguousarray(a) instead".to_owned());
    }
    let shape = sizes(field(&header, "shape")?)?;
    let count = shape.iter().try_fold(1_usize, |product, &n| product.checked_mul(n)).filter(|&n| n <= MOST);
    let count = count.ok_or_else(|| format!("its shape {shape:?} is larger than any map"))?;
    let values = match field(&header, "descr")?.trim_matches(['\'', '"']) {
        "<f4" => Values::F32(numbers(data, count).ok_or_else(cut)?.map(f32::from_le_bytes).collect()),
        "<f8" => Values::F64(numbers(data, count).ok_or_else(cut)?.map(f64::from_le_bytes).collect()),
        other => return Err(format!("its numbers are {other}; save it with .astype('<f4') or .astype('<f8')")),
    };
    Ok(Array { shape, values })
}

/// `count` numbers of `N` bytes.
fn numbers<const N: usize>(data: &[u8], count: usize) -> Option<impl Iterator<Item = [u8; N]>> {
    let chunks = data.as_chunks::<N>().0;
    Some(chunks.get(..count)?.iter().copied())
}

/// What follows `'name':` in the dictionary, up to the comma that ends it.
fn field<'h>(header: &'h str, name: &str) -> Result<&'h str, String> {
    let missing = || format!("its header has no `{name}`, so write it again");
    let at = [format!("'{name}'"), format!("\"{name}\"")].iter().find_map(|key| Some(header.find(key)? + key.len()));
    let rest = header[at.ok_or_else(missing)?..].trim_start().strip_prefix(':').ok_or_else(missing)?.trim_start();
    let end = if rest.starts_with('(') { rest.find(')').map(|end| end + 1) } else { rest.find([',', '}']) };
    Ok(rest[..end.ok_or_else(missing)?].trim())
}

/// `(3, 227, 227)`, `(14,)` or `()`.
fn sizes(tuple: &str) -> Result<Vec<usize>, String> {
    let inside = tuple.trim_matches(['(', ')']);
    let numbers = inside.split(',').map(str::trim).filter(|number| !number.is_empty());
    numbers.map(str::parse).collect::<Result<_, _>>().map_err(|_| format!("its shape is `{tuple}`, so write it again"))
}

/// The arrays of an `.npz` file, which is a ZIP archive of `.npy` files.
pub fn archive(bytes: &[u8]) -> Result<BTreeMap<String, Array>, String> {
    let damaged = |e: &dyn std::fmt::Display| format!("it is a damaged archive ({e}), so write it again");
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|e| damaged(&e))?;
    let mut arrays = BTreeMap::new();
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|e| damaged(&e))?;
        let name = entry.name().map_err(|e| damaged(&e))?.trim_end_matches(".npy").to_owned();
        let mut bytes = Vec::new();
        entry.take(8 * MOST as u64 + (1 << 16)).read_to_end(&mut bytes).map_err(|e| damaged(&e))?;
        let array = array(&bytes).map_err(|reason| format!("its array `{name}` cannot be used: {reason}"))?;
        arrays.insert(name, array);
    }
    Ok(arrays)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn npy(header: &str, data: &[u8]) -> Vec<u8> {
        [MAGIC, &[1, 0], &(header.len() as u16).to_le_bytes(), header.as_bytes(), data].concat()
    }

    #[test]
    fn reads_what_numpy_writes() {
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }          \n";
        let data = [1.5_f32.to_le_bytes(), (-2.0_f32).to_le_bytes()].concat();
        assert_eq!(array(&npy(header, &data)).unwrap(), Array::f32(&[1, 2], &[1.5, -2.0]));
        let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (), }\n";
        assert_eq!(array(&npy(header, &3.0_f64.to_le_bytes())).unwrap(), Array::f64(&[], vec![3.0]));
    }

    #[test]
    fn says_what_it_cannot_read() {
        let reason = |header: &str| array(&npy(header, &[0; 8])).unwrap_err();
        assert!(reason("{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }").contains("astype"));
        assert!(reason("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2), }").contains("ascontiguousarray"));
        assert!(reason("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }").contains("cut short"));
        assert!(reason("{'descr': '<f4', 'fortran_order': False}").contains("no `shape`"));
        assert!(
            reason("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 9999999999), }").contains("larger")
        );
        assert!(array(&MAGIC[..6]).unwrap_err().contains("cut short"));
    }
}
