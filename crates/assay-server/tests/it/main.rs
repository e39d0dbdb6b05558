//! A real server on a real socket.

mod access;
mod api;
mod audit;
mod calibrate;
mod charts;
mod datasets;
mod imports;
mod people;
mod review;
mod server;
