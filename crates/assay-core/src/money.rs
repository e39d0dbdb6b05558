//! Money as integer nano-dollars: sums are exact in any order.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub};

use serde::{Deserialize, Serialize};

/// An amount in nano-dollars (10⁻⁹ USD). A million tokens at $0.075 is 75 nano-dollars a token, exactly.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct Money(i64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// From nano-dollars.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From dollars, rounded to the nearest nano-dollar; values that are not finite become zero.
    pub fn from_dollars(dollars: f64) -> Self {
        if dollars.is_finite() { Self((dollars * 1e9).round() as i64) } else { Self::ZERO }
    }

    /// The cost of `tokens` tokens at a price in dollars per million tokens.
    pub fn of_tokens(tokens: u64, dollars_per_million: f64) -> Self {
        Self((tokens as f64 * dollars_per_million * 1e3).round() as i64)
    }

    /// In nano-dollars.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// In dollars, for display and statistics.
    pub fn dollars(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Money {
    /// Dollars with as many decimals as the size needs: `$12.34`, `$0.0123`, `$0.000075`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dollars = self.dollars();
        let size = dollars.abs();
        if self.0 == 0 || size >= 1.0 {
            write!(f, "${dollars:.2}")
        } else if size >= 0.001 {
            write!(f, "${dollars:.4}")
        } else {
            let text = format!("{dollars:.9}");
            write!(f, "${}", text.trim_end_matches('0'))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_prices_are_exact() {
        assert_eq!(Money::of_tokens(1, 0.075), Money::from_nanos(75));
        assert_eq!(Money::of_tokens(1_000_000, 2.5), Money::from_dollars(2.5));
    }

    #[test]
    fn small_amounts_keep_their_digits() {
        assert_eq!(Money::from_nanos(75_000).to_string(), "$0.000075");
        assert_eq!(Money::from_dollars(0.0123).to_string(), "$0.0123");
        assert_eq!(Money::from_dollars(12.345).to_string(), "$12.35");
        assert_eq!(Money::ZERO.to_string(), "$0.00");
    }
}
