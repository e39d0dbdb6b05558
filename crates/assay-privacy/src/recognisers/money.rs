//! Cards, bank accounts, crypto addresses.

use crate::checksum::Checksum;
use crate::recogniser::{Builtin, Candidate, Check, Needs};

const CARD_WORDS: &[&str] = &[
    "card",
    "credit",
    "debit",
    "visa",
    "mastercard",
    "amex",
    "american express",
    "discover",
    "diners",
    "maestro",
    "jcb",
    "unionpay",
    "cc",
    "ccn",
    "pan",
    "payment",
    "kreditkarte",
    "karte",
    "carte",
    "carte bancaire",
    "tarjeta",
    "carta",
    "cartão",
    "karta",
    "kort",
    "kortti",
    "карта",
    "карты",
    "信用卡",
    "银行卡",
    "カード",
    "카드",
    "कार्ड",
];
const BANK_WORDS: &[&str] = &[
    "bank",
    "account",
    "acct",
    "account number",
    "checking",
    "savings",
    "iban",
    "transfer",
    "wire",
    "swift",
    "bic",
    "routing",
    "aba",
    "deposit",
    "konto",
    "kontonummer",
    "bankverbindung",
    "compte",
    "cuenta",
    "conto",
    "conta",
    "rekening",
    "sort code",
    "blz",
    "bankleitzahl",
];

pub(super) const ALL: &[Builtin] = &[
    Builtin {
        name: "payment card",
        kind: "CREDIT_CARD",
        patterns: &[
            (r"\b[0-9]{12,19}\b", 0.3),
            (r"\b[0-9]{4}[ -][0-9]{4}[ -][0-9]{4}[ -][0-9]{1,7}\b", 0.3),
            (r"\b[0-9]{4}[ -][0-9]{6}[ -][0-9]{4,5}\b", 0.3),
            (r"\b[0-9]{4}[.][0-9]{4}[.][0-9]{4}[.][0-9]{4}\b", 0.3),
        ],
        check: Check::Rule(card),
        context: CARD_WORDS,
        against: &[
            "timestamp",
            "tracking",
            "order",
            "order id",
            "isbn",
            "imei",
            "barcode",
            "ean",
            "gtin",
            "trace id",
            "sku",
        ],
        needs: Needs::Digits(12),
        ..Builtin::NEW
    },
    Builtin {
        name: "card security code",
        kind: "CARD_SECURITY_CODE",
        patterns: &[(
            r"(?i)\b(?:cvv2?|cvc2?|cvn|csc|card security code|security code|card verification (?:value|code)|prüfziffer|prüfnummer)\b[ :#=-]{0,3}(?:is |ist |number |no\.? |code )?(?P<v>[0-9]{3,4})\b",
            0.8,
        )],
        needs: Needs::Any(&["cvv", "cvc", "cvn", "csc", "security code", "verification"]),
        ..Builtin::NEW
    },
    Builtin {
        name: "bank account (IBAN)",
        kind: "IBAN",
        patterns: &[
            (r"(?i)\b[a-z]{2}[0-9]{2}[a-z0-9]{11,30}\b", 0.3),
            (r"(?i)\b[a-z]{2}[0-9]{2}(?:[ -][a-z0-9]{4}){2,7}(?:[ -][a-z0-9]{1,4})?\b", 0.3),
        ],
        check: Check::Rule(iban),
        context: BANK_WORDS,
        needs: Needs::Digits(2),
        ..Builtin::NEW
    },
    Builtin {
        name: "bank code (BIC)",
        kind: "BANK_CODE",
        patterns: &[(
            r"\b[A-Z]{4}(?:AD|AE|AR|AT|AU|BE|BG|BR|CA|CH|CL|CN|CO|CY|CZ|DE|DK|EE|EG|ES|FI|FR|GB|GR|HK|HR|HU|ID|IE|IL|IN|IS|IT|JP|KR|LI|LT|LU|LV|MA|MC|MT|MX|MY|NG|NL|NO|NZ|PH|PK|PL|PT|QA|RO|RS|RU|SA|SE|SG|SI|SK|SM|TH|TN|TR|TW|UA|US|VA|VN|ZA)[A-Z0-9]{2}(?:[A-Z0-9]{3})?\b",
            0.2,
        )],
        context: &["swift", "bic", "swift code", "bic code", "bank code"],
        ..Builtin::NEW
    },
    Builtin {
        name: "bank routing number",
        kind: "BANK_CODE",
        country: Some("US"),
        patterns: &[(r"\b[0-9]{9}\b", 0.05), (r"\b[0-9]{4}-[0-9]{4}-[0-9]\b", 0.1)],
        check: Check::Sum(Checksum::UsRouting, 0.2),
        context: &["routing", "aba", "rtn", "routing number", "transit", "ach", "bank"],
        needs: Needs::Digits(9),
        ..Builtin::NEW
    },
    Builtin {
        name: "sort code",
        kind: "BANK_CODE",
        country: Some("GB"),
        patterns: &[(r"\b[0-9]{2}-[0-9]{2}-[0-9]{2}\b", 0.2)],
        context: &["sort code", "sortcode", "sort"],
        needs: Needs::Digits(6),
        ..Builtin::NEW
    },
    Builtin {
        name: "bank account number",
        kind: "BANK_ACCOUNT",
        patterns: &[(
            r"(?i)\b(?:account|acct|a/c|konto|cuenta|compte)(?: ?(?:number|no|num|nr|nummer))?\.?[ :#=-]{0,3}(?:is |ist |es )?(?P<v>[0-9](?:[ -]?[0-9]){5,17})\b",
            0.6,
        )],
        needs: Needs::Any(&["account", "acct", "a/c", "konto", "cuenta", "compte"]),
        ..Builtin::NEW
    },
    Builtin {
        name: "Bitcoin address",
        kind: "CRYPTO_ADDRESS",
        patterns: &[(r"\b[13LMDTt][1-9A-HJ-NP-Za-km-z]{25,35}\b", 0.2)],
        check: Check::Sum(Checksum::Base58Check, 0.95),
        needs: Needs::Digits(1),
        ..Builtin::NEW
    },
    Builtin {
        name: "Bitcoin address (bech32)",
        kind: "CRYPTO_ADDRESS",
        patterns: &[(r"(?i)\b(?:bc1|tb1)[02-9ac-hj-np-z]{11,87}\b", 0.2)],
        check: Check::Sum(Checksum::Bech32, 0.95),
        needs: Needs::Any(&["bc1", "tb1"]),
        ..Builtin::NEW
    },
    Builtin {
        name: "Ethereum address",
        kind: "CRYPTO_ADDRESS",
        patterns: &[(r"\b0x[0-9A-Fa-f]{40}\b", 0.6)],
        check: Check::Sum(Checksum::Eip55, 0.8),
        needs: Needs::Any(&["0x"]),
        ..Builtin::NEW
    },
];

/// Not a part of a longer number or code, and printed by nobody as an example of digits.
fn card(found: &mut Candidate<'_>) -> Option<f32> {
    if !Checksum::PaymentCard.holds(found.value()) {
        return None;
    }
    let before = found.before();
    let after = found.after();
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let joined = before.ends_with(['-', '_', '/', '=']) && digit(before.chars().rev().nth(1))
        || after.starts_with(['-', '_', '/']) && digit(after.chars().nth(1))
        || before.ends_with('.') && digit(before.chars().rev().nth(1))
        || after.starts_with('.') && digit(after.chars().nth(1));
    if joined {
        return None;
    }
    // Twelve and thirteen digits pass by chance more often than they are cards.
    let digits = found.value().bytes().filter(u8::is_ascii_digit).count();
    Some(match digits {
        12 | 13 => 0.5,
        14 | 15 if found.value().len() == digits => 0.75,
        _ => 0.9,
    })
}

/// Groups of four letters that follow an account look like a part of it: its country says where it ends.
fn iban(found: &mut Candidate<'_>) -> Option<f32> {
    let length = Checksum::iban_length(&found.value()[..2])?;
    let last = found.value().char_indices().filter(|(_, c)| c.is_ascii_alphanumeric()).nth(length - 1)?.0;
    found.end = found.start + last + 1;
    let ends = !found.after().starts_with(|c: char| c.is_ascii_alphanumeric());
    (ends && Checksum::Iban.holds(found.value())).then_some(0.95)
}
