//! The binary as a user has it: files in, output and exit codes out, real servers and processes in between.

mod support;

mod bad_input;
mod batches;
mod calibration;
mod code;
mod corpus;
mod crash;
mod data;
mod datasets;
mod first_run;
mod growing;
mod judges;
mod review;
mod samples;
mod releases;
mod servers;
mod steering;
