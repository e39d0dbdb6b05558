//! The helper by itself, as the tests of this crate start it (in `assay` it is the same binary). `assay-sandbox check`
//! says which backends hold here.

use assay_sandbox::{Backend, Helper, Sandbox};

fn main() {
    if assay_sandbox::serve_if_asked() {
        return;
    }
    if std::env::args().nth(1).as_deref() != Some("check") {
        eprintln!("this program is started by `assay`; `check` says which backends hold here");
        std::process::exit(2);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime.inspect_err(|error| eprintln!("{error}")) else { std::process::exit(2) };
    let mut held = false;
    for backend in Backend::ALL {
        match runtime.block_on(Sandbox::with(*backend, Helper::this_binary(), 1)) {
            Ok(_) => {
                held = true;
                println!("{backend}: holds");
            }
            Err(why) => println!("{backend}: {why}"),
        }
    }
    std::process::exit(i32::from(!held));
}
