//! Addresses, postcodes and places.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::kind::Class;
use crate::recogniser::{Builtin, Candidate, Check, Needs, Span};

const HOME: &[&str] = &[
    "address",
    "live",
    "lives",
    "living",
    "lived",
    "reside",
    "resides",
    "residing",
    "home",
    "located",
    "mailing",
    "shipping",
    "billing",
    "delivery",
    "deliver",
    "ship to",
    "street",
    "moved to",
    "anschrift",
    "adresse",
    "wohnt",
    "wohnhaft",
    "wohne",
    "habite",
    "domicile",
    "dirección",
    "domicilio",
    "vive",
    "vivo",
    "indirizzo",
    "endereço",
    "adres",
    "住所",
    "地址",
    "адрес",
];

const POSTCODE: &[&str] = &[
    "zip",
    "zip code",
    "zipcode",
    "postcode",
    "post code",
    "postal code",
    "postal",
    "plz",
    "postleitzahl",
    "code postal",
    "código postal",
    "cap",
    "cep",
    "postnummer",
    "pincode",
    "pin code",
    "邮编",
    "郵便番号",
];

/// What may stand behind a street: a unit of the house.
macro_rules! unit {
    () => {
        r"(?:,? (?:Apt|Apartment|Suite|Ste|Unit|Flat|Room|Floor|Fl)\.? ?#?[0-9A-Za-z-]{1,6}(?-u:\b))?"
    };
}

pub(super) const ALL: &[Builtin] = &[
    Builtin {
        name: "street address (number first)",
        kind: "ADDRESS",
        patterns: &[
            (
                concat!(
                    r"(?u)(?-u:\b)[0-9]{1,5}[A-Za-z]?(?:[-/][0-9]{1,4})?,? (?:(?:[NSEW]|North|South|East|West|NE|NW|SE|SW)\.? )?(?:(?:\p{Lu}[A-Za-z\u{c0}-\u{10ffff}'.-]*|[0-9]{1,3}(?:st|nd|rd|th)|of|the|de|la) ){1,4}(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Boulevard|Blvd|Drive|Dr|Court|Ct|Square|Sq|Terrace|Ter|Way|Place|Pl|Crescent|Cres|Close|Highway|Hwy|Parkway|Pkwy|Circle|Cir|Trail|Trl|Alley|Row|Walk|Gardens|Grove|Hill|Mews|Rise|Quay|Broadway|Loop|Esplanade|Parade)(?-u:\b)\.?(?: (?:[NSEW]|NE|NW|SE|SW)(?-u:\b))?",
                    unit!()
                ),
                0.8,
            ),
            (
                concat!(
                    r"(?ui)(?-u:\b)[0-9]{1,5}(?: ?(?:bis|ter))?,? (?:rue|avenue|av\.|boulevard|bd|place|chemin|allée|quai|impasse|route|cours|square)(?: (?:de la|de l'|du|des|de|d'|la|le|les))? ?(?-i:[\p{Lu}0-9])[A-Za-z\u{c0}-\u{10ffff}'.-]*(?: (?:(?:de|du|des|la|le|les|et) )?(?-i:\p{Lu})[A-Za-z\u{c0}-\u{10ffff}'.-]*){0,4}",
                    unit!()
                ),
                0.75,
            ),
        ],
        check: Check::Rule(form),
        context: HOME,
        needs: Needs::Digits(1),
        ..Builtin::NEW
    },
    Builtin {
        name: "street address (number last)",
        kind: "ADDRESS",
        patterns: &[
            // Straße, gatan, straat and the like, joined to the name or after it.
            (
                concat!(
                    r"(?u)(?-u:\b)?\p{Lu}[A-Za-z\u{c0}-\u{10ffff}.-]*(?: \p{Lu}[A-Za-z\u{c0}-\u{10ffff}.-]*){0,3}(?:[Ss]tra(?:ß|ss)e|[Ss]tr\.|[Ww]eg|[Pp]latz|[Gg]asse|[Aa]llee|[Rr]ing|[Dd]amm|[Uu]fer|gatan|gata|gate|vägen|vegen|vej|gade|allé|straat|laan|plein|gracht|kade|dijk|katu|katu|tie|polku|torg|utca|u\.|út|útja|tér|körút) ?[0-9]{1,4} ?[a-zA-Z]?(?-u:\b)(?:[-/][0-9]{1,4})?",
                    unit!()
                ),
                0.75,
            ),
            (
                concat!(
                    r"(?ui)(?-u:\b)(?:via|viale|piazza|corso|largo|vicolo|strada|calle|c/|avenida|avda\.?|av\.|plaza|paseo|carrera|rua|travessa|praça|estrada|ulica|ul\.|al\.|aleja|os\.|nám\.|strada|bulevardul|ulitsa|rue|chemin) (?:(?:de la|de los|de las|de|del|della|dei|di|do|da|dos|la|el) )?(?-i:\p{Lu})[A-Za-z\u{c0}-\u{10ffff}'.-]*(?: (?:(?:de|del|della|di|do|da|dos|y|e|la) )?(?-i:\p{Lu})[A-Za-z\u{c0}-\u{10ffff}'.-]*){0,4},? (?:n[º°.] ?)?[0-9]{1,5}[a-zA-Z]?(?-u:\b)(?:[-/][0-9]{1,4})?",
                    unit!()
                ),
                0.75,
            ),
        ],
        context: HOME,
        needs: Needs::Digits(1),
        ..Builtin::NEW
    },
    Builtin {
        name: "box, unit and building",
        kind: "ADDRESS",
        patterns: &[
            (
                r"(?i)\b(?:p\.? ?o\.? ?box|post office box|postfach|boîte postale|b\.p\.|apartado(?: de correos)?|casella postale|caixa postal) ?#?[0-9]{1,6}\b",
                0.8,
            ),
            (r"\b(?:Apt|Apartment|Suite|Ste|Flat|Unit)\.? ?#?[0-9]{1,5}[A-Za-z]?\b", 0.55),
            (
                r"\b(?:PSC|CMR|UNIT|Unit) [0-9]{1,5},? [Bb]ox [0-9]{1,5}(?:\s(?:APO|FPO|DPO),? (?:AA|AE|AP) [0-9]{5})?\b",
                0.85,
            ),
            (r"\b(?:APO|FPO|DPO),? (?:AA|AE|AP) [0-9]{5}(?:-[0-9]{4})?\b", 0.85),
        ],
        context: HOME,
        needs: Needs::Digits(1),
        ..Builtin::NEW
    },
    Builtin {
        name: "number and street by context",
        kind: "ADDRESS",
        patterns: &[
            (
                r"(?u)(?-u:\b)[0-9]{1,5} \p{Lu}[A-Za-z\u{c0}-\u{10ffff}'.-]+(?: \p{Lu}[A-Za-z\u{c0}-\u{10ffff}'.-]+){0,3}(?: [0-9]{1,5}(?-u:\b))?",
                0.2,
            ),
            (
                r"(?u)\p{Lu}[A-Za-z\u{c0}-\u{10ffff}'.-]+(?: \p{Lu}[A-Za-z\u{c0}-\u{10ffff}'.-]+){0,3} [0-9]{1,5}[a-zA-Z]?(?-u:\b)",
                0.2,
            ),
        ],
        check: Check::Rule(street),
        context: HOME,
        needs: Needs::Digits(1),
        ..Builtin::NEW
    },
    Builtin {
        name: "state and ZIP code",
        kind: "ADDRESS",
        country: Some("US"),
        patterns: &[(
            r"\b(?:A[KLRZ]|C[AOT]|D[CE]|FL|G[AU]|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|P[AR]|RI|S[CD]|T[NX]|UT|V[AIT]|W[AIVY]) [0-9]{5}(?:-[0-9]{4})?\b",
            0.75,
        )],
        needs: Needs::Digits(5),
        ..Builtin::NEW
    },
    Builtin {
        name: "postcode",
        kind: "POSTCODE",
        country: Some("GB"),
        patterns: &[(
            r"\b(?:GIR 0AA|[A-PR-UWYZ][A-HK-Y]?[0-9][0-9ABEHMNPRVWXYfghjkstuw]? [0-9][ABD-HJLNP-UW-Z]{2})\b",
            0.7,
        )],
        context: POSTCODE,
        needs: Needs::Digits(1),
        ..Builtin::NEW
    },
    Builtin {
        name: "postal code",
        kind: "POSTCODE",
        country: Some("CA"),
        patterns: &[(r"\b[ABCEGHJ-NPRSTVXY][0-9][ABCEGHJ-NPRSTV-Z] ?[0-9][ABCEGHJ-NPRSTV-Z][0-9]\b", 0.65)],
        context: POSTCODE,
        ..Builtin::NEW
    },
    Builtin {
        name: "ZIP code with four more digits",
        kind: "POSTCODE",
        country: Some("US"),
        patterns: &[(r"\b[0-9]{5}-[0-9]{4}\b", 0.5)],
        context: POSTCODE,
        needs: Needs::Digits(9),
        ..Builtin::NEW
    },
    Builtin {
        name: "postcode by its word",
        kind: "POSTCODE",
        patterns: &[(
            r"(?ui)(?-u:\b)(?:zip(?: ?code)?|post ?code|postal code|plz|postleitzahl|code postal|código postal|c\.p\.|cep|cap|postnummer|postinumero|kod pocztowy|psč|irányítószám|pin ?code|邮编|郵便番号)\.?[ :#=-]{0,3}(?:is |ist |est |es )?(?P<v>[a-z]{0,2}-?[0-9][0-9a-z]{2,5}(?:[ -](?-i:[0-9A-Z]){2,4})?)(?-u:\b)",
            0.75,
        )],
        needs: Needs::Any(&[
            "zip",
            "post",
            "plz",
            "código postal",
            "c.p.",
            "cep",
            "cap",
            "kod pocztowy",
            "psč",
            "irányítószám",
            "pin",
            "邮编",
            "郵便番号",
        ]),
        ..Builtin::NEW
    },
    Builtin {
        name: "coordinates",
        kind: "COORDINATES",
        patterns: &[
            (
                r"[+-]?\b(?:[0-8]?[0-9]|90)\.[0-9]{4,10}°?\s?[NS]?,\s?[+-]?(?:1[0-7][0-9]|[0-9]?[0-9]|180)\.[0-9]{4,10}\b°?\s?[EW]?",
                0.7,
            ),
            (
                r#"(?u)[0-9]{1,2}°\s?[0-9]{1,2}['′]\s?[0-9]{1,2}(?:\.[0-9]{1,4})?["″]\s?[NS],?\s?[0-9]{1,3}°\s?[0-9]{1,2}['′]\s?[0-9]{1,2}(?:\.[0-9]{1,4})?["″]\s?[EW]"#,
                0.9,
            ),
        ],
        check: Check::Rule(coordinates),
        context: &["coordinates", "latitude", "longitude", "lat", "lon", "gps", "location"],
        needs: Needs::Digits(4),
        ..Builtin::NEW
    },
    Builtin {
        name: "country or large city",
        kind: "LOCATION",
        class: Class::Quasi,
        check: Check::Scan(places),
        ..Builtin::NEW
    },
    Builtin {
        name: "place by what is said of it",
        kind: "LOCATION",
        class: Class::Quasi,
        patterns: &[
            (
                r"(?u)(?-u:\b)(?:[Ll]ives?|[Ll]iving|[Ll]ived|[Rr]esid(?:es?|ing)|[Bb]orn|[Bb]ased|[Ll]ocated|[Ww]ohnhaft|[Ww]ohnt) in (?P<v>\p{Lu}[A-Za-z\u{c0}-\u{10ffff}'-]+(?: \p{Lu}[A-Za-z\u{c0}-\u{10ffff}'-]+){0,2})",
                0.75,
            ),
            (
                r"(?u)(?-u:\b)(?:(?:[Mm]ove|[Tt]ravel|[Mm]oved|[Tt]ravell?ed|[Ff]lew|[Ff]ly|[Ff]lying|[Mm]oving|[Tt]ravell?ing|[Ff]lights?|[Cc]oming|[Tt]rip|[Ee]migrated) (?:here )?(?:to|from)|[Oo]riginally from|[Cc]omes? from|[Cc]ame from|[Cc]apital of|[Cc]ity of|[Tt]own of) (?P<v>\p{Lu}[A-Za-z\u{c0}-\u{10ffff}'-]+(?: \p{Lu}[A-Za-z\u{c0}-\u{10ffff}'-]+){0,2})",
                0.7,
            ),
        ],
        needs: Needs::Any(&[" in ", " to ", " from ", " of "]),
        ..Builtin::NEW
    },
];

/// Two numbers in brackets are an interval more often than a place: four decimals need a word, five a number above ten.
fn coordinates(found: &mut Candidate<'_>) -> Option<f32> {
    let fine = |part: &str| {
        part.split('.').nth(1).is_some_and(|decimals| decimals.bytes().filter(u8::is_ascii_digit).count() > 4)
    };
    let large =
        |part: &str| part.split('.').next().is_some_and(|whole| whole.bytes().filter(u8::is_ascii_digit).count() > 1);
    let parts: Vec<&str> = found.value().split(',').collect();
    let signed = found.value().contains('°');
    Some(if signed || parts.iter().all(|part| fine(part)) && parts.iter().any(|part| large(part)) {
        found.confidence
    } else {
        0.3
    })
}

/// The dot after a form that is no abbreviation ends the sentence.
fn form(found: &mut Candidate<'_>) -> Option<f32> {
    let value = found.value();
    let abbreviated = value.trim_end_matches('.').rsplit(' ').next().is_some_and(|word| word.len() <= 4);
    if value.ends_with('.') && !abbreviated {
        found.end -= 1;
    }
    Some(found.confidence)
}

/// A number beside a name is an address only if the name is no month and the number no year of one.
fn street(found: &mut Candidate<'_>) -> Option<f32> {
    const MONTHS: [&str; 24] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
        "Jan",
        "Feb",
        "Mar",
        "Apr",
        "Jun",
        "Jul",
        "Aug",
        "Sep",
        "Sept",
        "Oct",
        "Nov",
        "Dec",
    ];
    let month = found.value().split(' ').any(|word| MONTHS.contains(&word.trim_end_matches('.')));
    let beside =
        found.before().ends_with(|c: char| c.is_alphanumeric()) || found.before().ends_with(['$', '€', '£', '#']);
    (!month && !beside).then_some(found.confidence)
}

/// Names of countries in English as ISO 3166-1 and ordinary speech have them, regions and large cities.
pub(super) const PLACES: &[&str] = &[
    "Afghanistan",
    "Albania",
    "Algeria",
    "Andorra",
    "Angola",
    "Antigua",
    "Argentina",
    "Armenia",
    "Australia",
    "Austria",
    "Azerbaijan",
    "Bahamas",
    "Bahrain",
    "Bangladesh",
    "Barbados",
    "Belarus",
    "Belgium",
    "Belize",
    "Benin",
    "Bermuda",
    "Bhutan",
    "Bolivia",
    "Bosnia",
    "Botswana",
    "Brazil",
    "Brunei",
    "Bulgaria",
    "Burkina Faso",
    "Burundi",
    "Cambodia",
    "Cameroon",
    "Canada",
    "Cape Verde",
    "Chile",
    "China",
    "Colombia",
    "Comoros",
    "Congo",
    "Costa Rica",
    "Croatia",
    "Cuba",
    "Cyprus",
    "Czechia",
    "Czech Republic",
    "Denmark",
    "Djibouti",
    "Dominica",
    "Dominican Republic",
    "Ecuador",
    "Egypt",
    "El Salvador",
    "England",
    "Eritrea",
    "Estonia",
    "Eswatini",
    "Ethiopia",
    "Faroe Islands",
    "Fiji",
    "Finland",
    "France",
    "French Guiana",
    "Gabon",
    "Gambia",
    "Germany",
    "Ghana",
    "Gibraltar",
    "Greece",
    "Greenland",
    "Grenada",
    "Guatemala",
    "Guinea",
    "Guyana",
    "Haiti",
    "Honduras",
    "Hong Kong",
    "Hungary",
    "Iceland",
    "India",
    "Indonesia",
    "Iran",
    "Iraq",
    "Ireland",
    "Israel",
    "Italy",
    "Ivory Coast",
    "Jamaica",
    "Japan",
    "Kazakhstan",
    "Kenya",
    "Kiribati",
    "Kosovo",
    "Kuwait",
    "Kyrgyzstan",
    "Laos",
    "Latvia",
    "Lebanon",
    "Lesotho",
    "Liberia",
    "Libya",
    "Liechtenstein",
    "Lithuania",
    "Luxembourg",
    "Macau",
    "Madagascar",
    "Malawi",
    "Malaysia",
    "Maldives",
    "Malta",
    "Marshall Islands",
    "Mauritania",
    "Mauritius",
    "Mexico",
    "Micronesia",
    "Moldova",
    "Monaco",
    "Mongolia",
    "Montenegro",
    "Morocco",
    "Mozambique",
    "Myanmar",
    "Namibia",
    "Nauru",
    "Nepal",
    "Netherlands",
    "New Zealand",
    "Nicaragua",
    "Nigeria",
    "North Korea",
    "North Macedonia",
    "Northern Ireland",
    "Norway",
    "Oman",
    "Pakistan",
    "Palau",
    "Palestine",
    "Panama",
    "Papua New Guinea",
    "Paraguay",
    "Peru",
    "Philippines",
    "Poland",
    "Portugal",
    "Puerto Rico",
    "Qatar",
    "Romania",
    "Russia",
    "Rwanda",
    "Samoa",
    "San Marino",
    "Saudi Arabia",
    "Scotland",
    "Senegal",
    "Serbia",
    "Seychelles",
    "Sierra Leone",
    "Singapore",
    "Slovakia",
    "Slovenia",
    "Solomon Islands",
    "Somalia",
    "South Africa",
    "South Korea",
    "South Sudan",
    "Spain",
    "Sri Lanka",
    "Sudan",
    "Suriname",
    "Sweden",
    "Switzerland",
    "Syria",
    "Taiwan",
    "Tajikistan",
    "Tanzania",
    "Thailand",
    "Togo",
    "Tonga",
    "Trinidad",
    "Tunisia",
    "Turkmenistan",
    "Tuvalu",
    "Türkiye",
    "Uganda",
    "Ukraine",
    "United Arab Emirates",
    "United Kingdom",
    "United States",
    "Uruguay",
    "USA",
    "Uzbekistan",
    "Vanuatu",
    "Vatican City",
    "Venezuela",
    "Vietnam",
    "Wales",
    "Yemen",
    "Zambia",
    "Zimbabwe",
    "Deutschland",
    "Österreich",
    "Schweiz",
    "España",
    "Italia",
    "Brasil",
    "México",
    "Alabama",
    "Alaska",
    "Arizona",
    "Arkansas",
    "California",
    "Colorado",
    "Connecticut",
    "Delaware",
    "Florida",
    "Hawaii",
    "Idaho",
    "Illinois",
    "Indiana",
    "Iowa",
    "Kansas",
    "Kentucky",
    "Louisiana",
    "Maine",
    "Maryland",
    "Massachusetts",
    "Michigan",
    "Minnesota",
    "Mississippi",
    "Missouri",
    "Montana",
    "Nebraska",
    "Nevada",
    "New Hampshire",
    "New Jersey",
    "New Mexico",
    "North Carolina",
    "North Dakota",
    "Ohio",
    "Oklahoma",
    "Oregon",
    "Pennsylvania",
    "Rhode Island",
    "South Carolina",
    "South Dakota",
    "Tennessee",
    "Texas",
    "Utah",
    "Vermont",
    "West Virginia",
    "Wisconsin",
    "Wyoming",
    "Ontario",
    "Quebec",
    "Bavaria",
    "Catalonia",
    "Tuscany",
    "Amsterdam",
    "Ankara",
    "Antwerp",
    "Athens",
    "Atlanta",
    "Auckland",
    "Baghdad",
    "Bangalore",
    "Bangkok",
    "Barcelona",
    "Basel",
    "Beijing",
    "Beirut",
    "Belfast",
    "Belgrade",
    "Berlin",
    "Bern",
    "Birmingham",
    "Bogotá",
    "Bogota",
    "Bordeaux",
    "Boston",
    "Brasília",
    "Bratislava",
    "Brisbane",
    "Brussels",
    "Bucharest",
    "Budapest",
    "Buenos Aires",
    "Cairo",
    "Calcutta",
    "Cape Town",
    "Caracas",
    "Casablanca",
    "Chennai",
    "Chicago",
    "Cologne",
    "Copenhagen",
    "Dallas",
    "Delhi",
    "Denver",
    "Detroit",
    "Dhaka",
    "Dubai",
    "Dublin",
    "Düsseldorf",
    "Edinburgh",
    "Frankfurt",
    "Geneva",
    "Gdańsk",
    "Glasgow",
    "Gothenburg",
    "Hamburg",
    "Hanoi",
    "Helsinki",
    "Houston",
    "Hyderabad",
    "Istanbul",
    "Jakarta",
    "Jerusalem",
    "Johannesburg",
    "Karachi",
    "Kathmandu",
    "Kiev",
    "Kyiv",
    "Kraków",
    "Krakow",
    "Kuala Lumpur",
    "Kyoto",
    "Köln",
    "Lagos",
    "Lahore",
    "Las Vegas",
    "Leeds",
    "Leipzig",
    "Lima",
    "Lisbon",
    "Liverpool",
    "Ljubljana",
    "London",
    "Los Angeles",
    "Lyon",
    "Madrid",
    "Manchester",
    "Manila",
    "Marseille",
    "Medellín",
    "Melbourne",
    "Mexico City",
    "Miami",
    "Milan",
    "Minneapolis",
    "Minsk",
    "Montreal",
    "Moscow",
    "Mumbai",
    "Munich",
    "München",
    "Nairobi",
    "Naples",
    "New Delhi",
    "New Orleans",
    "New York",
    "New York City",
    "Nice",
    "Nuremberg",
    "Osaka",
    "Oslo",
    "Ottawa",
    "Oxford",
    "Paris",
    "Perth",
    "Philadelphia",
    "Prague",
    "Reykjavik",
    "Riga",
    "Rio de Janeiro",
    "Rome",
    "Rotterdam",
    "Salzburg",
    "San Diego",
    "San Francisco",
    "San José",
    "Santiago",
    "Sao Paulo",
    "São Paulo",
    "Sarajevo",
    "Seattle",
    "Seoul",
    "Seville",
    "Shanghai",
    "Shenzhen",
    "Sofia",
    "Stockholm",
    "Strasbourg",
    "Stuttgart",
    "Sydney",
    "Taipei",
    "Tallinn",
    "Tbilisi",
    "Tehran",
    "Tel Aviv",
    "The Hague",
    "Tokyo",
    "Toronto",
    "Toulouse",
    "Turin",
    "Valencia",
    "Vancouver",
    "Venice",
    "Vienna",
    "Vilnius",
    "Warsaw",
    "Wien",
    "Yerevan",
    "Zagreb",
    "Zurich",
    "Zürich",
];

/// Also given names or words: found only after a word that places have before them.
const UNSURE: &[&str] =
    &["Nice", "Georgia", "Jordan", "Chad", "Turkey", "Sofia", "Lima", "Valencia", "Santiago", "Trinidad", "Dominica"];

static KNOWN: LazyLock<HashSet<&'static str>> = LazyLock::new(|| PLACES.iter().copied().collect());

fn places(text: &str, spans: &mut Vec<Span>) {
    let mut words = super::people::words(text).peekable();
    while let Some(first) = words.next() {
        let word = first.text.strip_suffix("'s").unwrap_or(first.text);
        if !word.starts_with(char::is_uppercase) {
            continue;
        }
        let end = first.start + word.len();
        let mut longest = KNOWN.contains(word).then_some(end);
        // `Papua New Guinea` has three words, none of the list more.
        let rest = &text[first.start..];
        let mut at = 0;
        for _ in 0..2 {
            let Some(space) = rest[end - first.start + at..].find(' ').map(|found| end - first.start + at + found)
            else {
                break;
            };
            let next =
                rest[space + 1..].find(|c: char| !c.is_alphabetic()).map_or(rest.len(), |found| space + 1 + found);
            if next - space > 24 || space > 40 {
                break;
            }
            if KNOWN.contains(&rest[..next]) {
                longest = Some(first.start + next);
            }
            at = next - (end - first.start);
        }
        let Some(end) = longest else { continue };
        if UNSURE.contains(&&text[first.start..end]) {
            continue;
        }
        while words.peek().is_some_and(|word| word.start < end) {
            words.next();
        }
        spans.push(Span { start: first.start, end, confidence: 0.7 });
    }
}
