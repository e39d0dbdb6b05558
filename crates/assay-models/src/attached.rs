//! The process that runs the command and has functions for it, such as a Python program that calls `assay.evaluate`.
//!
//! It listens on a Unix socket. Each connection begins with `{"attach": NAME}` and is answered by `{"ready": true}`, or by
//! `{"fatal": TEXT}` where there is no such function; then it is asked as a worker is (see [`crate::worker`]).

use assay_core::ErrorKind;
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;

use crate::target::CallError;

/// The environment variable that names the socket.
pub const SOCKET: &str = "ASSAY_ATTACHED";

/// A connection to the process.
///
/// # Errors
/// None is named, or nobody listens.
pub(crate) async fn connect() -> Result<UnixStream, CallError> {
    let failed = |message: String| CallError::new(ErrorKind::Process, message);
    let Some(path) = std::env::var_os(SOCKET) else {
        return Err(failed(format!(
            "it is a function of a Python process that evaluates, and {SOCKET} names none: start or resume the run from \
             Python (`assay.evaluate`, `assay.resume`)"
        )));
    };
    UnixStream::connect(&path).await.map_err(|error| {
        failed(format!("the process that has the function does not listen at {} ({error})", path.display()))
    })
}

/// Ends when the process is gone; never where none was named or nobody listened. A run ends with it: calls that it did not
/// answer have no outcome, so that the run can be gone on with.
pub async fn gone() {
    let Ok(mut stream) = connect().await else { return std::future::pending().await };
    // Nothing is sent on this connection: it ends when the process does.
    while matches!(stream.read(&mut [0; 64]).await, Ok(read) if read > 0) {}
}
