//! Dollars per million tokens. The table is data (`prices.json`); a suite's `prices` come first.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::target::Price;

static TABLE: LazyLock<BTreeMap<String, Price>> = LazyLock::new(|| {
    #[derive(serde::Deserialize)]
    struct File {
        prices: BTreeMap<String, Price>,
    }
    serde_json::from_str::<File>(include_str!("prices.json")).map(|file| file.prices).unwrap_or_default()
});

/// The price of a model: of its own id, else of the longest id that it begins with (`gpt-4o-2024-08-06` is priced as
/// `gpt-4o`). `None` for a model that the table does not know: its cost is then unknown, not zero.
pub fn look_up(model: &str) -> Option<Price> {
    let dated =
        |name: &str| model.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '@', ':']));
    TABLE.iter().filter(|(name, _)| dated(name)).max_by_key(|(name, _)| name.len()).map(|(_, price)| *price)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_costs_what_its_model_costs() {
        assert!(!TABLE.is_empty());
        assert_eq!(look_up("gpt-4o-2024-08-06"), look_up("gpt-4o"));
        assert_ne!(look_up("gpt-4o-mini"), look_up("gpt-4o"));
        assert_eq!(look_up("unheard-of"), None);
    }
}
