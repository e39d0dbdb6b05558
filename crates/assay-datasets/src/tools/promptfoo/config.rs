//! `promptfooconfig.yaml` and files of tests.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::super::SuiteParts;
use super::super::documents::{Shape, folder, inside, records, shape, yaml_file};
use super::super::intake::Intake;
use super::super::json::{self, shown};
use super::super::record::{Record, is_empty, text};
use super::asserts::{self, Scorers};
use super::merged;
use super::test_cases::{Defaults, Test, from_row};
use crate::rows::{line_of, read_text};
use crate::{DatasetError, Place};

/// The most files that one file of tests may lead to.
const MOST_FILES: usize = 10_000;

struct Import<'a, 'b> {
    root: PathBuf,
    defaults: Defaults,
    scorers: Scorers,
    files: usize,
    intake: &'a mut Intake<'b>,
}

/// Reads a config.
pub(crate) fn import(path: &Path, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    let (value, lines) = match shape(path)? {
        Shape::Yaml => {
            let (value, source) = yaml_file(path)?;
            (value, Some(source))
        }
        _ => (json::whole(path, json::open(path)?)?, None),
    };
    let value = merged(value);
    let place = |pointer: &str| Place {
        file: path.to_owned(),
        line: lines.as_ref().and_then(|source| line_of(source, pointer)),
    };
    let mut import = Import {
        root: folder(path).to_owned(),
        defaults: Defaults::default(),
        scorers: Scorers::default(),
        files: 0,
        intake,
    };
    let mut config = match value {
        // A list of tests is a file of tests.
        Value::Array(list) => {
            for (i, test) in list.into_iter().enumerate() {
                import.test(test, &place(&format!("/{i}")))?;
            }
            return import.finish(SuiteParts::default());
        }
        value => Record::new(value, place(""))?,
    };
    if config.fields.contains_key("vars")
        && !config.fields.contains_key("tests")
        && !config.fields.contains_key("prompts")
    {
        import.test(Value::Object(config.fields), &place(""))?;
        return import.finish(SuiteParts::default());
    }
    import.defaults(config.take(&["defaultTest"]), &place("/defaultTest"))?;
    let mut parts = SuiteParts::default();
    parts.description = config.text(&["description"]);
    parts.name = parts.description.clone().unwrap_or_default();
    let prompts = import.prompts(config.take(&["prompts"]), &place("/prompts"))?;
    let providers = config.take(&["providers", "targets"]);
    parts.targets = import.targets(providers, &prompts);
    parts.prompts = prompts.iter().map(text).collect();
    match config.take(&["tests"]) {
        None => {}
        Some(Value::Array(tests)) => {
            for (i, test) in tests.into_iter().enumerate() {
                import.tests(test, &place(&format!("/tests/{i}")))?;
            }
        }
        Some(other) => import.tests(other, &place("/tests"))?,
    }
    for (i, scenario) in config.list(&["scenarios"]).into_iter().enumerate() {
        import.scenario(scenario, &place(&format!("/scenarios/{i}")))?;
    }
    for (key, _) in config.rest() {
        if !["tags", "$schema", "outputPath", "sharing", "metadata", "commandLineOptions"].contains(&key.as_str()) {
            import.intake.lose("a field of the config", &shown(&key));
        }
    }
    import.finish(parts)
}

/// Reads a file of tests: CSV and other tables, or JSONL.
pub(crate) fn import_tests(path: &Path, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    let mut import = Import {
        root: folder(path).to_owned(),
        defaults: Defaults::default(),
        scorers: Scorers::default(),
        files: 0,
        intake,
    };
    import.file(path)?;
    import.finish(SuiteParts::default())
}

impl Import<'_, '_> {
    fn finish(self, mut parts: SuiteParts) -> Result<(), DatasetError> {
        self.scorers.into_parts(&mut parts);
        if !parts.scorers.is_empty() || !parts.targets.is_empty() || !parts.prompts.is_empty() {
            self.intake.suite = Some(parts);
        }
        Ok(())
    }

    /// A file that the config names, below the config's folder.
    fn inside(&mut self, reference: &str, place: &Place) -> Result<PathBuf, DatasetError> {
        self.files += 1;
        if self.files > MOST_FILES {
            return Err(DatasetError::new(Some(place.clone()), "more than 10,000 files are referred to"));
        }
        inside(&self.root, reference, place)
    }

    fn defaults(&mut self, value: Option<Value>, place: &Place) -> Result<(), DatasetError> {
        let value = match value {
            None => return Ok(()),
            Some(Value::String(reference)) => {
                let file = self.inside(reference.strip_prefix("file://").unwrap_or(&reference), place)?;
                merged(yaml_file(&file)?.0)
            }
            Some(value) => value,
        };
        let mut record = Record::new(value, place.clone())?;
        self.defaults.vars = record.object(&["vars"]);
        self.defaults.metadata = record.object(&["metadata"]);
        self.defaults.options = record.object(&["options"]);
        self.defaults.threshold = record.take(&["threshold"]);
        for assertion in asserts::flat(&record.list(&["assert"]), Some(self.intake)) {
            self.scorers.shared(&assertion, self.intake);
        }
        for (key, _) in record.rest() {
            self.intake.lose("a default of all tests", &shown(&key));
        }
        Ok(())
    }

    fn prompts(&mut self, value: Option<Value>, place: &Place) -> Result<Vec<Value>, DatasetError> {
        let list = match value {
            None => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            // {file: label}
            Some(Value::Object(map)) => map.into_iter().map(|(file, _)| json!(file)).collect(),
            Some(other) => vec![other],
        };
        let mut prompts = Vec::new();
        for prompt in list {
            let said = match &prompt {
                Value::Object(fields) => {
                    ["raw", "id"].iter().find_map(|key| fields.get(*key)).cloned().unwrap_or_default()
                }
                other => other.clone(),
            };
            let Value::String(said) = said else {
                self.intake.lose("a prompt that is no text", "prompts");
                continue;
            };
            let looks_like_file = said.len() < 300
                && !said.contains(char::is_whitespace)
                && [".txt", ".json", ".md", ".j2", ".yaml", ".yml", ".js", ".py", ".ts", ".mjs", ".cjs"]
                    .iter()
                    .any(|end| said.ends_with(end));
            let Some(reference) = said.strip_prefix("file://").or_else(|| looks_like_file.then_some(said.as_str()))
            else {
                prompts.push(messages_of(said));
                continue;
            };
            let readable = [".txt", ".json", ".md", ".j2", ".yaml", ".yml"].iter().any(|end| reference.ends_with(end));
            if !readable || reference.contains('*') {
                self.intake.lose("a prompt made by a program or a pattern of files", &shown(reference));
                continue;
            }
            let file = self.inside(reference, place)?;
            let content = read_text(&file, json::open(&file)?)?;
            if reference.ends_with(".txt") {
                // Several prompts of one file stand between lines of `---`.
                prompts.extend(content.split("\n---\n").map(|part| json!(part.trim_end_matches('\n'))));
            } else {
                prompts.push(messages_of(content.trim_end_matches('\n').to_owned()));
            }
        }
        Ok(prompts)
    }

    fn targets(&mut self, providers: Option<Value>, prompts: &[Value]) -> Vec<Value> {
        let providers = match providers {
            None => return Vec::new(),
            Some(Value::Array(list)) => list,
            Some(other) => vec![other],
        };
        let mut targets = Vec::new();
        for provider in providers {
            let Some(target) = model_of(&provider) else {
                self.intake.lose("a provider that is no target of Assay", &shown(&provider_name(&provider)));
                continue;
            };
            for (i, prompt) in prompts.iter().enumerate() {
                let mut target = target.clone();
                let label = provider
                    .get("label")
                    .and_then(Value::as_str)
                    .map_or_else(|| provider_name(&provider), str::to_owned);
                target["name"] = json!(if prompts.len() > 1 { format!("{label} #{}", i + 1) } else { label });
                let key = match (target.get("echo").is_some(), prompt.is_array()) {
                    (true, _) => {
                        target["echo"] = json!(text(prompt));
                        targets.push(target);
                        continue;
                    }
                    (false, true) => "messages",
                    (false, false) => "prompt",
                };
                target[key] = prompt.clone();
                targets.push(target);
            }
        }
        targets
    }

    /// An entry of `tests`: a test, or what leads to a file of them.
    fn tests(&mut self, entry: Value, place: &Place) -> Result<(), DatasetError> {
        let reference = match &entry {
            Value::String(reference) => reference.clone(),
            Value::Object(fields) if fields.contains_key("path") && !fields.contains_key("vars") => {
                fields.get("path").map(text).unwrap_or_default()
            }
            _ => return self.test(entry, place),
        };
        let name = reference.strip_prefix("file://").unwrap_or(&reference);
        if name.contains("://") {
            self.intake.lose("tests on another server", &shown(&reference));
            return Ok(());
        }
        // `tests.xlsx#Sheet` and `tests.py:function`.
        let name = name.split('#').next().unwrap_or(name);
        let is_program = [".js", ".ts", ".mjs", ".cjs", ".py"]
            .iter()
            .any(|end| name.ends_with(end) || name.contains(&format!("{end}:")));
        if is_program {
            self.intake.lose("tests made by a program", &shown(&reference));
            return Ok(());
        }
        if name.contains('*') {
            return Err(DatasetError::new(
                Some(place.clone()),
                format!("`{}` is a pattern of files", shown(&reference)),
            )
            .help("name the files one by one"));
        }
        let file = self.inside(name, place)?;
        self.file(&file)
    }

    fn file(&mut self, path: &Path) -> Result<(), DatasetError> {
        if shape(path)? == Shape::Table {
            for row in crate::rows::open(path, None)? {
                let (row, place) = row?;
                let fields = from_row(row, self.intake);
                self.test(Value::Object(fields), &place)?;
            }
            return Ok(());
        }
        let mut alone = Map::new();
        let mut tests = Vec::new();
        records(
            path,
            &["tests"],
            &mut |key, value| {
                alone.insert(key.to_owned(), value);
                Ok(())
            },
            &mut |record| {
                tests.push(record);
                Ok(())
            },
        )?;
        if alone.contains_key("vars") {
            self.test(Value::Object(alone), &Place { file: path.to_owned(), line: Some(1) })?;
        }
        for record in tests {
            self.test(merged(Value::Object(record.fields)), &record.place)?;
        }
        Ok(())
    }

    fn test(&mut self, value: Value, place: &Place) -> Result<(), DatasetError> {
        let mut record = Record::new(value, place.clone())?;
        match record.take(&["vars"]) {
            None => {}
            Some(Value::Object(vars)) => {
                let mut read = Map::new();
                for (name, value) in vars {
                    read.insert(name, self.variable(value, place)?);
                }
                record.fields.insert("vars".into(), Value::Object(read));
            }
            Some(Value::String(reference)) => {
                let file = self.inside(reference.strip_prefix("file://").unwrap_or(&reference), place)?;
                record.fields.insert("vars".into(), yaml_file(&file)?.0);
            }
            Some(_) => {
                return Err(record.wrong("`vars` must be names with values").help("write `vars: {name: value}`"));
            }
        }
        Test { fields: record.fields, place: record.place }.cases(&self.defaults, &mut self.scorers, self.intake)
    }

    /// `file://notes.txt` as the file's text; programs and media are not read.
    fn variable(&mut self, value: Value, place: &Place) -> Result<Value, DatasetError> {
        match value {
            Value::String(reference) if reference.starts_with("file://") => {
                let name = &reference["file://".len()..];
                let ending = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
                match ending.as_str() {
                    "txt" | "md" | "json" | "yaml" | "yml" | "csv" | "html" | "xml" if !name.contains('*') => {
                        let file = self.inside(name, place)?;
                        let content = read_text(&file, json::open(&file)?)?;
                        Ok(match ending.as_str() {
                            "yaml" | "yml" => crate::rows::yaml(&file, content)?.0,
                            "json" => json::parse(content.as_bytes(), &Place { file, line: Some(1) })?,
                            _ => Value::String(content.trim().to_owned()),
                        })
                    }
                    _ => {
                        self.intake.lose("a variable that a program, a pattern or a media file gives", "vars");
                        Ok(Value::String(reference))
                    }
                }
            }
            Value::Array(items) => items.into_iter().map(|item| self.variable(item, place)).collect(),
            other => Ok(other),
        }
    }

    /// Each of a scenario's configurations with each of its tests.
    fn scenario(&mut self, value: Value, place: &Place) -> Result<(), DatasetError> {
        let mut scenario = Record::new(value, place.clone())?;
        let configurations = scenario.list(&["config"]);
        let tests = scenario.list(&["tests"]);
        for configuration in &configurations {
            for test in &tests {
                let (Value::Object(base), Value::Object(test)) = (configuration, test) else {
                    self.intake.lose("a scenario whose parts stand in files", "scenarios");
                    continue;
                };
                let mut whole = base.clone();
                for (key, value) in test {
                    match (whole.get_mut(key), value) {
                        (Some(Value::Object(known)), Value::Object(more)) => known.extend(more.clone()),
                        (Some(Value::Array(known)), Value::Array(more)) => known.extend(more.iter().cloned()),
                        _ => drop(whole.insert(key.clone(), value.clone())),
                    }
                }
                self.test(Value::Object(whole), place)?;
            }
        }
        for (key, value) in scenario.rest() {
            if key != "description" && !is_empty(&value) {
                self.intake.lose("a field of a scenario", &shown(&key));
            }
        }
        Ok(())
    }
}

/// A prompt that is a JSON list of messages as that list.
pub(crate) fn messages_of(prompt: String) -> Value {
    let is_message = |message: &Value| {
        message.get("role").is_some_and(Value::is_string) && message.get("content").is_some_and(Value::is_string)
    };
    match serde_json::from_str(&prompt) {
        Ok(Value::Array(messages)) if !messages.is_empty() && messages.iter().all(is_message) => {
            messages.iter().map(|message| json!({"role": message["role"], "content": message["content"]})).collect()
        }
        _ => Value::String(prompt),
    }
}

fn provider_name(provider: &Value) -> String {
    match provider {
        Value::String(id) => id.clone(),
        Value::Object(fields) => match fields.get("id") {
            Some(id) => text(id),
            None => fields.keys().next().cloned().unwrap_or_default(),
        },
        other => other.to_string(),
    }
}

/// A provider as a target, where Assay has one of that kind.
pub(crate) fn model_of(provider: &Value) -> Option<Value> {
    let id = provider_name(provider);
    let empty = json!({});
    let settings = match provider.get("id") {
        Some(_) => provider.get("config"),
        // {id: options}
        None => provider.get(&id).map(|options| options.get("config").unwrap_or(options)),
    };
    let settings = settings.unwrap_or(&empty);
    if id == "echo" {
        return Some(json!({"echo": "{{ prompt }}"}));
    }
    let (kind, rest) = id.split_once(':')?;
    let mut target = Map::new();
    match (kind, rest.split_once(':')) {
        ("openai", Some(("chat" | "responses", model))) => drop(target.insert("openai".into(), json!(model))),
        ("openai", None) if !["chat", "responses"].contains(&rest) => drop(target.insert("openai".into(), json!(rest))),
        ("anthropic", Some(("messages", model))) => drop(target.insert("anthropic".into(), json!(model))),
        ("anthropic", None) => drop(target.insert("anthropic".into(), json!(rest))),
        ("google", None) => drop(target.insert("gemini".into(), json!(rest))),
        ("ollama", Some(("chat", model))) => {
            target.insert("openai".into(), json!(model));
            target.insert("base_url".into(), json!("http://localhost:11434/v1"));
        }
        _ => return None,
    }
    for (theirs, ours) in [
        ("temperature", "temperature"),
        ("max_tokens", "max_tokens"),
        ("max_completion_tokens", "max_tokens"),
        ("top_p", "top_p"),
        ("seed", "seed"),
        ("stop", "stop"),
        ("tools", "tools"),
        ("tool_choice", "tool_choice"),
        ("apiBaseUrl", "base_url"),
        ("apiKeyEnvar", "api_key_env"),
    ] {
        if let Some(value) = settings.get(theirs).filter(|value| !value.is_null()) {
            target.insert(ours.to_owned(), value.clone());
        }
    }
    Some(Value::Object(target))
}
