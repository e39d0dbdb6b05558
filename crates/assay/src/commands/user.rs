//! `assay user`: who may use the server, and the keys of programs.

use std::io::Read;
use std::path::{Path, PathBuf};

use assay_home::audit::Action;
use assay_home::{Home, usage};
use assay_report::{numbers, plain, terminal};
use assay_server::access::Role;
use assay_server::people::{self, Made};
use assay_server::{Problem, login};
use assay_store::{Accounts, User};
use clap::{Args, Subcommand};
use serde_json::json;

use super::{Failure, say};
use crate::exit;

/// People and keys of the server (`assay serve --team`).
#[derive(Args)]
pub struct UserCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Let somebody in, or give them other roles or another password
    Add {
        /// The name that their actions are recorded under.
        name: String,
        /// What they are: viewer, rater, engineer, approver, auditor, admin.
        #[arg(long = "role", required = true, value_parser = role)]
        roles: Vec<Role>,
        /// An address.
        #[arg(long)]
        email: Option<String>,
        /// Read the password from the standard input; without it one is made and printed once.
        #[arg(long)]
        password_stdin: bool,
    },
    /// List people
    List {
        /// Print JSON lines.
        #[arg(long)]
        json: bool,
    },
    /// Shut somebody out: their sessions and keys end at once
    Disable {
        /// Who.
        name: String,
    },
    /// Make a key for a program, printed once
    Key {
        /// In whose name it acts.
        user: String,
        /// What it is for.
        name: String,
        /// What it may be; all that its user is by default, and never more.
        #[arg(long = "role", value_parser = role)]
        roles: Vec<Role>,
        /// Days until it expires.
        #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=366))]
        days: u16,
    },
    /// List keys
    Keys {
        /// Print JSON lines.
        #[arg(long)]
        json: bool,
    },
    /// Take a key away
    Revoke {
        /// The key's id.
        id: String,
    },
}

/// A role by its word.
pub fn role(word: &str) -> Result<Role, String> {
    let known = || Role::ALL.map(login::word).join(", ");
    serde_json::from_value(json!(word)).map_err(|_| format!("a role is one of {}", known()))
}

/// What the server says to its clients, said to somebody at a terminal.
fn told(error: Failure) -> Failure {
    match error.downcast::<Problem>() {
        Ok(problem) => usage(problem.detail),
        Err(error) => error,
    }
}

impl UserCommand {
    /// What the command changes.
    pub fn mutates(&self) -> Option<Action> {
        match &self.what {
            What::Add { name, roles, .. } => {
                let roles = people::words(roles).into_iter().collect::<Vec<_>>().join(" ");
                Some(Action::new("user add").on("user", name).on("roles", roles))
            }
            What::Disable { name } => Some(Action::new("user disable").on("user", name)),
            What::Key { user, name, .. } => Some(Action::new("user key").on("user", user).on("key", name)),
            What::Revoke { id } => Some(Action::new("user revoke").on("key", id)),
            What::List { .. } | What::Keys { .. } => None,
        }
    }

    pub async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        let home = Home::open(workspace, Path::new(".")).await?;
        let accounts = Accounts::open(&home.workspace).await?;
        match self.what {
            What::Add { name, roles, email, password_stdin } => {
                let said = match password_stdin {
                    true => {
                        let mut text = String::new();
                        std::io::stdin().take(4_096).read_to_string(&mut text)?;
                        Some(text.trim_end_matches(['\r', '\n']).to_owned())
                    }
                    false => None,
                };
                let Made { made: user, secret } =
                    people::put(&accounts, &name, email, &roles, said).await.map_err(told)?;
                let roles = user.roles.iter().cloned().collect::<Vec<_>>().join(", ");
                say(&format!("{} may use the server as {roles}", plain(&user.name, 100)));
                if let Some(made) = secret {
                    say(&format!("password (shown once): {made}"));
                }
            }
            What::List { json } => list(&accounts, json).await?,
            What::Disable { name } => {
                let Some(user) = accounts.user(&name).await? else {
                    return Err(usage(format!("there is no user `{}`", plain(&name, 100))));
                };
                accounts.put_user(&User { disabled: true, ..user }).await?;
                say(&format!("{} may not use the server any more", plain(&name, 100)));
            }
            What::Key { user, name, roles, days } => {
                let Made { made: key, secret } =
                    people::make_key(&accounts, &user, &name, &roles, days).await.map_err(told)?;
                say(&secret.unwrap_or_default());
                eprintln!("the key is shown once; it expires on {}", numbers::time(key.expires_us));
            }
            What::Keys { json } => keys(&accounts, json).await?,
            What::Revoke { id } => match accounts.remove_key(&id).await? {
                true => say(&format!("the key {} opens nothing any more", plain(&id, 40))),
                false => {
                    return Err(usage(format!("there is no key `{}`: `assay user keys` lists them", plain(&id, 40))));
                }
            },
        }
        Ok(exit::PASS)
    }
}

async fn list(accounts: &Accounts, json: bool) -> Result<(), Failure> {
    let users = accounts.users().await?;
    if json {
        for user in &users {
            say(&serde_json::to_string(user)?);
        }
        return Ok(());
    }
    if users.is_empty() {
        say("nobody has an account yet: `assay user add NAME --role admin`");
        return Ok(());
    }
    let cells = users.into_iter().map(|user| {
        vec![
            plain(&user.name, 80),
            user.roles.into_iter().collect::<Vec<_>>().join(", "),
            plain(&user.email.unwrap_or_default(), 80),
            if user.disabled { "disabled".to_owned() } else { String::new() },
        ]
    });
    say(&terminal::table(&["user", "roles", "address", ""], cells.collect(), &[]));
    Ok(())
}

async fn keys(accounts: &Accounts, json: bool) -> Result<(), Failure> {
    let keys = accounts.keys().await?;
    if json {
        for key in &keys {
            say(&serde_json::to_string(key)?);
        }
        return Ok(());
    }
    if keys.is_empty() {
        say("there are no keys: `assay user key USER NAME` makes one");
        return Ok(());
    }
    let cells = keys.into_iter().map(|key| {
        vec![
            key.id,
            plain(&key.name, 80),
            plain(&key.user, 80),
            key.roles.into_iter().collect::<Vec<_>>().join(", "),
            numbers::time(key.expires_us),
            key.used_us.map_or_else(|| "never".to_owned(), numbers::time),
        ]
    });
    say(&terminal::table(&["key", "for", "user", "roles", "expires", "used"], cells.collect(), &[]));
    Ok(())
}
