//! Targets and model providers behind one small trait.
//!
//! | module | holds |
//! |---|---|
//! | [`target`] | the trait, prices, classified errors |
//! | [`registry`] | every kind of target, its schema and builder |
//! | [`chat`] | what chat models share: prompts, parameters, payloads |
//! | [`openai`], [`anthropic`], [`gemini`] | the providers' wire formats |
//! | [`embeddings`] | vectors of texts |
//! | [`batch`] | many requests in one file, at half the price |
//! | [`http`], [`command`], [`python`] | applications |
//! | [`worker`], [`attached`] | Python functions: worker processes, and the process that runs the command |
//! | [`local`] | recorded outputs and echo |
//! | [`client`] | the one HTTP client: offline guard, size limits, classified errors |
//! | [`rates`] | what providers say about their limits |
//! | [`prices`] | dollars per million tokens |

pub mod anthropic;
pub mod attached;
pub mod batch;
pub mod chat;
pub mod client;
pub mod command;
pub mod embeddings;
pub mod gemini;
pub mod http;
pub mod local;
pub mod openai;
pub mod prices;
pub mod python;
pub mod rates;
pub mod registry;
pub mod target;
pub mod worker;

pub use batch::Batches;
pub use rates::{Rate, Rates, SeenRates};
pub use registry::{Built, TargetKind, build, build_embedder, kinds, schema};
pub use target::{BuildContext, CallError, Called, Caller, Guarded, PerMinute, Price, Problems, Reply, Target, Traits};
