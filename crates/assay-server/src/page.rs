//! The web page, built by `npm run build` in `web/` and part of the binary.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::Embed;

/// `web/dist`, when it was built before the binary.
#[derive(Embed)]
#[folder = "../../web/dist/"]
#[allow_missing = true]
struct Built;

/// What runs, is shown and is asked: this server's own and nothing else.
pub const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// A file of the page; any other address is the page itself, which knows its own addresses.
pub async fn page(uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    let found = Built::get(path).map(|file| (path, file)).filter(|(path, _)| !path.is_empty());
    let (path, file) = match found {
        Some(found) => found,
        None if path.starts_with("assets/") => return StatusCode::NOT_FOUND.into_response(),
        None => match Built::get("index.html") {
            Some(file) => ("index.html", file),
            None => return absent(),
        },
    };
    let tag = format!("\"{}\"", data_encoding::HEXLOWER.encode(&file.metadata.sha256_hash()[..12]));
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    let kind = file.metadata.mimetype().to_owned();
    // Names of assets hold their digest: they never change.
    let keep = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = Response::new(Body::from(file.data));
    for (name, value) in [(header::CONTENT_TYPE, kind.as_str()), (header::CACHE_CONTROL, keep), (header::ETAG, &tag)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Said by a binary that was built without the page.
fn absent() -> Response {
    let text = "This binary was built without the web page. Build the page, then Assay again:\n\n    \
                cd web && npm ci && npm run build\n    cargo build --package assay\n\n\
                The HTTP API is here all the same: /api/v1/openapi.json\n";
    (StatusCode::OK, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
