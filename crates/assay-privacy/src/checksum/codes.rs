//! Rules over letters and digits: bank accounts, documents, crypto addresses.

use sha3::{Digest, Keccak256};

use super::digit_of;

/// Characters of an IBAN by country: SWIFT IBAN registry, release 99 (2025).
const IBAN_LENGTHS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HN", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
    (b"YE", 30),
];

/// Characters of an IBAN of that country.
pub(super) fn iban_length(country: &str) -> Option<usize> {
    let country = country.to_ascii_uppercase();
    IBAN_LENGTHS.iter().find(|(code, _)| code.as_slice() == country.as_bytes()).map(|(_, length)| *length)
}

/// 0 to 9, then A = 10 to Z = 35.
fn base36(byte: u8) -> Option<u32> {
    match byte {
        b'0'..=b'9' => Some(u32::from(byte - b'0')),
        b'A'..=b'Z' => Some(u32::from(byte - b'A') + 10),
        b'a'..=b'z' => Some(u32::from(byte - b'a') + 10),
        _ => None,
    }
}

fn remainder_97<'a>(value: impl IntoIterator<Item = &'a u8>) -> Option<u32> {
    value.into_iter().try_fold(0, |remainder, byte| {
        let number = base36(*byte)?;
        Some((remainder * if number > 9 { 100 } else { 10 } + number) % 97)
    })
}

pub(super) fn mod_97_10(value: &[u8]) -> bool {
    value.len() > 2 && remainder_97(value) == Some(1)
}

pub(super) fn iban(value: &[u8]) -> bool {
    if value.len() < 15 {
        return false;
    }
    // 00, 01 and 99 satisfy the remainder and are never given out.
    let reserved = matches!(&value[2..4], b"00" | b"01" | b"99");
    std::str::from_utf8(&value[..2]).ok().and_then(iban_length) == Some(value.len())
        && value[2..4].iter().all(u8::is_ascii_digit)
        && !reserved
        && remainder_97(value[4..].iter().chain(&value[..4])) == Some(1)
}

pub(super) fn weights_731(value: &[u8]) -> bool {
    let Some((check, body)) = value.split_last() else { return false };
    let mut sum = 0;
    for (byte, weight) in body.iter().zip([7, 3, 1].into_iter().cycle()) {
        let Some(number) = base36(*byte) else { return false };
        sum += number * weight;
    }
    body.len() > 4 && digit_of(*check) == Some(sum % 10)
}

/// A version byte and a hash of 20 bytes.
pub(super) fn base58check(value: &[u8]) -> bool {
    let mut decoded = [0; 64];
    (26..=36).contains(&value.len())
        && bs58::decode(value).with_check(None).onto(&mut decoded[..]).is_ok_and(|length| length == 21)
}

pub(super) fn bech32(value: &[u8]) -> bool {
    std::str::from_utf8(value).is_ok_and(|text| bech32::segwit::decode(text).is_ok())
}

pub(super) fn eip55(value: &[u8]) -> bool {
    let Some(address) = value.strip_prefix(b"0x") else { return false };
    if address.len() != 40 || !address.iter().all(u8::is_ascii_hexdigit) {
        return false;
    }
    if !address.iter().any(u8::is_ascii_uppercase) || !address.iter().any(u8::is_ascii_lowercase) {
        return true;
    }
    let hash = Keccak256::digest(address.to_ascii_lowercase());
    address.iter().enumerate().all(|(at, byte)| {
        let nibble = hash[at / 2] >> if at % 2 == 0 { 4 } else { 0 } & 15;
        byte.is_ascii_digit() || byte.is_ascii_uppercase() == (nibble > 7)
    })
}
