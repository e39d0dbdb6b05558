//! Dates of birth, dates, ages.

use crate::kind::Class;
use crate::recogniser::{Builtin, Candidate, Check, Needs};

const BIRTH: &[&str] = &[
    "born",
    "birth",
    "date of birth",
    "birthday",
    "birthdate",
    "dob",
    "d.o.b",
    "geboren",
    "geburtsdatum",
    "geb",
    "né",
    "née",
    "naissance",
    "nacido",
    "nacida",
    "nacimiento",
    "nato",
    "nata",
    "nascita",
    "nascido",
    "nascimento",
    "geboortedatum",
    "född",
    "født",
    "urodzony",
    "urodzona",
    "urodzenia",
    "narozen",
    "syntynyt",
    "doğum",
    "рождения",
    "родился",
    "родилась",
    "出生",
    "生年月日",
    "생년월일",
    "जन्म",
];

/// Days in figures and with a month's name, in the usual orders.
macro_rules! dates {
    ($confidence:literal) => {
        &[
            (r"\b(?:1[89]|20)[0-9]{2}[-/.](?:0?[1-9]|1[0-2])[-/.](?:3[01]|[12][0-9]|0?[1-9])(?:[T ][0-2][0-9]:[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?\b", $confidence),
            (r"\b(?:3[01]|[12][0-9]|0?[1-9])[-/. ](?:3[01]|[12][0-9]|0?[1-9])[-/. ](?:(?:1[89]|20)[0-9]{2}|[0-9]{2})\b", $confidence),
            (r"(?i)\b(?:3[01]|[12][0-9]|0?[1-9])(?:st|nd|rd|th|\.)?[ -](?:of |de )?(?:jan(?:uary|uar|vier|eiro)?|feb(?:ruary|ruar)?|fevrier|febrero|mar(?:ch|s|zo)?|apr(?:il)?|abril|avril|may|mai|mayo|june?|juni|juin|junio|july?|juli|juillet|julio|aug(?:ust)?|agosto|sept?(?:ember|embre|iembre)?|oct(?:ober|obre|ubre)?|okt(?:ober)?|nov(?:ember|embre|iembre)?|dec(?:ember|embre)?|dez(?:ember)?|diciembre)\.?,?[ -](?:de )?(?:(?:1[89]|20)[0-9]{2}|'?[0-9]{2})\b", $confidence),
            (r"(?i)\b(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.? (?:3[01]|[12][0-9]|0?[1-9])(?:st|nd|rd|th)?,? (?:(?:1[89]|20)[0-9]{2}|'[0-9]{2})\b", $confidence),
            (r"(?u)(?-u:\b)(?:1[89]|20)[0-9]{2}年(?:0?[1-9]|1[0-2])月(?:3[01]|[12][0-9]|0?[1-9])日", $confidence),
        ]
    };
}

pub(super) const ALL: &[Builtin] = &[
    Builtin {
        name: "date of birth",
        kind: "DATE_OF_BIRTH",
        patterns: dates!(0.3),
        check: Check::Rule(day),
        context: BIRTH,
        against: &["invoice", "due", "order", "expires", "valid until", "meeting", "deadline"],
        needs: Needs::Digits(2),
        ..Builtin::NEW
    },
    Builtin {
        name: "date",
        kind: "DATE",
        class: Class::Quasi,
        patterns: dates!(0.65),
        check: Check::Rule(day),
        needs: Needs::Digits(2),
        ..Builtin::NEW
    },
    Builtin {
        name: "year or month",
        kind: "DATE",
        class: Class::Quasi,
        patterns: &[
            (
                r"(?i)\b(?:in|during|since|from|until|till|by|of|year|before|after|im jahr|en|depuis|desde) (?P<v>(?:1[6-9]|20)[0-9]{2})\b",
                0.6,
            ),
            (
                r"(?i)\b(?:january|february|march|april|june|july|august|september|october|november|december),? (?:of )?(?:1[6-9]|20)[0-9]{2}\b",
                0.7,
            ),
            (
                r"(?i)\b(?:january|february|april|june|july|august|september|october|november|december) (?:3[01]|[12][0-9]|[1-9])(?:st|nd|rd|th)?\b",
                0.6,
            ),
            (
                r"(?i)\b(?:3[01]|[12][0-9]|[1-9])(?:st|nd|rd|th)? (?:of )?(?:january|february|april|june|july|august|september|october|november|december)\b",
                0.6,
            ),
        ],
        needs: Needs::Digits(1),
        ..Builtin::NEW
    },
    Builtin {
        name: "age",
        kind: "AGE",
        class: Class::Quasi,
        patterns: &[
            (
                r"(?i)\b(?P<v>1[01][0-9]|[1-9]?[0-9])[ -]?(?:years?[ -]old|yrs?[ -]old|year-olds?|y/?o|years? of age|jahre alt|ans|años|anni|jaar oud|lat)\b",
                0.75,
            ),
            (
                r"(?i)\b(?:aged?|age of|turned|turning|turns|age[:=]|im alter von|à l'âge de) ?(?P<v>1[01][0-9]|[1-9][0-9]|[1-9])\b",
                0.65,
            ),
        ],
        check: Check::Rule(age),
        needs: Needs::Digits(1),
        ..Builtin::NEW
    },
];

/// A day that exists in one of the orders in use, and no part of a longer number.
fn day(found: &mut Candidate<'_>) -> Option<f32> {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let before = found.before();
    let after = found.after();
    let inside = before.ends_with(['.', '-', '/', ':']) && digit(before.chars().rev().nth(1))
        || after.starts_with(['.', '-', '/']) && digit(after.chars().nth(1));
    let figures = found.value().bytes().all(|byte| !byte.is_ascii_alphabetic()) && found.value().is_ascii();
    (!inside && (!figures || is_date(found.value()))).then_some(found.confidence)
}

/// Not a number of something else that the sentence goes on with.
fn age(found: &mut Candidate<'_>) -> Option<f32> {
    let after = found.after().trim_start();
    let unit = ["%", "percent", "minutes", "hours", "days", "miles", "km", "degrees", ",0"];
    (!unit.iter().any(|unit| after.starts_with(unit))).then_some(found.confidence)
}

/// Whether figures are a date of year, month and day in one of the orders in use.
pub(super) fn is_date(value: &str) -> bool {
    let value = value.split(['T']).next().unwrap_or(value);
    let parts: Vec<&str> = value.split(['-', '/', '.', ' ']).take(4).collect();
    let [a, b, c, ..] = parts[..] else { return false };
    if parts.len() == 4 && !parts[3].contains(':') {
        return false;
    }
    let number = |part: &str| part.parse::<u32>().unwrap_or(u32::MAX);
    let (month, day) = (|n: u32| (1..=12).contains(&n), |n: u32| (1..=31).contains(&n));
    if a.len() == 4 {
        return (1800..2100).contains(&number(a)) && month(number(b)) && day(number(c));
    }
    let year = c.len() == 2 || c.len() == 4 && (1800..2100).contains(&number(c));
    let fits = month(number(a)) && day(number(b)) || day(number(a)) && month(number(b));
    year && a.len() <= 2 && b.len() <= 2 && fits
}
