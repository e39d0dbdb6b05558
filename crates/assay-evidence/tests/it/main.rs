//! Packs built, verified, taken apart and attacked.

mod oracle;
mod pack;
mod sample;
