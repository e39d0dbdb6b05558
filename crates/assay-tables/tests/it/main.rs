//! The commands on files.

mod methods;
mod support;

mod agreement;
mod reference;
mod people;
mod integrity;
mod text;
mod retrieval;
mod tasks;
