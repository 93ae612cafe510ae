//! stand-in
/// x
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preprocess {
    /// x
    Caffe,
    /// x
    Torchvision,
    /// x
    Keras,
}
impl std::str::FromStr for Preprocess {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        match s {
            "caffe" => Ok(Self::Caffe),
            "torchvision" => Ok(Self::Torchvision),
            "keras" => Ok(Self::Keras),
            _ => Err(String::new()),
        }
    }
}
/// x
pub struct Photo { /// x
 pub raster: crate::raster::Raster }
impl Photo { /// x
 pub fn open(p: &std::path::Path) -> crate::Result<Self> { let i = image::open(p).unwrap().to_rgb8(); let (w,h)=i.dimensions(); Ok(Self { raster: crate::raster::Raster { width: w as usize, height: h as usize, pixels: i.pixels().map(|p| p.0).collect() } }) } }
impl Preprocess { /// x
 pub fn planes(&self, r: &crate::raster::Raster) -> crate::planes::Planes { let m=[103.939, 116.779, 123.68]; let mut v=vec![]; for c in 0..3 { for p in &r.pixels { v.push(f64::from(p[2-c]) - m[c]); } } crate::planes::Planes::new(3, r.height, r.width, v) } }
