use super::*;

/// A judge of one arm whose verdicts are given, each with its case, cluster and repeat, and what people say of the cases.
struct World {
    verdicts: Vec<Verdict>,
    truths: HashMap<Digest, Truth>,
    score: ScoreKind,
    arms: Vec<String>,
}

fn item(case: u32) -> Digest {
    Digest::of_bytes(format!("case {case}").as_bytes())
}

impl World {
    fn new(score: ScoreKind) -> Self {
        Self { verdicts: Vec::new(), truths: HashMap::new(), score, arms: vec!["only".into()] }
    }

    fn judge(&mut self, case: u32, cluster: u32, epoch: u32, value: Result<f64, Silence>) {
        self.verdicts.push(Verdict {
            item: item(case),
            case: format!("c{case}"),
            cluster,
            clustered: false,
            arm: 0,
            epoch,
            value,
            metadata: Vec::new(),
        });
    }

    fn label(&mut self, case: u32, value: f64) {
        let raters = vec![(0, value), (1, value)];
        let truth = Truth { value: Some(value), random: true, chance: None, raters, labelled_us: Some(0) };
        self.truths.insert(item(case), truth);
    }

    fn certificate(&self) -> Certificate {
        let names = ["ann", "bob"].map(str::to_owned);
        Calibrating {
            judge: "j",
            fingerprint: item(0),
            criterion: "j",
            coding: Coding { score: self.score, positive: vec![], scale: None },
            direction: Direction::Higher,
            threshold: None,
            runs: Vec::new(),
            arms: self.arms.clone(),
            verdicts: &self.verdicts,
            truths: (&self.truths, &names),
            swapped: None,
            orders: &[],
            slices: &[],
            margin: 0.1,
            confidence: 0.95,
            epsilon: 0.15,
            now_us: 0,
            labels_digest: item(0),
            canaries: 0,
        }
        .certificate()
    }
}

#[test]
fn an_item_whose_verdict_cannot_be_read_counts_once_and_an_abstention_is_none() {
    let mut world = World::new(ScoreKind::Binary);
    for case in 0..10 {
        world.judge(case, case, 0, Ok(1.0));
    }
    // Asked four times about one item: read twice.
    for (epoch, value) in [Err(Silence::Unreadable), Ok(1.0), Err(Silence::Unreadable), Ok(1.0)].into_iter().enumerate()
    {
        world.judge(10, 10, epoch as u32, value);
    }
    for epoch in 0..5 {
        world.judge(11, 11, epoch, Err(Silence::Unreadable));
    }
    world.judge(12, 12, 0, Err(Silence::Abstained));
    world.judge(13, 13, 0, Err(Silence::NeedsPerson));
    world.judge(14, 14, 0, Err(Silence::NotAsked));
    world.judge(15, 15, 0, Err(Silence::Other));
    let made = world.certificate();
    assert_eq!((made.judged, made.unreadable, made.abstained), (11, 2, 2));
    // Half of the eleventh item's verdicts and all of the twelfth's, of twelve items.
    let share = made.evidence.parse_failures.unwrap();
    assert!((share - 1.5 / 12.0).abs() < 1e-12, "{share}");
    assert!(made.notes.iter().any(|note| note.contains("abstained on 2 answers")), "{:?}", made.notes);
}

#[test]
fn a_label_of_what_several_targets_answered_counts_once() {
    let mut world = World::new(ScoreKind::Binary);
    for arm in 0..4 {
        for case in 0..30 {
            world.judge(case, case, 0, Ok(f64::from(case % 2)));
            world.verdicts.last_mut().unwrap().arm = arm;
        }
        world.judge(30, 30, 0, Err(Silence::Unreadable));
        world.judge(31, 31, 0, Err(Silence::Abstained));
        world.verdicts.iter_mut().rev().take(2).for_each(|verdict| verdict.arm = arm);
    }
    for case in 0..20 {
        world.label(case, f64::from(case % 2));
    }
    world.label(20, 1.0);
    world.label(21, 1.0);
    world.truths.get_mut(&item(20)).unwrap().random = false;
    world.truths.get_mut(&item(21)).unwrap().value = None;
    world.arms = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
    let made = world.certificate();
    assert_eq!((made.judged, made.labels, made.by_hand, made.split), (30, 20, 1, 1));
    assert_eq!((made.unreadable, made.abstained), (1, 1));
    // 20 labels are not the 50 that the lowest grade asks for, however many targets gave the same answers.
    assert_eq!((made.evidence.labels, made.evidence.rarer_class, made.labels_to_go()), (20, 10, 30));
    // Of each target they are all its own.
    assert!(made.arms.iter().all(|arm| (arm.judged, arm.labels) == (30, 20)), "{:?}", made.arms);
    assert_eq!(made.evidence.smaller_arm, Some(20));
}

/// 60 cases that a judge sees rightly but for every sixth, `copies` of each in one cluster or by themselves.
fn copied(score: ScoreKind, copies: u32, together: bool) -> Certificate {
    let mut world = World::new(score);
    let level = |case: u32| match score {
        ScoreKind::Binary => f64::from(case % 2),
        _ => f64::from(case % 5) / 4.0,
    };
    for case in 0..60 {
        for copy in 0..copies {
            let id = 60 * copy + case;
            let judged = if case % 6 == 5 { 1.0 - level(case) } else { level(case) };
            world.judge(id, if together { case } else { id }, 0, Ok(judged));
            world.label(id, level(case));
        }
    }
    world.certificate()
}

#[test]
fn answers_that_hang_together_are_no_more_evidence_than_one() {
    for (score, keys) in [
        (ScoreKind::Binary, &["agreement", "alpha", "ac1", "kappa"][..]),
        (ScoreKind::Bounded { lo: 0.0, hi: 1.0 }, &["agreement", "alpha", "correlation"][..]),
    ] {
        let once = copied(score, 1, false);
        let together = copied(score, 4, true);
        let apart = copied(score, 4, false);
        let width = |made: &Certificate, key: &str| {
            let interval = made.figure(key).and_then(|figure| figure.interval).unwrap();
            interval.upper - interval.lower
        };
        for key in keys {
            let (a, b, c) = (width(&once, key), width(&together, key), width(&apart, key));
            assert!((b / a - 1.0).abs() < 0.05, "{key}: {b} of copies, {a} of one each");
            assert!(c < 0.6 * b, "{key}: {c} apart, {b} together");
        }
        assert!(together.evidence.agreement.unwrap() < apart.evidence.agreement.unwrap());
    }
}

#[test]
fn the_alt_test_counts_clusters_and_not_answers() {
    let made = |together: bool| {
        let mut world = World::new(ScoreKind::Binary);
        for case in 0..40 {
            world.judge(case, if together { case / 2 } else { case }, 0, Ok(f64::from(case % 2)));
            world.label(case, f64::from(case % 2));
        }
        world.certificate()
    };
    assert!(made(false).figure("alt_test").is_some());
    // Twenty clusters are fewer than the test asks for, however many answers they hold.
    assert!(made(true).figure("alt_test").is_none());
}

#[test]
fn agreement_without_a_fault_is_not_certain() {
    let mut world = World::new(ScoreKind::Binary);
    for case in 0..50 {
        world.judge(case, case, 0, Ok(f64::from(case % 2)));
        world.label(case, f64::from(case % 2));
    }
    let lower = world.certificate().evidence.agreement.unwrap();
    // Wilson's lower end for 50 of 50 is 0.9287, and half is chance.
    assert!((lower - (2.0 * 0.9287 - 1.0)).abs() < 1e-3, "{lower}");
}

#[test]
fn expected_values_that_differ_by_a_hair_are_one_verdict() {
    let mut world = World::new(ScoreKind::Bounded { lo: 0.0, hi: 1.0 });
    for case in 0..40 {
        let value = f64::from(case % 5) / 4.0;
        world.judge(case, case, 0, Ok(value));
        world.judge(case, case, 1, Ok((value - 0.007).abs()));
    }
    assert_eq!(world.certificate().evidence.flip_rate, Some(0.0));
    world.judge(0, 0, 2, Ok(0.25));
    assert!(world.certificate().evidence.flip_rate.unwrap() > 0.0);
}
