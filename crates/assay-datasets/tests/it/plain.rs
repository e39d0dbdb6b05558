//! Datasets as users have them: good ones become cases, bad ones are named with file, line and help.

use std::fs;
use std::path::Path;

use assay_core::Case;
use assay_datasets::{DatasetDecl, columns, open, source_digest};
use serde_json::json;

fn read(decl: serde_json::Value, base: &Path) -> Result<Vec<Case>, assay_datasets::DatasetError> {
    let decl = DatasetDecl::read(&decl, "").unwrap();
    open(&decl, base, None)?.map(|case| case.map(|(case, _)| case)).collect()
}

#[test]
fn the_same_cases_come_from_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write(
        "a.jsonl",
        "\u{feff}{\"id\":1,\"question\":\"why?\",\"expected\":\"so\"}\r\n\n{\"id\":2,\"question\":\"how?\",\"expected\":null}\n",
    );
    write("a.csv", "id,question,expected\n1,why?,so\n2,how?,\n");
    write("a.tsv", "id\tquestion\texpected\n1\twhy?\tso\n2\thow?\t\n");
    write(
        "a.json",
        "{\"cases\":[{\"id\":1,\"question\":\"why?\",\"expected\":\"so\"},{\"id\":2,\"question\":\"how?\"}]}",
    );
    write("a.yaml", "- {id: 1, question: why?, expected: so}\n- {id: 2, question: how?}\n");
    let want = read(json!("a.jsonl"), folder.path()).unwrap();
    assert_eq!(want.len(), 2);
    assert_eq!((want[0].id.as_str(), &want[0].expected, &want[1].expected), ("1", &Some(json!("so")), &None));
    assert_eq!(want[0].inputs.keys().collect::<Vec<_>>(), ["question"]);
    for name in ["a.csv", "a.tsv", "a.json", "a.yaml"] {
        assert_eq!(read(json!(name), folder.path()).unwrap(), want, "{name}");
    }
}

#[test]
fn a_mapping_names_inputs_outputs_clusters_and_metadata() {
    let folder = tempfile::tempdir().unwrap();
    let row = json!({"q": "1+1", "gold": "2", "m": {"a": {"text": "2"}, "b": {"text": "3"}}, "doc": 7, "lang": "de",
                     "passages": [{"id": "p1"}, 5], "w": "2.5", "must": "yes"});
    fs::write(folder.path().join("d.jsonl"), format!("{row}\n")).unwrap();
    let cases = read(
        json!({"path": "d.jsonl", "where": "lang = 'de'", "fields": {
            "input": {"question": "q"}, "expected": "gold", "cluster": "doc", "weight": "w", "critical": "must",
            "contexts": "passages", "metadata": ["lang"], "outputs": {"a": "m.a.text", "b": "m.b.text"}}}),
        folder.path(),
    )
    .unwrap();
    let case = &cases[0];
    assert_eq!(serde_json::Value::Object(case.inputs.clone()), json!({"question": "1+1"}));
    assert_eq!(case.recorded["b"], "3");
    assert_eq!((case.cluster.as_deref(), case.weight, case.critical), (Some("7"), 2.5, true));
    assert_eq!(case.contexts[1].key(), "5");
}

#[test]
fn a_directory_is_read_in_the_order_of_its_names() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("docs")).unwrap();
    fs::write(folder.path().join("docs/b.md"), "second").unwrap();
    fs::write(folder.path().join("docs/a.md"), "first").unwrap();
    let cases = read(json!("docs"), folder.path()).unwrap();
    assert_eq!(cases.iter().map(|case| case.id.as_str()).collect::<Vec<_>>(), ["a.md", "b.md"]);
    assert_eq!(cases[0].inputs["text"], "first");
}

#[test]
fn parquet_files_are_cases_too() {
    use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    let folder = tempfile::tempdir().unwrap();
    let schema = parquet::schema::parser::parse_message_type(
        "message m { required int64 id; required binary question (UTF8); }",
    )
    .unwrap();
    let file = fs::File::create(folder.path().join("d.parquet")).unwrap();
    let properties = WriterProperties::builder().build();
    let mut writer = SerializedFileWriter::new(file, schema.into(), properties.into()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(&[1, 2], None, None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let texts = [ByteArray::from("why?"), ByteArray::from("how?")];
    column.typed::<ByteArrayType>().write_batch(&texts, None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    let cases = read(json!("d.parquet"), folder.path()).unwrap();
    assert_eq!((cases[1].id.as_str(), &cases[1].inputs["question"]), ("2", &json!("how?")));
}

#[test]
fn every_fault_names_its_line_and_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let good = "{\"id\":\"a\",\"q\":\"x\"}\n";
    let cases: Vec<(&str, Vec<u8>, serde_json::Value)> = vec![
        ("missing.jsonl", vec![], json!("mising.jsonl")),
        ("e.jsonl", vec![], json!("e.jsonl")),
        ("a.jsonl", format!("{good}{{\"id\":").into_bytes(), json!("a.jsonl")),
        ("b.jsonl", format!("{good}[1]").into_bytes(), json!("b.jsonl")),
        ("c.jsonl", format!("{good}{{\"q\": NaN}}").into_bytes(), json!("c.jsonl")),
        ("d.jsonl", [good.as_bytes(), b"{\"q\":\"\xff\"}"].concat(), json!("d.jsonl")),
        ("f.jsonl", good.into(), json!({"path": "f.jsonl", "fields": {"expected": "gold"}})),
        ("g.jsonl", good.into(), json!({"path": "g.jsonl", "where": "tier = 1"})),
        ("h.jsonl", b"{\"q\":\"x\",\"weight\":0}".to_vec(), json!("h.jsonl")),
        ("i.jsonl", b"{\"q\":\"x\",\"critical\":\"maybe\"}".to_vec(), json!("i.jsonl")),
        ("j.jsonl", b"{\"q\":\"x\",\"contexts\":[{\"x\":1}]}".to_vec(), json!("j.jsonl")),
        ("k.jsonl", b"{\"id\":\"only\"}".to_vec(), json!("k.jsonl")),
        ("l.jsonl", b"{\"q\":\"x\",\"id\":\"\"}".to_vec(), json!("l.jsonl")),
        ("m.csv", b"id,q\n1,a\n2,b,c\n".to_vec(), json!("m.csv")),
        ("n.csv", b"q,q\n1,a\n".to_vec(), json!("n.csv")),
        ("o.xyz", good.into(), json!("o.xyz")),
        ("p.json", b"[{\"q\": 1},\n {\"q\": }]".to_vec(), json!("p.json")),
        ("q.json", b"{\"items\": []}".to_vec(), json!("q.json")),
        ("r.parquet", b"not parquet at all".to_vec(), json!("r.parquet")),
        ("s.yaml", b"- q: 1\n- 2\n".to_vec(), json!("s.yaml")),
    ];
    let mut all = String::new();
    for (name, bytes, decl) in cases {
        fs::write(folder.path().join(name), bytes).unwrap();
        let decl = DatasetDecl::read(&decl, "").unwrap();
        let error = columns(&decl, folder.path(), None).expect_err(name);
        let text = format!("{error} (help: {})\n", error.help.as_deref().unwrap_or("-"));
        all.push_str(&text.replace(&format!("{}/", folder.path().display()), ""));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn the_source_digest_changes_with_content_and_mapping() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.jsonl");
    fs::write(&path, "{\"q\":1}").unwrap();
    let plain = DatasetDecl::read(&json!("d.jsonl"), "").unwrap();
    let limited = DatasetDecl { limit: Some(1), ..plain.clone() };
    let first = source_digest(&plain, folder.path(), None).unwrap();
    assert_eq!(first, source_digest(&plain, folder.path(), None).unwrap());
    assert_ne!(first, source_digest(&limited, folder.path(), None).unwrap());
    fs::write(&path, "{\"q\":2}").unwrap();
    assert_ne!(first, source_digest(&plain, folder.path(), None).unwrap());
}

#[test]
fn lines_are_counted_alike_whatever_ends_them() {
    let folder = tempfile::tempdir().unwrap();
    for (name, end) in [("unix.csv", "\n"), ("windows.csv", "\r\n")] {
        let path = folder.path().join(name);
        std::fs::write(&path, ["a,b", "1,2", "\"x\",y"].join(end)).unwrap();
        let lines: Vec<_> = assay_datasets::rows(&path).unwrap().map(|row| row.unwrap().1.line.unwrap()).collect();
        assert_eq!(lines, [2, 3], "{name}");
        std::fs::write(&path, ["a,b", "1,2", "3"].join(end)).unwrap();
        let error = assay_datasets::rows(&path).unwrap().last().unwrap().unwrap_err().to_string();
        assert!(error.contains(&format!("{name}:3")), "{error}");
    }
}
