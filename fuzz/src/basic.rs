//! Who asks, by `Authorization: Basic` or by the body: what is taken is what was sent, in one place.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bloom_oauth::client_authentication::{AuthMethod, ClientCredentials};
use bloom_oauth::parameters::Parameters;
use url::form_urlencoded;

/// A header and a body, on two lines; no header is an empty line.
pub(crate) fn target(bytes: &[u8]) {
    let (header, body) = crate::halves(bytes);
    let Ok(parameters) = Parameters::parse(body) else { return };
    let header = (!header.is_empty()).then_some(header);
    let Ok(credentials) = ClientCredentials::read(&parameters, header) else { return };
    assert!(!credentials.client_id.is_empty(), "a client without a name");
    let secret = credentials.secret.as_ref().map(|(method, secret)| (*method, secret.expose()));
    assert!(secret.is_none_or(|(_, secret)| !secret.is_empty()), "an empty secret is one");
    let method = secret.map_or(AuthMethod::None, |(method, _)| method);
    // It is shown as any other would be. That it is not in there cannot be asked: a secret may be this text.
    let shown = secret.map(|(method, _)| format!("Some(({method:?}, PresentedSecret(..)))"));
    assert_eq!(format!("{:?}", credentials.secret), shown.unwrap_or_else(|| "None".to_owned()));
    for registered in AuthMethod::ALL {
        assert_eq!(credentials.check_method(registered).is_ok(), registered == method);
    }
    match header {
        Some(header) => is_what_the_header_says(header, &credentials.client_id, secret),
        None => {
            assert_ne!(method, AuthMethod::Basic);
            let said = |name| parameters.one(name).ok().flatten();
            assert_eq!(said("client_id"), Some(credentials.client_id.as_str()));
            assert_eq!(said("client_secret"), secret.map(|(_, secret)| secret));
        }
    }
}

/// As another decoder of forms reads it, and as a client would write it again.
fn is_what_the_header_says(header: &[u8], id: &str, secret: Option<(AuthMethod, &str)>) {
    assert_ne!(secret.map(|(method, _)| method), Some(AuthMethod::Post));
    let decoded =
        STANDARD.decode(header[6..].trim_ascii()).ok().and_then(|b| String::from_utf8(b).ok());
    let Some(decoded) = decoded else { panic!("no base64 was taken") };
    let Some((first, second)) = decoded.split_once(':') else { panic!("no colon was wanted") };
    let read = |text: &str| {
        let pair = format!("x={text}");
        let value =
            form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned());
        value.unwrap_or_default()
    };
    assert_eq!(read(first), id, "another decoder sees another client");
    let secret = secret.map_or("", |(_, secret)| secret);
    assert_eq!(read(second), secret, "another decoder sees another secret");
    let write = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let header = format!("Basic {}", STANDARD.encode(format!("{}:{}", write(id), write(secret))));
    let again = ClientCredentials::read(&Parameters::default(), Some(header.as_bytes()));
    let Ok(again) = again else { panic!("what was read is refused when it is written again") };
    assert_eq!(again.client_id, id);
    assert_eq!(again.secret.as_ref().map_or("", |(_, secret)| secret.expose()), secret);
}
