//! Which calls fail in a walk, and how.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fastrand::Rng;
use usher_tests::Cloud;
use usher_tests::cloud::Fault;

/// One call in so many fails.
const ONE_IN: u32 = 25;

/// How calls may fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Menu {
    /// Throttled, in conflict, or never arrived: who asks again gets it.
    Gentle,
    /// Also answers are lost, and functions are killed between two calls.
    Everything,
}

/// Makes calls fail from now on. Counts how often it is left open whether a mail went out.
pub(super) fn begin(cloud: &Cloud, seed: u64, menu: Menu) -> Arc<AtomicUsize> {
    let counted = Arc::<AtomicUsize>::default();
    let doubts = Arc::clone(&counted);
    // Its own numbers, so that the order of the code's calls does not change what people do.
    let mut random = Rng::with_seed(seed ^ 0x00c0_ffee);
    cloud.fail(move |operation| {
        if random.u32(..ONE_IN) != 0 {
            return None;
        }
        let mail = operation.contains("/v2/email/outbound");
        let fault = match (menu, random.u32(..7)) {
            // SES is not asked whether a call arrived.
            (Menu::Gentle, _) if mail => return None,
            (Menu::Gentle, 0 | 1) | (_, 0) => Fault::Before,
            (Menu::Gentle, 2 | 3) | (_, 1) => Fault::Throttled,
            (_, 2 | 3) => Fault::Statements(random.u64(..)),
            (Menu::Gentle, _) | (_, 4) => Fault::Conflict,
            (Menu::Everything, 5) => Fault::After,
            (Menu::Everything, _) => Fault::Killed,
        };
        if matches!(fault, Fault::Killed) || (mail && matches!(fault, Fault::Before | Fault::After)) {
            doubts.fetch_add(1, Ordering::SeqCst);
        }
        Some(fault)
    });
    counted
}
