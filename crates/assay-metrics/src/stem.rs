//! Porter's stemmer for English (Porter 1980) with the extensions that NLTK makes and rouge-score relies on. It differs
//! from Porter2 ("English" in Snowball) on about one word in a hundred.

use std::borrow::Cow;

/// The stem of a lowercase word.
///
/// # Examples
/// ```
/// assert_eq!(assay_metrics::stem::porter("relational"), "relat");
/// ```
pub fn porter(word: &str) -> Cow<'_, str> {
    if word.len() <= 2 || !word.is_ascii() {
        return Cow::Borrowed(word);
    }
    let irregular = match word {
        "sky" | "skies" => "sky",
        "dying" => "die",
        "lying" => "lie",
        "tying" => "tie",
        "news" => "news",
        "innings" | "inning" => "inning",
        "outings" | "outing" => "outing",
        "cannings" | "canning" => "canning",
        "howe" => "howe",
        "proceed" => "proceed",
        "exceed" => "exceed",
        "succeed" => "succeed",
        _ => "",
    };
    if !irregular.is_empty() {
        return Cow::Borrowed(irregular);
    }
    let mut stem = word.to_owned();
    plural(&mut stem);
    past(&mut stem);
    if stem.ends_with('y') && stem.len() > 2 && consonant(&stem, stem.len() - 2) {
        replace(&mut stem, 1, "i");
    }
    double_suffix(&mut stem);
    suffix(&mut stem, STEP_3, |rest| measure(rest) > 0);
    residue(&mut stem);
    final_e(&mut stem);
    if stem.ends_with("ll") && measure(&stem[..stem.len() - 1]) > 1 {
        stem.pop();
    }
    Cow::Owned(stem)
}

type Rules = &'static [(&'static str, &'static str)];

const STEP_2: Rules = &[
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("bli", "ble"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
    ("fulli", "ful"),
];

const STEP_3: Rules =
    &[("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", "")];

const STEP_4: &[&str] = &[
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism", "ate", "iti",
    "ous", "ive", "ize",
];

fn consonant(word: &str, at: usize) -> bool {
    match word.as_bytes()[at] {
        b'a' | b'e' | b'i' | b'o' | b'u' => false,
        b'y' => at == 0 || !consonant(word, at - 1),
        _ => true,
    }
}

/// Porter's m: how often a vowel is followed by a consonant.
fn measure(word: &str) -> usize {
    (1..word.len()).filter(|at| consonant(word, *at) && !consonant(word, at - 1)).count()
}

fn has_vowel(word: &str) -> bool {
    (0..word.len()).any(|at| !consonant(word, at))
}

/// Consonant, vowel, consonant at the end, the last none of w, x, y; or a word of vowel and consonant.
fn ends_short(word: &str) -> bool {
    let n = word.len();
    let pattern = |at: usize, wanted: bool| consonant(word, at) == wanted;
    match n {
        0 | 1 => false,
        2 => pattern(0, false) && pattern(1, true),
        _ => {
            pattern(n - 3, true)
                && pattern(n - 2, false)
                && pattern(n - 1, true)
                && !matches!(word.as_bytes()[n - 1], b'w' | b'x' | b'y')
        }
    }
}

fn replace(word: &mut String, cut: usize, with: &str) {
    word.truncate(word.len() - cut);
    word.push_str(with);
}

/// Applies the first rule whose suffix matches, if what is left of the word allows it.
fn suffix(word: &mut String, rules: Rules, allowed: impl Fn(&str) -> bool) {
    if let Some((suffix, with)) = rules.iter().find(|(suffix, _)| word.ends_with(suffix))
        && allowed(&word[..word.len() - suffix.len()])
    {
        replace(word, suffix.len(), with);
    }
}

fn plural(word: &mut String) {
    if word.ends_with("ies") && word.len() == 4 {
        return replace(word, 3, "ie");
    }
    suffix(word, &[("sses", "ss"), ("ies", "i"), ("ss", "ss"), ("s", "")], |_| true);
}

fn past(word: &mut String) {
    if word.ends_with("ied") {
        let with = if word.len() == 4 { "ie" } else { "i" };
        return replace(word, 3, with);
    }
    if word.ends_with("eed") {
        return suffix(word, &[("eed", "ee")], |rest| measure(rest) > 0);
    }
    let Some(cut) = ["ed", "ing"].iter().find(|end| word.ends_with(*end)).map(|end| end.len()) else { return };
    if !has_vowel(&word[..word.len() - cut]) {
        return;
    }
    word.truncate(word.len() - cut);
    let n = word.len();
    let doubled = n >= 2 && word.as_bytes()[n - 1] == word.as_bytes()[n - 2] && consonant(word, n - 1);
    if let Some(end) = ["at", "bl", "iz"].iter().find(|end| word.ends_with(*end)) {
        replace(word, end.len(), &format!("{end}e"));
    } else if doubled {
        if !matches!(word.as_bytes()[n - 1], b'l' | b's' | b'z') {
            word.pop();
        }
    } else if measure(word) == 1 && ends_short(word) {
        word.push('e');
    }
}

fn double_suffix(word: &mut String) {
    let positive = |rest: &str| measure(rest) > 0;
    if word.ends_with("alli") && positive(&word[..word.len() - 4]) {
        replace(word, 4, "al");
        return double_suffix(word);
    }
    if !STEP_2.iter().any(|(end, _)| word.ends_with(end)) && word.ends_with("logi") {
        if positive(&word[..word.len() - 3]) {
            word.pop();
        }
        return;
    }
    suffix(word, STEP_2, positive);
}

fn residue(word: &mut String) {
    let Some(end) = STEP_4.iter().find(|end| word.ends_with(*end)) else { return };
    let rest = &word[..word.len() - end.len()];
    if measure(rest) > 1 && (*end != "ion" || rest.ends_with(['s', 't'])) {
        word.truncate(word.len() - end.len());
    }
}

fn final_e(word: &mut String) {
    if let Some(rest) = word.strip_suffix('e') {
        let m = measure(rest);
        if m > 1 || m == 1 && !ends_short(rest) {
            word.pop();
        }
    }
}
