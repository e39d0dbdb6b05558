//! The binary as a user has it: files in, output and exit codes out, real servers and processes in between.

#[path = "../../../../tests/oracle/oracle.rs"]
mod oracle;
mod support;

mod asked;
mod attached;
mod audit;
mod bad_input;
mod batches;
mod calibration;
mod ci;
mod code;
mod corpus;
mod crash;
mod data;
mod datasets;
mod evidence;
mod first_run;
mod growing;
mod judges;
mod notify;
mod proofs;
mod releases;
mod review;
mod samples;
mod sealed;
mod serve;
mod servers;
mod steering;
mod tuning;
