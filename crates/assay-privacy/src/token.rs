//! Reversible tokens: `tok_KIND_payload`.
//!
//! The payload is base32 (RFC 4648, small letters, no padding) of a header of two bytes and an AES-SIV ciphertext
//! (RFC 5297, 256-bit keys). The header holds the version (four bits, 0) and the number of 16-byte blocks of plaintext
//! (twelve bits), so that a token's end is known whatever letters follow it. The plaintext is the value, a byte 0x80
//! and zeros up to a whole block: a token shows the length of its value only in steps of 16 bytes. Kind and header are
//! authenticated with it. The same value has the same token under the same key, so joins and counts survive; nothing
//! else does without the key.

use aes_siv::KeyInit;
use aes_siv::siv::Aes256Siv;
use data_encoding::{Encoding, Specification};
use std::sync::LazyLock;

use crate::key::Key;
use crate::kind::Kind;
use crate::placeholder::name_before;

pub(crate) const PREFIX: &str = "tok_";
const BLOCK: usize = 16;
const MOST_BLOCKS: usize = 0xfff;
const TAG: usize = 16;

static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
    specification.encoding().expect("32 different symbols")
});

/// The token of a value; none when the value is longer than 65,519 bytes.
pub(crate) fn seal(key: &Key, kind: &Kind, value: &str) -> Option<String> {
    let blocks = value.len() / BLOCK + 1;
    if blocks > MOST_BLOCKS {
        return None;
    }
    let header = (blocks as u16).to_be_bytes();
    let mut plain = zeroize::Zeroizing::new(Vec::with_capacity(blocks * BLOCK));
    plain.extend_from_slice(value.as_bytes());
    plain.push(0x80);
    plain.resize(blocks * BLOCK, 0);
    let sealed = Aes256Siv::new(key.siv().into()).encrypt([kind.as_str().as_bytes(), &header], &plain).ok()?;
    let mut payload = header.to_vec();
    payload.extend_from_slice(&sealed);
    Some(format!("{PREFIX}{kind}_{}", BASE32.encode(&payload)))
}

/// The kind and the length of the token that `rest`, what follows `tok_`, begins with.
pub(crate) fn shape(rest: &str) -> Option<(&str, usize)> {
    // The first four bits are the version, 0, so that the first letter is one of two.
    let name = name_before(rest, |byte| byte == b'a' || byte == b'b')?;
    let payload = &rest.as_bytes()[name.len() + 1..];
    // Four letters are twenty bits: the last four of them belong to the ciphertext.
    let bits = payload.get(..4)?.iter().try_fold(0, |bits, byte| Some(bits << 5 | usize::from(value_of(*byte)?)))?;
    let blocks = bits >> 4;
    let length = BASE32.encode_len(2 + TAG + blocks * BLOCK);
    let whole =
        blocks > 0 && blocks <= MOST_BLOCKS && payload.get(..length)?.iter().all(|byte| value_of(*byte).is_some());
    whole.then_some((name, name.len() + 1 + length))
}

fn value_of(byte: u8) -> Option<u8> {
    match byte {
        b'a'..=b'z' => Some(byte - b'a'),
        b'2'..=b'7' => Some(byte - b'2' + 26),
        _ => None,
    }
}

/// The value of a token that begins at `rest` (after `tok_`), when this key made it.
fn open(key: &Key, rest: &str) -> Option<(String, usize)> {
    let (name, length) = shape(rest)?;
    let payload = BASE32.decode(&rest.as_bytes()[name.len() + 1..length]).ok()?;
    let (header, sealed) = payload.split_at_checked(2)?;
    let mut plain = Aes256Siv::new(key.siv().into()).decrypt([name.as_bytes(), header], sealed).ok()?;
    let end = plain.iter().rposition(|byte| *byte != 0).filter(|at| plain[*at] == 0x80)?;
    plain.truncate(end);
    Some((String::from_utf8(plain).ok()?, length))
}

/// A text with its tokens opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reversed {
    /// The text with the values in it.
    pub text: String,
    /// What became of its tokens.
    pub tokens: Opened,
}

/// What became of the tokens of a text or value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// How many tokens were opened.
    pub opened: usize,
    /// Tokens that another key made, or that were changed: they stay in the text.
    pub foreign: usize,
}

/// Puts the values back for which `key` made the tokens in `text`.
pub fn reverse(text: &str, key: &Key) -> Reversed {
    let mut reversed = Reversed { text: String::with_capacity(text.len()), tokens: Opened::default() };
    let mut written = 0;
    let mut from = 0;
    while let Some(at) = text[from..].find(PREFIX) {
        let start = from + at;
        let rest = &text[start + PREFIX.len()..];
        from = start + PREFIX.len();
        if let Some((value, length)) = open(key, rest) {
            reversed.text.push_str(&text[written..start]);
            reversed.text.push_str(&value);
            reversed.tokens.opened += 1;
            from += length;
            written = from;
        } else if let Some((_, length)) = shape(rest) {
            reversed.tokens.foreign += 1;
            from += length;
        }
    }
    reversed.text.push_str(&text[written..]);
    reversed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_ends_where_its_header_says() {
        let key = Key::new(&[7; 32]).unwrap();
        let kind = Kind::new("A_2").unwrap();
        let token = seal(&key, &kind, "jane@example.com").unwrap();
        let glued = format!("x{token}abc{token}");
        let reversed = reverse(&glued, &key);
        assert_eq!(reversed.text, "xjane@example.comabcjane@example.com");
        assert_eq!(reversed.tokens, Opened { opened: 2, foreign: 0 });
    }

    #[test]
    fn lengths_are_hidden_within_a_block() {
        let key = Key::new(&[7; 32]).unwrap();
        let kind = Kind::new("NAME").unwrap();
        let length = |value: &str| seal(&key, &kind, value).unwrap().len();
        assert_eq!(length("Al"), length("Alexandra Ngata"));
        assert!(seal(&key, &kind, &"x".repeat(65_519)).is_some());
        assert!(seal(&key, &kind, &"x".repeat(65_520)).is_none());
    }

    #[test]
    fn a_changed_token_or_another_key_opens_nothing() {
        let key = Key::new(&[7; 32]).unwrap();
        let token = seal(&key, &Kind::new("NAME").unwrap(), "Alexandra").unwrap();
        let other = Key::new(&[8; 32]).unwrap();
        assert_eq!(reverse(&token, &other), Reversed { text: token.clone(), tokens: Opened { opened: 0, foreign: 1 } });
        let renamed = token.replace("NAME", "EMAIL");
        assert_eq!(reverse(&renamed, &key).tokens.opened, 0);
        for broken in
            ["tok_", "tok_NAME_", "tok_NAME_b", "tok_NAME_aaaaaaaa", "tok__ab", "tok_é_ab", &token[..token.len() - 1]]
        {
            assert_eq!(reverse(broken, &key).text, broken);
        }
    }

    #[test]
    fn rfc_5297_deterministic_example_holds_for_the_cipher_in_use() {
        // RFC 5297 A.1 is for 128-bit keys; the 256-bit construction is checked by being its own inverse above.
        let key: [u8; 32] = data_encoding::HEXLOWER
            .decode(b"fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
            .unwrap()
            .try_into()
            .unwrap();
        let header = data_encoding::HEXLOWER.decode(b"101112131415161718191a1b1c1d1e1f2021222324252627").unwrap();
        let plain = data_encoding::HEXLOWER.decode(b"112233445566778899aabbccddee").unwrap();
        let sealed = aes_siv::siv::Aes128Siv::new(&key.into()).encrypt([&header], &plain).unwrap();
        assert_eq!(
            data_encoding::HEXLOWER.encode(&sealed),
            "85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c"
        );
    }
}
