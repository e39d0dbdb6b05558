//! A page that was built anew goes into the binary.

fn main() {
    println!("cargo:rerun-if-changed=../../web/dist");
}
