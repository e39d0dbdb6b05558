//! Rules over digits that several identifiers share.

use super::{digit_of, digits, repdigit};

/// Two digits at least, not all zero.
pub(super) fn luhn(value: &[u8]) -> bool {
    let mut sum = 0;
    for (place, byte) in value.iter().rev().enumerate() {
        let Some(digit) = digit_of(*byte) else { return false };
        let doubled = digit * (1 + u32::from(place % 2 == 1));
        sum += doubled / 10 + doubled % 10;
    }
    value.len() > 1 && sum > 0 && sum.is_multiple_of(10)
}

/// The ranges are those that the networks publish: Visa 4; Mastercard 51-55 and 2221-2720; American Express 34 and 37;
/// Diners 300-305, 3095, 36, 38-39; Discover 6011, 644-649, 65; JCB 3528-3589 (and 1800, 2131 of 15 digits); UnionPay 62
/// and 81; Maestro 50, 56-58, 6, 0604 of 12 to 19 digits; Mir 2200-2204; RuPay 60, 82; Elo and Hipercard lie within 4,
/// 5 and 6. A number of milliseconds since 1970 begins with 1 and is none of them.
pub(super) fn payment_card(value: &[u8]) -> bool {
    if !(12..=19).contains(&value.len()) || !luhn(value) || repdigit(value) {
        return false;
    }
    let prefix = value[..6].iter().fold(0, |number, byte| number * 10 + u32::from(byte - b'0'));
    let length = value.len();
    match prefix / 10_000 {
        40..=49 => matches!(length, 13 | 16 | 18 | 19),
        51..=55 => length == 16,
        34 | 37 => length == 15,
        30 | 36 | 38 | 39 => (14..=19).contains(&length),
        35 => (16..=19).contains(&length) && (3528..=3589).contains(&(prefix / 100)),
        18 => length == 15 && prefix / 100 == 1800,
        21 => length == 15 && prefix / 100 == 2131,
        22..=27 => length == 16 && ((2221..=2720).contains(&(prefix / 100)) || (2200..=2204).contains(&(prefix / 100))),
        6 => length == 12 && prefix / 100 == 604,
        50 | 56..=69 => true,
        81 | 82 => (16..=19).contains(&length),
        _ => false,
    }
}

pub(super) fn mod_11_10(value: &[u8]) -> bool {
    let mut product = 10;
    let Some((check, body)) = value.split_last() else { return false };
    for byte in body {
        let Some(digit) = digit_of(*byte) else { return false };
        let sum = (digit + product) % 10;
        product = if sum == 0 { 10 } else { sum } * 2 % 11;
    }
    !body.is_empty() && digit_of(*check).is_some_and(|check| (product + check) % 10 == 1)
}

pub(super) fn mod_11_2(value: &[u8]) -> bool {
    let Some((check, body)) = value.split_last() else { return false };
    let mut remainder = 0;
    for byte in body {
        let Some(digit) = digit_of(*byte) else { return false };
        remainder = (remainder + digit) * 2 % 11;
    }
    let check = match check {
        b'X' | b'x' => Some(10),
        byte => digit_of(*byte),
    };
    !body.is_empty() && check.is_some_and(|check| (remainder + check) % 11 == 1)
}

pub(super) fn ean(value: &[u8]) -> bool {
    if !matches!(value.len(), 8 | 12 | 13 | 14) {
        return false;
    }
    let mut sum = 0;
    for (place, byte) in value.iter().rev().enumerate() {
        let Some(digit) = digit_of(*byte) else { return false };
        sum += digit * if place % 2 == 1 { 3 } else { 1 };
    }
    sum.is_multiple_of(10)
}

/// The dihedral group of order 10: 0 to 4 are rotations, 5 to 9 reflections.
fn dihedral(a: u32, b: u32) -> u32 {
    match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b - 5) % 5,
        (false, true) => 5 + (a - 5 + 5 - b) % 5,
        (false, false) => (a + 5 - b) % 5,
    }
}

pub(super) fn verhoeff(value: &[u8]) -> bool {
    const PERMUTATION: [u32; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let mut check = 0;
    for (place, byte) in value.iter().rev().enumerate() {
        let Some(mut digit) = digit_of(*byte) else { return false };
        for _ in 0..place % 8 {
            digit = PERMUTATION[digit as usize];
        }
        check = dihedral(check, digit);
    }
    value.len() > 1 && check == 0
}

/// Two check digits modulo 11 as Brazil computes them: weights fall from the front so that they end at 2 and repeat after
/// `highest`. Letters count as their ASCII code less 48, as CNPJ numbers since July 2026 have them.
pub(super) fn brazilian<const N: usize>(value: &[u8], highest: usize) -> bool {
    if value.len() != N || repdigit(value) || digits::<2>(&value[N - 2..]).is_none() {
        return false;
    }
    (N - 2..N).all(|place| {
        let sum: u32 = (0..place)
            .map(|at| {
                let weight = 2 + (place - 1 - at) % (highest - 1);
                u32::from(value[at].to_ascii_uppercase() - b'0') * weight as u32
            })
            .sum();
        let expected = match sum % 11 {
            0 | 1 => 0,
            rest => 11 - rest,
        };
        u32::from(value[place] - b'0') == expected
    })
}
