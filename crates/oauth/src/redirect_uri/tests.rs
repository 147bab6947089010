use proptest::prelude::*;

use super::*;

const KNOWN: &[&str] = &["cursor"];

fn parse(text: &str) -> Result<RedirectUri, RedirectUriError> {
    RedirectUri::parse(text, KNOWN)
}

#[test]
fn what_may_be_registered() {
    for (text, kind) in [
        ("https://app.example/cb", RedirectKind::Site("app.example".into())),
        (
            "https://app.example:8443/cb?x=1&postcode=code",
            RedirectKind::Site("app.example:8443".into()),
        ),
        ("https://app.co.uk/cb", RedirectKind::Site("app.co.uk".into())),
        ("https://ada.github.io/cb", RedirectKind::Site("ada.github.io".into())),
        ("https://203.0.113.5/cb", RedirectKind::Site("203.0.113.5".into())),
        ("http://localhost/cb", RedirectKind::Loopback),
        ("http://127.0.0.1:5000/cb", RedirectKind::Loopback),
        ("http://[::1]:5000/cb", RedirectKind::Loopback),
        ("https://localhost/cb", RedirectKind::Loopback),
        ("https://127.0.0.1:5000/cb", RedirectKind::Loopback),
        ("https://127.0.0.2:8443/cb", RedirectKind::Loopback),
        ("https://0.0.0.0/cb", RedirectKind::Loopback),
        ("https://app.LocalHost:8443/cb", RedirectKind::Loopback),
        ("https://localhost.localdomain/cb", RedirectKind::Loopback),
        ("https://localhost.example/cb", RedirectKind::Site("localhost.example".into())),
        ("com.example.app:/cb", RedirectKind::PrivateUse("com.example.app".into())),
        ("cursor://anysphere.cursor/cb", RedirectKind::PrivateUse("cursor".into())),
    ] {
        assert_eq!(parse(text).map(|uri| uri.kind), Ok(kind), "{text}");
    }
}

#[test]
fn what_may_not() {
    use RedirectUriError::*;
    for (text, error) in [
        ("", Relative),
        ("/cb", Relative),
        ("app.example/cb", Relative),
        ("https:/app.example/cb", Host),
        ("https://", Host),
        ("https:///cb", Host),
        ("https://com/cb", Host),
        ("https://co.uk/cb", Host),
        ("https://github.io/cb", Host),
        ("https://GitHub.io/cb", Host),
        ("https://s3.amazonaws.com/cb", Host),
        ("https://Co.Uk:443/cb", Host),
        ("https://app.example./cb", Host),
        ("https://app..example/cb", Host),
        ("https://-a.example/cb", Host),
        ("https://127.1/cb", Host),
        ("https://0x7f.1/cb", Host),
        ("https://127.0.0x1/cb", Host),
        ("https://127.0.0.0X/cb", Host),
        ("https://1.2.3.256/cb", Host),
        ("https://[2001:db8::1]/cb", Host),
        ("https://app%2eexample/cb", Host),
        ("https://app.example:99999/cb", Port),
        ("https://app.example:/cb", Port),
        ("https://app.example:8x/cb", Port),
        ("https://user@app.example/cb", UserInfo),
        ("https://app.example@evil.example/cb", UserInfo),
        ("com.example.app://user@host/cb", UserInfo),
        ("cursor://user:pass@host?x", UserInfo),
        ("https://a.example/'\"><script>", Character),
        ("https://a.example/{cb}", Character),
        ("https://*.example/cb", Wildcard),
        ("https://app.example/*", Wildcard),
        ("https://app.example/cb#f", Fragment),
        ("https://app.example/c b", Character),
        ("https://app.example/\r\ncb", Character),
        ("https://app.example/\0", Character),
        ("https:\\\\app.example/cb", Character),
        ("https://аpp.example/cb", Character),
        ("http://app.example/cb", PlainHttp),
        ("http://localhost.evil.example/cb", PlainHttp),
        ("http://127.0.0.1.evil.example/cb", PlainHttp),
        ("http://127.0.0.2/cb", PlainHttp),
        ("http://LOCALHOST/cb", Host),
        ("http://localhost./cb", Host),
        ("http://127.1/cb", Host),
        ("http://[::ffff:127.0.0.1]/cb", Host),
        ("HTTPS://app.example/cb", Relative),
        ("javascript:alert(1)", Scheme),
        ("data:text/html,x", Scheme),
        ("file:///etc/passwd", Scheme),
        ("myapp:/cb", Scheme),
        ("com..app:/cb", Scheme),
        ("com.example.app:", Path),
        ("com.example.app:cb", Path),
        ("com.example.app:?x", Path),
        ("java.script:alert(1)", Path),
        ("cursor:cb", Path),
        ("https://app.example/cb?code=1", Parameter),
        ("https://app.example/cb?x&state", Parameter),
        ("http://localhost/cb?iss=", Parameter),
        ("com.example.app:/cb?x=1&error=2", Parameter),
        ("https://app.example/cb?%63ode=1", Parameter),
        ("https://app.example:0443/cb", Port),
        ("http://127.0.0.1:000080/cb", Port),
        ("http://127.0.0.1:0/cb", Port),
        ("http://localhost:0", Port),
        ("https://app.example:0/cb", Port),
    ] {
        assert_eq!(parse(text).err(), Some(error), "{text:?}");
    }
    let long = format!("https://app.example/{}", "a".repeat(2_000));
    assert_eq!(parse(&long).err(), Some(TooLong));
}

#[test]
fn nothing_but_the_same_bytes_matches_a_site() {
    let registered = parse("https://app.example/cb").unwrap();
    assert!(registered.matches("https://app.example/cb"));
    for other in [
        "https://app.example/cb/",
        "https://app.example/cb?",
        "https://app.example/cb?x=1",
        "https://app.example/cb#f",
        "https://app.example:443/cb",
        "https://APP.example/cb",
        "https://app.example/%63b",
        "https://app.example/x/../cb",
        "https://app.example//cb",
        "https://app.example/cb;x",
        "https://app.example/cb%2f..",
        "https://app.example\\cb",
        "https://user@app.example/cb",
        "https://app.example.evil.example/cb",
        "http://app.example/cb",
        " https://app.example/cb",
        "https://app.example/cb\r\n",
        "",
    ] {
        assert!(!registered.matches(other), "{other:?}");
    }
}

#[test]
fn only_the_port_of_a_loopback_address_may_differ() {
    let registered = parse("http://127.0.0.1/cb?x=1").unwrap();
    for same in
        ["http://127.0.0.1/cb?x=1", "http://127.0.0.1:1/cb?x=1", "http://127.0.0.1:65535/cb?x=1"]
    {
        assert!(registered.matches(same), "{same}");
    }
    for other in [
        "http://localhost:1/cb?x=1",
        "http://[::1]:1/cb?x=1",
        "http://127.0.0.1:1/cb",
        "http://127.0.0.1:1/cb?x=1&y",
        "http://127.0.0.1:1/cb/?x=1",
        "http://127.0.0.1:/cb?x=1",
        "http://127.0.0.1:65536/cb?x=1",
        "http://127.0.0.1:0080/cb?x=1",
        "http://127.0.0.1:1@evil.example/cb?x=1",
        "http://127.0.0.1:1.evil.example/cb?x=1",
        "http://127.0.0.1.evil.example:1/cb?x=1",
        "http://127.0.0.1:0x50/cb?x=1",
        "http://127.0.0.1:1\\@evil.example/cb?x=1",
        "https://127.0.0.1:1/cb?x=1",
        "http://127.1:1/cb?x=1",
    ] {
        assert!(!registered.matches(other), "{other}");
    }
    // With a certificate a port is known beforehand.
    let secure = parse("https://localhost:3000/cb").unwrap();
    assert!(secure.matches("https://localhost:3000/cb"));
    for other in ["https://localhost:4000/cb", "https://localhost/cb", "http://localhost:3000/cb"] {
        assert!(!secure.matches(other), "{other}");
    }
    assert_eq!(secure.canonical(), "https://localhost:3000/cb");
    let with_port = parse("http://localhost:3000/cb").unwrap();
    assert!(
        with_port.matches("http://localhost:4000/cb") && with_port.matches("http://localhost/cb")
    );
    assert_eq!(with_port.canonical(), "http://localhost/cb");
}

#[test]
fn a_private_scheme_is_exact() {
    let registered = parse("com.example.app:/cb").unwrap();
    assert!(registered.matches("com.example.app:/cb"));
    assert!(
        !registered.matches("com.example.app://cb") && !registered.matches("com.example.app:/cb/")
    );
}

proptest! {
    /// Whatever is not equal and matches is a loopback address with another port and nothing else.
    #[test]
    fn a_match_is_equality_or_a_port(presented in "(http://(localhost|127.0.0.1|\\[::1\\]|127.1)(:[0-9x]{0,6})?(/cb|/|\\?x)?.{0,6}|.{0,40})") {
        for text in ["http://localhost:3000/cb", "https://app.example/cb"] {
            let registered = parse(text).unwrap();
            if registered.matches(&presented) && presented != text {
                prop_assert_eq!(text, "http://localhost:3000/cb");
                let rest = presented.strip_prefix("http://localhost").unwrap();
                let port = rest.strip_suffix("/cb").unwrap();
                prop_assert!(port.is_empty() || port[1..].parse::<u16>().is_ok());
            }
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,80}") {
        if let Ok(uri) = parse(&text) {
            prop_assert!(uri.matches(&text));
        }
        let _ = parse(&format!("https://{text}"));
        let _ = parse(&format!("http://localhost{text}"));
    }
}
