//! A text as recognisers read it: other forms of ASCII characters folded to them, invisible characters left out.
//!
//! Personal data is written in full-width digits, with soft hyphens and zero-width spaces in it, with a `＠`, in the digits
//! of other scripts, or in letters of Cyrillic that look like Latin, by accident and on purpose. Offsets lead back to the
//! original.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;

/// The folded text, and where its bytes were.
pub(crate) struct Folded<'a> {
    text: Cow<'a, str>,
    original: &'a str,
    /// From this folded offset on, the original offset is the second plus the distance. Sorted; empty when nothing moved.
    shifts: Vec<(usize, usize)>,
}

impl<'a> Folded<'a> {
    pub(crate) fn new(original: &'a str) -> Self {
        let Some(first) = original.char_indices().find(|(_, c)| !c.is_ascii() && fold(*c) != Fold::Keep) else {
            return Self { text: Cow::Borrowed(original), original, shifts: Vec::new() };
        };
        // A look-alike counts only beside Latin letters and digits, so a word may have to be read again.
        let start = original[..first.0].rfind(|c: char| !c.is_alphanumeric()).map_or(0, |at| at + 1);
        let start = (start..=first.0).find(|at| original.is_char_boundary(*at)).unwrap_or(first.0);
        let mut folded = String::with_capacity(original.len());
        folded.push_str(&original[..start]);
        let mut shifts = Vec::new();
        let mut latin = false;
        let mut until = start;
        for (at, c) in original[start..].char_indices() {
            let at = start + at;
            let end = at + c.len_utf8();
            if at >= until {
                // The word that begins here, and whether it holds Latin letters or digits.
                until = at
                    + original[at..]
                        .find(|c: char| !c.is_alphanumeric() && !invisible(c))
                        .map_or(original.len() - at, |length| length.max(1));
                while !original.is_char_boundary(until) {
                    until += 1;
                }
                latin = original[at..until].bytes().any(|byte| byte.is_ascii_alphanumeric());
            }
            let before = folded.len();
            match if c.is_ascii() { Fold::Keep } else { fold(c) } {
                Fold::Keep => folded.push(c),
                Fold::Drop => {}
                Fold::To(to) => folded.push(to),
                Fold::LookAlike(to) => folded.push(if latin { to } else { c }),
            }
            if folded.len() - before != c.len_utf8() {
                match shifts.last_mut() {
                    Some((from, to)) if *from == folded.len() => *to = end,
                    _ => shifts.push((folded.len(), end)),
                }
            }
        }
        Self { text: Cow::Owned(folded), original, shifts }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    fn original_of(&self, folded: usize) -> usize {
        match self.shifts.partition_point(|(from, _)| *from <= folded) {
            0 => folded,
            after => {
                let (from, to) = self.shifts[after - 1];
                to + (folded - from)
            }
        }
    }

    /// The original bytes of a folded range that begins and ends between characters. Invisible characters inside belong
    /// to it, those around it do not.
    pub(crate) fn original(&self, start: usize, end: usize) -> std::ops::Range<usize> {
        if self.shifts.is_empty() {
            return start..end;
        }
        let from = self.original_of(start);
        if start == end {
            return from..from;
        }
        let last = self.text[..end].char_indices().next_back().map_or(0, |(at, _)| at);
        let to = self.original_of(last);
        from..to + self.original[to..].chars().next().map_or(0, char::len_utf8)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fold {
    Keep,
    Drop,
    To(char),
    /// Looks like this Latin letter, and is one where it stands among Latin letters.
    LookAlike(char),
}

/// Characters that take no room: they are put into words to hide them, or by a page that breaks lines.
fn invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{1bca0}'..='\u{1bca3}' | '\u{e0100}'..='\u{e01ef}'
        | '\u{e0001}' | '\u{e007f}')
}

/// What a character that is not ASCII is read as.
fn fold(c: char) -> Fold {
    match c {
        // Latin, Greek, Cyrillic and most scripts: nothing below but their look-alikes and digits.
        '\u{80}'..='\u{9f}' => Fold::Keep,
        '\u{a0}' => Fold::To(' '),
        _ if invisible(c) => Fold::Drop,
        // Hyphens, dashes, minus.
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}' | '\u{2043}' => Fold::To('-'),
        // Dots and stops between the labels of a domain (UTS 46), one dot leader.
        '\u{3002}' | '\u{ff0e}' | '\u{ff61}' | '\u{2024}' | '\u{fe52}' => Fold::To('.'),
        '\u{fe6b}' | '\u{ff20}' => Fold::To('@'),
        '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' | '\u{1680}' => Fold::To(' '),
        '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{2bc}' => Fold::To('\''),
        '\u{201c}' | '\u{201d}' | '\u{201f}' => Fold::To('"'),
        // Tag characters: invisible copies of ASCII.
        '\u{e0020}'..='\u{e007e}' => char::from_u32(u32::from(c) - 0xe0000).map_or(Fold::Drop, Fold::To),
        // Letterlike, enclosed, mathematical and full-width forms of one ASCII letter or digit.
        '\u{2070}'..='\u{209c}'
        | '\u{2100}'..='\u{214f}'
        | '\u{2460}'..='\u{24ff}'
        | '\u{ff01}'..='\u{ff5e}'
        | '\u{1d400}'..='\u{1d7ff}'
        | '\u{1fbf0}'..='\u{1fbf9}'
        | '\u{fe50}'..='\u{fe6f}' => {
            let mut forms = [c].into_iter().nfkc();
            match (forms.next(), forms.next()) {
                (Some(to), None) if to.is_ascii() => Fold::To(to),
                _ => Fold::Keep,
            }
        }
        _ => match digit(c) {
            Some(digit) => Fold::To(digit),
            None => look_alike(c).map_or(Fold::Keep, Fold::LookAlike),
        },
    }
}

/// Zeros of the decimal digits of other scripts (Unicode 16); the digits follow them.
const ZEROS: &[u32] = &[
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20,
    0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0,
    0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450,
    0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x11f50, 0x16a60, 0x16ac0,
    0x16b50, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e950,
];

fn digit(c: char) -> Option<char> {
    let code = u32::from(c);
    let after = ZEROS.partition_point(|zero| *zero <= code);
    let value = code - ZEROS.get(after.checked_sub(1)?)?;
    (value < 10).then(|| char::from(b'0' + value as u8))
}

/// Letters of Greek and Cyrillic that are drawn as Latin ones (a part of UTS 39's confusables).
fn look_alike(c: char) -> Option<char> {
    Some(match c {
        'А' | 'Α' => 'A',
        'В' | 'Β' => 'B',
        'С' | 'Ϲ' => 'C',
        'Е' | 'Ε' => 'E',
        'Ԍ' => 'G',
        'Н' | 'Η' => 'H',
        'І' | 'Ι' | 'Ӏ' => 'I',
        'Ј' => 'J',
        'К' | 'Κ' => 'K',
        'М' | 'Μ' => 'M',
        'Ν' => 'N',
        'О' | 'Ο' => 'O',
        'Р' | 'Ρ' => 'P',
        'Ѕ' => 'S',
        'Т' | 'Τ' => 'T',
        'Ԝ' => 'W',
        'Х' | 'Χ' => 'X',
        'Υ' | 'Ү' => 'Y',
        'Ζ' => 'Z',
        'а' | 'α' => 'a',
        'с' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'е' => 'e',
        'һ' => 'h',
        'і' | 'ι' => 'i',
        'ј' => 'j',
        'ӏ' => 'l',
        'о' | 'ο' => 'o',
        'р' | 'ρ' => 'p',
        'ԛ' => 'q',
        'ѕ' => 's',
        'ν' => 'v',
        'ԝ' => 'w',
        'х' => 'x',
        'у' | 'ү' => 'y',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn other_forms_of_ascii_are_read_as_ascii() {
        for (text, read) in [
            ("ｊａｎｅ＠example。com", "jane@example.com"),
            ("٤١١١ ۴۱۱۱ ४१११", "4111 4111 4111"),
            ("4111\u{200b}1111\u{ad}1111", "411111111111"),
            ("АKIA and Анна", "AKIA and Анна"),
            ("\u{e0041}\u{e0042}", "AB"),
            ("𝟒𝟏𝟏𝟏 ⓐ", "4111 a"),
            ("naïve — déjà", "naïve - déjà"),
        ] {
            assert_eq!(Folded::new(text).text(), read, "{text:?}");
        }
    }

    #[test]
    fn a_range_leads_back_to_what_was_written() {
        let text = "x ４\u{200b}１\u{200b} y";
        let folded = Folded::new(text);
        assert_eq!(folded.text(), "x 41 y");
        assert_eq!(&text[folded.original(2, 4)], "４\u{200b}１");
        assert_eq!(&text[folded.original(5, 6)], "y");
    }

    proptest! {
        #[test]
        fn every_character_leads_back_to_one_that_folds_to_it(text in "[a-zаеоА-Я０-９\u{200b}\u{ad}＠é€٠-٩ \u{e0041}-\u{e005a}—]{0,40}") {
            let folded = Folded::new(&text);
            let mut last = 0;
            for (at, c) in folded.text().char_indices() {
                let range = folded.original(at, at + c.len_utf8());
                prop_assert!(range.start >= last);
                last = range.end;
                let mut written = text[range].chars();
                let one = written.next().unwrap();
                prop_assert!(written.next().is_none());
                prop_assert!(one == c || matches!(fold(one), Fold::To(to) | Fold::LookAlike(to) if to == c));
            }
        }

        #[test]
        fn whatever_is_written_ranges_lie_between_characters(text in any::<String>()) {
            let folded = Folded::new(&text);
            for (at, c) in folded.text().char_indices() {
                let range = folded.original(at, at + c.len_utf8());
                prop_assert!(text.is_char_boundary(range.start) && text.is_char_boundary(range.end));
            }
        }
    }
}
