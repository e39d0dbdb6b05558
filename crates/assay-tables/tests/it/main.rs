//! The commands on files.

mod methods;
mod support;

mod agreement;
mod bars;
mod integrity;
mod people;
mod reference;
mod retrieval;
mod tasks;
mod text;
mod drift;
