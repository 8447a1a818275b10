//! Random walks over everything people and machines do, while calls fail in every way. At the end what is stored has to be
//! true: see [`truth`].
//!
//! `make chaos SEEDS=5000` walks for longer; `make chaos SEED=17` repeats one walk.

mod faults;
mod people;
mod truth;
mod walk;
mod work;

use faults::Menu;
use usher_runtime::config;
use walk::Walk;

/// How many walks a plain run takes.
const SEEDS: u64 = 300;
/// In how many tests, so that they share the processors.
const TESTS: u64 = 6;
/// How many steps a walk has.
const STEPS: u32 = 30;

/// Names the walk that failed.
struct Replay(u64);

impl Drop for Replay {
    fn drop(&mut self) {
        if std::thread::panicking() {
            #[expect(clippy::print_stderr, reason = "what a person needs to repeat it")]
            {
                eprintln!("This walk failed. Repeat it: make chaos SEED={}", self.0);
            }
        }
    }
}

fn number(name: &'static str) -> Option<u64> {
    config::optional(name).map(|text| text.parse().expect("a number"))
}

/// One walk; how many requests of people succeeded in it.
async fn walk(seed: u64) -> u32 {
    let replay = Replay(seed);
    // Every second walk fails gently: nothing dies and no answer is lost, so nothing may happen twice.
    let menu = if seed.is_multiple_of(2) { Menu::Gentle } else { Menu::Everything };
    let mut walk = Walk::begin(seed, menu).await;
    for _ in 0..STEPS {
        Box::pin(walk.step()).await;
    }
    Box::pin(walk.settle()).await;
    truth::assert_told(&walk).await;
    drop(replay);
    walk.done.get()
}

async fn share(test: u64) {
    if let Some(seed) = number("USHER_CHAOS_SEED") {
        if seed % TESTS == test {
            Box::pin(walk(seed)).await;
        }
        return;
    }
    let seeds = number("USHER_CHAOS_SEEDS").unwrap_or(SEEDS);
    let (mut walks, mut done) = (0, 0);
    for seed in (0..seeds).filter(|seed| seed % TESTS == test) {
        done += Box::pin(walk(seed)).await;
        walks += 1;
    }
    // A walk in which everything is refused would find nothing.
    assert!(done >= 5 * walks, "{done} requests succeeded in {walks} walks");
}

macro_rules! shares {
    ($($name:ident: $test:literal),*) => {$(
        #[tokio::test]
        async fn $name() {
            share($test).await;
        }
    )*};
}

shares!(first_walks: 0, second_walks: 1, third_walks: 2, fourth_walks: 3, fifth_walks: 4, sixth_walks: 5);
