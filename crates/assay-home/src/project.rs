//! Files of the project that somebody may want to name from afar: suites to run, policies to release by.

use std::fs;
use std::path::{Path, PathBuf};

use assay_release::policy::is_policy_file;
use assay_release::{Policy, builtin};
use assay_suite::{Source, Suite};

use crate::Home;

/// The deepest folder that is looked into, below the project's own.
const DEEPEST: usize = 6;
/// The most names that are looked at.
const MOST_NAMES: usize = 20_000;
/// The most files that are told.
const MOST_FILES: usize = 200;
/// The largest file that is looked into, in bytes.
const LARGEST: u64 = 1 << 20;
/// Folders of other tools, which hold thousands of files that are nobody's suite.
const OTHERS: [&str; 5] = ["node_modules", "target", "venv", "site-packages", "__pycache__"];

/// A suite file of the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuiteFile {
    /// From the project's folder on, as runs record it.
    pub path: String,
    /// The suite's name, if its text is one.
    pub suite: Option<String>,
    /// What is wrong with the text. Datasets, targets and scorers are looked at when it runs.
    pub error: Option<String>,
}

/// A release policy that may be named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFile {
    /// The name of one that comes with Assay, or a file from the project's folder on.
    pub name: String,
    /// The name that it gives itself.
    pub policy: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it comes with Assay.
    pub builtin: bool,
    /// What is wrong with it.
    pub error: Option<String>,
}

impl Home {
    /// The suite files of the project by path: 200 at most, of folders down to the sixth. Hidden folders, links and folders of
    /// other tools are left out.
    pub fn suite_files(&self) -> Vec<SuiteFile> {
        let yaml = |path: &Path| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
        let files = self.files(&|path| yaml(path) && !is_policy_file(path));
        files.iter().filter_map(|path| self.suite_file(path)).take(MOST_FILES).collect()
    }

    fn suite_file(&self, path: &Path) -> Option<SuiteFile> {
        let text = small(path)?;
        let recorded = self.workspace.recorded(path);
        let of_suite = match Source::parse(Path::new(&recorded), text.clone()) {
            Ok((value, _)) => value.get("suite").is_some(),
            // A suite all the same, with a fault in its syntax.
            Err(_) => text.lines().any(|line| line.starts_with("suite:")),
        };
        let read = of_suite.then(|| Suite::from_text(&text, Path::new(&recorded)))?;
        let (suite, error) = match read {
            Ok((suite, _)) => (Some(suite.name), None),
            Err(diagnostics) => (None, Some(diagnostics.plain().trim().to_owned())),
        };
        Some(SuiteFile { path: recorded, suite, error })
    }

    /// The release policies that may be named: those that come with Assay, then `*.policy.yaml` of the project, as far as
    /// [`Home::suite_files`] looks.
    pub fn policy_files(&self) -> Vec<PolicyFile> {
        let builtin = builtin::POLICIES.iter().map(|(name, text)| policy_file(name, text, true));
        let own = self.files(&is_policy_file).into_iter().take(MOST_FILES).filter_map(|path| {
            let text = small(&path)?;
            Some(policy_file(&self.workspace.recorded(&path), &text, false))
        });
        builtin.chain(own).collect()
    }

    /// Files of the project that are wanted, sorted.
    fn files(&self, wanted: &dyn Fn(&Path) -> bool) -> Vec<PathBuf> {
        let own = self.workspace.root().canonicalize().unwrap_or_default();
        let project = self.workspace.project();
        let project = project.canonicalize().unwrap_or(project);
        let (mut files, mut seen) = (Vec::new(), 0);
        // Wide before deep: what is near is found however much lies below.
        let mut folders = std::collections::VecDeque::from([(project, 0)]);
        while let Some((folder, depth)) = folders.pop_front() {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                seen += 1;
                if seen > MOST_NAMES {
                    break;
                }
                let (path, name) = (entry.path(), entry.file_name());
                let name = name.to_string_lossy();
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => {
                        let other = name.starts_with('.') || OTHERS.contains(&name.as_ref()) || path == own;
                        if !other && depth < DEEPEST {
                            folders.push_back((path, depth + 1));
                        }
                    }
                    Ok(kind) if kind.is_file() && wanted(&path) => files.push(path),
                    _ => {}
                }
            }
        }
        files.sort();
        files
    }
}

/// The text of a file that is not large.
fn small(path: &Path) -> Option<String> {
    let size = fs::metadata(path).ok()?.len();
    if size <= LARGEST { fs::read_to_string(path).ok() } else { None }
}

fn policy_file(name: &str, text: &str, builtin: bool) -> PolicyFile {
    let (policy, error) = match Policy::from_text(text, Path::new(name)) {
        Ok(policy) => (Some(policy), None),
        Err(diagnostics) => (None, Some(diagnostics.plain().trim().to_owned())),
    };
    PolicyFile {
        name: name.to_owned(),
        policy: policy.as_ref().map(|policy| policy.policy.clone()),
        description: policy.and_then(|policy| policy.description),
        builtin,
        error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn suites_and_policies_are_found_and_what_is_hidden_or_elsewhere_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("project");
        let put = |name: &str, text: &str| {
            let path = project.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let suite = "suite: NAME\ndataset: cases.jsonl\ntarget: {echo: '{{q}}'}\nscorers: [equals]\n";
        put("assay.yaml", &suite.replace("NAME", "first"));
        put("suites/deep/second.yml", &suite.replace("NAME", "second"));
        put("broken.yaml", "suite: third\nscorers: [equals\n");
        put("wrong.yaml", "suite: fourth\nnothing: 1\n");
        put("other.yaml", "rubric: answers\n");
        put("notes.txt", "suite: no\n");
        put("node_modules/x/assay.yaml", &suite.replace("NAME", "no"));
        put(".hidden/assay.yaml", &suite.replace("NAME", "no"));
        put("a/b/c/d/e/f/g/assay.yaml", &suite.replace("NAME", "no"));
        put("big.yaml", &format!("suite: no\n# {}\n", "x".repeat(LARGEST as usize)));
        put("own.policy.yaml", builtin::text("chat").unwrap());
        put("bad.policy.yaml", "policy: bad\nnothing: 1\n");
        fs::write(folder.path().join("outside.yaml"), suite.replace("NAME", "no")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.path(), project.join("link")).unwrap();
        let home = Home::open(Some(project.join(".assay")), &project).await.unwrap();
        let found = home.suite_files();
        let names: Vec<(&str, Option<&str>, bool)> =
            found.iter().map(|of| (of.path.as_str(), of.suite.as_deref(), of.error.is_some())).collect();
        assert_eq!(
            names,
            [
                ("assay.yaml", Some("first"), false),
                ("broken.yaml", None, true),
                ("suites/deep/second.yml", Some("second"), false),
                ("wrong.yaml", None, true),
            ]
        );
        assert!(found[1].error.as_ref().unwrap().starts_with("broken.yaml:"), "{:?}", found[1]);
        for of in &found {
            assert!(home.project_file(&of.path).is_ok(), "{}", of.path);
        }
        let policies = home.policy_files();
        let own: Vec<&PolicyFile> = policies.iter().filter(|of| !of.builtin).collect();
        assert_eq!(policies.len(), builtin::POLICIES.len() + 2);
        assert_eq!((own[0].name.as_str(), own[0].error.is_some()), ("bad.policy.yaml", true));
        assert_eq!((own[1].name.as_str(), own[1].policy.as_deref()), ("own.policy.yaml", Some("chat")));
        for of in policies.iter().filter(|of| of.error.is_none()) {
            assert!(crate::policies::from_afar(&of.name, &home).is_ok(), "{}", of.name);
        }
    }
}
