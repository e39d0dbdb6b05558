//! Check digits and validity rules of identifiers.
//!
//! A rule looks at the letters and digits of a value and ignores everything between them, so that `4111-1111` and
//! `4111 1111` are one number. Each rule names where its formula comes from ([`Checksum::source`]). The test `oracle`
//! compares the rules with python-stdnum on valid, broken and random values.

mod codes;
mod national;
mod numbers;

use std::fmt;

use serde::{Deserialize, Serialize};

/// The letters and digits of a value, on the stack: no identifier with a rule is longer.
const LONGEST: usize = 96;

macro_rules! checksums {
    ($($(#[doc = $doc:literal])+ $name:ident, $id:literal, $rule:path, $source:literal;)+) => {
        /// A rule that tells a real identifier from a number of the same shape.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Checksum {
            $($(#[doc = $doc])+ #[serde(rename = $id)] $name,)+
        }

        impl Checksum {
            /// All rules, in the order of their documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The name that a custom recogniser uses.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $id,)+ }
            }

            /// Where the formula comes from.
            pub fn source(self) -> &'static str {
                match self { $(Self::$name => $source,)+ }
            }

            fn rule(self) -> fn(&[u8]) -> bool {
                match self { $(Self::$name => $rule,)+ }
            }
        }
    };
}

checksums! {
    /// Doubles every second digit from the right; the sum ends in 0.
    Luhn, "luhn", numbers::luhn, "ISO/IEC 7812-1 annex B";
    /// Luhn, an issuer's range and a length that this issuer uses.
    PaymentCard, "payment-card", numbers::payment_card, "ISO/IEC 7812-1; published issuer ranges";
    /// Country, its length, and 1 modulo 97.
    Iban, "iban", codes::iban, "ISO 13616-1; SWIFT IBAN registry";
    /// ISO 7064 modulo 11,10 over digits.
    Mod1110, "iso7064-mod-11-10", numbers::mod_11_10, "ISO/IEC 7064";
    /// ISO 7064 modulo 11-2 over digits and a final X.
    Mod112, "iso7064-mod-11-2", numbers::mod_11_2, "ISO/IEC 7064";
    /// ISO 7064 modulo 97-10 over letters and digits.
    Mod9710, "iso7064-mod-97-10", codes::mod_97_10, "ISO/IEC 7064";
    /// Verhoeff's dihedral check digit.
    Verhoeff, "verhoeff", numbers::verhoeff, "Verhoeff, Error Detecting Decimal Codes, 1969";
    /// Weights 1 and 3 alternate; the sum ends in 0.
    Ean, "ean", numbers::ean, "GS1 General Specifications 7.9";
    /// Base58 with a double SHA-256 of four bytes (Bitcoin's older addresses, Litecoin, Dogecoin, Tron).
    Base58Check, "base58check", codes::base58check, "Bitcoin wiki: Base58Check encoding";
    /// Bitcoin's segregated witness addresses.
    Bech32, "bech32", codes::bech32, "BIP 173, BIP 350";
    /// Ethereum's mixed-case checksum; an address of one case has none and passes.
    Eip55, "eip55", codes::eip55, "EIP-55";
    /// United States: social security number, ranges that were never issued are refused.
    UsSsn, "us-ssn", national::us_ssn, "SSA: SSN randomization, invalid area, group and serial numbers";
    /// United States: individual taxpayer number, ranges of the fourth and fifth digit.
    UsItin, "us-itin", national::us_itin, "IRS: ITIN; IRM 3.21.263";
    /// United States: bank routing number, weights 3, 7, 1.
    UsRouting, "us-routing", national::us_routing, "ABA routing number policy";
    /// United States: provider number, Luhn after the prefix 80840.
    UsNpi, "us-npi", national::us_npi, "CMS: NPI check digit";
    /// Canada: social insurance number, Luhn, no leading 0 or 8.
    CaSin, "ca-sin", national::ca_sin, "ESDC: SIN code of practice";
    /// United Kingdom: NHS number, modulo 11.
    GbNhs, "gb-nhs", national::gb_nhs, "NHS Data Dictionary: NHS NUMBER";
    /// United Kingdom: national insurance number, prefixes that are not used are refused.
    GbNino, "gb-nino", national::gb_nino, "HMRC NIM39110";
    /// Germany: tax identification number, modulo 11,10 and the rule of repeated digits.
    DeTaxId, "de-tax-id", national::de_tax_id, "BZSt: Steuerliche Identifikationsnummer";
    /// Germany: pension insurance number, weights 2 1 2 5 7 1 2 1 2 1 2 1 over digit sums.
    DePension, "de-pension", national::de_pension, "VKVV section 4";
    /// Germany: serial number of identity cards and passports, weights 7, 3, 1.
    De731, "weights-731", codes::weights_731, "ICAO Doc 9303-3, 4.9";
    /// France: social security number, 97 less the number modulo 97.
    FrNir, "fr-nir", national::fr_nir, "INSEE: numéro d'inscription au répertoire";
    /// Spain: identity number, letter modulo 23.
    EsNif, "es-nif", national::es_nif, "Ministerio del Interior: cálculo del dígito de control del NIF/NIE";
    /// Spain: foreigner's number, letter modulo 23.
    EsNie, "es-nie", national::es_nie, "Ministerio del Interior: cálculo del dígito de control del NIF/NIE";
    /// Italy: tax code, odd and even values modulo 26.
    ItCodiceFiscale, "it-codice-fiscale", national::it_codice_fiscale, "D.M. 23/12/1976";
    /// Poland: personal number, weights 1 3 7 9, with a date.
    PlPesel, "pl-pesel", national::pl_pesel, "Ministry of Digital Affairs: PESEL";
    /// Poland: tax number, weights 6 5 7 2 3 4 5 6 7 modulo 11.
    PlNip, "pl-nip", national::pl_nip, "Ministry of Finance: NIP";
    /// Netherlands: citizen service number, the eleven test.
    NlBsn, "nl-bsn", national::nl_bsn, "Logisch Ontwerp BSN, elfproef";
    /// Belgium: national number, 97 less the number modulo 97, with a 2 in front for births since 2000.
    BeNrn, "be-nrn", national::be_nrn, "Rijksregister: identification number";
    /// Portugal: tax number, weights 9 to 2 modulo 11.
    PtNif, "pt-nif", national::pt_nif, "Autoridade Tributária: NIF";
    /// Sweden: personal number, a date and Luhn over ten digits.
    SePersonnummer, "se-personnummer", national::se_personnummer, "Skatteverket SKV 704";
    /// Finland: personal identity code, a date and a letter modulo 31.
    FiHetu, "fi-hetu", national::fi_hetu, "DVV: personal identity code";
    /// Norway: birth number, two digits modulo 11, with a date.
    NoFnr, "no-fnr", national::no_fnr, "Skatteetaten: fødselsnummer";
    /// Denmark: a date; the check digit was given up in 2007.
    DkCpr, "dk-cpr", national::dk_cpr, "CPR-kontoret: personnummeret i CPR";
    /// Switzerland: social security number, EAN-13 with prefix 756.
    ChAhv, "ch-ahv", national::ch_ahv, "Zentrale Ausgleichsstelle: AHVN13";
    /// Czechia and Slovakia: birth number, a date and modulo 11.
    CzRodneCislo, "cz-rodne-cislo", national::cz_rodne_cislo, "Zákon 133/2000 Sb.";
    /// Romania: personal code, weights 279146358279 modulo 11, with a date.
    RoCnp, "ro-cnp", national::ro_cnp, "Legea 105/1996: codul numeric personal";
    /// Croatia: personal number, modulo 11,10 over eleven digits.
    HrOib, "hr-oib", national::hr_oib, "Zakon o OIB-u; ISO/IEC 7064";
    /// Türkiye: identity number, two sums modulo 10.
    TrTckn, "tr-tckn", national::tr_tckn, "Nüfus ve Vatandaşlık İşleri: T.C. kimlik numarası";
    /// India: Aadhaar, Verhoeff, no leading 0 or 1, no palindrome.
    InAadhaar, "in-aadhaar", national::in_aadhaar, "UIDAI: numbering scheme";
    /// India: permanent account number, the fourth letter names the kind of holder.
    InPan, "in-pan", national::in_pan, "Income Tax Department: structure of PAN";
    /// Brazil: natural person's number, two digits modulo 11.
    BrCpf, "br-cpf", national::br_cpf, "Receita Federal: CPF";
    /// Brazil: legal person's number, two digits modulo 11.
    BrCnpj, "br-cnpj", national::br_cnpj, "Receita Federal: CNPJ; IN RFB 2229/2024";
    /// Australia: tax file number, weights 1 4 3 7 5 8 6 9 10 modulo 11.
    AuTfn, "au-tfn", national::au_tfn, "ATO: TFN validation";
    /// Australia: business number, weights modulo 89.
    AuAbn, "au-abn", national::au_abn, "ABR: format of the ABN";
    /// Australia: Medicare number, weights 1 3 7 9 modulo 10.
    AuMedicare, "au-medicare", national::au_medicare, "Services Australia: Medicare card number";
    /// Singapore: NRIC and FIN, weighted sum to a letter.
    SgNric, "sg-nric", national::sg_nric, "ICA: NRIC/FIN; published check letter tables";
    /// South Korea: resident number, a date and modulo 11 (numbers issued since October 2020 have no check digit).
    KrRrn, "kr-rrn", national::kr_rrn, "Ministry of the Interior: resident registration number";
    /// Japan: individual number, modulo 11.
    JpMyNumber, "jp-my-number", national::jp_my_number, "MIC ordinance 85/2014, article 5";
    /// China: resident identity number, a date and ISO 7064 modulo 11-2.
    CnRic, "cn-ric", national::cn_ric, "GB 11643-1999";
    /// South Africa: identity number, a date and Luhn.
    ZaId, "za-id", national::za_id, "Department of Home Affairs: identity number";
    /// Mexico: population registry key, a date and modulo 10.
    MxCurp, "mx-curp", national::mx_curp, "RENAPO: CURP";
    /// Israel: identity number, Luhn over nine digits.
    IlId, "il-id", national::il_id, "Population Authority: Mispar Zehut";
    /// Chile: RUN and RUT, modulo 11 with K for 10.
    ClRut, "cl-rut", national::cl_rut, "Servicio de Impuestos Internos: RUT";
    /// Thailand: citizen number, weights 13 to 2 modulo 11.
    ThId, "th-id", national::th_id, "DOPA: 13-digit identification number";
}

impl Checksum {
    /// Whether the letters and digits of `text` satisfy the rule.
    ///
    /// ```
    /// use assay_privacy::Checksum;
    /// assert!(Checksum::Luhn.holds("4111 1111 1111 1111"));
    /// assert!(!Checksum::Luhn.holds("4111 1111 1111 1112"));
    /// ```
    pub fn holds(self, text: &str) -> bool {
        let mut buffer = [0_u8; LONGEST];
        let mut length = 0;
        for byte in text.bytes().filter(u8::is_ascii_alphanumeric) {
            let Some(slot) = buffer.get_mut(length) else { return false };
            *slot = byte;
            length += 1;
        }
        self.rule()(&buffer[..length])
    }

    pub(crate) fn iban_length(country: &str) -> Option<usize> {
        codes::iban_length(country)
    }

    /// The rule of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.name() == name)
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `N` digits and nothing else.
fn digits<const N: usize>(value: &[u8]) -> Option<[u32; N]> {
    if value.len() != N {
        return None;
    }
    let mut digits = [0; N];
    for (digit, byte) in digits.iter_mut().zip(value) {
        *digit = digit_of(*byte)?;
    }
    Some(digits)
}

fn digit_of(byte: u8) -> Option<u32> {
    byte.is_ascii_digit().then(|| u32::from(byte - b'0'))
}

/// The sum of the digits times their weights, as far as the shorter of both goes.
fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// Whether the value is one digit over and over: such numbers are placeholders.
fn repdigit(value: &[u8]) -> bool {
    value.windows(2).all(|pair| pair[0] == pair[1])
}

/// Whether the day exists. A year of 0 is unknown and lets 29 February pass.
fn is_date(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let last = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=last).contains(&day)
}
