//! Rules of national identifiers, by country. The formulas' sources are named where [`super::Checksum`] lists them.

use super::numbers::{brazilian, ean, luhn, mod_11_2, mod_11_10, verhoeff};
use super::{digit_of, digits, is_date, repdigit, weighted};

fn number(digits: &[u32]) -> u32 {
    digits.iter().fold(0, |number, digit| number * 10 + digit)
}

pub(super) fn us_ssn(value: &[u8]) -> bool {
    let Some(d) = digits::<9>(value) else { return false };
    let (area, group, serial) = (number(&d[..3]), number(&d[3..5]), number(&d[5..]));
    // 078-05-1120 and 219-09-9999 were printed on sample cards.
    let printed = matches!(number(&d), 78_051_120 | 219_099_999);
    area != 0 && area != 666 && area < 900 && group != 0 && serial != 0 && !printed && !repdigit(value)
}

pub(super) fn us_itin(value: &[u8]) -> bool {
    digits::<9>(value).is_some_and(|d| d[0] == 9 && matches!(d[3] * 10 + d[4], 50..=65 | 70..=88 | 90..=92 | 94..=99))
}

/// The first two digits name a Federal Reserve district, a thrift, an electronic or a government number.
pub(super) fn us_routing(value: &[u8]) -> bool {
    digits::<9>(value).is_some_and(|d| {
        matches!(number(&d[..2]), 1..=12 | 21..=32 | 61..=72 | 80)
            && weighted(&d, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)
    })
}

pub(super) fn us_npi(value: &[u8]) -> bool {
    if value.len() != 10 || !matches!(value[0], b'1' | b'2') {
        return false;
    }
    let mut prefixed = *b"80840..........";
    prefixed[5..].copy_from_slice(value);
    luhn(&prefixed)
}

pub(super) fn ca_sin(value: &[u8]) -> bool {
    value.len() == 9 && !matches!(value[0], b'0' | b'8') && luhn(value)
}

pub(super) fn gb_nhs(value: &[u8]) -> bool {
    digits::<10>(value)
        .is_some_and(|d| !repdigit(value) && weighted(&d, &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11))
}

pub(super) fn gb_nino(value: &[u8]) -> bool {
    if value.len() != 9 || !value[2..8].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let (first, second, last) =
        (value[0].to_ascii_uppercase(), value[1].to_ascii_uppercase(), value[8].to_ascii_uppercase());
    first.is_ascii_uppercase()
        && second.is_ascii_uppercase()
        && !b"DFIQUV".contains(&first)
        && !b"DFIQUVO".contains(&second)
        && ![*b"BG", *b"GB", *b"NK", *b"KN", *b"TN", *b"NT", *b"ZZ"].contains(&[first, second])
        && (b'A'..=b'D').contains(&last)
}

/// Of the first ten digits one occurs twice or three times and the others once at most; three in a row are not given.
pub(super) fn de_tax_id(value: &[u8]) -> bool {
    let Some(d) = digits::<11>(value) else { return false };
    let mut counts = [0; 10];
    d[..10].iter().for_each(|digit| counts[*digit as usize] += 1);
    let repeated = counts.iter().filter(|count| **count > 1).count();
    let most = counts.iter().max().copied().unwrap_or_default();
    let in_a_row = d[..10].windows(3).any(|three| three[0] == three[1] && three[1] == three[2]);
    d[0] != 0 && repeated == 1 && most <= 3 && !in_a_row && mod_11_10(value)
}

pub(super) fn de_pension(value: &[u8]) -> bool {
    const WEIGHTS: [u32; 12] = [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1];
    if value.len() != 12 || !value[8].is_ascii_alphabetic() {
        return false;
    }
    let letter = u32::from(value[8].to_ascii_uppercase() - b'A') + 1;
    let (Some(front), Some(back)) = (digits::<8>(&value[..8]), digits::<3>(&value[9..])) else { return false };
    let all = front.into_iter().chain([letter / 10, letter % 10]).chain(back[..2].iter().copied());
    let sum: u32 = all
        .zip(WEIGHTS)
        .map(|(digit, weight)| {
            let product = digit * weight;
            product / 10 + product % 10
        })
        .sum();
    // The day is raised by 50 where two people would share a number.
    let day = number(&front[2..4]) % 50;
    sum % 10 == back[2] && is_date(0, number(&front[4..6]), day)
}

/// Departments of Corsica are written 2A and 2B and counted as 19 and 18.
pub(super) fn fr_nir(value: &[u8]) -> bool {
    if value.len() != 15 || !matches!(value[0], b'1'..=b'4' | b'7' | b'8') {
        return false;
    }
    let mut body = [0; 13];
    body.copy_from_slice(&value[..13]);
    match body[6].to_ascii_uppercase() {
        b'A' => body[5..7].copy_from_slice(b"19"),
        b'B' => body[5..7].copy_from_slice(b"18"),
        _ => {}
    }
    let (Some(d), Some(key)) = (digits::<13>(&body), digits::<2>(&value[13..])) else { return false };
    let month = number(&d[3..5]);
    let corsica = value[6].is_ascii_digit() || value[5] == b'2';
    let whole = d.iter().fold(0_u64, |whole, digit| whole * 10 + u64::from(*digit));
    corsica && matches!(month, 1..=12 | 20..=42 | 50..=99) && u64::from(number(&key)) == 97 - whole % 97
}

const SPANISH: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

pub(super) fn es_nif(value: &[u8]) -> bool {
    let Some((letter, body)) = value.split_last() else { return false };
    digits::<8>(body).is_some_and(|d| SPANISH[number(&d) as usize % 23] == letter.to_ascii_uppercase())
        && !repdigit(body)
}

pub(super) fn es_nie(value: &[u8]) -> bool {
    let (Some((letter, body)), Some(first)) = (value.split_last(), value.first()) else { return false };
    let mut with_digit = [0; 8];
    if body.len() != 8 || !matches!(first.to_ascii_uppercase(), b'X' | b'Y' | b'Z') {
        return false;
    }
    with_digit.copy_from_slice(body);
    with_digit[0] = b'0' + (first.to_ascii_uppercase() - b'X');
    digits::<8>(&with_digit).is_some_and(|d| SPANISH[number(&d) as usize % 23] == letter.to_ascii_uppercase())
}

/// Digits may be replaced by letters where two people would share a code (omocodia).
pub(super) fn it_codice_fiscale(value: &[u8]) -> bool {
    // Values of odd places, for 0 to 9 and then A to Z (a letter A to J counts as its digit).
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    const LETTER_PLACES: [usize; 7] = [0, 1, 2, 3, 4, 5, 8];
    if value.len() != 16 || !value[15].is_ascii_alphabetic() || !value[11].is_ascii_alphabetic() {
        return false;
    }
    if LETTER_PLACES.iter().any(|place| !value[*place].is_ascii_alphabetic())
        || !b"ABCDEHLMPRST".contains(&value[8].to_ascii_uppercase())
    {
        return false;
    }
    let sum: u32 = value[..15]
        .iter()
        .enumerate()
        .map(|(place, byte)| {
            let number = digit_of(*byte).unwrap_or_else(|| u32::from(byte.to_ascii_uppercase() - b'A'));
            if place % 2 == 0 { ODD[number as usize] } else { number }
        })
        .sum();
    u32::from(value[15].to_ascii_uppercase() - b'A') == sum % 26
}

/// The century is added to the month: 80 for 18.., 20 for 20.., 40 for 21.., 60 for 22...
pub(super) fn pl_pesel(value: &[u8]) -> bool {
    digits::<11>(value).is_some_and(|d| {
        let month = number(&d[2..4]);
        let century = [1900, 2000, 2100, 2200, 1800][month as usize / 20 % 5];
        weighted(&d, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]).is_multiple_of(10)
            && is_date(century + number(&d[..2]), month % 20, number(&d[4..6]))
    })
}

pub(super) fn pl_nip(value: &[u8]) -> bool {
    digits::<10>(value).is_some_and(|d| !repdigit(value) && weighted(&d, &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == d[9])
}

pub(super) fn nl_bsn(value: &[u8]) -> bool {
    digits::<9>(value).is_some_and(|d| {
        let sum = weighted(&d, &[9, 8, 7, 6, 5, 4, 3, 2]);
        sum > 0 && !repdigit(value) && sum % 11 == d[8] % 11
    })
}

/// Months of 20 to 32 and 40 to 52 belong to people without a register entry (the bis number).
pub(super) fn be_nrn(value: &[u8]) -> bool {
    digits::<11>(value).is_some_and(|d| {
        let (body, key) = (number(&d[..9]), number(&d[9..]));
        let (month, day) = (number(&d[2..4]) % 20, number(&d[4..6]));
        let dated = month <= 12 && day <= 31 && number(&d[2..4]) < 60;
        let since_2000 = 97 - ((2_000_000_000 + u64::from(body)) % 97) as u32;
        dated && (97 - body % 97 == key || since_2000 == key)
    })
}

pub(super) fn pt_nif(value: &[u8]) -> bool {
    digits::<9>(value).is_some_and(|d| {
        let rest = weighted(&d, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
        d[0] != 0 && d[8] == if rest < 2 { 0 } else { 11 - rest }
    })
}

/// Ten or twelve digits; a day raised by 60 is a coordination number.
pub(super) fn se_personnummer(value: &[u8]) -> bool {
    let ten = match value.len() {
        10 => value,
        12 if matches!(&value[..2], b"18" | b"19" | b"20") => &value[2..],
        _ => return false,
    };
    let year = if value.len() == 12 { digits::<4>(&value[..4]).map_or(0, |d| number(&d)) } else { 0 };
    digits::<10>(ten).is_some_and(|d| {
        let day = number(&d[4..6]);
        let in_year = if year == 0 { 2000 + number(&d[..2]) } else { year };
        is_date(in_year, number(&d[2..4]), if day > 60 { day - 60 } else { day }) && luhn(ten)
    })
}

/// The sign between date and number names the century and does not enter the sum.
pub(super) fn fi_hetu(value: &[u8]) -> bool {
    const LETTERS: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";
    let (date, rest) = match value.len() {
        10 => (&value[..6], &value[6..]),
        11 if value[6].is_ascii_alphabetic() => (&value[..6], &value[7..]),
        _ => return false,
    };
    let (Some(d), Some(n)) = (digits::<6>(date), digits::<3>(&rest[..3])) else { return false };
    let whole = number(&d) * 1000 + number(&n);
    number(&n) > 1
        && is_date(0, number(&d[2..4]), number(&d[..2]))
        && LETTERS[whole as usize % 31] == rest[3].to_ascii_uppercase()
}

/// A day raised by 40 is a D number; a month raised by 40 or 80 is synthetic or a help number.
pub(super) fn no_fnr(value: &[u8]) -> bool {
    digits::<11>(value).is_some_and(|d| {
        weighted(&d, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]).is_multiple_of(11)
            && weighted(&d, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
            && is_date(0, number(&d[2..4]) % 40, number(&d[..2]) % 40)
    })
}

pub(super) fn dk_cpr(value: &[u8]) -> bool {
    digits::<10>(value).is_some_and(|d| is_date(0, number(&d[2..4]), number(&d[..2])))
}

pub(super) fn ch_ahv(value: &[u8]) -> bool {
    value.len() == 13 && value.starts_with(b"756") && ean(value)
}

/// Women's months are raised by 50; 20 more where numbers ran out. Numbers of nine digits (before 1954) have no check
/// digit and are not accepted.
pub(super) fn cz_rodne_cislo(value: &[u8]) -> bool {
    digits::<10>(value).is_some_and(|d| {
        let body = number(&d[..9]);
        let month = number(&d[2..4]) % 50 % 20;
        // Until 1985 a remainder of 10 was written as 0.
        body % 11 % 10 == d[9] && is_date(0, month, number(&d[4..6]))
    })
}

pub(super) fn ro_cnp(value: &[u8]) -> bool {
    digits::<13>(value).is_some_and(|d| {
        let rest = weighted(&d, &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
        let county = number(&d[7..9]);
        let year = match d[0] {
            1 | 2 => 1900 + number(&d[1..3]),
            3 | 4 => 1800 + number(&d[1..3]),
            5 | 6 => 2000 + number(&d[1..3]),
            _ => 0,
        };
        d[0] != 0
            && d[12] == if rest == 10 { 1 } else { rest }
            && is_date(if year == 0 { 2000 } else { year }, number(&d[3..5]), number(&d[5..7]))
            && matches!(county, 1..=48 | 51 | 52 | 70 | 80..=83)
    })
}

pub(super) fn hr_oib(value: &[u8]) -> bool {
    value.len() == 11 && mod_11_10(value)
}

pub(super) fn tr_tckn(value: &[u8]) -> bool {
    digits::<11>(value).is_some_and(|d| {
        let odd: u32 = d[..9].iter().step_by(2).sum();
        let even: u32 = d[1..8].iter().step_by(2).sum();
        d[0] != 0 && (odd * 7 + 90 - even) % 10 == d[9] && d[..10].iter().sum::<u32>() % 10 == d[10]
    })
}

pub(super) fn in_aadhaar(value: &[u8]) -> bool {
    value.len() == 12 && !matches!(value[0], b'0' | b'1') && !value.iter().eq(value.iter().rev()) && verhoeff(value)
}

pub(super) fn in_pan(value: &[u8]) -> bool {
    value.len() == 10
        && value[..5].iter().all(u8::is_ascii_alphabetic)
        && b"ABCFGHJLPTKE".contains(&value[3].to_ascii_uppercase())
        && value[5..9].iter().all(u8::is_ascii_digit)
        && &value[5..9] != b"0000"
        && value[9].is_ascii_alphabetic()
}

pub(super) fn br_cpf(value: &[u8]) -> bool {
    value.iter().all(u8::is_ascii_digit) && brazilian::<11>(value, 12)
}

pub(super) fn br_cnpj(value: &[u8]) -> bool {
    brazilian::<14>(value, 9)
}

pub(super) fn au_tfn(value: &[u8]) -> bool {
    digits::<9>(value)
        .is_some_and(|d| !repdigit(value) && weighted(&d, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11))
}

/// 1 is taken from the first digit before the sum.
pub(super) fn au_abn(value: &[u8]) -> bool {
    digits::<11>(value)
        .is_some_and(|d| d[0] != 0 && (weighted(&d, &[10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) - 10).is_multiple_of(89))
}

/// Ten digits, or eleven with the person's place on the card.
pub(super) fn au_medicare(value: &[u8]) -> bool {
    let ten = match value.len() {
        10 => value,
        11 if value[10] != b'0' => &value[..10],
        _ => return false,
    };
    value.iter().all(u8::is_ascii_digit)
        && digits::<10>(ten)
            .is_some_and(|d| (2..=6).contains(&d[0]) && weighted(&d, &[1, 3, 7, 9, 1, 3, 7, 9]) % 10 == d[8])
}

pub(super) fn sg_nric(value: &[u8]) -> bool {
    if value.len() != 9 {
        return false;
    }
    let Some(d) = digits::<7>(&value[1..8]) else { return false };
    let sum = weighted(&d, &[2, 7, 6, 5, 4, 3, 2]);
    let (offset, letters): (u32, &[u8; 11]) = match value[0].to_ascii_uppercase() {
        b'S' => (0, b"JZIHGFEDCBA"),
        b'T' => (4, b"JZIHGFEDCBA"),
        b'F' => (0, b"XWUTRQPNMLK"),
        b'G' => (4, b"XWUTRQPNMLK"),
        b'M' => (3, b"XWUTRQPNJLK"),
        _ => return false,
    };
    letters[(sum + offset) as usize % 11] == value[8].to_ascii_uppercase()
}

pub(super) fn kr_rrn(value: &[u8]) -> bool {
    digits::<13>(value).is_some_and(|d| {
        let year = number(&d[..2])
            + match d[6] {
                1 | 2 | 5 | 6 => 1900,
                3 | 4 | 7 | 8 => 2000,
                _ => 1800,
            };
        is_date(year, number(&d[2..4]), number(&d[4..6]))
            && (11 - weighted(&d, &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11) % 10 == d[12]
    })
}

pub(super) fn jp_my_number(value: &[u8]) -> bool {
    digits::<12>(value).is_some_and(|d| {
        let rest = weighted(&d, &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
        !repdigit(value) && d[11] == if rest <= 1 { 0 } else { 11 - rest }
    })
}

pub(super) fn cn_ric(value: &[u8]) -> bool {
    value.len() == 18
        && digits::<8>(&value[6..14]).is_some_and(|d| {
            (1850..2100).contains(&number(&d[..4])) && is_date(number(&d[..4]), number(&d[4..6]), number(&d[6..]))
        })
        && mod_11_2(value)
}

/// The eleventh digit is citizenship: 0 citizen, 1 permanent resident, 2 refugee.
pub(super) fn za_id(value: &[u8]) -> bool {
    digits::<13>(value).is_some_and(|d| d[10] < 3 && is_date(0, number(&d[2..4]), number(&d[4..6])) && luhn(value))
}

pub(super) fn mx_curp(value: &[u8]) -> bool {
    // Ñ would be 24; it is written X in the key itself.
    fn place(byte: u8) -> Option<u32> {
        match byte.to_ascii_uppercase() {
            digit @ b'0'..=b'9' => Some(u32::from(digit - b'0')),
            letter @ b'A'..=b'N' => Some(u32::from(letter - b'A') + 10),
            letter @ b'O'..=b'Z' => Some(u32::from(letter - b'A') + 11),
            _ => None,
        }
    }
    if value.len() != 18 || !matches!(value[10].to_ascii_uppercase(), b'H' | b'M' | b'X') {
        return false;
    }
    let Some(d) = digits::<6>(&value[4..10]) else { return false };
    let sum =
        value[..17].iter().enumerate().try_fold(0, |sum, (at, byte)| Some(sum + place(*byte)? * (18 - at as u32)));
    value[..4].iter().all(u8::is_ascii_alphabetic)
        && value[11..16].iter().all(u8::is_ascii_alphabetic)
        && is_date(0, number(&d[2..4]), number(&d[4..6]))
        && sum.is_some_and(|sum| digit_of(value[17]) == Some((10 - sum % 10) % 10))
}

pub(super) fn il_id(value: &[u8]) -> bool {
    value.len() == 9 && luhn(value) && !repdigit(value)
}

pub(super) fn cl_rut(value: &[u8]) -> bool {
    let Some((check, body)) = value.split_last() else { return false };
    if !(7..=8).contains(&body.len()) || !body.iter().all(u8::is_ascii_digit) || repdigit(body) {
        return false;
    }
    let sum: u32 =
        body.iter().rev().enumerate().map(|(place, byte)| u32::from(byte - b'0') * (2 + place as u32 % 6)).sum();
    let expected = match 11 - sum % 11 {
        11 => b'0',
        10 => b'K',
        digit => b'0' + digit as u8,
    };
    check.to_ascii_uppercase() == expected
}

pub(super) fn th_id(value: &[u8]) -> bool {
    digits::<13>(value).is_some_and(|d| {
        d[0] != 0 && d[0] != 9 && (11 - weighted(&d, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 10 == d[12]
    })
}
