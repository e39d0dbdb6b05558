//! A real server on a real socket.

mod access;
mod api;
mod review;
mod server;
