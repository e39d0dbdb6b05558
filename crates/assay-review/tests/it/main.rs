//! Programs of human evaluation as raters and leads have them: many hands on one file, real ratings, other tools' forms.

mod concurrent;
mod data;
mod exchange;
mod program;
mod support;
