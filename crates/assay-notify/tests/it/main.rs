//! Deliveries over real sockets: what receivers get, and what becomes of what they refuse.

mod deliveries;
mod receiver;
mod rendering;
