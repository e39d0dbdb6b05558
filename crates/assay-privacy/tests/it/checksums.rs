//! Rules of identifiers against python-stdnum, and against published examples.

use assay_privacy::Checksum;
use serde_json::json;

use crate::oracle::{Oracle, Stream};

/// Where stdnum knows less or more than the issuer says, the shapes keep to what both decide: it has no ITIN groups below
/// 70, no districts of routing numbers, no rule on three digits in a row in a German tax number, no refugees in South
/// Africa, and refuses temporary Finnish numbers.
const SCRIPT: &str = r#"
from stdnum import luhn, iban, verhoeff, ean, bitcoin
from stdnum.iso7064 import mod_11_10, mod_11_2, mod_97_10
from stdnum.us import ssn, itin, rtn
from stdnum.ca import sin
from stdnum.gb import nhs
from stdnum.de import idnr
from stdnum.fr import nir
from stdnum.es import dni, nie
from stdnum.it import codicefiscale
from stdnum.pl import pesel, nip
from stdnum.nl import bsn
from stdnum.be import nn, bis
from stdnum.pt import nif
from stdnum.se import personnummer
from stdnum.fi import hetu
from stdnum.no import fodselsnummer
from stdnum.dk import cpr
from stdnum.ch import ssn as ahv
from stdnum.cz import rc
from stdnum.ro import cnp
from stdnum.hr import oib
from stdnum.tr import tckimlik
from stdnum.in_ import aadhaar, pan
from stdnum.br import cpf, cnpj
from stdnum.au import tfn, abn
from stdnum.kr import rrn
from stdnum.jp import cn as _cn
from stdnum.cn import ric
from stdnum.za import idnr as za
from stdnum.mx import curp
from stdnum.il import idnr as il
from stdnum.cl import rut
from stdnum.th import pin

REFERENCES = {
    'luhn': luhn, 'verhoeff': verhoeff, 'ean': ean, 'iban': iban, 'base58check': bitcoin, 'bech32': bitcoin,
    'iso7064-mod-11-10': mod_11_10, 'iso7064-mod-11-2': mod_11_2, 'iso7064-mod-97-10': mod_97_10,
    'us-ssn': ssn, 'us-itin': itin, 'us-routing': rtn, 'ca-sin': sin, 'gb-nhs': nhs, 'de-tax-id': idnr, 'fr-nir': nir,
    'es-nif': dni, 'es-nie': nie, 'it-codice-fiscale': codicefiscale, 'pl-pesel': pesel, 'pl-nip': nip, 'nl-bsn': bsn,
    'pt-nif': nif, 'se-personnummer': personnummer, 'fi-hetu': hetu, 'no-fnr': fodselsnummer,
    'ch-ahv': ahv, 'cz-rodne-cislo': rc, 'ro-cnp': cnp, 'hr-oib': oib, 'tr-tckn': tckimlik, 'in-aadhaar': aadhaar,
    'in-pan': pan, 'br-cpf': cpf, 'br-cnpj': cnpj, 'au-tfn': tfn, 'au-abn': abn, 'kr-rrn': rrn, 'cn-ric': ric, 'za-id': za,
    'mx-curp': curp, 'il-id': il, 'cl-rut': rut, 'th-id': pin,
}

def one(f, values):
    reference = REFERENCES[f]
    return [float(reference.is_valid(value)) for value in values]
"#;

/// Random values of a rule's shape, each with every end that it could have, so that about one in ten or thirty holds.
/// `#` is a digit, `@` a letter, `y` a year of two digits, `m` a month, `d` a day, `*` the place where all characters of
/// `ends` are tried.
const SHAPES: &[(Checksum, &[&str], &str)] = &[
    (Checksum::Luhn, &["###############*", "9##*"], "0123456789"),
    (Checksum::Verhoeff, &["###########*", "###*"], "0123456789"),
    (Checksum::Ean, &["############*", "#######*"], "0123456789"),
    (Checksum::Mod1110, &["##########*"], "0123456789"),
    (Checksum::Mod112, &["#################*"], "0123456789X"),
    (Checksum::UsSsn, &["###-##-###*"], "0123456789"),
    (Checksum::UsItin, &["9##-7#-###*", "9##-89-###*", "9##-4#-###*"], "0123456789"),
    (Checksum::UsRouting, &["02######*", "11######*", "72######*"], "0123456789"),
    (Checksum::CaSin, &["########*"], "0123456789"),
    (Checksum::GbNhs, &["#########*"], "0123456789"),
    (Checksum::DeTaxId, &["##########*", "3657426180*", "1234567894*", "1234567890*", "1123456789*"], "0123456789"),
    (Checksum::EsNif, &["########*"], "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    (Checksum::EsNie, &["X#######*", "Y#######*", "Z#######*", "W#######*"], "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    (Checksum::ItCodiceFiscale, &["@@@@@@yAd@###*", "@@@@@@yHd@###*", "@@@@@@yTd@###*"], "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    (Checksum::PlPesel, &["ymd####*", "y2#d####*"], "0123456789"),
    (Checksum::PlNip, &["#########*"], "0123456789"),
    (Checksum::NlBsn, &["########*"], "0123456789"),
    (Checksum::PtNif, &["########*"], "0123456789"),
    (Checksum::SePersonnummer, &["ymd-###*", "19ymd###*"], "0123456789"),
    (Checksum::FiHetu, &["dmy-1##*", "dmyA8##*"], "0123456789ABCDEFHJKLMNPRSTUVWXY"),
    (Checksum::ChAhv, &["756#########*", "757#########*"], "0123456789"),
    (Checksum::HrOib, &["##########*"], "0123456789"),
    (Checksum::InAadhaar, &["###########*"], "0123456789"),
    (Checksum::AuTfn, &["########*"], "0123456789"),
    (Checksum::ClRut, &["########*", "#######*"], "0123456789K"),
    (Checksum::ThId, &["############*"], "0123456789"),
    (Checksum::MxCurp, &["GODEymdHDFRRN0*"], "0123456789"),
    (Checksum::CnRic, &["11010119ymd###*"], "0123456789X"),
    (Checksum::ZaId, &["ymd####08*", "ymd####18*", "ymd####38*"], "0123456789"),
    (Checksum::IlId, &["########*"], "0123456789"),
    (Checksum::KrRrn, &["ymd-100###*", "ymd-200###*"], "0123456789"),
    (Checksum::CzRodneCislo, &["ymd/###*"], "0123456789"),
    (Checksum::RoCnp, &["1ymd120##*", "2ymd400##*"], "0123456789"),
];

fn made(shape: &str, end: char, stream: &mut Stream) -> String {
    let mut value = String::new();
    for c in shape.chars() {
        match c {
            '#' => value.push(char::from(b'0' + stream.below(10) as u8)),
            '@' => value.push(char::from(b'A' + stream.below(26) as u8)),
            'y' => value.push_str(&format!("{:02}", 40 + stream.below(59))),
            'm' => value.push_str(&format!("{:02}", 1 + stream.below(12))),
            'd' => value.push_str(&format!("{:02}", 1 + stream.below(28))),
            '*' => value.push(end),
            other => value.push(other),
        }
    }
    value
}

#[test]
fn oracle_rules_agree_with_stdnum() {
    let mut oracle = Oracle::new(SCRIPT);
    let mut stream = Stream(5);
    for (rule, shapes, ends) in SHAPES {
        let mut values = Vec::new();
        for round in 0..240 {
            let shape = shapes[round % shapes.len()];
            let mut same = Stream(stream.below(1 << 40));
            let seed = same.0;
            for end in ends.chars() {
                same.0 = seed;
                values.push(made(shape, end, &mut same));
            }
        }
        let ours: Vec<f64> = values.iter().map(|value| f64::from(u8::from(rule.holds(value)))).collect();
        let held = ours.iter().sum::<f64>();
        assert!(held >= 10.0 && held < values.len() as f64, "{rule}: {held} of {}", values.len());
        oracle.ask(rule.name(), json!(values), ours, 0.0);
    }
    // Two check digits each: completed by search.
    for (rule, body) in [
        (Checksum::BrCpf, 9),
        (Checksum::BrCnpj, 12),
        (Checksum::NoFnr, 9),
        (Checksum::TrTckn, 9),
        (Checksum::AuAbn, 9),
    ] {
        let mut values = Vec::new();
        for _ in 0..40 {
            let date = if rule == Checksum::NoFnr {
                format!("{:02}{:02}{}1", 1 + stream.below(28), 1 + stream.below(12), 40 + stream.below(59))
            } else {
                String::new()
            };
            let rest: String = (date.len()..body).map(|_| char::from(b'0' + stream.below(10) as u8)).collect();
            values.extend((0..100).map(|end| format!("{date}{rest}{end:02}")));
        }
        let ours: Vec<f64> = values.iter().map(|value| f64::from(u8::from(rule.holds(value)))).collect();
        assert!(ours.iter().sum::<f64>() >= 10.0, "{rule}");
        oracle.ask(rule.name(), json!(values), ours, 0.0);
    }
    // LEI is letters and digits by modulo 97-10.
    let leis: Vec<String> = (0..100).map(|pair| format!("213800KUD8LAJWSQ9D{pair:02}")).collect();
    let ours: Vec<f64> = leis.iter().map(|value| f64::from(u8::from(Checksum::Mod9710.holds(value)))).collect();
    assert!(ours.contains(&1.0));
    oracle.ask("iso7064-mod-97-10", json!(leis), ours, 0.0);
    let ibans: Vec<String> = [
        "GB82WEST123456987654**",
        "DE893704004405320130**",
        "NL91ABNA04171643**",
        "FR14200410100505000**3M02606",
        "XX820000",
    ]
    .iter()
    .flat_map(|shape| (2..99).map(move |pair| shape.replace("**", &format!("{pair:02}"))))
    .collect();
    let ours: Vec<f64> = ibans.iter().map(|value| f64::from(u8::from(Checksum::Iban.holds(value)))).collect();
    oracle.ask("iban", json!(ibans), ours, 0.0);
    let addresses = [
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
        "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
    ];
    let ours: Vec<f64> =
        addresses.iter().map(|value| f64::from(u8::from(Checksum::Base58Check.holds(value)))).collect();
    oracle.ask("base58check", json!(addresses), ours, 0.0);
    let nirs: Vec<String> =
        ["1 85 05 78 006 084 **", "2 69 05 49 588 157 **", "1 85 12 2A 006 084 **", "2 85 12 2B 006 084 **"]
            .iter()
            .flat_map(|shape| (0..100).map(move |pair| shape.replace("**", &format!("{pair:02}")).replace(' ', "")))
            .collect();
    let ours: Vec<f64> = nirs.iter().map(|value| f64::from(u8::from(Checksum::FrNir.holds(value)))).collect();
    oracle.ask("fr-nir", json!(nirs), ours, 0.0);
    oracle.check();
}

#[test]
fn published_examples_hold_and_a_changed_digit_does_not() {
    for (rule, value) in [
        (Checksum::PaymentCard, "4111 1111 1111 1111"),
        (Checksum::PaymentCard, "2223 0031 2200 3222"),
        (Checksum::PaymentCard, "3782 822463 10005"),
        (Checksum::Iban, "GB82 WEST 1234 5698 7654 32"),
        (Checksum::UsNpi, "1234567893"),
        (Checksum::GbNino, "AB 12 34 56 C"),
        (Checksum::DePension, "15 070649 C 103"),
        (Checksum::De731, "L01X00T471"),
        (Checksum::BeNrn, "85.07.30-033.28"),
        (Checksum::AuMedicare, "2123 45670 1"),
        (Checksum::SgNric, "S1234567D"),
        (Checksum::SgNric, "F1234567N"),
        (Checksum::JpMyNumber, "1234 5678 9018"),
        (Checksum::DkCpr, "010190-1234"),
        (Checksum::InPan, "ABCPE1234F"),
        (Checksum::Bech32, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
        (Checksum::Eip55, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
    ] {
        assert!(rule.holds(value), "{rule}: {value}");
        // Without a check digit, or with a last digit that is not checked.
        if matches!(rule, Checksum::GbNino | Checksum::InPan | Checksum::DkCpr | Checksum::AuMedicare) {
            continue;
        }
        let digit = value.rfind(|c: char| c.is_ascii_digit()).unwrap();
        let other = if value.as_bytes()[digit] == b'9' { '8' } else { char::from(value.as_bytes()[digit] + 1) };
        let mut changed = value.to_owned();
        changed.replace_range(digit..=digit, &other.to_string());
        assert!(!rule.holds(&changed), "{rule}: {changed}");
    }
    assert!(!Checksum::GbNino.holds("BG123456A") && !Checksum::GbNino.holds("AB123456E"));
    assert!(!Checksum::InPan.holds("ABCDE1234F"));
    assert!(!Checksum::Eip55.holds("0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed"));
}

#[test]
fn every_rule_has_a_name_a_source_and_refuses_what_is_no_number() {
    for rule in Checksum::ALL {
        assert_eq!(Checksum::named(rule.name()), Some(*rule));
        assert_eq!(serde_json::to_value(rule).unwrap(), rule.name());
        assert!(!rule.source().is_empty());
        for broken in [
            "",
            "0",
            "é",
            "----",
            "1234567890123456789012345678901234567890",
            &"9".repeat(500),
            "ABCDEFGHIJKL",
            "00000000000",
        ] {
            let _ = rule.holds(broken);
        }
        assert!(!rule.holds(""), "{rule}");
    }
}
