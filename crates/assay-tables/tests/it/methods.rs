//! The catalogue of methods names what exists, and the page made from it is complete.

use std::path::Path;

use assay_tables::Command;
use clap::Subcommand;

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn sources(folder: &Path) -> String {
    let mut all = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.push_str(&sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            all.push_str(&text(&path));
        }
    }
    all
}

#[test]
fn every_row_names_code_and_commands_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let code: String =
        ["assay-stats", "assay-metrics"].map(|name| sources(&root.join("crates").join(name).join("src"))).concat();
    let commands = Command::augment_subcommands(clap::Command::new("stats"));
    let page = text(&root.join("docs/reference/methods.md"));
    let mut problems = Vec::new();
    let mut rows = 0;
    for entry in std::fs::read_dir(root.join("tests/oracle/methods")).unwrap() {
        let path = entry.unwrap().path();
        let mut reader = csv::Reader::from_path(&path).unwrap();
        let header = reader.headers().unwrap().clone();
        for record in reader.records() {
            let record = record.unwrap();
            let line = record.position().map_or(0, csv::Position::line);
            let get = |name: &str| record.get(header.iter().position(|h| h == name).unwrap()).unwrap_or_default();
            let mut fault = |what: String| problems.push(format!("{}:{line}: {what}", path.display()));
            rows += 1;
            if !["1.1", "1.2", "1.3", "1.4", "1.5", "1.6"].contains(&get("section")) {
                fault(format!("section `{}`", get("section")));
            }
            for item in get("code").split_whitespace() {
                let name = item.rsplit("::").next().unwrap_or(item);
                let declared = ["fn ", "struct ", "enum ", "mod ", "trait "].iter().any(|kind| {
                    code.match_indices(&format!("{kind}{name}")).any(|(at, found)| {
                        !code[at + found.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
                    })
                });
                if !declared {
                    fault(format!("there is no `{item}`"));
                }
            }
            if let Some(name) = get("command").strip_prefix("assay stats ") {
                let name = name.split_whitespace().next().unwrap_or_default();
                if name != "power" && commands.find_subcommand(name).is_none() {
                    fault(format!("there is no command `assay stats {name}`"));
                }
            }
            if get("parity").is_empty() && get("note").is_empty() {
                fault("neither a parity test nor a note".into());
            }
            if !page.contains(&get("method").replace('|', "\\|")) {
                fault(format!("docs/reference/methods.md lacks `{}`: run scripts/methods.sh", get("method")));
            }
        }
    }
    assert!(rows > 0 && problems.is_empty(), "{}", problems.join("\n"));
}
