"""What the server's API takes and gives, as typed dictionaries.

Written by `scripts/models.py` from the server's OpenAPI document; not changed by hand.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, TypedDict


class Credentials(TypedDict, total=False):
    """How somebody says who they are: a token, or a name and a password."""

    token: str | None
    """The token that the server printed, in local mode."""
    name: str | None
    """A name."""
    password: str | None
    """The password."""


RunStatus: TypeAlias = "Literal['running', 'interrupted', 'sealed']"
"""Where a run stands."""


Limit: TypeAlias = "int"
"""How many items are asked for."""


class _OrderBody(TypedDict):
    """An order to a run."""

    order: Wanted
    """What."""


class OrderBody(_OrderBody, total=False):
    """An order to a run."""

    trials: int | None
    """Trials in flight, for `limit`."""


Wanted: TypeAlias = "Literal['pause', 'resume', 'cancel', 'retry', 'limit']"
"""What is wanted of a run."""


class _BaselineBody(TypedDict):
    """What becomes a baseline."""

    run: str
    """A run of the suite; a target may stand after a colon."""


class BaselineBody(_BaselineBody, total=False):
    """What becomes a baseline."""

    target: str | None
    """The target."""


class _QueueBody(TypedDict):
    """What is to be run."""

    suite: str
    """The suite: a file of the project."""


class QueueBody(_QueueBody, total=False):
    """What is to be run."""

    tier: str | None
    """A tier of it."""
    targets: list[str]
    """These targets only."""
    limit: int | None
    """At most so many cases."""
    epochs: int | None
    """Repeats of each case."""
    max_cost: float | None
    """Dollars that may be spent, instead of the suite's budget."""
    labels: dict[str, str]
    """Labels of the run."""
    gate: bool
    """Whether the gate decides how it ends."""
    baseline: str | None
    """What the run is compared with; the baseline `main` by default."""


class _RunRecord(TypedDict):
    """Everything fixed when a run starts. Its digest is the run's fingerprint."""

    id: RunId
    """The run."""
    suite: str
    """The suite's name."""
    suite_path: str
    """Where the suite file was: from the project's folder on where it is inside, whole elsewhere."""
    suite_digest: Digest
    """Digest of the suite file's bytes."""
    suite_text: str
    """The suite file's text, so that `assay resume` needs no file."""
    datasets: list[DatasetRecord]
    """The dataset versions."""
    targets: list[TargetRecord]
    """The targets."""
    scorers: list[ScorerRecord]
    """The scorers."""
    epochs: int
    """Repeats of each case."""
    reducers: list[Reducer]
    """Reducers over epochs, the first one leading."""
    slices: list[Slice]
    """Declared slices."""
    gate: Gate
    """The gate."""
    budget: Budget
    """The budget."""
    seed: int
    """Seed of the order of cases."""
    cases: int
    """Cases of all datasets together."""
    plan: Digest
    """Digest of the frozen list of cases the run works through."""
    assay_version: str
    """Version of Assay."""
    started_us: int
    """When the run was started, in microseconds since the Unix epoch, UTC."""


class RunRecord(_RunRecord, total=False):
    """Everything fixed when a run starts. Its digest is the run's fingerprint."""

    tier: str | None
    """The tier that was run."""
    git: str | None
    """Git commit of the suite's directory, with `-dirty` when files differ from it."""
    narrowed: list[str]
    """What the command line left out of the suite or its tier, such as `--limit 20`: the run is not one of the whole."""
    labels: dict[str, str]
    """Labels that somebody gave it."""
    answers_of: AnswersOf | None
    """The earlier run whose answers are taken over."""
    looks: list[LookTaken]
    """The looks that a group-sequential gate took, the deciding one last. `cases` and `gate.confidence` are those of the last one, so that every interval shown allows for the looks."""


RunId: TypeAlias = "str"
"""RunId"""


Digest: TypeAlias = "str"
"""SHA-256 in hexadecimal"""


class _DatasetRecord(TypedDict):
    """A dataset as a run used it."""

    name: str
    """Its name in the suite."""
    source: str
    """The file, the directory or the stored dataset it was read from, as written in the suite."""
    version: Digest
    """The dataset version: the digest over the sorted digests of its whole cases."""
    cases: int
    """Number of cases used."""


class DatasetRecord(_DatasetRecord, total=False):
    """A dataset as a run used it."""

    sealed: str | None
    """The sealed part it is, whose cases are not to be listed."""


class TargetRecord(TypedDict):
    """A target as a run used it."""

    name: str
    """Its name in the suite."""
    kind: str
    """The kind, such as `openai` or `command`."""
    fingerprint: Digest
    """Model id, prompt digest, parameters, tools: everything that identifies it, without secrets."""
    config: Any
    """The configuration as written, secrets excluded."""


class _ScorerRecord(TypedDict):
    """A scorer as a run remembers it: enough to know what its numbers mean and whether they can be compared."""

    name: str
    """The name in the suite."""
    kind: str
    """The registry name, such as `equals` or `judge`."""
    fingerprint: Digest
    """Digest of registry name, version and parameters (for a judge also model, rubric, prompt and parser)."""
    score: ScoreKind
    """What kind of number it gives."""
    direction: Direction
    """Which way is better."""
    weight: float
    """Weight in the weighted mean over scorers."""
    judge: bool
    """True for a scorer that asks a model: advisory until it is calibrated."""


class ScorerRecord(_ScorerRecord, total=False):
    """A scorer as a run remembers it: enough to know what its numbers mean and whether they can be compared."""

    threshold: float | None
    """A trial passes this scorer when its value is at least this (at most, when lower is better)."""
    metrics: list[Metric]
    """Corpus metrics that are shown beside the mean."""


class ScoreKindVariant2(TypedDict):
    """A number in a closed range."""

    bounded: dict[str, Any]


ScoreKind: TypeAlias = "Literal['binary', 'unbounded'] | ScoreKindVariant2"
"""What kind of number a scorer gives: it decides the interval."""


Direction: TypeAlias = "Literal['higher', 'lower']"
"""Which way is better."""


Metric: TypeAlias = "Literal['bleu', 'chrf', 'ter', 'wer', 'cer', 'mer', 'wil', 'macro_f1', 'weighted_f1', 'balanced_accuracy', 'mcc', 'kappa', 'precision', 'recall', 'f1', 'mae', 'rmse', 'roc_auc']"
"""A corpus metric, computed from the numbers that a scorer keeps of each trial ([`crate::Score::counts`])."""


Reducer: TypeAlias = "str"
"""How the epochs of one case become one value."""


class SliceVariant2(TypedDict):
    """A metadata key (one slice per value), or a named predicate over metadata."""

    name: str
    where: str


Slice: TypeAlias = "str | SliceVariant2"
"""A metadata key (one slice per value), or a named predicate over metadata."""


class _Gate(TypedDict):
    """When a run is good enough. Every rule is decided by an interval, never by a point estimate; the verdict is `pass`, `fail` or `inconclusive`."""

    confidence: float
    """Two-sided confidence of the intervals shown and used, between 0.5 and 1."""
    on_inconclusive: OnInconclusive
    """What an inconclusive verdict means for the exit code."""
    rules: list[GateRule]
    """The rules. All must pass."""
    critical: CriticalRule
    """The rule for cases marked `critical`."""


class Gate(_Gate, total=False):
    """When a run is good enough. Every rule is decided by an interval, never by a point estimate; the verdict is `pass`, `fail` or `inconclusive`."""

    stop: StopRule | None
    """Whether the run may end before its last case; never, by default."""
    looks: Looks
    """With `stop`: how often the gate looks, at equal shares of the cases, the last look at all of them; or after how many cases it looks before that, such as `[500, 1000]` for a run that begins with 500 cases and is extended while they do not decide."""
    spending: LookSpending
    """With `stop`: how much of the error of all looks the early ones may use."""


OnInconclusive: TypeAlias = "Literal['block', 'warn']"
"""What to do when the data cannot decide."""


class _GateRule(TypedDict):
    """One requirement on one scorer. At least one of `min`, `max` and `margin` is needed."""

    scorer: str
    """The scorer's name."""
    role: Role
    """`gate` rules decide; `guardrail` rules (safety, latency, cost) fail when they are inconclusive."""


class GateRule(_GateRule, total=False):
    """One requirement on one scorer. At least one of `min`, `max` and `margin` is needed."""

    reducer: Reducer | None
    """The reducer over epochs; the suite's first one by default."""
    target: str | None
    """Only this target; every target by default."""
    slice: SliceExpression | None
    """Only the cases of this slice."""
    quantile: float | None
    """Judge this quantile over cases (such as 0.95 for p95) instead of the mean."""
    metric: Metric | None
    """Judge this corpus metric of the scorer (such as `macro_f1` of `label`) instead of the mean of its scores."""
    min: float | None
    """The level must be at least this: the whole interval above it passes, the whole interval below it fails."""
    max: float | None
    """The level must be at most this."""
    margin: float | None
    """Against the baseline: the largest loss that is tolerated, in the scorer's own unit, 0 or more. The candidate must prove that it is not worse than the baseline by more than this."""


SliceExpression: TypeAlias = "str"
"""A predicate over case metadata."""


Role: TypeAlias = "Literal['gate', 'guardrail']"
"""What a rule is for."""


class CriticalRule(TypedDict):
    """The rule for cases marked `critical`: it fails when more of a case's epochs fail than the allowed flake explains (the smallest count whose chance is at most 5% over all critical cases)."""

    allowed_flake: float
    """The share of trials of a critical case that may fail by chance; 0 means that any failure fails the gate."""


StopRule: TypeAlias = "Literal['gs']"
"""When a run may end before its last case."""


Looks: TypeAlias = "int | list[int]"
"""When a gate looks before the end."""


LookSpending: TypeAlias = "Literal['late', 'even']"
"""How the error of a gate that looks several times is spread over its looks."""


class Budget(TypedDict, total=False):
    """Hard limits on what a run, each of its trials and all runs of a month may spend."""

    usd: float | None
    """Dollars, targets and judges together."""
    tokens: int | None
    """Tokens read and written."""
    calls: int | None
    """Calls to targets and judges, retries included."""
    minutes: float | None
    """Minutes of wall time, counted from the start of the command."""
    per_trial: Caps
    """What one trial may spend, its judges included."""
    per_month: Caps
    """What all runs of the workspace may spend together in a calendar month (UTC); wall time is that of all runs added up."""


class Caps(TypedDict, total=False):
    """Limits on what something may spend."""

    usd: float | None
    """Dollars."""
    tokens: int | None
    """Tokens read and written."""
    calls: int | None
    """Calls, retries included."""
    minutes: float | None
    """Minutes of wall time."""


class AnswersOf(TypedDict):
    """An earlier run whose answers a run takes over."""

    run: RunId
    """The earlier run."""
    only: bool
    """Every answer is taken from it and no target is called; otherwise targets answer what it has no answer for."""


class _LookTaken(TypedDict):
    """A look of a group-sequential gate."""

    cases: int
    """Cases that were finished."""
    of: int
    """Cases of the last look."""
    confidence: float
    """Two-sided confidence of the intervals at this look."""
    decided: bool
    """Whether the gate was decided, so that the run ended here."""


class LookTaken(_LookTaken, total=False):
    """A look of a group-sequential gate."""

    gate: float | None
    """The gate's own confidence, which all looks together keep."""


class _SealBody(TypedDict):
    """How the run ended."""

    totals: Totals
    """Its totals."""


class SealBody(_SealBody, total=False):
    """How the run ended."""

    ended_us: int | None
    """When it ended."""


class Totals(TypedDict):
    """Totals of a run, kept while it goes on."""

    ok: int
    """Trials with an answer."""
    errors: int
    """Trials that failed."""
    refused: int
    """Trials refused by a budget."""
    cancelled: int
    """Trials cancelled."""
    cached: int
    """Trials answered from the cache."""
    calls: int
    """Calls made to targets and judges, retries included."""
    input_tokens: int
    """Tokens read."""
    output_tokens: int
    """Tokens written."""
    target_cost: Money
    """Cost of targets."""
    judge_cost: Money
    """Cost of judges."""
    unscored: int
    """Scores without a value because the scorer could not say."""
    score_errors: int
    """Scores without a value because the scorer failed."""
    spends: list[Spend]
    """What each target and judge used."""


Money: TypeAlias = "int"
"""An amount in nano-dollars (10⁻⁹ USD). A million tokens at $0.075 is 75 nano-dollars a token, exactly."""


class Spend(TypedDict):
    """What one target or judge used in a run."""

    role: SpenderRole
    """Target or judge."""
    name: str
    """Its name in the suite."""
    trials: int
    """Trials it worked for."""
    cached: int
    """Those of them that needed no call: answered from the cache, or by an earlier run."""
    calls: int
    """Calls made, retries included."""
    input_tokens: int
    """Tokens read by these calls."""
    output_tokens: int
    """Tokens written by them."""
    cost: Money
    """What they cost."""
    busy_us: int
    """Time its answers took, in microseconds, those from the cache left out."""


SpenderRole: TypeAlias = "Literal['target', 'judge']"
"""What makes calls in a run."""


Outcome: TypeAlias = "Literal['ok', 'error', 'refused_by_budget', 'cancelled']"
"""The outcome of a trial, in the words of its column `status`."""


SortOrder: TypeAlias = "Literal['asc', 'desc']"
"""Up or down."""


class _OpeningBody(TypedDict):
    """Why cases of a sealed part must be seen."""

    reason: str
    """Recorded in the dataset's log with the name of who says it."""


class OpeningBody(_OpeningBody, total=False):
    """Why cases of a sealed part must be seen."""

    case: str | None
    """The case that is to be seen first: nothing is opened for one that is not there."""


MemoFormat: TypeAlias = "Literal['html', 'md']"
"""How the memo is wanted."""


class _OpenBody(TypedDict):
    """A change that is proposed."""

    title: str
    """What changed, in a sentence."""
    policy: str
    """The policy: a file of the project, or the name of one that comes with Assay."""


class OpenBody(_OpenBody, total=False):
    """A change that is proposed."""

    kinds: list[Change]
    """Kinds of change."""
    changed: list[str]
    """Paths that changed; the policy says which kind of change each is."""
    risk: Risk
    """How much harm it could do."""
    authors: list[str]
    """Who changed it, beside the one who opens the release."""
    candidates: list[str]
    """Runs of the candidate, with a target after a colon; the newest complete run of each suite by default."""
    baselines: list[str]
    """Runs to compare with; the policy's baseline by default."""
    target: str | None
    """The target that the release is about, in runs that have several."""


Change: TypeAlias = "Literal['model', 'prompt', 'retrieval', 'agent', 'tool', 'policy']"
"""A kind of change."""


Risk: TypeAlias = "Literal['low', 'medium', 'high']"
"""How much harm a release could do."""


class EvaluateBody(TypedDict, total=False):
    """What is done to a release, and what of it was seen."""

    seen: Digest | None
    """`head` of the release as it was seen: if it has changed since, nothing is done (409)."""
    runs: list[str]
    """Judge these runs instead of the newest ones of their suites and tiers."""


class _AttachBody(TypedDict):
    """A document that the policy asks for."""

    document: str
    """The document's name in the policy."""
    reference: str
    """A file of the project, or an address (with `://`)."""


class AttachBody(_AttachBody, total=False):
    """A document that the policy asks for."""

    seen: Digest | None
    """`head` of the release as it was seen."""


class _SayBody(TypedDict):
    """What somebody says of a release."""

    reason: str
    """Why. It is recorded."""


class SayBody(_SayBody, total=False):
    """What somebody says of a release."""

    seen: Digest | None
    """`head` of the release as it was seen."""


class _WaiveBody(TypedDict):
    """A rule that shall not hold the release up for a time."""

    rule: str
    """The rule, as the release's findings name it (`chat@full#2`), or `document:NAME`."""
    until: str
    """The last day on which it holds, such as 2027-01-31 (UTC)."""
    reason: str
    """Why."""
    owner: str
    """Who sees to the follow-up."""
    follow_up: str
    """What will be done."""


class WaiveBody(_WaiveBody, total=False):
    """A rule that shall not hold the release up for a time."""

    seen: Digest | None
    """`head` of the release as it was seen."""


class _ShipBody(TypedDict):
    """The next step of the rollout."""

    reason: str
    """Why."""


class ShipBody(_ShipBody, total=False):
    """The next step of the rollout."""

    seen: Digest | None
    """`head` of the release as it was seen."""
    emergency: bool
    """Pass over what is missing, as far as the policy lets people decide so. It is recorded for ever."""


Movement: TypeAlias = "Literal['worse', 'better', 'same', 'all']"
"""How cases moved."""


Format: TypeAlias = "Literal['jsonl', 'csv', 'parquet', 'arrow']"
"""How a table is taken away."""


class _QueryBody(TypedDict):
    """A question."""

    sql: str
    """One query; nothing can be changed by it."""


class QueryBody(_QueryBody, total=False):
    """A question."""

    limit: int | None
    """At most so many rows; 1,000 by default, at most 10,000, and never more than about 16 MiB of them."""


ExportTable: TypeAlias = "Literal['trials', 'scores']"
"""A table of a run."""


class _ChartBody(TypedDict):
    """A chart to save."""

    name: str
    sql: str
    """One query; it is asked when the chart is looked at."""
    kind: ChartKind


class ChartBody(_ChartBody, total=False):
    """A chart to save."""

    x: str | None
    """The column along the bottom."""
    y: str | None
    """The column of heights."""
    colour: str | None
    """The column that tells series apart."""
    version: int | None
    """The version that is changed; not for a new one."""


ChartKind: TypeAlias = "Literal['table', 'bar', 'line', 'scatter']"
"""How rows are drawn."""


class _DashboardBody(TypedDict):
    """A dashboard to save."""

    name: str


class DashboardBody(_DashboardBody, total=False):
    """A dashboard to save."""

    charts: list[str]
    """The ids of charts, in order; at most 50."""
    version: int | None
    """The version that is changed; not for a new one."""


class TagBody(TypedDict):
    """What a tag names."""

    version: str
    """A number, another tag, or the beginning of a digest."""


class AcceptBody(TypedDict, total=False):
    """Which cases are accepted."""

    ids: list[str]
    """Their ids."""
    all: bool
    """All of them."""
    note: str | None
    """A note for the record."""


class _TakeBody(TypedDict):
    """Where a run's case goes."""

    dataset: str
    """A stored dataset."""


class TakeBody(_TakeBody, total=False):
    """Where a run's case goes."""

    note: str | None
    """Why it is worth keeping; recorded with the case."""


Redact: TypeAlias = "Literal['default']"
"""What is taken out on the way in."""


class _UserBody(TypedDict):
    """Somebody new."""

    name: str
    roles: list[UserRole]
    """At least one."""


class UserBody(_UserBody, total=False):
    """Somebody new."""

    email: str | None
    password: str | None
    """Their password; without it one is made."""


UserRole: TypeAlias = "Literal['viewer', 'rater', 'engineer', 'approver', 'auditor', 'admin']"
"""What somebody is in a workspace. Several add up."""


class UserChangeBody(TypedDict, total=False):
    """What changes of somebody; what is not named stays."""

    email: str | None
    """Another address; an empty one takes it away."""
    roles: list[UserRole] | None
    """Other roles: all that they have from then on."""
    disabled: bool | None
    """Whether they are shut out."""


class PasswordBody(TypedDict, total=False):
    """Another password."""

    password: str | None
    """Without it one is made."""


class _KeyBody(TypedDict):
    """A key that is wanted."""

    user: str
    """In whose name it acts."""
    name: str
    """What it is for."""


class KeyBody(_KeyBody, total=False):
    """A key that is wanted."""

    roles: list[UserRole]
    """What it may be; by default what its user is, without `approver` where somebody else makes it."""
    days: int | None
    """Days until it expires: 90 by default, at most 366."""


class TrainingBody(TypedDict):
    """Answers to a training item."""

    item: int
    """Which item, from 0."""
    answers: dict[str, Any]
    """The answers by criterion."""


class QuizBody(TypedDict):
    """The answers to the quiz."""

    answers: list[dict[str, Any]]
    """For each item its answers by criterion, in the order of the items."""


class _RatingBody(TypedDict):
    """Answers to an item."""

    lease: str
    """Under what the rater has the item."""
    answers: dict[str, Any]
    """By criterion; `a` and `b` of a pair mean what is shown. A comment is a text, spans are a list of {field, start, end, text, label} with characters from 0."""


class RatingBody(_RatingBody, total=False):
    """Answers to an item."""

    ms: int | None
    """Milliseconds at the item, as the page measured them; what is paid by the hour rests on it."""


class _NoteBody(TypedDict):
    """A remark on an item."""

    lease: str
    """Under what the rater has the item, or had it when they answered."""
    kind: NoteKind
    """`skip`: somebody else gets the item. `flag`: it is talked about; please answer it all the same."""


class NoteBody(_NoteBody, total=False):
    """A remark on an item."""

    text: str
    """Why, in a few words."""


NoteKind: TypeAlias = "Literal['skip', 'flag']"
"""What a remark does."""


Draft: TypeAlias = "dict[str, Any]"
"""What is not answered yet."""


class _MakeBody(TypedDict):
    """A project to be made of a run's answers. What is not said is as `assay review create` has it."""

    name: str
    """Its name."""
    rubric: str
    """The rubric, as the text of a rubric file."""
    run: str
    """The run whose answers are rated, and a target behind a colon."""


class MakeBody(_MakeBody, total=False):
    """A project to be made of a run's answers. What is not said is as `assay review create` has it."""

    against: list[str]
    """Runs that it is compared with: items are pairs of answers then."""
    reason: str | None
    """Why cases of a sealed part must be seen; it is recorded."""
    count: int | None
    """How many items are drawn; all by default."""
    stratify: str | None
    """Draw from each value of this metadata key, in proportion to its size."""
    unsure: list[str]
    """Draw more where this scorer is unsure; where two disagree; for pairs, where it scores both apart."""
    even: float | None
    """The share of a driven sample that is spread evenly."""
    overlap: float | None
    """The share of items that several raters see."""
    least_overlap: int | None
    """The least number of such items."""
    raters_per_item: int | None
    """Raters of such an item."""
    raters: int | None
    """Raters that the blocks are laid out for."""
    gold: list[dict[str, Any]]
    """Items with their right answers, hidden among the others: `item` or `case`, `target` where it is needed, and a field per criterion."""
    gold_share: float | None
    """The share of a rater's items that is gold."""
    gold_cap: int | None
    """How many raters see a gold item at most."""
    threshold: float | None
    """A rater whose accuracy on gold is below this, by the upper bound of its interval, is suspended."""
    pay: Pay
    """What is paid for the work."""
    budget_nanousd: int | None
    """Nano-dollars after which no item is given out."""
    lease_seconds: int | None
    """Seconds for which an item is kept for the rater who got it."""
    seed: int | None
    """The seed of the draw, the blocks and the orders."""


class PayVariant2(TypedDict):
    """So much for an item with all its criteria."""

    item: Money


class PayVariant3(TypedDict):
    """So much for an hour at work."""

    hour: Money


Pay: TypeAlias = "Literal['nothing'] | PayVariant2 | PayVariant3"
"""What a rater is paid."""


class AdjudicationBody(TypedDict):
    """A word that settles a question about an item."""

    item: str
    """The item's id, or the beginning of it."""
    criterion: str
    """The criterion."""
    value: Any
    """The answer."""
    reason: str
    """Why; it is kept."""


class RaterBody(TypedDict):
    """Why a rater is suspended or may work again."""

    reason: str
    """In words; it is kept."""


class CalibrateBody(TypedDict, total=False):
    """How a judge is calibrated. Without labels and project, the labels that are stored count."""

    labels: LabelsText | None
    """A file of labels."""
    project: str | None
    """A project of human review, whose raters' labels are taken."""
    question: str | None
    """The question of the project, where it has several."""
    criterion: str | None
    """The criterion that labels are stored under; of a project its question, else what the last certificate used, else the judge's name."""
    positive: list[str]
    """Labels that mean a pass; others mean a fail."""
    scale: list[float] | None
    """The least and the largest of the labels' own scale, where it is not the judge's."""
    drawn: Drawn | None
    """How the labelled items were chosen, where the lines do not say."""
    replace: bool
    """Take the new label where one of the same item and rater says something else."""
    skip_unknown: bool
    """Leave out labels of cases and items that no run has."""
    unfinished: bool
    """Take a file although more than a tenth of its lines have no label yet."""
    confidence: float | None
    """Confidence of the intervals; the strictest of the suites' gates by default."""
    margin: float | None
    """The margin of the differences that it is to decide; that of the suite's gate by default, else 0.05."""


class LabelsText(TypedDict):
    """A file of labels."""

    name: str
    """Its name: `.csv` is CSV, everything else JSON lines."""
    text: str
    """What is in it."""


Drawn: TypeAlias = "Literal['random', 'by_hand']"
"""How the items that carry labels were chosen among all that were scored. Only a drawn sample can correct a judge."""


class _Problem(TypedDict):
    """What went wrong, as the client is told (RFC 9457)."""

    type: str
    """Always `about:blank`: the status says what kind of problem it is."""
    title: str
    """The status in words."""
    status: int
    """The HTTP status."""
    detail: str
    """What is wrong, and what to do about it."""


class Problem(_Problem, total=False):
    """What went wrong, as the client is told (RFC 9457)."""

    blocks: Any
    """What holds a release up."""


class Health(TypedDict):
    """A word on the server."""

    status: str
    """`ok`."""
    version: str
    """Assay's version."""


class Session(TypedDict):
    """Who is logged in, and where."""

    mode: str
    """`local` for one person on this machine, `team` with accounts."""
    version: str
    """Assay's version."""
    project: str
    """The project's folder."""
    user: Person | None
    """Somebody, when they are logged in."""
    oidc: bool
    """Whether an identity provider can vouch for people."""


class Person(TypedDict):
    """Somebody."""

    name: str
    """The name that actions are recorded under."""
    email: str | None
    """An address."""
    roles: list[UserRole]
    """What they are."""


class Overview(TypedDict):
    """What somebody wants to know first."""

    suites: list[SuiteCard]
    more_suites: int
    """Suites beyond those shown."""
    budget: Month
    running: list[RunItem]
    alerts: list[Alert]


class SuiteCard(TypedDict):
    """A suite on the overview."""

    suite: str
    run: RunItem
    """The newest complete run."""
    previous: str | None
    """What it is compared with."""
    rows: list[SummaryRow]
    """Its levels, without slices."""
    moved: list[Moved]
    trend: list[TrendPoint]
    """Oldest first."""
    reading: int
    """Runs that the trend lacks because their scores are still read."""
    gate: VerdictKind | None
    """What its gate says."""
    confidence: float
    """Two-sided confidence of the intervals of `rows` and `moved`: the gate's, or that of the look that ended the run. Those of the trend are each at their own run's."""


class RunItem(TypedDict):
    """A run in a list."""

    id: str
    """Its id."""
    short: str
    """The id's last 8 digits, as people type them."""
    suite: str
    """The suite."""
    tier: str | None
    """The tier, if one was chosen."""
    status: RunStatus
    """Where it stands."""
    executing: bool
    """Whether a process executes it now."""
    waiting: str | None
    """What it waits for."""
    started_us: int
    """When it began."""
    ended_us: int | None
    """When it ended."""
    planned: int
    """Trials planned."""
    totals: Totals
    """What was done until now."""
    targets: list[str]
    """The targets' names."""
    scorers: list[str]
    """The scorers' names."""
    labels: dict[str, str]
    """Labels."""
    git: str | None
    """The commit."""
    imported: bool
    """Whether another tool executed it."""
    sealed_part: bool
    """Whether it is over a sealed part, whose cases are not seen without a reason."""
    baselines: list[str]
    """The baselines of its suite that it is; a target stands after a colon."""


class _SummaryRow(TypedDict):
    """A level."""

    target: str
    """The target."""
    scorer: str
    """The scorer."""
    reducer: Reducer
    """The reducer over epochs."""
    score: ScoreKind
    """What kind of number it is."""
    direction: Direction
    """Which way is better."""
    advisory: bool
    """True when the scorer is a judge and the level is its own word, or its grade allows no more than trends."""
    estimate: Estimate
    """The level over the scores that are there; of a calibrated judge with labels, corrected by them."""
    worst: Estimate | None
    """The level when missing scores count as the worst value; absent when nothing is missing or no range is known."""
    best: Estimate | None
    """The level when missing scores count as the best value."""
    scored: int
    """Trials with a value."""
    trial_errors: int
    """Trials whose target failed."""
    scorer_errors: int
    """Trials whose scorer failed."""
    unscored: int
    """Trials that the scorer could not judge."""
    not_run: int
    """Trials that a budget refused or that were cancelled."""
    slices: list[SummarySlice]
    """Levels by declared slice."""


class SummaryRow(_SummaryRow, total=False):
    """A level."""

    metric: Metric | None
    """The corpus metric; absent for the mean over cases."""
    judge: JudgeNote | None
    """What a calibrated judge's level rests on, and what the judge alone says."""


class Estimate(TypedDict):
    """A level with its interval and what is behind it."""

    n: int
    """Cases with a value."""
    clusters: int | None
    """Clusters, when the data declare them."""
    value: float | None
    """The estimate."""
    interval: Interval | None
    """Its interval."""
    se: float | None
    """Standard error."""
    df: float | None
    """Degrees of freedom."""
    method: Method
    """How the interval was computed."""
    reason: Reason | None
    """Why something is undefined."""
    design_effect: float | None
    """Variance relative to independent cases."""
    icc: float | None
    """Intra-class correlation."""
    warnings: list[str]
    """What a reader should know."""


class Interval(TypedDict):
    """A closed interval."""

    lower: float
    """Lower end."""
    upper: float
    """Upper end."""


Method: TypeAlias = "Literal['wilson', 'clustered_wilson', 'cr2_t', 'cr2_t_guarded', 'studentised_bootstrap', 'tango', 'newcombe', 'mover', 'welch', 'order_statistics', 'bootstrap_quantile', 'jackknife', 'zero_variance', 'whole_range', 'double_sampling', 'prediction_powered', 'prediction_powered_guarded', 'inverse_chances', 'none']"
"""How an interval was computed."""


Reason: TypeAlias = "Literal['no_data', 'n_lt2', 'one_cluster', 'zero_variance_unbounded', 'quantile_needs_more', 'not_finite', 'undefined', 'out_of_range', 'quantile', 'confidence']"
"""Why something is undefined."""


class _JudgeNote(TypedDict):
    """How a figure by a judge came about."""

    grade: Grade
    """The judge's grade, with what it allows."""
    raw: Estimate
    """The figure as the judge alone makes it."""
    corrected: bool
    """Whether the figure beside it is corrected."""
    labels: int
    """Cases with labels behind the correction; in a comparison, of both answers."""


class JudgeNote(_JudgeNote, total=False):
    """How a figure by a judge came about."""

    label_multiplier: float | None
    """How many times as many labels alone would be as precise."""
    labels_needed: int | None
    """Labels that would settle the gate's margin."""
    why: str | None
    """Why it is not corrected, or what it may not be used for."""


Grade: TypeAlias = "Literal['U', 'C', 'B', 'A']"
"""What a judge may be used for."""


class _SummarySlice(TypedDict):
    """A level in a slice."""

    slice: str
    """The slice."""
    estimate: Estimate
    """The level."""


class SummarySlice(_SummarySlice, total=False):
    """A level in a slice."""

    advisory: bool
    """True when it is a judge's own word, uncorrected."""


class Moved(TypedDict):
    """What moved between two runs of a suite."""

    target: str
    scorer: str
    difference: Difference | None
    """Newest minus earlier, if they can be compared."""
    why: str | None
    """Why not."""


class Difference(TypedDict):
    """A difference, candidate minus baseline, higher being better."""

    n: int
    """Cases with a value."""
    clusters: int | None
    """Clusters, when the data declare them."""
    value: float | None
    """The estimate."""
    interval: Interval | None
    """Its interval."""
    se: float | None
    """Standard error."""
    df: float | None
    """Degrees of freedom."""
    method: Method
    """How the interval was computed."""
    reason: Reason | None
    """Why something is undefined."""
    design_effect: float | None
    """Variance relative to independent cases."""
    icc: float | None
    """Intra-class correlation."""
    warnings: list[str]
    """What a reader should know."""
    gate_interval: Interval | None
    """The interval that a gate reads: guarded where the sample is small, else the one shown."""
    gate_method: Method
    """How the gate's interval was computed."""
    better: int
    """Cases where the candidate is better."""
    worse: int
    """Cases where the baseline is better."""
    same: int
    """Cases without a difference."""
    p: float | None
    """A two-sided p-value, secondary to the interval."""
    p_method: str | None
    """The test behind it."""
    paired: bool
    """Whether the cases were paired."""


class TrendPoint(TypedDict):
    """A run in a trend."""

    run: str
    """The run."""
    started_us: int
    """When it began."""
    values: list[Level]
    """Its levels."""


class Level(TypedDict):
    """One figure of one run."""

    target: str
    scorer: str
    value: float | None
    lower: float | None
    upper: float | None


VerdictKind: TypeAlias = "Literal['pass', 'fail', 'inconclusive']"
"""What a gate says."""


class Month(TypedDict):
    """What was spent in a month."""

    month: str
    """Such as `2026-11`, UTC."""
    cost_nanousd: int
    tokens: int
    calls: int


class Alert(TypedDict):
    """Something that needs somebody."""

    kind: str
    """`judge`, `schedule` or `run`."""
    text: str
    link: str
    """Where on the page."""


class SuiteItem(TypedDict):
    """A suite with runs."""

    suite: str
    """Its name."""
    runs: int
    """How many runs it has."""
    newest_us: int
    """When the newest began."""


class Page(TypedDict):
    """A page of a list."""

    items: list[RunItem]
    """The items."""
    next: str | None
    """Where the next page begins; `null` at the end."""


class Run(TypedDict):
    """A run."""

    item: RunItem
    """As in lists."""
    record: RunRecord
    """What it is made of."""
    fingerprint: Digest
    """The digest of that."""
    baselines: list[str]
    """The baselines that it is."""
    limits: list[LimitChange]
    """How accounts' limits moved while it went on."""
    reproduce: Reproduce
    """How it is repeated."""


class LimitChange(TypedDict):
    """A change of how many calls may be in flight on an account, as a run made it."""

    at_us: int
    """When, in microseconds since the Unix epoch."""
    account: str
    """The account: provider, host, digest of the key."""
    what: str
    """`grown`, `cut`, `set`, `opened`, `closed` or `given_up`."""
    in_flight: int
    """Calls that might be in flight from then on."""
    why: str
    """Why, in the provider's words."""


class Reproduce(TypedDict):
    """How a run is repeated."""

    command: str
    """The command."""
    facts: list[Fact]
    """Everything that can move a result."""


class Fact(TypedDict):
    """A fact that a run rests on."""

    name: str
    """What."""
    value: str
    """Its value."""


class RunSummary(TypedDict):
    """A run's scores."""

    summary: Summary
    """Levels."""
    gate: GateReport
    """The gate."""
    comparison: Comparison | None
    """Against the baseline, without the cases."""
    baseline: str | None
    """The run that it is compared with."""


class Summary(TypedDict):
    """What a run shows."""

    rows: list[SummaryRow]
    """One row for each target, scorer and reducer."""
    cases: int
    """Cases with at least one outcome."""
    warnings: list[str]
    """What a reader should know."""


class GateReport(TypedDict):
    """What the gate says, and every criterion behind it."""

    verdict: VerdictKind | None
    """The verdict; absent when the suite has no rules."""
    confidence: float
    """The confidence of the intervals."""
    criteria: list[Criterion]
    """Each criterion."""


class _Criterion(TypedDict):
    """One requirement with its verdict."""

    name: str
    """What is required, in words."""
    target: str
    """The target."""
    scorer: str
    """The scorer."""
    role: Role
    """What it is for."""
    found: str
    """What was found, in words."""
    value: float | None
    """The estimate."""
    interval: Interval | None
    """The interval that decides."""
    n: int
    """Cases behind it."""
    verdict: Verdict
    """The verdict."""


class Criterion(_Criterion, total=False):
    """One requirement with its verdict."""

    unmeasured: bool
    """Nothing was measured that could decide: there is no baseline, or the two runs do not measure the same."""


class Verdict(TypedDict):
    """A verdict with its reasons."""

    kind: VerdictKind
    """What the gate says."""
    wording: Wording | None
    """The finer word."""
    reasons: list[str]
    """Why it is not a plain pass."""
    needed_n: int | None
    """Cases that would settle it, when it is inconclusive."""
    mde: float | None
    """The smallest change that this many cases can detect with 80% power."""


Wording: TypeAlias = "Literal['improved', 'worse_within_margin', 'equivalent', 'non_inferior', 'likely_worse']"
"""The finer word for a comparison."""


class Comparison(TypedDict):
    """A comparison."""

    candidate: str
    """The candidate's run and target."""
    baseline: str
    """The baseline's run and target."""
    matched: int
    """Cases in both."""
    candidate_only: int
    """Cases of the candidate only."""
    baseline_only: int
    """Cases of the baseline only."""
    rows: list[ComparisonRow]
    """One row for each scorer and reducer."""
    refused: list[list[str]]
    """Scorers that cannot be compared, with the reason."""


class _ComparisonRow(TypedDict):
    """A scorer compared."""

    scorer: str
    """The scorer."""
    reducer: Reducer
    """The reducer over epochs."""
    score: ScoreKind
    """What kind of number it is."""
    direction: Direction
    """Which way is better."""
    advisory: bool
    """True when the scorer is a judge and the difference is its own word."""
    candidate: Estimate
    """The candidate's level."""
    baseline: Estimate
    """The baseline's level."""
    difference: Difference
    """Candidate minus baseline, turned so that positive is better."""
    flips: list[Flip]
    """Cases whose value moved, the largest losses first."""
    slices: list[ComparisonSlice]
    """Differences by declared slice."""


class ComparisonRow(_ComparisonRow, total=False):
    """A scorer compared."""

    metric: Metric | None
    """The corpus metric; absent for the mean over cases."""
    judge: JudgeNote2 | None
    """What a calibrated judge's difference rests on, and what the judge alone says."""


class _JudgeNote2(TypedDict):
    """How a figure by a judge came about."""

    grade: Grade
    """The judge's grade, with what it allows."""
    raw: Difference
    """The figure as the judge alone makes it."""
    corrected: bool
    """Whether the figure beside it is corrected."""
    labels: int
    """Cases with labels behind the correction; in a comparison, of both answers."""


class JudgeNote2(_JudgeNote2, total=False):
    """How a figure by a judge came about."""

    label_multiplier: float | None
    """How many times as many labels alone would be as precise."""
    labels_needed: int | None
    """Labels that would settle the gate's margin."""
    why: str | None
    """Why it is not corrected, or what it may not be used for."""


class Flip(TypedDict):
    """A case whose value moved."""

    case: str
    """The case."""
    baseline: float
    """Its value in the baseline."""
    candidate: float
    """Its value in the candidate."""
    worse: bool
    """Whether the move is a loss."""


class _ComparisonSlice(TypedDict):
    """A difference in a slice."""

    slice: str
    """The slice."""
    difference: Difference
    """The difference, turned so that positive is better."""
    adjusted_p: float | None
    """Holm-adjusted p-value over all tested slices and scorers; absent for slices too small to test, and for a judge's own word."""


class ComparisonSlice(_ComparisonSlice, total=False):
    """A difference in a slice."""

    advisory: bool
    """True when it is a judge's own word, uncorrected."""


class Page2(TypedDict):
    """A page of a list."""

    items: list[JobItem]
    """The items."""
    next: str | None
    """Where the next page begins; `null` at the end."""


class JobItem(TypedDict):
    """A run that the server was asked to execute."""

    job: int
    """Its number; the run has it as the label `job`."""
    stand: JobStand
    """Where it stands."""
    arguments: list[str]
    """The arguments of `assay run`."""
    by: str
    """Who asked for it."""
    queued_us: int
    """When, in microseconds since 1970."""
    started_us: int | None
    """When it began."""
    ended_us: int | None
    """When it ended."""
    exit: int | None
    """How it ended: the exit code, as the command documents it."""
    message: str | None
    """What the command said, if it did not pass."""
    run: str | None
    """The run, once there is one."""


JobStand: TypeAlias = "Literal['queued', 'running', 'ended', 'withdrawn']"
"""Where a job stands."""


class TrialsPage(TypedDict):
    """A page of trials."""

    items: list[TrialItem]
    next: str | None
    """Where the next page begins."""
    total: int | None
    """How many there are; told with the first page."""


class TrialItem(TypedDict):
    """A trial in a list."""

    number: int
    case_id: str
    case_digest: str
    target: str
    epoch: int
    status: str
    error_kind: str | None
    error_message: str | None
    output: str | None
    """The answer's first 500 characters."""
    truncated: bool
    """Whether the answer goes on."""
    latency_us: int
    cost_nanousd: int
    cached: bool
    tags: dict[str, Any]
    scores: list[TrialScore]


class TrialScore(TypedDict):
    """What a scorer said of a trial."""

    scorer: str
    value: float | None
    status: str
    label: str | None
    reason: str | None
    """Why there is no value."""


class Distribution(TypedDict):
    """How a scorer's values lie."""

    lower: float | None
    upper: float | None
    bins: list[Bin]
    labels: list[Counted]
    """The most frequent labels."""
    missing: list[Counted]
    """Trials without a value, by reason."""


class Bin(TypedDict):
    """A bin of a histogram."""

    lower: float
    upper: float
    count: int


class Counted(TypedDict):
    """How many have a word."""

    word: str
    count: int


class Latency(TypedDict):
    """How long a target took, answers from the cache left out."""

    target: str
    count: int
    mean_us: float | None
    p50_us: float | None
    p90_us: float | None
    p99_us: float | None
    max_us: float | None
    ttft_p50_us: float | None
    """To the first token."""
    cost_nanousd: int
    bins: list[Bin]
    """Up to the 99th percentile."""


class CaseView(TypedDict):
    """Everything about a case of a run."""

    case: Case
    """The case."""
    digest: str
    """Its digest."""
    trials: list[dict[str, Any]]
    """Rows of the table `trials`."""
    scores: list[dict[str, Any]]
    """Rows of the table `scores`."""
    history: list[Earlier]
    """The same case in the suite's newest runs."""
    neighbours: Neighbours


class _Case(TypedDict):
    """One row of a dataset: what is asked, what counts as right, and what is known about it."""

    id: str
    """Unique in its dataset; given by the data, else the row number."""
    inputs: dict[str, Any]
    """The named inputs a target may read."""


class Case(_Case, total=False):
    """One row of a dataset: what is asked, what counts as right, and what is known about it."""

    expected: Any
    """What counts as right; never shown to a target."""
    contexts: list[Passage]
    """Reference contexts: the passages that hold the answer. `score` is the relevance grade."""
    metadata: dict[str, Any]
    """What slices are made of."""
    cluster: str | None
    """Cases of one cluster (a document, a conversation, a template) are not independent."""
    weight: float
    """Design weight, above zero."""
    critical: bool
    """A case that must not fail."""
    recorded: dict[str, Any]
    """Outputs recorded earlier, by name, for the `recorded` target."""


class Passage(TypedDict, total=False):
    """A passage of text: a reference context of a case or a retrieved context of an output."""

    id: str | None
    """The passage's identity in its collection."""
    text: str | None
    """The passage's text."""
    score: float | None
    """The retriever's score, or the relevance grade in a reference context."""


class Earlier(TypedDict):
    """What a scorer said of the case in a run."""

    run: str
    started_us: int
    target: str
    scorer: str
    value: float | None
    """The mean over repeats."""


class Neighbours(TypedDict):
    """The cases beside a case in its run."""

    previous: str | None
    next: str | None


class Page3(TypedDict):
    """A page of a list."""

    items: list[ReleaseItem]
    """The items."""
    next: str | None
    """Where the next page begins; `null` at the end."""


class ReleaseItem(TypedDict):
    """A release in a list."""

    number: int
    title: str
    stand: str
    """Where it stands; `unreadable` when its log or its policy cannot be read."""
    risk: str
    changes: list[str]
    policy: str
    opened_us: int
    opened_by: str


class Compared(TypedDict):
    """A comparison."""

    candidate: RunItem
    baseline: RunItem
    candidate_target: str
    baseline_target: str
    comparison: Comparison
    """Without the cases that moved: `/compare/cases` has them in pages."""
    gate: GateReport
    """The candidate's gate against this baseline."""
    cost: Costs


class Costs(TypedDict):
    """What each side took."""

    candidate: Latency
    baseline: Latency


class Page4(TypedDict):
    """A page of a list."""

    items: list[CasePair]
    """The items."""
    next: str | None
    """Where the next page begins; `null` at the end."""


class CasePair(TypedDict):
    """A case side by side."""

    case_id: str
    case_digest: str
    input: str
    """The inputs, as text."""
    expected: str | None
    """What was expected, as text."""
    baseline: CaseSide
    candidate: CaseSide
    rise: float
    """How much it rose: below 0 it got worse."""


class CaseSide(TypedDict):
    """One side of a case."""

    value: float | None
    """The mean over repeats."""
    output: str | None
    """The first answer's first 4,000 characters."""
    error: str | None
    latency_us: int | None
    rationale: str | None


class TableInfo(TypedDict):
    """A table."""

    table: str
    columns: list[Column]


class Column(TypedDict):
    """A column."""

    name: str
    type: str
    """Its Arrow type."""


class Answered(TypedDict):
    """An answer."""

    columns: list[Column]
    rows: list[list[Any]]
    truncated: bool
    """Whether there were more."""
    elapsed_ms: int


class Key(TypedDict):
    """A public key."""

    id: str
    """Its id, as packs name it."""
    pem: str
    """The key as a PEM file: who has it can check packs without this server."""


class Chart(TypedDict):
    """A saved chart."""

    id: str
    name: str
    sql: str
    kind: ChartKind
    x: str | None
    """The column along the bottom."""
    y: str | None
    """The column of heights."""
    colour: str | None
    """The column that tells series apart."""
    by: str
    """Who changed it last."""
    created_us: int
    changed_us: int
    version: int
    """Named by whoever changes it."""


class Dashboard(TypedDict):
    """Charts beside each other."""

    id: str
    name: str
    charts: list[str]
    """The ids of its charts, in order."""
    by: str
    """Who changed it last."""
    created_us: int
    changed_us: int
    version: int
    """Named by whoever changes it."""


class DashboardView(TypedDict):
    """A dashboard with its charts."""

    dashboard: Dashboard
    charts: list[Chart]
    """In its order."""


class Page5(TypedDict):
    """A page of a list."""

    items: list[DatasetItem]
    """The items."""
    next: str | None
    """Where the next page begins; `null` at the end."""


class DatasetItem(TypedDict):
    """A dataset in a list."""

    name: str
    version: int | None
    """The newest version's number; `null` when none is left."""
    digest: Digest | None
    """Its digest."""
    cases: int
    """Its cases."""
    versions: int
    """How many versions there are."""
    tags: dict[str, int]
    """Tags with the numbers that they name."""
    governance: Governance
    """What governs it."""
    expired: bool
    """Whether its last day of use is over."""
    parts: list[PartItem]
    quarantine: int
    """Cases that wait to be accepted."""
    revoked: int
    """Cases that must not be used."""
    changed_us: int
    """When something was last done to it."""
    unreadable: str | None
    """Why its log cannot be read: nothing else is known then."""


class Governance(TypedDict, total=False):
    """What governs a dataset. What is not set says nothing."""

    description: str | None
    """What it is."""
    owner: str | None
    """Who answers for it."""
    licence: str | None
    """Its licence, as an SPDX expression where there is one."""
    consent: str | None
    """What the people in it agreed to."""
    sensitivity: Sensitivity | None
    """How sensitive it is."""
    hosts: list[str]
    """Servers that may receive it. Without sensitivity, or public and internal, any may; else none but this machine and these."""
    retain_until: str | None
    """The last day (`2027-12-31`) on which it may be used."""
    expires: str | None
    """The metadata key that holds the last day on which a case may be used."""
    golden: int | None
    """The tier of a golden set, 1 for what must not break."""


Sensitivity: TypeAlias = "Literal['public', 'internal', 'confidential', 'restricted']"
"""How sensitive a dataset is, from what anyone may see to what few may."""


class PartItem(TypedDict):
    """A part of a dataset."""

    name: str
    share: float
    """Its share of all groups."""
    cases: int | None
    """Its cases in the version; counted where one dataset is looked at, not in lists."""
    sealed: bool
    """Whether its cases are seen by nobody."""
    ladder: bool
    """Whether a run is told its score only where it beats the best so far."""
    looks: int
    """Looks that runs took at the newest version."""
    budget: int | None
    """Looks that a version allows, when it is sealed."""
    locked: bool
    """Whether none is left."""


class DatasetView(TypedDict):
    """A dataset."""

    item: DatasetItem
    """As in lists, with the cases of its parts counted."""
    versions: list[VersionItem]
    """Newest first."""
    log: list[DatasetEntry]
    """The newest 200 events, newest first. Cases are not named when the dataset has a sealed part."""
    events: int
    """How many events there are."""
    lineage: LineageGraph
    """Of the version that was asked for."""


class VersionItem(TypedDict):
    """A version of a dataset."""

    number: int
    digest: Digest
    cases: int
    bytes: int
    """Bytes of its cases as JSON lines."""
    at_us: int
    by: str
    how: HowMade
    tool: str
    """The program that made it."""
    sources: list[SourceFile]
    """Files that it was made from."""
    parents: list[ParentVersion]
    """Versions that it was made from."""
    parameters: Any
    """What the program was told."""
    note: str | None
    tags: list[str]


HowMade: TypeAlias = "Literal['added', 'imported', 'selected', 'redacted', 'synthesised']"
"""How a version came to be."""


class SourceFile(TypedDict):
    """A file that a version was made from."""

    path: str
    """The file as it was named."""
    digest: Digest
    """Digest of its bytes."""
    bytes: int
    """Its size."""


class ParentVersion(TypedDict):
    """A version that another one was made from."""

    dataset: str
    """Its dataset."""
    version: Digest
    """The version."""


class DatasetEntryVariant1(TypedDict):
    """A version was added."""

    previous: Digest
    """Digest of the line before; of nothing for the first."""
    at_us: int
    """When, in microseconds since the Unix epoch, UTC."""
    by: str
    """Who."""
    event: Literal["version"]


class DatasetEntryVariant2(TypedDict):
    """A tag was set or moved."""

    previous: Digest
    """Digest of the line before; of nothing for the first."""
    at_us: int
    """When, in microseconds since the Unix epoch, UTC."""
    by: str
    """Who."""
    event: Literal["tagged"]
    tag: str
    """The tag."""
    version: Digest
    """What it names from now on."""


class DatasetEntryVariant3(TypedDict):
    """A tag was taken away."""

    previous: Digest
    """Digest of the line before; of nothing for the first."""
    at_us: int
    """When, in microseconds since the Unix epoch, UTC."""
    by: str
    """Who."""
    event: Literal["untagged"]
    tag: str
    """The tag."""


class DatasetEntryVariant4(TypedDict):
    """What governs the dataset was set, all of it."""

    previous: Digest
    """Digest of the line before; of nothing for the first."""
    at_us: int
    """When, in microseconds since the Unix epoch, UTC."""
    by: str
    """Who."""
    event: Literal["governed"]


class DatasetEntryVariant5(TypedDict):
    """Cases were divided, from now on and for every version."""

    previous: Digest
    """Digest of the line before; of nothing for the first."""
    at_us: int
    """When, in microseconds since the Unix epoch, UTC."""
    by: str
    """Who."""
    event: Literal["split"]


class DatasetEntryVariant6(TypedDict):
    """A run used a sealed split."""

    previous: Digest
    """Digest of the line before; of nothing for the first."""
    at_us: int
    """When, in microseconds since the Unix epoch, UTC."""
    by: str
    """Who."""
    event: Literal["look"]
    split: str
    """The split."""
    version: Digest
    """The version."""
    run: RunId
    """The run."""


class DatasetEntryVariant7(TypedDict):
    """What a run over a sealed part with a ladder was told."""

    previous: Digest
    """Digest of the line before; of nothing for the first."""
    at_us: int
    """When, in microseconds since the Unix epoch, UTC."""
    by: str
    """Who."""
    event: Literal["rung"]


class DatasetEntryVariant8(TypedDict):
    """Somebody listed or exported cases of a sealed split."""

    previous: Digest
    """Digest of the line before; of nothing for the first."""
    at_us: int
    """When, in microseconds since the Unix epoch, UTC."""
    by: str
    """Who."""
    event: Literal["opened"]
    split: str
    """The split."""
    version: Digest
    """The version."""
    reason: str
    """Why."""


class _DatasetEntryVariant9(TypedDict):
    """A version was exported."""

    previous: Digest
    """Digest of the line before; of nothing for the first."""
    at_us: int
    """When, in microseconds since the Unix epoch, UTC."""
    by: str
    """Who."""
    event: Literal["exported"]
    version: Digest
    """The version."""
    to: str
    """The file."""


class DatasetEntryVariant9(_DatasetEntryVariant9, total=False):
    """A version was exported."""

    canary: str | None
    """The canary that was written into it."""


class DatasetEntryVariant10(TypedDict):
    """A case must not be used any more, in any version."""

    previous: Digest
    """Digest of the line before; of nothing for the first."""
    at_us: int
    """When, in microseconds since the Unix epoch, UTC."""
    by: str
    """Who."""
    event: Literal["revoked"]
    case: str
    """Its id."""
    reason: str
    """Why."""


class DatasetEntryVariant11(TypedDict):
    """A revoked case may be used again."""

    previous: Digest
    """Digest of the line before; of nothing for the first."""
    at_us: int
    """When, in microseconds since the Unix epoch, UTC."""
    by: str
    """Who."""
    event: Literal["reinstated"]
    case: str
    """Its id."""
    reason: str
    """Why."""


class DatasetEntryVariant12(TypedDict):
    """A version was removed."""

    previous: Digest
    """Digest of the line before; of nothing for the first."""
    at_us: int
    """When, in microseconds since the Unix epoch, UTC."""
    by: str
    """Who."""
    event: Literal["removed"]
    number: int
    """Its number."""
    version: Digest
    """The version."""
    reason: str
    """Why."""


DatasetEntry: TypeAlias = "DatasetEntryVariant1 | DatasetEntryVariant2 | DatasetEntryVariant3 | DatasetEntryVariant4 | DatasetEntryVariant5 | DatasetEntryVariant6 | DatasetEntryVariant7 | DatasetEntryVariant8 | DatasetEntryVariant9 | DatasetEntryVariant10 | DatasetEntryVariant11 | DatasetEntryVariant12"
"""A line of a dataset's log."""


class _Lineage(TypedDict):
    """Where a version came from."""

    how: HowMade
    """What was done."""
    tool: str
    """The tool that did it, with its version."""


class Lineage(_Lineage, total=False):
    """Where a version came from."""

    parents: list[ParentVersion]
    """Versions it was made from."""
    sources: list[SourceFile]
    """Files it was made from."""
    parameters: Any
    """What the tool was told."""
    note: str | None
    """What somebody wrote about it."""


class DatasetVersion(TypedDict):
    """A version as the log knows it."""

    number: int
    """From 1, in the order they were added."""
    version: Digest
    """The digest of its cases."""
    cases: int
    """Number of cases."""
    bytes: int
    """Bytes of its cases as JSON lines."""
    lineage: Lineage
    """Where it came from."""


class _SplitPart(TypedDict):
    """A part of a dataset."""

    name: str
    """Its name."""
    share: float
    """The share of groups in it."""


class SplitPart(_SplitPart, total=False):
    """A part of a dataset."""

    looks: int | None
    """How many runs may look at a version of it; only a sealed part has such a budget."""
    ladder: bool
    """Whether a run is told its score only where it beats the best so far."""


class _SplitPlan(TypedDict):
    """How the cases of a dataset are divided."""

    parts: list[SplitPart]
    """The parts, in order; their shares add up to 1."""
    salt: str
    """Makes the division another one."""


class SplitPlan(_SplitPlan, total=False):
    """How the cases of a dataset are divided."""

    group: str | None
    """The metadata key whose cases stay together; without one those of a cluster do, else every case is alone and goes by its id."""


class _Rung(TypedDict):
    """What a run over a sealed part with a ladder was told of one target's score."""

    split: str
    """The part."""
    version: Digest
    """The version."""
    run: RunId
    """The run."""
    target: str
    """Its target."""
    scorer: str
    """The scorer."""
    score: float
    """What was told: the score where it is the new best, else the best so far."""
    improved: bool
    """Whether it is the new best."""


class Rung(_Rung, total=False):
    """What a run over a sealed part with a ladder was told of one target's score."""

    fingerprint: Digest | None
    """What tells the scorer from others, whatever it is called; absent in rungs of earlier versions."""


class LineageGraph(TypedDict):
    """Where a version came from."""

    nodes: list[LineageNode]
    """The version that was asked for first."""
    edges: list[LineageEdge]


class LineageNode(TypedDict):
    """A dot of the picture of where a version came from."""

    id: str
    """Names it in the edges."""
    kind: LineageKind
    label: str
    """What is written on it."""
    dataset: str | None
    """The dataset, of a version."""
    number: int | None
    """Its number, of a version."""
    digest: Digest
    cases: int | None
    """Its cases, of a version."""
    at_us: int | None
    """When it was made, of a version."""
    by: str | None
    """Who made it, of a version."""
    depth: int
    """Steps from the version that was asked for."""


LineageKind: TypeAlias = "Literal['version', 'file']"
"""What a dot stands for."""


LineageEdge = TypedDict("LineageEdge", {"from": "str", "to": "str", "how": "HowMade"})
"""What was made from what."""


DatasetDiff = TypedDict(
    "DatasetDiff",
    {
        "from": "int",
        "to": "int",
        "counts": "DiffCounts",
        "sealed": "bool",
        "items": "list[CaseChange]",
        "next": "str | None",
    },
)
"""What differs between two versions."""


class DiffCounts(TypedDict):
    """How many cases differ."""

    added: int
    """Cases of the newer version only."""
    removed: int
    """Cases of the older version only."""
    renamed: int
    """Cases under another id."""
    changed: int
    """Cases whose fields differ."""
    same: int
    """Cases that are the same."""


class CaseChangeVariant1(TypedDict):
    """A case of the newer version only."""

    change: Literal["added"]
    case: str
    """Its id."""


class CaseChangeVariant2(TypedDict):
    """A case of the older version only."""

    change: Literal["removed"]
    case: str
    """Its id."""


CaseChangeVariant3 = TypedDict("CaseChangeVariant3", {"change": "Literal['renamed']", "from": "str", "to": "str"})
"""The same case under another id."""


class CaseChangeVariant4(TypedDict):
    """A case whose fields differ."""

    change: Literal["changed"]
    case: str
    """Its id."""
    fields: list[FieldChange]
    """The fields."""


CaseChange: TypeAlias = "CaseChangeVariant1 | CaseChangeVariant2 | CaseChangeVariant3 | CaseChangeVariant4"
"""A difference between two versions."""


class FieldChange(TypedDict):
    """A field that differs."""

    field: str
    """Its dotted path, such as `inputs.question`."""
    before: Any
    """Before; `None` when it was not there."""
    after: Any
    """After; `None` when it is not there any more."""


class Coverage(TypedDict):
    """How many cases each value of a key has. Sealed cases are not counted."""

    version: int
    """The version's number."""
    cells: list[CoveredValue]
    last: str | None
    """The scorer, target and run of the last results."""


class CoveredValue(TypedDict):
    """A value of a key, with what the newest run made of its cases."""

    cell: CoverageCell
    last_result: LastResult | None


class CoverageCell(TypedDict):
    """How a value is covered."""

    key: str
    """The key, or two joined by ` × `."""
    value: str
    """The value, or two joined by ` × `."""
    cases: int
    """Its cases."""
    share: float
    """Its share of all cases."""
    wanted: int
    """The least cases it should have."""
    production: float | None
    """Its share in production."""
    gap: int
    """Cases that are missing."""
    why: str | None
    """Why, where some are missing."""


class LastResult(TypedDict):
    """What a scorer made of the cases that have a value."""

    value: str
    """The level, as reports write it."""
    interval: str
    """Its interval, or why there is none."""
    estimate: Estimate
    """Both as numbers."""


class DatasetCheck(TypedDict):
    """What is wrong with a version."""

    version: int
    """The version's number."""
    cases: int
    errors: int
    warnings: int
    sealed: bool
    """Whether sealed cases were left out, but for near duplicates, which are counted and not named."""
    findings: list[Finding]
    """Errors first."""


class _Finding(TypedDict):
    """Something about a dataset."""

    severity: Severity
    """How bad it is."""
    check: str
    """What it is, in a word: `required`, `unique`, `conflict`."""
    message: str
    """What was found."""
    count: int
    """How many cases are at fault."""
    cases: list[str]
    """The first of them."""


class Finding(_Finding, total=False):
    """Something about a dataset."""

    field: str | None
    """The field, where one is at fault."""


Severity: TypeAlias = "Literal['error', 'warning', 'note']"
"""How bad a finding is."""


class Page6(TypedDict):
    """A page of a list."""

    items: list[StoredCase]
    """The items."""
    next: str | None
    """Where the next page begins; `null` at the end."""


class StoredCase(TypedDict):
    """A case of a version."""

    row: int
    """Its row in the version, from 0."""
    digest: Digest
    """The digest of inputs, expected output and contexts."""
    part: str | None
    """Its part, when the dataset is divided."""
    not_used: NotUsed | None
    case: Case


NotUsed: TypeAlias = "Literal['revoked', 'expired']"
"""Why a case is not used."""


class Quarantine(TypedDict):
    """Cases that wait."""

    dataset: str
    """Their dataset, which no suite may use."""
    waiting: int
    """How many wait."""
    items: list[Case]
    next: str | None
    """Where the next page begins."""


class Accepted(TypedDict):
    """What was accepted."""

    accepted: int
    """Cases that are new in the dataset."""
    version: int | None
    """The new version; `null` when the newest one held them already."""
    digest: Digest | None
    cases: int | None
    """Its cases."""


class Taken(TypedDict):
    """Where a case waits."""

    dataset: str
    """The dataset that it waits for."""
    quarantine: str
    """Where it waits; no suite may use that."""
    case: str
    """Its id there: its own, unless the dataset has another case of that name."""
    known: bool
    """Whether it waited already."""


class Imported(TypedDict):
    """What became of a file."""

    dataset: str
    """The dataset."""
    number: int
    """The number of the version that holds its cases."""
    version: Digest
    """Its digest."""
    cases: int
    """Its cases."""
    new: bool
    """Whether it is a new version; the newest one held just these cases otherwise."""
    new_bytes: int
    """Bytes that were new on disk: earlier versions share theirs."""
    named: int
    """Cases that got an id from their content, as the file has none."""
    tool: str | None
    """The tool that wrote the file, with its version; none of a table."""
    run: RunId | None
    """The run of what the tool recorded."""
    answers: int
    """Answers in that run."""
    left_out: int
    """Answers that it does not hold: to cases that are revoked, expired or sealed."""
    lost: list[LostItem]
    """What could not be kept."""
    found: dict[str, int] | None
    """How often each kind of personal data or secret was found, where it was looked for."""


class LostItem(TypedDict):
    """What could not be kept."""

    what: str
    """What."""
    where: str
    """Where it stands."""
    count: int
    """How often."""


class AuditPage(TypedDict):
    """A page of the audit log."""

    items: list[AuditItem]
    next: str | None
    """Where the next page begins. With `search` a page may hold fewer items than asked for, or none, and go on."""
    head: CheckpointItem | None
    """The log as it stands; `null` when nothing was ever recorded."""
    signed: CheckpointItem | None
    """The newest checkpoint that somebody signed."""


class AuditItem(TypedDict):
    """An entry of the audit log."""

    number: int
    """Its place, from 0."""
    at: str
    """When, as RFC 3339."""
    by: str
    """Who."""
    acts_as: str | None
    """The name that a command was given to act under; nothing proves it."""
    action: str
    """What, such as `dataset tag`."""
    object: dict[str, str]
    """What it was done to."""
    digests: dict[str, str]
    """Digests before and after, where something has one."""
    outcome: str
    """`began`, `done`, `failed` or `interrupted`."""
    exit: int | None
    """The exit code, once it has ended."""
    began: int | None
    """The entry that says that it began."""
    assay: str
    """Assay's version."""


class CheckpointItem(TypedDict):
    """A log as it stands, or as it stood when it was signed."""

    origin: str
    """Which log it is."""
    size: int
    """Number of entries."""
    root: Digest
    """The root over them."""


class AuditVerified(TypedDict):
    """Whether the log is whole, as `assay audit verify --json` says it."""

    verified: bool
    faults: list[str]
    """What does not fit."""
    origin: str | None
    """Which log it is; `null` when nothing was recorded yet, or it does not hold."""
    entries: int | None
    root: Digest | None
    unfinished: list[int]
    """Entries that say that something began, and that none ends."""


class AuditProof(TypedDict):
    """The proof that an entry is in the log."""

    number: int
    """The entry's place, from 0."""
    entry: str
    """The entry as it stands in the log: what the proof is of."""
    checkpoint: CheckpointItem
    """Under which checkpoint: the newest signed one, or the log as it stands where that does not reach the entry."""
    signed: bool
    """Whether somebody signed that checkpoint."""
    path: list[Digest]
    """The hashes from the entry to the root (RFC 6962)."""
    file: str | None
    """The file that `assay audit verify --proof` takes, under a signed checkpoint."""


class UserItem(TypedDict):
    """Somebody who may use the server."""

    name: str
    """The name that their actions are recorded under."""
    email: str | None
    roles: list[UserRole]
    disabled: bool
    """May not come in any more."""
    created_us: int
    password: bool
    """Whether they have a password here."""
    provider: bool
    """Whether an identity provider vouches for them."""


class UserMade(TypedDict):
    """Somebody new, and how they get in."""

    user: UserItem
    password: str | None
    """The password that was made, told once; `null` when one was given."""


class PasswordMade(TypedDict):
    """The password that was made."""

    password: str | None
    """Told once; `null` when one was given."""


class KeyItem(TypedDict):
    """A key of a program."""

    id: str
    """Names the key; no secret."""
    name: str
    """What it is for."""
    user: str
    """In whose name it acts."""
    roles: list[UserRole]
    """What it may be: never more than its user is."""
    created_us: int
    expires_us: int
    used_us: int | None
    """When it was last used, within a minute."""


class KeyMade(TypedDict):
    """A key, told once."""

    item: KeyItem
    key: str
    """What is sent as `Authorization: Bearer …`."""


class ReviewProjectItem(TypedDict):
    """A project in a list."""

    name: str
    """Its name."""
    title: str
    """What its rubric is called."""
    created_us: int
    """When it was made."""
    items: int
    """Items to be rated, without gold."""
    complete: int
    """Of them those with all the raters that they shall have."""
    wanted: int
    """Ratings of an item that are asked for."""
    accepted: int
    """Of them those that count."""
    raters: int
    """People who have joined."""
    pairwise: bool
    """Whether two answers are compared."""
    mine: MyPart | None
    """Where the one who asks stands as a rater, once they have joined."""


class MyPart(TypedDict):
    """Where somebody stands as a rater."""

    state: RaterState
    """`new` until the quiz is passed, `active`, `suspended` or `failed`."""
    why: str | None
    """Why, when it is not the quiz's word."""
    place: RaterPlace
    """How far they are."""


RaterState: TypeAlias = "Literal['new', 'active', 'suspended', 'failed']"
"""Where a rater stands."""


class RaterPlace(TypedDict):
    """How far a rater is."""

    rated: int
    """Items that the rater has rated."""
    of: int
    """Items that they will have rated when their part is done, as far as that is known now."""


class ReviewProjectView(TypedDict):
    """A project."""

    item: ReviewProjectItem
    """As in lists."""
    guide: Guide
    """What raters are told."""
    lead: Lead | None
    """What only engineers see, who lead projects: where items are from, who rates, what it costs."""


class Guide(TypedDict):
    """What raters are told of a project."""

    title: str
    """What the rubric is called."""
    version: int
    """Its version in this project, from 1."""
    instructions: str
    """What raters read before they begin, as plain text."""
    questions: list[Question]
    """What is asked."""
    examples: list[Example]
    """Examples with their answers."""


class Question(TypedDict):
    """A question, as a page asks it."""

    name: str
    """The criterion: the key of its answer."""
    asks: str
    """The question in words."""
    kind: Kind
    """How it is answered."""
    answers: list[Choice]
    """The answers of a closed question, in the order of the scale; none for comments and spans."""
    labels: list[str]
    """`spans`: what a span may be called; none where spans have no names."""
    required: bool
    """Whether an answer is needed."""


Kind: TypeAlias = "Literal['yes_no', 'ordinal', 'choice', 'pairwise', 'comment', 'spans']"
"""How a question is answered."""


class Choice(TypedDict):
    """An answer that can be given."""

    value: Any
    """What is sent."""
    words: str
    """What it means: the anchor of a scale, the words of an option."""


class Example(TypedDict):
    """An item with its right answers, shown with the instructions."""

    content: Shown
    """The item."""
    answers: dict[str, Any]
    """The right answers."""
    why: str | None
    """Why."""


class Shown(TypedDict):
    """What is shown of an item. The texts are those in which spans count characters."""

    inputs: dict[str, Any]
    """What was asked, by name."""
    contexts: list[str]
    """The passages behind the answer: `contexts/0` and so on for spans."""
    output: str
    """The answer, or the first of two: `output` for spans."""
    other: str | None
    """The second answer of a pair: `output_2` for spans."""
    expected: Any
    """What counts as right, where the rubric shows it."""


class Lead(TypedDict):
    """What the lead of a project sees of it."""

    project: ReviewProject
    """The project: where its items are from, how it works, its rubric with the answers to training and quiz."""
    progress: ReviewProgress
    """How far it is."""
    raters: list[RaterItem]
    """Who rates, by name."""
    rubrics: list[RubricItem]
    """The versions of the rubric, the oldest first."""


class ReviewProject(TypedDict):
    """A project as it stands."""

    name: str
    """Its name."""
    created_us: int
    """When it was made, in microseconds since the Unix epoch."""
    settings: ReviewSettings
    """How it works."""
    rubric: Rubric
    """What raters are asked now."""
    version: int
    """Which version of the rubric that is, from 1."""


class ReviewSettings(TypedDict):
    """How a project works; fixed when it is made, but for the rubric, the pay and the budget."""

    sampling: Sampling
    """How its items were drawn."""
    drawn: Drawn
    """Whether the items speak for others that were not rated: drawn from a run, or chosen by hand in a file."""
    seed: int
    """The seed of the draw, of the blocks and of each rater's order."""
    candidates: int
    """Candidates that items were drawn from."""
    overlap: float
    """The share of items with several raters."""
    least_overlap: int
    """The least number of such items."""
    raters_each: int
    """Raters of such an item."""
    raters: int
    """Raters that the blocks are laid out for."""
    gold_share: float
    """The share of a rater's items that is hidden gold."""
    gold_cap: int
    """How many raters see a gold item at most."""
    threshold: float
    """A rater whose accuracy on gold is below this by the upper bound is suspended."""
    confidence: float
    """The level of all intervals."""
    lease_seconds: int
    """How long an item is kept for the rater who was given it, in seconds."""
    pay: Pay
    """What is paid for the work."""
    budget: Money | None
    """No item is given out that could cost more than this."""
    source: list[str]
    """Where the items are from: the run, or the file, and what it is compared with."""


class SamplingVariant1(TypedDict):
    """Each with the same chance."""

    by: Literal["uniform"]


class SamplingVariant2(TypedDict):
    """From each value of a metadata key in proportion to its size, and at least one."""

    by: Literal["stratified"]
    key: str
    """The key."""


class SamplingVariant3(TypedDict):
    """More often where a scorer is unsure, or where two disagree."""

    by: Literal["driven"]
    scorers: list[str]
    """The scorer, or two."""
    uniform: float
    """The share that is spread evenly all the same."""


Sampling: TypeAlias = "SamplingVariant1 | SamplingVariant2 | SamplingVariant3"
"""How items are chosen among all that could be."""


class _Rubric(TypedDict):
    """What raters are asked about each item."""

    rubric: str
    """Its name."""
    show: list[Show]
    """What of an item raters see; everything but the expected output by default."""
    criteria: list[Criterion2]
    """The questions, in the order in which they are asked."""


class Rubric(_Rubric, total=False):
    """What raters are asked about each item."""

    description: str | None
    """What it is for; raters do not see it."""
    instructions: str
    """What raters read before they begin, and whenever they ask for it."""
    examples: list[Worked]
    """Items with their right answers, shown with the instructions."""
    training: list[Worked]
    """Items on which a rater practises: the right answer is told after each."""
    quiz: Quiz | None
    """What a rater must answer before the first item."""


Show: TypeAlias = "Literal['inputs', 'output', 'contexts', 'expected']"
"""A part of an item."""


class _Criterion2(TypedDict):
    """One question."""

    name: str
    """Its name, as it stands in labels and reports."""
    kind: Kind
    """How it is answered."""


class Criterion2(_Criterion2, total=False):
    """One question."""

    question: str | None
    """The question in words; the name by default."""
    scale: dict[str, Any]
    """`ordinal`: each step of the scale with its anchor."""
    options: Any
    """`choice`: the options, as a list or with what each means."""
    tie: bool | None
    """`pairwise`: whether neither may be better; true by default."""
    labels: list[str]
    """`spans`: what a span may be called; one unnamed kind by default."""
    required: bool | None
    """Whether an answer is needed; true by default, but for comments and spans."""
    level: ScaleLevel | None
    """`ordinal`: `interval` when the steps are equally far apart; `ordinal` by default."""
    tolerance: float
    """`ordinal`: how far a rating may be from the right one on a gold item; 0 by default."""


ScaleLevel: TypeAlias = "Literal['ordinal', 'interval']"
"""What distance between steps means."""


class _Worked(TypedDict):
    """An item with its right answers."""

    answers: dict[str, Any]
    """The right answer by criterion."""


class Worked(_Worked, total=False):
    """An item with its right answers."""

    inputs: Any
    """What is asked: a text, or inputs by name."""
    output: Any
    """The answer."""
    other: Any
    """The second answer, of a pair."""
    contexts: list[str]
    """The passages."""
    why: str | None
    """Why."""


Quiz = TypedDict("Quiz", {"pass": "float", "attempts": "int", "items": "list[Worked]"})
"""The qualification quiz."""


class ReviewProgress(TypedDict):
    """How far a project is."""

    items: int
    """Items to be rated, without gold."""
    complete: int
    """Of them those with all the raters that they shall have."""
    wanted: int
    """Ratings of an item that are asked for."""
    accepted: int
    """Of them those that count: by raters in good standing, at most as many as are wanted."""
    gold: int
    """Hidden gold items."""
    stale: int
    """Ratings of an item under an earlier rubric, which its rater is asked to answer again."""
    leased: int
    """Items that a rater has on the screen."""
    spent: Money
    """What was spent."""


class RaterItem(TypedDict):
    """A rater of a project."""

    rater: Rater
    """Who, and where they stand."""
    rated: int
    """Items that they have rated, gold among them."""


class _Rater(TypedDict):
    """A rater of a project."""

    name: str
    """The name."""
    state: RaterState
    """Where they stand."""
    attempts: int
    """Attempts at the quiz since they had to take it."""
    qualified_us: int
    """Since when gold counts, in microseconds since the Unix epoch: the last (re-)qualification."""


class Rater(_Rater, total=False):
    """A rater of a project."""

    why: str | None
    """Why, when it is not the quiz's word."""
    block: int | None
    """Their block of the design; none for ratings from elsewhere."""


class RubricItem(TypedDict):
    """A version of a rubric."""

    version: int
    """From 1."""
    digest: str
    """Its digest."""
    added_us: int
    """When it was added."""


class Sitting(TypedDict):
    """A rater at the beginning of a sitting."""

    state: RaterState
    """Where they stand: `new` wants the quiz, `active` gets items, `suspended` and `failed` get none."""
    why: str | None
    """Why, when it is not the quiz's word."""
    place: RaterPlace
    """How far they are."""
    guide: Guide
    """What they read first."""
    training: list[Exercise]
    """What they practise on: the right answers are told after each."""
    quiz: QuizSheet | None
    """What they must pass while they are `new`."""


class Exercise(TypedDict):
    """An item of training or quiz: its answers stay here."""

    content: Shown
    """The item."""
    criteria: list[str]
    """The criteria that are asked about it."""


QuizSheet = TypedDict("QuizSheet", {"items": "list[Exercise]", "pass": "float", "attempts_left": "int"})
"""The quiz."""


class Corrected(TypedDict):
    """What is right on a training item."""

    right: bool
    """Whether every answer is."""
    answers: dict[str, Any]
    """The right answers."""
    why: str | None
    """Why."""


class QuizResult(TypedDict):
    """How a quiz went."""

    right: int
    """Items with every answer right."""
    of: int
    """Of so many."""
    passed: bool
    """Whether the rater may begin."""
    attempts_left: int
    """Attempts that are left."""


class NextTaskVariant1(TypedDict):
    """An item."""

    next: Literal["item"]
    task: ReviewTask
    """The item."""


class NextTaskVariant2(TypedDict):
    """The quiz must be passed first: joining gives it."""

    next: Literal["quiz"]


class NextTaskVariant3(TypedDict):
    """Nothing is left for this rater, or the budget is used up."""

    next: Literal["done"]
    why: str
    """Why, in words."""


class NextTaskVariant4(TypedDict):
    """The rater is suspended, or failed the quiz."""

    next: Literal["stopped"]
    why: str
    """Why, in words."""


NextTask: TypeAlias = "NextTaskVariant1 | NextTaskVariant2 | NextTaskVariant3 | NextTaskVariant4"
"""What comes next for a rater."""


class ReviewTask(TypedDict):
    """An item on a rater's screen."""

    lease: str
    """Under what the rater has the item: sent back with the answers, the draft, a skip or a flag."""
    until_us: int
    """Until when it is kept for the rater. Answers that come later still count."""
    content: Shown
    """What is shown."""
    criteria: list[str]
    """The criteria to answer: all, or those that are asked otherwise since the rater answered."""
    before: dict[str, Any]
    """What the rater said under an earlier rubric."""
    draft: dict[str, Any]
    """What the rater had begun to say, or took back."""
    number: int
    """Which of the rater's items it is, from 1."""
    of: int
    """Of how many, as far as that is known now."""


class Rated(TypedDict):
    """What became of answers."""

    paid_nanousd: int
    """What the rater is paid for it, in nano-dollars."""
    stopped: str | None
    """Why the rater is suspended, when this brought it."""
    place: RaterPlace
    """How far the rater is now."""
    next: NextTask | None
    """What comes next; null where that could not be found out now: ask for it."""


class MadeProject(TypedDict):
    """A project that was made."""

    project: ReviewProject
    """The project."""
    progress: ReviewProgress
    """How far it is: nothing is rated yet."""
    gold: int
    """Gold items among its items."""
    needs_nanousd: int | None
    """What all its ratings would cost about, when that is more than the budget, in nano-dollars."""


class ReviewReport(TypedDict):
    """The report of a project."""

    project: str
    """The project."""
    rubric: str
    """The rubric's digest."""
    version: int
    """Its version in the project."""
    progress: ReviewProgress
    """How far it is."""
    criteria: list[CriterionReport]
    """By criterion."""
    raters: list[RaterReport]
    """By rater, in the order of names: raters are not ranked."""
    discuss: list[Dispute]
    """What is to be discussed, the widest disagreement first; settled ones are left out."""
    weeks: dict[str, list[ReviewFigure]]
    """By how much each week is scored higher than the others, by criterion, where ratings span several weeks."""
    settled: int
    """Questions that were settled."""
    split: list[list[str | int]]
    """Items whose raters are split, by criterion: they have no label until somebody settles them."""
    impact: list[RubricImpact]
    """What changed between versions of the rubric, and what that did."""
    work: ReviewWork
    """How long and how much."""
    notes: list[str]
    """What a reader must know."""


class CriterionReport(TypedDict):
    """How far raters agree on one criterion."""

    name: str
    """The criterion."""
    kind: Kind
    """Its kind."""
    level: str | None
    """What distance between answers means: `nominal`, `ordinal` or `interval`; none for comments and spans."""
    ratings: int
    """Ratings that count."""
    items: int
    """Items with one or more."""
    paired: int
    """Items with two or more."""
    raters: int
    """Raters."""
    alpha: ReviewFigure | None
    """Krippendorff's α with its jackknife interval."""
    gwet: ReviewFigure | None
    """Gwet's AC1, or AC2 with quadratic weights for a scale."""
    agreement: float | None
    """How often two raters say the same."""
    specific: list[Specific]
    """How often another rater says the same, by answer."""
    decision: str
    """For what the labels may be used, by the lower bound of α."""
    slices: list[SliceAgreement]
    """α on parts of the items."""
    left_out: list[LeftOut]
    """α without each rater."""
    confusion: list[list[float]]
    """How often one rater gives the answer of a row where another gives that of a column, as shares of all pairs; answers in the order of `specific`."""
    mean: ReviewFigure | None
    """The mean over items and raters, both as samples."""
    reliability: float | None
    """The reliability of one rating (one-way intra-class correlation)."""
    reliability_of_mean: float | None
    """The reliability of the mean of as many ratings as an item has (Spearman–Brown)."""
    raters_needed: int | None
    """Ratings that an item needs for the reliability that is asked for."""
    weighed: Weighed | None
    """Dawid and Skene's labels beside the majority's."""
    shown_first: ReviewFigure | None
    """`pairwise`: how often the answer that was shown first won, ties left out."""
    ranking: Ranking | None
    """`pairwise`: the targets by strength."""
    spans: SpanAgreement | None
    """`spans`: how far marked characters are the same."""


class ReviewFigure(TypedDict):
    """A figure with its interval."""

    value: float
    """The figure."""
    lower: float | None
    """The lower end; none where no interval is defined."""
    upper: float | None
    """The upper end."""


class Specific(TypedDict):
    """How often raters say the same, given that one of them gives this answer."""

    answer: str
    """The answer."""
    ratings: int
    """How often it was given."""
    agreement: float | None
    """How often another rater of the same item gives it too; none where nobody else rated such an item."""


class SliceAgreement(TypedDict):
    """Agreement on the items of a slice."""

    key: str
    """The key."""
    value: str
    """The value."""
    paired: int
    """Items with two or more ratings."""
    alpha: ReviewFigure | None
    """α, where there are ten such items and they vary."""


class LeftOut(TypedDict):
    """α without a rater."""

    rater: str
    """The rater."""
    alpha: float
    """α of the others."""
    change: float
    """How much higher that is than α of all."""


class _Weighed(TypedDict):
    """Where Dawid and Skene's labels are not the majority's."""

    items: int
    """Items compared."""
    changed: list[str]
    """Items whose label is another one."""


class Weighed(_Weighed, total=False):
    """Where Dawid and Skene's labels are not the majority's."""

    caution: str | None
    """Why it should not be used, if so."""


class Ranking(TypedDict):
    """The ranking of a `pairwise` criterion."""

    comparisons: int
    """Ratings of pairs whose two targets are known."""
    cases: int
    """Cases behind them: comparisons of one case are not independent."""
    targets: list[Ranked]
    """The targets, the strongest first; empty where there is no ranking."""
    tie: float | None
    """Davidson's ν where there are ties: two targets of equal strength tie with the chance ν / (2 + ν)."""
    separated: bool
    """Somebody won or lost everything against the others: strengths are bounds, not estimates."""
    why_not: str | None
    """Why there is no ranking."""


class Ranked(TypedDict):
    """A target in a ranking."""

    target: str
    """Its name."""
    ranks: list[int]
    """The best and the worst rank that hold together with the confidence asked for, all pairs of targets at once."""
    elo: ReviewFigure
    """Elo points: 1000 + 400 / ln 10 · log strength; strengths sum to zero. The interval is by clusters of cases."""
    won: int
    """Ratings in which it won."""
    tied: int
    """Ratings that were ties."""
    lost: int
    """Ratings in which it lost."""


class SpanAgreement(TypedDict):
    """How far marked characters are the same."""

    pairs: int
    """Pairs of raters of one item, of whom one or both marked something."""
    overlap: float
    """The mean of 2·|A ∩ B| / (|A| + |B|) over them, in characters."""


class RaterReport(TypedDict):
    """A rater."""

    name: str
    """The name."""
    state: RaterState
    """Where they stand."""
    why: str | None
    """Why."""
    rated: int
    """Items rated, gold among them."""
    accepted: int
    """Item ratings that count, without gold."""
    skipped: int
    """Items skipped."""
    gold: GoldReport
    """Hidden gold."""
    severity: dict[str, ReviewFigure]
    """How much higher than others they score the same items, by criterion, with its interval."""
    fast: int
    """Ratings that were given faster than items allow."""
    fast_p: float | None
    """The chance of so many fast ones, were everybody fast equally often (Holm over raters); none without times."""
    straight: list[str]
    """Criteria whose longest run of one and the same answer is longer than chance explains (5%, Holm over raters)."""
    median_seconds: float | None
    """Seconds on an item, the median."""
    paid: Money
    """What they were paid."""


class GoldReport(TypedDict):
    """A rater on hidden gold."""

    hits: int
    """Items with every answer right, since the rater qualified."""
    misses: int
    """The others."""
    accuracy: float | None
    """The accuracy; only from 30 gold items on."""
    interval: ReviewFigure | None
    """Its interval."""
    drifts: bool
    """Whether they err more than before (CUSUM of errors on gold)."""


class _Dispute(TypedDict):
    """Something about an item that raters do not agree on, or that one of them wants to talk about."""

    item: str
    """The item."""
    criterion: str
    """The criterion."""
    apart: float
    """How far apart: the difference of numbers, 1 between words."""
    ratings: list[Rating]
    """What stands, by rater."""


class Dispute(_Dispute, total=False):
    """Something about an item that raters do not agree on, or that one of them wants to talk about."""

    case: str | None
    """The case, for people."""
    flags: list[ReviewNote]
    """Who flagged the item, and why."""
    settled: Adjudication | None
    """The word that settles it, once there is one."""


class Rating(TypedDict):
    """One line of the history of ratings."""

    item: str
    """The item."""
    rater: str
    """Who."""
    criterion: str
    """The criterion."""
    question: Digest
    """The question, as it was when it was answered."""
    value: Any
    """The answer; null when it was taken back."""
    origin: RatingOrigin
    """How it came to be."""
    at_us: int
    """When, in microseconds since the Unix epoch."""


RatingOrigin: TypeAlias = "Literal['rated', 'edited', 'relabelled', 'undone', 'imported']"
"""How a rating came to be."""


class ReviewNote(TypedDict):
    """A remark on an item."""

    item: str
    """The item."""
    rater: str
    """Who."""
    kind: NoteKind
    """`skip` or `flag`."""
    text: str
    """In words."""
    at_us: int
    """When, in microseconds since the Unix epoch."""


class Adjudication(TypedDict):
    """A word that settles what raters do not agree on."""

    item: str
    """The item."""
    criterion: str
    """The criterion."""
    question: Digest
    """The question, as it was."""
    value: Any
    """The answer."""
    by: str
    """Who settled it."""
    why: str
    """Why."""
    at_us: int
    """When, in microseconds since the Unix epoch."""


class RubricImpact(TypedDict):
    """What a change of the rubric did to ratings of one criterion."""

    criterion: str
    """The criterion."""
    version: int
    """The version that asks it otherwise."""
    answered_again: int
    """Answers that the same rater gave to the same item before and after."""
    changed: int
    """How many of them are other answers."""
    shift: float | None
    """By how much the numbers of a scale went up, on average."""
    alpha_before: ReviewFigure | None
    """α of these items before."""
    alpha_after: ReviewFigure | None
    """α of these items after."""


class ReviewWork(TypedDict):
    """Throughput and cost."""

    rated: int
    """Items rated, gold among them, whoever rated them."""
    accepted: int
    """Item ratings that count."""
    median_seconds: float | None
    """Seconds on an item, the median."""
    per_hour: float | None
    """Items in an hour at work."""
    hours: float
    """Hours at work."""
    spent: Money
    """What was spent."""
    cost_per_accepted: Money | None
    """What a rating that counts cost, with gold, suspended raters and repeats in it."""
    left: Money | None
    """What the rest of the project would cost at that."""


class Page7(TypedDict):
    """A page of a list."""

    items: list[DisputeView]
    """The items."""
    next: str | None
    """Where the next page begins; `null` at the end."""


class DisputeView(TypedDict):
    """A disagreement with what it is about. Whose answer it is stays unsaid, so that who settles it is blind too."""

    dispute: Dispute
    """Who said what, who flagged it, and the word that settled it."""
    question: Question
    """What was asked."""
    content: Shown
    """The item as it is stored: `a` of a pair is `output`, `b` is `other`."""


class ItemHistory(TypedDict):
    """An item with its history."""

    item: ReviewItem
    """The item with its target, its chance and its gold answers."""
    history: list[Rating]
    """Every rating there ever was, oldest first."""
    notes: list[ReviewNote]
    """Skips and flags."""
    adjudications: list[Adjudication]
    """Settled questions."""


class _ReviewItem(TypedDict):
    """An item of a project."""

    id: str
    """What it is, by content ([`assay_core::label::item`] or [`pair`]), or the id that a file gave it."""
    content: ReviewContent
    """What raters see."""
    wanted: int
    """How many raters it shall have; 0 for gold alone."""


class ReviewItem(_ReviewItem, total=False):
    """An item of a project."""

    case: str | None
    """The case."""
    target: str | None
    """The target, or both of a pair as [`both`] writes them; raters never see it."""
    metadata: dict[str, str]
    """What slices are made of."""
    chance: float | None
    """The chance with which it was drawn; `None` for a gold item that was not."""
    gold: dict[str, Any] | None
    """The right answers, for a hidden gold item."""


class _ReviewContent(TypedDict):
    """What a rater sees of an item."""

    output: Any
    """The answer."""


class ReviewContent(_ReviewContent, total=False):
    """What a rater sees of an item."""

    inputs: dict[str, Any]
    """What was asked."""
    other: Any
    """The second answer, of a pair."""
    contexts: list[Passage]
    """The passages behind it."""
    expected: Any
    """What counts as right, where the rubric shows it."""


class JudgeItem(TypedDict):
    """A judge in a list. Another model, prompt, scale or parser is another judge."""

    id: Digest
    """Its fingerprint."""
    judge: str
    """Its name in the newest suite that has it, which is the scorer's."""
    models: list[str]
    """The models that it asks, as the suite names them; empty when the run does not say."""
    suite: str | None
    """The suite of the newest run with it; none when no run has it any more."""
    run: RunId | None
    """The newest run with it."""
    run_us: int | None
    """When that began."""
    current: bool
    """Whether the newest run with a judge of this name has this one."""
    grade: Grade
    """What it may be used for now; `U` when it is not calibrated."""
    allows: str
    """What that means, in words."""
    standing: Standing | None
    """What the grade rests on and what the next one needs; none without a certificate."""
    criterion: str | None
    """The question that its labels answer."""
    calibrated_us: int | None
    """When the certificate was made."""
    expires_us: int | None
    """When its oldest label reaches its term."""
    labels: int
    """Judged answers with labels drawn by chance, each once, whichever targets gave it."""
    by_hand: int
    """Judged answers with labels chosen by hand."""
    checks: int
    """How often its frozen verdicts were asked again."""
    checked_us: int | None
    """When that was last."""
    drifted: bool
    """Whether the frozen verdicts say that it is not what was calibrated."""


class Standing(TypedDict):
    """What a judge may be used for now."""

    grade: Grade
    """The grade."""
    missing: list[str]
    """What the next grade needs."""
    dropped: list[str]
    """Why it is lower than the labels alone would make it."""
    checked: list[int]
    """Verdicts that were asked again, and those that were not the same."""
    drifted: bool
    """Whether the frozen verdicts say that the judge is not what was calibrated."""
    scope: Scope
    """What the certificate was made for."""
    evidence: Evidence
    """What the grade rests on."""


class Scope(TypedDict):
    """What a certificate may not be stretched to."""

    confidence: float
    """Confidence of its intervals."""
    margin: float
    """The margin of the differences that it was made for."""


class Evidence(TypedDict):
    """What is known of a judge. `None` and NaN are not known, and meet no requirement."""

    labels: int
    """Cases with a label by people, drawn at random."""
    rarer_class: int
    """Labels of the rarer class by people."""
    smaller_arm: int | None
    """Labels in the smaller arm."""
    agreement: float | None
    """The lower bound of Gwet's AC1 or Krippendorff's α of judge and people, the higher one."""
    parse_failures: float | None
    """The share of verdicts that could not be read."""
    flip_rate: float | None
    """How often a repeated verdict differs."""
    sensitivity: float | None
    """The lower bound of the rate of passes that it passes."""
    specificity: float | None
    """The lower bound of the rate of fails that it fails."""
    position_consistency: float | None
    """How often both orders of a pair get the same verdict; `Some(1.0)` for a judge of single answers."""
    differential: Interval | None
    """The interval of judge − human in the candidate less the same in the baseline."""
    margin: float
    """The margin of the comparison; `differential` must lie within twice of it on either side."""
    below_people: float | None
    """How much worse judge and people agree than people among each other, the upper bound."""
    winning_rate: float | None
    """The winning rate ω of the alternative annotator test."""
    age: float | None
    """Days since the labels were made."""
    canary: bool | None
    """Whether the frozen canary set still gets the same verdicts."""


class JudgeView(TypedDict):
    """A judge."""

    item: JudgeItem
    """As in lists."""
    certificate: Certificate | None
    """How far it may be trusted and what that rests on, without the cases whose verdicts are frozen; none when it is not calibrated. Confusion, agreement, bias and calibration are its figures."""
    frozen: int
    """How many verdicts are frozen."""
    checks: list[CheckPoint]
    """Its checks, oldest first."""
    needed: LabelsNeeded
    """The labels that it lacks."""
    others: list[OtherJudge]
    """Judges of the same name with another model, prompt, scale or parser."""


class Certificate(TypedDict):
    """How far a judge may be trusted, and what that rests on."""

    judge: str
    """The judge's name when it was made."""
    fingerprint: Digest
    """The judge: any change of model, prompt, rubric or parser is another judge."""
    criterion: str
    """The question that the labels answer."""
    coding: Coding
    """How labels become numbers."""
    made_us: int
    """When it was made, in microseconds since the Unix epoch."""
    labelled_us: list[int] | None
    """When the oldest and the newest of the labels that it rests on were said."""
    expires_us: int
    """When it expires: when the oldest label has reached its term."""
    runs: list[RunId]
    """The runs that labels were drawn from."""
    labels_digest: Digest
    """Digest of the labels."""
    confidence: float
    """Confidence of the intervals."""
    margin: float
    """The margin of the differences that the judge is to decide."""
    judged: int
    """Items judged. An item is an answer to a case, whoever gave it: the same answer of two targets is one."""
    unreadable: int
    """Items with a verdict that could not be read, each once however often the judge was asked."""
    abstained: int
    """Items on which the judge abstained, or left the verdict to people."""
    labels: int
    """Judged items with labels drawn by chance."""
    by_hand: int
    """Judged items with labels chosen by hand."""
    split: int
    """Judged items on which people are split evenly."""
    confusion: list[list[JudgeFigure]] | None
    """People's verdicts by the judge's: [people fail, people pass] × [judge fails, judge passes]."""
    figures: list[JudgeFigure]
    """Agreement, rates, bias, and so on."""
    arms: list[ArmFigures]
    """Each target."""
    slices: list[JudgeFigure]
    """Judge − people by slice, with Holm's p-values."""
    calibration: list[list[int | float]]
    """For scores from 0 to 1 against pass or fail: cases, mean score and share of passes in each bin."""
    evidence: Evidence
    """What the grade rests on."""
    grade: Grade
    """The grade that the labels alone would give; checks and age decide the rest."""
    canaries: list[Canary]
    """Frozen verdicts."""
    notes: list[str]
    """What a reader should know."""


class Coding(TypedDict):
    """How what people said becomes a number on a judge's scale."""

    score: ScoreKind
    """The judge's scale."""
    positive: list[str]
    """The labels that mean a pass, or the best; others mean a fail. Empty for the usual words."""
    scale: list[float] | None
    """The scale of the labels, where it is not the judge's own."""


class _JudgeFigure(TypedDict):
    """A number with its interval, and the same among people where there is one."""

    key: str
    """A short name for programs."""
    name: str
    """What it is, in words."""
    value: float | None
    """The number."""
    interval: Interval | None
    """Its interval."""


class JudgeFigure(_JudgeFigure, total=False):
    """A number with its interval, and the same among people where there is one."""

    people: list[float | Interval | None] | None
    """The same among people."""
    p: float | None
    """Adjusted p-value where several are looked at."""


class _ArmFigures(TypedDict):
    """A target's part of a certificate."""

    name: str
    """Its name."""
    judged: int
    """Items that the judge has scored."""
    labels: int
    """Items of them that carry labels drawn by chance."""
    raw: float | None
    """The level as the judge alone says it."""
    corrected: Estimate | None
    """The level corrected by the labels."""


class ArmFigures(_ArmFigures, total=False):
    """A target's part of a certificate."""

    why_not: str | None
    """Why it is not corrected."""


class Canary(TypedDict):
    """A frozen verdict."""

    item: Digest
    """The item."""
    case: str
    """The case's id."""
    arm: str
    """The arm that answered."""
    verdict: float
    """The verdict."""


class CheckPoint(TypedDict):
    """A check of a judge's frozen verdicts."""

    at_us: int
    """When."""
    run: RunId | None
    """The run that it was made for."""
    asked: int
    """Verdicts asked again."""
    differ: int
    """Those that were not the same."""


class LabelsNeeded(TypedDict):
    """The labels that a judge lacks."""

    stored: int
    """Labels that are stored for its criterion, each rater's own: several of one answer where several people rated it."""
    answers: int
    """Answers that carry them. The same answer to a case counts once, whichever targets gave it. Those that its runs have are `labels`, `by_hand` and `split` of its certificate."""
    more: int
    """How many more to draw: what the counts of the next grade lack, else as many as are worth drawing at once."""
    command: str
    """The command that draws them."""
    missing: list[str]
    """Everything that the next grade needs, in words."""


class OtherJudge(TypedDict):
    """Another judge of the same name."""

    id: Digest
    grade: Grade
    calibrated_us: int | None
    run_us: int | None


class JudgeProbes(TypedDict):
    """What was found of a judge."""

    judge: str
    """The judge."""
    labelled: int
    """Judged answers that carry a label."""
    probes: list[JudgeProbe]
    """What was found."""
    notes: list[str]
    """What a reader should know."""


class JudgeProbe(TypedDict):
    """What a probe found."""

    probe: str
    """`order`, `length`, `own family`, `format`, `slice` or `flips`."""
    what: str
    """What the number is."""
    value: float | None
    """The number; none where it is not defined."""
    interval: Interval | None
    """Its interval."""
    p: float | None
    """The p-value of no bias, adjusted over all probes together (Holm)."""
    answers: int
    """Answers behind it."""


class Calibrated(TypedDict):
    """A judge that was calibrated."""

    judge: JudgeView
    """The judge as it is now."""
    notes: list[str]
    """What happened on the way."""
    added: AddedLabels
    """What became of the labels."""


class AddedLabels(TypedDict):
    """What became of labels that were handed over."""

    new: int
    """Labels that are new."""
    same: int
    """Labels that were there, saying the same."""
    replaced: int
    """Labels that replaced one that said something else."""


class SuiteFileItem(TypedDict):
    """A suite file of the project."""

    path: str
    """From the project's folder on: what `POST /jobs` takes as its `suite`."""
    suite: str | None
    """The suite's name; none when the text is no suite."""
    error: str | None
    """What is wrong with the text, by line. Datasets, targets and scorers are looked at when it runs."""


class PolicyItem(TypedDict):
    """A release policy."""

    name: str
    """What `POST /releases` takes as its `policy`."""
    title: str | None
    """The name that it gives itself; none when it is no policy."""
    why: str | None
    """What it is for."""
    builtin: bool
    """Whether it comes with Assay."""
    error: str | None
    """What is wrong with it, by line."""
