//! The studies of `docs/reference/coverage.md` with few trials: intervals that must hold their level do.

#[allow(dead_code, reason = "the page shows more than the test asks for")]
#[path = "../../examples/coverage/studies/mod.rs"]
mod studies;

/// Trials of the cheapest methods; costlier ones get a part of it, a hundred at least.
const TRIALS: usize = 1_000;

fn holds(name: &str, trials: usize) {
    let (_, study) = studies::STUDIES.iter().find(|(study, _)| *study == name).expect("a study of this name");
    let mut wrong = Vec::new();
    let mut claims = 0;
    for table in study(trials).tables {
        for line in table.lines {
            claims += usize::from(line.must.is_some());
            if !line.holds() {
                wrong.push(format!("{}: {line:?}", table.caption));
            }
        }
    }
    assert!(claims > 0, "{name} claims nothing");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

macro_rules! studies {
    ($($name:ident $trials:expr;)*) => {
        $(#[test]
        fn $name() {
            holds(stringify!($name), $trials);
        })*

        #[test]
        fn every_study_is_run() {
            let run = [$(stringify!($name)),*];
            assert!(studies::STUDIES.iter().all(|(name, _)| run.contains(name)));
        }
    };
}

studies! {
    binomial TRIALS;
    paired TRIALS;
    gates TRIALS;
    clusters TRIALS;
    rates TRIALS;
    means TRIALS;
    drops TRIALS;
    judges TRIALS;
    corpus TRIALS;
    agreement TRIALS;
    peeking TRIALS;
    quantiles TRIALS;
    arena TRIALS;
    tests TRIALS;
}
