//! Labels by people, and what they say of judges: certificates, and checks of frozen verdicts.
//!
//! Nothing is overwritten: a label that replaces another leaves it in the table, and every certificate is kept.

use assay_core::label::Drawn;
use assay_core::{Digest, RunId};
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::events::{self, Outgoing};
use crate::state::State;

/// The tables, beside those of the state.
pub(crate) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS labels (
    id INTEGER PRIMARY KEY,
    criterion TEXT NOT NULL,
    item TEXT NOT NULL,
    rater TEXT NOT NULL,
    label TEXT NOT NULL,
    by_hand BOOLEAN NOT NULL,
    chance DOUBLE PRECISION,
    source TEXT NOT NULL,
    added_us BIGINT NOT NULL,
    replaced_us BIGINT,
    labelled_us BIGINT
);
CREATE UNIQUE INDEX IF NOT EXISTS labels_in_force ON labels (criterion, item, rater) WHERE replaced_us IS NULL;
CREATE TABLE IF NOT EXISTS certificates (
    id INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    judge TEXT NOT NULL,
    made_us BIGINT NOT NULL,
    certificate TEXT NOT NULL,
    population BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS certificates_by_fingerprint ON certificates (fingerprint, id);
CREATE TABLE IF NOT EXISTS judge_checks (
    id INTEGER PRIMARY KEY,
    certificate BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    run TEXT,
    verdicts TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS judge_checks_by_certificate ON judge_checks (certificate, id);
";

/// Adds what the tables of an earlier version lack.
pub(crate) async fn renew(file: &crate::sqlite::File) -> Result<(), StoreError> {
    let has = "SELECT COUNT(*) FROM pragma_table_info('labels') WHERE name = 'labelled_us'";
    let known: i64 = sqlx::query_scalar(has).fetch_one(&file.pool).await.map_err(|error| file.error(error))?;
    if known > 0 {
        return Ok(());
    }
    match sqlx::raw_sql("ALTER TABLE labels ADD COLUMN labelled_us BIGINT").execute(&file.pool).await {
        // Another process did it meanwhile.
        Err(error) if error.to_string().contains("duplicate column") => Ok(()),
        done => done.map(|_| ()).map_err(|error| file.error(error)),
    }
}

/// A label as the workspace keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredLabel {
    /// The item, as [`assay_core::label::item`] names it.
    pub item: Digest,
    /// Who said it; empty when it is the outcome of several people's.
    pub rater: String,
    /// What was said, as JSON.
    pub label: serde_json::Value,
    /// How the item was chosen.
    pub drawn: Drawn,
    /// The probability with which it was drawn, where it is known.
    pub chance: Option<f64>,
    /// The file and line it came from.
    pub source: String,
    /// When it was said, in microseconds since the Unix epoch. Where a file does not tell, when the label came.
    #[serde(default)]
    pub labelled_us: Option<i64>,
}

/// A label that would replace one that says something else.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// The new one.
    pub new: StoredLabel,
    /// The one in force.
    pub old: StoredLabel,
}

/// What came of adding labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Added {
    /// Labels that are new.
    pub new: u64,
    /// Labels that were there already, saying the same.
    pub same: u64,
    /// Labels that replaced one that said something else.
    pub replaced: u64,
    /// When not empty, nothing was stored.
    pub conflicts: Vec<Conflict>,
}

/// A certificate with its number.
#[derive(Clone, Debug)]
pub struct StoredCertificate<T> {
    /// Its number.
    pub id: i64,
    /// The certificate.
    pub certificate: T,
}

/// A check of a judge's frozen verdicts: for each item whether the verdict was the same, in the order asked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// When, in microseconds since the Unix epoch.
    pub at_us: i64,
    /// The run that it was made for.
    pub run: Option<RunId>,
    /// For each verdict asked whether it equals the frozen one.
    pub same: Vec<bool>,
}

/// The items that labels were drawn from, by the first half of their digests, sorted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Population(Vec<[u8; 16]>);

impl Population {
    /// Of these items.
    pub fn new(items: impl IntoIterator<Item = Digest>) -> Self {
        let half = |digest: Digest| digest.as_bytes().first_chunk().copied().unwrap_or_default();
        let mut halves: Vec<[u8; 16]> = items.into_iter().map(half).collect();
        halves.sort_unstable();
        halves.dedup();
        Self(halves)
    }

    /// Whether an item is in it.
    pub fn holds(&self, item: &Digest) -> bool {
        item.as_bytes().first_chunk().is_some_and(|half| self.0.binary_search(half).is_ok())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl State {
    /// Adds labels of one criterion, all or none. A label of the same item and rater that says something else is a conflict,
    /// which stores nothing, unless `replace`; the replaced one is kept with the time. A label that says the same takes over
    /// how its item was drawn from the new one, and when it was said if that is told and later.
    ///
    /// # Errors
    /// The database fails.
    pub async fn add_labels(
        &self,
        criterion: &str,
        labels: &[StoredLabel],
        replace: bool,
        now_us: i64,
    ) -> Result<Added, StoreError> {
        let mut added = Added::default();
        let mut transaction = self.file.pool.begin().await.map_err(|error| self.file.error(error))?;
        for label in labels {
            let item = label.item.to_string();
            let row = sqlx::query(
                "SELECT id, item, rater, label, by_hand, chance, source, COALESCE(labelled_us, added_us) AS labelled_us
                 FROM labels
                 WHERE criterion = $1 AND item = $2 AND rater = $3 AND replaced_us IS NULL",
            )
            .bind(criterion)
            .bind(&item)
            .bind(&label.rater)
            .fetch_optional(&mut *transaction)
            .await
            .map_err(|error| self.file.error(error))?;
            if let Some(row) = row {
                let (id, old) = (self.get::<i64>(&row, "id")?, self.label(&row)?);
                if old.label == label.label {
                    let labelled = label.labelled_us.max(old.labelled_us);
                    sqlx::query("UPDATE labels SET by_hand = $1, chance = $2, labelled_us = $3 WHERE id = $4")
                        .bind(label.drawn == Drawn::ByHand)
                        .bind(label.chance)
                        .bind(labelled)
                        .bind(id)
                        .execute(&mut *transaction)
                        .await
                        .map_err(|error| self.file.error(error))?;
                    added.same += 1;
                    continue;
                }
                if !replace {
                    added.conflicts.push(Conflict { new: label.clone(), old });
                    continue;
                }
                sqlx::query("UPDATE labels SET replaced_us = $1 WHERE id = $2")
                    .bind(now_us)
                    .bind(id)
                    .execute(&mut *transaction)
                    .await
                    .map_err(|error| self.file.error(error))?;
                added.replaced += 1;
            } else {
                added.new += 1;
            }
            sqlx::query(
                "INSERT INTO labels (criterion, item, rater, label, by_hand, chance, source, added_us, labelled_us)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            )
            .bind(criterion)
            .bind(&item)
            .bind(&label.rater)
            .bind(self.file.json(&label.label)?)
            .bind(label.drawn == Drawn::ByHand)
            .bind(label.chance)
            .bind(&label.source)
            .bind(now_us)
            .bind(label.labelled_us)
            .execute(&mut *transaction)
            .await
            .map_err(|error| self.file.error(error))?;
        }
        if added.conflicts.is_empty() {
            transaction.commit().await.map_err(|error| self.file.error(error))?;
        }
        Ok(added)
    }

    /// The labels of a criterion that are in force, in the order they were added.
    ///
    /// # Errors
    /// The database fails or holds what this version cannot read.
    pub async fn labels(&self, criterion: &str) -> Result<Vec<StoredLabel>, StoreError> {
        sqlx::query(
            "SELECT item, rater, label, by_hand, chance, source, COALESCE(labelled_us, added_us) AS labelled_us FROM labels
             WHERE criterion = $1 AND replaced_us IS NULL ORDER BY id",
        )
        .bind(criterion)
        .fetch_all(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))?
        .iter()
        .map(|row| self.label(row))
        .collect()
    }

    fn label(&self, row: &sqlx::sqlite::SqliteRow) -> Result<StoredLabel, StoreError> {
        let item: String = self.get(row, "item")?;
        Ok(StoredLabel {
            item: item.parse().map_err(|error| StoreError::corrupt(&self.file.path, error))?,
            rater: self.get(row, "rater")?,
            label: self.parse(&self.get::<String>(row, "label")?)?,
            drawn: if self.get::<bool>(row, "by_hand")? { Drawn::ByHand } else { Drawn::Random },
            chance: self.get(row, "chance")?,
            source: self.get(row, "source")?,
            labelled_us: self.get(row, "labelled_us")?,
        })
    }

    /// Keeps a certificate of a judge with the items that its labels were drawn from; gives its number.
    ///
    /// # Errors
    /// The database fails.
    pub async fn add_certificate<T: Serialize + Sync>(
        &self,
        fingerprint: Digest,
        judge: &str,
        made_us: i64,
        certificate: &T,
        population: &Population,
    ) -> Result<i64, StoreError> {
        sqlx::query_scalar(
            "INSERT INTO certificates (fingerprint, judge, made_us, certificate, population)
             VALUES ($1, $2, $3, $4, $5) RETURNING id",
        )
        .bind(fingerprint.to_string())
        .bind(judge)
        .bind(made_us)
        .bind(self.file.json(certificate)?)
        .bind(population.0.concat())
        .fetch_one(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))
    }

    /// The newest certificate of each judge, newest first.
    ///
    /// # Errors
    /// The database fails or holds what this version cannot read.
    pub async fn certificates<T: for<'de> Deserialize<'de>>(&self) -> Result<Vec<StoredCertificate<T>>, StoreError> {
        sqlx::query(
            "SELECT id, certificate FROM certificates
             WHERE id IN (SELECT MAX(id) FROM certificates GROUP BY fingerprint) ORDER BY id DESC",
        )
        .fetch_all(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))?
        .iter()
        .map(|row| {
            Ok(StoredCertificate {
                id: self.get(row, "id")?,
                certificate: self.parse(&self.get::<String>(row, "certificate")?)?,
            })
        })
        .collect()
    }

    /// The newest certificate of a judge.
    ///
    /// # Errors
    /// The database fails or holds what this version cannot read.
    pub async fn certificate<T: for<'de> Deserialize<'de>>(
        &self,
        fingerprint: Digest,
    ) -> Result<Option<StoredCertificate<T>>, StoreError> {
        let row =
            sqlx::query("SELECT id, certificate FROM certificates WHERE fingerprint = $1 ORDER BY id DESC LIMIT 1")
                .bind(fingerprint.to_string())
                .fetch_optional(&self.file.pool)
                .await
                .map_err(|error| self.file.error(error))?;
        row.map(|row| {
            Ok(StoredCertificate {
                id: self.get(&row, "id")?,
                certificate: self.parse(&self.get::<String>(&row, "certificate")?)?,
            })
        })
        .transpose()
    }

    /// The items that a certificate's labels were drawn from.
    ///
    /// # Errors
    /// The database fails.
    pub async fn population(&self, certificate: i64) -> Result<Population, StoreError> {
        let bytes: Vec<u8> = sqlx::query_scalar("SELECT population FROM certificates WHERE id = $1")
            .bind(certificate)
            .fetch_one(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        Ok(Population(bytes.chunks_exact(16).filter_map(|half| half.first_chunk().copied()).collect()))
    }

    /// Keeps a check of a certificate's frozen verdicts, and what others are told when it is one too many.
    ///
    /// # Errors
    /// The database fails.
    pub async fn add_check(&self, certificate: i64, check: &Check, alarm: Option<&Outgoing>) -> Result<(), StoreError> {
        let error = |error| self.file.error(error);
        let mut whole = self.file.pool.begin().await.map_err(error)?;
        sqlx::query("INSERT INTO judge_checks (certificate, at_us, run, verdicts) VALUES ($1, $2, $3, $4)")
            .bind(certificate)
            .bind(check.at_us)
            .bind(check.run.map(|run| run.to_string()))
            .bind(self.file.json(&check.same)?)
            .execute(&mut *whole)
            .await
            .map_err(error)?;
        if let Some(alarm) = alarm {
            events::write(&mut whole, alarm).await.map_err(error)?;
        }
        whole.commit().await.map_err(error)
    }

    /// The checks of a certificate, oldest first.
    ///
    /// # Errors
    /// The database fails or holds what this version cannot read.
    pub async fn checks(&self, certificate: i64) -> Result<Vec<Check>, StoreError> {
        sqlx::query("SELECT at_us, run, verdicts FROM judge_checks WHERE certificate = $1 ORDER BY id")
            .bind(certificate)
            .fetch_all(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?
            .iter()
            .map(|row| {
                let run: Option<String> = self.get(row, "run")?;
                let run = run.map(|run| run.parse()).transpose();
                Ok(Check {
                    at_us: self.get(row, "at_us")?,
                    run: run.map_err(|error| StoreError::corrupt(&self.file.path, error))?,
                    same: self.parse(&self.get::<String>(row, "verdicts")?)?,
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Workspace;
    use serde_json::json;

    fn label(item: &str, rater: &str, said: bool, chance: Option<f64>) -> StoredLabel {
        StoredLabel {
            item: Digest::of_bytes(item.as_bytes()),
            rater: rater.into(),
            label: json!(said),
            drawn: Drawn::Random,
            chance,
            source: "labels.jsonl:1".into(),
            labelled_us: None,
        }
    }

    #[tokio::test]
    async fn a_label_that_says_something_else_stores_nothing_unless_it_is_to_replace() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(&Workspace::open(folder.path().join(".assay")).unwrap()).await.unwrap();
        let first = [label("a", "", true, None), label("b", "ann", true, None), label("b", "bob", false, None)];
        assert_eq!(state.add_labels("tone", &first, false, 1).await.unwrap().new, 3);
        let second = [label("c", "", true, None), label("a", "", false, None)];
        let refused = state.add_labels("tone", &second, false, 2).await.unwrap();
        assert_eq!((refused.conflicts.len(), state.labels("tone").await.unwrap().len()), (1, 3));
        let done = state.add_labels("tone", &second, true, 2).await.unwrap();
        assert_eq!((done.new, done.replaced), (1, 1));
        let kept = state.labels("tone").await.unwrap();
        assert_eq!(kept.len(), 4);
        assert!(kept.iter().any(|l| l.item == Digest::of_bytes(b"a") && l.label == json!(false)));
        // What was replaced is still there; other criteria are other questions.
        let ever: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM labels").fetch_one(&state.file.pool).await.unwrap();
        assert_eq!(ever, 5);
        assert!(state.labels("length").await.unwrap().is_empty());
        // The same again changes how it was drawn, not what was said.
        let again = state.add_labels("tone", &[label("c", "", true, Some(0.25))], false, 3).await.unwrap();
        assert_eq!((again.new, again.same), (0, 1));
        let kept = state.labels("tone").await.unwrap();
        assert_eq!(kept.iter().find(|l| l.item == Digest::of_bytes(b"c")).unwrap().chance, Some(0.25));
        // It is as old as when it came, until somebody says it again on a later day.
        let age = |kept: &[StoredLabel]| kept.iter().find(|l| l.item == Digest::of_bytes(b"c")).unwrap().labelled_us;
        assert_eq!(age(&kept), Some(2));
        for (said, want) in [(Some(9), Some(9)), (Some(4), Some(9)), (None, Some(9))] {
            let fresh = StoredLabel { labelled_us: said, ..label("c", "", true, None) };
            state.add_labels("tone", &[fresh], false, 20).await.unwrap();
            assert_eq!(age(&state.labels("tone").await.unwrap()), want);
        }
    }

    #[tokio::test]
    async fn labels_of_an_earlier_version_are_as_old_as_when_they_came() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::open(folder.path().join(".assay")).unwrap();
        let state = State::open(&workspace).await.unwrap();
        state.add_labels("tone", &[label("a", "", true, None)], false, 7).await.unwrap();
        sqlx::raw_sql("ALTER TABLE labels DROP COLUMN labelled_us").execute(&state.file.pool).await.unwrap();
        state.file.pool.close().await;
        let state = State::open(&workspace).await.unwrap();
        assert_eq!(state.labels("tone").await.unwrap()[0].labelled_us, Some(7));
    }

    #[tokio::test]
    async fn certificates_come_back_newest_first_with_their_population_and_checks() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(&Workspace::open(folder.path().join(".assay")).unwrap()).await.unwrap();
        let judge = Digest::of_bytes(b"judge");
        let items = Population::new([Digest::of_bytes(b"x"), Digest::of_bytes(b"y")]);
        let first = state.add_certificate(judge, "j", 1, &"old", &items).await.unwrap();
        let second = state.add_certificate(judge, "j", 2, &"new", &items).await.unwrap();
        let found = state.certificate::<String>(judge).await.unwrap().unwrap();
        assert_eq!((found.id, found.certificate.as_str()), (second, "new"));
        assert_eq!(state.certificates::<String>().await.unwrap().len(), 1);
        let back = state.population(first).await.unwrap();
        assert!(back == items && back.holds(&Digest::of_bytes(b"x")) && !back.holds(&Digest::of_bytes(b"z")));
        let check = Check { at_us: 5, run: None, same: vec![true, false] };
        state.add_check(second, &check, None).await.unwrap();
        assert_eq!(state.checks(second).await.unwrap(), [check]);
        assert!(state.checks(first).await.unwrap().is_empty());
    }
}
