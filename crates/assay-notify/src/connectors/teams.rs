//! A channel of Microsoft Teams: an Adaptive Card by a Workflows webhook, which takes 28 KB.

use assay_store::outbox::Event;
use serde_json::{Value, json};

use crate::message::{Message, Tone};

/// The most bytes of a message.
const LARGEST: usize = 28_000;

/// The event as a card. Texts are runs, which know no Markdown, so that nothing of them is a link, a mention or a format.
pub fn render(event: &Event) -> Value {
    let message = Message::of(event);
    let mut lines = message.lines.len();
    loop {
        let card = card(&message, lines);
        if lines == 0 || card.to_string().len() <= LARGEST {
            return card;
        }
        lines /= 2;
    }
}

fn card(message: &Message, lines: usize) -> Value {
    let colour = match message.tone {
        Tone::Good => "Good",
        Tone::Bad => "Attention",
        Tone::Neutral => "Default",
    };
    let run = |text: &str, more: Value| {
        let mut run = json!({"type": "TextRun", "text": text});
        if let (Value::Object(run), Value::Object(more)) = (&mut run, more) {
            run.extend(more);
        }
        run
    };
    let block = |runs: Vec<Value>| json!({"type": "RichTextBlock", "inlines": runs});
    let title = json!({"weight": "Bolder", "size": "Medium", "color": colour});
    let mut body = vec![block(vec![run(&message.title, title)])];
    for (name, value) in &message.facts {
        body.push(block(vec![run(&format!("{name}: "), json!({"weight": "Bolder"})), run(value, json!({}))]));
    }
    body.extend(message.lines.iter().take(lines).map(|line| block(vec![run(line, json!({}))])));
    if lines < message.lines.len() {
        body.push(block(vec![run(&format!("… and {} more", message.lines.len() - lines), json!({"isSubtle": true}))]));
    }
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": body,
            },
        }],
    })
}
