//! On what a record was computed.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::{
    device::{Device, Wanted},
    model::Precision,
    nn::kernel::{Kernels, lanes::Level},
};

/// saltty's own lock file: which crates it was built from.
static LOCK: &str = include_str!("../../Cargo.lock");
/// The crates whose arithmetic or decoding the numbers depend on.
const CRATES: [&str; 9] = ["cudarc", "dfdx", "gemm", "half", "image", "image-webp", "png", "safetensors", "zune-jpeg"];

/// Everything outside the record that its numbers may depend on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// saltty's version.
    pub saltty: String,
    /// Number type: `float32` or `float64`.
    pub dtype: String,
    /// Where it was computed.
    pub device: String,
    /// What a GPU is called, and the newest CUDA that its driver knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu: Option<String>,
    /// The kernel family of convolutions.
    pub kernels: String,
    /// The vector instructions they ran with.
    pub vectors: String,
    /// Threads.
    pub threads: usize,
    /// Processor architecture and operating system.
    pub platform: String,
    /// The processor's name.
    pub cpu: String,
    /// Its instruction sets that kernels may use.
    pub cpu_features: Vec<String>,
    /// Versions of crates, as saltty's own lock file has them.
    pub crates: BTreeMap<String, String>,
}

/// Something that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What.
    pub what: String,
    /// As recorded.
    pub recorded: String,
    /// As it is now.
    pub now: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} -> {}", self.what, self.recorded, self.now)
    }
}

impl Environment {
    /// Here and now, for a network that computes in `precision` with `kernels` on `device`.
    pub fn now(precision: Precision, kernels: Kernels, device: Device) -> Self {
        Self {
            saltty: env!("CARGO_PKG_VERSION").to_owned(),
            dtype: match precision {
                Precision::Single => "float32".to_owned(),
                Precision::Double => "float64".to_owned(),
            },
            device: device.to_string(),
            gpu: device.described(),
            kernels: kernels.to_string(),
            vectors: Level::best().to_string(),
            threads: rayon::current_num_threads(),
            platform: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
            cpu: cpu(),
            cpu_features: cpu_features(),
            crates: crates(),
        }
    }

    /// The number type, as a choice.
    ///
    /// # Errors
    /// If it is none of saltty's.
    pub fn precision(&self) -> Result<Precision, String> {
        match self.dtype.as_str() {
            "float32" => Ok(Precision::Single),
            "float64" => Ok(Precision::Double),
            other => Err(format!("its numbers are {other}, which this saltty does not compute in")),
        }
    }

    /// The family of kernels, as a choice; the usual one where this saltty does not have it.
    pub fn family(&self) -> Kernels {
        <Kernels as clap::ValueEnum>::from_str(&self.kernels, false).unwrap_or_default()
    }

    /// The device, as a choice; the processor where this saltty does not know it.
    pub fn device(&self) -> Device {
        match self.device.parse() {
            Ok(Wanted::Only(device)) => device,
            _ => Device::Cpu,
        }
    }

    /// What is different `now`.
    pub fn changes(&self, now: &Self) -> Vec<Change> {
        let words = |environment: &Self| {
            let Self { saltty, dtype, device, gpu, kernels, vectors, threads, platform, cpu, cpu_features, crates } =
                environment.clone();
            let mut words = vec![
                ("saltty".to_owned(), saltty),
                ("dtype".to_owned(), dtype),
                ("device".to_owned(), device),
                ("gpu".to_owned(), gpu.unwrap_or_else(|| "none".to_owned())),
                ("kernels".to_owned(), kernels),
                ("vectors".to_owned(), vectors),
                ("threads".to_owned(), threads.to_string()),
                ("platform".to_owned(), platform),
                ("cpu".to_owned(), cpu),
                ("cpu features".to_owned(), cpu_features.join("+")),
            ];
            words.extend(crates);
            words
        };
        let now = words(now);
        let find = |what: &str| now.iter().find(|(name, _)| name == what).map_or("none", |(_, value)| value).to_owned();
        let pairs = words(self).into_iter().map(|(what, recorded)| (find(&what), what, recorded));
        let changed = pairs.filter(|(now, _, recorded)| now != recorded);
        changed.map(|(now, what, recorded)| Change { what, recorded, now }).collect()
    }
}

fn cpu() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or("unknown", |(_, name)| name.trim()).to_owned()
}

fn cpu_features() -> Vec<String> {
    let mut found: Vec<&str> = Vec::new();
    macro_rules! detect {
        ($detected:ident: $($feature:tt)+) => {
            $(if std::arch::$detected!($feature) { found.push($feature); })+
        };
    }
    #[cfg(target_arch = "x86_64")]
    detect!(is_x86_feature_detected: "sse4.2" "avx" "avx2" "fma" "f16c" "avx512f" "avx512vl" "avx512dq" "avx512bw");
    #[cfg(target_arch = "aarch64")]
    detect!(is_aarch64_feature_detected: "neon" "fp16" "sve");
    found.iter().map(|&feature| feature.to_owned()).collect()
}

fn crates() -> BTreeMap<String, String> {
    let mut lines = LOCK.lines();
    let mut found = BTreeMap::new();
    while let Some(line) = lines.next() {
        let Some(name) = line.strip_prefix("name = \"").and_then(|rest| rest.strip_suffix('"')) else { continue };
        let version = lines.next().and_then(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
        if let Some(version) = version.filter(|_| CRATES.contains(&name)) {
            let entry: &mut String = found.entry(name.to_owned()).or_default();
            *entry = if entry.is_empty() { version.to_owned() } else { format!("{entry}, {version}") };
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_changed_and_nothing_else() {
        let now = Environment::now(Precision::Single, Kernels::default(), Device::Cpu);
        assert_eq!(now.crates.len(), CRATES.len(), "{:?}", now.crates);
        assert_eq!(now.changes(&now), []);
        let then = Environment { threads: 99, ..now.clone() };
        let changes = then.changes(&now);
        assert_eq!((changes.len(), changes[0].what.as_str(), changes[0].recorded.as_str()), (1, "threads", "99"));
    }
}
