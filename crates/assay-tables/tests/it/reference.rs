//! The reference pages of `docs/reference` are made from the code: sources of the two crates of pure functions, and the
//! help of the commands. With `ASSAY_WRITE_DOCS=1` these tests write the pages, otherwise they compare.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use proc_macro2::{LineColumn, Span};
use syn::spanned::Spanned as _;
use syn::{Attribute, Expr, ImplItem, Item, ItemUse, Lit, Meta, Type, UseTree, Visibility};

const AGAIN: &str = "ASSAY_WRITE_DOCS=1 cargo test -p assay-tables --test it reference";

#[test]
fn the_page_of_statistics_is_that_of_the_code() {
    page_is_current("stats.md", &crate_page("assay-stats", "Statistics", "stats"));
}

#[test]
fn the_page_of_metrics_is_that_of_the_code() {
    page_is_current("metrics.md", &crate_page("assay-metrics", "Metrics", "metrics"));
}

#[test]
fn the_page_of_commands_is_that_of_their_help() {
    page_is_current("commands.md", &commands_page());
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn page_is_current(name: &str, page: &str) {
    let path = root().join("docs/reference").join(name);
    if std::env::var_os("ASSAY_WRITE_DOCS").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, page).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    if let Some(at) = committed.lines().zip(page.lines()).position(|(a, b)| a != b) {
        let line = |text: &str| text.lines().nth(at).unwrap_or_default().to_owned();
        panic!(
            "docs/reference/{name}:{}: the page says {:?}, the code {:?}. Run {AGAIN}",
            at + 1,
            line(&committed),
            line(page)
        );
    }
    assert_eq!(committed.lines().count(), page.lines().count(), "docs/reference/{name} is out of date. Run {AGAIN}");
}

fn commands_page() -> String {
    let mut page = format!(
        "# Commands of `assay stats`\n\nThe help of each command. Those that need a run, such as `assay stats power`, \
         print theirs with `--help`.\n\n{}",
        made()
    );
    let all = <assay_tables::Command as clap::Subcommand>::augment_subcommands(clap::Command::new("stats"));
    for command in all.get_subcommands().filter(|command| !command.is_hide_set()) {
        let name = format!("assay stats {}", command.get_name());
        let help = command.clone().bin_name(&name).term_width(100).render_long_help().to_string();
        let help: Vec<&str> = help.lines().map(str::trim_end).collect();
        let _ = write!(page, "\n## `{name}`\n\n```text\n{}\n```\n", help.join("\n").trim_end());
    }
    page
}

fn made() -> String {
    format!("<!-- Made from the code. Do not edit; run: {AGAIN} -->\n")
}

/// A public item: its name, its declaration and what its comment says.
struct Entry {
    name: String,
    /// The type that a method belongs to.
    owner: Option<String>,
    declaration: String,
    doc: String,
}

struct Module {
    path: String,
    doc: String,
    entries: Vec<Entry>,
}

fn crate_page(package: &str, title: &str, word: &str) -> String {
    let source = root().join("crates").join(package).join("src");
    let mut modules = Vec::new();
    collect(&source.join("lib.rs"), &source, String::new(), &mut modules);
    let library = package.replace('-', "_");
    let mut page = format!("# {title}: every public function\n\n{}\n", made());
    let intro = &modules[0].doc;
    let functions: usize = modules.iter().map(|module| module.entries.len()).sum();
    let _ = writeln!(
        page,
        "`{library}`, {functions} entries in {} modules. {}",
        modules.len() - 1,
        intro.split("\n\n").next().unwrap_or_default()
    );
    let _ = writeln!(
        page,
        "\nBring a name in with `use {library}::MODULE::NAME;`. See also [{word} for users](../{}).",
        users(word)
    );
    page.push_str("\n| module | what it holds |\n|---|---|\n");
    for module in modules.iter().filter(|module| !module.path.is_empty()) {
        let first = module.doc.split("\n\n").next().unwrap_or_default().replace('\n', " ").replace('|', "\\|");
        let _ = writeln!(page, "| [`{0}`](#{1}) | {first} |", module.path, module.path.replace("::", ""));
    }
    for module in modules.iter().filter(|module| !module.path.is_empty() || !module.entries.is_empty()) {
        let name = if module.path.is_empty() { library.as_str() } else { &module.path };
        let _ = write!(page, "\n## `{name}`\n");
        if !module.path.is_empty() && !module.doc.is_empty() {
            let _ = write!(page, "\n{}\n", module.doc);
        }
        for entry in &module.entries {
            let _ = write!(page, "\n### `{name}::{}`\n\n```rust\n{}\n```\n", entry.name, entry.declaration);
            if !entry.doc.is_empty() {
                let _ = write!(page, "\n{}\n", entry.doc);
            }
        }
    }
    page
}

fn users(word: &str) -> &'static str {
    if word == "stats" { "statistics.md" } else { "scorers.md" }
}

/// The module in a file, then its public modules.
fn collect(file: &Path, folder: &Path, path: String, modules: &mut Vec<Module>) {
    let (syntax, entries) = read(file);
    let mut module = Module { path: path.clone(), doc: doc_of(&syntax.attrs), entries };
    // Public names of private modules count as the module's own when it hands them on.
    let mut handed_on: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for item in &syntax.items {
        if let Item::Use(ItemUse { vis: Visibility::Public(_), tree, .. }) = item {
            names(tree, &mut Vec::new(), &mut handed_on);
        }
    }
    let children: Vec<_> = syntax
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Mod(child) if child.content.is_none() && !for_tests(&child.attrs) => Some(child),
            _ => None,
        })
        .collect();
    let place = |name: &str| {
        let (flat, own) = (folder.join(format!("{name}.rs")), folder.join(name).join("mod.rs"));
        if flat.is_file() { flat } else { own }
    };
    for child in &children {
        let name = child.ident.to_string();
        if let (false, Some(wanted)) = (matches!(child.vis, Visibility::Public(_)), handed_on.get(&name)) {
            let (_, entries) = read(&place(&name));
            let kept = |entry: &Entry| {
                let of = entry.owner.as_ref().unwrap_or(&entry.name);
                wanted.iter().any(|name| name == "*" || name == of)
            };
            module.entries.extend(entries.into_iter().filter(kept));
        }
    }
    modules.push(module);
    for child in children.iter().filter(|child| matches!(child.vis, Visibility::Public(_))) {
        let name = child.ident.to_string();
        let full = if path.is_empty() { name.clone() } else { format!("{path}::{name}") };
        collect(&place(&name), &folder.join(&name), full, modules);
    }
}

/// The names that a `pub use` hands on, by the module they come from.
fn names(tree: &UseTree, before: &mut Vec<String>, found: &mut BTreeMap<String, Vec<String>>) {
    let mut add = |name: String| {
        let from: Vec<&String> = before.iter().filter(|part| !matches!(part.as_str(), "self" | "crate")).collect();
        if let [module] = from.as_slice() {
            found.entry((*module).clone()).or_default().push(name);
        }
    };
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            names(&path.tree, before, found);
            before.pop();
        }
        UseTree::Name(name) => add(name.ident.to_string()),
        UseTree::Rename(name) => add(name.ident.to_string()),
        UseTree::Glob(_) => add("*".to_owned()),
        UseTree::Group(group) => group.items.iter().for_each(|tree| names(tree, before, found)),
    }
}

fn read(file: &Path) -> (syn::File, Vec<Entry>) {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let text = text.replace("\r\n", "\n");
    let syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let source = Source(text.lines().collect());
    let mut entries = Vec::new();
    for item in &syntax.items {
        source.entries(item, &mut entries);
    }
    (syntax, entries)
}

fn for_tests(attributes: &[Attribute]) -> bool {
    attributes
        .iter()
        .any(|a| matches!(&a.meta, Meta::List(list) if list.path.is_ident("cfg") && list.tokens.to_string() == "test"))
}

/// A file's lines, from which declarations are cut as they are written.
struct Source<'a>(Vec<&'a str>);

impl Source<'_> {
    fn entries(&self, item: &Item, entries: &mut Vec<Entry>) {
        let mut add = |vis: &Visibility, name: String, attributes: &[Attribute], declaration: String| {
            if matches!(vis, Visibility::Public(_)) && !for_tests(attributes) {
                entries.push(Entry { name, owner: None, declaration, doc: doc_of(attributes) });
            }
        };
        match item {
            Item::Fn(f) => add(&f.vis, f.sig.ident.to_string(), &f.attrs, self.cut(f.vis.span(), f.sig.span())),
            Item::Const(c) => add(&c.vis, c.ident.to_string(), &c.attrs, self.cut(c.vis.span(), c.semi_token.span())),
            Item::Type(t) => add(&t.vis, t.ident.to_string(), &t.attrs, self.cut(t.vis.span(), t.semi_token.span())),
            Item::Enum(e) => {
                add(&e.vis, e.ident.to_string(), &e.attrs, self.cut(e.vis.span(), e.brace_token.span.close()));
            }
            Item::Trait(t) => {
                add(&t.vis, t.ident.to_string(), &t.attrs, self.cut(t.vis.span(), t.brace_token.span.close()));
            }
            Item::Struct(s) => {
                let end = match &s.fields {
                    syn::Fields::Named(named) => named.brace_token.span.close(),
                    _ => s.semi_token.as_ref().map_or(s.ident.span(), |semi| semi.span()),
                };
                let private: Vec<(usize, usize)> = s
                    .fields
                    .iter()
                    .filter(|field| field.ident.is_some() && !matches!(field.vis, Visibility::Public(_)))
                    .map(|field| (field.span().start().line, field.span().end().line))
                    .collect();
                add(&s.vis, s.ident.to_string(), &s.attrs, self.cut_without(s.vis.span(), end, &private));
            }
            Item::Impl(block) if block.trait_.is_none() => {
                let Type::Path(of) = &*block.self_ty else { return };
                let owner = of.path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
                for member in &block.items {
                    if let ImplItem::Fn(f) = member
                        && matches!(f.vis, Visibility::Public(_))
                    {
                        entries.push(Entry {
                            name: format!("{owner}::{}", f.sig.ident),
                            owner: Some(owner.clone()),
                            declaration: self.cut(f.vis.span(), f.sig.span()),
                            doc: doc_of(&f.attrs),
                        });
                    }
                }
            }
            _ => {}
        }
    }

    fn cut(&self, from: Span, to: Span) -> String {
        self.cut_without(from, to, &[])
    }

    /// The text from one span to the end of another, less indented, without some lines, attributes and `where` left
    /// over at the end.
    fn cut_without(&self, from: Span, to: Span, without: &[(usize, usize)]) -> String {
        let (LineColumn { line: first, column }, LineColumn { line: last, column: end }) = (from.start(), to.end());
        let lines: Vec<String> = (first..=last)
            .filter(|line| !without.iter().any(|(a, b)| (a..=b).contains(&line)))
            .map(|line| {
                let text: Vec<char> = self.0[line - 1].chars().collect();
                let text: String = text[..if line == last { end } else { text.len() }].iter().collect();
                // Lines of a method are indented as far as its first.
                text.char_indices().nth(column).map_or(String::new(), |(at, _)| {
                    let (before, rest) = text.split_at(at);
                    if before.trim().is_empty() || line == first {
                        rest.to_owned()
                    } else {
                        text.trim_start().to_owned()
                    }
                })
            })
            .filter(|line| !line.trim_start().starts_with("#["))
            .collect();
        let text = lines.join("\n");
        // A struct whose fields are all private.
        if !without.is_empty() { text.replace("{\n}", "{ /* private */ }") } else { text }
    }
}

/// The comment of an item as Markdown that reads well outside rustdoc: no headings, links to items as plain names,
/// hidden lines of examples left out.
fn doc_of(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes {
        if let Meta::NameValue(pair) = &attribute.meta
            && pair.path.is_ident("doc")
            && let Expr::Lit(literal) = &pair.value
            && let Lit::Str(text) = &literal.lit
        {
            let text = text.value();
            lines.extend(text.lines().map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned()));
            if text.is_empty() {
                lines.push(String::new());
            }
        }
    }
    let mut code = false;
    let mut page = Vec::new();
    for line in lines {
        if line.starts_with("```") {
            code = !code;
            let plain = code && matches!(line.as_str(), "```" | "```no_run" | "```should_panic");
            page.push(if plain { "```rust".to_owned() } else { line });
        } else if code {
            if line != "#" && !line.starts_with("# ") {
                page.push(line);
            }
        } else if let Some(heading) = line.strip_prefix("# ") {
            page.push(format!("**{heading}**"));
        } else {
            page.push(without_links(&line));
        }
    }
    while page.last().is_some_and(String::is_empty) {
        page.pop();
    }
    page.join("\n")
}

/// "[`name`]" and "[`name`](path::of::item)" as "`name`".
fn without_links(line: &str) -> String {
    let mut rest = line;
    let mut out = String::new();
    while let Some(at) = rest.find("[`") {
        let Some(end) = rest[at..].find("`]").map(|end| at + end) else { break };
        out.push_str(&rest[..at]);
        out.push_str(&rest[at + 1..=end]);
        rest = &rest[end + 2..];
        if rest.starts_with('(')
            && let Some(close) = rest.find(')')
        {
            if rest[..close].contains("http") {
                let _ = write!(out, " {}", &rest[..=close]);
            }
            rest = &rest[close + 1..];
        }
    }
    out + rest
}

#[test]
fn comments_become_plain_markdown() {
    let item: Item = syn::parse_str(
        "/// As [`mean`] and [`level`](crate::level).\n///\n/// # Examples\n/// ```\n/// # use x;\n/// assert!(true);\n/// ```\nfn f() {}",
    )
    .unwrap();
    let Item::Fn(f) = item else { panic!("a function") };
    let want = "As `mean` and `level`.\n\n**Examples**\n```rust\nassert!(true);\n```";
    assert_eq!(doc_of(&f.attrs), want);
}

/// Commands between backquotes, their lines joined.
fn commands_of(page: &str) -> Vec<Vec<String>> {
    let inline = page.split('`').skip(1).step_by(2);
    inline
        .filter(|code| code.starts_with("assay stats "))
        .map(|code| code.split_whitespace().skip(1).map(str::to_owned).collect())
        .collect()
}

#[test]
fn the_commands_in_the_guide_are_understood() {
    let page = std::fs::read_to_string(root().join("docs/statistics.md")).unwrap();
    let commands = commands_of(&page);
    assert!(commands.len() > 50);
    for arguments in commands.iter().filter(|arguments| arguments[1] != "power") {
        let all = <assay_tables::Command as clap::Subcommand>::augment_subcommands(clap::Command::new("stats"));
        if let Err(error) = all.try_get_matches_from(arguments) {
            // The guide may leave out what does not matter to its point, but names nothing that is not there.
            let left_out = error.kind() == clap::error::ErrorKind::MissingRequiredArgument
                || error.to_string().contains("a value is required for");
            assert!(left_out, "`assay {}`: {error}", arguments.join(" "));
        }
    }
}
