//! Login by an identity provider: OpenID Connect Core 1.0, the authorization code flow with PKCE (RFC 7636).
//!
//! The identity token comes from the provider itself over TLS, which stands in for its signature (Core, 3.1.3.7, item 6):
//! an issuer without TLS is taken on this machine's own addresses only.

use std::time::Duration;

use assay_core::Digest;
use assay_engine::execute::now_us;
use assay_home::audit::{self, Action};
use assay_home::{Failure, exit, usage};
use assay_report::plain;
use assay_store::User;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use data_encoding::BASE64URL_NOPAD;
use reqwest::Url;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use crate::access::Role;
use crate::app::App;
use crate::{Problem, login};

/// Where the provider sends people back to.
pub const CALLBACK: &str = "/api/v1/session/oidc/callback";
/// How long somebody may take at the provider's.
const MINUTES: u32 = 10;
/// How far clocks may be apart, in seconds.
const SKEW: i64 = 120;

/// How a provider is reached.
#[derive(Clone, Debug)]
pub struct Options {
    /// The issuer's address.
    pub issuer: String,
    /// What the provider calls this server.
    pub client: String,
    /// What this server proves itself by, if it is no public client.
    pub secret: Option<String>,
    /// Where browsers reach this server.
    pub public: String,
    /// What somebody becomes who has no account yet; nobody new is let in otherwise.
    pub newcomers: Option<Role>,
}

/// A provider that vouches for people.
pub struct Provider {
    options: Options,
    http: reqwest::Client,
    found: OnceCell<Metadata>,
}

/// What a provider says of itself (OpenID Connect Discovery 1.0).
#[derive(Debug, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

/// One name or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// What the provider vouches for.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    nonce: Option<String>,
    email: Option<String>,
    #[serde(default)]
    email_verified: bool,
}

/// What a login is begun with, until the browser comes back.
struct Begun {
    state: String,
    nonce: String,
    verifier: String,
}

impl Provider {
    /// A provider; it is asked about itself when the first person logs in.
    ///
    /// # Errors
    /// An address that is none, or has no TLS.
    pub fn new(options: Options) -> Result<Self, Failure> {
        for address in [&options.issuer, &options.public] {
            safe(address).map_err(usage)?;
        }
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { options, http, found: OnceCell::new() })
    }

    async fn metadata(&self) -> Result<&Metadata, Problem> {
        let find = async || {
            let address = format!("{}/.well-known/openid-configuration", self.options.issuer.trim_end_matches('/'));
            let found: Metadata = self.json(self.http.get(address)).await?;
            if found.issuer.trim_end_matches('/') != self.options.issuer.trim_end_matches('/') {
                return Err(unavailable(format!("the provider calls itself `{}`", plain(&found.issuer, 200))));
            }
            for address in [&found.authorization_endpoint, &found.token_endpoint] {
                safe(address).map_err(unavailable)?;
            }
            Ok(found)
        };
        self.found.get_or_try_init(find).await
    }

    async fn json<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> Result<T, Problem> {
        let answer = request.send().await.map_err(unavailable)?;
        if !answer.status().is_success() {
            return Err(unavailable(format!("it answers {}", answer.status())));
        }
        answer.json().await.map_err(unavailable)
    }

    fn callback(&self) -> String {
        format!("{}{CALLBACK}", self.options.public.trim_end_matches('/'))
    }

    /// Where the browser is sent to, and the cookie that it comes back with.
    ///
    /// # Errors
    /// The provider cannot be reached.
    pub async fn begin(&self, app: &App) -> Result<HeaderMap, Problem> {
        let begun = Begun { state: login::secret(), nonce: login::secret(), verifier: login::secret() };
        let mut to = Url::parse(&self.metadata().await?.authorization_endpoint).map_err(unavailable)?;
        let challenge = BASE64URL_NOPAD.encode(Digest::of_bytes(begun.verifier.as_bytes()).as_bytes());
        to.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.options.client)
            .append_pair("redirect_uri", &self.callback())
            .append_pair("scope", "openid email profile")
            .append_pair("state", &begun.state)
            .append_pair("nonce", &begun.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        let kept = format!("{}.{}.{}", begun.state, begun.nonce, begun.verifier);
        let mut headers = HeaderMap::new();
        headers.insert(header::LOCATION, HeaderValue::from_str(to.as_str()).map_err(Problem::internal)?);
        headers.insert(header::SET_COOKIE, self.cookie(app, &kept, MINUTES * 60)?);
        Ok(headers)
    }

    /// The cookie of a login on its way. `Lax`: it must come along when the provider sends the browser back.
    pub fn cookie(&self, app: &App, value: &str, seconds: u32) -> Result<HeaderValue, Problem> {
        let secure = if self.options.public.starts_with("https:") { "; Secure" } else { "" };
        let name = cookie_name(app);
        let text = format!("{name}={value}; Path={CALLBACK}; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
        HeaderValue::from_str(&text).map_err(Problem::internal)
    }

    /// Who came back from the provider.
    ///
    /// # Errors
    /// The login was begun elsewhere or too long ago, the provider does not vouch, or nobody here is that person.
    pub async fn finish(&self, app: &App, headers: &HeaderMap, code: &str, state: &str) -> Result<User, Problem> {
        let kept = login::cookie(headers, &cookie_name(app)).unwrap_or_default();
        let mut parts = kept.split('.').map(str::to_owned);
        let (Some(of), Some(nonce), Some(verifier), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Problem::forbidden("the login was begun elsewhere, or too long ago: begin it again"));
        };
        let begun = Begun { state: of, nonce, verifier };
        // Compared by digests: how long it takes tells nothing.
        if login::digest(&begun.state) != login::digest(state) {
            return Err(Problem::forbidden("the login was begun elsewhere: begin it again"));
        }
        let metadata = self.metadata().await?;
        let mut form = Url::parse("http://form.invalid/").map_err(Problem::internal)?;
        form.query_pairs_mut()
            .append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &self.callback())
            .append_pair("code_verifier", &begun.verifier);
        let methods = &metadata.token_endpoint_auth_methods_supported;
        let in_form = !methods.is_empty() && !methods.iter().any(|method| method == "client_secret_basic");
        let mut request = self.http.post(&metadata.token_endpoint);
        match &self.options.secret {
            Some(secret) if !in_form => {
                request = request.basic_auth(escaped(&self.options.client), Some(escaped(secret)))
            }
            secret => {
                form.query_pairs_mut().append_pair("client_id", &self.options.client);
                if let Some(secret) = secret {
                    form.query_pairs_mut().append_pair("client_secret", secret);
                }
            }
        }
        let body = form.query().unwrap_or_default().to_owned();
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
        let tokens: Tokens = self.json(request).await?;
        let claims = claims(&tokens.id_token).ok_or_else(|| unavailable("its identity token cannot be read"))?;
        self.check(&claims, &begun.nonce).map_err(|why| {
            tracing::warn!(why, "an identity token was refused");
            Problem::forbidden(format!("the provider's word does not hold: {why}"))
        })?;
        self.somebody(app, claims).await
    }

    fn check(&self, claims: &Claims, nonce: &str) -> Result<(), &'static str> {
        let own = &self.options.client;
        let audience = match &claims.aud {
            Audience::One(name) => std::slice::from_ref(name),
            Audience::Several(names) => names,
        };
        if claims.iss.trim_end_matches('/') != self.options.issuer.trim_end_matches('/') {
            Err("it is another issuer's")
        } else if !audience.contains(own) || claims.azp.as_ref().is_some_and(|azp| azp != own) {
            Err("it is meant for somebody else")
        } else if audience.len() > 1 && claims.azp.is_none() {
            Err("it is meant for several, and does not say for whom it was made")
        } else if claims.exp < now_us() / 1_000_000 - SKEW {
            Err("it has expired")
        } else if claims.nonce.as_deref() != Some(nonce) {
            Err("it belongs to another login")
        } else if claims.sub.is_empty() || claims.sub.len() > 255 {
            Err("it names nobody")
        } else {
            Ok(())
        }
    }

    /// Who that is here: by what the provider calls them, else by the address that it has verified.
    async fn somebody(&self, app: &App, claims: Claims) -> Result<User, Problem> {
        let subject = format!("{} {}", self.options.issuer.trim_end_matches('/'), claims.sub);
        if let Some(user) = app.accounts.user_by_subject(&subject).await? {
            return allowed(user);
        }
        let Some(email) = claims.email.filter(|_| claims.email_verified) else {
            return Err(Problem::forbidden(
                "the provider vouches for no address, and nobody here has its name for you",
            ));
        };
        let same = |user: &User| user.email.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(&email));
        let users = app.accounts.users().await?;
        let mut known = users.into_iter().filter(|user| user.subject.is_none() && same(user));
        let user = match (known.next(), known.next(), self.options.newcomers) {
            (Some(user), None, _) => allowed(User { subject: Some(subject), ..user })?,
            (None, _, Some(role)) if app.accounts.user(&email).await?.is_none() => User {
                name: email.clone(),
                email: Some(email),
                subject: Some(subject),
                password: None,
                roles: [login::word(role)].into(),
                disabled: false,
                created_us: now_us(),
            },
            _ => {
                let email = plain(&email, 100);
                return Err(Problem::forbidden(format!(
                    "nobody here has the address {email}: an admin can add you with `assay user add NAME --email {email}`"
                )));
            }
        };
        let roles = user.roles.iter().cloned().collect::<Vec<_>>().join(" ");
        let action = Action::new("user add").on("user", &user.name).on("roles", roles).by_user(&user.name);
        let root = app.home().workspace.root().to_owned();
        audit::recorded(Some(action), Some(root), async {
            app.accounts.put_user(&user).await?;
            Ok(exit::PASS)
        })
        .await?;
        Ok(user)
    }
}

fn allowed(user: User) -> Result<User, Problem> {
    match user.disabled {
        true => Err(Problem::forbidden("this account is disabled: an admin can enable it")),
        false => Ok(user),
    }
}

fn cookie_name(app: &App) -> String {
    format!("{}_login", app.cookie)
}

fn claims(token: &str) -> Option<Claims> {
    let payload = token.split('.').nth(1)?;
    serde_json::from_slice(&BASE64URL_NOPAD.decode(payload.trim_end_matches('=').as_bytes()).ok()?).ok()
}

/// As names and secrets are written in basic authentication (RFC 6749, 2.3.1).
fn escaped(text: &str) -> String {
    let mut url = match Url::parse("http://form.invalid/") {
        Ok(url) => url,
        Err(_) => return text.to_owned(),
    };
    url.query_pairs_mut().append_pair("", text);
    url.query().unwrap_or_default().trim_start_matches('=').to_owned()
}

/// Whether an address has TLS, or is this machine's own.
fn safe(address: &str) -> Result<(), String> {
    let url = Url::parse(address).map_err(|error| format!("`{}` is no address: {error}", plain(address, 200)))?;
    let own = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    match (url.scheme(), own) {
        ("https", _) | ("http", true) => Ok(()),
        _ => Err(format!("`{}` must begin with https://", plain(address, 200))),
    }
}

fn unavailable(error: impl std::fmt::Display) -> Problem {
    tracing::error!(%error, "the identity provider cannot be used");
    Problem::new(StatusCode::BAD_GATEWAY, "the identity provider cannot be used now: the server's log says why")
}
