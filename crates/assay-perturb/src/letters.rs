//! Letters inside words.

use crate::protection::{replace, words};
use crate::random::Random;

const ROWS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

/// Changes some words of at least `least` letters with `change`, which gets the letters.
fn change(
    text: &str,
    random: &mut Random,
    strength: f64,
    least: usize,
    mut change: impl FnMut(&[char], &mut Random) -> Option<String>,
) -> Option<String> {
    let long: Vec<_> =
        words(text).into_iter().filter(|word| text[word.start..word.end].chars().count() >= least).collect();
    let mut replacements = Vec::new();
    for at in random.some(long.len(), strength) {
        let word = long[at];
        let letters: Vec<char> = text[word.start..word.end].chars().collect();
        if let Some(changed) = change(&letters, random) {
            replacements.push((word.start..word.end, changed));
        }
    }
    (!replacements.is_empty()).then(|| replace(text, &replacements))
}

/// Neighbours in the row and in the rows above and below, half a key apart.
fn neighbours(letter: char) -> Vec<char> {
    let small = letter.to_ascii_lowercase();
    let Some((row, column)) =
        ROWS.iter().enumerate().find_map(|(row, keys)| Some((row, keys.find(small).filter(|_| small.is_ascii())?)))
    else {
        return Vec::new();
    };
    let key = |row: usize, column: usize| ROWS.get(row).and_then(|keys| keys.chars().nth(column));
    let left = column.checked_sub(1);
    let above = row.checked_sub(1);
    [
        left.and_then(|left| key(row, left)),
        key(row, column + 1),
        above.and_then(|above| key(above, column)),
        above.and_then(|above| key(above, column + 1)),
        key(row + 1, column),
        left.and_then(|left| key(row + 1, left)),
    ]
    .into_iter()
    .flatten()
    .map(|near| if letter.is_ascii_uppercase() { near.to_ascii_uppercase() } else { near })
    .collect()
}

pub(crate) fn keyboard(text: &str, random: &mut Random, strength: f64) -> Option<String> {
    change(text, random, strength, 4, |letters, random| {
        // The first letter stays: people look at it while they type.
        let places: Vec<usize> = (1..letters.len()).filter(|at| !neighbours(letters[*at]).is_empty()).collect();
        let at = *places.get(random.below(places.len().max(1)))?;
        let mut changed = letters.to_vec();
        changed[at] = *random.of(&neighbours(letters[at]));
        Some(changed.into_iter().collect())
    })
}

pub(crate) fn swap(text: &str, random: &mut Random, strength: f64) -> Option<String> {
    change(text, random, strength, 4, |letters, random| {
        let places: Vec<usize> = (1..letters.len() - 1)
            .filter(|at| {
                letters[*at] != letters[at + 1] && letters[*at].is_alphabetic() && letters[at + 1].is_alphabetic()
            })
            .collect();
        let at = *places.get(random.below(places.len().max(1)))?;
        let mut changed = letters.to_vec();
        changed.swap(at, at + 1);
        Some(changed.into_iter().collect())
    })
}

pub(crate) fn drop(text: &str, random: &mut Random, strength: f64) -> Option<String> {
    change(text, random, strength, 5, |letters, random| {
        let mut changed = letters.to_vec();
        changed.remove(1 + random.below(letters.len() - 2));
        Some(changed.into_iter().collect())
    })
}

pub(crate) fn repeat(text: &str, random: &mut Random, strength: f64) -> Option<String> {
    change(text, random, strength, 3, |letters, random| {
        let at = random.below(letters.len());
        let mut changed = letters.to_vec();
        changed.insert(at, letters[at]);
        Some(changed.into_iter().collect())
    })
}

/// What scanners confuse, without the digits: a digit in a word would be a number.
const SCANNED: &[(&str, &str)] = &[
    ("rn", "m"),
    ("m", "rn"),
    ("cl", "d"),
    ("d", "cl"),
    ("vv", "w"),
    ("w", "vv"),
    ("li", "h"),
    ("e", "c"),
    ("h", "b"),
    ("ii", "u"),
    ("f", "t"),
];

pub(crate) fn ocr(text: &str, random: &mut Random, strength: f64) -> Option<String> {
    change(text, random, strength, 4, |letters, random| {
        let word: String = letters.iter().collect();
        let places: Vec<(usize, &str, &str)> = SCANNED
            .iter()
            .flat_map(|(from, to)| word.match_indices(from).map(move |(at, _)| (at, *from, *to)))
            .collect();
        let (at, from, to) = *places.get(random.below(places.len().max(1)))?;
        Some(format!("{}{to}{}", &word[..at], &word[at + from.len()..]))
    })
}

fn look_alike(letter: char) -> char {
    match letter {
        'a' => 'а',
        'c' => 'с',
        'e' => 'е',
        'i' => 'і',
        'j' => 'ј',
        'o' => 'о',
        'p' => 'р',
        's' => 'ѕ',
        'x' => 'х',
        'y' => 'у',
        'A' => 'А',
        'B' => 'В',
        'C' => 'С',
        'E' => 'Е',
        'H' => 'Н',
        'K' => 'К',
        'M' => 'М',
        'O' => 'О',
        'P' => 'Р',
        'T' => 'Т',
        'X' => 'Х',
        other => other,
    }
}

pub(crate) fn homoglyph(text: &str, random: &mut Random, strength: f64) -> Option<String> {
    change(text, random, strength, 3, |letters, _| Some(letters.iter().copied().map(look_alike).collect()))
}

pub(crate) fn full_width(text: &str, random: &mut Random, strength: f64) -> Option<String> {
    change(text, random, strength, 2, |letters, _| {
        let wide = |c: char| if c.is_ascii_graphic() { char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c) } else { c };
        Some(letters.iter().copied().map(wide).collect())
    })
}

pub(crate) fn zero_width(text: &str, random: &mut Random, strength: f64) -> Option<String> {
    change(text, random, strength, 3, |letters, random| {
        let mut changed = letters.to_vec();
        changed.insert(1 + random.below(letters.len() - 1), '\u{200b}');
        Some(changed.into_iter().collect())
    })
}
