//! `accounts.db`: who may use a server: people, their sessions, keys of programs, and requests that must not be done twice.
//!
//! Nothing here can be used to log in: passwords are kept as argon2id strings made by the server, sessions and keys as
//! SHA-256 digests of random secrets of 256 bits.

use std::collections::BTreeSet;

use assay_core::Digest;
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::sqlite::{Care, File};
use crate::{StoreError, Workspace};

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS users (
    name TEXT PRIMARY KEY,
    email TEXT,
    subject TEXT UNIQUE,
    password TEXT,
    roles TEXT NOT NULL,
    disabled BOOLEAN NOT NULL DEFAULT FALSE,
    created_us BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS sessions (
    secret TEXT PRIMARY KEY,
    user TEXT NOT NULL,
    begun_us BIGINT NOT NULL,
    seen_us BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS keys (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    user TEXT NOT NULL,
    secret TEXT NOT NULL,
    roles TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    expires_us BIGINT NOT NULL,
    used_us BIGINT
);
CREATE TABLE IF NOT EXISTS repeats (
    user TEXT NOT NULL,
    key TEXT NOT NULL,
    request TEXT NOT NULL,
    status BIGINT,
    content TEXT,
    body BLOB,
    at_us BIGINT NOT NULL,
    PRIMARY KEY (user, key)
);
";

/// Somebody who may use the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// The name that actions are recorded under.
    pub name: String,
    /// An address.
    pub email: Option<String>,
    /// Who it is at the identity provider.
    pub subject: Option<String>,
    /// The password as an argon2id string, unless the identity provider vouches.
    #[serde(skip)]
    pub password: Option<String>,
    /// What they are, in words.
    pub roles: BTreeSet<String>,
    /// May not use it any more.
    pub disabled: bool,
    /// Since when.
    pub created_us: i64,
}

/// What changes of somebody; what is `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// Another address; an empty one takes it away.
    pub email: Option<String>,
    /// All that they are from now on.
    pub roles: Option<BTreeSet<String>>,
    /// Whether they may come in no more.
    pub disabled: Option<bool>,
}

/// A key of a program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Key {
    /// Names the key; no secret.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// In whose name it acts; it dies with them.
    pub user: String,
    /// The digest of its secret.
    #[serde(skip)]
    pub secret: String,
    /// What it may be: never more than its user is.
    pub roles: BTreeSet<String>,
    /// Since when.
    pub created_us: i64,
    /// Until when.
    pub expires_us: i64,
    /// When it was last used, within a minute.
    pub used_us: Option<i64>,
}

/// What is kept of a request that may be repeated.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// The digest of what was asked.
    pub request: String,
    /// When it came.
    pub at_us: i64,
    /// Status, content type and body of the answer; `None` while it is being made.
    pub answer: Option<(u16, String, Vec<u8>)>,
}

/// The accounts of a workspace.
#[derive(Clone, Debug)]
pub struct Accounts {
    file: File,
}

/// How long a session lives in all, in microseconds.
const SESSION_US: i64 = 12 * 3_600_000_000;
/// How long a session lives without being used.
const IDLE_US: i64 = 3_600_000_000;
/// How long repeated requests are known.
const REPEATS_US: i64 = 24 * 3_600_000_000;
/// How often the last use is written down.
const SEEN_US: i64 = 60_000_000;

impl Accounts {
    /// Opens the accounts of a workspace.
    ///
    /// # Errors
    /// A file that cannot be opened or made.
    pub async fn open(workspace: &Workspace) -> Result<Self, StoreError> {
        Ok(Self { file: File::open(&workspace.accounts_file(), Care::Durable, 4, &[SCHEMA]).await? })
    }

    fn words(&self, row: &SqliteRow) -> Result<BTreeSet<String>, StoreError> {
        let text: String = self.get(row, "roles")?;
        serde_json::from_str(&text).map_err(|error| StoreError::corrupt(&self.file.path, error))
    }

    fn get<'r, T>(&self, row: &'r SqliteRow, column: &str) -> Result<T, StoreError>
    where
        T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
    {
        row.try_get(column).map_err(|error| self.file.error(error))
    }

    fn user_row(&self, row: &SqliteRow) -> Result<User, StoreError> {
        Ok(User {
            name: self.get(row, "name")?,
            email: self.get(row, "email")?,
            subject: self.get(row, "subject")?,
            password: self.get(row, "password")?,
            roles: self.words(row)?,
            disabled: self.get(row, "disabled")?,
            created_us: self.get(row, "created_us")?,
        })
    }

    /// Adds somebody, or changes who is there under the name. Who may not come in any more has no session and no key left.
    ///
    /// # Errors
    /// The database fails; another has the same subject.
    pub async fn put_user(&self, user: &User) -> Result<(), StoreError> {
        let mut together = self.file.pool.begin().await.map_err(|error| self.file.error(error))?;
        sqlx::query(
            "INSERT INTO users (name, email, subject, password, roles, disabled, created_us)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (name) DO UPDATE SET email = excluded.email, subject = excluded.subject,
               password = excluded.password, roles = excluded.roles, disabled = excluded.disabled",
        )
        .bind(&user.name)
        .bind(&user.email)
        .bind(&user.subject)
        .bind(&user.password)
        .bind(self.file.json(&user.roles)?)
        .bind(user.disabled)
        .bind(user.created_us)
        .execute(&mut *together)
        .await
        .map_err(|error| self.file.error(error))?;
        if user.disabled {
            for end in ["DELETE FROM sessions WHERE user = $1", "DELETE FROM keys WHERE user = $1"] {
                let done = sqlx::query(end).bind(&user.name).execute(&mut *together).await;
                done.map_err(|error| self.file.error(error))?;
            }
        }
        together.commit().await.map_err(|error| self.file.error(error))
    }

    /// Changes somebody, unless nobody who may come in would have the role `keep` any more: false then, and when there is
    /// no such user. One statement, so that two who demote each other are not both heard.
    ///
    /// # Errors
    /// The database fails.
    pub async fn change_user(&self, name: &str, change: &UserChange, keep: &str) -> Result<bool, StoreError> {
        let roles = change.roles.as_ref().map(|roles| self.file.json(roles)).transpose()?;
        let done = sqlx::query(
            "UPDATE users SET email = NULLIF(COALESCE($2, email), ''), roles = COALESCE($3, roles),
               disabled = COALESCE($4, disabled)
             WHERE name = $1 AND (
               disabled OR NOT EXISTS (SELECT 1 FROM json_each(users.roles) WHERE value = $5)
               OR (NOT COALESCE($4, disabled)
                   AND EXISTS (SELECT 1 FROM json_each(COALESCE($3, users.roles)) WHERE value = $5))
               OR EXISTS (SELECT 1 FROM users AS other WHERE other.name <> $1 AND NOT other.disabled
                   AND EXISTS (SELECT 1 FROM json_each(other.roles) WHERE value = $5)))",
        )
        .bind(name)
        .bind(&change.email)
        .bind(roles)
        .bind(change.disabled)
        .bind(keep)
        .execute(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))?;
        Ok(done.rows_affected() > 0)
    }

    /// Gives somebody another password, as an argon2id string.
    ///
    /// # Errors
    /// The database fails.
    pub async fn set_password(&self, name: &str, hash: &str) -> Result<(), StoreError> {
        let done = sqlx::query("UPDATE users SET password = $2 WHERE name = $1").bind(name).bind(hash);
        done.execute(&self.file.pool).await.map(|_| ()).map_err(|error| self.file.error(error))
    }

    /// Everybody, by name.
    ///
    /// # Errors
    /// The database fails.
    pub async fn users(&self) -> Result<Vec<User>, StoreError> {
        let rows = sqlx::query("SELECT * FROM users ORDER BY name").fetch_all(&self.file.pool).await;
        rows.map_err(|error| self.file.error(error))?.iter().map(|row| self.user_row(row)).collect()
    }

    /// Somebody by name.
    ///
    /// # Errors
    /// The database fails.
    pub async fn user(&self, name: &str) -> Result<Option<User>, StoreError> {
        let row = sqlx::query("SELECT * FROM users WHERE name = $1").bind(name).fetch_optional(&self.file.pool).await;
        row.map_err(|error| self.file.error(error))?.map(|row| self.user_row(&row)).transpose()
    }

    /// Somebody by who they are at the identity provider.
    ///
    /// # Errors
    /// The database fails.
    pub async fn user_by_subject(&self, subject: &str) -> Result<Option<User>, StoreError> {
        let row =
            sqlx::query("SELECT * FROM users WHERE subject = $1").bind(subject).fetch_optional(&self.file.pool).await;
        row.map_err(|error| self.file.error(error))?.map(|row| self.user_row(&row)).transpose()
    }

    /// Begins a session; its secret is known by its digest.
    ///
    /// # Errors
    /// The database fails.
    pub async fn begin_session(&self, secret: Digest, user: &str, now_us: i64) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO sessions (secret, user, begun_us, seen_us) VALUES ($1, $2, $3, $3)")
            .bind(secret.to_string())
            .bind(user)
            .bind(now_us)
            .execute(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        sqlx::query("DELETE FROM sessions WHERE begun_us < $1")
            .bind(now_us - SESSION_US)
            .execute(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        Ok(())
    }

    /// Who has a session that is neither over nor idle for too long.
    ///
    /// # Errors
    /// The database fails.
    pub async fn session(&self, secret: Digest, now_us: i64) -> Result<Option<User>, StoreError> {
        let row = sqlx::query(
            "SELECT users.*, sessions.seen_us FROM sessions JOIN users ON users.name = sessions.user
             WHERE secret = $1 AND begun_us >= $2 AND seen_us >= $3 AND NOT disabled",
        )
        .bind(secret.to_string())
        .bind(now_us - SESSION_US)
        .bind(now_us - IDLE_US)
        .fetch_optional(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))?;
        let Some(row) = row else { return Ok(None) };
        if self.get::<i64>(&row, "seen_us")? < now_us - SEEN_US {
            sqlx::query("UPDATE sessions SET seen_us = $1 WHERE secret = $2")
                .bind(now_us)
                .bind(secret.to_string())
                .execute(&self.file.pool)
                .await
                .map_err(|error| self.file.error(error))?;
        }
        self.user_row(&row).map(Some)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// The database fails.
    pub async fn end_session(&self, secret: Digest) -> Result<(), StoreError> {
        let done =
            sqlx::query("DELETE FROM sessions WHERE secret = $1").bind(secret.to_string()).execute(&self.file.pool);
        done.await.map(|_| ()).map_err(|error| self.file.error(error))
    }

    /// Ends every session of somebody: their password or their roles changed.
    ///
    /// # Errors
    /// The database fails.
    pub async fn end_sessions_of(&self, user: &str) -> Result<(), StoreError> {
        let done = sqlx::query("DELETE FROM sessions WHERE user = $1").bind(user).execute(&self.file.pool);
        done.await.map(|_| ()).map_err(|error| self.file.error(error))
    }

    fn key_row(&self, row: &SqliteRow) -> Result<Key, StoreError> {
        Ok(Key {
            id: self.get(row, "id")?,
            name: self.get(row, "name")?,
            user: self.get(row, "user")?,
            secret: self.get(row, "secret")?,
            roles: self.words(row)?,
            created_us: self.get(row, "created_us")?,
            expires_us: self.get(row, "expires_us")?,
            used_us: self.get(row, "used_us")?,
        })
    }

    /// Adds a key.
    ///
    /// # Errors
    /// The database fails.
    pub async fn add_key(&self, key: &Key) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO keys (id, name, user, secret, roles, created_us, expires_us) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&key.id)
        .bind(&key.name)
        .bind(&key.user)
        .bind(&key.secret)
        .bind(self.file.json(&key.roles)?)
        .bind(key.created_us)
        .bind(key.expires_us)
        .execute(&self.file.pool)
        .await
        .map(|_| ())
        .map_err(|error| self.file.error(error))
    }

    /// All keys, newest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn keys(&self) -> Result<Vec<Key>, StoreError> {
        let rows = sqlx::query("SELECT * FROM keys ORDER BY created_us DESC, id").fetch_all(&self.file.pool).await;
        rows.map_err(|error| self.file.error(error))?.iter().map(|row| self.key_row(row)).collect()
    }

    /// A key that has not expired, with its user, who may still use the server.
    ///
    /// # Errors
    /// The database fails.
    pub async fn key(&self, id: &str, now_us: i64) -> Result<Option<(Key, User)>, StoreError> {
        let row = sqlx::query("SELECT * FROM keys WHERE id = $1 AND expires_us > $2")
            .bind(id)
            .bind(now_us)
            .fetch_optional(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        let Some(key) = row.map(|row| self.key_row(&row)).transpose()? else { return Ok(None) };
        let user = self.user(&key.user).await?.filter(|user| !user.disabled);
        Ok(user.map(|user| (key, user)))
    }

    /// Writes down that a key was used, once a minute.
    ///
    /// # Errors
    /// The database fails.
    pub async fn used_key(&self, key: &Key, now_us: i64) -> Result<(), StoreError> {
        if key.used_us.is_some_and(|used| used > now_us - SEEN_US) {
            return Ok(());
        }
        let done = sqlx::query("UPDATE keys SET used_us = $1 WHERE id = $2").bind(now_us).bind(&key.id);
        done.execute(&self.file.pool).await.map(|_| ()).map_err(|error| self.file.error(error))
    }

    /// Takes a key away; false when there is none.
    ///
    /// # Errors
    /// The database fails.
    pub async fn remove_key(&self, id: &str) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM keys WHERE id = $1").bind(id).execute(&self.file.pool).await;
        done.map(|done| done.rows_affected() > 0).map_err(|error| self.file.error(error))
    }

    /// Takes note of a request that may be repeated: `None` when it is the first, else what is kept of the first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn begin_request(
        &self,
        user: &str,
        key: &str,
        request: Digest,
        now_us: i64,
    ) -> Result<Option<Kept>, StoreError> {
        sqlx::query("DELETE FROM repeats WHERE at_us < $1")
            .bind(now_us - REPEATS_US)
            .execute(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        let done = sqlx::query(
            "INSERT INTO repeats (user, key, request, at_us) VALUES ($1, $2, $3, $4) ON CONFLICT (user, key) DO NOTHING",
        )
        .bind(user)
        .bind(key)
        .bind(request.to_string())
        .bind(now_us)
        .execute(&self.file.pool)
        .await
        .map_err(|error| self.file.error(error))?;
        if done.rows_affected() > 0 {
            return Ok(None);
        }
        let row = sqlx::query("SELECT request, at_us, status, content, body FROM repeats WHERE user = $1 AND key = $2")
            .bind(user)
            .bind(key)
            .fetch_optional(&self.file.pool)
            .await
            .map_err(|error| self.file.error(error))?;
        // The first has failed between the two statements: this one is the first now.
        let Some(row) = row else { return Box::pin(self.begin_request(user, key, request, now_us)).await };
        let status: Option<i64> = self.get(&row, "status")?;
        let answer = match status {
            Some(status) => {
                let content: Option<String> = self.get(&row, "content")?;
                let body: Option<Vec<u8>> = self.get(&row, "body")?;
                Some((u16::try_from(status).unwrap_or(200), content.unwrap_or_default(), body.unwrap_or_default()))
            }
            None => None,
        };
        Ok(Some(Kept { request: self.get(&row, "request")?, at_us: self.get(&row, "at_us")?, answer }))
    }

    /// Keeps the answer to a request.
    ///
    /// # Errors
    /// The database fails.
    pub async fn end_request(&self, user: &str, key: &str, answer: (u16, &str, &[u8])) -> Result<(), StoreError> {
        sqlx::query("UPDATE repeats SET status = $3, content = $4, body = $5 WHERE user = $1 AND key = $2")
            .bind(user)
            .bind(key)
            .bind(i64::from(answer.0))
            .bind(answer.1)
            .bind(answer.2)
            .execute(&self.file.pool)
            .await
            .map(|_| ())
            .map_err(|error| self.file.error(error))
    }

    /// Forgets a request that failed: it may be tried again.
    ///
    /// # Errors
    /// The database fails.
    pub async fn forget_request(&self, user: &str, key: &str) -> Result<(), StoreError> {
        let done = sqlx::query("DELETE FROM repeats WHERE user = $1 AND key = $2").bind(user).bind(key);
        done.execute(&self.file.pool).await.map(|_| ()).map_err(|error| self.file.error(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: &str) -> User {
        User {
            name: name.into(),
            email: None,
            subject: None,
            password: None,
            roles: BTreeSet::from(["viewer".to_owned()]),
            disabled: false,
            created_us: 0,
        }
    }

    #[tokio::test]
    async fn a_session_ends_when_idle_when_old_and_when_its_user_is_disabled() {
        let folder = tempfile::tempdir().unwrap();
        let accounts = Accounts::open(&Workspace::open(folder.path()).unwrap()).await.unwrap();
        accounts.put_user(&person("ada")).await.unwrap();
        let secret = Digest::of_bytes(b"secret");
        accounts.begin_session(secret, "ada", 0).await.unwrap();
        assert_eq!(accounts.session(secret, IDLE_US - 1).await.unwrap().unwrap().name, "ada");
        assert!(accounts.session(secret, 2 * IDLE_US - 1).await.unwrap().is_some(), "it was used in between");
        assert!(accounts.session(secret, 4 * IDLE_US).await.unwrap().is_none(), "idle");
        assert!(accounts.session(secret, SESSION_US + 1).await.unwrap().is_none(), "old");
        accounts.put_user(&User { disabled: true, ..person("ada") }).await.unwrap();
        assert!(accounts.session(secret, 2).await.unwrap().is_none(), "disabled");
        accounts.put_user(&person("ada")).await.unwrap();
        assert!(accounts.session(secret, 2).await.unwrap().is_none(), "and gone for good");
    }

    #[tokio::test]
    async fn a_key_dies_with_its_time_and_its_user() {
        let folder = tempfile::tempdir().unwrap();
        let accounts = Accounts::open(&Workspace::open(folder.path()).unwrap()).await.unwrap();
        accounts.put_user(&person("ada")).await.unwrap();
        let key = Key {
            id: "k1".into(),
            name: "CI".into(),
            user: "ada".into(),
            secret: "d".into(),
            roles: BTreeSet::new(),
            created_us: 0,
            expires_us: 100,
            used_us: None,
        };
        accounts.add_key(&key).await.unwrap();
        assert!(accounts.key("k1", 99).await.unwrap().is_some());
        assert!(accounts.key("k1", 100).await.unwrap().is_none());
        accounts.put_user(&User { disabled: true, ..person("ada") }).await.unwrap();
        assert!(accounts.key("k1", 99).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_repeated_request_is_known_until_it_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let accounts = Accounts::open(&Workspace::open(folder.path()).unwrap()).await.unwrap();
        let asked = Digest::of_bytes(b"a");
        assert_eq!(accounts.begin_request("ada", "1", asked, 0).await.unwrap(), None);
        let kept = accounts.begin_request("ada", "1", asked, 1).await.unwrap().unwrap();
        assert_eq!((kept.request, kept.answer), (asked.to_string(), None), "still being made");
        accounts.end_request("ada", "1", (201, "application/json", b"{}")).await.unwrap();
        let kept = accounts.begin_request("ada", "1", asked, 2).await.unwrap().unwrap();
        assert_eq!(kept.answer, Some((201, "application/json".to_owned(), b"{}".to_vec())));
        assert_eq!(accounts.begin_request("eve", "1", asked, 2).await.unwrap(), None, "keys are one's own");
        accounts.forget_request("ada", "1").await.unwrap();
        assert_eq!(accounts.begin_request("ada", "1", asked, 3).await.unwrap(), None);
    }

    #[tokio::test]
    async fn who_is_shut_out_has_no_key_left_when_they_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let accounts = Accounts::open(&Workspace::open(folder.path().join(".assay")).unwrap()).await.unwrap();
        accounts.put_user(&person("ada")).await.unwrap();
        let key = Key {
            id: "k".into(),
            name: "ci".into(),
            user: "ada".into(),
            secret: "digest".into(),
            roles: ["viewer".to_owned()].into(),
            created_us: 0,
            expires_us: i64::MAX,
            used_us: None,
        };
        accounts.add_key(&key).await.unwrap();
        assert!(accounts.key("k", 1).await.unwrap().is_some());
        accounts.put_user(&User { disabled: true, ..person("ada") }).await.unwrap();
        accounts.put_user(&person("ada")).await.unwrap();
        assert!(accounts.key("k", 1).await.unwrap().is_none());
    }
}
