//! The clock of ratios: processor time of the calling thread. Whatever else the machine does in between is not in it.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// A moment of the thread's processor time.
#[derive(Clone, Copy)]
pub struct CpuTime(Duration);

impl CpuTime {
    /// Now.
    pub fn now() -> Self {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
        Self(Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default()))
    }

    /// Processor time between two moments.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// Processor time since this moment.
    pub fn elapsed(self) -> Duration {
        Self::now().since(self)
    }
}
