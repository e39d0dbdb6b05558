//! The commands on files.

mod methods;
mod support;

mod agreement;
mod bars;
mod drift;
mod integrity;
mod people;
mod records;
mod reference;
mod retrieval;
mod tasks;
mod text;
