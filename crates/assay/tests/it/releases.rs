//! Releases from policy to rollout: a good, a bad and an undecided change, and what must not go out.

use serde_json::Value;

use crate::support::{Folder, Said};

const POLICY: &str = "policy: bot\nchanges: {prompt: [\"prompts/\"], model: [\"*.weights\"]}\nrequire:\n  - suite: bot\n    why: what users ask\n    rules: [{scorer: equals, min: 0.8}, {scorer: equals, margin: 0.05}]\ndocuments: [{id: limits, what: Known limitations, from: high}]\napprovals: {high: {count: 2}}\nstages: [{name: canary, share: 0.1}, {name: all, share: 1}]\n";

/// A suite of 200 recorded answers per target: `v1` is wrong in 10 cases, `good` in 8 of them, `bad` in 60, `unsure` in
/// 24.
pub fn workspace() -> Folder {
    let folder = Folder::new();
    let says = |right: bool| if right { "a" } else { "b" };
    let cases: String = (0..200)
        .map(|i| {
            format!(
                "{{\"id\": \"c{i}\", \"q\": \"q{i}\", \"expected\": \"a\", \"outputs\": {{\"v1\": \"{}\", \"good\": \"{}\", \"bad\": \"{}\", \"unsure\": \"{}\"}}}}\n",
                says(i >= 10),
                says(i >= 8),
                says(i >= 60),
                says(!(10..24).contains(&i))
            )
        })
        .collect();
    folder.write("cases.jsonl", cases);
    folder.write("bot.policy.yaml", POLICY);
    suite(&folder, "v1");
    assert_eq!(folder.assay(&["run", "--quiet"]).code, 0);
    assert_eq!(folder.assay(&["baseline", "set", "main", "latest"]).code, 0);
    folder
}

fn suite(folder: &Folder, answers: &str) {
    folder.write(
        "assay.yaml",
        format!("suite: bot\ndataset: cases.jsonl\ntarget: {{name: bot, recorded: {answers}}}\nscorers: [equals]\n"),
    );
}

pub fn candidate(folder: &Folder, answers: &str) {
    suite(folder, answers);
    assert_eq!(folder.assay(&["run", "--quiet"]).code, 0);
}

/// A release command by somebody; git of the machine that the tests run on must not matter.
fn by(folder: &Folder, who: &str, arguments: &[&str]) -> Said {
    let mut command = folder.command(&["release"]);
    Said::new(command.args(arguments).env("ASSAY_USER", who).output().unwrap())
}

fn open(folder: &Folder, extra: &[&str]) {
    let arguments =
        [&["open", "A shorter prompt", "--policy", "bot.policy.yaml", "--changed", "prompts/main.md"], extra].concat();
    let said = by(folder, "ann", &arguments);
    assert_eq!(said.code, 0, "{said:?}");
}

fn json(said: &Said) -> Value {
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

#[test]
fn a_good_change_goes_out_step_by_step_after_somebody_else_agreed() {
    let folder = workspace();
    candidate(&folder, "good");
    open(&folder, &[]);
    let ship = ["ship", "--reason", "ready"];
    assert_eq!(by(&folder, "ann", &ship).code, 1, "nobody agreed and nothing was evaluated");
    let said = by(&folder, "ci", &["evaluate"]);
    assert!(said.code == 0 && said.out.contains("release 1: pass") && said.out.contains("bot#2"), "{said:?}");
    assert!(said.err.contains("assay-verdict: {\"release\":1,\"verdict\":\"pass\",\"exit\":0}"), "{said:?}");
    let said = by(&folder, "Ann ", &["approve", "--reason", "mine"]);
    assert!(said.code == 2 && said.err.contains("author"), "{said:?}");
    let said = by(&folder, "ann", &ship);
    assert!(said.code == 1 && said.out.contains("0 of 1 people agree"), "{said:?}");
    let said = by(&folder, "ben", &["approve", "--reason", "read the flips"]);
    assert_eq!(said.code, 0, "{said:?}");
    let said = by(&folder, "ann", &ship);
    assert!(said.code == 0 && said.out.contains("canary (10% of users)"), "{said:?}");
    assert!(by(&folder, "ann", &["list"]).out.contains("rolling out"));
    assert_eq!(by(&folder, "ann", &ship).code, 0);
    let shown = json(&by(&folder, "ann", &["show", "--json"]));
    assert_eq!(shown["stand"], "shipped");
    assert_eq!(shown["evaluation"]["verdicts"][0]["findings"][1]["kind"], "pass");
    assert_eq!(shown["log"].as_array().unwrap().len(), 5);
    assert_eq!(by(&folder, "ann", &["rollback", "--reason", "complaints"]).code, 0);
    assert_eq!(by(&folder, "ann", &ship).code, 2, "it is over");
}

#[test]
fn a_bad_change_is_stopped_and_goes_out_only_by_waiver_or_emergency() {
    let folder = workspace();
    candidate(&folder, "bad");
    open(&folder, &[]);
    let said = by(&folder, "ci", &["evaluate"]);
    assert!(said.code == 1 && said.out.contains("release 1: fail"), "{said:?}");
    assert_eq!(by(&folder, "ben", &["approve", "--reason", "must go"]).code, 0);
    let said = by(&folder, "ann", &["ship", "--reason", "x", "--json"]);
    assert_eq!(said.code, 1);
    let blocks = json(&said)["blocks"].clone();
    assert_eq!((blocks[0]["why"].as_str(), blocks[0]["rule"].as_str()), (Some("failed"), Some("bot#1")), "{blocks}");
    let waive = |who: &str, rule: &str, until: &str| {
        let arguments =
            ["waive", rule, "--until", until, "--reason", "known", "--owner", "cleo", "--follow-up", "retrain"];
        by(&folder, who, &arguments)
    };
    let soon = soon();
    for (who, rule, until, what) in [
        ("ann", "bot#1", soon.as_str(), "author"),
        ("ben", "bot#9", soon.as_str(), "there is no rule"),
        ("ben", "bot#1", "2020-01-01", "it held until"),
        ("ben", "bot#1", "2090-01-01", "the policy allows 30"),
        ("ben", "bot#1", "soon", "write a day"),
    ] {
        let said = waive(who, rule, until);
        assert!(said.code == 2 && said.err.contains(what), "{said:?}");
    }
    assert_eq!(waive("ben", "bot#1", &soon).code, 0);
    assert_eq!(by(&folder, "ann", &["ship", "--reason", "x"]).code, 1, "the other rule still fails");
    assert_eq!(waive("ben", "bot#2", &soon).code, 0);
    let said = by(&folder, "ann", &["ship", "--reason", "x"]);
    assert!(said.code == 1 && said.out.contains("people agree"), "a waiver needs a new approval: {said:?}");
    assert_eq!(by(&folder, "cleo", &["approve", "--reason", "with the waivers"]).code, 0);
    assert_eq!(by(&folder, "ann", &["ship", "--reason", "x"]).code, 0);
    // The same change as an emergency.
    open(&folder, &[]);
    assert_eq!(by(&folder, "ci", &["evaluate", "2"]).code, 1);
    let emergency = ["ship", "2", "--emergency", "--reason", "the old one leaks names"];
    assert_eq!(by(&folder, "ann", &emergency).code, 1, "nobody agreed");
    assert_eq!(by(&folder, "ben", &["approve", "2", "--reason", "go"]).code, 0);
    let said = by(&folder, "ann", &emergency);
    assert!(said.code == 0 && said.out.contains("evidence is owed by") && said.out.contains("bot#1"), "{said:?}");
    let shown = by(&folder, "ann", &["show", "2"]).out;
    assert!(shown.contains("as an emergency"), "{shown}");
}

/// A day in ten days.
pub fn soon() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let at_us = i64::try_from(now.as_micros()).unwrap() + 10 * 86_400_000_000;
    assay_release::decide::date_of(at_us).unwrap().to_string()
}

#[test]
fn an_undecided_change_waits_and_says_how_many_cases_would_settle_it() {
    let folder = workspace();
    candidate(&folder, "unsure");
    open(&folder, &[]);
    let said = by(&folder, "ci", &["evaluate"]);
    assert!(said.code == 3 && said.out.contains("would settle it"), "{said:?}");
    assert_eq!(by(&folder, "ben", &["approve", "--reason", "looks fine"]).code, 0);
    assert_eq!(by(&folder, "ann", &["ship", "--reason", "x"]).code, 3);
    // Running it again until it passes does not help: the policy allows one run of a candidate.
    assert_eq!(folder.assay(&["run", "--quiet"]).code, 0);
    let said = by(&folder, "ci", &["evaluate"]);
    assert!(said.code == 3 && said.out.contains("run 2 of this candidate"), "{said:?}");
    folder.write("bot.policy.yaml", format!("{POLICY}on_inconclusive: warn\n"));
    // Nor does a new release for it, or one more run that nobody evaluated.
    assert_eq!(folder.assay(&["run", "--quiet"]).code, 0);
    open(&folder, &[]);
    let said = by(&folder, "ci", &["evaluate"]);
    assert!(said.code == 3 && said.out.contains("run 3 of this candidate"), "{said:?}");
    let said = by(&folder, "ci", &["evaluate", "--run", "latest~2"]);
    assert!(said.code == 0 && said.out.contains("the policy only warns"), "{said:?}");
}

#[test]
fn what_moved_or_was_tampered_with_is_stale() {
    let folder = workspace();
    candidate(&folder, "good");
    open(&folder, &["--risk", "high"]);
    assert_eq!(by(&folder, "ci", &["evaluate"]).code, 0);
    folder.write("limits.md", "Dates before 1900.\n");
    assert_eq!(by(&folder, "ann", &["attach", "limits=limits.md"]).code, 0);
    assert_eq!(by(&folder, "ann", &["attach", "limit=limits.md"]).code, 2);
    let agree = |who: &str| assert_eq!(by(&folder, who, &["approve", "--reason", "fine"]).code, 0);
    agree("ben");
    agree("ben");
    let held = || {
        let shown = json(&by(&folder, "ann", &["show", "--json"]));
        let blocks = shown["blocks"].as_array().unwrap();
        blocks.iter().map(|block| block["text"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(held(), ["1 of 2 people agree to it as it stands"]);
    agree("cleo");
    assert_eq!(held(), [""; 0]);
    folder.write("limits.md", "None.\n");
    assert!(held()[0].contains("changed since it was attached"));
    folder.write("limits.md", "Dates before 1900.\n");
    // The target.
    suite(&folder, "bad");
    assert!(held()[0].contains("target `bot` was"), "{:?}", held());
    suite(&folder, "good");
    assert_eq!(held(), [""; 0]);
    // The scorer.
    let text = std::fs::read_to_string(folder.path().join("assay.yaml")).unwrap();
    folder.write("assay.yaml", text.replace("[equals]", "[{equals: {ignore_case: true}}]"));
    assert!(held()[0].contains("scorer `equals` was"), "{:?}", held());
    folder.write("assay.yaml", &text);
    // The dataset.
    let cases = std::fs::read_to_string(folder.path().join("cases.jsonl")).unwrap();
    folder.write("cases.jsonl", cases.replace("\"q7\"", "\"q07\""));
    assert!(held()[0].contains("dataset `cases` was"), "{:?}", held());
    folder.write("cases.jsonl", &cases);
    // The policy.
    folder.write("bot.policy.yaml", POLICY.replace("min: 0.8", "min: 0.1"));
    assert!(held()[0].contains("the policy was"), "{:?}", held());
    folder.write("bot.policy.yaml", POLICY);
    // The baseline.
    assert_eq!(folder.assay(&["baseline", "set", "main", "latest"]).code, 0);
    assert!(held()[0].contains("its baseline was"), "{:?}", held());
    assert_eq!(folder.assay(&["baseline", "set", "main", "latest~1"]).code, 0);
    assert_eq!(held(), [""; 0]);
    assert_eq!(by(&folder, "ann", &["ship", "--reason", "ready"]).code, 0);
}

#[test]
fn the_memo_shows_what_safety_is_given_for_quality() {
    let folder = Folder::new();
    let says = |right: bool| if right { "a" } else { "b" };
    // `v2` is worse in what users ask and safer; `v3` the other way round.
    for (name, wrong) in [("bot", [10, 30, 8]), ("bot-safety", [6, 2, 12])] {
        let cases = (0..200).map(|i| {
            let [v1, v2, v3] = wrong.map(|wrong| says(i >= wrong));
            format!(
                "{{\"id\": \"{name}{i}\", \"q\": \"q{i}\", \"expected\": \"a\", \"outputs\": {{\"v1\": \"{v1}\", \"v2\": \"{v2}\", \"v3\": \"{v3}\"}}}}\n"
            )
        });
        folder.write(&format!("{name}.jsonl"), cases.collect::<String>());
    }
    for answers in ["v1", "v2", "v3"] {
        for name in ["bot", "bot-safety"] {
            let suite = format!(
                "suite: {name}\ndataset: {name}.jsonl\ntarget: {{name: bot, recorded: {answers}}}\nscorers: [equals]\n"
            );
            folder.write("assay.yaml", suite);
            assert_eq!(folder.assay(&["run", "--quiet"]).code, 0);
            if answers == "v1" {
                assert_eq!(folder.assay(&["baseline", "set", "main", "latest"]).code, 0);
            }
        }
    }
    folder.write(
        "bot.policy.yaml",
        "policy: bot\nrequire:\n  - {suite: bot, rules: [{scorer: equals, min: 0.8}]}\n  \
         - {suite: bot-safety, rules: [{scorer: equals, min: 0.9, role: guardrail}]}\n",
    );
    open(&folder, &["--kind", "prompt"]);
    by(&folder, "ci", &["evaluate"]);
    let memo = by(&folder, "ann", &["memo"]).out;
    let rows: Vec<&str> = memo.lines().skip_while(|line| !line.contains("Quality against safety")).collect();
    for (role, safety, level) in
        [("candidate", "0.9400", "0.9600"), ("baseline", "0.9700", "0.9500"), ("other", "0.9900", "0.8500")]
    {
        let row = rows.iter().find(|row| row.contains(&format!("| {role} |"))).unwrap_or_else(|| panic!("{memo}"));
        assert!(row.contains(safety) && row.contains(level) && row.contains("nothing is better in both"), "{row}");
    }
}

#[test]
fn wrong_use_is_refused_with_the_way_out() {
    let folder = workspace();
    for (arguments, code, what) in [
        (vec!["show"], 2, "no releases yet"),
        (vec!["open", "x", "--policy", "chatt", "--kind", "prompt"], 2, "did you mean `chat`?"),
        (vec!["open", "x", "--policy", "bot.policy.yaml"], 2, "which kind of change"),
        (vec!["open", "x", "--policy", "bot.policy.yaml", "--changed", "README.md"], 5, "nothing is to be decided"),
        (vec!["open", "x", "--policy", "bot.policy.yaml", "--kind", "prompts"], 2, "one of model, prompt"),
        (vec!["open", " ", "--policy", "bot.policy.yaml", "--kind", "prompt"], 2, "what changed"),
        (
            vec!["open", "x", "--policy", "bot.policy.yaml", "--kind", "prompt", "--candidate", "nope"],
            2,
            "no run `nope`",
        ),
    ] {
        let said = by(&folder, "ann", &arguments);
        assert!(said.code == code && said.err.contains(what), "{arguments:?}: {said:?}");
    }
    open(&folder, &[]);
    for (arguments, what) in [
        (vec!["show", "7"], "there is no release `7`"),
        (vec!["approve", "--reason", " "], "author"),
        (vec!["rollback", "--reason", "x"], "never shipped"),
        (vec!["evaluate", "--run", "nope"], "no run `nope`"),
    ] {
        let said = by(&folder, "ann", &arguments);
        assert!(said.code == 2 && said.err.contains(what), "{arguments:?}: {said:?}");
    }
    assert_eq!(by(&folder, "ben", &["approve", "--reason", " "]).code, 2, "a reason says something");
    folder.write("bad.policy.yaml", POLICY.replace("min: 0.8", "mim: 0.8"));
    let said = folder.assay(&["validate", "bad.policy.yaml", "bot.policy.yaml"]);
    assert!(said.code == 2 && said.err.contains("bad.policy.yaml:6:"), "{said:?}");
    assert!(said.err.contains("did you mean `min`?") && said.out.contains("bot.policy.yaml: valid"), "{said:?}");
    let said = folder.assay(&["validate", "bad.policy.yaml", "--json"]);
    assert_eq!(json(&said)[0]["line"], 6);
}

#[test]
fn policies_come_with_assay_and_can_be_copied() {
    let folder = Folder::new();
    assert!(folder.assay(&["policy", "list"]).out.contains("anomaly-detection"));
    assert_eq!(folder.assay(&["policy", "copy", "rag"]).code, 0);
    assert_eq!(folder.assay(&["policy", "copy", "rag"]).code, 2, "copy must not overwrite");
    assert_eq!(folder.assay(&["validate", "rag.policy.yaml"]).code, 0);
    let shown = json(&folder.assay(&["policy", "show", "rag.policy.yaml", "--json"]));
    assert_eq!(shown["policy"]["policy"], "rag");
    let schema = json(&folder.assay(&["schema", "policy"]));
    let value = assay_suite::Source::parse(
        std::path::Path::new("p.policy.yaml"),
        std::fs::read_to_string(folder.path().join("rag.policy.yaml")).unwrap(),
    );
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&value.unwrap().0));
}

#[test]
fn a_part_of_the_suite_does_not_stand_for_the_whole() {
    let folder = workspace();
    candidate(&folder, "good");
    open(&folder, &[]);
    // Newer than the whole run, and of its lucky beginning.
    assert_eq!(folder.assay(&["run", "--quiet", "--limit", "30"]).code, 0);
    let said = by(&folder, "ci", &["evaluate"]);
    assert!(said.code == 0 && said.out.contains("n = 200"), "{said:?}");
    let said = by(&folder, "ci", &["evaluate", "--run", "latest"]);
    assert!(said.code == 2 && said.err.contains("of a part only (--limit 30)"), "{said:?}");
}

#[test]
fn paths_hold_from_every_folder_and_a_suite_that_is_gone_is_stale() {
    let folder = workspace();
    candidate(&folder, "good");
    open(&folder, &["--risk", "high"]);
    folder.write("limits.md", "Dates before 1900.\n");
    assert_eq!(by(&folder, "ann", &["attach", "limits=limits.md"]).code, 0);
    let below = folder.path().join("deep/down");
    std::fs::create_dir_all(&below).unwrap();
    let from_below = |arguments: &[&str]| {
        let mut command = folder.command(&["release"]);
        Said::new(command.args(arguments).env("ASSAY_USER", "ci").current_dir(&below).output().unwrap())
    };
    assert_eq!(from_below(&["evaluate"]).code, 0);
    for who in ["ben", "cleo"] {
        assert_eq!(by(&folder, who, &["approve", "--reason", "fine"]).code, 0);
    }
    let held = || json(&from_below(&["show", "--json"]))["blocks"].clone();
    assert_eq!(held(), serde_json::json!([]));
    std::fs::rename(folder.path().join("assay.yaml"), folder.path().join("moved.yaml")).unwrap();
    let blocks = held();
    assert_eq!(blocks[0]["why"], "stale", "{blocks}");
    assert!(blocks[0]["text"].as_str().unwrap().contains("`assay.yaml` is not there"), "{blocks}");
    assert_eq!(by(&folder, "ann", &["ship", "--reason", "x"]).code, 1);
}

#[test]
fn a_decision_fits_on_a_page() {
    let folder = workspace();
    candidate(&folder, "bad");
    open(&folder, &[]);
    let said = by(&folder, "ann", &["memo"]);
    assert!(said.code == 2 && said.err.contains("was not evaluated"), "{said:?}");
    assert_eq!(by(&folder, "ci", &["evaluate"]).code, 1);
    let said = by(&folder, "ann", &["memo"]);
    assert_eq!(said.code, 0, "{said:?}");
    for part in [
        "# A shorter prompt",
        "**Release 1 is open: 3 things hold it up.**",
        "- Change: prompt, medium risk",
        "- Files: prompts/main.md",
        "| fail | bot\\#2: equals not worse than the baseline by more than 0.05",
        "| bot | equals | 95.0% | 70.0% | -25.0 pts |",
        "## What holds it up",
        "## Cost per case",
    ] {
        assert!(said.out.contains(part), "{part}: {said:?}");
    }
    assert_eq!(by(&folder, "ann", &["memo", "--out", "memo"]).code, 0);
    let page = std::fs::read_to_string(folder.path().join("memo/memo.html")).unwrap();
    assert!(page.contains("@page") && page.contains("A shorter prompt") && !page.contains("<script"), "{page}");
}
