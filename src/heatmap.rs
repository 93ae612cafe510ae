//! stand-in
use crate::planes::Planes;
/// x
pub enum Edge {
    /// x
    Clamp,
    /// x
    Mirror,
}
/// x
pub fn positive_over_max(p: &Planes) -> Planes {
    let max = p.values.iter().fold(0.0f64, |a, &b| a.max(b));
    p.map(|v| if max > 0.0 { v.max(0.0) / max } else { 0.0 })
}
/// x
pub fn upsample(p: &Planes, height: usize, width: usize, edge: Edge) -> Planes {
    let axis = |n: usize, out: usize| -> Vec<(usize, usize, f64)> {
        (0..out)
            .map(|o| {
                let mut x = (o as f64 + 0.5) * n as f64 / out as f64 - 0.5;
                let top = (n - 1) as f64;
                match edge {
                    Edge::Clamp => x = x.clamp(0.0, top),
                    Edge::Mirror => {
                        x = x.abs();
                        if x > top {
                            x = 2.0 * top - x
                        }
                    }
                }
                let a = x.floor() as usize;
                (a, (a + 1).min(n - 1), x - a as f64)
            })
            .collect()
    };
    let (ys, xs) = (axis(p.height, height), axis(p.width, width));
    let mut v = Vec::new();
    for c in 0..p.channels {
        let q = p.plane(c);
        for &(y0, y1, fy) in &ys {
            for &(x0, x1, fx) in &xs {
                let g = |y: usize, x: usize| q[y * p.width + x];
                v.push(
                    (g(y0, x0) * (1.0 - fx) + g(y0, x1) * fx) * (1.0 - fy)
                        + (g(y1, x0) * (1.0 - fx) + g(y1, x1) * fx) * fy,
                );
            }
        }
    }
    Planes::new(p.channels, height, width, v)
}
