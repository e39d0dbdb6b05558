//! Datasets in every format: read, written, kept as versions, and exchanged with the tools that made the formats.

mod library;
mod plain;
mod quality;
