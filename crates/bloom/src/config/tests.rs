use bloom_domain::images::Model;

use super::*;

fn from_file(text: &str) -> Result<Config, String> {
    let mut config = Config::default();
    config.add_file(text, "bloom.toml").map_err(|failure| failure.to_string())?;
    Ok(config)
}

fn from_environment(pairs: &[(&str, &str)]) -> Result<Config, String> {
    let mut config = Config::default();
    let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), Some((*value).to_owned())));
    config.add_environment(pairs).map_err(|failure| failure.to_string())?;
    Ok(config)
}

fn loopback() -> SocketAddr {
    "127.0.0.1:4600".parse().unwrap()
}

#[test]
fn the_later_source_wins() {
    let mut config = from_file("[server]\nlisten = \"127.0.0.1:1\"\ndrain_seconds = 3").unwrap();
    assert_eq!(config.listen().unwrap().port(), 1);
    let variable = ("BLOOM_SERVER_LISTEN".to_owned(), Some("127.0.0.1:2".to_owned()));
    config.add_environment(std::iter::once(variable)).unwrap();
    assert_eq!(config.listen().unwrap().port(), 2);
    config.set_flag("server", "listen", Some("127.0.0.1:3".into()));
    config.set_flag("server", "listen", None);
    assert_eq!(config.listen().unwrap().port(), 3);
    config.set_default("server", "listen", "127.0.0.1:4");
    assert_eq!(config.listen().unwrap().port(), 3);
    config.set_flag("server", "listen", Some("localhost:5".into()));
    assert_eq!(config.listen().unwrap(), "127.0.0.1:5".parse().unwrap());
    assert_eq!(config.drain().unwrap(), Duration::from_secs(3));
}

#[test]
fn unknown_names_are_refused_by_name() {
    let refused = [
        (from_file("[serve]\nlisten = \"x\""), "bloom.toml: there is no section \"serve\""),
        (
            from_file("[server]\nlissten = \"x\""),
            "bloom.toml: the section server has no key \"lissten\"",
        ),
        (from_file("listen = \"x\""), "bloom.toml: listen stands outside a section"),
        (
            from_file("[limits]\nenabled = \"no\""),
            "bloom.toml: limits.enabled must be true or false",
        ),
        (from_file("[server"), "bloom.toml: "),
        (
            from_environment(&[("BLOOM_URL", "x")]),
            "the variable BLOOM_URL: there is no section \"url\"",
        ),
        (
            from_environment(&[("BLOOM_SERVER_PUBLICURL", "x")]),
            "the variable BLOOM_SERVER_PUBLICURL: the section server has no key \"publicurl\"",
        ),
        (
            from_environment(&[("BLOOM_LIMITS_ENABLED", "off")]),
            "the variable BLOOM_LIMITS_ENABLED must be true or false",
        ),
    ];
    for (config, beginning) in refused {
        let line = config.expect_err(beginning);
        assert!(line.starts_with(beginning), "{line}");
        assert!(!line.contains('\n'), "{line}");
    }
    let others = [("PATH", "/bin"), ("NOT_BLOOM_X", "y"), ("BLOOM_API_KEY", "bloom_sk_x")];
    assert!(from_environment(&others).is_ok());
}

#[test]
fn limits_are_on_until_they_are_turned_off() {
    let site = Site::new("http://localhost:4600", 0).unwrap();
    let on = Config::default().verbs(&site, loopback()).unwrap();
    assert_eq!(on.rate_limits, RateLimits::STANDARD);
    assert_eq!(on.attempts, AttemptLimits::STANDARD);
    let off = from_environment(&[("BLOOM_LIMITS_ENABLED", "false")])
        .unwrap()
        .verbs(&site, loopback())
        .unwrap();
    assert_eq!(off.rate_limits, RateLimits::OFF);
    assert_eq!(off.attempts, AttemptLimits::OFF);
}

#[test]
fn each_limit_has_its_number_and_zero_turns_it_off() {
    let site = Site::new("http://localhost:4600", 0).unwrap();
    let limits = |text: &str| {
        let verbs = from_file(&format!("[limits]\n{text}"))?.verbs(&site, loopback());
        verbs.map(|settings| settings.attempts).map_err(|failure| failure.to_string())
    };
    let all = "failures = 1\npasswords = 2\ndelay_seconds = 3\nsign_ups = 4\nregistrations = 5\n\
               reports = 6\nmails = 7\naddress_passwords = 8";
    let each = AttemptLimits::new(1, 2, 3, 4, 5, 6).with_mails(7).with_address_passwords(8);
    assert_eq!(limits(all), Ok(each));
    assert_eq!(limits("address_passwords = 0").unwrap().address_passwords, None);
    assert_eq!(limits("mails = 0").unwrap().mails, None);
    assert_eq!(limits("passwords = 0").unwrap().passwords, None);
    let more = AttemptLimits::new(1_000, 10, 2, 10, 30, 10).with_mails(5);
    let more = more.with_address_passwords(100);
    assert_eq!(limits("failures = 1000"), Ok(more));
    let refused = limits("failures = 1001").unwrap_err();
    assert_eq!(refused, "limits.failures is 1001; it must be 0 to 1000");
    assert!(limits("delay_seconds = 11").is_err() && limits("sign_ups = -1").is_err());
    let rates = |text: &str| {
        let verbs = from_file(&format!("[limits]\n{text}"))?.verbs(&site, loopback());
        verbs.map(|settings| settings.rate_limits).map_err(|failure| failure.to_string())
    };
    assert_eq!(rates("api_key_requests = 10000"), Ok(RateLimits::new(10_000, 120)));
    assert_eq!(rates("connection_requests = 0"), Ok(RateLimits::new(120, 0)));
    assert_eq!(rates("connection_requests = 7\nenabled = false"), Ok(RateLimits::OFF));
    let refused = rates("api_key_requests = 10001").unwrap_err();
    assert_eq!(refused, "limits.api_key_requests is 10001; it must be 0 to 10000");
}

#[test]
fn a_used_refresh_token_is_answered_for_ten_minutes_at_most() {
    let site = Site::new("http://localhost:4600", 0).unwrap();
    let window = |text: &str| {
        let verbs = from_file(&format!("[oauth]\n{text}"))?.verbs(&site, loopback());
        verbs
            .map(|settings| settings.refresh_replay_window.as_secs())
            .map_err(|failure| failure.to_string())
    };
    for (text, seconds) in
        [("", 60), ("replay_window_seconds = 0", 0), ("replay_window_seconds = 600", 600)]
    {
        assert_eq!(window(text), Ok(seconds), "{text}");
    }
    let refused = window("replay_window_seconds = 601").unwrap_err();
    assert_eq!(refused, "oauth.replay_window_seconds is 601; it must be 0 to 600");
    for wrong in ["-1", "1.5", "\"60\"", "4294967296"] {
        assert!(window(&format!("replay_window_seconds = {wrong}")).is_err(), "{wrong}");
    }
}

#[test]
fn sign_up_is_open_only_where_nobody_else_can_reach_it() {
    let policy = |config: &Config, url: &str| {
        let verbs = config.verbs(&Site::new(url, 0).unwrap(), loopback());
        verbs.map(|settings| settings.sign_up).ok()
    };
    let everywhere = "0.0.0.0:8080".parse().unwrap();
    let near = Site::new("http://localhost:8080", 0).unwrap();
    let reachable = Config::default().verbs(&near, everywhere).unwrap();
    assert_eq!(reachable.sign_up, SignUpPolicy::Invite, "the network reaches it");
    let config = Config::default();
    for near in ["http://localhost:1", "http://127.0.0.1", "http://[::1]:80"] {
        assert_eq!(policy(&config, near), Some(SignUpPolicy::Open), "{near}");
    }
    for far in ["https://bloom.example", "http://192.168.1.2:8080", "http://localhost.evil"] {
        assert_eq!(policy(&config, far), Some(SignUpPolicy::Invite), "{far}");
    }
    let closed = from_file("[accounts]\nsign_up = \"closed\"").unwrap();
    assert_eq!(policy(&closed, "http://localhost:1"), Some(SignUpPolicy::Closed));
    let wrong = from_file("[accounts]\nsign_up = \"yes\"").unwrap();
    assert_eq!(policy(&wrong, "http://localhost:1"), None);
}

#[test]
fn the_public_url_is_asked_for_where_it_cannot_be_known() {
    let config = Config::default();
    assert_eq!(config.site(loopback()).unwrap().origin(), "http://localhost:4600");
    assert!(config.site("0.0.0.0:8080".parse().unwrap()).is_err());
    let bad = from_file("[server]\npublic_url = \"bloom.example\"").unwrap();
    assert!(bad.site(loopback()).is_err());
}

#[test]
fn a_command_leads_to_where_the_server_answered_last() {
    let of = |config: &Config, last: Option<&str>| {
        config.site_of_command(last.map(str::to_owned)).unwrap().origin().to_owned()
    };
    let config = Config::default();
    assert_eq!(of(&config, None), "http://localhost:8080", "where it would answer");
    assert_eq!(of(&config, Some("http://localhost:4600")), "http://localhost:4600");
    let named = from_file("[server]\npublic_url = \"https://bloom.example\"").unwrap();
    assert_eq!(of(&named, Some("http://localhost:4600")), "https://bloom.example");
}

#[test]
fn a_configured_secret_is_read_with_those_it_replaced() {
    let (a, b, c) = ("a1".repeat(32), "b2".repeat(32), "c3".repeat(32));
    let config = from_environment(&[
        ("BLOOM_SECRET_CURRENT", &a),
        ("BLOOM_SECRET_PREVIOUS", &format!("{b}, {c}")),
    ]);
    let secrets = config.unwrap().secrets().unwrap().unwrap();
    assert_eq!(*secrets.current.expose(), a);
    assert_eq!(secrets.previous.len(), 2);
    let wrong = from_environment(&[("BLOOM_SECRET_CURRENT", "short")]).unwrap();
    let line = wrong.secrets().unwrap_err().to_string();
    assert_eq!(line, "secret.current must be 64 hexadecimal digits");
    assert!(Config::default().secrets().unwrap().is_none());
    let alone = from_environment(&[("BLOOM_SECRET_PREVIOUS", &b)]).unwrap();
    assert!(alone.secrets().unwrap_err().to_string().contains("without secret.current"));
}

#[test]
fn a_database_is_sqlite_unless_a_postgres_url_is_given() {
    let mut config = Config::default();
    assert!(config.database().is_err());
    config.set_flag("server", "data", Some("d".into()));
    assert!(matches!(config.database().unwrap(), Database::Sqlite { .. }));
    config.set_flag("database", "url", Some("postgres://h/d".into()));
    assert!(matches!(config.database().unwrap(), Database::Postgres { .. }));
    config.set_flag("database", "url", Some("mysql://h/d".into()));
    assert!(config.database().is_err());
}

/// Plans as a file has them, where billing is on.
fn plans(text: &str) -> Result<Option<std::sync::Arc<bloom_service::plans::Billing>>, String> {
    let config = from_file(&format!("[billing]\nenabled = true\n{text}"))?;
    config.billing().map_err(|failure| failure.to_string())
}

#[test]
fn billing_is_off_until_it_is_turned_on() {
    assert!(Config::default().billing().unwrap().is_none());
    let on = plans("").unwrap().unwrap();
    assert_eq!(on.plans, bloom_domain::plans::PlanTable::standard());
    assert!(on.webhook_secrets.is_empty() && on.manage_url.is_none());
    let off = from_file("[plans.a]\nprice = \"x\"").unwrap();
    assert!(off.billing().is_err(), "a bad table is one, whether it counts or not");
    let secrets = "webhook_secrets = \"whsec_1234567890123, whsec_1234567890124\"";
    assert_eq!(plans(secrets).unwrap().unwrap().webhook_secrets.len(), 2);
    let variables = from_environment(&[
        ("BLOOM_BILLING_ENABLED", "true"),
        ("BLOOM_BILLING_DEFAULT_PLAN", "pro"),
    ]);
    let billing = variables.unwrap().billing();
    // The trial credits are the trial's.
    assert!(billing.unwrap_err().to_string().contains("sign-up credits"));
}

#[test]
fn a_table_of_plans_is_read() {
    let text = r#"
default_plan = "free"
manage_url = "https://pay.example/login"
[plans.free]
price = "Free"
signup_credits = 5
mcp = false
[plans.studio]
price = "19 EUR a month"
monthly_credits = 75
max_image = "4K"
teams = true
seats = 4
price_ids = ["price_1", "price_2"]
checkout_url = "https://pay.example/studio"
"#;
    let billing = plans(text).unwrap().unwrap();
    let free = billing.plans.default_plan();
    assert_eq!((free.name.as_str(), free.signup.unwrap().get(), free.monthly), ("free", 5, None));
    assert!(free.entitlements.api && !free.entitlements.mcp && !free.entitlements.teams);
    let studio = billing.plans.by_price("price_2", None).unwrap();
    assert_eq!((studio.name.as_str(), studio.monthly.unwrap().get()), ("studio", 75));
    assert_eq!((studio.entitlements.seats, studio.entitlements.teams), (4, true));
    assert_eq!(billing.manage_url.as_deref(), Some("https://pay.example/login"));
}

#[test]
fn bad_plans_are_refused_in_one_line() {
    let trial = |keys: &str| format!("[plans.trial]\nprice = \"Free\"\n{keys}");
    for (text, beginning) in [
        ("[plans]\ntrial = 5".to_owned(), "plans.trial must be a table"),
        ("[plans.trial]".to_owned(), "plans.trial.price must be text"),
        ("[plans.pro]\nprice = \"x\"".to_owned(), "plans: the default plan \"trial\" is not"),
        (trial("credits = 5"), "plans.trial has no key \"credits\"; its keys are price, "),
        (trial("monthly_credits = -5"), "plans.trial.monthly_credits must be 0 or a number"),
        (trial("monthly_credits = 9000000000000"), "plans.trial.monthly_credits must be 0 or"),
        (trial("monthly_credits = 1.5"), "plans.trial.monthly_credits must be a whole number"),
        (trial("max_image = \"8K\""), "plans.trial.max_image must be \"2K\" or \"4K\""),
        (trial("api = \"yes\""), "plans.trial.api must be true or false"),
        (trial("price_ids = \"price_1\""), "plans.trial.price_ids must be a list of texts"),
        (trial("seats = 0"), "plans: the plan \"trial\": seats is 0"),
        (trial("checkout_url = \"http://pay.example\""), "plans: the plan \"trial\": checkout_url"),
        ("webhook_secrets = \"short\"".to_owned(), "billing.webhook_secrets must be secrets"),
        ("manage_url = \"pay.example\"".to_owned(), "billing.manage_url must begin with https://"),
        ("default_plan = \"gold\"".to_owned(), "plans: the default plan \"gold\" is not among"),
    ] {
        let line = plans(&text).expect_err(beginning);
        assert!(line.starts_with(beginning), "{line}");
        assert!(!line.contains('\n'), "{line}");
    }
    let line = from_environment(&[("BLOOM_PLANS_TRIAL", "x")]).unwrap_err();
    assert!(line.contains("--config"), "{line}");
}

#[test]
fn an_engine_is_a_table_with_its_key_from_the_environment() {
    let photo =
        "[engines.photo-1]\napi = \"openai\"\nmodel = \"gpt-image-2\"\nsizes = [\"1536x1024\"]\n";
    let mut config =
        from_file(&format!("{photo}[models]\npro = \"photo-1\"\nfast = \"compose\"")).unwrap();
    let key = ("BLOOM_ENGINES_PHOTO_1_KEY".to_owned(), Some("sk-1".to_owned()));
    config.add_environment(std::iter::once(key)).unwrap();
    let key = &config.table[engines::ENGINES]["photo-1"]["key"];
    assert_eq!(key.as_str(), Some("sk-1"));
    let engines = config.engines().unwrap();
    let labels = Model::ALL.iter().map(|model| engines.label(*model)).collect::<Vec<_>>();
    assert_eq!(labels, [None, None, Some("photo-1:gpt-image-2".to_owned())]);
    assert!(!Config::default().engines().unwrap().draw_something());
    for (file, why) in [
        ("[engines.compose]\napi = \"fal\"\nmodel = \"x\"", "the name of an engine"),
        ("[engines.\"A b\"]\napi = \"fal\"\nmodel = \"x\"", "the name of an engine"),
        ("[engines]\nphoto = 1", "engines.photo must be a table"),
        (
            "[engines.a]\nmodel = \"x\"",
            "engines.a.api must be one of openai, gemini, fal, replicate",
        ),
        ("[engines.a]\napi = \"fal\"", "engines.a.model must be"),
        ("[engines.a]\napi = \"fal\"\nmodel = \"../x\"", "engines.a.model must be"),
        ("[engines.a]\napi = \"fal\"\nmodel = \"x\"\nkeys = 1", "engines.a has no key \"keys\""),
        ("[engines.a]\napi = \"fal\"\nmodel = \"x\"\nsizes = [\"big\"]", "engines.a.sizes must be"),
        (
            "[engines.a]\napi = \"fal\"\nmodel = \"x\"\nedit_model = \"../x\"",
            "engines.a.edit_model must be",
        ),
        (
            "[engines.a]\napi = \"gemini\"\nmodel = \"x\"\nedit_model = \"y\"",
            "engines.a.edit_model must be left out",
        ),
        (
            "[engines.a]\napi = \"fal\"\nmodel = \"x\"\ninput = { steps = 4 }",
            "engines.a.input must be left out",
        ),
        (
            "[engines.a]\napi = \"replicate\"\nmodel = \"x\"\nsize_field = \"size\"",
            "engines.a.size_field must be aspect_ratio or width_and_height",
        ),
        (
            "[engines.a]\napi = \"replicate\"\nmodel = \"x\"\ninput = \"steps\"",
            "engines.a.input must be a table",
        ),
        (
            "[engines.a]\napi = \"fal\"\nmodel = \"x\"\npicture_field = \"image url\"",
            "engines.a.picture_field must be the name of a field",
        ),
        (
            "[engines.a]\napi = \"fal\"\nmodel = \"x\"\ntimeout_seconds = 0",
            "engines.a.timeout_seconds must be",
        ),
        ("[engines.a]\napi = \"fal\"\nmodel = \"x\"\nurl = \"fal.run\"", "engines.a.url"),
        ("[engines.a]\napi = \"fal\"\nmodel = \"x\"\nurl = \"https://u@fal.run\"", "engines.a.url"),
        ("[models]\npro = \"photo\"", "models.pro is \"photo\""),
    ] {
        let refused = from_file(file).unwrap().engines().err().expect(why).to_string();
        assert!(refused.contains(why), "{refused}");
    }
    for name in ["BLOOM_ENGINES_PHOTO_URL", "BLOOM_ENGINES_OTHER_KEY", "BLOOM_ENGINES"] {
        let refused = from_environment(&[(name, "x")]).expect_err(name);
        assert!(refused.starts_with(&format!("the variable {name}: ")), "{refused}");
    }
}

#[test]
fn a_provider_is_named_whole_or_not_at_all() {
    let read = |text: &str| from_file(&format!("[openid]\n{text}")).unwrap().openid();
    assert!(from_file("").unwrap().openid().unwrap().is_none());
    let good = "issuer = \"https://id.example/realm\"\nclient_id = \"bloom\"";
    let provider = read(good).unwrap().unwrap();
    assert_eq!((provider.label.as_str(), provider.secret.is_none()), ("id.example", true));
    assert!(!provider.may_be_plain && !provider.may_make_accounts);
    let secret = read(&format!("{good}\nclient_secret = \"hidden\"\nlabel = \"Work\"")).unwrap();
    assert!(!format!("{secret:?}").contains("hidden"), "{secret:?}");
    let plain = good.replace("https", "http");
    assert!(read(&format!("{plain}\nallow_private = true")).unwrap().unwrap().may_be_plain);
    for (text, part) in [
        ("client_id = \"bloom\"", "openid.client_id stands without openid.issuer"),
        ("issuer = \"https://id.example\"", "openid.client_id is missing"),
        (plain.as_str(), "openid.issuer"),
        ("issuer = \"id.example\"\nclient_id = \"bloom\"", "openid.issuer"),
        ("issuer = \"https://id.example/?x\"\nclient_id = \"bloom\"", "openid.issuer"),
        (&format!("{good}\nlabel = \"\""), "openid.label"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}
