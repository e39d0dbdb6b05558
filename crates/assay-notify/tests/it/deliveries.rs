//! At least once, in order, by one at a time; what is refused for good is kept aside.

use std::path::Path;
use std::time::Duration;

use assay_notify::{Delivered, NoDocuments, Notify, Terms, deliver};
use assay_store::{Outbox, Outgoing, State, Workspace};
use serde_json::json;

use crate::receiver::{Answer, Receiver};

/// A workspace with an outbox, and a file that names one receiver.
struct Desk {
    folder: tempfile::TempDir,
    state: State,
    outbox: Outbox,
    notify: Notify,
}

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn file(url: &str, more: &str) -> String {
    format!(
        "retry: {{attempts: 3, first_seconds: 0}}\nendpoints:\n  - name: hook\n    kind: webhook\n    url: {url}/in\n    secret: {{file: key}}\n    events: [\"*\"]\n{more}"
    )
}

impl Desk {
    async fn new(url: &str) -> Self {
        Self::with(&file(url, "")).await
    }

    async fn with(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("key"), SECRET).unwrap();
        let workspace = Workspace::open(folder.path().join(".assay")).unwrap();
        let state = State::open(&workspace).await.unwrap();
        let outbox = Outbox::open(&workspace).await.unwrap();
        let notify = Notify::from_text(text, Path::new("notify.yaml")).unwrap();
        Self { folder, state, outbox, notify }
    }

    async fn tell(&self, subject: &str, n: u64) {
        let data = json!({"n": n, "suites": ["bot"]});
        let event = Outgoing { kind: "run.verdict", subject: subject.into(), at_us: now_us(), data };
        self.state.tell(&event).await.unwrap();
    }

    fn terms(&self) -> Terms<'_> {
        Terms { notify: &self.notify, folder: self.folder.path(), since_us: 0, offline: false, until: None, only: None }
    }

    async fn deliver(&self) -> Delivered {
        deliver(&self.outbox, self.terms(), &NoDocuments).await.unwrap().remove(0)
    }

    async fn states(&self) -> Vec<(String, u32)> {
        let rows = self.outbox.deliveries(None, None, 100).await.unwrap();
        rows.into_iter().rev().map(|row| (row.state, row.attempts)).collect()
    }
}

fn now_us() -> i64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros() as i64
}

fn refused(status: u16, after: Option<&'static str>) -> Answer {
    (status, after, "{\"error\": {\"message\": \"no\"}}".into())
}

#[tokio::test]
async fn events_come_in_the_order_of_their_subject_even_when_one_must_be_sent_again() {
    let receiver = Receiver::start([refused(500, None)]).await;
    let desk = Desk::new(&receiver.url).await;
    for n in 0..6 {
        desk.tell(["release/1", "release/2"][n % 2], n as u64).await;
    }
    let first = desk.deliver().await;
    assert_eq!((first.sent, first.again, first.dead, first.due), (6, 1, 0, 0), "{first:?}");
    let got: Vec<(String, u64)> = receiver
        .got()
        .iter()
        .map(|got| (got.json()["subject"].as_str().unwrap().to_owned(), got.json()["data"]["n"].as_u64().unwrap()))
        .collect();
    for subject in ["release/1", "release/2"] {
        let mut order: Vec<u64> = got.iter().filter(|(of, _)| of == subject).map(|(_, n)| *n).collect();
        order.dedup();
        assert!(order.is_sorted() && order.len() == 3, "{got:?}");
    }
    // What was sent again is the same event.
    let ids: Vec<String> = receiver.got().iter().map(|got| got.header("webhook-id").to_owned()).collect();
    assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), 6);
    assert_eq!(desk.deliver().await, Delivered { endpoint: "hook".into(), ..Delivered::default() });
}

#[tokio::test]
async fn retry_after_is_kept_to_for_the_whole_endpoint() {
    for (status, after) in [(429, "1"), (503, "1")] {
        let receiver = Receiver::start([refused(status, Some(after))]).await;
        let desk = Desk::new(&receiver.url).await;
        desk.tell("run/1", 1).await;
        desk.tell("run/2", 2).await;
        let first = desk.deliver().await;
        assert_eq!((first.sent, first.again, first.due), (0, 1, 2), "{first:?}");
        assert_eq!(desk.deliver().await.sent, 0, "too early");
        assert_eq!(receiver.got().len(), 1);
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        assert_eq!(desk.deliver().await.sent, 2);
    }
    // As a date: far away, and not asked before.
    let receiver = Receiver::start([refused(429, Some("Fri, 31 Dec 2066 23:59:59 GMT"))]).await;
    let desk = Desk::new(&receiver.url).await;
    desk.tell("run/1", 1).await;
    desk.deliver().await;
    let standing = desk.outbox.standing("hook").await.unwrap();
    assert!((standing.pause_us - now_us() - 86_400_000_000).abs() < 10_000_000, "a day at most: {standing:?}");
}

#[tokio::test]
async fn what_is_refused_for_good_is_a_dead_letter_until_somebody_sends_it_again() {
    for status in [400, 401, 404, 409, 413, 301] {
        let receiver = Receiver::start([refused(status, None)]).await;
        let desk = Desk::new(&receiver.url).await;
        desk.tell("run/1", 1).await;
        desk.tell("run/1", 2).await;
        let first = desk.deliver().await;
        // The letter does not keep later ones back.
        assert_eq!((first.sent, first.dead, first.due), (1, 1, 0), "{status}: {first:?}");
        assert_eq!(desk.states().await, [("dead".to_owned(), 1), ("sent".to_owned(), 1)]);
        assert_eq!(desk.outbox.set_state("", Some("hook"), &["dead"], "due").await.unwrap(), 1);
        assert_eq!(desk.deliver().await.sent, 1);
    }
    // What may pass is tried so often and not more.
    let receiver = Receiver::start((0..9).map(|_| refused(500, None))).await;
    let desk = Desk::new(&receiver.url).await;
    desk.tell("run/1", 1).await;
    let first = desk.deliver().await;
    assert_eq!((first.again, first.dead), (2, 1), "{first:?}");
    assert_eq!(receiver.got().len(), 3);
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_left_alone_until_its_address_changes() {
    let receiver = Receiver::start([refused(410, None)]).await;
    let mut desk = Desk::new(&receiver.url).await;
    desk.tell("run/1", 1).await;
    desk.tell("run/2", 2).await;
    let first = desk.deliver().await;
    assert_eq!((first.sent, first.dead, first.due), (0, 1, 1), "{first:?}");
    let again = desk.deliver().await;
    assert!(again.sent == 0 && again.trouble.unwrap().contains("410"));
    assert_eq!(receiver.got().len(), 1);
    let moved = file(&receiver.url, "").replace("/in", "/moved");
    desk.notify = Notify::from_text(&moved, Path::new("notify.yaml")).unwrap();
    assert_eq!(desk.deliver().await.sent, 1);
    assert_eq!(receiver.got()[1].path, "/moved");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_deliver_at_once_each_event_is_sent_by_one() {
    let receiver = Receiver::start([]).await;
    let desk = Desk::new(&receiver.url).await;
    for n in 0..60 {
        desk.tell(&format!("run/{}", n % 7), n).await;
    }
    let all = futures::future::join_all((0..4).map(|_| async {
        let outbox = Outbox::open(&Workspace::open(desk.folder.path().join(".assay")).unwrap()).await.unwrap();
        deliver(&outbox, desk.terms(), &NoDocuments).await.unwrap().remove(0).sent
    }))
    .await;
    // Whoever finds every subject busy ends; what is left then is for the next.
    assert_eq!(all.iter().sum::<u64>() + desk.deliver().await.sent, 60, "{all:?}");
    assert_eq!(receiver.got().len(), 60);
    for subject in 0..7 {
        let of = |got: &crate::receiver::Got| got.json()["subject"] == format!("run/{subject}");
        let order: Vec<u64> =
            receiver.got().iter().filter(|got| of(got)).map(|got| got.json()["data"]["n"].as_u64().unwrap()).collect();
        assert!(order.is_sorted(), "{order:?}");
    }
}

#[tokio::test]
async fn a_delivery_whose_process_died_is_made_again_after_its_lease_with_the_same_id() {
    let receiver = Receiver::start([]).await;
    let desk = Desk::new(&receiver.url).await;
    desk.tell("run/1", 1).await;
    desk.outbox.plan("hook", 0, &|_| true).await.unwrap();
    let now = 1_900_000_000_000_000;
    let claimed = desk.outbox.claim("hook", "x", now, now + 50).await.unwrap().unwrap();
    assert!(desk.outbox.claim("hook", "x", now + 10, now + 60).await.unwrap().is_none(), "it is taken");
    let again = desk.outbox.claim("hook", "x", now + 51, now + 99).await.unwrap().unwrap();
    assert_eq!((again.event.id.clone(), again.attempt), (claimed.event.id.clone(), 2));
    // Who comes back from the dead changes nothing any more.
    assert!(!desk.outbox.record(&claimed, &assay_store::outbox::Outcome::Dead, "late").await.unwrap());
    assert!(desk.outbox.record(&again, &assay_store::outbox::Outcome::Sent, "").await.unwrap());
}

#[tokio::test]
async fn a_new_endpoint_gets_what_happened_since_the_file_was_changed_and_filters_hold() {
    let receiver = Receiver::start([]).await;
    let text = file(&receiver.url, "    only: {suites: [bot]}\n").replace("[\"*\"]", "[run.verdict]");
    let desk = Desk::with(&text).await;
    let tell = async |kind, suite: &str, at_us| {
        let event = Outgoing { kind, subject: "run/1".into(), at_us, data: json!({"suites": [suite]}) };
        desk.state.tell(&event).await.unwrap();
    };
    let now = now_us();
    tell("run.verdict", "bot", now - 400).await;
    tell("run.verdict", "bot", now - 300).await;
    tell("run.verdict", "other", now - 200).await;
    tell("run.sealed", "bot", now - 100).await;
    let terms = Terms { since_us: now - 350, ..desk.terms() };
    assert_eq!(deliver(&desk.outbox, terms, &NoDocuments).await.unwrap()[0].sent, 1);
    assert_eq!(receiver.got()[0].json()["data"], json!({"suites": ["bot"]}));
}

#[tokio::test]
async fn nothing_leaves_this_machine_offline_and_no_attempt_is_counted() {
    let desk = Desk::new("https://hooks.example.org").await;
    desk.tell("run/1", 1).await;
    let terms = Terms { offline: true, ..desk.terms() };
    let of = deliver(&desk.outbox, terms, &NoDocuments).await.unwrap().remove(0);
    assert!(of.trouble.unwrap().contains("offline") && of.due == 1);
    assert_eq!(desk.states().await, [("due".to_owned(), 0)]);
}

#[tokio::test]
async fn what_is_settled_and_old_is_forgotten() {
    let receiver = Receiver::start([refused(400, None)]).await;
    let desk = Desk::new(&receiver.url).await;
    desk.tell("run/1", 1).await;
    desk.tell("run/2", 2).await;
    desk.deliver().await;
    let (now, day) = (now_us(), 86_400_000_000);
    assert_eq!(desk.states().await.len(), 2);
    assert_eq!(desk.outbox.prune(now + 29 * day).await.unwrap(), 0);
    assert_eq!(desk.outbox.prune(now + 31 * day).await.unwrap(), 1, "the one that was made");
    assert_eq!(desk.states().await, [("dead".to_owned(), 1)]);
    assert_eq!(desk.outbox.prune(now + 91 * day).await.unwrap(), 1);
    assert!(desk.states().await.is_empty());
}

/// What a person measures by hand: events that are written, planned and delivered in a second.
#[tokio::test]
#[ignore = "a measurement"]
async fn events_per_second() {
    let receiver = Receiver::start([]).await;
    let desk = Desk::new(&receiver.url).await;
    let n = 2_000;
    let begin = std::time::Instant::now();
    for i in 0..n {
        let event =
            Outgoing { kind: "run.verdict", subject: format!("run/{i}"), at_us: now_us(), data: json!({"n": i}) };
        desk.state.tell(&event).await.unwrap();
    }
    let written = begin.elapsed();
    let sent = desk.deliver().await.sent;
    let all = begin.elapsed();
    println!(
        "{:.0} events/s written, {:.0} events/s delivered ({sent})",
        f64::from(n) / written.as_secs_f64(),
        sent as f64 / (all - written).as_secs_f64()
    );
}
