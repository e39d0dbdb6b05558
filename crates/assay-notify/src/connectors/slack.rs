//! A channel of Slack: Block Kit by an incoming webhook. Its limits: 50 blocks, 150 characters in a header, 3,000 in a section,
//! 2,000 in a field and 10 fields.

use assay_store::outbox::Event;
use serde_json::{Value, json};

use super::short;
use crate::message::{Message, Tone};

const MOST_BLOCKS: usize = 50;
const HEADER: usize = 150;
const SECTION: usize = 3_000;
const FIELD: usize = 2_000;
const FIELDS: usize = 10;

/// The event as blocks. Nothing of it is a link, a mention or a format of Slack.
pub fn render(event: &Event) -> Value {
    let message = Message::of(event);
    let mark = match message.tone {
        Tone::Good => "\u{2705} ",
        Tone::Bad => "\u{26a0}\u{fe0f} ",
        Tone::Neutral => "",
    };
    let title = format!("{mark}{}", message.title);
    let mut blocks =
        vec![json!({"type": "header", "text": {"type": "plain_text", "text": safe(&title, HEADER), "emoji": false}})];
    for facts in message.facts.chunks(FIELDS) {
        let fields: Vec<Value> =
            facts.iter().map(|(name, value)| mrkdwn(format!("*{name}*\n{}", safe(value, FIELD - 40)))).collect();
        blocks.push(json!({"type": "section", "fields": fields}));
    }
    let mut text = String::new();
    for line in &message.lines {
        let line = safe(line, SECTION - 1);
        if text.chars().count() + line.chars().count() + 1 > SECTION {
            blocks.push(json!({"type": "section", "text": mrkdwn(std::mem::take(&mut text))}));
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&line);
    }
    if !text.is_empty() {
        blocks.push(json!({"type": "section", "text": mrkdwn(text)}));
    }
    blocks.truncate(MOST_BLOCKS);
    // What notifications and readers aloud show.
    json!({"text": safe(&title, HEADER), "parse": "none", "link_names": false, "unfurl_links": false, "unfurl_media": false,
           "blocks": blocks})
}

fn mrkdwn(text: String) -> Value {
    json!({"type": "mrkdwn", "text": text, "verbatim": true})
}

/// A text that is nothing but text, at most so long: `&`, `<` and `>` as entities, which is all that mentions and links are made
/// with; the marks of formats and names after `@` parted by zero-width spaces.
fn safe(text: &str, most: usize) -> String {
    let mut safe = String::new();
    let mut length = 0;
    for c in short(text, most).chars() {
        let part = match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '@' | '*' | '_' | '~' | '`' => format!("{c}\u{200b}"),
            c => c.to_string(),
        };
        length += part.chars().count();
        if length >= most {
            safe.push('…');
            break;
        }
        safe.push_str(&part);
    }
    safe
}
