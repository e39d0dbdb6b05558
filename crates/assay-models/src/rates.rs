//! What a provider says about its rate limits in the headers of every answer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::HeaderMap;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// One limit as a provider states it: how much it allows at most, how much is left, and when all of it is back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// The most that may be used at once, when it is said.
    pub limit: Option<f64>,
    /// What is left.
    pub remaining: f64,
    /// Until all of it is back, when it is said.
    pub reset: Option<Duration>,
}

/// The limits on requests and on tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    /// Requests.
    pub requests: Option<Rate>,
    /// Tokens read and written; where both are limited apart, the one with less left.
    pub tokens: Option<Rate>,
}

/// The newest word of a provider on an account's limits: written where answers are read, taken where calls are made.
#[derive(Clone, Debug, Default)]
pub struct SeenRates(Arc<Mutex<Option<Rates>>>);

impl SeenRates {
    /// Remembers what an answer's headers say, if anything.
    pub fn read(&self, headers: &HeaderMap) {
        if let Some(rates) = rates(headers, OffsetDateTime::now_utc()) {
            self.put(rates);
        }
    }

    /// Remembers what a provider said.
    pub fn put(&self, rates: Rates) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(rates);
    }

    /// Takes what was said since the last time.
    pub fn take(&self) -> Option<Rates> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Reads the headers of OpenAI and those who follow it (`x-ratelimit-remaining-requests`), Anthropic
/// (`anthropic-ratelimit-requests-remaining`) and the IETF draft (`ratelimit-remaining`, requests).
pub fn rates(headers: &HeaderMap, now: OffsetDateTime) -> Option<Rates> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |name: &str| text(name)?.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
    let rate = |limit: &str, remaining: &str, reset: &str| {
        Some(Rate {
            limit: number(limit).filter(|limit| *limit > 0.0),
            remaining: number(remaining)?,
            reset: text(reset).and_then(|text| until(text, now)),
        })
    };
    let openai = |what: &str| {
        let name = |part: &str| format!("x-ratelimit-{part}-{what}");
        rate(&name("limit"), &name("remaining"), &name("reset"))
    };
    let anthropic = |what: &str| {
        let name = |part: &str| format!("anthropic-ratelimit-{what}-{part}");
        rate(&name("limit"), &name("remaining"), &name("reset"))
    };
    let tightest = [openai("tokens"), anthropic("tokens"), anthropic("input-tokens"), anthropic("output-tokens")]
        .into_iter()
        .flatten()
        .min_by(|a, b| a.remaining.total_cmp(&b.remaining));
    let requests = openai("requests")
        .or_else(|| anthropic("requests"))
        .or_else(|| rate("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"));
    (requests.is_some() || tightest.is_some()).then_some(Rates { requests, tokens: tightest })
}

/// A point in time as providers write it: `1.5` (seconds), `6m0s`, `120ms`, or a date of RFC 3339.
fn until(text: &str, now: OffsetDateTime) -> Option<Duration> {
    if let Ok(at) = OffsetDateTime::parse(text, &Rfc3339) {
        return Some((at - now).try_into().unwrap_or(Duration::ZERO));
    }
    let mut seconds = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let value: f64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        let end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        seconds += value
            * match &rest[..end] {
                "ms" => 1e-3,
                "s" | "" => 1.0,
                "m" => 60.0,
                "h" => 3_600.0,
                "d" => 86_400.0,
                _ => return None,
            };
        rest = &rest[end..];
    }
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{HeaderName, HeaderValue};

    fn read(headers: &[(&str, &str)]) -> Option<Rates> {
        let map = headers
            .iter()
            .map(|(name, value)| (HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap()))
            .collect();
        rates(&map, OffsetDateTime::from_unix_timestamp(1_700_000_000).unwrap())
    }

    /// The headers of OpenAI's documentation, "Rate limits in headers".
    #[test]
    fn openai_says_limits_of_requests_and_tokens() {
        let rates = read(&[
            ("x-ratelimit-limit-requests", "60"),
            ("x-ratelimit-limit-tokens", "150000"),
            ("x-ratelimit-remaining-requests", "59"),
            ("x-ratelimit-remaining-tokens", "149984"),
            ("x-ratelimit-reset-requests", "1s"),
            ("x-ratelimit-reset-tokens", "6m0s"),
        ])
        .unwrap();
        let second = Some(Duration::from_secs(1));
        assert_eq!(rates.requests, Some(Rate { limit: Some(60.0), remaining: 59.0, reset: second }));
        let six_minutes = Some(Duration::from_secs(360));
        assert_eq!(rates.tokens, Some(Rate { limit: Some(150_000.0), remaining: 149_984.0, reset: six_minutes }));
    }

    #[test]
    fn anthropic_says_dates_and_the_tighter_of_its_token_limits_holds() {
        let rates = read(&[
            ("anthropic-ratelimit-requests-limit", "50"),
            ("anthropic-ratelimit-requests-remaining", "49"),
            ("anthropic-ratelimit-requests-reset", "2023-11-14T22:13:21.5Z"),
            ("anthropic-ratelimit-input-tokens-remaining", "40000"),
            ("anthropic-ratelimit-output-tokens-remaining", "8000"),
        ])
        .unwrap();
        assert_eq!(rates.requests.unwrap().reset, Some(Duration::from_millis(1_500)));
        assert_eq!(rates.tokens, Some(Rate { limit: None, remaining: 8_000.0, reset: None }));
    }

    #[test]
    fn what_is_no_number_says_nothing() {
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[("x-ratelimit-remaining-requests", "NaN"), ("ratelimit-remaining", "-1")]), None);
        let odd = read(&[("ratelimit-remaining", "3"), ("ratelimit-reset", "soon")]).unwrap();
        assert_eq!(odd.requests.unwrap().reset, None);
        let now = OffsetDateTime::UNIX_EPOCH;
        assert_eq!(until("120ms", now), Some(Duration::from_millis(120)));
        assert_eq!(until("1h2m3s", now), Some(Duration::from_secs(3_723)));
        assert_eq!(until("1.5", now), Some(Duration::from_millis(1_500)));
        assert_eq!(until("1969-12-31T23:59:00Z", now), Some(Duration::ZERO));
    }
}
