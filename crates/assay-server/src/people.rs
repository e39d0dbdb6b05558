//! People and keys, as `assay user` and the API change them.
//!
//! Passwords and keys are given once, here, and kept nowhere but as hashes.

use std::collections::BTreeSet;

use assay_engine::execute::now_us;
use assay_home::{Failure, usage};
use assay_report::plain;
use assay_store::accounts::UserChange;
use assay_store::{Accounts, Key, User};

use crate::access::Role;
use crate::{Problem, login};

/// The fewest characters of a password.
const SHORTEST: usize = 12;
/// The most bytes of a password, a name or an address.
const LONGEST: usize = 200;
/// The most days that a key is good for.
pub const MOST_DAYS: u16 = 366;

/// Roles as the accounts keep them.
pub fn words(roles: &[Role]) -> BTreeSet<String> {
    roles.iter().map(|role| login::word(*role)).collect()
}

/// What somebody is given once.
pub struct Made<T> {
    /// What was made.
    pub made: T,
    /// The password or key, if it was made here.
    pub secret: Option<String>,
}

/// Refuses what cannot be a name.
///
/// # Errors
/// Nothing, control characters, more than 200 bytes.
pub fn check_name(name: &str) -> Result<(), Failure> {
    let fine = !name.trim().is_empty() && name.trim() == name && name.len() <= LONGEST;
    match fine && !name.chars().any(char::is_control) {
        true => Ok(()),
        false => Err(usage("a name has 1 to 200 letters, no control characters, and no space at its ends".into())),
    }
}

/// The password that was said, or one that is made; with its hash.
async fn password(said: Option<String>) -> Result<(String, Option<String>), Failure> {
    let made = said.is_none().then(login::secret);
    let password = said.or_else(|| made.clone()).unwrap_or_default();
    if password.chars().count() < SHORTEST || password.len() > LONGEST {
        return Err(usage(format!("a password has {SHORTEST} to {LONGEST} characters")));
    }
    Ok((login::hashed(password).await?, made))
}

fn no_user(name: &str) -> Failure {
    Problem::not_found(format!("there is no user `{}`", plain(name, 100))).into()
}

/// Lets somebody in; somebody who is there already gets these roles and another password, and logs in anew.
///
/// # Errors
/// A name or a password that cannot be one; the database fails.
pub async fn put(
    accounts: &Accounts,
    name: &str,
    email: Option<String>,
    roles: &[Role],
    said: Option<String>,
) -> Result<Made<User>, Failure> {
    check_name(name)?;
    let (hash, secret) = password(said).await?;
    let before = accounts.user(name).await?;
    let user = User {
        name: name.to_owned(),
        email: email.or(before.as_ref().and_then(|user| user.email.clone())),
        subject: before.as_ref().and_then(|user| user.subject.clone()),
        password: Some(hash),
        roles: words(roles),
        disabled: false,
        created_us: before.as_ref().map_or_else(now_us, |user| user.created_us),
    };
    accounts.put_user(&user).await?;
    // Who has new roles or a new password logs in anew.
    accounts.end_sessions_of(name).await?;
    Ok(Made { made: user, secret })
}

/// Changes somebody's address, roles, or whether they may come in. Their sessions end when the roles change or they may not.
///
/// # Errors
/// 404 without such a user; 409 when nobody would be left to let people in; the database fails.
pub async fn change(accounts: &Accounts, name: &str, change: &UserChange) -> Result<User, Failure> {
    let Some(before) = accounts.user(name).await? else { return Err(no_user(name)) };
    if !accounts.change_user(name, change, &login::word(Role::Admin)).await? {
        return Err(Problem::conflict(format!(
            "`{}` is the last admin: make somebody else one first",
            plain(name, 100)
        ))
        .into());
    }
    let after = accounts.user(name).await?.ok_or_else(|| no_user(name))?;
    if after.roles != before.roles || after.disabled {
        accounts.end_sessions_of(name).await?;
    }
    Ok(after)
}

/// Gives somebody another password; their sessions end.
///
/// # Errors
/// 404 without such a user; a password that cannot be one; the database fails.
pub async fn reset(accounts: &Accounts, name: &str, said: Option<String>) -> Result<Option<String>, Failure> {
    if accounts.user(name).await?.is_none() {
        return Err(no_user(name));
    }
    let (hash, made) = password(said).await?;
    accounts.set_password(name, &hash).await?;
    accounts.end_sessions_of(name).await?;
    Ok(made)
}

/// Makes a key for a program that acts in somebody's name; without roles it is what its user is.
///
/// # Errors
/// 404 without such a user who may come in; more roles than the user has; days out of range; the database fails.
pub async fn make_key(
    accounts: &Accounts,
    user: &str,
    name: &str,
    roles: &[Role],
    days: u16,
) -> Result<Made<Key>, Failure> {
    check_name(name)?;
    let Some(of) = accounts.user(user).await?.filter(|user| !user.disabled) else { return Err(no_user(user)) };
    if !(1..=MOST_DAYS).contains(&days) {
        return Err(usage(format!("a key is good for 1 to {MOST_DAYS} days")));
    }
    let roles = if roles.is_empty() { of.roles.clone() } else { words(roles) };
    if let Some(more) = roles.iter().find(|role| !of.roles.contains(*role)) {
        return Err(usage(format!("{} is no {more}: a key is never more than its user", plain(user, 100))));
    }
    let (id, secret) = (login::id(), login::secret());
    let created_us = now_us();
    let key = Key {
        secret: login::digest(&secret).to_string(),
        name: name.to_owned(),
        user: user.to_owned(),
        roles,
        created_us,
        expires_us: created_us + i64::from(days) * 86_400_000_000,
        used_us: None,
        id,
    };
    accounts.add_key(&key).await?;
    let text = format!("{}{}_{secret}", login::KEY, key.id);
    Ok(Made { made: key, secret: Some(text) })
}
