//! Names of people, as far as rules go: after titles and introductions, in fields, and where a given name is known.
//!
//! There is no model here. A name that is in no list and that nothing introduces is not found.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::names::{AMBIGUOUS, GIVEN, PARTICLES};
use crate::recogniser::{Builtin, Candidate, Check, Needs, Span};

/// A capitalised word of a name, with what may follow it up to three times: particles, initials, more such words.
macro_rules! name {
    () => {
        r"(?:\p{Lu}[A-Za-z\u{c0}-\u{10ffff}]*(?:['-][A-Za-z\u{c0}-\u{10ffff}]+)*|\p{Lu}\.)(?:[ \u{a0}](?:(?:de|da|do|dos|di|del|della|la|le|van|von|der|den|ter|ten|bin|ibn|al|el|af|av|y|e|zu) ){0,2}(?:\p{Lu}[A-Za-z\u{c0}-\u{10ffff}]*(?:['-][A-Za-z\u{c0}-\u{10ffff}][A-Za-z\u{c0}-\u{10ffff}]+)*|\p{Lu}\.)){0,3}"
    };
}

pub(super) const ALL: &[Builtin] = &[
    Builtin {
        name: "name after a title",
        kind: "PERSON",
        patterns: &[(
            concat!(
                r"(?u)(?-u:\b)(?:Mr|Mrs|Ms|Mx|Miss|Dr|Prof|Professor|Doctor|Sir|Dame|Lady|Lord|Rev|Fr|Herr|Herrn|Frau|Hr|Fr|Monsieur|Madame|Mme|Mlle|Señor|Señora|Sr|Sra|Srta|Signor|Signora|Sig|Dott|Senhor|Senhora|Dhr|Mevr|Pan|Pani|Shri|Smt)\.? (?P<v>",
                name!(),
                ")"
            ),
            0.85,
        )],
        check: Check::Rule(name),
        needs: Needs::Any(&[
            "mr", "ms", "mx", "miss", "dr", "prof", "doctor", "sir", "dame", "lady", "lord", "rev", "fr", "herr",
            "frau", "hr", "monsieur", "madame", "mme", "mlle", "señor", "sr", "signor", "sig", "dott", "senhor", "dhr",
            "mevr", "pan", "shri", "smt",
        ]),
        ..Builtin::NEW
    },
    Builtin {
        name: "introduced name",
        kind: "PERSON",
        patterns: &[
            (
                concat!(
                    r"(?u)(?-u:\b)(?:[Mm]y (?:full |first |last |given |maiden )?name is|[Mm]y name's|[Hh](?:is|er) (?:full )?name is|(?:was|is|are|am|be|were) (?:called|named)|[Ii]ch hei(?:ß|ss)e|[Mm]ein Name ist|[Jj]e m'appelle|[Mm]on nom est|[Mm]e llamo|[Mm]i nombre es|[Mm]i chiamo|[Ii]l mio nome è|[Oo] meu nome é|[Mm]eu nome é|[Mm]e chamo|[Ii]k heet|[Mm]ijn naam is|[Jj]ag heter|[Jj]eg heter|[Nn]azywam się|[Jj]meno je) (?P<v>",
                    name!(),
                    ")"
                ),
                0.85,
            ),
            (
                concat!(
                    r"(?u)(?-u:\b)(?:[Ff]ull [Nn]ame|[Ff]irst [Nn]ame|[Ll]ast [Nn]ame|[Ss]urname|[Pp]atient(?: [Nn]ame)?|[Cc]ustomer(?: [Nn]ame)?|[Cc]ontact(?: [Nn]ame)?|[Cc]lient(?: [Nn]ame)?|[Ee]mployee(?: [Nn]ame)?|[Cc]ardholder(?: [Nn]ame)?|[Aa]ccount [Hh]older|[Nn]ame|NAME|[Aa]uthor|[Rr]ecipient|[Ss]igned(?: by)?|[Nn]achname|[Vv]orname|[Nn]om|[Pp]rénom|[Nn]ombre|[Cc]ognome|[Nn]ome|[Nn]aam) ?[:=] ?(?P<v>",
                    name!(),
                    ")"
                ),
                0.75,
            ),
            (
                concat!(
                    r"(?um)(?:^|[.!?] )(?:Dear|Hello|Hi|Hey|Hallo|Liebe|Lieber|Cher|Chère|Estimado|Estimada|Hola|Caro|Cara|Olá|Beste) (?P<v>",
                    name!(),
                    r")[,!:\n]"
                ),
                0.7,
            ),
            (
                concat!(
                    r"(?um)^(?:(?:[Kk]ind |[Bb]est |[Ww]arm )?[Rr]egards|[Ss]incerely(?: yours)?|[Yy]ours (?:sincerely|faithfully|truly)|[Cc]heers|[Bb]est(?: wishes)?|[Tt]hanks|[Mm]it freundlichen Grüßen|[Vv]iele Grüße|[Cc]ordialement|[Ss]aludos|[Cc]ordiali saluti),?\s{1,4}(?P<v>",
                    name!(),
                    r")\s*$"
                ),
                0.7,
            ),
        ],
        check: Check::Rule(name),
        needs: Needs::Any(&[
            "name",
            "called",
            "heiße",
            "heisse",
            "appelle",
            "nom est",
            "llamo",
            "nombre",
            "chiamo",
            "nome",
            "chamo",
            "heet",
            "naam",
            "heter",
            "nazywam",
            "jmeno",
            "patient",
            "customer",
            "contact",
            "client",
            "employee",
            "holder",
            "author",
            "recipient",
            "signed",
            "nom",
            "prénom",
            "dear",
            "hello",
            "hi ",
            "hey",
            "hallo",
            "lieb",
            "cher",
            "estimad",
            "hola",
            "caro",
            "cara",
            "olá",
            "beste",
            "regards",
            "sincerely",
            "yours",
            "cheers",
            "best",
            "thanks",
            "grüß",
            "cordial",
            "saludos",
        ]),
        ..Builtin::NEW
    },
    Builtin { name: "known given name", kind: "PERSON", check: Check::Scan(given_names), ..Builtin::NEW },
    Builtin {
        name: "name in a field",
        kind: "PERSON",
        patterns: &[(
            r"(?u)[A-Za-z\u{c0}-\u{10ffff}][A-Za-z\u{c0}-\u{10ffff}'.-]*(?: [A-Za-z\u{c0}-\u{10ffff}][A-Za-z\u{c0}-\u{10ffff}'.-]*){0,5}",
            0.5,
        )],
        context: &[
            "full name",
            "first name",
            "last name",
            "firstname",
            "lastname",
            "fullname",
            "surname",
            "given name",
            "family name",
            "middle name",
            "maiden name",
            "patient name",
            "customer name",
            "contact name",
            "employee name",
            "cardholder",
            "cardholder name",
            "account holder",
            "recipient name",
            "vorname",
            "nachname",
            "prénom",
            "apellido",
            "cognome",
        ],
        field: true,
        ..Builtin::NEW
    },
];

static NAMES: LazyLock<HashSet<&'static str>> = LazyLock::new(|| GIVEN.split_whitespace().collect());
static ORDINARY: LazyLock<HashSet<&'static str>> = LazyLock::new(|| AMBIGUOUS.split_whitespace().collect());

/// Words that begin with a capital letter for other reasons than being a name.
const NO_NAMES: &[&str] = &[
    "i",
    "the",
    "a",
    "an",
    "this",
    "that",
    "these",
    "those",
    "it",
    "is",
    "not",
    "my",
    "your",
    "our",
    "his",
    "her",
    "we",
    "you",
    "he",
    "she",
    "they",
    "there",
    "here",
    "all",
    "everyone",
    "everybody",
    "team",
    "sir",
    "madam",
    "madame",
    "customer",
    "support",
    "friend",
    "friends",
    "colleagues",
    "and",
    "or",
    "but",
    "if",
    "in",
    "on",
    "at",
    "to",
    "from",
    "for",
    "with",
    "of",
    "please",
    "thanks",
    "thank",
    "who",
    "what",
    "when",
    "where",
    "why",
    "how",
    "which",
    "can",
    "could",
    "would",
    "should",
    "will",
    "do",
    "does",
    "did",
    "are",
    "was",
    "n/a",
    "none",
    "unknown",
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "street",
    "avenue",
    "road",
    "inc",
    "ltd",
    "llc",
    "gmbh",
    "corp",
    "university",
    "company",
    "hotel",
    "bank",
    "street",
    "st",
    "drive",
    "email",
    "phone",
    "address",
    "date",
    "number",
    "name",
    "type",
    "hiring",
    "manager",
    "no",
    "yes",
    "also",
    "just",
    "so",
    "then",
    "now",
    "today",
    "damen",
    "herren",
];

fn no_name(word: &str) -> bool {
    NO_NAMES.contains(&word.to_lowercase().trim_end_matches('.'))
}

/// Cuts the match before the first word that is none of a name.
fn name(found: &mut Candidate<'_>) -> Option<f32> {
    let value = found.value();
    let mut end = 0;
    let mut at = 0;
    for word in value.split(' ') {
        if no_name(word) {
            break;
        }
        at += word.len();
        if !PARTICLES.contains(&word) {
            end = at;
        }
        at += 1;
    }
    found.end = found.start + end;
    let value = found.value();
    // The pattern takes everything beyond ASCII for letters.
    let value = value.trim_end_matches(|c: char| !c.is_alphabetic() && c != '.');
    found.end = found.start + value.len();
    // A single letter or an abbreviation in capitals is not yet a name.
    let letters = value.chars().filter(|c| c.is_alphabetic()).count();
    (letters >= 2).then_some(found.confidence)
}

/// A word of the text.
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Word<'_> {
    fn capital(&self) -> bool {
        self.text.chars().next().is_some_and(char::is_uppercase)
    }

    /// `J` or `J.` of `Mary J. Miller`.
    fn initial(&self) -> bool {
        self.text.chars().count() == 1 && self.capital()
    }
}

/// Letters with the apostrophes and hyphens between them.
pub(super) fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    let mut rest = 0;
    std::iter::from_fn(move || {
        let start = rest + text[rest..].find(char::is_alphabetic)?;
        let mut end = start;
        let mut chars = text[start..].char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let inside = (c == '\'' || c == '-') && chars.peek().is_some_and(|(_, next)| next.is_alphabetic());
            if !c.is_alphanumeric() && !inside && !('\u{300}'..='\u{36f}').contains(&c) {
                break;
            }
            end = start + at + c.len_utf8();
        }
        rest = end;
        Some(Word { text: &text[start..end], start, end })
    })
}

/// Whether the words are neighbours in one line: one or two spaces between them, or an initial's dot and a space.
fn adjacent(text: &str, last: &Word<'_>, next: &Word<'_>) -> bool {
    matches!(&text[last.end..next.start], " " | "  ")
        || last.initial() && matches!(&text[last.end..next.start], ". " | ".")
}

/// A known given name, in a capital letter, with the capitalised words that follow it.
fn given_names(text: &str, spans: &mut Vec<Span>) {
    let mut all = words(text).peekable();
    let mut lower = String::new();
    while let Some(first) = all.next() {
        if !first.capital() || first.text.len() > 24 {
            continue;
        }
        lower.clear();
        // `Anne-Marie` is known when `Anne` is.
        let head = first.text.split('-').next().unwrap_or(first.text);
        let head = head.strip_suffix("'s").unwrap_or(head);
        lower.extend(head.chars().flat_map(char::to_lowercase));
        if !NAMES.contains(lower.as_str()) {
            continue;
        }
        let ordinary = ORDINARY.contains(lower.as_str());
        let mut end = first.start + first.text.strip_suffix("'s").unwrap_or(first.text).len();
        let possessive = end != first.end;
        let mut parts = 1;
        let mut last = Word { text: first.text, start: first.start, end: first.end };
        while let Some(next) = all.peek() {
            let particle = PARTICLES.contains(&next.text);
            let continues = !possessive
                && parts < 5
                && adjacent(text, &last, next)
                && (next.capital() || particle)
                && !no_name(next.text);
            if !continues {
                break;
            }
            let next = all.next().expect("peeked");
            if !particle {
                parts += 1;
                end = next.start + next.text.strip_suffix("'s").unwrap_or(next.text).len();
            }
            let stop = next.text.ends_with("'s");
            last = next;
            if stop {
                break;
            }
        }
        let confidence = match (parts, ordinary) {
            (1, true) => continue,
            (1, false) => 0.55,
            (_, true) => 0.5,
            (_, false) => 0.8,
        };
        spans.push(Span { start: first.start, end, confidence });
    }
}
