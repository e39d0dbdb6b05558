//! Whole runs against relevance judgements, as trec_eval evaluates them: its file formats, its order of ties, its
//! measures and its means.
//!
//! Scores are compared as 32-bit floats and ties broken by document id, descending, as trec_eval does, whatever the rank
//! column of the file says: 1.00000001 ties with 1.0. Measures of one ranking are in [`crate::ranking`].

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::str::FromStr;

use crate::ranking::Judged;

/// A line of a file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a line of judgements or results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Too few columns: how many are needed.
    Columns(usize),
    /// A grade that is not a whole number.
    Grade(String),
    /// A score that is not a finite 32-bit number: NaN, infinite, too large or no number.
    Score(String),
    /// A document that the query has already.
    Repeated {
        /// The query.
        query: String,
        /// The document.
        document: String,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Columns(4) => write!(f, "four columns are expected: query, iteration, document, grade"),
            Self::Columns(_) => write!(f, "five columns or more are expected: query, Q0, document, rank, score, run"),
            Self::Grade(text) => write!(f, "the grade `{text}` is not a whole number"),
            Self::Score(text) => write!(f, "the score `{text}` is not a finite number"),
            Self::Repeated { query, document } => write!(f, "query `{query}` has document `{document}` twice"),
        }
    }
}

/// Documents of a query with what is known of each.
type ByQuery<T> = BTreeMap<String, Vec<(String, T)>>;

/// The same while a file is read, with the number of each line.
type Read<'a, T> = Vec<(&'a str, T, usize)>;

/// Relevance grades by query and document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Qrels {
    /// In the order given.
    queries: ByQuery<i64>,
}

/// Scored documents by query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    /// By score as 32-bit float, ties by document, both descending.
    queries: ByQuery<f32>,
}

/// Reads lines of columns into queries; lines that are empty or begin with `#` are passed over.
fn read<'a, T>(
    text: &'a str,
    columns: usize,
    parse: impl Fn(&[&'a str]) -> Result<T, Fault>,
) -> Result<ByQuery<T>, BadLine> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut queries: Vec<(&str, Read<'_, T>)> = Vec::new();
    let mut cells = Vec::with_capacity(columns);
    let mut last = None;
    let mut fault = None;
    for (at, line) in text.lines().enumerate() {
        cells.clear();
        cells.extend(line.split_ascii_whitespace().take(columns));
        if cells.is_empty() || line.starts_with('#') {
            continue;
        }
        let value = if cells.len() < columns { Err(Fault::Columns(columns)) } else { parse(&cells) };
        let value = match value {
            Ok(value) => value,
            Err(found) => {
                fault = Some(BadLine { line: at + 1, fault: found });
                break;
            }
        };
        // A file has its queries one after the other, as a rule.
        let place = last.filter(|place: &usize| queries[*place].0 == cells[0]).unwrap_or_else(|| {
            *places.entry(cells[0]).or_insert_with(|| {
                queries.push((cells[0], Vec::new()));
                queries.len() - 1
            })
        });
        last = Some(place);
        queries[place].1.push((cells[2], value, at + 1));
    }
    let repeated = queries.iter().filter_map(|(query, documents)| {
        let mut seen = HashSet::with_capacity(documents.len());
        let (document, _, line) = documents.iter().find(|(document, ..)| !seen.insert(*document))?;
        Some(BadLine {
            line: *line,
            fault: Fault::Repeated { query: (*query).to_owned(), document: (*document).to_owned() },
        })
    });
    // All lines before that of another fault were read.
    if let Some(bad) = repeated.min_by_key(|bad| bad.line).or(fault) {
        return Err(bad);
    }
    let owned = |documents: Read<'_, T>| {
        documents.into_iter().map(|(document, value, _)| (document.to_owned(), value)).collect()
    };
    Ok(queries.into_iter().map(|(query, documents)| (query.to_owned(), owned(documents))).collect())
}

impl Qrels {
    /// Documents and their grades by query, queries in the order of their names.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::retrieval::Qrels;
    /// let read = Qrels::parse("q1 0 d1 1\n").unwrap();
    /// assert_eq!(read.queries().map(|(query, documents)| (query, documents.len())).collect::<Vec<_>>(), [("q1", 1)]);
    /// ```
    pub fn queries(&self) -> impl Iterator<Item = (&str, &[(String, i64)])> {
        self.queries.iter().map(|(query, documents)| (query.as_str(), documents.as_slice()))
    }

    /// Reads trec_eval's format: query, iteration (unused), document, whole-number grade, between white space. O(n log n).
    ///
    /// # Errors
    /// The first line with too few columns, a grade that is no whole number, or a document that its query has already.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::retrieval::Qrels;
    /// assert_eq!(Qrels::parse("q1 0 d1 1\nq1 0 d2 0\n").unwrap().len(), 1);
    /// assert_eq!(Qrels::parse("q1 0 d1 1\nq1 0 d1 0\n").unwrap_err().line, 2);
    /// ```
    pub fn parse(text: &str) -> Result<Self, BadLine> {
        let grade = |cells: &[&str]| cells[3].parse::<i64>().map_err(|_| Fault::Grade(cells[3].to_owned()));
        Ok(Self { queries: read(text, 4, grade)? })
    }

    /// Queries with judgements.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::retrieval::Qrels;
    /// assert_eq!(Qrels::parse("q1 0 d1 1\nq2 0 d1 0\n").unwrap().len(), 2);
    /// ```
    pub fn len(&self) -> usize {
        self.queries.len()
    }

    /// Whether there is no judgement.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::retrieval::Qrels;
    /// assert!(Qrels::parse("").unwrap().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.queries.is_empty()
    }

    /// The largest grade; `None` without judgements.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::retrieval::Qrels;
    /// assert_eq!(Qrels::parse("q 0 d1 1\nq 0 d2 3\n").unwrap().highest(), Some(3));
    /// assert_eq!(Qrels::default().highest(), None);
    /// ```
    pub fn highest(&self) -> Option<i64> {
        self.queries.values().flatten().map(|(_, grade)| *grade).max()
    }
}

/// The subtopics that each document of a query covers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subtopics {
    /// By document: numbers of its subtopics, from 0 within the query.
    queries: BTreeMap<String, BTreeMap<String, Vec<usize>>>,
}

impl Subtopics {
    /// Reads ndeval's format: query, subtopic, document, whole-number grade, between white space; a grade above 0 says that
    /// the document covers the subtopic. O(n log n).
    ///
    /// # Errors
    /// The first line with too few columns, a grade that is no whole number, or a document and subtopic that its query has
    /// already.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::retrieval::Subtopics;
    /// assert_eq!(Subtopics::parse("q1 cats d1 1\nq1 dogs d1 1\nq1 dogs d2 0\n").unwrap().len(), 1);
    /// assert_eq!(Subtopics::parse("q1 cats d1 1\nq1 cats d1 1\n").unwrap_err().line, 2);
    /// ```
    pub fn parse(text: &str) -> Result<Self, BadLine> {
        let mut queries: BTreeMap<String, BTreeMap<String, Vec<usize>>> = BTreeMap::new();
        let mut topics: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
        let mut seen = HashSet::new();
        for (at, line) in text.lines().enumerate() {
            let bad = |fault| BadLine { line: at + 1, fault };
            let cells: Vec<&str> = line.split_ascii_whitespace().take(4).collect();
            if cells.is_empty() || line.starts_with('#') {
                continue;
            }
            let [query, topic, document, grade] = cells[..] else { return Err(bad(Fault::Columns(4))) };
            let grade: i64 = grade.parse().map_err(|_| bad(Fault::Grade(grade.to_owned())))?;
            if !seen.insert((query, topic, document)) {
                return Err(bad(Fault::Repeated { query: query.to_owned(), document: document.to_owned() }));
            }
            let known = topics.entry(query).or_default();
            let next = known.len();
            let number = *known.entry(topic).or_insert(next);
            let covered = queries.entry(query.to_owned()).or_default().entry(document.to_owned()).or_default();
            if grade > 0 {
                covered.push(number);
            }
        }
        Ok(Self { queries })
    }

    /// Queries with judgements.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::retrieval::Subtopics;
    /// assert_eq!(Subtopics::parse("q1 cats d1 1\nq2 dogs d1 1\n").unwrap().len(), 2);
    /// ```
    pub fn len(&self) -> usize {
        self.queries.len()
    }

    /// Whether there is no judgement.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::retrieval::Subtopics;
    /// assert!(Subtopics::parse("").unwrap().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.queries.is_empty()
    }

    /// α-nDCG over the first `k` of each query ([`alpha_ndcg`](crate::ranking::alpha_ndcg)); 0 where the run has no
    /// results, `None` where no document covers a subtopic.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::retrieval::{Run, Subtopics};
    /// let topics = Subtopics::parse("q cats d1 1\nq dogs d2 1\n").unwrap();
    /// let run = Run::parse("q Q0 d1 1 2.0 x\nq Q0 d2 2 1.0 x\n").unwrap();
    /// assert_eq!(topics.alpha_ndcg(&run, 0.5, 10), [("q".to_owned(), Some(1.0))]);
    /// ```
    pub fn alpha_ndcg(&self, run: &Run, alpha: f64, k: usize) -> Vec<(String, Option<f64>)> {
        let one = |(query, documents): (&String, &BTreeMap<String, Vec<usize>>)| {
            let ranked: Vec<Vec<usize>> = run
                .queries
                .get(query)
                .map(Vec::as_slice)
                .unwrap_or_default()
                .iter()
                .map(|(document, _)| documents.get(document).cloned().unwrap_or_default())
                .collect();
            // Documents in the order of their ids, as ndeval has them.
            let judged: Vec<Vec<usize>> = documents.values().cloned().collect();
            (query.clone(), crate::ranking::alpha_ndcg(&ranked, &judged, alpha, k))
        };
        self.queries.iter().map(one).collect()
    }
}

impl Run {
    /// Documents and their scores by query, queries in the order of their names, documents ranked.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::retrieval::Run;
    /// let read = Run::parse("q1 Q0 d1 1 2.0 x\n").unwrap();
    /// assert_eq!(read.queries().map(|(query, documents)| (query, documents.len())).collect::<Vec<_>>(), [("q1", 1)]);
    /// ```
    pub fn queries(&self) -> impl Iterator<Item = (&str, &[(String, f32)])> {
        self.queries.iter().map(|(query, documents)| (query.as_str(), documents.as_slice()))
    }

    /// Reads trec_eval's format: query, `Q0` (unused), document, rank (unused), score, run, between white space. O(n log
    /// n).
    ///
    /// # Errors
    /// The first line with too few columns, a score that is not a finite 32-bit number, or a document that its query has
    /// already.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::retrieval::{Fault, Run};
    /// assert_eq!(Run::parse("q1 Q0 d1 1 0.5 bm25\n").unwrap().len(), 1);
    /// assert_eq!(Run::parse("q1 Q0 d1 1 nan bm25\n").unwrap_err().fault, Fault::Score("nan".into()));
    /// ```
    pub fn parse(text: &str) -> Result<Self, BadLine> {
        let score = |cells: &[&str]| {
            let score = cells[4].parse::<f64>().ok().map(|score| score as f32).filter(|score| score.is_finite());
            score.ok_or_else(|| Fault::Score(cells[4].to_owned()))
        };
        let mut queries = read(text, 5, score)?;
        for documents in queries.values_mut() {
            rank(documents);
        }
        Ok(Self { queries })
    }

    /// Queries with results.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::retrieval::Run;
    /// assert_eq!(Run::parse("q1 Q0 d1 1 0.5 x\nq2 Q0 d1 1 0.5 x\n").unwrap().len(), 2);
    /// ```
    pub fn len(&self) -> usize {
        self.queries.len()
    }

    /// Whether there is no result.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::retrieval::Run;
    /// assert!(Run::parse("").unwrap().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.queries.is_empty()
    }
}

/// A measure of a ranking. Written `ndcg`, `ndcg@10`, `map`, `p@5`, …, or as trec_eval does: `ndcg_cut_10`, `P_5`,
/// `iprec_at_recall_0.10`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure {
    /// nDCG with linear gain: `ndcg`, `ndcg@k`.
    Ndcg(usize),
    /// nDCG with gain 2^grade − 1: `ndcg_exp@k`.
    NdcgExponential(usize),
    /// Average precision: `map`, `map@k`.
    Map(usize),
    /// The geometric mean of average precision, each at least 1e-5: `gm_map`. For a query: the logarithm.
    GeometricMap,
    /// The geometric mean of bpref, each at least 1e-5: `gm_bpref`. For a query: the logarithm.
    GeometricBpref,
    /// Precision: `p@k`.
    Precision(usize),
    /// Precision over what is possible: `relative_p@k`.
    RelativePrecision(usize),
    /// Recall: `recall@k`.
    Recall(usize),
    /// Whether a relevant document is there: `success@k`.
    Success(usize),
    /// 1 / rank of the first relevant document: `mrr`, `mrr@k`, `recip_rank`.
    ReciprocalRank(usize),
    /// Precision at a multiple of the relevant documents: `rprec`, `rprec_mult_0.20`.
    RPrecision(f64),
    /// Preference over judged documents: `bpref`.
    Bpref,
    /// Inferred average precision: `infap`.
    InferredAp,
    /// Interpolated precision at a recall: `iprec@0.10`.
    InterpolatedPrecision(f64),
    /// The mean of interpolated precision at 0, 0.1, …, 1: `11pt_avg`.
    ElevenPoint,
    /// Precision of the set: `set_p`.
    SetPrecision,
    /// Precision of the set over what is possible: `set_relative_p`.
    SetRelativePrecision,
    /// Recall of the set: `set_recall`.
    SetRecall,
    /// F1 of the set: `set_f`.
    SetF,
    /// Precision times recall of the set: `set_map`.
    SetMap,
    /// Relevant minus other documents retrieved: `utility`.
    Utility,
    /// Documents retrieved: `num_ret`. Summed, not averaged.
    Retrieved,
    /// Relevant documents: `num_rel`. Summed, not averaged.
    Relevant,
    /// Relevant documents retrieved: `num_rel_ret`. Summed, not averaged.
    RelevantRetrieved,
    /// Share of judged documents: `judged@k`.
    Judged(usize),
    /// Expected reciprocal rank: `err@k`; the highest grade is that of the judgements unless given as `err@k,max=4`.
    Err(usize, Option<u32>),
    /// Rank-biased precision: `rbp@0.8`.
    Rbp(f64),
    /// What rank-biased precision cannot know: `rbp_residual@0.8`.
    RbpResidual(f64),
}

/// All documents: no cut.
const ALL: usize = usize::MAX;

/// The smallest value that a geometric mean takes, as in trec_eval.
const LEAST_OF_GEOMETRIC: f64 = 1e-5;

/// How values of queries become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Summary {
    /// The arithmetic mean.
    Mean,
    /// The geometric mean, from logarithms.
    Geometric,
    /// The sum.
    Sum,
}

impl Measure {
    /// The measures that `trec_eval -m all_trec` prints and Assay has, in its order and with its cuts.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::retrieval::Measure;
    /// let all = Measure::all_trec();
    /// assert!(all.contains(&Measure::Ndcg(10)) && all.contains(&Measure::Bpref));
    /// ```
    pub fn all_trec() -> Vec<Self> {
        let cuts = [5, 10, 15, 20, 30, 100, 200, 500, 1000];
        let mut all =
            vec![Self::Retrieved, Self::Relevant, Self::RelevantRetrieved, Self::Map(ALL), Self::GeometricMap];
        all.extend([Self::RPrecision(1.0), Self::Bpref, Self::ReciprocalRank(ALL)]);
        all.extend((0..=10).map(|tenth| Self::InterpolatedPrecision(f64::from(tenth) / 10.0)));
        all.extend(cuts.map(Self::Precision));
        all.extend(cuts.map(Self::Recall));
        all.extend([Self::InferredAp, Self::GeometricBpref]);
        all.extend((1..=10).map(|fifth| Self::RPrecision(f64::from(fifth) / 5.0)));
        all.extend([Self::Utility, Self::ElevenPoint, Self::Ndcg(ALL)]);
        all.extend(cuts.map(Self::Ndcg));
        all.extend(cuts.map(Self::Map));
        all.extend(cuts.map(Self::RelativePrecision));
        all.extend([1, 5, 10].map(Self::Success));
        all.extend([Self::SetPrecision, Self::SetRelativePrecision, Self::SetRecall, Self::SetMap, Self::SetF]);
        all
    }

    /// How its values over queries become one.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::retrieval::{Measure, Summary};
    /// assert_eq!((Measure::Bpref.summary(), Measure::GeometricMap.summary()), (Summary::Mean, Summary::Geometric));
    /// ```
    pub fn summary(self) -> Summary {
        match self {
            Self::GeometricMap | Self::GeometricBpref => Summary::Geometric,
            Self::Retrieved | Self::Relevant | Self::RelevantRetrieved => Summary::Sum,
            _ => Summary::Mean,
        }
    }

    /// The range of one query's value; `None` for a count, a logarithm or a utility.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::retrieval::Measure;
    /// assert_eq!((Measure::Ndcg(10).range(), Measure::Retrieved.range()), (Some((0.0, 1.0)), None));
    /// ```
    pub fn range(self) -> Option<(f64, f64)> {
        (self.summary() == Summary::Mean && self != Self::Utility).then_some((0.0, 1.0))
    }

    /// Whether one query's value is 0 or 1.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::retrieval::Measure;
    /// assert!(Measure::Success(5).is_binary() && !Measure::Precision(5).is_binary());
    /// ```
    pub fn is_binary(self) -> bool {
        matches!(self, Self::Success(_))
    }

    /// The value of one ranking. `highest` is the top of the scale of grades, used where [`Measure::Err`] names none.
    /// `None` where the measure is not defined: `judged@k` without documents, `err@k` with a grade above the highest.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::{ranking::Judged, retrieval::Measure};
    /// let judged = Judged::from_grades(vec![Some(0.0), Some(1.0)], [0.0, 1.0], 1.0);
    /// assert_eq!("p@2".parse::<Measure>().unwrap().of(&judged, 1.0), Some(0.5));
    /// ```
    pub fn of(self, judged: &Judged, highest: f64) -> Option<f64> {
        let flag = |holds: bool| f64::from(u8::from(holds));
        let hits = judged.hits(ALL) as f64;
        let (precision, recall) = judged.set();
        Some(match self {
            Self::Ndcg(k) => judged.ndcg(k),
            Self::NdcgExponential(k) => judged.ndcg_exponential(k),
            Self::Map(k) => judged.average_precision(k),
            Self::GeometricMap => judged.average_precision(ALL).max(LEAST_OF_GEOMETRIC).ln(),
            Self::GeometricBpref => judged.bpref().max(LEAST_OF_GEOMETRIC).ln(),
            Self::Precision(k) => judged.precision(k),
            Self::RelativePrecision(k) => judged.relative_precision(k),
            Self::Recall(k) => judged.recall(k),
            Self::Success(k) => flag(judged.hit(k)),
            Self::ReciprocalRank(k) => judged.reciprocal_rank(k),
            Self::RPrecision(multiple) => judged.r_precision(multiple),
            Self::Bpref => judged.bpref(),
            Self::InferredAp => judged.inferred_average_precision(),
            Self::InterpolatedPrecision(level) => judged.interpolated_precision(&[level])[0],
            Self::ElevenPoint => {
                let levels: Vec<f64> = (0..=10).map(|tenth| f64::from(tenth) / 10.0).collect();
                judged.interpolated_precision(&levels).iter().sum::<f64>() / 11.0
            }
            Self::SetPrecision => precision,
            Self::SetRelativePrecision => judged.relative_precision(judged.retrieved()) * flag(judged.retrieved() > 0),
            Self::SetRecall => recall,
            Self::SetF => judged.set_f1(),
            Self::SetMap => precision * recall,
            Self::Utility => 2.0 * hits - judged.retrieved() as f64,
            Self::Retrieved => judged.retrieved() as f64,
            Self::Relevant => judged.relevant() as f64,
            Self::RelevantRetrieved => hits,
            Self::Judged(k) => return judged.judged(k),
            Self::Err(k, named) => return judged.expected_reciprocal_rank(k, named.map_or(highest, f64::from)),
            Self::Rbp(p) => return judged.rank_biased_precision(p).map(|found| found.0),
            Self::RbpResidual(p) => return judged.rank_biased_precision(p).map(|found| found.1),
        })
    }
}

impl FromStr for Measure {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let lower = text.trim().to_lowercase();
        // trec_eval's own names hang the cut on with an underscore.
        let trec =
            |prefix: &str| lower.strip_prefix(prefix).filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        let names = [
            ("ndcg_cut_", "ndcg"),
            ("map_cut_", "map"),
            ("relative_p_", "relative_p"),
            ("p_", "p"),
            ("recall_", "recall"),
            ("success_", "success"),
            ("iprec_at_recall_", "iprec"),
            ("rprec_mult_", "rprec"),
        ];
        let (name, cut) = match names.iter().find_map(|(prefix, name)| Some((*name, trec(prefix)?))) {
            Some((name, cut)) => (name, Some(cut)),
            None => lower.split_once('@').map_or((lower.as_str(), None), |(name, cut)| (name, Some(cut))),
        };
        let (cut, top) = match cut.and_then(|cut| cut.split_once(',')) {
            Some((cut, top)) => (Some(cut), Some(top)),
            None => (cut, None),
        };
        let whole = || match cut {
            None => Ok(ALL),
            Some(cut) => match cut.parse() {
                Ok(k) if k > 0 => Ok(k),
                _ => Err(format!("`{text}`: a whole number of 1 or more is expected after @")),
            },
        };
        let needed = || match cut {
            None => Err(format!("`{text}` needs a cut, such as {name}@10")),
            Some(_) => whole(),
        };
        let part = |range: std::ops::RangeInclusive<f64>| match cut.map(str::parse::<f64>) {
            Some(Ok(number)) if range.contains(&number) => Ok(number),
            _ => Err(format!("`{text}`: a number from {} to {} is expected after @", range.start(), range.end())),
        };
        let plain = |measure: Self| match cut {
            None => Ok(measure),
            Some(_) => Err(format!("`{text}`: `{name}` has no cut")),
        };
        if top.is_some() && name != "err" {
            return Err(format!("`{text}`: only err@k takes a highest grade"));
        }
        match name {
            "ndcg" => Ok(Self::Ndcg(whole()?)),
            "ndcg_exp" => Ok(Self::NdcgExponential(whole()?)),
            "map" | "ap" => Ok(Self::Map(whole()?)),
            "gm_map" => plain(Self::GeometricMap),
            "gm_bpref" => plain(Self::GeometricBpref),
            "p" | "precision" => Ok(Self::Precision(needed()?)),
            "relative_p" => Ok(Self::RelativePrecision(needed()?)),
            "recall" | "r" => Ok(Self::Recall(needed()?)),
            "success" | "hit" => Ok(Self::Success(needed()?)),
            "mrr" | "rr" | "recip_rank" => Ok(Self::ReciprocalRank(whole()?)),
            "rprec" if cut.is_none() => Ok(Self::RPrecision(1.0)),
            "rprec" => Ok(Self::RPrecision(part(0.0..=1e6)?)),
            "bpref" => plain(Self::Bpref),
            "infap" => plain(Self::InferredAp),
            "iprec" => Ok(Self::InterpolatedPrecision(part(0.0..=1.0)?)),
            "11pt_avg" => plain(Self::ElevenPoint),
            "set_p" => plain(Self::SetPrecision),
            "set_relative_p" => plain(Self::SetRelativePrecision),
            "set_recall" => plain(Self::SetRecall),
            "set_f" => plain(Self::SetF),
            "set_map" => plain(Self::SetMap),
            "utility" => plain(Self::Utility),
            "num_ret" => plain(Self::Retrieved),
            "num_rel" => plain(Self::Relevant),
            "num_rel_ret" => plain(Self::RelevantRetrieved),
            "judged" => Ok(Self::Judged(needed()?)),
            "err" => {
                let top = match top.map(|top| top.strip_prefix("max=").and_then(|top| top.parse().ok())) {
                    Some(None) => return Err(format!("`{text}`: write the highest grade as err@10,max=4")),
                    Some(top) => top,
                    None => None,
                };
                Ok(Self::Err(whole()?, top))
            }
            "rbp" => Ok(Self::Rbp(part(1e-6..=0.999_999)?)),
            "rbp_residual" => Ok(Self::RbpResidual(part(1e-6..=0.999_999)?)),
            _ => Err(format!(
                "`{text}` is no measure; there are ndcg, ndcg_exp, map, p, recall, success, mrr, rprec, bpref, infap, \
                 iprec, err, rbp, judged, set_p, set_recall, set_f and more, with cuts such as ndcg@10"
            )),
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut = |f: &mut fmt::Formatter<'_>, name: &str, k: usize| {
            if k == ALL { write!(f, "{name}") } else { write!(f, "{name}@{k}") }
        };
        match *self {
            Self::Ndcg(k) => cut(f, "ndcg", k),
            Self::NdcgExponential(k) => cut(f, "ndcg_exp", k),
            Self::Map(k) => cut(f, "map", k),
            Self::GeometricMap => f.write_str("gm_map"),
            Self::GeometricBpref => f.write_str("gm_bpref"),
            Self::Precision(k) => cut(f, "p", k),
            Self::RelativePrecision(k) => cut(f, "relative_p", k),
            Self::Recall(k) => cut(f, "recall", k),
            Self::Success(k) => cut(f, "success", k),
            Self::ReciprocalRank(k) => cut(f, "mrr", k),
            Self::RPrecision(1.0) => f.write_str("rprec"),
            Self::RPrecision(multiple) => write!(f, "rprec@{multiple:.2}"),
            Self::Bpref => f.write_str("bpref"),
            Self::InferredAp => f.write_str("infap"),
            Self::InterpolatedPrecision(level) => write!(f, "iprec@{level:.2}"),
            Self::ElevenPoint => f.write_str("11pt_avg"),
            Self::SetPrecision => f.write_str("set_p"),
            Self::SetRelativePrecision => f.write_str("set_relative_p"),
            Self::SetRecall => f.write_str("set_recall"),
            Self::SetF => f.write_str("set_f"),
            Self::SetMap => f.write_str("set_map"),
            Self::Utility => f.write_str("utility"),
            Self::Retrieved => f.write_str("num_ret"),
            Self::Relevant => f.write_str("num_rel"),
            Self::RelevantRetrieved => f.write_str("num_rel_ret"),
            Self::Judged(k) => cut(f, "judged", k),
            Self::Err(k, None) => cut(f, "err", k),
            Self::Err(k, Some(top)) => {
                cut(f, "err", k)?;
                write!(f, ",max={top}")
            }
            Self::Rbp(p) => write!(f, "rbp@{p}"),
            Self::RbpResidual(p) => write!(f, "rbp_residual@{p}"),
        }
    }
}

/// What a query that the run says nothing about counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// An empty ranking, which is 0 in almost every measure; `trec_eval -c`.
    #[default]
    Zero,
    /// Nothing: the mean is over the queries of the run, as trec_eval does unless told otherwise. A run that is silent
    /// where it is weak gains by it.
    Skip,
}

/// The values of one query.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryValues {
    /// The query.
    pub query: String,
    /// Whether the run says nothing about it; the values are then those of an empty ranking.
    pub missing: bool,
    /// In the order of the measures; `None` where one is not defined.
    pub values: Vec<Option<f64>>,
}

/// A run judged query by query.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// What was computed.
    pub measures: Vec<Measure>,
    /// Every judged query, in the order of their names.
    pub queries: Vec<QueryValues>,
    /// Queries of the run that have no judgement; they count nowhere.
    pub not_judged: Vec<String>,
}

impl Evaluation {
    /// One value of the measure at `at` over all queries: its mean, geometric mean or sum. `None` without a query that
    /// counts and has a value.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::retrieval::{Measure, Missing, Qrels, Run, evaluate};
    /// let qrels = Qrels::parse("q1 0 d1 1\nq2 0 d1 1\n").unwrap();
    /// let run = Run::parse("q1 Q0 d1 1 2.0 x\n").unwrap();
    /// let found = evaluate(&qrels, &run, &[Measure::Precision(1)], 1, None);
    /// // The run says nothing about the second query.
    /// assert_eq!((found.summary(0, Missing::Zero), found.summary(0, Missing::Skip)), (Some(0.5), Some(1.0)));
    /// ```
    pub fn summary(&self, at: usize, missing: Missing) -> Option<f64> {
        let counted = self.queries.iter().filter(|query| missing == Missing::Zero || !query.missing);
        let (mut sum, mut n) = (0.0, 0usize);
        for value in counted.filter_map(|query| query.values[at]) {
            sum += value;
            n += 1;
        }
        (n > 0).then(|| match self.measures[at].summary() {
            Summary::Mean => sum / n as f64,
            Summary::Geometric => (sum / n as f64).exp(),
            Summary::Sum => sum,
        })
    }
}

/// Puts finite scores in trec_eval's order: by score, ties by document, both descending. O(n log n).
///
/// # Examples
/// ```
/// let mut results = [("a", 1.0), ("b", 2.0), ("c", 1.0)];
/// assay_metrics::retrieval::rank(&mut results);
/// assert_eq!(results.map(|(document, _)| document), ["b", "c", "a"]);
/// ```
pub fn rank<D: AsRef<str>>(results: &mut [(D, f32)]) {
    // −0.0 ties with 0.0, so no total order.
    results.sort_unstable_by(|a, b| {
        b.1.partial_cmp(&a.1).unwrap_or(std::cmp::Ordering::Equal).then_with(|| b.0.as_ref().cmp(a.0.as_ref()))
    });
}

/// The values of one query's ranking (see [`rank`]) in the order of the measures. `least` is as in [`evaluate`], `highest`
/// as in [`Measure::of`].
///
/// # Examples
/// ```
/// use assay_metrics::retrieval::{Measure, judge};
/// let found = judge(&[("a", 1), ("b", 0)], &[("b", 2.0), ("a", 1.0)], &[Measure::Precision(2)], 1, 1.0);
/// assert_eq!(found, [Some(0.5)]);
/// ```
pub fn judge<D: AsRef<str>>(
    judgements: &[(D, i64)],
    ranked: &[(D, f32)],
    measures: &[Measure],
    least: i64,
    highest: f64,
) -> Vec<Option<f64>> {
    let grades: HashMap<&str, f64> =
        judgements.iter().map(|(document, grade)| (document.as_ref(), *grade as f64)).collect();
    let ranked = ranked.iter().map(|(document, _)| grades.get(document.as_ref()).copied()).collect();
    let judged = Judged::from_grades(ranked, judgements.iter().map(|(_, grade)| *grade as f64), least.max(1) as f64);
    measures.iter().map(|measure| measure.of(&judged, highest)).collect()
}

/// Judges a run query by query. `least` is the smallest grade that is relevant (1 in trec_eval unless told otherwise; a
/// smaller one is taken as 1); `depth` cuts every ranking. O(n + m log m) for n results and m judgements of a query.
///
/// # Examples
/// ```
/// use assay_metrics::retrieval::{Measure, Missing, Qrels, Run, evaluate};
/// let qrels = Qrels::parse("a 0 x 1\nb 0 y 1\n").unwrap();
/// let run = Run::parse("a Q0 x 1 2.5 mine\n").unwrap();
/// let found = evaluate(&qrels, &run, &[Measure::Map(usize::MAX)], 1, None);
/// assert_eq!(found.summary(0, Missing::Zero), Some(0.5));
/// assert_eq!(found.summary(0, Missing::Skip), Some(1.0));
/// ```
pub fn evaluate(qrels: &Qrels, run: &Run, measures: &[Measure], least: i64, depth: Option<usize>) -> Evaluation {
    let highest = qrels.highest().unwrap_or(0).max(1) as f64;
    let queries = qrels
        .queries
        .iter()
        .map(|(query, judgements)| {
            let results = run.queries.get(query);
            let ranked = results.map(Vec::as_slice).unwrap_or_default();
            let ranked = &ranked[..depth.unwrap_or(ALL).min(ranked.len())];
            let values = judge(judgements, ranked, measures, least, highest);
            QueryValues { query: query.clone(), missing: results.is_none(), values }
        })
        .collect();
    let not_judged = run.queries.keys().filter(|query| !qrels.queries.contains_key(*query)).cloned().collect();
    Evaluation { measures: measures.to_vec(), queries, not_judged }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str) -> Vec<String> {
        Run::parse(text).unwrap().queries["q"].iter().map(|(document, _)| document.clone()).collect()
    }

    #[test]
    fn ties_are_those_of_32_bits_and_go_by_document_descending() {
        assert_eq!(run("q Q0 a 1 1.00000001 x\nq Q0 b 2 1.0 x\nq Q0 c 3 2 x more junk\n"), ["c", "b", "a"]);
        assert_eq!(run("q Q0 a 1 -0.0 x\nq Q0 b 2 0.0 x\n"), ["b", "a"]);
    }

    #[test]
    fn bad_lines_are_named() {
        let fault = |text: &str| Run::parse(text).unwrap_err();
        assert_eq!(fault("\nq Q0 a 1\n"), BadLine { line: 2, fault: Fault::Columns(5) });
        for score in ["NaN", "inf", "1e300", "high"] {
            assert_eq!(fault(&format!("q Q0 a 1 {score} x")).fault, Fault::Score(score.into()));
        }
        assert!(fault("q Q0 a 1 2 x\nq Q0 a 2 1 x").fault.to_string().contains("twice"));
        assert_eq!(Qrels::parse("# a comment\nq 0 a 1.5").unwrap_err().line, 2);
        assert_eq!(Qrels::parse("q 0 a").unwrap_err().fault, Fault::Columns(4));
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for measure in Measure::all_trec() {
            let text = measure.to_string();
            let back: Measure = text.parse().unwrap();
            assert_eq!(back.to_string(), text);
        }
        for (name, measure) in [
            ("ndcg_cut_10", Measure::Ndcg(10)),
            ("P_5", Measure::Precision(5)),
            ("iprec_at_recall_0.10", Measure::InterpolatedPrecision(0.1)),
            ("err@10,max=4", Measure::Err(10, Some(4))),
            ("RR", Measure::ReciprocalRank(ALL)),
        ] {
            assert_eq!(name.parse(), Ok(measure));
        }
        for name in ["ndcg@0", "p", "nope", "bpref@3", "rbp@1.5", "ndcg@10,max=3", "err@10,4", "iprec@2"] {
            assert!(name.parse::<Measure>().is_err(), "{name}");
        }
    }
}
