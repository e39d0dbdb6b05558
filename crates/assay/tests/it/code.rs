//! Code of models, run by the binary in its sandbox.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{Folder, Said};

const TESTS: &str =
    "def check(candidate):\n    assert candidate(1) == 2\n    assert abs(candidate(2.5) - 3.5) < 1e-6\n";

/// Scores answers under one suite; gives label, value and reason by case.
fn scored(folder: &Folder, cases: &[Value], scorer: &str) -> BTreeMap<String, (String, Option<f64>, String)> {
    let lines: String = cases.iter().map(|case| format!("{case}\n")).collect();
    folder.write("cases.jsonl", lines);
    folder.write(
        "assay.yaml",
        format!(
            "suite: code\ndatasets:\n  - path: cases.jsonl\n    fields: {{id: id, input: [prompt], outputs: {{output: code}}, metadata: [test, entry_point]}}\ntarget: {{recorded: output}}\nscorers:\n{scorer}\n"
        ),
    );
    let said = folder.assay(&["run", "--quiet"]);
    assert!([0, 4].contains(&said.code), "{said:?}");
    let rows = folder.query("SELECT case_id, label, value, rationale, status FROM scores");
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    rows.iter()
        .map(|row| {
            let label = if row["label"].is_null() { text(row, "status") } else { text(row, "label") };
            (text(row, "case_id"), (label, row["value"].as_f64(), text(row, "rationale")))
        })
        .collect()
}

fn case(id: &str, code: &str) -> Value {
    json!({"id": id, "prompt": "def f(x):\n    \"\"\"One more.\"\"\"\n", "code": code, "test": TESTS, "entry_point": "f"})
}

const SCORER: &str = "  - unit-tests: {tests: \"{{ metadata.test }}\", entry_point: \"{{ metadata.entry_point }}\", before: \"{{ prompt }}\", timeout: 3, memory: 128}";

#[test]
fn code_is_judged_by_its_tests_and_the_reason_is_kept() {
    let folder = Folder::new();
    let cases = [
        (case("body", "    return x + 1\n"), "passed", ""),
        (case("whole", "Here:\n```python\ndef f(x):\n    return x + 1\n```\nIt adds one."), "passed", ""),
        (case("wrong", "    return x"), "failed", "candidate(1) == 2"),
        (case("raises", "    return x + undefined"), "exception", "NameError"),
        (case("syntax", "    return ("), "exception", "SyntaxError"),
        (case("loop", "    while True: pass"), "timeout", ""),
        (case("memory", "    return bytearray(1 << 30)"), "memory", ""),
        (case("flood", "    while True: print('x' * 1000)"), "output", ""),
        (
            case("network", "    import socket; socket.create_connection(('127.0.0.1', 80))"),
            "forbidden",
            "PermissionError",
        ),
        (case("outside", "    open('/usr/x', 'w')"), "forbidden", "Read-only"),
        (case("empty", "```python\n```"), "no_code", ""),
        (
            case("hostile", "    print('\\x1b[31m\\u202e'); raise ValueError('\\x1b]0;x\\x07')"),
            "exception",
            "ValueError",
        ),
        (case("secret", "    import os\n    raise ValueError(sorted(os.environ))"), "exception", "PYTHONHASHSEED"),
    ];
    let got = scored(&folder, &cases.clone().map(|(case, ..)| case), SCORER);
    for (case, label, reason) in &cases {
        let id = case["id"].as_str().unwrap();
        let (found, value, why) = &got[id];
        assert_eq!((found.as_str(), *value), (*label, Some(f64::from(u8::from(*label == "passed")))), "{id}: {why}");
        assert!(why.contains(reason) && !why.contains(['\u{1b}', '\u{7}', '\n']), "{id}: {why}");
        assert!(!why.contains("CARGO") && !why.contains("ASSAY"), "{id}: the environment is visible: {why}");
    }
    let mut bad = case("tests", "    return x + 1");
    bad["test"] = json!("def check(candidate: pass");
    let mut none = case("none", "    return x + 1");
    none["test"] = json!("x = 1");
    let got = scored(&Folder::new(), &[case("fine", "    return x + 1"), bad, none], SCORER);
    assert_eq!(got["fine"].1, Some(1.0));
    for id in ["tests", "none"] {
        assert_eq!((got[id].0.as_str(), got[id].1), ("error", None), "bad tests are no low score: {:?}", got[id]);
    }
}

#[test]
fn a_pass_cannot_be_had_without_passing() {
    let anything = "class Any:\n    def __eq__(self, other): return True\n    def __sub__(self, other): return 0.0\n    __rsub__ = __sub__\n    def __lt__(self, other): return True\n    def __abs__(self): return 0.0\n";
    let cheats = [
        ("exit", "import os\nos._exit(0)".to_owned()),
        ("sys.exit", "import sys\nsys.exit(0)".into()),
        ("exit later", "def f(x):\n    import os\n    os._exit(0)".into()),
        ("exit softly", "def f(x):\n    raise SystemExit(0)".into()),
        ("at exit", "import atexit, os\natexit.register(lambda: print('{\"status\": \"passed\"}'))\ndef f(x): raise KeyboardInterrupt".into()),
        ("equal to all", format!("{anything}def f(x): return Any()")),
        ("equal number", "class Any(int):\n    def __eq__(self, other): return True\n    __hash__ = int.__hash__\ndef f(x): return Any(7)".into()),
        ("in a list", format!("{anything}def f(x): return [Any()]")),
        ("prints", "import os\nfor fd in range(1, 64):\n    try: os.write(fd, b'{\"nonce\": null, \"status\": \"passed\"}\\n')\n    except OSError: pass\ndef f(x): return 0".into()),
        ("frames", "import sys, gc\ndef f(x):\n    frame = sys._getframe()\n    while frame:\n        for name, value in {**frame.f_globals, **frame.f_locals}.items():\n            if getattr(value, 'nonce', None) or 'nonce' in name: raise ValueError('found ' + name)\n        frame = frame.f_back\n    for value in gc.get_objects():\n        if type(value) is dict and value.get('nonce'): raise ValueError('found a dict')\n    return 0".into()),
        ("patch", "import builtins, json, os\nbuiltins.abs = lambda x: 0\nbuiltins.AssertionError = ValueError\njson.dumps = lambda *a, **k: '{\"status\": \"passed\"}'\ndef f(x): return 0".into()),
        ("check", "def check(candidate): pass\ndef f(x): return 0".into()),
        ("parent", "import os, signal\ndef f(x):\n    open(f'/proc/{os.getppid()}/mem', 'r+b')\n    return 2".into()),
        ("parent files", "import os\ndef f(x):\n    for fd in os.listdir(f'/proc/{os.getppid()}/fd'):\n        open(f'/proc/{os.getppid()}/fd/{fd}', 'w').write('{\"status\": \"passed\"}')\n    return 0".into()),
        ("kill parent", "import os\ndef f(x):\n    os.kill(os.getppid(), 9)".into()),
        ("flood protocol", "import os\nfor fd in range(3, 64):\n    try: os.write(fd, b'\\0' * 7 + b'\\x0d[\"gives\",[],[]]')\n    except OSError: pass\ndef f(x): return 0".into()),
        ("modules", "open('/scratch/json.py', 'w').write('import os; os._exit(0)')\nopen('/scratch/ast.py', 'w').write('')\ndef f(x): return 0".into()),
        ("recursion", "def f(x):\n    r = []\n    for i in range(100000): r = [r]\n    return r".into()),
    ];
    let cases: Vec<Value> = cheats.iter().map(|(id, code)| case(id, &format!("```python\n{code}\n```"))).collect();
    let got = scored(&Folder::new(), &cases, SCORER);
    for (id, _) in &cheats {
        assert_eq!(got[*id].1, Some(0.0), "{id}: {:?}", got[*id]);
        assert!(!got[*id].2.contains("found "), "{id}: {:?}", got[*id]);
    }
    // In the tests' own process the simple ones fail, too.
    let same = SCORER.replace("timeout: 3", "timeout: 3, same_process: true");
    let simple = ["exit", "sys.exit", "exit later", "exit softly", "at exit", "prints", "check", "recursion"];
    let cases: Vec<Value> = cases.into_iter().filter(|case| simple.contains(&case["id"].as_str().unwrap())).collect();
    let got = scored(&Folder::new(), &cases, &same);
    for id in simple {
        assert_eq!(got[id].1, Some(0.0), "{id}: {:?}", got[id]);
    }
}

#[test]
fn tests_may_use_what_tests_use() {
    let point = "class Point:\n    def __init__(self, x): self.x = x\n    def __eq__(self, other): return self.x == other.x\n    def __repr__(self): return f'P{self.x}'\ndef shift(p): return Point(p.x + 1)\ndef sort(items): items.sort()\ndef twice(g, x): return g(g(x))\ndef count():\n    yield from range(3)\ndef fail(): raise ValueError('no')\ndef mixed(): return {1: (2, {3}), 'a': None, 'b': b'x', 'c': 1j, 'd': range(3)}";
    let case =
        |id: &str, test: Value| json!({"id": id, "prompt": "p", "code": point, "test": test, "entry_point": null});
    let cases = [
        case(
            "list",
            json!([
                "assert shift(Point(1)) == Point(2)",
                "assert shift(Point(1)) != Point(3)",
                "assert Point(5).x == 5"
            ]),
        ),
        case("in place", json!("items = [2, 1]\nsort(items)\nassert items == [1, 2]")),
        case("callback", json!("assert twice(lambda x: x * 3, 2) == 18")),
        case("generator", json!("assert list(count()) == [0, 1, 2] and sum(count()) == 3")),
        case("plain", json!("assert mixed() == {1: (2, {3}), 'a': None, 'b': b'x', 'c': 1j, 'd': range(3)}")),
        case("repr", json!("assert repr(Point(3)) == 'P3'")),
        case(
            "unittest",
            json!(
                "import unittest\nclass T(unittest.TestCase):\n    def test_a(self):\n        with self.assertRaises(ValueError): fail()\n        self.assertEqual(shift(Point(0)).x, 1)"
            ),
        ),
        case("functions", json!("def test_shift():\n    assert shift(Point(1)).x == 2")),
    ];
    let scorer = |more: &str| format!("  - unit-tests: {{tests: \"{{{{ metadata.test }}}}\"{more}}}");
    for more in ["", ", same_process: true"] {
        let got = scored(&Folder::new(), &cases, &scorer(more));
        for case in &cases {
            let id = case["id"].as_str().unwrap();
            assert_eq!(got[id].1, Some(1.0), "{id}{more}: {:?}", got[id]);
        }
    }
}

#[test]
fn other_interpreters_pass_by_coming_to_the_end() {
    let folder = Folder::new();
    let scorer = "  - unit-tests:\n      command: [sh]\n      program: |\n        {{ code }}\n        [ \"$(add 1 2)\" = 3 ] || exit 1\n        echo {{ marker }}";
    let code = |id: &str, code: &str| json!({"id": id, "prompt": "p", "code": code, "test": "", "entry_point": ""});
    let cases = [
        code("right", "add() { echo $(($1 + $2)); }"),
        code("wrong", "add() { echo 0; }"),
        code("exit", "exit 0"),
        code("reads", "cat > /dev/null"),
    ];
    let got = scored(&folder, &cases, scorer);
    let values: Vec<_> = ["right", "wrong", "exit", "reads"].map(|id| got[id].1).into();
    assert_eq!(values, [Some(1.0), Some(0.0), Some(0.0), Some(0.0)], "{got:?}");
}

#[test]
fn repeated_tries_give_pass_at_k() {
    let folder = Folder::new();
    let scorer = format!("{SCORER}\nepochs: {{count: 2, reduce: [mean, pass@1, pass@2]}}");
    scored(&folder, &[case("a", "    return x + 1"), case("b", "    return x")], &scorer);
    let show = folder.assay(&["show", "latest"]);
    assert!(show.out.contains("pass@2") && show.out.contains("50.0%"), "{}", show.out);
}

#[test]
fn what_is_wrong_is_found_before_anything_runs() {
    let folder = Folder::new();
    folder.write("cases.jsonl", "{\"id\": \"a\", \"code\": \"x\", \"expected\": \"assert 1\"}\n");
    let validate = |scorer: &str| {
        let suite = format!(
            "suite: code\ndataset: cases.jsonl\ntarget: {{echo: \"{{{{ code }}}}\"}}\nscorers:\n  - unit-tests: {scorer}\n"
        );
        folder.write("assay.yaml", suite);
        folder.assay(&["validate"])
    };
    let good = validate("{}");
    assert_eq!(good.code, 0, "{good:?}");
    for (scorer, said) in [
        ("{timeout: 0}", "0.1 to 3600"),
        ("{memory: 1}", "not from 32"),
        ("{command: [sh]}", "needs a `program`"),
        ("{command: [node], program: \"{{ code }}\"}", "after the tests"),
        ("{program: \"{{ code }} {{ marker }}\"}", "needs a `command`"),
        ("{interpreter: no-such-python}", "no-such-python"),
        ("{interpreter: sh}", "is no Python"),
        ("{command: [no-such-program], program: \"{{ code }} {{ marker }}\"}", "no-such-program"),
        ("{tests: \"{{ nothing }}\"}", "nothing"),
    ] {
        let said_it = validate(scorer);
        assert_eq!(said_it.code, 2, "{scorer}: {said_it:?}");
        let text = said_it.err.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(said) && text.contains("assay.yaml:5"), "{scorer}: {text}");
    }
}

/// Where neither bubblewrap nor namespaces work: in a user namespace that may have none below it.
fn where_nothing_isolates(folder: &Folder, arguments: &str) -> Said {
    let script =
        format!("echo 0 > /proc/sys/user/max_user_namespaces && exec {} {arguments}", env!("CARGO_BIN_EXE_assay"));
    let mut command = std::process::Command::new("unshare");
    command.args(["-Ur", "sh", "-c", &script]).current_dir(folder.path()).env("NO_COLOR", "1");
    Said::new(command.output().unwrap())
}

#[test]
fn without_isolation_nothing_runs() {
    let folder = Folder::new();
    let ran = folder.path().join("ran");
    folder.write("cases.jsonl", "{\"id\": \"a\", \"q\": \"x\", \"expected\": \"assert 1\"}\n");
    folder.write(
        "app.py",
        format!("def answer(inputs):\n    open({:?}, 'w').close()\n    return 'x = 1'\n", ran.display().to_string()),
    );
    folder.write(
        "assay.yaml",
        "suite: code\ndataset: cases.jsonl\ntarget: {python: app.py:answer}\nscorers: [unit-tests]\n",
    );
    for arguments in ["validate", "run"] {
        let said = where_nothing_isolates(&folder, arguments);
        assert_eq!(said.code, 2, "{said:?}");
        let text = said.err.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
        for part in ["assay.yaml:4", "bubblewrap:", "namespaces:", "apt-get install bubblewrap"] {
            assert!(text.contains(part), "{arguments}: {text}");
        }
    }
    assert!(!ran.exists(), "the target was called before the check");
}

#[test]
fn the_example_of_code_runs() {
    let folder = Folder::new();
    for file in ["assay.yaml", "problems.jsonl"] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/code").join(file);
        folder.write(file, std::fs::read(path).unwrap());
    }
    let run = folder.assay(&["run", "--gate"]);
    assert_eq!(run.code, 0, "{run:?}");
    let rows = folder.query("SELECT target, sum(value) AS passed FROM scores GROUP BY target ORDER BY target");
    assert_eq!(rows, [json!({"target": "careful", "passed": 5.0}), json!({"target": "hasty", "passed": 2.0})]);
}
