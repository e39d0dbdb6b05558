//! People and the keys of programs: who may come in, and as what.

use assay_home::audit;
use assay_store::accounts::UserChange;
use assay_store::{Key, User};
use axum::http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::{Access, Role};
use crate::app::{App, Mode};
use crate::body::{Data, Done, Once};
use crate::endpoint::{Call, Endpoint, Nothing, change, get};
use crate::{Problem, login, people};

/// The endpoints of this file.
pub fn endpoints() -> Vec<Endpoint> {
    let admin = Access::Administer;
    vec![
        get("/api/v1/users", admin, "users", "Who may use the server", users),
        change(Method::POST, "/api/v1/users", admin, ("addUser", "user add"), "Let somebody in", add_user),
        change(
            Method::PATCH,
            "/api/v1/users/{user}",
            admin,
            ("changeUser", "user change"),
            "Change somebody's address or roles, or shut them out",
            change_user,
        ),
        change(
            Method::POST,
            "/api/v1/users/{user}/password",
            admin,
            ("resetPassword", "user password"),
            "Give somebody another password",
            reset_password,
        ),
        get("/api/v1/keys", admin, "keys", "Keys of programs, newest first", keys),
        change(Method::POST, "/api/v1/keys", admin, ("addKey", "user key"), "Make a key, told once", add_key),
        change(
            Method::DELETE,
            "/api/v1/keys/{key}",
            admin,
            ("revokeKey", "user revoke"),
            "Take a key away",
            revoke_key,
        ),
    ]
}

/// Somebody who may use the server.
#[derive(Serialize, JsonSchema)]
pub struct UserItem {
    /// The name that their actions are recorded under.
    name: String,
    email: Option<String>,
    roles: Vec<Role>,
    /// May not come in any more.
    disabled: bool,
    created_us: i64,
    /// Whether they have a password here.
    password: bool,
    /// Whether an identity provider vouches for them.
    provider: bool,
}

impl From<User> for UserItem {
    fn from(user: User) -> Self {
        Self {
            roles: login::roles(&user.roles),
            password: user.password.is_some(),
            provider: user.subject.is_some(),
            name: user.name,
            email: user.email,
            disabled: user.disabled,
            created_us: user.created_us,
        }
    }
}

/// A key of a program.
#[derive(Serialize, JsonSchema)]
pub struct KeyItem {
    /// Names the key; no secret.
    id: String,
    /// What it is for.
    name: String,
    /// In whose name it acts.
    user: String,
    /// What it may be: never more than its user is.
    roles: Vec<Role>,
    created_us: i64,
    expires_us: i64,
    /// When it was last used, within a minute.
    used_us: Option<i64>,
}

impl From<Key> for KeyItem {
    fn from(key: Key) -> Self {
        Self {
            roles: login::roles(&key.roles),
            id: key.id,
            name: key.name,
            user: key.user,
            created_us: key.created_us,
            expires_us: key.expires_us,
            used_us: key.used_us,
        }
    }
}

/// Accounts are a team's.
fn team(app: &App) -> Result<(), Problem> {
    match app.mode {
        Mode::Team => Ok(()),
        Mode::Local { .. } => Err(Problem::conflict(
            "there are no accounts in local mode: the one person here has every role; `assay serve --team` has accounts",
        )),
    }
}

async fn users(call: Call) -> Result<Data<Vec<UserItem>>, Problem> {
    team(&call.app)?;
    Ok(Data(call.app.accounts.users().await?.into_iter().map(UserItem::from).collect()))
}

/// Somebody new.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserBody {
    name: String,
    email: Option<String>,
    /// At least one.
    roles: Vec<Role>,
    /// Their password; without it one is made.
    password: Option<String>,
}

/// Somebody new, and how they get in.
#[derive(Serialize, JsonSchema)]
pub struct UserMade {
    user: UserItem,
    /// The password that was made, told once; `null` when one was given.
    password: Option<String>,
}

/// An admin lets people in, and decides on no release: not by giving themselves the role either.
fn not_for_oneself(call_by: &str, user: &str, roles: &[Role], before: &[Role]) -> Result<(), Problem> {
    match call_by == user && roles.contains(&Role::Approver) && !before.contains(&Role::Approver) {
        true => Err(Problem::forbidden("nobody makes themselves an approver: another admin can")),
        false => Ok(()),
    }
}

fn note_roles(roles: &[Role]) {
    audit::note("roles", people::words(roles).into_iter().collect::<Vec<_>>().join(" "));
}

fn some_role(roles: &[Role]) -> Result<(), Problem> {
    match roles.is_empty() {
        true => Err(Problem::usage("`roles` names at least one role: whoever has none is shut out by `disabled`")),
        false => Ok(()),
    }
}

async fn add_user(call: Call<Nothing, Data<UserBody>>) -> Result<Once<UserMade>, Problem> {
    team(&call.app)?;
    let body = call.body.0;
    audit::note("user", &body.name);
    note_roles(&body.roles);
    some_role(&body.roles)?;
    if call.app.accounts.user(&body.name).await?.is_some() {
        return Err(Problem::conflict("there is somebody of that name already"));
    }
    let email = address(body.email)?.filter(|email| !email.is_empty());
    let made = people::put(&call.app.accounts, &body.name, email, &body.roles, body.password).await?;
    Ok(Once(UserMade { user: made.made.into(), password: made.secret }))
}

/// An address is not checked further than that it can be shown.
fn address(email: Option<String>) -> Result<Option<String>, Problem> {
    let email = email.map(|email| email.trim().to_owned());
    match email.as_ref().is_some_and(|email| email.len() > 200 || email.chars().any(char::is_control)) {
        true => Err(Problem::usage("an address has at most 200 characters, none of them control characters")),
        false => Ok(email),
    }
}

/// What changes of somebody; what is not named stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChangeBody {
    /// Another address; an empty one takes it away.
    email: Option<String>,
    /// Other roles: all that they have from then on.
    roles: Option<Vec<Role>>,
    /// Whether they are shut out.
    disabled: Option<bool>,
}

async fn change_user(call: Call<Nothing, Data<UserChangeBody>>) -> Result<Data<UserItem>, Problem> {
    team(&call.app)?;
    let name = call.part("user");
    let body = &call.body.0;
    if let Some(roles) = &body.roles {
        note_roles(roles);
        some_role(roles)?;
        let before = call.app.accounts.user(name).await?;
        let before = before.map(|user| login::roles(&user.roles)).unwrap_or_default();
        not_for_oneself(&call.who.name, name, roles, &before)?;
    }
    if let Some(disabled) = body.disabled {
        audit::note("disabled", disabled.to_string());
    }
    let wanted = UserChange {
        email: address(body.email.clone())?,
        roles: body.roles.as_deref().map(people::words),
        disabled: body.disabled,
    };
    Ok(Data(people::change(&call.app.accounts, name, &wanted).await?.into()))
}

/// Another password.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordBody {
    /// Without it one is made.
    password: Option<String>,
}

/// The password that was made.
#[derive(Serialize, JsonSchema)]
pub struct PasswordMade {
    /// Told once; `null` when one was given.
    password: Option<String>,
}

async fn reset_password(call: Call<Nothing, Data<PasswordBody>>) -> Result<Once<PasswordMade>, Problem> {
    team(&call.app)?;
    let name = call.part("user").to_owned();
    let password = people::reset(&call.app.accounts, &name, call.body.0.password).await?;
    Ok(Once(PasswordMade { password }))
}

async fn keys(call: Call) -> Result<Data<Vec<KeyItem>>, Problem> {
    team(&call.app)?;
    Ok(Data(call.app.accounts.keys().await?.into_iter().map(KeyItem::from).collect()))
}

/// A key that is wanted.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyBody {
    /// In whose name it acts.
    user: String,
    /// What it is for.
    name: String,
    /// What it may be; by default what its user is, without `approver` where somebody else makes it.
    #[serde(default)]
    roles: Vec<Role>,
    /// Days until it expires: 90 by default, at most 366.
    days: Option<u16>,
}

/// A key, told once.
#[derive(Serialize, JsonSchema)]
pub struct KeyMade {
    item: KeyItem,
    /// What is sent as `Authorization: Bearer …`.
    key: String,
}

async fn add_key(call: Call<Nothing, Data<KeyBody>>) -> Result<Once<KeyMade>, Problem> {
    team(&call.app)?;
    let body = call.body.0;
    audit::note("user", &body.user);
    audit::note("key", &body.name);
    let mut roles = body.roles;
    if body.user != call.who.name {
        // With a key of an approver an admin would decide in their name.
        if roles.contains(&Role::Approver) {
            return Err(Problem::forbidden("a key that decides on releases is made by nobody but its user"));
        }
        if roles.is_empty() {
            let user = call.app.accounts.user(&body.user).await?;
            let Some(user) = user else { return Err(Problem::not_found("there is no user of that name")) };
            roles = login::roles(&user.roles);
            roles.retain(|role| *role != Role::Approver);
            if roles.is_empty() {
                return Err(Problem::usage("nothing is left of its user's roles without `approver`"));
            }
        }
    }
    let made = people::make_key(&call.app.accounts, &body.user, &body.name, &roles, body.days.unwrap_or(90)).await?;
    audit::note("id", &made.made.id);
    Ok(Once(KeyMade { item: made.made.into(), key: made.secret.unwrap_or_default() }))
}

async fn revoke_key(call: Call<Nothing, ()>) -> Result<Done, Problem> {
    team(&call.app)?;
    match call.app.accounts.remove_key(call.part("key")).await? {
        true => Ok(Done),
        false => Err(Problem::not_found("there is no key of that id")),
    }
}
