//! E-mail addresses, telephone numbers, web addresses.

use crate::kind::Class;
use crate::recogniser::{Builtin, Candidate, Check, Needs};

const PHONE_WORDS: &[&str] = &[
    "phone",
    "telephone",
    "tel",
    "tele",
    "mobile",
    "cell",
    "cellphone",
    "cellular",
    "call",
    "calling",
    "called",
    "dial",
    "ring",
    "fax",
    "whatsapp",
    "signal",
    "sms",
    "text me",
    "texting",
    "landline",
    "hotline",
    "contact number",
    "contact",
    "handy",
    "telefon",
    "telefonnummer",
    "rufnummer",
    "mobil",
    "anrufen",
    "téléphone",
    "portable",
    "appeler",
    "teléfono",
    "telefono",
    "móvil",
    "celular",
    "llamar",
    "cellulare",
    "telemóvel",
    "telefone",
    "telefoon",
    "gsm",
    "komórka",
    "puhelin",
    "puhelinnumero",
    "телефон",
    "тел",
    "电话",
    "手机",
    "電話",
    "携帯",
    "전화",
    "फ़ोन",
    "هاتف",
    "טלפון",
];

pub(super) const ALL: &[Builtin] = &[
    Builtin {
        name: "e-mail address",
        kind: "EMAIL",
        patterns: &[(
            r"(?u)[A-Za-z0-9\u{c0}-\u{10ffff}_.+%'&/=-]+@(?:[A-Za-z0-9\u{c0}-\u{10ffff}-]+\.)+(?:[Xx][Nn]--[A-Za-z0-9-]+|[A-Za-z\u{c0}-\u{10ffff}]{2,24})",
            0.95,
        )],
        check: Check::Rule(email),
        needs: Needs::Any(&["@"]),
        ..Builtin::NEW
    },
    Builtin {
        name: "e-mail address in words",
        kind: "EMAIL",
        patterns: &[(
            r"(?i)\b[a-z0-9][a-z0-9._+-]{0,63} ?[\[({<] ?at ?[\])}>] ?(?:[a-z0-9-]{1,62} ?(?:\.|[\[({<] ?dot ?[\])}>]) ?){1,4}[a-z]{2,24}\b",
            0.8,
        )],
        needs: Needs::Any(&["[at]", "(at)", "{at}", "<at>", "[ at ]", "( at )"]),
        ..Builtin::NEW
    },
    Builtin {
        name: "international telephone number",
        kind: "PHONE",
        patterns: &[(r"(?:\+|\b00)[ ]?\(?[1-9](?:[ .()/-]{0,2}[0-9]){6,14}\b", 0.7)],
        check: Check::Rule(international),
        context: PHONE_WORDS,
        needs: Needs::Digits(8),
        ..Builtin::NEW
    },
    Builtin {
        name: "North American telephone number",
        kind: "PHONE",
        country: Some("US"),
        patterns: &[
            (
                r"(?:\b1[ .-]?)?\([2-9][0-9]{2}\) ?[2-9][0-9]{2}[ .-]?[0-9]{4}(?:,? ?(?:x|ext\.?|extension) ?[0-9]{1,6})?\b",
                0.75,
            ),
            (
                r"(?:\b1[ .-])?\b[2-9][0-9]{2}([.-])[2-9][0-9]{2}[.-][0-9]{4}(?:,? ?(?:x|ext\.?|extension) ?[0-9]{1,6})?\b",
                0.65,
            ),
        ],
        check: Check::Rule(alone),
        context: PHONE_WORDS,
        needs: Needs::Digits(10),
        ..Builtin::NEW
    },
    Builtin {
        name: "North American telephone number without punctuation",
        kind: "PHONE",
        country: Some("US"),
        patterns: &[
            (r"\b(?:1 )?[2-9][0-9]{2} [2-9][0-9]{2} [0-9]{4}\b", 0.5),
            (r"\b(?:1 ?)?[2-9][0-9]{2}[2-9][0-9]{6}\b", 0.25),
            (r"\b[2-9][0-9]{2}[.-][0-9]{4}\b", 0.2),
        ],
        check: Check::Rule(alone),
        context: PHONE_WORDS,
        against: NUMBERED,
        needs: Needs::Digits(7),
        ..Builtin::NEW
    },
    Builtin {
        name: "national telephone number",
        kind: "PHONE",
        patterns: &[
            // With a trunk prefix 0, in groups.
            (r"\(0[1-9][0-9]{0,4}\)(?:[ ./-]{0,2}[0-9]{2,8}){1,4}\b", 0.55),
            (r"\b0[1-9][0-9]{0,4}(?:[ ./-]{1,3}[0-9]{2,8}){1,4}\b", 0.35),
            (r"\b0[1-9][0-9]{7,10}\b", 0.25),
            // Grouped in another way, or not at all: only where a word says so.
            (r"(?:\([0-9]{1,4}\) ?|\b)[0-9]{1,5}(?:[ .-][0-9]{2,5}){1,4}\b", 0.2),
            (r"\b[0-9]{7,12}\b", 0.15),
        ],
        check: Check::Rule(national),
        context: PHONE_WORDS,
        against: NUMBERED,
        needs: Needs::Digits(7),
        ..Builtin::NEW
    },
    Builtin {
        name: "telephone link",
        kind: "PHONE",
        patterns: &[(r"(?i)\b(?:tel|sms|callto|whatsapp):(?P<v>\+?[0-9][0-9()./-]{5,20}[0-9])", 0.9)],
        needs: Needs::Any(&["tel:", "sms:", "callto:", "whatsapp:"]),
        ..Builtin::NEW
    },
    Builtin {
        name: "web address",
        kind: "URL",
        class: Class::Quasi,
        patterns: &[(r#"(?ui)(?-u:\b)(?:https?|ftps?|wss?)://[^\s<>"'`{}|\\^\[\]]{3,}"#, 0.9)],
        check: Check::Rule(sentence_end),
        needs: Needs::Any(&["://"]),
        ..Builtin::NEW
    },
    Builtin {
        name: "web address without a scheme",
        kind: "URL",
        class: Class::Quasi,
        patterns: &[
            (
                r#"(?ui)(?-u:\b)www\.[A-Za-z0-9\u{c0}-\u{10ffff}-]{1,63}(?:\.[A-Za-z0-9\u{c0}-\u{10ffff}-]{2,63}){1,5}(?:/[^\s<>"'`{}|\\^\[\]]{0,})?"#,
                0.85,
            ),
            (
                r#"(?ui)(?-u:\b)(?:[a-z0-9][a-z0-9-]{0,62}\.){1,4}(?:com|org|net|edu|gov|mil|int|info|biz|dev|app|cloud|shop|online|site|tech|xyz|co\.uk|org\.uk|ac\.uk|gov\.uk|com\.au|com\.br|co\.jp|co\.in|co\.nz|co\.za|de|fr|it|es|nl|be|ch|at|se|dk|fi|cz|pt|hu|eu|jp|cn|ru|br|ca|mx)(?:/[^\s<>"'`{}|\\^\[\]]{0,}|(?-u:\b))"#,
                0.55,
            ),
        ],
        check: Check::Rule(domain),
        needs: Needs::Any(&["."]),
        ..Builtin::NEW
    },
];

/// Words that make a long number something else than a telephone number.
const NUMBERED: &[&str] = &[
    "order",
    "order number",
    "invoice",
    "tracking",
    "ticket",
    "isbn",
    "issn",
    "doi",
    "version",
    "timestamp",
    "epoch",
    "account",
    "id",
    "part number",
    "serial",
    "sku",
    "model",
    "commit",
    "build",
    "pmid",
    "case number",
    "zip",
];

/// The local part neither begins nor ends with a dot nor holds two in a row (RFC 5321, 4.1.2); the name is not that of a
/// file.
fn email(found: &mut Candidate<'_>) -> Option<f32> {
    // The rest of an address that was refused is none.
    if found.before().ends_with(|c: char| c.is_alphanumeric() || "_.+%&-".contains(c)) {
        return None;
    }
    // What stands before the address in scripts without spaces, or after a sign of a sentence, is no part of it.
    let value = found.value();
    let quoted = value.len() - value.trim_start_matches(['\'', '/', '=', '&', '%', '-', '.']).len();
    found.start += quoted;
    let (local, _) = found.value().rsplit_once('@')?;
    let latin = local
        .rfind(|c: char| !c.is_ascii())
        .filter(|at| local[*at..].len() > 4 && crate::detector::unspaced(local[*at..].chars().next().unwrap_or(' ')));
    if let Some(at) = latin {
        found.start += at + local[at..].chars().next().map_or(0, char::len_utf8);
    }
    let top = found.value().rfind('.').map_or(0, |at| at + 1);
    let top = &found.value()[top..];
    if top.starts_with(|c: char| c.is_ascii()) {
        let cut = top.find(|c: char| crate::detector::unspaced(c)).map_or(0, |at| top.len() - at);
        found.end -= cut;
    }
    let (local, domain) = found.value().rsplit_once('@')?;
    if local.is_empty()
        || local.len() > 256
        || domain.len() > 253
        || domain.split('.').any(|label| label.is_empty() || label.starts_with('-'))
    {
        return None;
    }
    let top = domain.rsplit('.').next()?.to_ascii_lowercase();
    let file = matches!(top.as_str(), "png" | "jpg" | "jpeg" | "gif" | "svg" | "webp" | "js" | "css" | "json" | "html");
    let well_formed =
        !local.starts_with('.') && !local.ends_with('.') && !local.contains("..") && !domain.contains("-.");
    // `user:password@host` belongs to a web address, which is its own finding.
    let credentials = found.before().ends_with(':') && found.before().contains("://") && !local.contains('.');
    (well_formed && !file && !credentials).then_some(found.confidence)
}

fn count(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

/// Nothing that continues the number stands right beside it.
fn alone(found: &mut Candidate<'_>) -> Option<f32> {
    let before = found.before().as_bytes();
    let after = found.after().as_bytes();
    let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let joined = |byte: Option<&u8>| byte.is_some_and(|byte| b"-./:_#=".contains(byte));
    let continues = joined(before.last()) && digit(before.len().checked_sub(2).and_then(|at| before.get(at)))
        || joined(after.first()) && digit(after.get(1))
        || before.last().is_some_and(|byte| b"$#".contains(byte))
        || digit(before.last())
        || digit(after.first());
    // 20 dollars and 1.5 million are no numbers to call.
    let money = found.before().ends_with(['€', '£', '¥']) || after.first() == Some(&b'%');
    (!continues && !money && balanced(found.value())).then_some(found.confidence)
}

fn balanced(text: &str) -> bool {
    text.matches('(').count() == text.matches(')').count()
}

/// Country codes of ITU-T E.164 (list of 2016 with its amendments): 1 and 7 of one digit; of two digits those below; of
/// three the rest of their zones.
fn country_code(digits: &str) -> bool {
    let two: u32 = digits.get(..2).and_then(|code| code.parse().ok()).unwrap_or_default();
    let three: u32 = digits.get(..3).and_then(|code| code.parse().ok()).unwrap_or_default();
    matches!(two, 10..=19 | 70..=79)
        || matches!(two, 20 | 27 | 30..=34 | 36 | 39..=41 | 43..=49 | 51..=58 | 60..=66 | 81 | 82 | 84 | 86 | 90..=95 | 98)
        || matches!(three, 211..=213 | 216 | 218 | 220..=269 | 290 | 291 | 297..=299 | 350..=359 | 370..=389 | 420 | 421 | 423
            | 500..=509 | 590..=599 | 670 | 672..=692 | 800 | 808 | 850 | 852 | 853 | 855 | 856 | 870 | 878 | 880..=883 | 886 | 888
            | 960..=968 | 970..=977 | 979 | 992..=996 | 998)
}

fn international(found: &mut Candidate<'_>) -> Option<f32> {
    let value = found.value();
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    let digits = if value.starts_with('+') { &digits[..] } else { digits.strip_prefix("00")? };
    let known = (8..=15).contains(&digits.len()) && country_code(digits) && balanced(value);
    (known && (value.starts_with('+') || alone(found).is_some()))
        .then(|| if value.starts_with('+') { found.confidence } else { found.confidence - 0.25 })
}

fn national(found: &mut Candidate<'_>) -> Option<f32> {
    let value = found.value();
    if !(7..=12).contains(&count(value)) || super::time::is_date(value) {
        return None;
    }
    // Amounts and versions: all groups of three from the second on, or dots between single digits.
    let groups: Vec<&str> = value.split(['.', ' ']).collect();
    let thousands = value.contains('.') && groups.len() > 2 && groups[1..].iter().all(|group| group.len() == 3);
    if thousands && !value.starts_with('0') {
        return None;
    }
    // A trunk prefix and three groups or more are written for nothing else.
    let grouped = value.split([' ', '/', '-', '.']).filter(|group| !group.is_empty()).count() > 2;
    if value.starts_with('0') && grouped && count(value) >= 9 {
        found.confidence = found.confidence.max(0.5);
    }
    alone(found)
}

/// The punctuation at the end is the sentence's, and so is a bracket that was opened before the address.
fn sentence_end(found: &mut Candidate<'_>) -> Option<f32> {
    let value = found.value().trim_end_matches(['.', ',', ';', ':', '!', '?', '*', '_']);
    let value = value.strip_suffix(')').filter(|_| !balanced(value)).unwrap_or(value);
    let value = value.trim_end_matches(['.', ',', ';', ':', '!', '?']);
    found.end = found.start + value.len();
    value.contains("://").then_some(found.confidence).filter(|_| !value.ends_with("://"))
}

/// Not the host of an e-mail address, and no file or method name.
fn domain(found: &mut Candidate<'_>) -> Option<f32> {
    let before = found.before();
    let inside =
        before.ends_with(['@', '/', '-', '_', '.']) || found.after().starts_with('@') || found.after().starts_with('(');
    if inside {
        return None;
    }
    found.end = found.start + found.value().trim_end_matches(['.', ',', ';', ':', '!', '?', ')']).len();
    Some(found.confidence)
}
