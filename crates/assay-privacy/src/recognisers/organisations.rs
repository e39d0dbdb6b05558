//! Companies by their legal form, and what people belong to.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::kind::Class;
use crate::recogniser::{Builtin, Candidate, Check, Needs, Span};

pub(super) const ALL: &[Builtin] = &[
    Builtin {
        name: "company by its form",
        kind: "ORGANIZATION",
        class: Class::Quasi,
        patterns: &[
            (
                r"(?u)(?:\p{Lu}[A-Za-z0-9\u{c0}-\u{10ffff}&'.-]*,? (?:(?:and|&|of|und|et|y) )?){1,5}(?:Inc|Incorporated|Ltd|Limited|LLC|LLP|PLC|plc|Corp|Corporation|GmbH|AG|KG|OHG|UG|SE|S\.A\.|SA|SAS|SARL|S\.p\.A\.|SpA|S\.r\.l\.|Srl|B\.V\.|BV|N\.V\.|NV|AB|ASA|A/S|ApS|Oy|Oyj|Pty|Kft|Zrt|s\.r\.o\.|a\.s\.|Sp\. z o\.o\.|Ltda|Pvt)(?-u:\b)\.?",
                0.75,
            ),
            (
                r"(?u)(?:\p{Lu}[A-Za-z0-9\u{c0}-\u{10ffff}&'.-]* (?:(?:and|&|of) )?){1,4}(?:Group|Holdings|Partners|Associates|Technologies|Solutions|Systems|Industries|Enterprises|Bank|Insurance|Foundation|Institute|University|Hospital|Labs|Laboratories|Airlines|Motors|Pharmaceuticals|Consulting|Software|Capital|Ventures|Agency|Company|Co)(?-u:\b)\.?",
                0.6,
            ),
            (
                r"(?u)(?-u:\b)(?:University|Institute|Bank|Ministry|Department|College|Museum) of (?:the )?\p{Lu}[A-Za-z\u{c0}-\u{10ffff}'-]+(?: (?:and |of )?\p{Lu}[A-Za-z\u{c0}-\u{10ffff}'-]+){0,3}",
                0.65,
            ),
            // Names of partners, as law firms and generated companies have them.
            (
                r"(?u)\p{Lu}[A-Za-z\u{c0}-\u{10ffff}'-]+, \p{Lu}[A-Za-z\u{c0}-\u{10ffff}'-]+ and \p{Lu}[A-Za-z\u{c0}-\u{10ffff}'-]+",
                0.5,
            ),
        ],
        check: Check::Rule(company),
        ..Builtin::NEW
    },
    Builtin {
        name: "nationality",
        kind: "NATIONALITY",
        class: Class::Quasi,
        check: Check::Scan(nationalities),
        ..Builtin::NEW
    },
    Builtin {
        name: "belief or orientation",
        kind: "BELIEF",
        class: Class::Quasi,
        patterns: &[(
            r"(?i)\b(?:i am|i'm|he is|she is|they are|we are|he's|she's|they're|religion|religion is|faith|konfession)[ :]{1,2}(?:an? |practi[cs]ing |devout |very )*(?P<v>muslims?|jewish|jews?|christians?|catholics?|protestants?|hindus?|buddhists?|sikhs?|atheists?|mormons?|orthodox|evangelical|gay|lesbian|bisexual|transgender|queer|katholisch|evangelisch|muslimisch|jüdisch)\b",
            0.7,
        )],
        needs: Needs::Any(&[
            "muslim",
            "jew",
            "christian",
            "catholic",
            "protestant",
            "hindu",
            "buddhist",
            "sikh",
            "atheist",
            "mormon",
            "orthodox",
            "evangelical",
            "gay",
            "lesbian",
            "bisexual",
            "transgender",
            "queer",
            "katholisch",
            "evangelisch",
            "jüdisch",
        ]),
        ..Builtin::NEW
    },
];

/// Not the sentence's first word alone with a form: `The Company`.
fn company(found: &mut Candidate<'_>) -> Option<f32> {
    let first = found.value().split([' ', ',']).next()?;
    let article =
        ["The", "A", "An", "This", "That", "Our", "Your", "My", "Their", "His", "Her", "Each", "Any", "No", "Every"]
            .contains(&first);
    let words = found.value().split(' ').count();
    if article {
        if words < 3 {
            return None;
        }
        found.start += first.len() + 1;
    }
    Some(found.confidence)
}

/// Adjectives and nouns of nations in English.
const NATIONS: &[&str] = &[
    "Afghan",
    "Albanian",
    "Algerian",
    "American",
    "Angolan",
    "Argentine",
    "Argentinian",
    "Armenian",
    "Australian",
    "Austrian",
    "Azerbaijani",
    "Bahamian",
    "Bahraini",
    "Bangladeshi",
    "Barbadian",
    "Belarusian",
    "Belgian",
    "Belizean",
    "Beninese",
    "Bhutanese",
    "Bolivian",
    "Bosnian",
    "Botswanan",
    "Brazilian",
    "British",
    "Bruneian",
    "Bulgarian",
    "Burmese",
    "Burundian",
    "Cambodian",
    "Cameroonian",
    "Canadian",
    "Chadian",
    "Chilean",
    "Chinese",
    "Colombian",
    "Congolese",
    "Croatian",
    "Cuban",
    "Cypriot",
    "Czech",
    "Danish",
    "Dominican",
    "Dutch",
    "Ecuadorian",
    "Egyptian",
    "Emirati",
    "English",
    "Eritrean",
    "Estonian",
    "Ethiopian",
    "Fijian",
    "Filipino",
    "Finnish",
    "French",
    "Gabonese",
    "Gambian",
    "Georgian",
    "German",
    "Ghanaian",
    "Greek",
    "Greenlander",
    "Grenadian",
    "Guatemalan",
    "Guinean",
    "Guyanese",
    "Haitian",
    "Honduran",
    "Hungarian",
    "Icelander",
    "Icelandic",
    "Indian",
    "Indonesian",
    "Iranian",
    "Iraqi",
    "Irish",
    "Israeli",
    "Italian",
    "Ivorian",
    "Jamaican",
    "Japanese",
    "Jordanian",
    "Kazakh",
    "Kenyan",
    "Korean",
    "Kosovar",
    "Kurdish",
    "Kuwaiti",
    "Kyrgyz",
    "Laotian",
    "Latvian",
    "Lebanese",
    "Liberian",
    "Libyan",
    "Lithuanian",
    "Luxembourgish",
    "Macedonian",
    "Malagasy",
    "Malawian",
    "Malaysian",
    "Maldivian",
    "Malian",
    "Maltese",
    "Mauritanian",
    "Mauritian",
    "Mexican",
    "Moldovan",
    "Mongolian",
    "Montenegrin",
    "Moroccan",
    "Mozambican",
    "Namibian",
    "Nepalese",
    "Nepali",
    "Nicaraguan",
    "Nigerian",
    "Norwegian",
    "Omani",
    "Pakistani",
    "Palestinian",
    "Panamanian",
    "Paraguayan",
    "Persian",
    "Peruvian",
    "Polish",
    "Portuguese",
    "Qatari",
    "Romanian",
    "Russian",
    "Rwandan",
    "Salvadoran",
    "Samoan",
    "Saudi",
    "Scottish",
    "Senegalese",
    "Serbian",
    "Singaporean",
    "Slovak",
    "Slovene",
    "Slovenian",
    "Somali",
    "Spanish",
    "Sri Lankan",
    "Sudanese",
    "Surinamese",
    "Swedish",
    "Swiss",
    "Syrian",
    "Taiwanese",
    "Tajik",
    "Tanzanian",
    "Thai",
    "Tibetan",
    "Togolese",
    "Tongan",
    "Tunisian",
    "Turkish",
    "Turkmen",
    "Ugandan",
    "Ukrainian",
    "Uruguayan",
    "Uzbek",
    "Venezuelan",
    "Vietnamese",
    "Welsh",
    "Yemeni",
    "Zambian",
    "Zimbabwean",
];

static KNOWN: LazyLock<HashSet<&'static str>> = LazyLock::new(|| NATIONS.iter().copied().collect());

fn nationalities(text: &str, spans: &mut Vec<Span>) {
    for word in super::people::words(text) {
        let singular = word.text.strip_suffix("'s").or_else(|| word.text.strip_suffix('s')).unwrap_or(word.text);
        for form in [word.text, singular] {
            if KNOWN.contains(form) {
                spans.push(Span {
                    start: word.start,
                    end: word.start + form.len().max(word.text.trim_end_matches("'s").len()),
                    confidence: 0.6,
                });
                break;
            }
        }
    }
}
