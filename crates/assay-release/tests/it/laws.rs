//! Whatever people do in whatever order: a release goes out only when its policy lets it.

use std::collections::BTreeMap;
use std::path::Path;

use assay_core::gate::Role;
use assay_core::{Digest, RunId};
use assay_release::decide::{Decision, Why, date_of};
use assay_release::policy::digest;
use assay_release::record::{BrokenLog, Event, Opened, Stand, Waiver, beginning, line, person};
use assay_release::{Change, Entry, Finding, Measured, Observed, Policy, Release, Risk, Verdict};
use assay_stats::VerdictKind;
use proptest::prelude::*;

const POLICY: &str = "
policy: laws
require:
  - suite: quality
    rules: [{scorer: a, min: 0}, {scorer: b, min: 0}]
  - suite: safety
    rules: [{scorer: c, min: 0}]
    waivable: false
documents: [{id: change, what: What changed}]
roles: {safety: [p3, P4 <p4>]}
approvals: {medium: {count: 2, roles: {safety: 1}}}
waivers: {max_days: 10}
emergency: {approvals: {count: 1}, review_days: 3}
stages:
  - {name: few, share: 0.1}
  - {name: all, share: 1, after_hours: 24}
";
const DAY: i64 = 86_400_000_000;
const START: i64 = 20_000 * DAY;
/// The first two are authors.
const PEOPLE: [&str; 5] = ["p0", "P1 <p1>", "p2", "p3", "p4"];
const RULES: [(&str, &str); 3] = [("quality#1", "a ≥ 0"), ("quality#2", "b ≥ 0"), ("safety#1", "c ≥ 0")];

#[derive(Clone, Debug)]
enum Act {
    Evaluate([VerdictKind; 3]),
    Approve(usize),
    Reject(usize),
    Waive { by: usize, rule: usize, days: i64 },
    Attach,
    ChangeFile,
    Move,
    Tamper,
    EditPolicy,
    Wait { hours: i64 },
    Ship { emergency: bool },
    RollBack,
}

fn act() -> impl Strategy<Value = Act> {
    let kind = prop_oneof![
        4 => Just(VerdictKind::Pass),
        1 => Just(VerdictKind::Fail),
        1 => Just(VerdictKind::Inconclusive)
    ];
    let person = 0..PEOPLE.len();
    prop_oneof![
        4 => [kind.clone(), kind.clone(), kind].prop_map(Act::Evaluate),
        8 => person.clone().prop_map(Act::Approve),
        1 => person.clone().prop_map(Act::Reject),
        3 => (person, 0..RULES.len(), -2i64..20).prop_map(|(by, rule, days)| Act::Waive { by, rule, days }),
        2 => Just(Act::Attach),
        1 => Just(Act::ChangeFile),
        1 => Just(Act::Move),
        1 => Just(Act::Tamper),
        1 => Just(Act::EditPolicy),
        2 => (1i64..60).prop_map(|hours| Act::Wait { hours }),
        8 => prop::bool::weighted(0.2).prop_map(|emergency| Act::Ship { emergency }),
        1 => Just(Act::RollBack),
    ]
}

fn finding(rule: usize, kind: VerdictKind) -> Finding {
    Finding {
        rule: RULES[rule].0.into(),
        name: RULES[rule].1.into(),
        target: String::new(),
        scorer: String::new(),
        role: Role::Gate,
        kind,
        unmeasured: false,
        found: String::new(),
        value: Some(0.1 + 0.2),
        interval: None,
        n: 1,
        reasons: Vec::new(),
        needed_n: None,
    }
}

fn verdicts(kinds: [VerdictKind; 3]) -> Vec<Verdict> {
    let verdict = |suite: &str, findings: Vec<Finding>| Verdict {
        requirement: suite.into(),
        kind: findings[0].kind,
        run: Some(RunId::from_uuid(uuid::Uuid::from_u128(7))),
        started_us: START,
        measured: Some(Measured::default()),
        baseline: None,
        attempt: 1,
        confidence: 0.95,
        findings,
    };
    vec![
        verdict("quality", vec![finding(0, kinds[0]), finding(1, kinds[1])]),
        verdict("safety", vec![finding(2, kinds[2])]),
    ]
}

/// The release under test, its log as it is stored, and a second account of what happened, kept by the plainest means.
struct World {
    release: Release,
    lines: Vec<String>,
    now: i64,
    policy: String,
    file: Digest,
    moved: bool,
    tampered: bool,
    // The second account.
    evaluated: Option<([VerdictKind; 3], String)>,
    attached: Option<Digest>,
    agree: Vec<usize>,
    against: Vec<usize>,
    waivers: Vec<(usize, usize, i64, i64)>,
    stage: usize,
    shipped_at: i64,
    waived_since: bool,
    rejected_since: bool,
    /// The policy that the newest stage went out under, and whether as an emergency.
    shipped: Option<(String, bool)>,
    over: bool,
}

impl World {
    fn new() -> Self {
        let opened = Opened {
            title: "a change".into(),
            authors: [person(PEOPLE[1])].into(),
            changes: [Change::Prompt].into(),
            paths: Vec::new(),
            risk: Risk::Medium,
            policy: "laws".into(),
            policy_name: "laws".into(),
            policy_digest: digest(POLICY),
            candidate: BTreeMap::new(),
            baseline: BTreeMap::new(),
            target: None,
        };
        let event = Event::Opened(Box::new(opened));
        let (text, _) = line(&Entry { previous: beginning(), at_us: START, by: PEOPLE[0].into(), event }).unwrap();
        Self {
            release: Release::read([text.as_str()]).unwrap(),
            lines: vec![text],
            now: START,
            policy: POLICY.into(),
            file: Digest::of_bytes(b"1"),
            moved: false,
            tampered: false,
            evaluated: None,
            attached: None,
            agree: Vec::new(),
            against: Vec::new(),
            waivers: Vec::new(),
            stage: 0,
            shipped_at: 0,
            waived_since: false,
            rejected_since: false,
            shipped: None,
            over: false,
        }
    }

    fn write(&mut self, by: usize, event: Event) {
        let entry = Entry { previous: self.release.head(), at_us: self.now, by: PEOPLE[by].into(), event };
        let (text, digest) = line(&entry).unwrap();
        self.release.push(digest, serde_json::from_str(&text).unwrap());
        self.lines.push(text);
        let read = Release::read(self.lines.iter().map(String::as_str)).unwrap();
        assert_eq!(read.log, self.release.log, "a log reads back as it was written");
    }

    fn observed(&self) -> Observed {
        let mut observed = Observed { at_us: self.now, ..Observed::default() };
        observed.files.insert("change".into(), Some(self.file));
        if let Some((kinds, _)) = &self.evaluated {
            for mut verdict in verdicts(*kinds) {
                if self.tampered {
                    verdict.findings[0].n += 1;
                }
                observed.read_again.insert(verdict.requirement.clone(), verdict.as_stored().unwrap());
            }
        }
        if self.moved {
            observed.moved.insert("quality".into(), vec!["target `t` is gone".into()]);
        }
        observed
    }

    fn agreed(&self) -> bool {
        self.agree.len() >= 2 && self.agree.iter().any(|who| *who >= 3)
    }

    /// Whether the release may go out, by the second account.
    fn may_ship(&self) -> bool {
        let Some((kinds, policy)) = &self.evaluated else { return false };
        let waived = |rule: usize| {
            rule != 2
                && self.waivers.iter().any(|(by, of, granted, days)| {
                    *by >= 2 && *of == rule && *days <= 10 && granted + days >= self.now.div_euclid(DAY)
                })
        };
        let evidence = (0..3).all(|rule| kinds[rule] == VerdictKind::Pass || waived(rule));
        let fresh = *policy == self.policy && !self.moved && !self.tampered;
        let settled = self.shipped.as_ref().is_some_and(|(policy, emergency)| *policy == self.policy && !emergency);
        let people = (settled && !self.waived_since && !self.rejected_since) || self.agreed();
        let waited = self.stage == 0 || self.now - self.shipped_at >= DAY;
        evidence
            && fresh
            && people
            && waited
            && self.against.is_empty()
            && self.attached == Some(self.file)
            && !self.over
    }

    fn step(&mut self, act: Act) -> Result<(), TestCaseError> {
        match act {
            Act::Evaluate(kinds) => {
                let (stage, verdicts) = (self.release.next_stage(), verdicts(kinds));
                self.write(2, Event::Evaluated { policy: digest(&self.policy), stage, verdicts });
                self.evaluated = Some((kinds, self.policy.clone()));
                (self.moved, self.tampered) = (false, false);
                self.agree.clear();
                self.against.clear();
            }
            Act::Approve(who) => {
                let subject = self.release.subject();
                self.write(who, Event::Approved { subject, reason: "fine".into() });
                self.against.retain(|by| *by != who);
                if who >= 2 && !self.agree.contains(&who) {
                    self.agree.push(who);
                }
            }
            Act::Reject(who) => {
                self.write(who, Event::Rejected { reason: "no".into() });
                self.agree.retain(|by| *by != who);
                self.against.push(who);
                self.rejected_since = true;
            }
            Act::Waive { by, rule, days } => {
                let today = self.now.div_euclid(DAY);
                let until = date_of((today + days) * DAY).unwrap().to_string();
                let waiver = Waiver {
                    rule: RULES[rule].0.into(),
                    name: RULES[rule].1.into(),
                    reason: "known".into(),
                    owner: "p2".into(),
                    follow_up: "mend it".into(),
                    until,
                };
                self.write(by, Event::Waived(waiver));
                self.waivers.push((by, rule, today, days));
                self.agree.clear();
                self.waived_since = true;
            }
            Act::Attach => {
                let event =
                    Event::Attached { document: "change".into(), reference: "c.md".into(), digest: Some(self.file) };
                self.write(0, event);
                self.attached = Some(self.file);
                self.agree.clear();
            }
            Act::ChangeFile => self.file = Digest::of_json(&self.file),
            Act::Move => self.moved = true,
            Act::Tamper => self.tampered = true,
            Act::EditPolicy => self.policy.push_str("# edited\n"),
            Act::Wait { hours } => self.now += hours * 3_600_000_000,
            Act::Ship { emergency } => self.ship(emergency)?,
            Act::RollBack => {
                if self.stage > 0 {
                    self.write(2, Event::RolledBack { reason: "worse".into() });
                    self.over = true;
                }
            }
        }
        Ok(())
    }

    fn ship(&mut self, emergency: bool) -> Result<(), TestCaseError> {
        let policy = Policy::from_text(&self.policy, Path::new("laws.policy.yaml")).unwrap();
        let observed = self.observed();
        let decision = Decision::new(&policy, &self.policy, &self.release, &observed);
        let over = self.over || self.stage == 2;
        let decided = match emergency {
            false => {
                let decided = decision.ship("ready");
                prop_assert_eq!(decided.is_ok(), self.may_ship() && !over, "{:?}", decided);
                decided
            }
            true => {
                let decided = decision.ship_in_emergency("the site is down");
                let may = !over && self.against.is_empty() && !self.agree.is_empty();
                prop_assert_eq!(decided.is_ok(), may, "{:?}", decided);
                if let Ok(Event::Shipped { emergency, .. }) = &decided {
                    let emergency = emergency.as_ref().expect("an emergency is recorded as one");
                    prop_assert_eq!(emergency.passed_over.is_empty(), self.may_ship());
                }
                decided
            }
        };
        if let Ok(event) = decided {
            self.write(2, event);
            self.stage += 1;
            self.shipped_at = self.now;
            (self.waived_since, self.rejected_since) = (false, false);
            self.shipped = Some((self.policy.clone(), emergency));
            let stand = self.release.stand(2);
            prop_assert_eq!(stand, if self.stage == 2 { Stand::Shipped } else { Stand::RollingOut });
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_release_goes_out_exactly_when_its_policy_lets_it(acts in prop::collection::vec(act(), 1..60)) {
        let mut world = World::new();
        for act in acts {
            world.step(act)?;
        }
    }

    #[test]
    fn a_log_that_was_changed_is_not_read(
        acts in prop::collection::vec(act(), 4..12), at in any::<prop::sample::Index>(), how in 0..3,
    ) {
        let mut world = World::new();
        for act in acts {
            world.step(act)?;
        }
        let mut lines = world.lines.clone();
        prop_assume!(lines.len() >= 3);
        // Not the last line: one that is cut off there, or changed, takes a digest that is kept elsewhere.
        let at = at.index(lines.len() - 1);
        match how {
            0 => lines[at] = lines[at].replacen(&format!("\"at_us\":{START}"), &format!("\"at_us\":{}", START - 1), 1),
            1 => { lines.remove(at); }
            _ => lines.swap(at, at + 1),
        }
        prop_assume!(lines != world.lines);
        let read = Release::read(lines.iter().map(String::as_str));
        prop_assert!(matches!(read, Err(BrokenLog::Changed { .. } | BrokenLog::OutOfPlace { .. })), "{read:?}");
    }
}

/// A release that may go out.
fn ready() -> World {
    let mut world = World::new();
    for act in [Act::Attach, Act::Evaluate([VerdictKind::Pass; 3]), Act::Approve(2), Act::Approve(3)] {
        world.step(act).unwrap();
    }
    world
}

#[test]
fn each_thing_that_is_missing_is_named() {
    assert!(ready().may_ship());
    let why = |acts: &[Act]| -> Vec<Why> {
        let mut world = ready();
        for act in acts {
            world.step(act.clone()).unwrap();
        }
        let policy = Policy::from_text(&world.policy, Path::new("laws.policy.yaml")).unwrap();
        let observed = world.observed();
        Decision::new(&policy, &world.policy, &world.release, &observed)
            .blocks()
            .iter()
            .map(|block| block.why)
            .collect()
    };
    assert_eq!(why(&[]), []);
    assert_eq!(why(&[Act::Move]), [Why::Stale]);
    assert_eq!(why(&[Act::Tamper]), [Why::Stale, Why::Stale]);
    assert_eq!(why(&[Act::EditPolicy]), [Why::Stale]);
    assert_eq!(why(&[Act::ChangeFile]), [Why::Document]);
    assert_eq!(why(&[Act::Reject(4)]), [Why::Rejected]);
    assert_eq!(why(&[Act::Reject(3)]), [Why::Rejected, Why::Approvals, Why::Approvals]);
    assert_eq!(why(&[Act::Attach]), [Why::Approvals, Why::Approvals]);
    let failed = Act::Evaluate([VerdictKind::Fail, VerdictKind::Inconclusive, VerdictKind::Pass]);
    let again = [failed, Act::Approve(2), Act::Approve(3)];
    assert_eq!(why(&again), [Why::Failed, Why::Inconclusive]);
    assert_eq!(why(&[Act::Ship { emergency: false }]), [Why::TooEarly]);
    assert_eq!(why(&[Act::Ship { emergency: false }, Act::RollBack]), [Why::Over]);
}

#[test]
fn an_approval_is_for_one_log_only() {
    let world = ready();
    let mut other = World::new();
    other.now += 1;
    other.step(Act::Attach).unwrap();
    other.step(Act::Evaluate([VerdictKind::Pass; 3])).unwrap();
    // The approvals of the first release, replayed.
    for (_, entry) in &world.release.log {
        if let Event::Approved { subject, reason } = &entry.event {
            other.write(2, Event::Approved { subject: *subject, reason: reason.clone() });
        }
    }
    assert!(other.release.approvers().is_empty());
}

#[test]
fn runs_of_one_candidate_are_counted_and_those_of_another_are_not() {
    let mut world = World::new();
    let measured = |target: &str, dataset: &str| Measured {
        targets: [("t".to_owned(), Digest::of_bytes(target.as_bytes()))].into(),
        datasets: [("d".to_owned(), Digest::of_bytes(dataset.as_bytes()))].into(),
        ..Measured::default()
    };
    let run = |n: u128| RunId::from_uuid(uuid::Uuid::from_u128(n));
    let mut judged = |n: u128, of: Measured| {
        let mut all = verdicts([VerdictKind::Inconclusive; 3]);
        all.iter_mut().for_each(|verdict| (verdict.run, verdict.measured) = (Some(run(n)), Some(of.clone())));
        let event = Event::Evaluated { policy: digest(POLICY), stage: 0, verdicts: all };
        world.write(2, event);
        let policy = Policy::from_text(POLICY, Path::new("laws.policy.yaml")).unwrap();
        let requirement = policy.requirement("quality").unwrap();
        world.release.looks(requirement, &measured("v1", "a")).len()
    };
    assert_eq!(judged(1, measured("v1", "a")), 1);
    assert_eq!(judged(1, measured("v1", "a")), 1, "the same run again is no further look");
    assert_eq!(judged(2, measured("v2", "a")), 1, "another candidate begins anew");
    assert_eq!(judged(3, measured("v1", "more cases")), 2, "more data do not make it another candidate");
    let other_scorer = |name: &str| Measured {
        scorers: [(name.to_owned(), Digest::of_bytes(b"stricter"))].into(),
        ..measured("v1", "a")
    };
    assert_eq!(judged(4, other_scorer("a")), 2, "another version of a scorer that is asked about begins anew");
    assert_eq!(judged(5, other_scorer("beside")), 3, "a scorer that no rule asks about changes nothing");
}
