//! Random choices that stay the same for ever: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), seeded with FNV-1a over the
//! perturbation's name and the text.

pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64, name: &str, text: &str) -> Self {
        let hash = name
            .bytes()
            .chain([0])
            .chain(text.bytes())
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Self(hash ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A whole number below `n`, which is not 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }

    pub(crate) fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    /// A share of `all` places, one at least, in order.
    pub(crate) fn some(&mut self, all: usize, share: f64) -> Vec<usize> {
        if all == 0 {
            return Vec::new();
        }
        let count = ((all as f64 * share).round() as usize).clamp(1, all);
        // Fisher-Yates as far as needed.
        let mut places: Vec<usize> = (0..all).collect();
        for at in 0..count {
            let other = at + self.below(all - at);
            places.swap(at, other);
        }
        places.truncate(count);
        places.sort_unstable();
        places
    }
}
