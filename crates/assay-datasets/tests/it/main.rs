//! Datasets in every format: read, written, and exchanged with the tools that made the formats.

mod plain;
