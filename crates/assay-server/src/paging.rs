//! Pages of lists: a cursor is what the last item was sorted by.

use data_encoding::BASE64URL_NOPAD;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Problem;

/// The most items on a page.
const MOST: u32 = 200;

/// How many items are asked for.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Limit(u32);

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl Limit {
    /// The number, from 1 to 200.
    pub fn get(self) -> usize {
        self.0.clamp(1, MOST) as usize
    }
}

/// A page of a list.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page begins; `null` at the end.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A page of a list of which one more item than fits was fetched.
    pub fn cut<C: Serialize>(mut items: Vec<T>, limit: Limit, at: impl Fn(&T) -> C) -> Self {
        let more = items.len() > limit.get();
        items.truncate(limit.get());
        let next = items.last().filter(|_| more).map(|item| cursor(&at(item)));
        Self { items, next }
    }

    /// A page of a list that is at hand as a whole.
    pub fn of_all(all: impl IntoIterator<Item = T>, limit: Limit, from: Option<&str>) -> Result<Self, Problem> {
        let from: usize = read(from)?.unwrap_or(0);
        let mut rest = all.into_iter().skip(from);
        let items: Vec<T> = rest.by_ref().take(limit.get()).collect();
        let next = rest.next().map(|_| cursor(&(from + items.len())));
        Ok(Self { items, next })
    }
}

/// The heaviest page, in bytes of JSON; one item may weigh more.
const HEAVIEST: usize = 4 << 20;

/// A page of a list that comes one by one: items before it are let pass, and it is full by number or by weight.
pub struct Weighed<T> {
    items: Vec<T>,
    most: usize,
    before: usize,
    seen: usize,
    bytes: usize,
    more: bool,
}

impl<T: Serialize> Weighed<T> {
    /// An empty page.
    ///
    /// # Errors
    /// A cursor of another list.
    pub fn new(limit: Limit, from: Option<&str>) -> Result<Self, Problem> {
        let before = read(from)?.unwrap_or(0);
        Ok(Self { items: Vec::new(), most: limit.get(), before, seen: 0, bytes: 0, more: false })
    }

    /// Whether no further item has room.
    pub fn is_full(&self) -> bool {
        self.items.len() >= self.most || self.bytes >= HEAVIEST
    }

    /// Takes the next item, if it is of this page.
    pub fn offer(&mut self, item: T) {
        self.seen += 1;
        if self.seen <= self.before {
            return;
        }
        if self.is_full() {
            self.more = true;
            return;
        }
        self.bytes += serde_json::to_vec(&item).map_or(0, |json| json.len());
        self.items.push(item);
    }

    /// The page.
    pub fn done(self) -> Page<T> {
        let next = self.more.then(|| cursor(&(self.before + self.items.len())));
        Page { items: self.items, next }
    }
}

/// A cursor's text.
pub fn cursor<C: Serialize>(at: &C) -> String {
    BASE64URL_NOPAD.encode(&serde_json::to_vec(at).unwrap_or_default())
}

/// What a cursor says.
///
/// # Errors
/// It is not one of this list.
pub fn read<C: DeserializeOwned>(text: Option<&str>) -> Result<Option<C>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok();
    match bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
        Some(at) => Ok(Some(at)),
        None => Err(Problem::usage("`cursor` is not one that this list gave: begin without it")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold_each_item_once() {
        let (mut seen, mut from) = (Vec::new(), None);
        loop {
            let page = Page::of_all(0..123, Limit(50), from.as_deref()).unwrap();
            seen.extend(page.items);
            from = page.next;
            if from.is_none() {
                break;
            }
        }
        assert_eq!(seen, (0..123).collect::<Vec<_>>());
        assert!(Page::of_all(0..3, Limit(0), Some("!")).is_err());
    }

    #[test]
    fn a_page_is_full_by_weight_too_and_the_next_one_goes_on() {
        let items: Vec<String> = (0..7).map(|i| i.to_string().repeat(2 << 20)).collect();
        let (mut seen, mut from) = (Vec::new(), None);
        loop {
            let mut page = Weighed::new(Limit(50), from.as_deref()).unwrap();
            items.iter().cloned().for_each(|item| page.offer(item));
            let page = page.done();
            assert!(page.items.len() <= 2, "4 MiB are two items");
            seen.extend(page.items);
            from = page.next;
            if from.is_none() {
                break;
            }
        }
        assert!(seen == items);
    }
}
