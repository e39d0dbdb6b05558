//! Addresses of machines.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::recogniser::{Builtin, Candidate, Check, Needs};

pub(super) const ALL: &[Builtin] = &[
    Builtin {
        name: "IPv4 address",
        kind: "IP_ADDRESS",
        patterns: &[(r"\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b", 0.65)],
        check: Check::Rule(ipv4),
        context: &["ip", "ip address", "address", "host", "server", "client", "login", "from ip", "adresse ip", "ipv4"],
        against: &["version", "release", "section", "chapter", "firmware", "build", "v"],
        needs: Needs::Digits(4),
        ..Builtin::NEW
    },
    Builtin {
        name: "IPv6 address",
        kind: "IP_ADDRESS",
        patterns: &[(
            r"(?i)(?:\b[0-9a-f]{1,4}|:)(?::[0-9a-f]{0,4}){1,6}(?::[0-9a-f]{1,4}|:(?:[0-9]{1,3}\.){3}[0-9]{1,3})\b",
            0.7,
        )],
        check: Check::Rule(ipv6),
        context: &["ip", "ip address", "address", "host", "server", "client", "ipv6"],
        needs: Needs::Any(&[":"]),
        ..Builtin::NEW
    },
    Builtin {
        name: "MAC address",
        kind: "MAC_ADDRESS",
        patterns: &[
            (r"(?i)\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b", 0.75),
            (r"(?i)\b[0-9a-f]{2}(?:-[0-9a-f]{2}){5}\b", 0.7),
            (r"(?i)\b[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}\b", 0.55),
        ],
        check: Check::Rule(mac),
        context: &["mac", "mac address", "ethernet", "wifi", "bluetooth", "hardware address", "device"],
        ..Builtin::NEW
    },
];

fn part_of_more(found: &Candidate<'_>) -> bool {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let before = found.before();
    let after = found.after();
    before.ends_with(['.', ':']) && digit(before.chars().rev().nth(1))
        || after.starts_with('.') && digit(after.chars().nth(1))
        || before.ends_with('-') && digit(before.chars().rev().nth(1))
}

/// Loopback, unspecified, broadcast and documentation addresses (RFC 5737) are nobody's; private ones (RFC 1918) say less.
fn ipv4(found: &mut Candidate<'_>) -> Option<f32> {
    let address: Ipv4Addr = found.value().parse().ok()?;
    // 1.2.3.4 and the like: four numbers of one digit are a section or a version.
    let short = found.value().len() == 7 && address.octets()[0] < 8;
    if part_of_more(found)
        || address.is_loopback()
        || address.is_unspecified()
        || address.is_broadcast()
        || address.is_documentation()
        || address.octets()[0] == 0
        || found.before().ends_with(['v', 'V'])
    {
        return None;
    }
    Some(if short {
        0.3
    } else if address.is_private() {
        0.5
    } else {
        found.confidence
    })
}

fn ipv6(found: &mut Candidate<'_>) -> Option<f32> {
    let address: Ipv6Addr = found.value().parse().ok()?;
    let groups = found.value().split(':').filter(|group| !group.is_empty()).count();
    let documentation = address.segments()[..2] == [0x2001, 0xdb8];
    // `a::b` is a path in a program.
    (groups >= 3 && !documentation && !part_of_more(found) && !found.after().starts_with(':'))
        .then_some(found.confidence)
}

fn mac(found: &mut Candidate<'_>) -> Option<f32> {
    let digits: Vec<u8> = found.value().bytes().filter(u8::is_ascii_hexdigit).collect();
    let all_same = digits.windows(2).all(|pair| pair[0] == pair[1]);
    let continues = found.after().starts_with([':', '-']) || found.before().ends_with([':', '-']);
    // Six groups of two digits are also a date with a time; a letter is not.
    let letters = digits.iter().any(u8::is_ascii_alphabetic);
    (!all_same && !continues).then_some(if letters { found.confidence } else { found.confidence - 0.25 })
}
