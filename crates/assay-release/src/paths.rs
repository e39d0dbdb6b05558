//! Which kind of change a path is.

use std::collections::{BTreeMap, BTreeSet};

use crate::Change;

/// Whether a path is what a pattern describes: `*` stands for any letters within a folder's or file's name, `?` for one,
/// `**` for any number of folders. A pattern without `/` is looked for in every folder, as in `.gitignore`.
pub fn matches(pattern: &str, path: &str) -> bool {
    let path: Vec<&str> = path.split(['/', '\\']).filter(|part| !matches!(*part, "" | ".")).collect();
    let mut parts: Vec<&str> = pattern.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if !pattern.contains('/') {
        parts.insert(0, "**");
    }
    // A folder stands for everything in it.
    if pattern.ends_with('/') {
        parts.push("**");
    }
    covers(
        &parts,
        &path,
        &|part, name| in_name(&part.chars().collect::<Vec<_>>(), &name.chars().collect::<Vec<_>>()),
        &"**",
    )
}

fn in_name(pattern: &[char], name: &[char]) -> bool {
    covers(pattern, name, &|part, letter| *part == '?' || part == letter, &'*')
}

/// Whether the pattern covers all of the text, where `any` stands for any number of elements. Linear in memory, and never
/// more than pattern × text steps, since patterns come from files.
fn covers<T: PartialEq>(pattern: &[T], text: &[T], same: &dyn Fn(&T, &T) -> bool, any: &T) -> bool {
    // Which beginnings of the text the pattern so far can end at.
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for part in pattern {
        let mut next = vec![false; text.len() + 1];
        for at in 0..=text.len() {
            next[at] = match part == any {
                true => reached[at] || (at > 0 && next[at - 1]),
                false => at > 0 && reached[at - 1] && same(part, &text[at - 1]),
            };
        }
        reached = next;
    }
    reached[text.len()]
}

/// The kinds of change that paths amount to, and the paths that are of no kind.
pub fn kinds<'a>(
    patterns: &BTreeMap<Change, Vec<String>>,
    paths: impl IntoIterator<Item = &'a str>,
) -> (BTreeSet<Change>, Vec<&'a str>) {
    let (mut kinds, mut others) = (BTreeSet::new(), Vec::new());
    for path in paths {
        let of = patterns.iter().filter(|(_, patterns)| patterns.iter().any(|pattern| matches(pattern, path)));
        let of: Vec<Change> = of.map(|(kind, _)| *kind).collect();
        if of.is_empty() {
            others.push(path);
        }
        kinds.extend(of);
    }
    (kinds, others)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns_mean_what_they_mean_elsewhere() {
        for (pattern, path, is) in [
            ("prompts/**", "prompts/a/b.txt", true),
            ("prompts/**", "prompts/b.txt", true),
            ("prompts/", "prompts/a/b.txt", true),
            ("prompts/*", "prompts/a/b.txt", false),
            ("prompts/**/*.md", "prompts/b.md", true),
            ("**/prompts/*.md", "app/prompts/b.md", true),
            ("*.prompt.md", "deep/er/x.prompt.md", true),
            ("*.prompt.md", "deep/er/x.md", false),
            ("tool?.json", "tools.json", true),
            ("src/*/agent_*.py", "./src/bot/agent_x.py", true),
            ("src/*/agent_*.py", "src/agent_x.py", false),
            ("é*", "été", true),
        ] {
            assert_eq!(matches(pattern, path), is, "{pattern} {path}");
        }
    }

    proptest! {
        #[test]
        fn a_path_is_covered_by_itself_and_by_everything(path in "[a-z]{1,4}(/[a-z.]{1,6}x){0,4}") {
            prop_assert!(matches("**", &path));
            let rooted = format!("/{path}");
            prop_assert!(matches(&rooted, &path));
        }
    }
}
