//! Identifiers that states give to people (and companies, where people trade under theirs).

use crate::checksum::Checksum;
use crate::recogniser::{Builtin, Check, Needs};

pub(super) const ALL: &[Builtin] = &[
    Builtin {
        name: "social security number",
        kind: "US_SSN",
        country: Some("US"),
        patterns: &[
            (r"\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b", 0.5),
            (r"\b[0-9]{3} [0-9]{2} [0-9]{4}\b", 0.4),
            (r"\b[0-9]{3}\.[0-9]{2}\.[0-9]{4}\b", 0.3),
            (r"\b[0-9]{9}\b", 0.2),
        ],
        check: Check::Sum(Checksum::UsSsn, 0.0),
        context: &["ssn", "ssns", "ss#", "social security", "social security number", "social", "soc sec"],
        needs: Needs::Digits(9),
        ..Builtin::NEW
    },
    Builtin {
        name: "taxpayer number",
        kind: "US_ITIN",
        country: Some("US"),
        patterns: &[
            (r"\b9[0-9]{2}-[0-9]{2}-[0-9]{4}\b", 0.5),
            (r"\b9[0-9]{2} [0-9]{2} [0-9]{4}\b", 0.4),
            (r"\b9[0-9]{8}\b", 0.2),
        ],
        check: Check::Sum(Checksum::UsItin, 0.0),
        context: &["itin", "taxpayer", "tax id", "tin", "individual taxpayer"],
        needs: Needs::Digits(9),
        ..Builtin::NEW
    },
    Builtin {
        name: "health care provider number",
        kind: "US_NPI",
        country: Some("US"),
        patterns: &[(r"\b[12][0-9]{9}\b", 0.1)],
        check: Check::Sum(Checksum::UsNpi, 0.25),
        context: &["npi", "national provider", "provider"],
        needs: Needs::Digits(10),
        ..Builtin::NEW
    },
    Builtin {
        name: "Medicare beneficiary number",
        kind: "US_MBI",
        country: Some("US"),
        patterns: &[(
            r"\b[1-9][AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y][0-9]-?[AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y][0-9]-?[AC-HJKMNP-RT-Y]{2}[0-9]{2}\b",
            0.6,
        )],
        context: &["medicare", "mbi", "beneficiary"],
        ..Builtin::NEW
    },
    Builtin {
        name: "social insurance number",
        kind: "CA_SIN",
        country: Some("CA"),
        patterns: &[(r"\b[0-9]{3}[ -][0-9]{3}[ -][0-9]{3}\b", 0.3), (r"\b[0-9]{9}\b", 0.15)],
        check: Check::Sum(Checksum::CaSin, 0.4),
        context: &["sin", "social insurance", "social insurance number", "nas", "assurance sociale"],
        needs: Needs::Digits(9),
        ..Builtin::NEW
    },
    Builtin {
        name: "NHS number",
        kind: "GB_NHS",
        country: Some("GB"),
        patterns: &[(r"\b[0-9]{3}[ -][0-9]{3}[ -][0-9]{4}\b", 0.3), (r"\b[0-9]{10}\b", 0.1)],
        check: Check::Sum(Checksum::GbNhs, 0.4),
        context: &["nhs", "nhs number", "nhs no", "health service", "patient"],
        needs: Needs::Digits(10),
        ..Builtin::NEW
    },
    Builtin {
        name: "national insurance number",
        kind: "GB_NINO",
        country: Some("GB"),
        patterns: &[(r"(?i)\b[a-z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[a-d]\b", 0.3)],
        check: Check::Sum(Checksum::GbNino, 0.65),
        context: &["national insurance", "national insurance number", "nino", "ni number", "ni no", "hmrc"],
        needs: Needs::Digits(6),
        ..Builtin::NEW
    },
    Builtin {
        name: "tax identification number",
        kind: "DE_TAX_ID",
        country: Some("DE"),
        patterns: &[(r"\b[1-9][0-9]{10}\b", 0.1), (r"\b[1-9][0-9] [0-9]{3} [0-9]{3} [0-9]{3}\b", 0.3)],
        check: Check::Sum(Checksum::DeTaxId, 0.5),
        context: &[
            "steuer-id",
            "steuerid",
            "steueridentifikationsnummer",
            "steuerliche identifikationsnummer",
            "steuernummer",
            "idnr",
            "tax id",
            "tin",
            "identifikationsnummer",
        ],
        needs: Needs::Digits(11),
        ..Builtin::NEW
    },
    Builtin {
        name: "pension insurance number",
        kind: "DE_PENSION",
        country: Some("DE"),
        patterns: &[(r"(?i)\b[0-9]{2} ?[0-9]{6} ?[a-z] ?[0-9]{3}\b", 0.3)],
        check: Check::Sum(Checksum::DePension, 0.7),
        context: &[
            "rentenversicherungsnummer",
            "sozialversicherungsnummer",
            "versicherungsnummer",
            "rvnr",
            "sv-nummer",
        ],
        needs: Needs::Digits(8),
        ..Builtin::NEW
    },
    Builtin {
        name: "identity card number",
        kind: "DE_IDENTITY_CARD",
        country: Some("DE"),
        patterns: &[(r"\b[CFGHJKLMNPRTVWXYZ][0-9CFGHJKLMNPRTVWXYZ]{8}[0-9]\b", 0.1)],
        check: Check::Sum(Checksum::De731, 0.3),
        context: &["personalausweis", "ausweis", "ausweisnummer", "personalausweisnummer", "identity card"],
        needs: Needs::Digits(1),
        ..Builtin::NEW
    },
    Builtin {
        name: "social security number (NIR)",
        kind: "FR_NIR",
        country: Some("FR"),
        patterns: &[(r"(?i)\b[123478] ?[0-9]{2} ?[0-9]{2} ?(?:[0-9]{2}|2[ab]) ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}\b", 0.3)],
        check: Check::Sum(Checksum::FrNir, 0.85),
        context: &["sécurité sociale", "numéro de sécurité sociale", "nir", "insee", "carte vitale", "n° ss"],
        needs: Needs::Digits(13),
        ..Builtin::NEW
    },
    Builtin {
        name: "identity number (NIF)",
        kind: "ES_NIF",
        country: Some("ES"),
        patterns: &[(r"(?i)\b[0-9]{8}[ -]?[a-z]\b", 0.3), (r"(?i)\b[0-9]{2}\.[0-9]{3}\.[0-9]{3}[ -]?[a-z]\b", 0.3)],
        check: Check::Sum(Checksum::EsNif, 0.6),
        context: &["dni", "nif", "documento nacional", "identidad"],
        needs: Needs::Digits(8),
        ..Builtin::NEW
    },
    Builtin {
        name: "foreigner's number (NIE)",
        kind: "ES_NIE",
        country: Some("ES"),
        patterns: &[(r"(?i)\b[xyz][ -]?[0-9]{7}[ -]?[a-z]\b", 0.3)],
        check: Check::Sum(Checksum::EsNie, 0.7),
        context: &["nie", "extranjero", "identidad de extranjero"],
        needs: Needs::Digits(7),
        ..Builtin::NEW
    },
    Builtin {
        name: "tax code",
        kind: "IT_CODICE_FISCALE",
        country: Some("IT"),
        patterns: &[(r"(?i)\b[a-z]{6} ?[0-9lmnp-v]{2}[abcdehlmprst][0-9lmnp-v]{2} ?[a-z][0-9lmnp-v]{3}[a-z]\b", 0.3)],
        check: Check::Sum(Checksum::ItCodiceFiscale, 0.95),
        context: &["codice fiscale", "cf", "cod. fiscale"],
        ..Builtin::NEW
    },
    Builtin {
        name: "personal number (PESEL)",
        kind: "PL_PESEL",
        country: Some("PL"),
        patterns: &[(r"\b[0-9]{11}\b", 0.2)],
        check: Check::Sum(Checksum::PlPesel, 0.5),
        context: &["pesel", "numer pesel"],
        needs: Needs::Digits(11),
        ..Builtin::NEW
    },
    Builtin {
        name: "tax number (NIP)",
        kind: "PL_NIP",
        country: Some("PL"),
        patterns: &[
            (r"\b[0-9]{3}-[0-9]{3}-[0-9]{2}-[0-9]{2}\b", 0.4),
            (r"\b[0-9]{3}-[0-9]{2}-[0-9]{2}-[0-9]{3}\b", 0.4),
            (r"\b[0-9]{10}\b", 0.1),
        ],
        check: Check::Sum(Checksum::PlNip, 0.3),
        context: &["nip", "numer identyfikacji podatkowej"],
        needs: Needs::Digits(10),
        ..Builtin::NEW
    },
    Builtin {
        name: "citizen service number",
        kind: "NL_BSN",
        country: Some("NL"),
        patterns: &[(r"\b[0-9]{9}\b", 0.1), (r"\b[0-9]{4}[. ][0-9]{2}[. ][0-9]{3}\b", 0.3)],
        check: Check::Sum(Checksum::NlBsn, 0.25),
        context: &["bsn", "burgerservicenummer", "sofinummer", "sofi"],
        needs: Needs::Digits(9),
        ..Builtin::NEW
    },
    Builtin {
        name: "national number",
        kind: "BE_NRN",
        country: Some("BE"),
        patterns: &[
            (r"\b[0-9]{2}\.[0-9]{2}\.[0-9]{2}-[0-9]{3}\.[0-9]{2}\b", 0.7),
            (r"\b[0-9]{2}[ .-]?[0-9]{2}[ .-]?[0-9]{2}[ -]?[0-9]{3}[ .]?[0-9]{2}\b", 0.2),
        ],
        check: Check::Sum(Checksum::BeNrn, 0.4),
        context: &[
            "rijksregister",
            "rijksregisternummer",
            "registre national",
            "numéro national",
            "niss",
            "insz",
            "nationaal nummer",
        ],
        needs: Needs::Digits(11),
        ..Builtin::NEW
    },
    Builtin {
        name: "PT: tax number",
        kind: "PT_NIF",
        country: Some("PT"),
        patterns: &[(r"\b[0-9]{9}\b", 0.1), (r"\b[0-9]{3} [0-9]{3} [0-9]{3}\b", 0.2)],
        check: Check::Sum(Checksum::PtNif, 0.25),
        context: &["nif", "contribuinte", "número de contribuinte", "nipc"],
        needs: Needs::Digits(9),
        ..Builtin::NEW
    },
    Builtin {
        name: "SE: personal number",
        kind: "SE_PERSONNUMMER",
        country: Some("SE"),
        patterns: &[
            (r"\b(?:19|20)?[0-9]{6}[-+][0-9]{4}\b", 0.5),
            (r"\b(?:19|20)[0-9]{10}\b", 0.3),
            (r"\b[0-9]{10}\b", 0.1),
        ],
        check: Check::Sum(Checksum::SePersonnummer, 0.3),
        context: &["personnummer", "pnr", "personal number", "samordningsnummer"],
        needs: Needs::Digits(10),
        ..Builtin::NEW
    },
    Builtin {
        name: "personal identity code",
        kind: "FI_HETU",
        country: Some("FI"),
        patterns: &[(r"(?i)\b[0-9]{6}[-+a-fu-y][0-9]{3}[0-9a-z]\b", 0.4)],
        check: Check::Sum(Checksum::FiHetu, 0.85),
        context: &["hetu", "henkilötunnus", "sotu", "personal identity code", "personbeteckning"],
        needs: Needs::Digits(6),
        ..Builtin::NEW
    },
    Builtin {
        name: "Norwegian birth number",
        kind: "NO_FNR",
        country: Some("NO"),
        patterns: &[(r"\b[0-9]{6} ?[0-9]{5}\b", 0.2)],
        check: Check::Sum(Checksum::NoFnr, 0.6),
        context: &["fødselsnummer", "personnummer", "fnr", "d-nummer"],
        needs: Needs::Digits(11),
        ..Builtin::NEW
    },
    Builtin {
        name: "personal number (CPR)",
        kind: "DK_CPR",
        country: Some("DK"),
        patterns: &[(r"\b[0-9]{6}-[0-9]{4}\b", 0.4), (r"\b[0-9]{10}\b", 0.1)],
        check: Check::Sum(Checksum::DkCpr, 0.15),
        context: &["cpr", "cpr-nummer", "personnummer", "cpr-nr"],
        needs: Needs::Digits(10),
        ..Builtin::NEW
    },
    Builtin {
        name: "social security number (AHV)",
        kind: "CH_AHV",
        country: Some("CH"),
        patterns: &[(r"\b756[. ]?[0-9]{4}[. ]?[0-9]{4}[. ]?[0-9]{2}\b", 0.5)],
        check: Check::Sum(Checksum::ChAhv, 0.85),
        context: &["ahv", "avs", "ahv-nummer", "ahvn13", "navs13", "sozialversicherungsnummer"],
        needs: Needs::Digits(13),
        ..Builtin::NEW
    },
    Builtin {
        name: "CZ: birth number",
        kind: "CZ_RODNE_CISLO",
        country: Some("CZ"),
        patterns: &[(r"\b[0-9]{6}/[0-9]{4}\b", 0.3), (r"\b[0-9]{10}\b", 0.1)],
        check: Check::Sum(Checksum::CzRodneCislo, 0.25),
        context: &["rodné číslo", "rodne cislo", "r.č.", "rč"],
        needs: Needs::Digits(10),
        ..Builtin::NEW
    },
    Builtin {
        name: "personal code (CNP)",
        kind: "RO_CNP",
        country: Some("RO"),
        patterns: &[(r"\b[1-9][0-9]{12}\b", 0.2)],
        check: Check::Sum(Checksum::RoCnp, 0.7),
        context: &["cnp", "cod numeric personal"],
        needs: Needs::Digits(13),
        ..Builtin::NEW
    },
    Builtin {
        name: "personal number (OIB)",
        kind: "HR_OIB",
        country: Some("HR"),
        patterns: &[(r"\b[0-9]{11}\b", 0.1)],
        check: Check::Sum(Checksum::HrOib, 0.25),
        context: &["oib", "osobni identifikacijski broj"],
        needs: Needs::Digits(11),
        ..Builtin::NEW
    },
    Builtin {
        name: "TR: identity number",
        kind: "TR_TCKN",
        country: Some("TR"),
        patterns: &[(r"\b[1-9][0-9]{10}\b", 0.2)],
        check: Check::Sum(Checksum::TrTckn, 0.55),
        context: &["tckn", "kimlik", "kimlik no", "tc kimlik", "t.c. kimlik"],
        needs: Needs::Digits(11),
        ..Builtin::NEW
    },
    Builtin {
        name: "Aadhaar number",
        kind: "IN_AADHAAR",
        country: Some("IN"),
        patterns: &[(r"\b[2-9][0-9]{3}[ -][0-9]{4}[ -][0-9]{4}\b", 0.4), (r"\b[2-9][0-9]{11}\b", 0.2)],
        check: Check::Sum(Checksum::InAadhaar, 0.45),
        context: &["aadhaar", "aadhar", "uidai", "आधार", "uid"],
        needs: Needs::Digits(12),
        ..Builtin::NEW
    },
    Builtin {
        name: "permanent account number",
        kind: "IN_PAN",
        country: Some("IN"),
        patterns: &[(r"\b[A-Z]{3}[ABCFGHJLPTKE][A-Z][0-9]{4}[A-Z]\b", 0.45)],
        check: Check::Sum(Checksum::InPan, 0.0),
        context: &["pan", "pan card", "permanent account", "income tax"],
        needs: Needs::Digits(4),
        ..Builtin::NEW
    },
    Builtin {
        name: "taxpayer number (CPF)",
        kind: "BR_CPF",
        country: Some("BR"),
        patterns: &[
            (r"\b[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}\b", 0.9),
            (r"\b[0-9]{9}-[0-9]{2}\b", 0.6),
            (r"\b[0-9]{11}\b", 0.3),
        ],
        check: Check::Sum(Checksum::BrCpf, 0.45),
        context: &["cpf", "cadastro de pessoas", "contribuinte"],
        needs: Needs::Digits(11),
        ..Builtin::NEW
    },
    Builtin {
        name: "company number (CNPJ)",
        kind: "BR_CNPJ",
        country: Some("BR"),
        patterns: &[
            (r"(?i)\b[0-9a-z]{2}\.[0-9a-z]{3}\.[0-9a-z]{3}/[0-9a-z]{4}-[0-9]{2}\b", 0.8),
            (r"\b[0-9]{14}\b", 0.3),
        ],
        check: Check::Sum(Checksum::BrCnpj, 0.45),
        context: &["cnpj", "cadastro nacional"],
        ..Builtin::NEW
    },
    Builtin {
        name: "tax file number",
        kind: "AU_TFN",
        country: Some("AU"),
        patterns: &[(r"\b[0-9]{3} [0-9]{3} [0-9]{3}\b", 0.2), (r"\b[0-9]{9}\b", 0.1)],
        check: Check::Sum(Checksum::AuTfn, 0.3),
        context: &["tfn", "tax file", "tax file number"],
        needs: Needs::Digits(9),
        ..Builtin::NEW
    },
    Builtin {
        name: "business number",
        kind: "AU_ABN",
        country: Some("AU"),
        patterns: &[(r"\b[0-9]{2} [0-9]{3} [0-9]{3} [0-9]{3}\b", 0.45), (r"\b[0-9]{11}\b", 0.15)],
        check: Check::Sum(Checksum::AuAbn, 0.4),
        context: &["abn", "australian business"],
        needs: Needs::Digits(11),
        ..Builtin::NEW
    },
    Builtin {
        name: "Medicare number",
        kind: "AU_MEDICARE",
        country: Some("AU"),
        patterns: &[(r"\b[2-6][0-9]{3} [0-9]{5} [0-9](?:[ /-]?[1-9])?\b", 0.4), (r"\b[2-6][0-9]{9}\b", 0.1)],
        check: Check::Sum(Checksum::AuMedicare, 0.3),
        context: &["medicare", "medicare number", "medicare card"],
        needs: Needs::Digits(10),
        ..Builtin::NEW
    },
    Builtin {
        name: "identity number (NRIC, FIN)",
        kind: "SG_NRIC",
        country: Some("SG"),
        patterns: &[(r"(?i)\b[stfgm][0-9]{7}[a-z]\b", 0.3)],
        check: Check::Sum(Checksum::SgNric, 0.75),
        context: &["nric", "fin", "identity card", "singpass"],
        needs: Needs::Digits(7),
        ..Builtin::NEW
    },
    Builtin {
        name: "resident number",
        kind: "KR_RRN",
        country: Some("KR"),
        patterns: &[(r"\b[0-9]{6}-[0-9]{7}\b", 0.5), (r"\b[0-9]{13}\b", 0.2)],
        check: Check::Sum(Checksum::KrRrn, 0.5),
        context: &["rrn", "resident registration", "주민등록번호", "주민번호"],
        needs: Needs::Digits(13),
        ..Builtin::NEW
    },
    Builtin {
        name: "resident number without check digit",
        kind: "KR_RRN",
        country: Some("KR"),
        patterns: &[(r"\b[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])-[1-8][0-9]{6}\b", 0.3)],
        context: &["rrn", "resident registration", "주민등록번호", "주민번호", "외국인등록번호"],
        needs: Needs::Digits(13),
        ..Builtin::NEW
    },
    Builtin {
        name: "individual number (My Number)",
        kind: "JP_MY_NUMBER",
        country: Some("JP"),
        patterns: &[(r"\b[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}\b", 0.15)],
        check: Check::Sum(Checksum::JpMyNumber, 0.3),
        context: &["my number", "individual number", "マイナンバー", "個人番号"],
        needs: Needs::Digits(12),
        ..Builtin::NEW
    },
    Builtin {
        name: "resident identity number",
        kind: "CN_RIC",
        country: Some("CN"),
        patterns: &[(r"(?i)\b[1-9][0-9]{16}[0-9x]\b", 0.3)],
        check: Check::Sum(Checksum::CnRic, 0.9),
        context: &["身份证", "身份证号", "identity card", "id card"],
        needs: Needs::Digits(17),
        ..Builtin::NEW
    },
    Builtin {
        name: "ZA: identity number",
        kind: "ZA_ID",
        country: Some("ZA"),
        patterns: &[(r"\b[0-9]{13}\b", 0.2), (r"\b[0-9]{6} [0-9]{4} [0-9]{3}\b", 0.3)],
        check: Check::Sum(Checksum::ZaId, 0.6),
        context: &["id number", "south african id", "identity number", "rsa id"],
        needs: Needs::Digits(13),
        ..Builtin::NEW
    },
    Builtin {
        name: "population key (CURP)",
        kind: "MX_CURP",
        country: Some("MX"),
        patterns: &[(r"(?i)\b[a-z]{4}[0-9]{6}[hmx][a-z]{5}[0-9a-z][0-9]\b", 0.5)],
        check: Check::Sum(Checksum::MxCurp, 0.95),
        context: &["curp"],
        needs: Needs::Digits(6),
        ..Builtin::NEW
    },
    Builtin {
        name: "IL: identity number",
        kind: "IL_ID",
        country: Some("IL"),
        patterns: &[(r"\b[0-9]{9}\b", 0.1), (r"\b[0-9]{8}-[0-9]\b", 0.3)],
        check: Check::Sum(Checksum::IlId, 0.25),
        context: &["teudat zehut", "israeli id", "תעודת זהות", "ת.ז", "id number"],
        needs: Needs::Digits(9),
        ..Builtin::NEW
    },
    Builtin {
        name: "tax number (RUT)",
        kind: "CL_RUT",
        country: Some("CL"),
        patterns: &[(r"(?i)\b[0-9]{1,2}\.[0-9]{3}\.[0-9]{3}-[0-9k]\b", 0.8), (r"(?i)\b[0-9]{7,8}-[0-9k]\b", 0.3)],
        check: Check::Sum(Checksum::ClRut, 0.45),
        context: &["rut", "run", "cédula"],
        needs: Needs::Digits(7),
        ..Builtin::NEW
    },
    Builtin {
        name: "citizen number",
        kind: "TH_ID",
        country: Some("TH"),
        patterns: &[(r"\b[1-8]-[0-9]{4}-[0-9]{5}-[0-9]{2}-[0-9]\b", 0.8), (r"\b[1-8][0-9]{12}\b", 0.2)],
        check: Check::Sum(Checksum::ThId, 0.45),
        context: &["เลขประจำตัวประชาชน", "thai id", "citizen id"],
        needs: Needs::Digits(13),
        ..Builtin::NEW
    },
];
