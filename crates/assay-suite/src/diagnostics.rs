//! Problems shown at their line and column.

use std::fmt::Write as _;

use assay_core::Problem;
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};
use serde::Serialize;

use crate::Source;

/// What is wrong with a suite, all of it, with the source it is wrong in.
#[derive(Clone, Debug)]
pub struct Diagnostics {
    /// The file.
    pub source: Source,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// One problem with its place, for machines.
#[derive(Clone, Debug, Serialize)]
pub struct Located {
    /// The file.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// Where it ends.
    pub end_line: usize,
    /// Where it ends.
    pub end_column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// JSON pointer into the document.
    pub pointer: String,
}

impl Diagnostics {
    /// Each problem with its line and column, in the order of the file.
    pub fn located(&self) -> Vec<Located> {
        let mut found: Vec<(usize, Located)> = self
            .problems
            .iter()
            .map(|problem| {
                let range = self.source.range(&problem.at);
                let ((line, column), (end_line, end_column)) =
                    (self.source.line_column(range.start), self.source.line_column(range.end));
                let located = Located {
                    file: self.source.path.display().to_string(),
                    line,
                    column,
                    end_line,
                    end_column,
                    message: problem.message.clone(),
                    help: problem.help.clone(),
                    pointer: problem.at.clone(),
                };
                (range.start, located)
            })
            .collect();
        found.sort_by_key(|(start, _)| *start);
        found.into_iter().map(|(_, located)| located).collect()
    }

    /// One line for each problem, as compilers write them: for pipes and CI.
    pub fn plain(&self) -> String {
        let mut text = String::new();
        for problem in self.located() {
            let Located { file, line, column, message, help, .. } = problem;
            let _ = write!(text, "{file}:{line}:{column}: error: {message}");
            if let Some(help) = help {
                let _ = write!(text, " (help: {help})");
            }
            text.push('\n');
        }
        text
    }

    /// With the lines of the file around each problem: for terminals.
    pub fn graphical(&self, colour: bool) -> String {
        let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler = GraphicalReportHandler::new_themed(theme).with_context_lines(1);
        let mut text = String::new();
        for problem in &self.problems {
            let shown = Shown {
                problem,
                range: self.source.range(&problem.at),
                source: NamedSource::new(self.source.path.display().to_string(), self.source.text.clone()),
            };
            if handler.render_report(&mut text, &shown).is_err() {
                return self.plain();
            }
        }
        text
    }
}

impl std::fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.plain().trim_end())
    }
}

impl std::error::Error for Diagnostics {}

#[derive(Debug)]
struct Shown<'a> {
    problem: &'a Problem,
    range: std::ops::Range<usize>,
    source: NamedSource<String>,
}

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.problem.message)
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn help<'b>(&'b self) -> Option<Box<dyn std::fmt::Display + 'b>> {
        self.problem.help.as_ref().map(|help| Box::new(help) as Box<dyn std::fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = LabeledSpan::at(self.range.clone(), "here");
        Some(Box::new(std::iter::once(label)))
    }
}
