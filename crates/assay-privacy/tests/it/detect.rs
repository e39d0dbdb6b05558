//! What is found and what is not, kind by kind.

use assay_privacy::{Detector, Selection};

/// Kind and text of each finding.
fn found(detector: &Detector, text: &str) -> Vec<(String, String)> {
    detector.detect(text).into_iter().map(|found| (found.kind.to_string(), text[found.range].to_owned())).collect()
}

fn everything() -> Detector {
    Detector::new(&Selection::everything()).unwrap()
}

#[test]
fn each_kind_is_found_in_a_sentence_and_nothing_else_is() {
    let detector = everything();
    let mut wrong = Vec::new();
    for (text, kind, value) in [
        ("write to jane.doe+x@mail.example.co.uk, please", "EMAIL", "jane.doe+x@mail.example.co.uk"),
        ("write to jane [at] example [dot] org now", "EMAIL", "jane [at] example [dot] org"),
        ("post an jörg@müller.example senden", "EMAIL", "jörg@müller.example"),
        ("ｊａｎｅ＠example。com", "EMAIL", "ｊａｎｅ＠example。com"),
        ("j\u{200b}ane@exam\u{ad}ple.com", "EMAIL", "j\u{200b}ane@exam\u{ad}ple.com"),
        ("メールはjane@example.comまで", "EMAIL", "jane@example.com"),
        ("ring +49 (30) 901820 first", "PHONE", "+49 (30) 901820"),
        ("ring (212) 555-0123 ext. 7 first", "PHONE", "(212) 555-0123 ext. 7"),
        ("tel. 030 / 901 820 12", "PHONE", "030 / 901 820 12"),
        ("电话：+86 138 0013 8000", "PHONE", "+86 138 0013 8000"),
        ("<a href=\"tel:+4930901820\">", "PHONE", "+4930901820"),
        ("paid with 4111 1111 1111 1111 today", "CREDIT_CARD", "4111 1111 1111 1111"),
        ("card ４１１１-１１１１-１１１１-１１１１", "CREDIT_CARD", "４１１１-１１１１-１１１１-１１１１"),
        ("card ٤١١١١١١١١١١١١١١١", "CREDIT_CARD", "٤١١١١١١١١١١١١١١١"),
        ("1234 4111 1111 1111 1111", "CREDIT_CARD", "4111 1111 1111 1111"),
        ("new range 2223003122003222 works", "CREDIT_CARD", "2223003122003222"),
        ("cvv: 123", "CARD_SECURITY_CODE", "123"),
        ("from GB82 WEST 1234 5698 7654 32 to other bank", "IBAN", "GB82 WEST 1234 5698 7654 32"),
        ("to DE89370400440532013000.", "IBAN", "DE89370400440532013000"),
        ("BIC DEUTDEFF500", "BANK_CODE", "DEUTDEFF500"),
        ("sort code 12-34-56", "BANK_CODE", "12-34-56"),
        ("account number 12345678", "BANK_ACCOUNT", "12345678"),
        ("to 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa now", "CRYPTO_ADDRESS", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
        (
            "to 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed now",
            "CRYPTO_ADDRESS",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        ),
        ("blocked 81.2.69.142 twice", "IP_ADDRESS", "81.2.69.142"),
        ("from 2a02:26f0:6c00::210:b8b2 today", "IP_ADDRESS", "2a02:26f0:6c00::210:b8b2"),
        ("at 3c:22:fb:9a:01:7e it is", "MAC_ADDRESS", "3c:22:fb:9a:01:7e"),
        ("see https://shop.example/a?b=c.", "URL", "https://shop.example/a?b=c"),
        ("(see www.example.com/x)", "URL", "www.example.com/x"),
        ("ssn 219-09-9998", "US_SSN", "219-09-9998"),
        ("NHS number 943 476 5919", "GB_NHS", "943 476 5919"),
        ("NI number AB 12 34 56 C", "GB_NINO", "AB 12 34 56 C"),
        ("Steuer-ID 36574261809", "DE_TAX_ID", "36574261809"),
        ("numéro de sécurité sociale 1 85 05 78 006 084 91", "FR_NIR", "1 85 05 78 006 084 91"),
        ("DNI 54362315K", "ES_NIF", "54362315K"),
        ("NIE X2482300W", "ES_NIE", "X2482300W"),
        ("codice fiscale RCCMNL83S18D969H", "IT_CODICE_FISCALE", "RCCMNL83S18D969H"),
        ("PESEL 44051401359", "PL_PESEL", "44051401359"),
        ("BSN 111222333", "NL_BSN", "111222333"),
        ("personnummer 880320-0016", "SE_PERSONNUMMER", "880320-0016"),
        ("hetu 131052-308T", "FI_HETU", "131052-308T"),
        ("CPF 390.533.447-05", "BR_CPF", "390.533.447-05"),
        ("TFN 123 456 782", "AU_TFN", "123 456 782"),
        ("NRIC S1234567D", "SG_NRIC", "S1234567D"),
        ("주민등록번호 971013-9019902", "KR_RRN", "971013-9019902"),
        ("身份证号11010519491231002X", "CN_RIC", "11010519491231002X"),
        ("Aadhaar 2341 2341 2346", "IN_AADHAAR", "2341 2341 2346"),
        ("PAN ABCPE1234F", "IN_PAN", "ABCPE1234F"),
        ("passport number C01X00T47", "PASSPORT", "C01X00T47"),
        ("MRN: 00412345", "MEDICAL_RECORD", "00412345"),
        ("VIN 1M8GDM9AXKP042788", "VEHICLE_ID", "1M8GDM9AXKP042788"),
        ("born on 14 March 1982", "DATE_OF_BIRTH", "14 March 1982"),
        ("geboren am 14.03.1982", "DATE_OF_BIRTH", "14.03.1982"),
        ("due 2026-03-14", "DATE", "2026-03-14"),
        ("she is 54 years old", "AGE", "54"),
        ("I live at 22 Pollen Crescent.", "ADDRESS", "22 Pollen Crescent"),
        ("wohnhaft Lindenstraße 12a", "ADDRESS", "Lindenstraße 12a"),
        ("habite 12 rue de la Paix", "ADDRESS", "12 rue de la Paix"),
        ("P.O. Box 1234", "ADDRESS", "P.O. Box 1234"),
        ("PLZ 10115", "POSTCODE", "10115"),
        ("at SW1A 1AA", "POSTCODE", "SW1A 1AA"),
        ("she moved to Reykjavik", "LOCATION", "Reykjavik"),
        ("from Acme Rockets GmbH", "ORGANIZATION", "Acme Rockets GmbH"),
        ("he is Danish", "NATIONALITY", "Danish"),
        ("Mr. Rubija Šušulić agreed", "PERSON", "Rubija Šušulić"),
        ("My name is Rubija", "PERSON", "Rubija"),
        ("ich heiße Jürgen Müller", "PERSON", "Jürgen Müller"),
        ("with Maria van den Berg today", "PERSON", "Maria van den Berg"),
        ("name: O'Brien", "PERSON", "O'Brien"),
        ("password: Tr0ub4dor&3", "PASSWORD", "Tr0ub4dor&3"),
        ("postgres://app:s3cr3t@db.internal/x", "PASSWORD", "s3cr3t"),
        ("your PIN is 4711", "PASSWORD", "4711"),
        ("at 52.520008, 13.404954", "COORDINATES", "52.520008, 13.404954"),
    ] {
        let found = found(&detector, text);
        let expected = (kind.to_owned(), value.to_owned());
        let rest = found.iter().any(|other| *other != expected && !(other.0 == "URL" && kind == "PASSWORD"));
        if rest || !found.contains(&expected) {
            wrong.push(format!("{kind} in {text:?}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Put together here, so that nobody's scanner takes them for real ones.
fn secret(parts: &[&str]) -> String {
    parts.concat()
}

#[test]
fn secrets_are_known_by_prefix_form_and_assignment() {
    let detector = Detector::new(&Selection::default()).unwrap();
    let random = "9fK2mQ7xLw4ZtB8vR1cYhN5sJ3dGpA6uEoTi";
    for (text, kind) in [
        (secret(&["key AK", "IA", "IOSFODNN7QWERTYU"]), "API_KEY"),
        (secret(&["gh", "p_", random]), "API_KEY"),
        (secret(&["use sk", "-proj-", random, random]), "API_KEY"),
        (secret(&["sk", "-ant-", "api03-", random, random]), "API_KEY"),
        (secret(&["xo", "xb-", "123456789012-", "AbCdEfGhIjKl"]), "API_KEY"),
        (secret(&["AI", "za", "SyD4iE2xVSpkLLOXoyqT", "-NuPwzTRDkRoY4x"]), "API_KEY"),
        (secret(&["sk", "_live_", "4eC39HqLyjWDarjtT1zd", "p7dc"]), "API_KEY"),
        (
            secret(&[
                "token eyJ",
                "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0",
                ".dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
            ]),
            "JWT",
        ),
        (
            secret(&["-----BEGIN RSA ", "PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA ", "PRIVATE KEY-----"]),
            "PRIVATE_KEY",
        ),
        (secret(&["-----BEGIN OPENSSH ", "PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU"]), "PRIVATE_KEY"),
        (secret(&["Authorization: Bearer ", random]), "API_KEY"),
        (secret(&["client_secret = \"", random, "\""]), "SECRET"),
        (secret(&["AccountKey=", random, random, "+/=="]), "API_KEY"),
    ] {
        let found = found(&detector, &text);
        assert_eq!(found.len(), 1, "{text:?}: {found:?}");
        assert_eq!(found[0].0, kind, "{text:?}");
    }
    for text in [
        "the key is to listen; the token was lost",
        "api_key = os.environ['KEY_1234']",
        "password: ${DB_PASSWORD}",
        "token: your_token_here_123",
        "secret_name = the_usual_place",
        "commit 4bf92f3577b34da6a3ce929d0e0e4736 fixed it",
        "the password is required",
        "sk-learn-is-a-python-package-for-models",
    ] {
        assert!(found(&detector, text).is_empty(), "{text:?}: {:?}", found(&detector, text));
    }
}

#[test]
fn ordinary_numbers_and_words_are_nobodys() {
    let detector = Detector::new(&Selection::default()).unwrap();
    for text in [
        "At 1726051200123 the job ended; 1726051200 in seconds.",
        "Version 10.4.2.1, section 1.2.3.4, build 20260314.1",
        "ISBN 978-0-306-40615-7 costs 49.99",
        "std::collections::HashMap and a::b::c",
        "We measured 0.8315 [0.8012, 0.8599] over 1,319 cases.",
        "ticket 123456789 and order 4417123456789",
        "1.234.567 of 12.345.678 rows, 100 000 000 in all",
        "trace 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "uuid 123e4567-e89b-12d3-a456-426614174000",
        "May I ask who will grant hope to Paris in April?",
        "127.0.0.1 and 192.0.2.7 and 0.0.0.0 and 255.255.255.255",
        "x = 123456789; y = 9876543210;",
        "3.14159265358979 and 2.718281828459045",
        "function email@2x.png",
        "12:30:45 on 2026-03-14",
        "0x1f4 and 0xdeadbeef",
        "What is the capital of France?",
        "The Bank of England raised rates by 25 basis points in 2023.",
    ] {
        assert!(found(&detector, text).is_empty(), "{text:?}: {:?}", found(&detector, text));
    }
}

#[test]
fn a_word_nearby_makes_a_weak_number_a_finding_and_is_named() {
    let detector = Detector::new(&Selection::default()).unwrap();
    assert!(detector.detect("it was 219099998 then").is_empty());
    let text = "his social security number, he said, was 219099998";
    let found = detector.detect(text);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].kind, "US_SSN");
    assert_eq!(found[0].evidence.context.as_deref(), Some("social security number"));
    assert_eq!(found[0].evidence.checksum.map(assay_privacy::Checksum::name), Some("us-ssn"));
    let far = format!("social security number {} 219099998", "and ".repeat(40));
    assert!(detector.detect(&far).is_empty());
}

#[test]
fn a_value_found_once_is_found_wherever_it_stands() {
    let detector = Detector::new(&Selection::default()).unwrap();
    let text = "Mr. Rubija called. Later Rubija's wife wrote that Rubija was ill; Rubijana was not.";
    let found = detector.detect(text);
    assert_eq!(found.len(), 3);
    assert!(found[1].evidence.repeated && found[2].evidence.repeated);
}

#[test]
fn the_name_of_a_field_is_a_word_beside_its_value() {
    let detector = Detector::new(&Selection::default()).unwrap();
    assert!(detector.detect("219099998").is_empty());
    for (field, text, kind) in [
        ("ssn", "219099998", "US_SSN"),
        ("customerPhone", "555 0123 44", "PHONE"),
        ("first_name", "rubija", "PERSON"),
        ("api_key", "hunter2hunter2", "SECRET"),
        ("dateOfBirth", "1982-03-14", "DATE_OF_BIRTH"),
    ] {
        let found = detector.detect_field(field, text);
        assert_eq!(found.len(), 1, "{field}: {found:?}");
        assert_eq!(found[0].kind, kind, "{field}");
        assert_eq!(found[0].range, 0..text.len());
    }
    assert!(detector.detect_field("comment", "hunter2hunter2").is_empty());
}

#[test]
fn overlapping_findings_become_one_that_covers_both() {
    let detector = everything();
    let text = "https://example.com/?mail=jane@example.com";
    let found = found(&detector, text);
    assert_eq!(found, [("URL".to_owned(), text.to_owned())]);
}

#[test]
fn a_selection_chooses_kinds_countries_confidence_and_values_to_let_through() {
    let text = "jane@example.com, ssn 219-09-9998, NI number AB123456C, Reykjavik";
    let kinds = |selection: serde_json::Value| {
        let selection: Selection = serde_json::from_value(selection).unwrap();
        let detector = Detector::new(&selection).unwrap();
        detector.detect(text).into_iter().map(|found| found.kind.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(kinds(serde_json::json!({})), ["EMAIL", "US_SSN", "GB_NINO"]);
    assert_eq!(kinds(serde_json::json!({"also": ["LOCATION"]})), ["EMAIL", "US_SSN", "GB_NINO", "LOCATION"]);
    assert_eq!(kinds(serde_json::json!({"kinds": ["EMAIL"]})), ["EMAIL"]);
    assert_eq!(kinds(serde_json::json!({"without": ["EMAIL"], "countries": ["GB"]})), ["GB_NINO"]);
    assert_eq!(kinds(serde_json::json!({"confidence": 0.9, "allow": ["JANE@example.com"]})), ["GB_NINO"]);
}

#[test]
fn problems_of_a_selection_name_their_place_and_what_would_be_right() {
    for (selection, pointer, message) in [
        (serde_json::json!({"kinds": ["E_MAIL"]}), "/kinds/0", "no recogniser finds `E_MAIL`"),
        (serde_json::json!({"also": ["EMAIL", "SSN"]}), "/also/1", "did you mean `US_SSN`?"),
        (serde_json::json!({"countries": ["US", "XX"]}), "/countries/1", "no recogniser belongs to `XX`"),
        (serde_json::json!({"confidence": 2}), "/confidence", "between 0 and 1"),
        (
            serde_json::json!({"recognisers": [{"name": "x", "kind": "X", "patterns": [{"regex": "(", "confidence": 0.5}]}]}),
            "/recognisers/0/patterns/0/regex",
            "cannot be used",
        ),
        (
            serde_json::json!({"recognisers": [{"name": "x", "kind": "X", "patterns": [{"regex": "a*", "confidence": 0.5}]}]}),
            "/recognisers/0/patterns/0/regex",
            "everywhere",
        ),
        (
            serde_json::json!({"recognisers": [{"name": "x", "kind": "X", "patterns": [{"regex": "((a{1000}){1000}){1000}", "confidence": 0.5}]}]}),
            "/recognisers/0/patterns/0/regex",
            "size limit",
        ),
        (
            serde_json::json!({"recognisers": [{"name": "", "kind": "X", "patterns": []}]}),
            "/recognisers/0/name",
            "needs a name",
        ),
        (
            serde_json::json!({"recognisers": [{"name": "x", "kind": "X", "patterns": []}]}),
            "/recognisers/0/patterns",
            "at least one",
        ),
    ] {
        let selection: Selection = serde_json::from_value(selection).unwrap();
        let problem = Detector::new(&selection).err().expect("a problem");
        assert_eq!(problem.pointer, pointer);
        assert!(problem.message.contains(message), "{problem}");
    }
    for broken in [
        serde_json::json!({"kind": []}),
        serde_json::json!({"kinds": ["lower"]}),
        serde_json::json!({"recognisers": [{"name": "x", "kind": "X", "patterns": [], "checksum": "luhm"}]}),
    ] {
        assert!(serde_json::from_value::<Selection>(broken).is_err());
    }
}

#[test]
fn custom_recognisers_have_context_and_checksums() {
    let selection: Selection = serde_json::from_value(serde_json::json!({"recognisers": [{
        "name": "member number", "kind": "MEMBER", "checksum": "luhn", "checked": 0.3, "context": ["Mitglied"],
        "patterns": [{"regex": "\\bM(?P<v>[0-9]{8})\\b", "confidence": 0.1}]
    }]}))
    .unwrap();
    let detector = Detector::new(&selection).unwrap();
    assert!(detector.detect("M79927398").is_empty());
    let found = found(&detector, "MITGLIED M79927397, Mitglied M79927398");
    assert!(found.iter().all(|(kind, _)| kind == "MEMBER"), "{found:?}");
}

#[test]
fn a_detector_is_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    let detector = everything();
    shared(&detector);
    let alone = found(&detector, "jane@example.com and 4111 1111 1111 1111");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(found(&detector, "jane@example.com and 4111 1111 1111 1111"), alone));
        }
    });
}
