//! N-grams counted by one sort.

/// All n-grams of a sequence up to an order. Each is a prefix of the longest one at its place, so that one sorted list
/// holds equal ones side by side, whatever their length.
pub(crate) struct Grams {
    keys: Vec<u128>,
    bits: u32,
    order: u32,
}

impl Grams {
    /// `symbols` are at least 1 and below 2^`bits`; `bits` × `order` is at most 128. O(n log n).
    pub(crate) fn new(symbols: impl DoubleEndedIterator<Item = u32>, bits: u32, order: u32) -> Self {
        let top = bits * (order - 1);
        // What lies beyond the end is 0, which is no symbol.
        let mut key = 0u128;
        let mut keys: Vec<u128> = symbols
            .rev()
            .map(|symbol| {
                key = key >> bits | u128::from(symbol) << top;
                key
            })
            .collect();
        keys.sort_unstable();
        Self { keys, bits, order }
    }

    /// Symbols.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// How many n-grams there are.
    pub(crate) fn total(&self, n: u32) -> u64 {
        (self.keys.len() as u64).saturating_sub(u64::from(n) - 1)
    }

    /// How many n-grams are also in one of the `others`, each at most as often as where it is most frequent. O(length).
    pub(crate) fn matched(&self, n: u32, others: &[Self]) -> u64 {
        let shift = self.bits * (self.order - n);
        let last = (1u128 << self.bits) - 1;
        let mut at = vec![0; others.len()];
        let mut matched = 0;
        let mut i = 0;
        while i < self.keys.len() {
            let gram = self.keys[i] >> shift;
            let start = i;
            while i < self.keys.len() && self.keys[i] >> shift == gram {
                i += 1;
            }
            if gram & last == 0 {
                continue;
            }
            let mut most = 0;
            for (other, at) in others.iter().zip(&mut at) {
                while other.keys.get(*at).is_some_and(|key| key >> shift < gram) {
                    *at += 1;
                }
                let first = *at;
                while other.keys.get(*at).is_some_and(|key| key >> shift == gram) {
                    *at += 1;
                }
                most = most.max(*at - first);
            }
            matched += most.min(i - start) as u64;
        }
        matched
    }
}
