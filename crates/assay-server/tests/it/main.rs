//! A real server on a real socket.

mod access;
mod api;
mod server;
