//! What the OAuth scenarios need: people who have let an app in, made through the verbs themselves.

use std::net::TcpListener;
use std::sync::Arc;

use bloom_domain::connections::Until;
use bloom_domain::credits::Budget;
use bloom_domain::email::Email;
use bloom_domain::passwords::Password;
use bloom_domain::senders::Sender;
use bloom_domain::workspaces::Reach;
use bloom_oauth::client_authentication::ClientCredentials;
use bloom_oauth::pkce::CodeVerifier;
use bloom_service::authorization::{self, Decision, Next, Resumed, Terms};
use bloom_service::sessions::{self, Arriving, Visitor};
use bloom_service::{Service, SignedIn, clients, tokens};

use crate::world::{PASSWORD, World, email};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// How many people have let the app in.
const PEOPLE: usize = 500;
/// Access tokens of each: few enough that no connection meets its limit in a run.
const TOKENS_EACH: usize = 40;
/// As many passwords as are verified at once.
const AT_ONCE: usize = 8;
/// The example of RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// The app's redirect URI, encoded for a query.
pub(crate) const REDIRECT: &str = "https%3A%2F%2Fapp.example%2Fcallback";

/// People who have let an app in.
pub(crate) struct Connected {
    /// Where the server must listen, since it is the issuer of the tokens.
    pub(crate) address: String,
    /// The app.
    pub(crate) client_id: String,
    /// The people.
    pub(crate) people: Vec<Person>,
}

/// A person who has let the app in.
pub(crate) struct Person {
    /// The secret of their session's cookie.
    pub(crate) cookie: String,
    /// Access tokens of one grant.
    pub(crate) access: Vec<String>,
    /// The good refresh token of that grant.
    pub(crate) refresh: String,
}

impl Connected {
    /// Lets the app in.
    pub(crate) fn make(world: &World) -> Result<Self, Box<dyn std::error::Error>> {
        println!("preparing {PEOPLE} people who have let an app in, {TOKENS_EACH} tokens each ...");
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let (client_id, people) = runtime
            .block_on(async {
                let origin = format!("http://localhost:{}", address.port());
                let (store, service) = world.open(&origin).await.map_err(|e| e.to_string())?;
                let service = Arc::new(service);
                let metadata = br#"{"redirect_uris":["https://app.example/callback"]}"#;
                let client =
                    clients::anonymous_register(&service, metadata, &Sender::default()).await;
                let client_id = client.map_err(|error| format!("{error:?}"))?.id.to_string();
                let mut people = Vec::new();
                for chunk in (0..PEOPLE).collect::<Vec<_>>().chunks(AT_ONCE) {
                    let tasks = chunk.iter().map(|&index| {
                        tokio::spawn(let_in(service.clone(), client_id.clone(), index))
                    });
                    for task in tasks.collect::<Vec<_>>() {
                        people.push(task.await??);
                    }
                }
                service.close().await?;
                store.close();
                Ok::<_, Error>((client_id, people))
            })
            .map_err(|error| error.to_string())?;
        Ok(Self { address: address.to_string(), client_id, people })
    }
}

async fn let_in(service: Arc<Service>, client_id: String, index: usize) -> Result<Person, Error> {
    let debug = |error: &dyn std::fmt::Debug| Error::from(format!("{error:?}"));
    let email = Email::parse(&email(index)).map_err(|e| debug(&e))?;
    let password = Password::parse(PASSWORD.to_owned()).map_err(|e| debug(&e))?;
    let sender = &Sender::default();
    let browser = Arriving { cookie: None, sender };
    let cookie = sessions::anonymous_sign_in(&service, email, password, browser).await?;
    let Visitor::SignedIn(person) = sessions::anonymous_visit(&service, &cookie, sender).await?
    else {
        return Err("nobody signed in".into());
    };
    let code = allow(&service, &person, &client_id).await?;
    let verifier = CodeVerifier::parse(VERIFIER).ok_or("a verifier")?;
    let redirect = "https://app.example/callback".to_owned();
    let proofs = (redirect, verifier);
    let client = ClientCredentials::public(client_id);
    let answer = tokens::anonymous_redeem(&service, &client, &code, proofs, sender).await;
    let mut answer = answer.map_err(|e| debug(&e))?;
    let mut access = vec![answer.access_token];
    while access.len() < TOKENS_EACH {
        let refresh = answer.refresh_token.ok_or("no refresh token")?;
        let next = tokens::anonymous_refresh(&service, &client, &refresh, None, sender).await;
        answer = next.map_err(|e| debug(&e))?;
        access.push(answer.access_token);
    }
    let refresh = answer.refresh_token.ok_or("no refresh token")?;
    Ok(Person { cookie: cookie.expose().to_owned(), access, refresh })
}

/// Says yes on the page; gives the code.
async fn allow(service: &Service, person: &SignedIn, client_id: &str) -> Result<String, Error> {
    let refused = |_| Error::from("the request was refused");
    let query = authorize_query(client_id);
    let sender = &Sender::default();
    let next = authorization::anonymous_begin(service, Some(person), &query, sender).await;
    let Next::Ask { sealed } = next.map_err(refused)? else { return Err("not asked".into()) };
    let resumed = authorization::anonymous_resume(service, Some(person), &sealed).await;
    let Resumed::Question(question) = resumed.map_err(refused)? else {
        return Err("no question".into());
    };
    let terms = Terms { reach: Reach::All, budget: Budget::default(), until: Until::AsBefore };
    let yes = Decision::Allow(terms);
    let url = authorization::answer(service, person, &question.sealed, yes).await;
    let url = url.map_err(refused)?;
    let (_, code) = url.split_once("code=").ok_or("no code")?;
    Ok(code.split('&').next().unwrap_or_default().to_owned())
}

/// The app's authorization request.
pub(crate) fn authorize_query(client_id: &str) -> String {
    format!(
        "client_id={client_id}&redirect_uri={REDIRECT}&response_type=code\
         &code_challenge={CHALLENGE}&code_challenge_method=S256&state=xyz"
    )
}
