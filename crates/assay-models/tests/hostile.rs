//! Servers that misbehave on the wire: each way to fail is one classified failure, in bounded time, and no more than one
//! request is made for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use assay_core::ErrorKind;
use assay_models::{BuildContext, CallError, Reply, Target, build};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the server does after it has read a request.
#[derive(Clone)]
enum Act {
    /// Sends bytes and closes.
    Send(Vec<u8>),
    /// Sends bytes one by one, far apart.
    Trickle(Vec<u8>),
    /// Says nothing and keeps the connection.
    Silence,
    /// Breaks the connection by a reset.
    Reset,
    /// Sends a head and then a body without end.
    Flood,
}

fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len()).into_bytes()
}

async fn serve(act: Act) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(behave(socket, act.clone(), count.clone()));
        }
    });
    (url, asked)
}

async fn behave(mut socket: TcpStream, act: Act, asked: Arc<AtomicUsize>) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    // The request's body is JSON and ends with its last brace.
    while !request.ends_with(b"}") {
        match socket.read(&mut buffer).await {
            Ok(read) if read > 0 => request.extend_from_slice(&buffer[..read]),
            _ => return,
        }
    }
    asked.fetch_add(1, Ordering::SeqCst);
    match act {
        Act::Send(bytes) => {
            let _ = socket.write_all(&bytes).await;
            let _ = socket.shutdown().await;
        }
        Act::Trickle(bytes) => {
            for byte in bytes {
                if socket.write_all(&[byte]).await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Act::Silence => tokio::time::sleep(Duration::from_secs(60)).await,
        // Closing with unread or unsent data and no time to linger sends a reset.
        Act::Reset => socket.set_zero_linger().unwrap(),
        Act::Flood => {
            let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n").await;
            while socket.write_all(&[b'x'; 1 << 16]).await.is_ok() {}
        }
    }
}

fn target(url: &str, seconds: f64) -> Arc<dyn Target> {
    let entry = json!({"openai": "mock", "base_url": url, "timeout": seconds});
    build(&entry, &BuildContext::default()).unwrap().target
}

async fn call(url: &str, seconds: f64) -> Result<Reply, CallError> {
    target(url, seconds).call(&json!({"messages": [{"role": "user", "content": "q"}]})).await
}

fn good() -> String {
    let answer: Value = json!({"choices": [{"finish_reason": "stop", "message": {"content": "ok"}}]});
    answer.to_string()
}

async fn fails(act: Act, kind: ErrorKind, said: &str) {
    let (url, asked) = serve(act).await;
    let started = Instant::now();
    let error = call(&url, 0.5).await.unwrap_err();
    assert_eq!(error.kind, kind, "{said}: {error}");
    assert!(error.message.contains(said), "{said}: {error}");
    assert!(started.elapsed() < Duration::from_secs(10), "{said}: {:?}", started.elapsed());
    assert_eq!(asked.load(Ordering::SeqCst), 1, "{said}: one request");
}

#[tokio::test]
async fn a_good_answer_is_one() {
    let (url, _) = serve(Act::Send(answer("200 OK", "", &good()))).await;
    assert_eq!(call(&url, 5.0).await.unwrap().output.text(), "ok");
}

#[tokio::test]
async fn answers_that_never_end_end_by_the_deadline() {
    fails(Act::Silence, ErrorKind::Timeout, "no complete answer in time").await;
    fails(Act::Trickle(answer("200 OK", "", &good())), ErrorKind::Timeout, "no complete answer in time").await;
    // Bytes come all the time: only a deadline for the whole answer ends it.
    let mut body = answer("200 OK", "", &good());
    body.truncate(body.len() - good().len());
    body.extend([b' '; 2_000]);
    fails(Act::Trickle(body), ErrorKind::Timeout, "no complete answer in time").await;
}

#[tokio::test]
async fn answers_that_break_off_are_no_answers() {
    let whole = answer("200 OK", "", &good());
    for cut in [whole.len() - 1, whole.len() - good().len(), whole.len() - good().len() / 2] {
        fails(Act::Send(whole[..cut].to_vec()), ErrorKind::BadResponse, "the answer broke off").await;
    }
    fails(Act::Send(whole[..20].to_vec()), ErrorKind::Connection, "the connection failed").await;
    fails(Act::Send(Vec::new()), ErrorKind::Connection, "the connection failed").await;
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"cho\r\nzz\r\n".to_vec();
    fails(Act::Send(chunked), ErrorKind::BadResponse, "the answer broke off").await;
}

#[tokio::test]
async fn what_is_no_answer_is_told_from_one() {
    fails(Act::Send(answer("200 OK", "", "{\"choices\": [{]")), ErrorKind::BadResponse, "is not JSON").await;
    fails(Act::Send(answer("200 OK", "", "")), ErrorKind::BadResponse, "is not JSON").await;
    let page = answer("200 OK", "content-type: text/html\r\n", "<html>a captive portal</html>");
    fails(Act::Send(page), ErrorKind::BadResponse, "captive portal").await;
    fails(Act::Send(answer("200 OK", "", "[1, 2]")), ErrorKind::BadResponse, "no choices").await;
    fails(Act::Send(answer("200 OK", "", &"[".repeat(100_000))), ErrorKind::BadResponse, "is not JSON").await;
    fails(Act::Send(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()), ErrorKind::Connection, "the connection failed").await;
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let to_itself = answer("302 Found", "location: /v1/chat/completions\r\n", "");
    fails(Act::Send(to_itself), ErrorKind::BadResponse, "302").await;
    let elsewhere = answer("308 Permanent Redirect", "location: http://192.0.2.1/\r\n", "");
    fails(Act::Send(elsewhere), ErrorKind::BadResponse, "308").await;
}

#[tokio::test]
async fn a_body_without_end_is_cut() {
    let (url, _) = serve(Act::Flood).await;
    let error = call(&url, 30.0).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::BadResponse, "{error}");
    assert!(error.message.contains("32 MiB"), "{error}");
}

#[tokio::test]
async fn connections_that_break_or_never_come_are_told() {
    fails(Act::Reset, ErrorKind::Connection, "the connection failed").await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", closed.local_addr().unwrap());
    drop(closed);
    let error = call(&url, 5.0).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Connection);
    assert!(error.message.contains("cannot connect"), "{error}");
    // RFC 6761: no name ends in `invalid`.
    let error = call("http://nobody.invalid/v1", 5.0).await.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Connection | ErrorKind::Authentication | ErrorKind::Server), "{error}");
}

#[tokio::test]
async fn every_status_is_a_kind_of_failure() {
    let statuses = [
        (400, ErrorKind::BadRequest),
        (401, ErrorKind::Authentication),
        (402, ErrorKind::QuotaExhausted),
        (403, ErrorKind::Authentication),
        (404, ErrorKind::NotFound),
        (408, ErrorKind::Timeout),
        (409, ErrorKind::Server),
        (413, ErrorKind::BadRequest),
        (422, ErrorKind::BadRequest),
        (425, ErrorKind::Server),
        (429, ErrorKind::RateLimited),
        (500, ErrorKind::Server),
        (502, ErrorKind::Server),
        (503, ErrorKind::Server),
        (529, ErrorKind::Server),
    ];
    for (status, kind) in statuses {
        let body = r#"{"error": {"message": "words of the server"}}"#;
        let (url, _) = serve(Act::Send(answer(&format!("{status} X"), "retry-after: 2\r\n", body))).await;
        let error = call(&url, 5.0).await.unwrap_err();
        assert_eq!((error.kind, error.status), (kind, Some(status)), "{error}");
        assert_eq!(error.retry_after, Some(Duration::from_secs(2)));
        assert!(error.message.contains("words of the server"), "{error}");
        assert_eq!(error.is_overload(), [502, 503, 504, 529].contains(&status));
    }
    let quota = r#"{"error": {"message": "You exceeded your current quota", "type": "insufficient_quota"}}"#;
    let (url, _) = serve(Act::Send(answer("429 Too Many Requests", "", quota))).await;
    assert_eq!(call(&url, 5.0).await.unwrap_err().kind, ErrorKind::QuotaExhausted);
}

#[tokio::test]
async fn limits_are_read_off_every_answer() {
    let headers = "x-ratelimit-limit-requests: 60\r\nx-ratelimit-remaining-requests: 7\r\n";
    for status in ["200 OK", "429 Too Many Requests"] {
        let (url, _) = serve(Act::Send(answer(status, headers, &good()))).await;
        let target = target(&url, 5.0);
        let _ = target.call(&json!({"messages": []})).await;
        let rates = target.traits().rates.take().unwrap();
        assert_eq!(rates.requests.map(|rate| rate.remaining), Some(7.0));
        assert_eq!(target.traits().rates.take(), None, "once");
    }
}
