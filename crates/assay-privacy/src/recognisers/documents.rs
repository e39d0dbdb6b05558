//! Numbers of documents and records that no rule tells from other numbers: only the words beside them do.

use crate::checksum::Checksum;
use crate::recogniser::{Builtin, Candidate, Check, Needs};

pub(super) const ALL: &[Builtin] = &[
    Builtin {
        name: "passport number",
        kind: "PASSPORT",
        patterns: &[
            (r"(?i)\b[a-z]{1,2}[0-9]{6,8}\b", 0.2),
            (r"\b[0-9]{8,9}\b", 0.15),
            (r"\b[CFGHJK][0-9CFGHJKLMNPRTVWXYZ]{8}\b", 0.2),
        ],
        check: Check::Rule(has_digits),
        context: &[
            "passport",
            "passport number",
            "passport no",
            "reisepass",
            "passnummer",
            "passeport",
            "pasaporte",
            "passaporto",
            "passaporte",
            "paspoort",
            "paszport",
            "паспорт",
            "护照",
            "旅券",
            "여권",
        ],
        needs: Needs::Digits(2),
        ..Builtin::NEW
    },
    Builtin {
        name: "machine-readable zone of a passport",
        kind: "PASSPORT",
        patterns: &[(r"\bP[A-Z<][A-Z]{3}[A-Z<]{39}(?:\r?\n[A-Z0-9<]{44})?", 0.95)],
        needs: Needs::Any(&["<<"]),
        ..Builtin::NEW
    },
    Builtin {
        name: "driving licence number",
        kind: "DRIVING_LICENCE",
        patterns: &[
            (
                r"(?i)\b(?:driver'?s?|driving|drivers)[ -]?licen[cs]e(?: ?(?:number|no|num|id))?\.?[ :#=-]{0,3}(?:is |was )?(?P<v>[a-z0-9](?:[ -]?[a-z0-9]){5,19})\b",
                0.75,
            ),
            (
                r"(?i)\b(?:führerscheinnummer|führerschein|permis de conduire|permiso de conducir|patente)(?: ?(?:nr|no|n°|num))?\.?[ :#=-]{0,3}(?P<v>[a-z0-9]{6,16})\b",
                0.7,
            ),
        ],
        check: Check::Rule(has_digits),
        needs: Needs::Any(&["licen", "führerschein", "permis", "patente"]),
        ..Builtin::NEW
    },
    Builtin {
        name: "driver number",
        kind: "DRIVING_LICENCE",
        country: Some("GB"),
        patterns: &[(r"\b[A-Z9]{5}[0-9][0156][0-9](?:[0-2][0-9]|3[01])[0-9][A-Z9]{2}[0-9A-Z]{3}\b", 0.7)],
        context: &["licence", "driver", "driving", "dvla"],
        needs: Needs::Digits(5),
        ..Builtin::NEW
    },
    Builtin {
        name: "medical record number",
        kind: "MEDICAL_RECORD",
        patterns: &[(
            r"(?i)\b(?:mrn|medical record(?: ?(?:number|no|num))?|patient (?:id|number|no)|chart (?:number|no))\.?[ :#=-]{0,3}(?:is )?(?P<v>[a-z]{0,3}[0-9][0-9a-z-]{4,14})\b",
            0.8,
        )],
        needs: Needs::Any(&["mrn", "medical record", "patient", "chart n"]),
        ..Builtin::NEW
    },
    Builtin {
        name: "health insurance number",
        kind: "HEALTH_INSURANCE",
        patterns: &[(
            r"(?i)\b(?:(?:health|medical) (?:insurance|plan)(?: (?:number|no|id|policy))?|member id|policy (?:number|no)|versichertennummer|krankenversichertennummer)\.?[ :#=-]{0,3}(?:is )?(?P<v>[a-z]{0,4}[0-9][0-9a-z-]{5,15})\b",
            0.7,
        )],
        needs: Needs::Any(&["insurance", "plan", "member id", "policy n", "versichert"]),
        ..Builtin::NEW
    },
    Builtin {
        name: "customer or employee number",
        kind: "PERSON_ID",
        patterns: &[(
            r"(?i)\b(?:customer|client|employee|member|student|user|staff|personnel|kunden|mitarbeiter|matrikel)(?:[ -]?(?:number|no|id|num|nummer|nr))\.?[ :#=-]{0,3}(?:is )?(?P<v>[a-z]{0,4}-?[0-9][0-9a-z-]{3,15})\b",
            0.65,
        )],
        needs: Needs::Any(&[
            "customer",
            "client",
            "employee",
            "member",
            "student",
            "user",
            "staff",
            "personnel",
            "kunden",
            "mitarbeiter",
            "matrikel",
        ]),
        ..Builtin::NEW
    },
    Builtin {
        name: "vehicle identification number",
        kind: "VEHICLE_ID",
        patterns: &[(r"\b[A-HJ-NPR-Z0-9]{17}\b", 0.3)],
        check: Check::Rule(vin),
        context: &["vin", "vehicle", "chassis", "car", "fahrgestellnummer"],
        needs: Needs::Digits(1),
        ..Builtin::NEW
    },
    Builtin {
        name: "licence plate",
        kind: "LICENCE_PLATE",
        patterns: &[(
            r"(?ui)(?-u:\b)(?:licen[cs]e plate|number plate|plate number|registration (?:number|plate)|kennzeichen|plaque d'immatriculation|matrícula)\.?[ :#=-]{0,3}(?:is |ist |no\.? )?(?P<v>[a-z0-9äöü]{1,4}[ -]?[a-z0-9]{1,4}(?:[ -]?[a-z0-9]{1,4})?)(?-u:\b)",
            0.7,
        )],
        check: Check::Rule(has_digits),
        needs: Needs::Any(&["plate", "registration", "kennzeichen", "immatriculation", "matrícula"]),
        ..Builtin::NEW
    },
    Builtin {
        name: "device number (IMEI)",
        kind: "DEVICE_ID",
        patterns: &[(r"\b[0-9]{15}\b", 0.15), (r"\b[0-9]{2}-[0-9]{6}-[0-9]{6}-[0-9]\b", 0.5)],
        check: Check::Sum(Checksum::Luhn, 0.4),
        context: &["imei", "device", "handset", "serial"],
        needs: Needs::Digits(15),
        ..Builtin::NEW
    },
    Builtin {
        name: "researcher number (ORCID)",
        kind: "PERSON_ID",
        patterns: &[(r"\b0000-000[0-9]-[0-9]{4}-[0-9]{3}[0-9X]\b", 0.5)],
        check: Check::Sum(Checksum::Mod112, 0.9),
        context: &["orcid"],
        needs: Needs::Digits(15),
        ..Builtin::NEW
    },
];

fn has_digits(found: &mut Candidate<'_>) -> Option<f32> {
    let digits = found.value().bytes().filter(u8::is_ascii_digit).count();
    (digits >= 2).then_some(found.confidence)
}

/// The ninth character is a check digit modulo 11 (49 CFR 565.15); European makers do not fill it in.
fn vin(found: &mut Candidate<'_>) -> Option<f32> {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let value = found.value().as_bytes();
    if !value.iter().any(u8::is_ascii_digit) || !value.iter().any(u8::is_ascii_uppercase) {
        return None;
    }
    let place = |byte: u8| match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'I' => u32::from(byte - b'A') + 1,
        b'J'..=b'R' => u32::from(byte - b'J') + 1,
        _ => u32::from(byte - b'S') + 2,
    };
    let sum: u32 = value.iter().zip(WEIGHTS).map(|(byte, weight)| place(*byte) * weight).sum();
    let check = match sum % 11 {
        10 => b'X',
        rest => b'0' + rest as u8,
    };
    Some(if value[8] == check { 0.7 } else { 0.2 })
}
