//! How each kind of judge goes from a trial to an opinion.

use assay_core::{Digest, Passage, Problem, Template};
use assay_metrics::ranking::Judged;
use serde_json::{Map, Value, json};

use super::ask::{Answered, Session, Stop};
use super::claims::{Span, cited, locate};
use super::file::{Criterion, JudgeFile, Kind, Loaded, Part, Sum};
use super::prompt::{Fence, Prompt};
use super::reply::{self, Expected};
use super::subject::Subject;
use super::verdict::{Choice, Scale, Shape, Verdict};
use crate::scorers::citation::named;

/// A judge ready to be asked.
pub struct Judge {
    /// What its file says, with what the suite has changed.
    pub file: JudgeFile,
    /// The digest of its file's text.
    pub digest: Digest,
    rubric: Option<Template>,
    system: Option<Template>,
    user: Template,
    claims: Option<Template>,
    /// Whether the judge says how sure it is.
    confidence: bool,
}

/// What a judge thinks of a trial.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Opinion {
    /// From 0 to 1.
    pub value: f64,
    /// In a word.
    pub label: String,
    /// The judge's reasons.
    pub why: String,
    /// How sure it is, from 0 to 1, where it said so.
    pub confidence: Option<f64>,
    /// The verdicts on single things.
    pub checks: Vec<Check>,
    /// The values in both orders, where answers were compared.
    pub orders: Vec<f64>,
}

/// The verdict on one thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// The criterion's or clause's id, else a number.
    pub id: String,
    /// The claim, sentence, passage or criterion.
    pub what: String,
    /// The verdict's word.
    pub verdict: String,
    /// Its value; `None` when there was nothing to judge.
    pub value: Option<f64>,
    /// Why.
    pub why: String,
    /// The quotation it rests on.
    pub quote: Option<String>,
    /// Where that stands.
    pub span: Option<Span>,
    /// The verdict that the judge gave with a quotation that no passage holds.
    pub unproven: Option<String>,
    weight: f64,
}

impl Check {
    /// As results keep it.
    pub fn details(&self) -> Value {
        let mut found = json!({"id": self.id, "what": self.what, "verdict": self.verdict, "value": self.value});
        let mut set = |key: &str, value: Value| found[key] = value;
        if !self.why.is_empty() {
            set("why", json!(self.why));
        }
        if let Some(quote) = &self.quote {
            set("quote", json!(quote));
        }
        if let Some(span) = &self.span {
            set("passage", json!(span.passage));
            if let Some((from, to)) = span.bytes {
                set("bytes", json!([from, to]));
            }
        }
        if let Some(said) = &self.unproven {
            set("unproven", json!(said));
        }
        found
    }

    fn line(&self) -> String {
        let mut line = format!("{} {}", self.id, self.verdict);
        if let Some(said) = &self.unproven {
            line.push_str(&format!(" (said `{said}`, but no passage holds its quotation)"));
        }
        line.push_str(&format!(": {}", self.what));
        if !self.why.is_empty() {
            line.push_str(&format!(" – {}", self.why));
        }
        if let (Some(quote), Some(span)) = (&self.quote, &self.span) {
            line.push_str(&format!(" “{quote}” [{}]", span.passage));
        }
        line
    }
}

/// One thing to be judged.
struct Item {
    id: String,
    /// What the prompt shows.
    shown: String,
    /// What results show.
    what: String,
    weight: f64,
}

/// A single verdict with what came with it.
struct Said {
    verdict: Verdict,
    why: String,
    confidence: Option<f64>,
    expected: Option<Expected>,
}

impl Judge {
    /// A judge of a file; `rubric` is what counts, where the suite says so.
    ///
    /// # Errors
    /// A rubric that does not compile.
    pub fn new(loaded: &Loaded, rubric: Option<&str>, confidence: bool) -> Result<Self, Problem> {
        let file = loaded.file.clone();
        let compile = |text: &str, at: &str| Template::new(text).map_err(|error| Problem::new(at, error.message));
        let rubric = rubric.or(file.defaults.rubric.as_deref()).map(|text| compile(text, "/rubric")).transpose()?;
        Ok(Self {
            rubric,
            system: file.system.as_deref().map(|text| compile(text, "/use")).transpose()?,
            user: compile(&file.user, "/use")?,
            claims: file.claims.as_ref().map(|claims| compile(&claims.user, "/use")).transpose()?,
            digest: loaded.digest,
            confidence,
            file,
        })
    }

    /// Whether its prompts show a rubric.
    pub fn shows_rubric(&self) -> bool {
        let templates = [self.system.as_ref(), Some(&self.user), self.claims.as_ref()];
        templates.into_iter().flatten().any(|template| template.variables().contains("rubric"))
    }

    /// Whether it sees a part that every trial must then have.
    pub fn needs(&self, part: Part) -> bool {
        self.file.sees.iter().any(|seen| seen.part == part && !seen.optional)
    }

    /// The variables that its rubric reads.
    pub fn rubric_variables(&self) -> Vec<String> {
        self.rubric.iter().flat_map(Template::variables).collect()
    }

    /// Calls for one opinion, when every reply can be read; claims and passages are a guess.
    pub fn calls(&self) -> u32 {
        match self.file.kind {
            Kind::Whole => 1,
            Kind::Criteria => u32::try_from(self.file.criteria.len().div_ceil(self.file.together)).unwrap_or(1).max(1),
            Kind::Pair | Kind::Best | Kind::Claims => 2,
            Kind::Passages | Kind::Citations => 1,
        }
    }

    /// Bytes of its prompts beside the trial's parts.
    pub fn bytes(&self) -> usize {
        // The notice, the form of the reply and the schema are about as long as this.
        const AROUND: usize = 1_200;
        let rubric = self.rubric.as_ref().map_or(0, |rubric| rubric.source().len());
        let criteria: usize = self.file.criteria.iter().map(|criterion| criterion.text.len()).sum();
        let examples: usize =
            self.file.examples.iter().flat_map(|example| example.parts.values()).map(String::len).sum();
        AROUND + self.file.user.len() + self.file.system.as_ref().map_or(0, String::len) + rubric + criteria + examples
    }

    /// Asks what the judge thinks of a trial.
    ///
    /// # Errors
    /// Why there is no opinion.
    pub async fn opinion(&self, session: &mut Session<'_>, subject: &Subject) -> Result<Opinion, Stop> {
        for seen in self.file.sees.iter().filter(|seen| !seen.optional) {
            if !subject.parts.contains_key(&seen.part) {
                return Err(Stop::Unscored(format!("the trial has no {}", seen.part.as_str())));
            }
        }
        match self.file.kind {
            Kind::Whole => {
                let said = self.whole(session, subject, &[], &self.file.verdict).await?;
                let Some(value) = said.verdict.value else {
                    return Err(Stop::Unscored(format!("{}: {}", said.verdict.label, said.why)));
                };
                let value = said.expected.map_or(value, |expected| expected.value);
                let confidence = said.expected.map(|expected| expected.confidence).or(said.confidence);
                Ok(Opinion { value, label: said.verdict.label, why: said.why, confidence, ..Opinion::default() })
            }
            Kind::Pair | Kind::Best => self.compared(session, subject).await,
            Kind::Criteria => {
                let items: Vec<Item> = self.file.criteria.iter().map(criterion).collect();
                self.checked(session, subject, items, &[], Vec::new()).await
            }
            Kind::Passages => {
                let passages = subject.passages.get(&Part::Retrieved).map(Vec::as_slice).unwrap_or_default();
                let items = passages.iter().enumerate().map(|(i, (id, text))| Item {
                    id: (i + 1).to_string(),
                    shown: text.clone(),
                    what: format!("passage {id}"),
                    weight: 1.0,
                });
                self.checked(session, subject, items.collect(), &[], Vec::new()).await
            }
            Kind::Citations => self.citations(session, subject).await,
            Kind::Claims => {
                let against = match self.file.sees.iter().any(|seen| seen.part == Part::Retrieved) {
                    true => Part::Retrieved,
                    false => Part::Contexts,
                };
                let passages = subject.passages.get(&against).cloned().unwrap_or_default();
                let claims = self.claims(session, subject).await?;
                let items = claims.into_iter().enumerate().map(|(i, claim)| Item {
                    id: (i + 1).to_string(),
                    shown: claim.clone(),
                    what: claim,
                    weight: 1.0,
                });
                self.checked(session, subject, items.collect(), &passages, Vec::new()).await
            }
        }
    }

    /// The messages of a question about a subject; `blocks` are what `items` and `candidates` show.
    fn prompt(
        &self,
        subject: &Subject,
        user: &Template,
        blocks: &[(String, String)],
        form: &str,
        schema: Value,
    ) -> Result<Prompt, Stop> {
        let unscored = |error: assay_core::template::TemplateError| Stop::Unscored(error.to_string());
        let examples = self.file.examples.iter().flat_map(|example| example.parts.values());
        let variables = (!self.rubric_variables().is_empty()).then(|| json!(subject.variables).to_string());
        let data = subject.parts.values().chain(blocks.iter().map(|(_, text)| text)).chain(examples).chain(&variables);
        let fence = Fence::around(data.map(String::as_str));
        let rubric = match &self.rubric {
            Some(rubric) => rubric.render(subject.rubric_variables(&fence)).map_err(unscored)?,
            None => String::new(),
        };
        // Criteria are the suite's own words; everything else that is numbered is data.
        let trusted = self.file.kind == Kind::Criteria;
        let shown: Vec<String> = blocks
            .iter()
            .enumerate()
            .map(|(i, (name, text))| if trusted { format!("{}. {text}", i + 1) } else { fence.enclose(name, text) })
            .collect();
        let shown = shown.join("\n");
        let ask = |parts: &dyn Fn(Part) -> Option<String>| {
            let mut variables: Map<String, Value> = self
                .file
                .sees
                .iter()
                .map(|seen| {
                    let name = seen.part.as_str();
                    let text = parts(seen.part).map(|text| fence.enclose(name, &text));
                    (name.to_owned(), Value::String(text.unwrap_or_default()))
                })
                .collect();
            variables.insert("rubric".into(), Value::String(rubric.clone()));
            variables.insert("items".into(), Value::String(shown.clone()));
            variables.insert("candidates".into(), Value::String(shown.clone()));
            variables
        };
        let variables = ask(&|part| subject.parts.get(&part).cloned());
        let mut system = String::new();
        if let Some(own) = &self.system {
            system.push_str(own.render(&variables).map_err(unscored)?.trim());
            system.push_str("\n\n");
        }
        system.push_str(&fence.notice());
        system.push_str("\n\n");
        system.push_str(form);
        let mut messages = Vec::new();
        for example in &self.file.examples {
            let question = user.render(ask(&|part| example.parts.get(&part).cloned())).map_err(unscored)?;
            messages.push(("user", question));
            let answer = json!({"reasoning": example.reasoning, "verdict": example.verdict});
            messages.push(("assistant", answer.to_string()));
        }
        messages.push(("user", user.render(&variables).map_err(unscored)?.trim().to_owned()));
        Ok(Prompt { system, messages, schema })
    }

    /// One verdict.
    async fn whole(
        &self,
        session: &mut Session<'_>,
        subject: &Subject,
        blocks: &[(String, String)],
        shape: &Shape,
    ) -> Result<Said, Stop> {
        let (sure, fields) = self.confidence_asked();
        let mut form = format!(
            "Reply with one JSON object: {{\"reasoning\": a short text, \"verdict\": {}{sure}}}.",
            shape.menu()
        );
        if !shape.legend().is_empty() {
            form.push_str(&format!("\nThe verdicts mean:\n{}", shape.legend()));
        }
        let mut schema = object_schema(&[("reasoning", json!({"type": "string"})), ("verdict", shape.schema())]);
        extend(&mut schema, fields);
        let prompt = self.prompt(subject, &self.user, blocks, &form, schema)?;
        let logprobs = session.logprobs;
        session
            .ask(&prompt, |answered, _| {
                let fields = match answered.object("verdict") {
                    Ok(fields) => fields,
                    Err(error) => match reply::bare(&answered.text, shape) {
                        Some(verdict) => Map::from_iter([("verdict".to_owned(), verdict)]),
                        None => return Err(error),
                    },
                };
                let verdict = shape.read(&fields["verdict"])?;
                let tokens = answered.tokens.as_ref().filter(|_| logprobs);
                Ok(Said {
                    expected: tokens.and_then(|tokens| reply::expected(tokens, shape, &verdict.label)),
                    confidence: self.confidence_said(&fields)?,
                    why: word(&fields, "reasoning"),
                    verdict,
                })
            })
            .await
    }

    fn confidence_asked(&self) -> (&'static str, Vec<(&'static str, Value)>) {
        match self.confidence {
            false => ("", Vec::new()),
            true => (
                ", \"confidence\": a number from 0 to 1, the chance that your verdict is right",
                vec![("confidence", json!({"type": "number", "minimum": 0, "maximum": 1}))],
            ),
        }
    }

    fn confidence_said(&self, fields: &Map<String, Value>) -> Result<Option<f64>, String> {
        if !self.confidence {
            return Ok(None);
        }
        let said = fields.get("confidence").and_then(crate::param::number);
        said.filter(|said| (0.0..=1.0).contains(said))
            .map(Some)
            .ok_or_else(|| "`confidence` must be from 0 to 1".into())
    }

    /// The answer against others, in two orders.
    async fn compared(&self, session: &mut Session<'_>, subject: &Subject) -> Result<Opinion, Stop> {
        let answer = subject.parts.get(&Part::Answer).cloned().unwrap_or_default();
        if subject.others.is_empty() {
            return Err(Stop::Unscored("there is no other answer to compare with".into()));
        }
        let pair = self.file.kind == Kind::Pair;
        let mut others = subject.others.clone();
        if pair {
            others.truncate(1);
        }
        let mut candidates: Vec<(bool, &str)> = others.iter().map(|other| (false, other.as_str())).collect();
        // Where it stands follows from what it is, so that no place is favoured over the run.
        let seed = Digest::of_json(&json!([answer, others])).leading();
        let place = usize::try_from(seed % (candidates.len() as u64 + 1)).unwrap_or(0);
        candidates.insert(if pair { 0 } else { place }, (true, &answer));
        let mut opinion = Opinion::default();
        let mut whys = Vec::new();
        for _ in 0..2 {
            let blocks: Vec<(String, String)> = candidates
                .iter()
                .enumerate()
                .map(|(i, (_, text))| (format!("candidate_{}", i + 1), (*text).to_owned()))
                .collect();
            let shape = if pair { duel() } else { choice_of(candidates.len()) };
            let said = self.whole(session, subject, &blocks, &shape).await?;
            let own = candidates.iter().position(|(own, _)| *own).unwrap_or(0);
            opinion.orders.push(match said.verdict.label.as_str() {
                "first" => f64::from(u8::from(own == 0)),
                "second" => f64::from(u8::from(own == 1)),
                "tie" => 0.5,
                number => f64::from(u8::from(number == (own + 1).to_string())),
            });
            opinion.confidence = match (opinion.confidence, said.confidence) {
                (Some(a), Some(b)) => Some(f64::min(a, b)),
                (earlier, later) => earlier.or(later),
            };
            whys.push(said.why);
            candidates.reverse();
        }
        opinion.value = opinion.orders.iter().sum::<f64>() / 2.0;
        let flipped = opinion.orders[0] != opinion.orders[1];
        opinion.label = match opinion.value {
            _ if flipped => "flip",
            1.0 => "win",
            0.0 => "loss",
            _ => "tie",
        }
        .to_owned();
        opinion.why = match flipped {
            true => format!("the verdict changed with the order; first: {} second: {}", whys[0], whys[1]),
            false => whys.swap_remove(0),
        };
        Ok(opinion)
    }

    /// The claims of a text, by the model.
    async fn claims(&self, session: &mut Session<'_>, subject: &Subject) -> Result<Vec<String>, Stop> {
        let (Some(claims), Some(user)) = (&self.file.claims, &self.claims) else { return Ok(Vec::new()) };
        let form = "Reply with one JSON object: {\"claims\": [a text for each claim]}. An empty list means that the text \
                    claims nothing.";
        let list = json!({"type": "array", "items": {"type": "string"}});
        let prompt = self.prompt(subject, user, &[], form, object_schema(&[("claims", list)]))?;
        let mut found = session.ask(&prompt, |answered, _| list_of_texts(answered, "claims")).await?;
        if found.is_empty() {
            return Err(Stop::Unscored(format!("the {} claims nothing", claims.of.as_str())));
        }
        found.truncate(claims.most);
        Ok(found)
    }

    /// Sentences against the passages that they cite.
    async fn citations(&self, session: &mut Session<'_>, subject: &Subject) -> Result<Opinion, Stop> {
        let answer = subject.parts.get(&Part::Answer).map_or("", String::as_str);
        let passages = subject.passages.get(&Part::Retrieved).cloned().unwrap_or_default();
        let known: Vec<Passage> =
            passages.iter().map(|(id, _)| Passage { id: Some(id.clone()), ..Passage::default() }).collect();
        let (mut items, mut dangling) = (Vec::new(), Vec::new());
        for (i, (sentence, marks)) in cited(answer).into_iter().enumerate() {
            let places: Vec<Option<usize>> = marks.iter().map(|mark| named(mark, &known)).collect();
            let id = (i + 1).to_string();
            if let Some(missing) = places.iter().position(Option::is_none) {
                dangling.push(Check {
                    id,
                    what: sentence,
                    verdict: "no_such_passage".into(),
                    value: Some(0.0),
                    why: format!("`[{}]` names no retrieved passage", marks[missing]),
                    quote: None,
                    span: None,
                    unproven: None,
                    weight: 1.0,
                });
                continue;
            }
            let texts = places.iter().flatten().map(|at| format!("Passage [{}]: {}", passages[*at].0, passages[*at].1));
            let shown = format!("Sentence: {sentence}\n{}", texts.collect::<Vec<_>>().join("\n"));
            items.push(Item { id, shown, what: sentence, weight: 1.0 });
        }
        if items.is_empty() && dangling.is_empty() {
            return Err(Stop::Unscored("the answer cites nothing".into()));
        }
        self.checked(session, subject, items, &passages, dangling).await
    }

    /// A verdict for each item; `checks` are those that needed no judge.
    async fn checked(
        &self,
        session: &mut Session<'_>,
        subject: &Subject,
        items: Vec<Item>,
        passages: &[(String, String)],
        mut checks: Vec<Check>,
    ) -> Result<Opinion, Stop> {
        let mut sure = Vec::new();
        for group in items.chunks(self.file.together) {
            let (found, confidence) = self.check(session, subject, group, passages).await?;
            checks.extend(found);
            sure.extend(confidence);
        }
        if self.file.kind == Kind::Citations {
            checks.sort_by_key(|check| check.id.parse().unwrap_or(usize::MAX));
        }
        let value = sum(self.file.score, &checks).ok_or_else(|| Stop::Unscored("nothing to judge applies".into()))?;
        let mut tally: Vec<(&str, usize)> = Vec::new();
        for check in &checks {
            match tally.iter_mut().find(|(word, _)| *word == check.verdict) {
                Some((_, n)) => *n += 1,
                None => tally.push((&check.verdict, 1)),
            }
        }
        let label = tally.iter().map(|(word, n)| format!("{word} {n}")).collect::<Vec<_>>().join(", ");
        // What takes something off comes first: a rationale is cut at some length.
        let mut lines: Vec<(bool, String)> =
            checks.iter().map(|check| (check.value.is_none_or(|value| value >= 1.0), check.line())).collect();
        lines.sort_by_key(|(fine, _)| *fine);
        let why = lines.into_iter().map(|(_, line)| line).collect::<Vec<_>>().join("\n");
        let confidence = (!sure.is_empty()).then(|| sure.iter().copied().fold(1.0, f64::min));
        Ok(Opinion { value, label, why, confidence, checks, orders: Vec::new() })
    }

    /// One call about some items.
    async fn check(
        &self,
        session: &mut Session<'_>,
        subject: &Subject,
        items: &[Item],
        passages: &[(String, String)],
    ) -> Result<(Vec<Check>, Option<f64>), Stop> {
        let shape = &self.file.verdict;
        let quotes = self.file.quotes.as_ref();
        let (sure, fields) = self.confidence_asked();
        let quote = match quotes {
            Some(quotes) => format!(
                ", \"quote\": words copied exactly from the passage that shows it (needed for {}; else an empty text)",
                quotes.needed_for.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" and ")
            ),
            None => String::new(),
        };
        let mut form = format!(
            "Reply with one JSON object: {{\"checks\": [{{\"item\": the item's number, \"reasoning\": a short text{quote}, \
             \"verdict\": {}}}, …]{sure}}}, with one entry for each of the {} items.",
            shape.menu(),
            items.len()
        );
        if !shape.legend().is_empty() {
            form.push_str(&format!("\nThe verdicts mean:\n{}", shape.legend()));
        }
        let mut entry = vec![("item", json!({"type": "integer"})), ("reasoning", json!({"type": "string"}))];
        if quotes.is_some() {
            entry.push(("quote", json!({"type": "string"})));
        }
        entry.push(("verdict", shape.schema()));
        let list = json!({"type": "array", "items": object_schema(&entry)});
        let mut schema = object_schema(&[("checks", list)]);
        extend(&mut schema, fields);
        let blocks: Vec<(String, String)> =
            items.iter().enumerate().map(|(i, item)| (format!("item_{}", i + 1), item.shown.clone())).collect();
        let prompt = self.prompt(subject, &self.user, &blocks, &form, schema)?;
        session
            .ask(&prompt, |answered, last| {
                let fields = answered.object("checks")?;
                let entries = fields["checks"].as_array().ok_or("`checks` is not a list")?;
                let mut found = Vec::new();
                for (i, item) in items.iter().enumerate() {
                    let entry = entry_of(entries, i + 1, items.len())?;
                    found.push(self.read_check(item, entry, passages, last)?);
                }
                Ok((found, self.confidence_said(&fields)?))
            })
            .await
    }

    fn read_check(
        &self,
        item: &Item,
        entry: &Map<String, Value>,
        passages: &[(String, String)],
        last: bool,
    ) -> Result<Check, String> {
        let verdict = entry.get("verdict").ok_or_else(|| format!("item {} has no verdict", item.id))?;
        let Verdict { value, label } = self.file.verdict.read(verdict)?;
        let quote = Some(word(entry, "quote")).filter(|quote| !quote.trim().is_empty());
        let span = quote.as_deref().and_then(|quote| locate(quote, passages));
        let mut check = Check {
            id: item.id.clone(),
            what: item.what.clone(),
            verdict: label,
            value,
            why: word(entry, "reasoning"),
            quote,
            span,
            unproven: None,
            weight: item.weight,
        };
        let Some(quotes) = self.file.quotes.as_ref().filter(|quotes| quotes.needed_for.contains(&check.verdict)) else {
            return Ok(check);
        };
        if check.span.is_none() {
            if !last {
                return Err(format!(
                    "no passage holds the quote of item {}: copy it word for word, or choose another verdict",
                    item.id
                ));
            }
            let Verdict { value, label } = self.file.verdict.read(&json!(quotes.otherwise))?;
            check.unproven = Some(std::mem::replace(&mut check.verdict, label));
            check.value = value;
        }
        Ok(check)
    }
}

fn criterion(criterion: &Criterion) -> Item {
    let mut shown = criterion.text.clone();
    if let Some(check) = &criterion.check {
        shown.push_str(&format!("\nHow to decide: {check}"));
    }
    Item { id: criterion.id.clone(), shown, what: criterion.text.clone(), weight: criterion.weight }
}

/// The entry of an item: by its number, else by its place when all of them are there.
fn entry_of(entries: &[Value], number: usize, all: usize) -> Result<&Map<String, Value>, String> {
    let objects: Vec<&Map<String, Value>> = entries.iter().filter_map(Value::as_object).collect();
    let numbered = |entry: &Map<String, Value>| match entry.get("item").or_else(|| entry.get("id")) {
        Some(Value::Number(n)) => n.as_u64(),
        Some(Value::String(text)) => {
            text.trim().trim_start_matches(|c: char| !c.is_ascii_digit()).trim_end_matches('.').parse().ok()
        }
        _ => None,
    };
    let mut own = objects.iter().filter(|entry| numbered(entry) == Some(number as u64));
    match (own.next(), own.next()) {
        (Some(entry), None) => Ok(entry),
        (Some(first), Some(second)) if first.get("verdict") == second.get("verdict") => Ok(first),
        (Some(_), Some(_)) => Err(format!("item {number} has two verdicts")),
        (None, _) if objects.len() == all && objects.iter().all(|entry| numbered(entry).is_none()) => {
            Ok(objects[number - 1])
        }
        (None, _) => Err(format!("item {number} has no verdict")),
    }
}

/// Which of two answers is better.
fn duel() -> Shape {
    let choice =
        |name: &str, value, means: &str| Choice { name: name.into(), value: Some(value), means: Some(means.into()) };
    Shape::Choices(vec![
        choice("first", 1.0, "the first candidate is better"),
        choice("second", 0.0, "the second candidate is better"),
        choice("tie", 0.5, "neither is better"),
    ])
}

/// Which of several answers is the best.
fn choice_of(candidates: usize) -> Shape {
    let max = i64::try_from(candidates).unwrap_or(i64::MAX);
    Shape::Scale(Scale { min: 1, max, anchors: Vec::new() })
}

/// The value of several checks; `None` when none has a value.
fn sum(how: Sum, checks: &[Check]) -> Option<f64> {
    let valued: Vec<(f64, f64)> = checks.iter().filter_map(|check| Some((check.value?, check.weight))).collect();
    if valued.is_empty() {
        return None;
    }
    Some(match how {
        Sum::Mean => {
            let weight: f64 = valued.iter().map(|(_, weight)| weight).sum();
            valued.iter().map(|(value, weight)| value * weight).sum::<f64>() / weight
        }
        Sum::All => f64::from(u8::from(valued.iter().all(|(value, _)| *value >= 1.0))),
        Sum::AveragePrecision => {
            let grades: Vec<f64> = checks.iter().map(|check| check.value.unwrap_or(0.0)).collect();
            let ranked = grades.iter().copied().map(Some).collect();
            Judged::from_grades(ranked, grades.iter().copied(), 0.5).average_precision(checks.len())
        }
    })
}

fn word(fields: &Map<String, Value>, key: &str) -> String {
    fields.get(key).and_then(Value::as_str).unwrap_or_default().trim().to_owned()
}

fn list_of_texts(answered: &Answered, key: &str) -> Result<Vec<String>, String> {
    let fields = answered.object(key)?;
    let items = fields[key].as_array().ok_or_else(|| format!("`{key}` is not a list"))?;
    let text = |item: &Value| match item {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Object(fields) => {
            ["claim", "text"].iter().find_map(|key| Some(fields.get(*key)?.as_str()?.trim().to_owned()))
        }
        _ => None,
    };
    let found: Option<Vec<String>> = items.iter().map(text).collect();
    let found = found.ok_or_else(|| format!("`{key}` is not a list of texts"))?;
    Ok(found.into_iter().filter(|text| !text.is_empty()).collect())
}

/// The schema of an object that has exactly these fields.
fn object_schema(fields: &[(&str, Value)]) -> Value {
    let properties: Map<String, Value> =
        fields.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    let required: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    json!({"type": "object", "additionalProperties": false, "required": required, "properties": properties})
}

fn extend(schema: &mut Value, fields: Vec<(&str, Value)>) {
    for (name, field) in fields {
        schema["properties"][name] = field;
        if let Some(required) = schema["required"].as_array_mut() {
            required.push(json!(name));
        }
    }
}
