//! The HTTP API of a workspace, and the web page.
//!
//! Every endpoint is one function over [`endpoint::Call`], listed in [`api`] with what it needs of its caller. From that list
//! come the routes, the OpenAPI document and the test of who may do what: there is no second place to forget.
//!
//! Nothing of a model's output is ever interpreted: answers are JSON, and the page has a content policy that runs no script
//! but its own.

pub mod access;
pub mod answers;
pub mod api;
pub mod app;
pub mod body;
pub mod endpoint;
pub mod jobs;
pub mod login;
pub mod metrics;
pub mod oidc;
pub mod openapi;
pub mod openings;
pub mod page;
pub mod paging;
pub mod people;
pub mod problem;
pub mod questions;
pub mod repeats;
pub mod serve;
pub mod telemetry;
pub mod views;

pub use app::{App, Mode};
pub use problem::Problem;
pub use serve::{Options, serve};
