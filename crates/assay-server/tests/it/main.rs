//! A real server on a real socket.

mod access;
mod api;
mod audit;
mod charts;
mod datasets;
mod people;
mod review;
mod server;
