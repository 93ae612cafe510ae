//! The thread that owns a device, and the line of work in front of it.

use std::{
    any::Any,
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, JoinHandle},
};

use crate::{
    Error, Result,
    device::Device,
    nn::{
        Real,
        fused::Links,
        placed::{Extent, Place, Placed, Track},
    },
};

/// What lives on the device.
pub struct Desk<E: Real, P: Place<E>> {
    pub network: Placed<E, P>,
    pub tracks: HashMap<u64, Track<E, P>>,
}

type Job<E, P> = Box<dyn FnOnce(&mut Desk<E, P>) + Send>;

/// Opens the device and places a network there.
type Put<E, P> = Box<dyn FnOnce() -> Result<Placed<E, P>, String> + Send>;

/// Where work for the device is handed in.
pub struct Line<E: Real, P: Place<E>> {
    device: Device,
    /// None only while it ends.
    jobs: Option<Sender<Job<E, P>>>,
    thread: Option<JoinHandle<()>>,
    next: AtomicU64,
}

impl<E: Real, P: Place<E> + 'static> Line<E, P> {
    /// Starts a thread that opens the device and places `network` there, which reads images of sizes `image`. On a GPU it
    /// computes something first: much of what can be wrong with one shows only then.
    ///
    /// # Errors
    /// The device cannot be opened or has not enough memory.
    pub fn start<N: Links<E> + Send + 'static>(
        device: Device,
        open: impl FnOnce() -> Result<P, String> + Send + 'static,
        network: N,
        image: Extent,
    ) -> Result<Self> {
        Self::begin(device, image, Box::new(move || Placed::new(open()?, &network).map_err(|error| error.to_string())))
    }

    /// The same, whatever the network's type: threads and their channels take long to compile.
    fn begin(device: Device, image: Extent, put: Put<E, P>) -> Result<Self> {
        let (jobs, work) = mpsc::channel();
        let (answer, ready) = mpsc::channel();
        let place = move || {
            let place = || {
                let placed = put()?;
                if device != Device::Cpu {
                    placed.rehearse(image).map_err(|error| error.to_string())?;
                }
                Ok(placed)
            };
            let placed = catch_unwind(AssertUnwindSafe(place)).unwrap_or_else(|panic| Err(words(&*panic)));
            match placed {
                Ok(network) => {
                    let _ = answer.send(Ok(()));
                    serve(Desk { network, tracks: HashMap::new() }, &work);
                }
                Err(reason) => {
                    let _ = answer.send(Err(reason));
                }
            }
        };
        // Without a name, as no panic of it concerns the terminal: each becomes an error of who asked.
        let thread = thread::Builder::new().spawn(place).map_err(|error| failed(device, &error.to_string()))?;
        match ready.recv() {
            Ok(Ok(())) => Ok(Self { device, jobs: Some(jobs), thread: Some(thread), next: AtomicU64::new(0) }),
            Ok(Err(reason)) => Err(failed(device, &reason)),
            Err(_) => Err(failed(device, BROKE_OFF)),
        }
    }

    /// The device.
    pub fn device(&self) -> Device {
        self.device
    }

    /// A number for a pass that no other has.
    pub fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Has `work` done and waits for what it gives.
    ///
    /// # Errors
    /// What the device says, in words.
    pub fn ask<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Desk<E, P>) -> Result<R, P::Failure> + Send + 'static,
    ) -> Result<R> {
        let (answer, wait) = mpsc::channel();
        self.tell(move |desk| {
            let done = catch_unwind(AssertUnwindSafe(|| work(desk).map_err(|error| error.to_string())));
            let _ = answer.send(done.unwrap_or_else(|panic| Err(words(&*panic))));
        });
        match wait.recv() {
            Ok(answer) => answer.map_err(|reason| failed(self.device, &reason)),
            Err(_) => Err(failed(self.device, BROKE_OFF)),
        }
    }

    /// Has `work` done some time.
    pub fn tell(&self, work: impl FnOnce(&mut Desk<E, P>) + Send + 'static) {
        if let Some(jobs) = &self.jobs {
            let _ = jobs.send(Box::new(work));
        }
    }
}

/// Waits until all is freed: the program must not end while a driver's calls are under way.
impl<E: Real, P: Place<E>> Drop for Line<E, P> {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// dfdx panics where it cannot return an error.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or(BROKE_OFF).to_owned()
}

const BROKE_OFF: &str = "the computation broke off";

/// Until nobody can hand in any more. What one job breaks does not keep the next from being done.
fn serve<E: Real, P: Place<E>>(mut desk: Desk<E, P>, work: &Receiver<Job<E, P>>) {
    while let Ok(job) = work.recv() {
        let _ = catch_unwind(AssertUnwindSafe(|| job(&mut desk)));
    }
    let _ = catch_unwind(AssertUnwindSafe(|| drop(desk)));
}

/// The driver's words, with what to do about the usual ones.
fn failed(device: Device, reason: &str) -> Error {
    let reason = if reason.contains("OUT_OF_MEMORY") || reason.contains("ALLOC_FAILED") {
        "its memory is full; free some, or explain fewer photos at a time (--batch 1)".to_owned()
    } else if reason.contains("PTX") || reason.contains("NO_BINARY_FOR_GPU") {
        format!(
            "it does not take the code that this saltty was built with ({reason}); update its driver, or build with \
             CUDA_COMPUTE_CAP set to its compute capability, such as 86 for 8.6"
        )
    } else {
        reason.to_owned()
    };
    Error::Gpu { device, reason }
}
