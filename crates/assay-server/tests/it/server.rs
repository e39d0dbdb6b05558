//! A server over a workspace of its own.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use assay_evidence::keys::SigningKey;
use assay_home::Home;
use assay_home::audit::AuditLog;
use assay_server::access::Role;
use assay_server::{Options, login, serve};
use assay_store::{Accounts, Key, User, Workspace};
use reqwest::header::{AUTHORIZATION, HOST};
use reqwest::{Client, Method, RequestBuilder, Response};

pub struct Server {
    pub address: SocketAddr,
    pub token: Option<String>,
    pub client: Client,
    pub folder: tempfile::TempDir,
}

impl Server {
    pub async fn start(team: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(Some(folder.path().join(".assay")), folder.path()).await.unwrap();
        let options = Options {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            team,
            hosts: Vec::new(),
            proxied: false,
            oidc: None,
            binary: "assay".into(),
            signer: Some(Arc::new(SigningKey::from_seed([7; 32]))),
        };
        let listening = serve(home, options).await.unwrap();
        let (address, token) = (listening.address, listening.token.clone());
        tokio::spawn(listening.run(std::future::pending()));
        Self { address, token, client: Client::builder().no_proxy().build().unwrap(), folder }
    }

    pub fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    /// Asked by the one person of a local server.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.ask(Method::GET, path).header(AUTHORIZATION, format!("Bearer {}", self.token.as_deref().unwrap()))
    }

    pub async fn as_host(&self, host: &str, path: &str) -> Response {
        self.get(path).header(HOST, host).send().await.unwrap()
    }

    /// The entries of the audit log.
    pub fn audited(&self) -> Vec<String> {
        let mut entries = Vec::new();
        let mut visit = |_: u64, entry: &[u8]| {
            entries.push(String::from_utf8_lossy(entry).into_owned());
            Ok(())
        };
        AuditLog::of(&self.folder.path().join(".assay")).for_each(0, &mut visit).unwrap();
        entries
    }

    pub async fn accounts(&self) -> Accounts {
        Accounts::open(&Workspace::open(self.folder.path().join(".assay")).unwrap()).await.unwrap()
    }

    /// Somebody with roles, and a key of theirs.
    pub async fn person(&self, name: &str, roles: &[Role], password: Option<&str>) -> String {
        let words: BTreeSet<String> = roles.iter().map(|role| login::word(*role)).collect();
        let accounts = self.accounts().await;
        let password = match password {
            Some(password) => Some(login::hashed(password.to_owned()).await.unwrap()),
            None => None,
        };
        let user = User {
            name: name.into(),
            email: None,
            subject: None,
            password,
            roles: words.clone(),
            disabled: false,
            created_us: 0,
        };
        accounts.put_user(&user).await.unwrap();
        let (id, secret) = (login::id(), login::secret());
        let key = Key {
            id: id.clone(),
            name: "test".into(),
            user: name.into(),
            secret: login::digest(&secret).to_string(),
            roles: words,
            created_us: 0,
            expires_us: i64::MAX,
            used_us: None,
        };
        accounts.add_key(&key).await.unwrap();
        format!("{}{id}_{secret}", login::KEY)
    }
}
