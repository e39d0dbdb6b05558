//! Broken and hostile files: a clear error, in bounded time and memory, never a panic.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use assay_datasets::DatasetError;
use assay_datasets::tools::{Tool, import};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{Kept, read_as};

/// A zip written by hand, so that it can lie.
fn zip_of(members: &[(&str, u16, Vec<u8>, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut directory = Vec::new();
    for (name, method, packed, plain) in members {
        let offset = bytes.len() as u32;
        let mut crc = crc32fast::Hasher::new();
        crc.update(plain);
        let mut head = Vec::new();
        head.extend(63u16.to_le_bytes());
        head.extend(0u16.to_le_bytes());
        head.extend(method.to_le_bytes());
        head.extend([0; 4]);
        head.extend(crc.finalize().to_le_bytes());
        head.extend((packed.len() as u32).to_le_bytes());
        head.extend((plain.len() as u32).to_le_bytes());
        head.extend((name.len() as u16).to_le_bytes());
        head.extend(0u16.to_le_bytes());
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&head);
        bytes.extend(name.as_bytes());
        bytes.extend(packed);
        directory.extend(b"PK\x01\x02");
        directory.extend(63u16.to_le_bytes());
        directory.extend(&head);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (at, size, count) = (bytes.len() as u32, directory.len() as u32, members.len() as u16);
    bytes.extend(directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend(count.to_le_bytes());
    bytes.extend(count.to_le_bytes());
    bytes.extend(size.to_le_bytes());
    bytes.extend(at.to_le_bytes());
    bytes.extend(0u16.to_le_bytes());
    bytes
}

/// Zstandard frames one after another.
fn frames(parts: &[&[u8]]) -> Vec<u8> {
    parts.iter().flat_map(|part| zstd::encode_all(*part, 3).unwrap()).collect()
}

const HEADER: &[u8] = b"{\"version\":2,\"status\":\"success\",\"eval\":{\"task\":\"t\",\"model\":\"m\"}}";

fn sample(id: &str, text: &str) -> String {
    json!({"id": id, "epoch": 1, "input": "q", "target": "a", "output": {"completion": text}, "scores": {}}).to_string()
}

fn refused(tool: Option<Tool>, path: &Path) -> DatasetError {
    let start = Instant::now();
    let error = import(path, tool, &mut Kept::default()).expect_err(&path.display().to_string());
    assert!(start.elapsed() < Duration::from_secs(60), "{} took {:?}", path.display(), start.elapsed());
    error
}

#[test]
fn members_of_several_frames_are_read_and_the_last_of_a_name_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.eval");
    let (old, new) = (sample("x", "stale"), sample("x", "fresh"));
    let (left, right) = new.as_bytes().split_at(17);
    fs::write(
        &path,
        zip_of(&[
            ("header.json", 0, HEADER.to_vec(), HEADER),
            ("samples/x_epoch_1.json", 93, frames(&[old.as_bytes()]), old.as_bytes()),
            ("samples/x_epoch_1.json", 93, frames(&[left, b"", right]), new.as_bytes()),
            (
                "samples/../../../etc/evil_epoch_1.json",
                93,
                frames(&[sample("../evil", "e").as_bytes()]),
                sample("../evil", "e").as_bytes(),
            ),
        ]),
    )
    .unwrap();
    let (kept, _) = read_as(Tool::Inspect, &path);
    assert_eq!(kept.answer("x", "m", 0).outcome.output().unwrap().text(), "fresh");
}

#[test]
fn zip_bombs_end_with_an_error_or_cost_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.eval");
    // 70 MiB of one text in a few kilobytes, in a member that says it is empty, and in an honest one.
    let mib = vec![b'x'; 1 << 20];
    let start = b"{\"id\":\"x\",\"epoch\":1,\"input\":\"";
    let many = |count: usize| frames(&[&mib]).repeat(count);
    let packed = [frames(&[start]), many(70)].concat();
    let text = [start.to_vec(), mib.repeat(70)].concat();
    assert!(packed.len() < 100_000);
    for (plain, want) in [(&b""[..], "declared uncompressed size"), (&text, "larger than 64 MiB")] {
        let members =
            [("header.json", 0, HEADER.to_vec(), HEADER), ("samples/x_epoch_1.json", 93, packed.clone(), plain)];
        fs::write(&path, zip_of(&members)).unwrap();
        let error = refused(None, &path);
        assert!(error.to_string().contains(want), "{error}");
        assert!(error.place.unwrap().file.ends_with("bomb.eval/samples/x_epoch_1.json"));
    }
    // A workbook that expands without end.
    let path = folder.path().join("bomb.xlsx");
    fs::write(&path, zip_of(&[("xl/sharedStrings.xml", 93, many(257), &mib.repeat(257))])).unwrap();
    let error = assay_datasets::rows(&path).unwrap().next().unwrap().unwrap_err();
    assert!(error.to_string().contains("expands to more than 256 MiB"), "{error}");
}

#[test]
fn tables_that_would_fill_the_memory_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |name: &str, bytes: &[u8], want: &str| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let began = Instant::now();
        let error = assay_datasets::rows(&path).unwrap().find_map(Result::err).unwrap();
        assert!(error.to_string().contains(want), "{error}");
        assert!(began.elapsed() < Duration::from_secs(60), "{name}: {:?}", began.elapsed());
    };
    let columns: Vec<String> = (0..400_000).map(|i| format!("c{i}")).collect();
    refused("wide.csv", columns.join(",").as_bytes(), "400000 columns");
    refused("line.csv", &[b"a\n".to_vec(), vec![b'x'; (64 << 20) + 10]].concat(), "longer than 64 MiB");
    // A few columns more make every row of a sheet as long: 16,000 × 700.
    let cell = |row: usize, column: &str| format!("<c r=\"{column}{row}\" t=\"str\"><v>{column}</v></c>");
    let letters = |mut at: usize| {
        let mut name = Vec::new();
        loop {
            name.insert(0, b'A' + (at % 26) as u8);
            if at < 26 {
                return String::from_utf8(name).unwrap();
            }
            at = at / 26 - 1;
        }
    };
    let header: String = (0..16_000).map(|at| cell(1, &letters(at))).collect();
    let rows: String = (2..702).map(|row| format!("<row r=\"{row}\">{}</row>", cell(row, "A"))).collect();
    let sheet = format!(
        "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData><row \
         r=\"1\">{header}</row>{rows}</sheetData></worksheet>"
    );
    let book = "<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" \
                xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets><sheet name=\"S\" \
                sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>";
    let links = "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"r1\" \
                 Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" \
                 Target=\"worksheets/sheet1.xml\"/></Relationships>";
    let first = "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"r0\" \
                 Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" \
                 Target=\"xl/workbook.xml\"/></Relationships>";
    let parts = [
        ("_rels/.rels", first),
        ("xl/workbook.xml", book),
        ("xl/_rels/workbook.xml.rels", links),
        ("xl/worksheets/sheet1.xml", sheet.as_str()),
    ];
    let members: Vec<(&str, u16, Vec<u8>, &[u8])> =
        parts.iter().map(|(name, text)| (*name, 0, text.as_bytes().to_vec(), text.as_bytes())).collect();
    refused("wide.xlsx", &zip_of(&members), "more than 10,000,000 cells");
}

/// One broken file a line: its name, what is in it, and what the error must say.
fn corpus() -> Vec<(&'static str, Option<Tool>, Vec<u8>, &'static str)> {
    let deep = |n: usize| [b"{\"messages\":".to_vec(), vec![b'['; n]].concat();
    let zip = |members: &[(&str, u16, Vec<u8>, &[u8])]| zip_of(members);
    let broken = b"{\"id\": 1, ";
    vec![
        ("empty.jsonl", Some(Tool::ChatJsonl), vec![], "there are no cases"),
        ("empty.eval", Some(Tool::Inspect), vec![], "the file is empty"),
        ("unknown.json", None, b"{\"a\": 1}".to_vec(), "no importer knows"),
        ("unknown.bin", None, vec![0, 1, 2, 3], "no importer knows"),
        ("deep.jsonl", Some(Tool::ChatJsonl), deep(200_000), "deeper than 128"),
        ("twice.jsonl", Some(Tool::ChatJsonl), b"{\"messages\":[],\"messages\":[]}".to_vec(), "stands twice"),
        ("utf16.jsonl", Some(Tool::ChatJsonl), b"\xff\xfe{\0}\0".to_vec(), "UTF-16"),
        (
            "latin1.jsonl",
            Some(Tool::ChatJsonl),
            b"{\"messages\":[{\"role\":\"user\",\"content\":\"\xe9\"}]}".to_vec(),
            "broken JSON",
        ),
        ("nan.jsonl", Some(Tool::ChatJsonl), b"{\"messages\": NaNa}".to_vec(), "broken JSON"),
        ("scalar.jsonl", Some(Tool::OpenaiEvals), b"{\"input\": 1}\n42\n".to_vec(), "an object is expected"),
        ("noinput.jsonl", Some(Tool::OpenaiEvals), b"{\"ideal\": \"x\"}".to_vec(), "`input` is missing"),
        ("null.jsonl", Some(Tool::OpenaiEvals), b"null\n".to_vec(), "an object is expected"),
        ("notzip.eval", Some(Tool::Inspect), b"PK\x03\x04 and no more".to_vec(), "not a readable zip"),
        ("headless.eval", Some(Tool::Inspect), zip(&[("x.json", 0, b"{}".to_vec(), b"{}")]), "neither `header.json`"),
        (
            "cut.eval",
            Some(Tool::Inspect),
            zip(&[("header.json", 0, HEADER.to_vec(), HEADER), ("samples/a_epoch_1.json", 0, broken.to_vec(), broken)]),
            "ends too early",
        ),
        (
            "noise.eval",
            Some(Tool::Inspect),
            zip(&[
                ("header.json", 0, HEADER.to_vec(), HEADER),
                ("samples/a_epoch_1.json", 93, b"noise".to_vec(), b"noise"),
            ]),
            "noise.eval/samples/a_epoch_1.json",
        ),
        (
            "nosample.json",
            Some(Tool::Inspect),
            b"{\"version\":2,\"eval\":{\"task\":\"t\"},\"samples\":[1]}".to_vec(),
            "not laid out as its tool lays it out",
        ),
        (
            "epoch.json",
            Some(Tool::Inspect),
            b"{\"version\":2,\"eval\":{\"task\":\"t\"},\"samples\":[{\"id\":1,\"epoch\":99999999999,\"input\":\"x\"}]}"
                .to_vec(),
            "too large",
        ),
        ("tab.yaml", Some(Tool::Promptfoo), b"tests:\n\t- vars: {a: 1}\n".to_vec(), "tab.yaml:2"),
        (
            "vars.yaml",
            Some(Tool::Promptfoo),
            b"prompts: [x]\ntests:\n  - vars: [1]\n".to_vec(),
            "vars.yaml:3: `vars` must be",
        ),
        ("key.yaml", Some(Tool::Promptfoo), b"prompts: [x]\nprompts: [y]\n".to_vec(), "stands twice"),
        ("laughs.yaml", Some(Tool::PydanticEvals), laughs(), "too deep or too large"),
        (
            "runs.txt",
            Some(Tool::TrecEval),
            b"1 Q0 d1 1 0.5 tag\n1 Q0 d2 2 nan tag\n".to_vec(),
            "runs.txt:2: the score is NaN",
        ),
        ("qrels.txt", Some(Tool::TrecEval), b"1 0 d1 1\n2 0 d1 1\n1 0 d2 1\n".to_vec(), "qrels.txt:3"),
        ("words.txt", Some(Tool::TrecEval), b"hello world\n".to_vec(), "neither qrels nor a run"),
        (
            "twice.txt",
            Some(Tool::TrecEval),
            b"1 Q0 d1 1 0.5 tag\n2 Q0 d2 2 1 tag\n1 Q0 d2 2 1 tag\n".to_vec(),
            "a second answer",
        ),
        (
            "input.json",
            Some(Tool::DeepEval),
            b"[{\"expected_output\": \"x\"}]".to_vec(),
            "input.json:1: `input` is missing",
        ),
        ("row.csv", Some(Tool::Ragas), b"response,reference\na,b\n".to_vec(), "row.csv:2: `user_input` is missing"),
        ("repr.jsonl", Some(Tool::Mlflow), b"{\"inputs\": \"{'a': 1}\"}".to_vec(), "`inputs` is not JSON"),
        ("means.json", Some(Tool::LmEval), b"{\"results\": {}, \"configs\": {}}".to_vec(), "no samples beside them"),
        ("doc.jsonl", Some(Tool::LmEval), b"{\"doc_id\": 1}".to_vec(), "`doc` is missing"),
        ("custom.jsonl", Some(Tool::BatchJsonl), b"{\"body\": {}}".to_vec(), "`custom_id` is missing"),
        (
            "task.yaml",
            Some(Tool::LmEval),
            b"task: t\ndataset_path: json\ndataset_kwargs: {data_files: /etc/passwd}\n".to_vec(),
            "leads out of the folder",
        ),
        (
            "evals.yaml",
            Some(Tool::OpenaiEvals),
            b"a:\n  class: x:Match\n  args: {samples_jsonl: ../../etc/passwd}\n".to_vec(),
            "leads out of the folder",
        ),
        (
            "scenario_state.json",
            Some(Tool::Helm),
            b"{\"request_states\": [{\"instance\": {\"id\": \"1\"}}]}".to_vec(),
            "`input` is missing",
        ),
    ]
}

fn laughs() -> Vec<u8> {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..12 {
        text.push_str(&format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 10].join(", ")));
    }
    text.into_bytes()
}

#[test]
fn every_broken_file_is_named_with_its_fault() {
    let folder = tempfile::tempdir().unwrap();
    for (name, tool, bytes, want) in corpus() {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let error = refused(tool, &path);
        assert!(error.to_string().contains(want), "{name}: {error}");
        fs::remove_file(path).unwrap();
    }
}

/// Small valid files of every importer.
fn seeds() -> Vec<(&'static str, Option<Tool>, Vec<u8>)> {
    let data =
        |name: &str| fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/promptfoo").join(name)).unwrap();
    let config = String::from_utf8(data("promptfooconfig.yaml")).unwrap();
    let config = config
        .replace("file://more.yaml", "vars: {a: 1}")
        .replace("file://tests.csv", "vars: {b: [1, 2]}")
        .replace("  - file://prompt.txt\n", "");
    let first: Vec<u8> = data("results.jsonl").split_inclusive(|b| *b == b'\n').take(2).flatten().copied().collect();
    let helm = json!({"adapter_spec": {"model": "m"}, "request_states": [{"instance": {"id": "1", "input": {"text": "q"}, "references": [{"output": {"text": "a"}, "tags": ["correct"]}]}, "result": {"success": true, "completions": [{"text": "a"}], "request_time": 0.5}}]});
    let deepeval = json!({"testCases": [{"name": "a", "input": "x", "actualOutput": "y", "metricsData": [{"name": "M", "score": 0.5, "success": true}]}], "metricsScores": [], "hyperparameters": {"model": "m"}});
    let inspect = format!(
        "{{\"version\":2,\"status\":\"success\",\"eval\":{{\"task\":\"t\",\"model\":\"m\"}},\"samples\":[{},{}]}}",
        sample("a", "x"),
        sample("b", "NaN")
    );
    let packed = sample("a", "x");
    let lm = json!({"doc_id": 0, "doc": {"q": 1}, "target": "2", "arguments": {"gen_args_0": {"arg_0": "p", "arg_1": " 2"}}, "resps": [["x"]], "filtered_resps": ["x"], "filter": "none", "metrics": ["acc"], "acc": 1.0});
    vec![
        ("promptfooconfig.yaml", Some(Tool::Promptfoo), config.into_bytes()),
        ("results.jsonl", Some(Tool::Promptfoo), first),
        ("tests.csv", Some(Tool::Promptfoo), data("tests.csv")),
        ("log.json", Some(Tool::Inspect), inspect.into_bytes()),
        ("log.eval", Some(Tool::Inspect), zip_of(&[("header.json", 0, HEADER.to_vec(), HEADER), ("samples/a_epoch_1.json", 93, frames(&[packed.as_bytes()]), packed.as_bytes())])),
        ("run.json", Some(Tool::DeepEval), deepeval.to_string().into_bytes()),
        ("goldens.csv", Some(Tool::DeepEval), b"input,expected_output,context\nx,y,a|b\n".to_vec()),
        ("samples_t_2026.jsonl", Some(Tool::LmEval), format!("{lm}\n").into_bytes()),
        ("task.yaml", Some(Tool::LmEval), b"task: t\ndoc_to_text: '{{q}}'\nmetric_list: [{metric: bleu}]\n".to_vec()),
        ("evals.jsonl", Some(Tool::OpenaiEvals), b"{\"input\":[{\"role\":\"user\",\"content\":\"q\"}],\"ideal\":\"a\"}\n".to_vec()),
        ("ragas.csv", Some(Tool::Ragas), b"user_input,retrieved_contexts,response,f\nq,\"['a', \"\"b\"\"]\",r,0.5\n".to_vec()),
        ("pydantic.yaml", Some(Tool::PydanticEvals), b"name: n\ncases:\n- name: a\n  inputs: {q: 1}\nevaluators:\n- Contains: x\n".to_vec()),
        ("scenario_state.json", Some(Tool::Helm), helm.to_string().into_bytes()),
        ("qrels.txt", Some(Tool::TrecEval), b"1 0 d1 1\n1 0 d2 0\n2 0 d1 2\n".to_vec()),
        ("run.txt", Some(Tool::TrecEval), b"1 Q0 d1 1 0.5 tag\n1 Q0 d2 2 0.25 tag\n".to_vec()),
        ("chat.jsonl", Some(Tool::ChatJsonl), b"{\"messages\":[{\"role\":\"user\",\"content\":\"q\"},{\"role\":\"assistant\",\"content\":\"a\"}]}\n".to_vec()),
        ("batch.jsonl", Some(Tool::BatchJsonl), b"{\"custom_id\":\"a\",\"response\":{\"status_code\":200,\"body\":{\"choices\":[{\"message\":{\"content\":\"x\"}}]}}}\n".to_vec()),
        ("mlflow.jsonl", Some(Tool::Mlflow), b"{\"inputs\":{\"q\":1},\"expectations\":{\"expected_response\":\"x\"},\"tags\":{}}\n".to_vec()),
    ]
}

#[test]
fn every_seed_is_valid() {
    let folder = tempfile::tempdir().unwrap();
    for (name, tool, bytes) in seeds() {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        import(&path, tool, &mut Kept::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(Tool::detect(&path).unwrap(), tool, "{name}");
        // What fuzzing starts from: the bytes that choose importer and ending there, then the file.
        if let (Some(corpus), Some(tool)) = (std::env::var_os("ASSAY_WRITE_SEEDS"), tool) {
            let ending = ["json", "jsonl", "yaml", "csv", "txt", "eval"].iter().position(|end| name.ends_with(end));
            let choice = [Tool::ALL.iter().position(|other| *other == tool).unwrap() as u8, ending.unwrap() as u8];
            let corpus = Path::new(&corpus).join("imports");
            fs::create_dir_all(&corpus).unwrap();
            fs::write(corpus.join(name), [&choice, fs::read(&path).unwrap().as_slice()].concat()).unwrap();
        }
    }
}

/// Everything is taken; what the files say about ids is theirs.
struct Any;

impl assay_datasets::tools::Sink for Any {
    fn case(&mut self, _: assay_core::Case, _: &assay_datasets::Place) -> Result<(), DatasetError> {
        Ok(())
    }

    fn answer(&mut self, _: assay_datasets::tools::Answer) -> Result<(), DatasetError> {
        Ok(())
    }
}

fn mutated(mut bytes: Vec<u8>, changes: &[(u8, prop::sample::Index, u8, u8)]) -> Vec<u8> {
    const PIECES: [&[u8]; 16] = [
        b"{",
        b"}",
        b"[",
        b"]",
        b"\"",
        b",",
        b":",
        b"null",
        b"NaN",
        b"-1e999",
        b"\\u0000",
        b"\xff",
        b"\n",
        b"{{",
        b"[[[[",
        b"99999999999999999999",
    ];
    for (kind, at, byte, length) in changes {
        if bytes.is_empty() {
            break;
        }
        let at = at.index(bytes.len());
        match kind % 5 {
            0 => bytes[at] = *byte,
            1 => bytes.truncate(at),
            2 => drop(bytes.drain(at..(at + usize::from(*length)).min(bytes.len()))),
            3 => drop(bytes.splice(at..at, PIECES[usize::from(*byte) % PIECES.len()].iter().copied())),
            _ => {
                let piece: Vec<u8> = bytes[at..(at + usize::from(*length)).min(bytes.len())].to_vec();
                drop(bytes.splice(at..at, piece));
            }
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn no_mutation_of_a_valid_file_panics(
        changes in prop::collection::vec((any::<u8>(), any::<prop::sample::Index>(), any::<u8>(), any::<u8>()), 1..6)
    ) {
        let folder = tempfile::tempdir().unwrap();
        for (name, tool, bytes) in seeds() {
            let path: PathBuf = folder.path().join(name);
            fs::write(&path, mutated(bytes, &changes)).unwrap();
            let _ = import(&path, tool, &mut Any);
            let _ = Tool::detect(&path);
            // Whatever the content, every other importer must say what it makes of it, too.
            for other in Tool::ALL {
                let _ = import(&path, Some(other), &mut Any);
            }
            fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn no_mutation_of_a_table_panics(
        changes in prop::collection::vec((any::<u8>(), any::<prop::sample::Index>(), any::<u8>(), any::<u8>()), 1..6)
    ) {
        use assay_datasets::export::export;
        let folder = tempfile::tempdir().unwrap();
        for form in ["csv", "arrow", "parquet", "xlsx", "json", "yaml"] {
            let case = assay_core::Case { id: "a".into(), inputs: json!({"q": "x", "n": 1}).as_object().unwrap().clone(), expected: Some(Value::from("y")), weight: 1.0, ..assay_core::Case::default() };
            let path = folder.path().join(format!("t.{form}"));
            export(form.parse().unwrap(), "n", &mut vec![Ok(case)].into_iter(), &path, true).unwrap();
            let bytes = fs::read(&path).unwrap();
            fs::write(&path, mutated(bytes, &changes)).unwrap();
            read_all(&path);
        }
    }

    /// Bytes that nobody wrote, behind the beginnings that make readers believe in them.
    #[test]
    fn no_bytes_panic(start in prop::sample::select(STARTS.to_vec()), noise in prop::collection::vec(any::<u8>(), 0..600)) {
        let folder = tempfile::tempdir().unwrap();
        for ending in ["jsonl", "json", "yaml", "csv", "tsv", "parquet", "arrow", "feather", "xlsx", "eval", "txt"] {
            let path = folder.path().join(format!("noise.{ending}"));
            fs::write(&path, [start, &noise].concat()).unwrap();
            read_all(&path);
            for tool in Tool::ALL {
                let _ = import(&path, Some(tool), &mut Any);
            }
            fs::remove_file(&path).unwrap();
        }
    }

    /// Whoever can write into the workspace can break what is stored; reading it says so.
    #[test]
    fn no_mutation_of_the_library_panics(
        changes in prop::collection::vec((any::<u8>(), any::<prop::sample::Index>(), any::<u8>(), any::<u8>()), 1..4),
        which in any::<prop::sample::Index>(),
    ) {
        let bench = crate::library::Bench::new();
        let version = bench.add("qa", &["{\"id\": \"a\", \"q\": \"x\"}".to_owned()]).record.unwrap().version;
        let mut files = Vec::new();
        let mut folders = vec![bench.library_folder()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().flatten() {
                if entry.path().is_dir() { folders.push(entry.path()) } else { files.push(entry.path()) }
            }
        }
        files.sort();
        let path = &files[which.index(files.len())];
        fs::write(path, mutated(fs::read(path).unwrap(), &changes)).unwrap();
        let _ = bench.library.dataset("qa");
        if let Ok(cases) = bench.library.cases(version) {
            let _ = cases.take(10).count();
        }
    }
}

const STARTS: [&[u8]; 14] = [
    b"",
    b"{",
    b"[{\"q\": ",
    b"{\"messages\":[",
    b"PK\x03\x04",
    b"PAR1",
    b"ARROW1\0\0",
    b"\xff\xff\xff\xff",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"q,expected\n",
    b"- q: ",
    b"{\"version\":2,\"eval\":{",
    b"\x28\xb5\x2f\xfd",
];

/// Rows, and the cases that they make.
fn read_all(path: &Path) {
    if let Ok(rows) = assay_datasets::rows(path) {
        let _ = rows.take(1000).count();
    }
    let declared = assay_datasets::DatasetDecl { path: path.display().to_string(), ..Default::default() };
    if let Ok(cases) = assay_datasets::open(&declared, Path::new(""), None) {
        let _ = cases.take(1000).count();
    }
    let _ = Tool::detect(path);
}

#[test]
fn every_broken_table_is_named_with_its_fault() {
    let deep = |open: &str, n: usize| format!("{{\"q\":{}", open.repeat(n)).into_bytes();
    let long = [b"{\"q\":\"".to_vec(), vec![b'x'; (64 << 20) + 10], b"\"}".to_vec()].concat();
    let corpus: Vec<(&str, Vec<u8>, &str)> = vec![
        ("deep.jsonl", deep("[", 200_000), "recursion limit"),
        ("deep.json", deep("[", 200_000), ""),
        ("deep.yaml", deep("[", 20_000), ""),
        ("laughs.yaml", laughs(), "too deep or too large"),
        ("long.jsonl", long, "64 MiB"),
        ("nan.jsonl", b"{\"q\": NaN}".to_vec(), "broken JSON"),
        ("huge.jsonl", b"{\"q\": 1e999}".to_vec(), ""),
        ("twice.yaml", b"- q: 1\n  q: 2\n".to_vec(), "stands twice"),
        ("utf16.jsonl", b"\xff\xfe{\0}\0".to_vec(), ""),
        ("utf16.csv", b"\xff\xfeq\0\n\0a\0\n\0".to_vec(), ""),
        ("latin1.csv", b"q\ncaf\xe9\n".to_vec(), ""),
        ("more.csv", b"q,a\n1,2,3\n".to_vec(), "more.csv:2"),
        ("noise.parquet", [b"PAR1".to_vec(), vec![0xff; 64], b"PAR1".to_vec()].concat(), ""),
        ("noise.arrow", [b"ARROW1\0\0".to_vec(), vec![0xff; 64]].concat(), ""),
        ("noise.xlsx", b"PK\x03\x04 and no more".to_vec(), ""),
        ("../../etc/passwd.jsonl", vec![], ""),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, want) in corpus {
        let path = folder.path().join(name);
        if !bytes.is_empty() {
            fs::write(&path, bytes).unwrap();
        }
        let start = Instant::now();
        let declared = assay_datasets::DatasetDecl { path: path.display().to_string(), ..Default::default() };
        let read =
            assay_datasets::open(&declared, Path::new(""), None).and_then(|cases| cases.collect::<Result<Vec<_>, _>>());
        let error = read.expect_err(name).to_string();
        assert!(error.contains(want) && error.contains(name.rsplit('/').next().unwrap()), "{name}: {error}");
        assert!(start.elapsed() < Duration::from_secs(30), "{name} took {:?}", start.elapsed());
    }
}
