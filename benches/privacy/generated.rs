//! Sentences with labelled personal data, made by rule: templates, values with valid check digits, and sentences with
//! numbers that are nobody's. The names are not taken from the crate's own list.

use std::fmt::Write as _;

/// A sentence and what is in it.
pub struct Labelled {
    pub text: String,
    /// Label and bytes.
    pub spans: Vec<(String, std::ops::Range<usize>)>,
}

/// A deterministic stream of pseudo-random numbers.
struct Stream(u64);

impl Stream {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (((self.0 >> 33) as u128 * n as u128) >> 31) as usize
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }

    fn digits(&mut self, n: usize) -> String {
        (0..n).map(|_| char::from(b'0' + self.below(10) as u8)).collect()
    }
}

const TEMPLATES: &[&str] = &[
    "My name is {PERSON} and I cannot log in.",
    "Dear {PERSON}, your parcel has arrived.",
    "Please ask Mr. {PERSON} to sign the form.",
    "Could Dr. {PERSON} call me back on {PHONE_NUMBER}?",
    "I spoke with {PERSON} about the refund last week.",
    "{PERSON} wrote the report and {PERSON} reviewed it.",
    "Send the invoice to {EMAIL_ADDRESS} please.",
    "You can reach me at {EMAIL_ADDRESS} or {PHONE_NUMBER}.",
    "Phone: {PHONE_NUMBER}, e-mail: {EMAIL_ADDRESS}",
    "My telephone number changed to {PHONE_NUMBER}.",
    "The card {CREDIT_CARD} was charged twice.",
    "Credit card number: {CREDIT_CARD}",
    "Refund it to {CREDIT_CARD} if you can.",
    "Transfer the deposit to {IBAN_CODE} before Friday.",
    "IBAN: {IBAN_CODE}",
    "My SSN is {US_SSN}.",
    "Applicant {PERSON}, social security number {US_SSN}",
    "The patient's NHS number is {GB_NHS}.",
    "The request came from {IP_ADDRESS} at noon.",
    "Blocked {IP_ADDRESS} after three attempts.",
    "Send the coins to {CRYPTO}.",
    "I live at {STREET_ADDRESS}.",
    "Ship it to {STREET_ADDRESS} by courier.",
    "See {DOMAIN_NAME} for the terms.",
    "The device has the MAC address {MAC_ADDRESS}.",
    // Nobody's numbers.
    "Order 4417123456789 was delivered in 3 days.",
    "The build 20260314.1 took 1.234.567 ms.",
    "At 1726051200123 the job 100000000001 had read 123456789 rows.",
    "Version 10.4.2.1 fixes the crash; see section 1.2.3.4.",
    "ISBN 978-0-306-40615-7 costs 49.99, 20% less than before.",
    "The meeting is on 2026-03-14 at 10:30.",
    "We measured 0.8315 [0.8012, 0.8599] over 1,319 cases.",
    "What is the capital of the country with the most rivers?",
    "Call the function parse(x) before you ring the bell.",
    "Trace 4bf92f3577b34da6a3ce929d0e0e4736 has 12 spans.",
];

const GIVEN: &[&str] = &[
    "Mary",
    "John",
    "Fatima",
    "Carlos",
    "Anna",
    "Wei",
    "Olga",
    "James",
    "Ingrid",
    "Pierre",
    "Tendai",
    "Xochitl",
    "Oluwaseun",
    "Bronwyn",
    "Thandiwe",
    "Eirlys",
    "Nkechi",
    "Ruaridh",
    "Michael",
    "Sarah",
];
const SURNAMES: &[&str] = &[
    "Miller",
    "Smith",
    "Hassan",
    "García",
    "Kowalska",
    "Zhang",
    "Petrova",
    "O'Brien",
    "van den Berg",
    "Müller",
    "Moyo",
    "Okonkwo",
    "Ap Rhys",
    "Nakamura",
    "Novák",
    "Jones",
    "Fernandes",
    "Andersen",
];
const STREETS: &[&str] =
    &["Maple", "High", "Station", "Church", "Lincoln", "Victoria", "Park", "Mill", "Garden", "Second"];
const FORMS: &[&str] = &["Street", "Avenue", "Road", "Lane", "Drive", "Boulevard", "Court"];
const DOMAINS: &[&str] = &["example.com", "mail.example.org", "example.co.uk", "post.example.de", "example.net"];

/// So many sentences, the same for the same seed.
pub fn sentences(count: usize, seed: u64) -> Vec<Labelled> {
    let mut stream = Stream(seed ^ 0x9e37_79b9_7f4a_7c15);
    (0..count).map(|index| fill(TEMPLATES[index % TEMPLATES.len()], &mut stream)).collect()
}

fn fill(template: &str, stream: &mut Stream) -> Labelled {
    let mut labelled = Labelled { text: String::new(), spans: Vec::new() };
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (label, after) = after.split_once('}').expect("a closed slot");
        labelled.text.push_str(before);
        let start = labelled.text.len();
        labelled.text.push_str(&value(label, stream));
        labelled.spans.push((label.to_owned(), start..labelled.text.len()));
        rest = after;
    }
    labelled.text.push_str(rest);
    labelled
}

fn value(label: &str, stream: &mut Stream) -> String {
    match label {
        "PERSON" => format!("{} {}", stream.of(GIVEN), stream.of(SURNAMES)),
        "EMAIL_ADDRESS" => {
            let (given, number) = (stream.of(GIVEN).to_lowercase(), stream.below(90));
            format!("{given}{}{number}@{}", stream.of(&[".", "_", "", "+x"]), stream.of(DOMAINS))
        }
        "PHONE_NUMBER" => match stream.below(5) {
            0 => format!(
                "({}{}) {}{}-{}",
                2 + stream.below(8),
                stream.digits(2),
                2 + stream.below(8),
                stream.digits(2),
                stream.digits(4)
            ),
            1 => format!(
                "{}{}-{}{}-{}",
                2 + stream.below(8),
                stream.digits(2),
                2 + stream.below(8),
                stream.digits(2),
                stream.digits(4)
            ),
            2 => format!("+44 20 7946 0{}", stream.digits(3)),
            3 => format!("+49 30 {} {}", 10 + stream.below(90), 100_000 + stream.below(900_000)),
            _ => format!("+1-{}{}-555-0{}", 2 + stream.below(8), stream.digits(2), stream.digits(3)),
        },
        "CREDIT_CARD" => {
            let (prefix, length) = [("4", 16), ("52", 16), ("37", 15), ("6011", 16), ("2223", 16)][stream.below(5)];
            let mut body = format!("{prefix}{}", stream.digits(length - prefix.len() - 1));
            let check = luhn(&body);
            body.push(check);
            if length == 16 && stream.below(2) == 0 {
                let separator = stream.of(&[" ", "-"]);
                return body
                    .as_bytes()
                    .chunks(4)
                    .map(|four| std::str::from_utf8(four).expect("digits"))
                    .collect::<Vec<_>>()
                    .join(separator);
            }
            body
        }
        "IBAN_CODE" => {
            let (country, bank, length) =
                [("GB", "WEST", 22), ("DE", "", 22), ("NL", "ABNA", 18), ("FR", "", 27)][stream.below(4)];
            let body = format!("{bank}{}", stream.digits(length - 4 - bank.len()));
            let iban = format!("{country}{:02}{body}", 98 - remainder_97(&format!("{body}{country}00")));
            if stream.below(2) == 0 {
                return iban
                    .as_bytes()
                    .chunks(4)
                    .map(|four| std::str::from_utf8(four).expect("ASCII"))
                    .collect::<Vec<_>>()
                    .join(" ");
            }
            iban
        }
        "US_SSN" => format!("{:03}-{:02}-{:04}", 100 + stream.below(550), 1 + stream.below(99), 1 + stream.below(9999)),
        "GB_NHS" => loop {
            let body = stream.digits(9);
            let sum: u32 =
                body.bytes().zip((2..=10).rev()).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
            let check = (11 - sum % 11) % 11;
            if check < 10 {
                break format!("{} {} {}{check}", &body[..3], &body[3..6], &body[6..]);
            }
        },
        "IP_ADDRESS" if stream.below(4) == 0 => {
            let mut address = String::from("2a02");
            for _ in 0..7 {
                let _ = write!(address, ":{:x}", 1 + stream.below(0xfffe));
            }
            address
        }
        "IP_ADDRESS" => {
            format!("{}.{}.{}.{}", 11 + stream.below(90), stream.below(256), stream.below(256), 1 + stream.below(254))
        }
        // Published examples: the genesis block, BIP 173, EIP-55.
        "CRYPTO" => stream
            .of(&[
                "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
                "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
                "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            ])
            .to_owned(),
        "STREET_ADDRESS" => format!("{} {} {}", 1 + stream.below(2000), stream.of(STREETS), stream.of(FORMS)),
        "DOMAIN_NAME" => format!("https://www.{}/{}", stream.of(DOMAINS), stream.of(&["", "terms", "a/b?c=1"])),
        "MAC_ADDRESS" => (0..6).map(|_| format!("{:02x}", stream.below(256))).collect::<Vec<_>>().join(":"),
        other => panic!("no values for {other}"),
    }
}

fn luhn(body: &str) -> char {
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit - b'0') * if place % 2 == 0 { 2 } else { 1 };
            digit / 10 + digit % 10
        })
        .sum();
    char::from(b'0' + ((10 - sum % 10) % 10) as u8)
}

fn remainder_97(text: &str) -> u32 {
    text.chars()
        .filter_map(|c| c.to_digit(36))
        .fold(0, |rest, digit| (rest * if digit > 9 { 100 } else { 10 } + digit) % 97)
}
