//! Secrets: keys by the prefixes that their issuers document, tokens and key files by their form, passwords by what stands
//! before them.
//!
//! A word that such a key always holds is looked for first, so a text without one costs nothing here.

use crate::kind::Class;
use crate::recogniser::{Builtin, Candidate, Check, Needs};

const KEY: Builtin = Builtin { kind: "API_KEY", class: Class::Secret, check: Check::Rule(key), ..Builtin::NEW };

pub(super) const ALL: &[Builtin] = &[
    Builtin {
        name: "AWS access key id",
        patterns: &[(r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b", 0.95)],
        needs: Needs::Any(&["akia", "asia", "abia", "acca"]),
        ..KEY
    },
    Builtin {
        name: "AWS secret key",
        patterns: &[(
            r#"(?i)\b(?:aws|secret)[a-z_ -]{0,30}(?:key|secret)[a-z_ -]{0,10}[\"']?\s{0,3}[:=]{1,2}>?\s{0,3}[\"']?(?P<v>[A-Za-z0-9/+]{40})(?:[\"'\s,;]|$)"#,
            0.9,
        )],
        needs: Needs::Any(&["aws", "secret"]),
        ..KEY
    },
    Builtin {
        name: "GitHub token",
        patterns: &[(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59})\b", 0.97)],
        needs: Needs::Any(&["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"]),
        ..KEY
    },
    Builtin {
        name: "GitLab token",
        patterns: &[(r"\b(?:glpat|gldt|glrt|glptt|glcbt|glft|glsoat|glagent)-[0-9A-Za-z_-]{20,64}", 0.97)],
        needs: Needs::Any(&["glpat-", "gldt-", "glrt-", "glptt-", "glcbt-", "glft-", "glsoat-", "glagent-"]),
        ..KEY
    },
    Builtin {
        name: "Slack token",
        patterns: &[(r"\bxox[abeoprs](?:\.xox[bp])?-[0-9A-Za-z-]{10,}", 0.95)],
        needs: Needs::Any(&["xox"]),
        ..KEY
    },
    Builtin {
        name: "Slack app token",
        patterns: &[(r"\bxapp-[0-9]-[A-Z0-9]{8,16}-[0-9]{8,16}-[a-f0-9]{40,80}\b", 0.97)],
        needs: Needs::Any(&["xapp-"]),
        ..KEY
    },
    Builtin {
        name: "Slack webhook",
        patterns: &[(r"https://hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{20,80}", 0.97)],
        needs: Needs::Any(&["hooks.slack"]),
        ..KEY
    },
    Builtin {
        name: "Stripe key",
        patterns: &[(r"\b(?:sk|rk)_(?:live|test|prod)_[0-9a-zA-Z]{10,}\b", 0.95)],
        needs: Needs::Any(&["sk_live_", "rk_live_", "sk_test_", "rk_test_", "sk_prod_", "rk_prod_"]),
        ..KEY
    },
    Builtin {
        name: "webhook signing secret",
        patterns: &[(r"\bwhsec_[A-Za-z0-9+/=]{24,80}", 0.9)],
        needs: Needs::Any(&["whsec_"]),
        ..KEY
    },
    Builtin {
        name: "OpenAI key",
        patterns: &[(r"\bsk-(?:proj-|svcacct-|admin-|None-)?[A-Za-z0-9_-]{20,}\b", 0.9)],
        needs: Needs::Any(&["sk-"]),
        ..KEY
    },
    Builtin {
        name: "Anthropic key",
        patterns: &[(r"\bsk-ant-(?:api|admin|sid|oat)[0-9]{2}-[A-Za-z0-9_-]{20,}", 0.97)],
        needs: Needs::Any(&["sk-ant-"]),
        ..KEY
    },
    Builtin {
        name: "Google API key",
        patterns: &[(r"\bAIza[0-9A-Za-z_-]{35}", 0.95)],
        needs: Needs::Any(&["aiza"]),
        ..KEY
    },
    Builtin {
        name: "Google OAuth secret",
        patterns: &[(r"\b(?:GOCSPX-[A-Za-z0-9_-]{28}|ya29\.[A-Za-z0-9_-]{20,})", 0.95)],
        needs: Needs::Any(&["gocspx-", "ya29."]),
        ..KEY
    },
    Builtin {
        name: "Hugging Face token",
        patterns: &[(r"\b(?:hf_[a-zA-Z]{34}|api_org_[a-zA-Z]{34})\b", 0.95)],
        needs: Needs::Any(&["hf_", "api_org_"]),
        ..KEY
    },
    Builtin { name: "npm token", patterns: &[(r"\bnpm_[A-Za-z0-9]{36}\b", 0.97)], needs: Needs::Any(&["npm_"]), ..KEY },
    Builtin {
        name: "PyPI token",
        patterns: &[(r"\bpypi-AgE[A-Za-z0-9_-]{50,}", 0.97)],
        needs: Needs::Any(&["pypi-age"]),
        ..KEY
    },
    Builtin {
        name: "crates.io token",
        patterns: &[(r"\bcio[a-zA-Z0-9]{32}\b", 0.7)],
        needs: Needs::Any(&["cio"]),
        ..KEY
    },
    Builtin {
        name: "RubyGems token",
        patterns: &[(r"\brubygems_[a-f0-9]{48}\b", 0.97)],
        needs: Needs::Any(&["rubygems_"]),
        ..KEY
    },
    Builtin {
        name: "Docker token",
        patterns: &[(r"\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{27,64}", 0.97)],
        needs: Needs::Any(&["dckr_"]),
        ..KEY
    },
    Builtin {
        name: "SendGrid key",
        patterns: &[(r"\bSG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}", 0.95)],
        needs: Needs::Any(&["sg."]),
        ..KEY
    },
    Builtin {
        name: "Mailgun or Mailchimp key",
        patterns: &[(r"\b(?:key-[a-f0-9]{32}|[a-f0-9]{32}-us[0-9]{1,2})\b", 0.85)],
        needs: Needs::Any(&["key-", "-us"]),
        ..KEY
    },
    Builtin { name: "Twilio key", patterns: &[(r"\bSK[a-f0-9]{32}\b", 0.8)], needs: Needs::Any(&["sk"]), ..KEY },
    Builtin {
        name: "Telegram bot token",
        patterns: &[(r"\b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}", 0.9)],
        needs: Needs::Any(&[":aa"]),
        ..KEY
    },
    Builtin {
        name: "Discord token",
        patterns: &[(r"\b[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}", 0.8)],
        needs: Needs::Any(&["."]),
        ..KEY
    },
    Builtin {
        name: "Discord webhook",
        patterns: &[(
            r"https://(?:canary\.|ptb\.)?discord(?:app)?\.com/api/webhooks/[0-9]{15,22}/[A-Za-z0-9_-]{60,80}",
            0.97,
        )],
        needs: Needs::Any(&["/api/webhooks/"]),
        ..KEY
    },
    Builtin {
        name: "DigitalOcean token",
        patterns: &[(r"\bdo[opr]_v1_[a-f0-9]{64}\b", 0.97)],
        needs: Needs::Any(&["_v1_"]),
        ..KEY
    },
    Builtin {
        name: "Shopify token",
        patterns: &[(r"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}\b", 0.97)],
        needs: Needs::Any(&["shpat_", "shpca_", "shppa_", "shpss_"]),
        ..KEY
    },
    Builtin {
        name: "Square token",
        patterns: &[(r"\b(?:sq0(?:atp|csp|idp)-[A-Za-z0-9_-]{22,43}|EAAA[A-Za-z0-9_-]{60})", 0.93)],
        needs: Needs::Any(&["sq0", "eaaa"]),
        ..KEY
    },
    Builtin {
        name: "Databricks token",
        patterns: &[(r"\bdapi[a-f0-9]{32}(?:-[0-9])?\b", 0.95)],
        needs: Needs::Any(&["dapi"]),
        ..KEY
    },
    Builtin {
        name: "Vault token",
        patterns: &[(r"\b(?:hvs|hvb|hvr)\.[A-Za-z0-9_-]{24,}", 0.95)],
        needs: Needs::Any(&["hvs.", "hvb.", "hvr."]),
        ..KEY
    },
    Builtin {
        name: "Terraform token",
        patterns: &[(r"\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}", 0.97)],
        needs: Needs::Any(&[".atlasv1."]),
        ..KEY
    },
    Builtin {
        name: "Grafana token",
        patterns: &[(r"\b(?:glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}|glc_[A-Za-z0-9+/=]{32,})", 0.95)],
        needs: Needs::Any(&["glsa_", "glc_"]),
        ..KEY
    },
    Builtin {
        name: "Sentry token",
        patterns: &[(r"\bsntry[su]_[A-Za-z0-9_=+/-]{40,}", 0.95)],
        needs: Needs::Any(&["sntry"]),
        ..KEY
    },
    Builtin {
        name: "New Relic key",
        patterns: &[(r"\bNRA[KA]-[A-Z0-9]{27}\b|\bNRJS-[a-f0-9]{19}\b|\b[a-f0-9]{36}NRAL\b", 0.95)],
        needs: Needs::Any(&["nrak-", "nraa-", "nrjs-", "nral"]),
        ..KEY
    },
    Builtin {
        name: "Postman key",
        patterns: &[(r"\bPMAK-[a-fA-F0-9]{24}-[a-fA-F0-9]{34}\b", 0.97)],
        needs: Needs::Any(&["pmak-"]),
        ..KEY
    },
    Builtin {
        name: "Atlassian token",
        patterns: &[(r"\bAT(?:ATT3|CTT3|BB)[A-Za-z0-9_=-]{24,}", 0.93)],
        needs: Needs::Any(&["atatt3", "atctt3", "atbb"]),
        ..KEY
    },
    Builtin {
        name: "Linear key",
        patterns: &[(r"\blin_(?:api|oauth)_[A-Za-z0-9]{32,64}\b", 0.95)],
        needs: Needs::Any(&["lin_"]),
        ..KEY
    },
    Builtin {
        name: "Notion token",
        patterns: &[(r"\b(?:ntn_[0-9A-Za-z]{40,50}|secret_[0-9A-Za-z]{43})\b", 0.9)],
        needs: Needs::Any(&["ntn_", "secret_"]),
        ..KEY
    },
    Builtin {
        name: "Airtable token",
        patterns: &[(r"\bpat[A-Za-z0-9]{14}\.[a-f0-9]{64}\b", 0.95)],
        needs: Needs::Any(&["pat"]),
        ..KEY
    },
    Builtin {
        name: "Figma token",
        patterns: &[(r"\bfig[dou]_[A-Za-z0-9_-]{30,60}", 0.9)],
        needs: Needs::Any(&["figd_", "figo_", "figu_"]),
        ..KEY
    },
    Builtin {
        name: "Doppler token",
        patterns: &[(r"\bdp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._-]{40,80}", 0.95)],
        needs: Needs::Any(&["dp."]),
        ..KEY
    },
    Builtin {
        name: "Groq, Perplexity, xAI or Replicate key",
        patterns: &[(
            r"\b(?:gsk_[A-Za-z0-9]{48,60}|pplx-[A-Za-z0-9]{48,56}|xai-[A-Za-z0-9]{70,90}|r8_[A-Za-z0-9]{37,40})\b",
            0.95,
        )],
        needs: Needs::Any(&["gsk_", "pplx-", "xai-", "r8_"]),
        ..KEY
    },
    Builtin {
        name: "Langfuse or LangSmith key",
        patterns: &[(r"\b(?:sk-lf-[0-9a-f]{8}-[0-9a-f-]{27}|lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10})\b", 0.97)],
        needs: Needs::Any(&["sk-lf-", "lsv2_"]),
        ..KEY
    },
    Builtin {
        name: "Azure storage key",
        patterns: &[(r"(?i)\b(?:AccountKey|SharedAccessKey)=(?P<v>[A-Za-z0-9+/]{40,88}={0,2})", 0.97)],
        needs: Needs::Any(&["accountkey=", "sharedaccesskey="]),
        ..KEY
    },
    Builtin {
        name: "Azure shared access signature",
        patterns: &[(r"[?&]sig=(?P<v>[A-Za-z0-9%+/]{40,120}(?:%3D|=)?)", 0.85)],
        needs: Needs::Any(&["sig="]),
        ..KEY
    },
    Builtin {
        name: "Azure client secret",
        patterns: &[(r"\b[A-Za-z0-9_~.]{3}[78]Q~[A-Za-z0-9_~.-]{31,34}", 0.9)],
        needs: Needs::Any(&["q~"]),
        ..KEY
    },
    Builtin {
        name: "age secret key",
        patterns: &[(r"\bAGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}\b", 0.98)],
        needs: Needs::Any(&["age-secret-key-"]),
        ..KEY
    },
    Builtin {
        name: "Heroku key",
        patterns: &[(r"\bHRKU-[0-9a-fA-F-]{36,64}\b", 0.93)],
        needs: Needs::Any(&["hrku-"]),
        ..KEY
    },
    Builtin {
        name: "Cloudflare key",
        patterns: &[(r"\bv1\.0-[a-f0-9]{24}-[a-f0-9]{146}\b", 0.97)],
        needs: Needs::Any(&["v1.0-"]),
        ..KEY
    },
    Builtin {
        name: "Fly.io token",
        patterns: &[(r"\b(?:fm[12][a-z]?_[A-Za-z0-9+/=_-]{60,}|fo1_[A-Za-z0-9_-]{43})", 0.9)],
        needs: Needs::Any(&["fm1", "fm2", "fo1_"]),
        ..KEY
    },
    Builtin {
        name: "WireGuard private key",
        patterns: &[(r"(?i)\bPrivateKey\s{0,3}=\s{0,3}(?P<v>[A-Za-z0-9+/]{43}=)", 0.95)],
        needs: Needs::Any(&["privatekey"]),
        ..KEY
    },
    Builtin {
        name: "JSON web token",
        kind: "JWT",
        class: Class::Secret,
        patterns: &[(r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]{0,}){1,3}", 0.95)],
        needs: Needs::Any(&["eyj"]),
        ..Builtin::NEW
    },
    Builtin {
        name: "private key block",
        kind: "PRIVATE_KEY",
        class: Class::Secret,
        // No two hyphens inside, so that a block without an end stops at the next one: time stays linear.
        patterns: &[(
            r"-----BEGIN (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----[A-Za-z0-9+/=:,.\s\\]*(?:-[A-Za-z0-9+/=:,.\s\\]+)*(?:-----END (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----)?",
            0.99,
        )],
        check: Check::Rule(key_block),
        needs: Needs::Any(&["private key"]),
        ..Builtin::NEW
    },
    Builtin {
        name: "PuTTY private key",
        kind: "PRIVATE_KEY",
        class: Class::Secret,
        patterns: &[(r"Private-Lines: [0-9]{1,3}\r?\n(?P<v>[A-Za-z0-9+/=\r\n]{40,})", 0.97)],
        needs: Needs::Any(&["private-lines"]),
        ..Builtin::NEW
    },
    Builtin {
        name: "password in a web address",
        kind: "PASSWORD",
        class: Class::Secret,
        patterns: &[(
            r#"(?ui)(?-u:\b)[a-z][a-z0-9+.-]{1,30}://[^\s:/?#@"'<>]{0,128}:(?P<v>[^\s/?#@"'<>]{1,})@[a-z0-9\[]"#,
            0.95,
        )],
        check: Check::Rule(password),
        needs: Needs::Any(&["://"]),
        ..Builtin::NEW
    },
    Builtin {
        name: "password in a connection string",
        kind: "PASSWORD",
        class: Class::Secret,
        patterns: &[(r#"(?ui)(?:^|[;\s"'])(?:password|pwd)\s?=\s?(?P<v>[^\s;"']{4,128})(?:;|"|'|\s|$)"#, 0.75)],
        check: Check::Rule(password),
        needs: Needs::Any(&["password", "pwd"]),
        ..Builtin::NEW
    },
    Builtin {
        name: "authorization header",
        kind: "API_KEY",
        class: Class::Secret,
        patterns: &[
            (
                r#"(?i)\bauthorization["']?\s{0,3}[:=]\s{0,3}["']?(?:bearer|basic|token|digest|apikey)\s{1,3}(?P<v>[A-Za-z0-9._~+/=-]{8,})"#,
                0.9,
            ),
            (r#"(?i)\bbearer\s{1,3}(?P<v>[A-Za-z0-9._~+/-]{20,}={0,2})"#, 0.6),
            (
                r#"(?i)\b(?:x-api-key|x-auth-token|private-token|x-goog-api-key|api-key)["']?\s{0,3}:\s{0,3}["']?(?P<v>[A-Za-z0-9._~+/=-]{8,})"#,
                0.85,
            ),
        ],
        check: Check::Rule(key),
        needs: Needs::Any(&[
            "authorization",
            "bearer",
            "x-api-key",
            "x-auth-token",
            "private-token",
            "x-goog-api-key",
            "api-key",
        ]),
        ..Builtin::NEW
    },
    Builtin {
        name: "assigned secret",
        kind: "SECRET",
        class: Class::Secret,
        patterns: &[(
            r#"(?i)[a-z0-9_.-]{0,40}(?:api[_-]?key|apikey|secret|token|access[_-]?key|auth[_-]?key|private[_-]?key|client[_-]?secret|credential)s?[a-z0-9_.-]{0,20}["']?\s{0,3}(?:=|:=|:|=>)\s{0,3}["'`]?(?P<v>[A-Za-z0-9_./+=~!@#$%^&*-]{8,})"#,
            0.7,
        )],
        check: Check::Rule(random),
        needs: Needs::Any(&["key", "secret", "token", "credential"]),
        ..Builtin::NEW
    },
    Builtin {
        name: "password",
        kind: "PASSWORD",
        class: Class::Secret,
        patterns: &[
            (
                r#"(?ui)(?-u:\b)(?:password|passwd|passphrase|passwort|kennwort|contraseña|mot de passe|пароль|密码|パスワード)["']?\s{0,3}(?:=|:=|:|=>)\s{0,3}["'`]?(?P<v>[^\s"'`,;<>]{4,128})"#,
                0.75,
            ),
            (
                r#"(?ui)(?-u:\b)(?:password|passwort|kennwort|passphrase|contraseña|mot de passe) (?:is|was|ist|lautet|es|est)[: ]{1,2}["'`]?(?P<v>[^\s"'`,;<>]{6,128})"#,
                0.6,
            ),
        ],
        check: Check::Rule(password),
        needs: Needs::Any(&[
            "passw",
            "passphrase",
            "kennwort",
            "contraseña",
            "mot de passe",
            "пароль",
            "密码",
            "パスワード",
        ]),
        ..Builtin::NEW
    },
    Builtin {
        name: "PIN",
        kind: "PASSWORD",
        class: Class::Secret,
        patterns: &[(
            r"(?i)\b(?:pin|pin code|pin number|otp|one[- ]time (?:code|password)|verification code|2fa code|tan)\b[ :#=-]{0,3}(?:is |ist |was )?(?P<v>[0-9]{4,8})\b",
            0.7,
        )],
        needs: Needs::Any(&["pin", "otp", "one-time", "one time", "verification code", "2fa", "tan"]),
        ..Builtin::NEW
    },
    Builtin {
        name: "secret of a field",
        kind: "SECRET",
        class: Class::Secret,
        patterns: &[(r"(?u)\S{6,}", 0.4)],
        check: Check::Rule(password),
        context: &[
            "password",
            "passwd",
            "pwd",
            "passphrase",
            "secret",
            "api key",
            "apikey",
            "token",
            "access token",
            "auth token",
            "refresh token",
            "client secret",
            "private key",
            "credential",
        ],
        field: true,
        ..Builtin::NEW
    },
];

/// Bits per character by the frequencies of the value's own characters (Shannon).
fn entropy(value: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    value.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let length = value.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / length;
            -share * share.log2()
        })
        .sum()
}

/// What stands where a secret would be: examples, variables, words.
fn stand_in(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let words = [
        "example",
        "xxxx",
        "your",
        "change",
        "placeholder",
        "redacted",
        "dummy",
        "todo",
        "insert",
        "replace",
        "<",
        "****",
        "....",
        "none",
        "null",
        "undefined",
        "true",
        "false",
        "process.env",
        "os.environ",
        "getenv",
        "env.",
        "secrets.",
        "vault:",
        "env:",
        "file:",
    ];
    words.iter().any(|word| lower.contains(word))
        || lower.starts_with(['$', '{', '%', '@'])
        || lower.as_bytes().windows(2).all(|pair| pair[0] == pair[1])
        || crate::placeholder::is_written(value)
}

/// The key after its prefix is no example: not one character over and over, and no word that says so.
fn key(found: &mut Candidate<'_>) -> Option<f32> {
    let value = found.value();
    let tail = &value.as_bytes()[value.len() / 3..];
    let plain = value.starts_with("sk-") && !value.bytes().any(|byte| byte.is_ascii_digit());
    (!stand_in(value) && entropy(tail) > 2.0 && !plain).then_some(found.confidence)
}

/// A block without its end still hides what looks like its body: up to the last word of sixteen characters or more.
fn key_block(found: &mut Candidate<'_>) -> Option<f32> {
    let value = found.value();
    if !value.ends_with("-----") || value.matches("-----").count() < 4 {
        let body = value.rfind("KEY").map_or(0, |at| at + value[at..].find("-----").map_or(0, |end| end + 5));
        let last = value[body..].split_whitespace().rfind(|word| word.len() >= 16);
        let end = last.map_or(body, |word| word.as_ptr() as usize - value.as_ptr() as usize + word.len());
        found.end = found.start + end;
    }
    Some(found.confidence)
}

/// A value that nobody would write as a word: letters and digits, 3 bits per character or more.
fn random(found: &mut Candidate<'_>) -> Option<f32> {
    let value = found.value().trim_end_matches(['.', ',', '*', '!']);
    found.end = found.start + value.len();
    let value = found.value();
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    let path = value.matches(['/', '.']).count() > 2 && digits < 4;
    let mixed = digits >= 2 && letters >= 2;
    let least = if value.len() >= 20 { 3.2 } else { 2.8 };
    (mixed && !path && !stand_in(value) && entropy(value.as_bytes()) >= least).then_some(found.confidence)
}

/// No variable, no example, and not the word that goes on with the sentence.
fn password(found: &mut Candidate<'_>) -> Option<f32> {
    let value = found.value().trim_end_matches(['.', ',', ')', ']', '}']);
    found.end = found.start + value.len();
    let value = found.value();
    let sentence = [
        "required",
        "incorrect",
        "invalid",
        "correct",
        "wrong",
        "too",
        "not",
        "the",
        "expired",
        "string",
        "optional",
        "reset",
        "protected",
        "must",
        "stored",
        "encrypted",
        "hashed",
        "field",
        "input",
    ];
    let lower = value.to_ascii_lowercase();
    let word = sentence.contains(&lower.as_str()) || value.contains("()") || value.ends_with('(');
    (!value.is_empty() && !word && !stand_in(value)).then_some(found.confidence)
}
