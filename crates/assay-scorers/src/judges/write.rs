//! A judge as the text of its file.

use std::path::Path;

use serde_json::{Value, json};

use super::file::JudgeFile;

impl JudgeFile {
    /// The text of a file that says the same: prompts as blocks of lines, everything else on a line of its own. Comments of
    /// the file that it was read from are not in it.
    ///
    /// # Errors
    /// Something is wrong with the judge, so that no file of it could be read.
    pub fn to_text(&self) -> Result<String, String> {
        let wanted = json!(self);
        let mut why = String::new();
        for blocks in [true, false] {
            let text = text(&wanted, blocks);
            match Self::from_text(&text, Path::new("judge.yaml")) {
                Ok(loaded) if json!(loaded.file) == wanted => return Ok(text),
                Ok(_) => "the file would say something else".clone_into(&mut why),
                Err(found) => why = found.to_string(),
            }
        }
        Err(why)
    }
}

fn text(file: &Value, blocks: bool) -> String {
    let mut text = String::new();
    for (key, value) in file.as_object().into_iter().flatten() {
        match value {
            Value::Object(fields) if fields.is_empty() => {}
            Value::String(words) if blocks && is_block(words) => {
                let keep = if words.ends_with('\n') { "" } else { "-" };
                text.push_str(&format!("{key}: |{keep}\n"));
                for line in words.lines() {
                    let indent = if line.is_empty() { "" } else { "  " };
                    text.push_str(&format!("{indent}{line}\n"));
                }
            }
            Value::Array(items) if items.iter().any(Value::is_object) => {
                text.push_str(&format!("{key}:\n"));
                items.iter().for_each(|item| text.push_str(&format!("  - {item}\n")));
            }
            // JSON is YAML.
            other => text.push_str(&format!("{key}: {other}\n")),
        }
    }
    text
}

/// Whether a text can stand as lines: several of them, the first not indented, one line break at the end at most.
fn is_block(words: &str) -> bool {
    let printable = words.chars().all(|c| c == '\n' || !c.is_control());
    printable && words.contains('\n') && !words.starts_with([' ', '\n']) && !words.ends_with("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judges::file::{Example, Part, builtins};

    #[test]
    fn every_built_in_judge_is_written_as_it_is_read() {
        for (name, text) in builtins() {
            let read = JudgeFile::from_text(text, Path::new(name)).unwrap().file;
            let written = read.to_text().unwrap_or_else(|why| panic!("{name}: {why}"));
            assert!(written.starts_with(&format!("judge: \"{name}\"\n")), "{written}");
            assert!(!text.contains("user: |") || written.contains("user: |\n"), "{written}");
        }
    }

    #[test]
    fn hostile_examples_come_back_as_they_are() {
        let text = builtins().iter().find(|(name, _)| *name == "rubric").unwrap().1;
        let mut file = JudgeFile::from_text(text, Path::new("rubric")).unwrap().file;
        let parts = [(Part::Answer, "# no comment: \"{{ x }}\"\n\u{1}\u{85}\u{2028}- é\t\n\n".to_owned())].into();
        file.examples.push(Example { parts, verdict: json!("pass"), reasoning: "*&!|>'%@`".into() });
        file.user.push_str("\n  indented\n\ttab");
        let back = JudgeFile::from_text(&file.to_text().unwrap(), Path::new("x")).unwrap().file;
        assert_eq!(json!(back), json!(file));
    }
}
