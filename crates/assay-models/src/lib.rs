//! Targets and model providers behind one small trait.

pub mod target;

pub use target::{BuildContext, CallError, Called, Caller, Price, Problems, Reply, Target, Traits};
