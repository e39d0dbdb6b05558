//! Requests that are done once however often they are sent (`Idempotency-Key`).

use assay_core::Digest;
use assay_engine::execute::now_us;
use assay_store::Accounts;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::Response;

use crate::Problem;
use crate::app::Who;

/// Requests that carry an `Idempotency-Key`.
pub struct Repeats {
    accounts: Accounts,
    /// When this server began: what is older and has no answer was cut off.
    since_us: i64,
}

/// What is known of a request.
pub enum Repeated {
    /// It was done: this was the answer.
    Answered(Response),
    /// It is the first of its key.
    New(Place),
}

/// Where the answer to a request is kept.
pub struct Place {
    user: String,
    key: String,
}

/// The largest answer that is kept, in bytes.
const MOST_KEPT: usize = 4 << 20;

impl Repeats {
    /// Over the accounts' database.
    pub fn new(accounts: Accounts) -> Self {
        Self { accounts, since_us: now_us() }
    }

    /// Whether somebody has sent this before.
    ///
    /// # Errors
    /// 422 when the key was used for something else, 409 while the first is still being done.
    pub async fn repeated(
        &self,
        who: &Who,
        key: &HeaderValue,
        uri: &Uri,
        body: Option<Digest>,
    ) -> Result<Repeated, Problem> {
        let key = key.to_str().ok().filter(|key| (1..=200).contains(&key.len()));
        let Some(key) = key else { return Err(Problem::usage("`Idempotency-Key` is 1 to 200 printable characters")) };
        let request = Digest::of_json(&(uri.to_string(), body.map(|body| body.to_string())));
        match self.accounts.begin_request(&who.name, key, request, now_us()).await? {
            None => Ok(Repeated::New(Place { user: who.name.clone(), key: key.to_owned() })),
            Some(kept) if kept.request != request.to_string() => {
                Err(Problem::usage("this `Idempotency-Key` was used for another request"))
            }
            Some(kept) => match kept.answer {
                Some((status, content, body)) => {
                    let mut response = Response::new(Body::from(body));
                    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
                    if let Ok(content) = HeaderValue::from_str(&content)
                        && !content.is_empty()
                    {
                        response.headers_mut().insert(header::CONTENT_TYPE, content);
                    }
                    Ok(Repeated::Answered(response))
                }
                None if kept.at_us < self.since_us => Err(Problem::conflict(
                    "the server ended while it did the first request with this `Idempotency-Key`: look whether it was done, \
                     and send it with another key if it was not",
                )),
                None => Err(Problem::conflict("the first request with this `Idempotency-Key` is still being done")),
            },
        }
    }

    /// Keeps an answer, unless it is too large: then the request may be sent, and done, again.
    ///
    /// # Errors
    /// The database fails.
    pub async fn keep(&self, place: Place, response: Response) -> Result<Response, Problem> {
        let (parts, body) = response.into_parts();
        // Made from bytes at hand: there is nothing to wait for.
        let bytes = axum::body::to_bytes(body, usize::MAX).await.map_err(Problem::internal)?;
        if bytes.len() > MOST_KEPT {
            self.forget(place).await?;
        } else {
            let content = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
            self.accounts.end_request(&place.user, &place.key, (parts.status.as_u16(), content, &bytes)).await?;
        }
        Ok(Response::from_parts(parts, Body::from(bytes)))
    }

    /// Forgets a request that failed.
    ///
    /// # Errors
    /// The database fails.
    pub async fn forget(&self, place: Place) -> Result<(), Problem> {
        Ok(self.accounts.forget_request(&place.user, &place.key).await?)
    }
}
