//! Texts made to be slow, and texts that are broken.

use std::time::{Duration, Instant};

use assay_privacy::{Detector, Key, Policy, Redactor, Selection, reverse};

const SIZE: usize = 24_000;

fn corpus() -> Vec<(&'static str, String)> {
    let fill = |piece: &str| piece.repeat(SIZE / piece.len());
    vec![
        ("digits", fill("4")),
        ("groups of digits", fill("4111 ")),
        ("almost cards", fill("4111 1111 1111 1112 ")),
        ("cards", fill("4111 1111 1111 1111 ")),
        ("dots", fill("1.")),
        ("addresses without an end", fill("a@")),
        ("a local part without a sign", fill("a.")),
        ("one long address", format!("{}@{}com", fill("a"), "b.".repeat(SIZE / 2))),
        ("colons", fill("a:")),
        ("hyphens", fill("1-")),
        ("brackets", fill("(1")),
        ("words of context", fill("card ssn phone ")),
        ("names", fill("Maria Maria, ")),
        ("one long name", fill("Maria ")),
        ("titles", fill("Mr. ")),
        ("urls", fill("https://a.b/")),
        ("one long url", format!("https://a.b/{}", fill("x"))),
        ("keys without an end", fill("-----BEGIN PRIVATE KEY-----")),
        ("tokens that are none", fill("tok_EMAIL_aaaa")),
        ("one token that is none", format!("tok_EMAIL_aba{}", fill("a"))),
        ("placeholders", fill("<EMAIL>")),
        ("angle brackets", fill("<")),
        ("hashes", fill("hash_EMAIL_0")),
        ("zero-width", fill("4\u{200b}")),
        ("full-width", fill("４１１１ ")),
        ("tags", fill("\u{e0041}")),
        ("look-alikes", fill("аa")),
        ("marks", fill("e\u{301}")),
        ("right to left", fill("\u{202e}4111")),
        ("secrets", fill("key=9fK2mQ7xLw4ZtB8vR1cY ")),
        ("passwords", fill("password: x")),
        ("ibans", fill("GB82 WEST 1234 5698 7654 32 ")),
        ("almost ibans", fill("GB82 WEST 1234 5698 7654 33 ")),
        ("streets", fill("12 Maple Street, ")),
        ("capitals", fill("A")),
        ("capitalised words", fill("Aa ")),
        ("dates", fill("1982-03-14 ")),
        ("jwt", format!("eyJ{}", fill("a."))),
        ("a different number each", (0..SIZE / 12).map(|n| format!("ssn {:09} ", 100_010_001 + n * 7)).collect()),
        ("nul", fill("\0")),
        ("lines", fill("\n")),
        ("spaces", fill(" ")),
    ]
}

#[test]
fn a_text_made_to_be_slow_takes_no_longer_than_its_length_allows() {
    let detector = Detector::new(&Selection::everything()).unwrap();
    let mut slow = Vec::new();
    for (name, text) in corpus() {
        let half = (0..=text.len() / 2).rev().find(|at| text.is_char_boundary(*at)).unwrap();
        // Compiles what is compiled on first use.
        detector.detect(&text[..half]);
        let started = Instant::now();
        detector.detect(&text[..half]);
        let once = started.elapsed();
        let started = Instant::now();
        let found = detector.detect(&text);
        let twice = started.elapsed();
        // Quadratic would be four times; small times are noise.
        if twice > once * 3 + Duration::from_millis(100) {
            slow.push(format!("{name}: {once:?} for half of it, {twice:?} for all, {} findings", found.len()));
        }
    }
    assert!(slow.is_empty(), "{slow:#?}");
}

#[test]
fn a_text_made_to_be_slow_is_redacted_too() {
    let key = || Key::new(&[7; 32]).unwrap();
    let policy = Policy { default: assay_privacy::Action::Tokenise, ..Policy::default() };
    let redactor = Redactor::new(&policy, Some(key())).unwrap();
    for (name, text) in corpus() {
        let short = (0..=text.len() / 8).rev().find(|at| text.is_char_boundary(*at)).unwrap();
        let (output, _) = redactor.apply(&text[..short]);
        assert_eq!(reverse(&output, &key()).text, &text[..short], "{name}");
    }
}
