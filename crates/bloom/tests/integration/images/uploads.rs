//! Images that somebody brings.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bloom_outside::fetch::{FetchSettings, GuardedFetcher};
use serde_json::{Value, json};

use super::studio::{Artist, form};
use crate::credits::person::{Person, metered};
use crate::mcp::tool;
use crate::support::sites::{GREEN_LOGO, Sites};
use crate::support::{Answer, App, on_both};

on_both!(
    a_file_is_kept_once_and_without_what_it_carried,
    what_is_no_image_is_not_taken,
    every_format_is_taken_for_what_it_is,
    a_small_file_of_many_pixels_is_not_taken,
    what_lies_at_a_url_is_brought,
    what_comes_slowly_or_without_an_end_is_not_brought,
    what_lies_inside_is_not_brought,
    a_drawing_that_would_take_everything_is_not_taken,
    whoever_has_a_token_brings_one_file,
    a_token_ends_with_the_key_that_asked_for_it,
    a_workspace_has_room_for_so_much,
);

/// Pictures of 40 by 24 pixels, as encoders write them.
const JPEG: &str = "\
    /9j/4AAQSkZJRgABAgAAAQABAAD/wAALCAAYACgBAREA/9sAQwAUDg8SDw0UEhASFxUUGB4yIR4cHB49LC4kMklATEtHQEZFUFpz\
    YlBVbVZFRmSIZW13e4GCgU5gjZeMfZZzfoF8/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUF\
    BAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVW\
    V1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi\
    4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEBAAA/AMairlh/y0/D+tW6KyKKuWH/AC0/D+tW6KyKKuWH/LT8P61bor//2Q==";
const WEBP: &str = "\
    UklGRpwAAABXRUJQVlA4TI8AAAAvJ8AFEM1VICICHoggAAAAAIAAAGAAAAAAAADAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAMwOCB\
    SAAAAAAAnH8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAGAAAAAwAAAAAADwQCQAAAACA8w8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAgA0AQGQfSwpPBQA=";
const GIF: &str = "\
    R0lGODlhKAAYAIAAAAAAAAAAACH5BAgAAAAALAAAAAAoABgAgB9NOuhiOgJAhI+Zwe3/lJSw1omP3S1nznkYuIkTaZkUCqkK27oI\
    HMka3dkGnus8o9v9goBfgGhEDoNJ5tL3tDWhPGXVeaXiCgA7";

/// A picture of 40 by 30 pixels, with a comment in it that nobody asked for.
pub(super) fn png(shade: u8) -> Vec<u8> {
    let mut rows = Vec::new();
    for y in 0..30_u8 {
        rows.push(0);
        (0..40_u8).for_each(|x| rows.extend([shade, x * 6, y * 8]));
    }
    png_of((40, 30), (8, 2), &rows)
}

/// A PNG of rows that are not compressed, in a depth and a colour type.
pub(super) fn png_of(
    (width, height): (u32, u32),
    (depth, colour): (u8, u8),
    rows: &[u8],
) -> Vec<u8> {
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in rows {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    let mut data = vec![0x78, 0x01];
    let blocks = rows.chunks(0xffff);
    let last = blocks.len();
    for (number, block) in (1..).zip(blocks) {
        let length = u16::try_from(block.len()).expect("one stored block");
        data.push(u8::from(number == last));
        data.extend(length.to_le_bytes());
        data.extend((!length).to_le_bytes());
        data.extend(block);
    }
    data.extend((b << 16 | a).to_be_bytes());
    let sides = [width.to_be_bytes(), height.to_be_bytes()].concat();
    let head = [sides.as_slice(), &[depth, colour, 0, 0, 0]].concat();
    let chunks: [(&[u8; 4], &[u8]); 4] =
        [(b"IHDR", &head), (b"tEXt", b"Comment\0taken at home"), (b"IDAT", &data), (b"IEND", b"")];
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, content) in chunks {
        let named = [name.as_slice(), content].concat();
        png.extend(u32::try_from(content.len()).expect("short").to_be_bytes());
        png.extend(&named);
        png.extend(crc(&named).to_be_bytes());
    }
    png
}

/// The checksum of a PNG's chunk.
fn crc(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
        }
    }
    !crc
}

pub(super) async fn upload(artist: &Artist, file: &[u8]) -> Answer {
    let (body, kind) = form(&artist.brand, file);
    let headers = [("content-type", kind.as_str()), ("x-api-key", &artist.person.key)];
    artist.person.app.send_bytes("POST", "/api/v1/images/uploads/file", body, &headers).await
}

fn data(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["data"].clone()
}

async fn a_file_is_kept_once_and_without_what_it_carried(app: App) {
    let ada = Artist::new(&app, "ada").await;
    let file = png(200);
    assert!(file.windows(4).any(|bytes| bytes == b"home"));
    let first = data(&upload(&ada, &file).await);
    assert_eq!(
        (&first["width"], &first["height"], &first["mimeType"], &first["existing"]),
        (&json!(40), &json!(30), &json!("image/png"), &json!(false))
    );
    let again = data(&upload(&ada, &file).await);
    assert_eq!((&again["id"], &again["existing"]), (&first["id"], &json!(true)));
    assert_ne!(data(&upload(&ada, &png(10)).await)["id"], first["id"]);
    let place = first["imageUrl"].as_str().expect("a URL").replace("http://localhost:4600", "");
    let kept = app.get(&place, &[]).await;
    assert_eq!((kept.status, kept.header("content-type")), (200, "image/png"));
    assert!(!kept.body.windows(4).any(|bytes| bytes == b"home"), "where it was taken is gone");
    let seen = ada.image(first["id"].as_str().expect("an id")).await;
    assert_eq!((&seen["source"], &seen["actionType"]), (&json!("uploaded"), &Value::Null));
    assert_eq!((&seen["status"], &seen["aspectRatio"]), (&json!("completed"), &json!("4:3")));
    // Another brand has its own.
    let bob = Artist::new(&app, "bob").await;
    assert_eq!(data(&upload(&bob, &file).await)["existing"], false);
    ada.person.app.keep_house().await;
    assert_eq!(ada.files(), 3, "what was not needed is gone");
}

async fn what_is_no_image_is_not_taken(app: App) {
    let ada = Artist::new(&app, "ada").await;
    let whole = png(1);
    for (file, error) in [
        (b"<html><script>alert(1)</script>".to_vec(), "400 UNSUPPORTED_FORMAT"),
        (whole[..whole.len() - 20].to_vec(), "400 UNSUPPORTED_FORMAT"),
        ([whole.as_slice(), b"PK\x03\x04zip"].concat(), "400 UNSUPPORTED_FORMAT"),
        (b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miaf".to_vec(), "400 UNSUPPORTED_FORMAT"),
        (vec![0; 20 * 1024 * 1024 + 1], "400 FILE_TOO_LARGE"),
        (Vec::new(), "400 UNSUPPORTED_FORMAT"),
    ] {
        let answer = upload(&ada, &file).await;
        assert_eq!(answer.error(), error, "{answer:?}");
    }
    // What runs in a drawing is not kept.
    let svg = br##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" onload="alert(1)"><script>alert(1)</script><rect width="9" height="9" fill="#d62878"/></svg>"##;
    let kept = data(&upload(&ada, svg).await);
    assert_eq!(kept["mimeType"], "image/svg+xml");
    let place = kept["imageUrl"].as_str().expect("a URL").replace("http://localhost:4600", "");
    let shown = app.get(&place, &[]).await;
    assert_eq!(shown.header("content-security-policy"), "sandbox; default-src 'none'");
    assert!(!shown.text().contains("alert") && shown.text().contains("<path"), "{shown:?}");
    let (body, kind) = form("x", &whole);
    let headers = [("content-type", kind.as_str()), ("x-api-key", &ada.person.key)];
    let path = "/api/v1/images/uploads/file";
    assert_eq!(app.send_bytes("POST", path, body, &headers).await.error(), "400 BAD_REQUEST");
    let json = [("content-type", "application/json"), ("x-api-key", &ada.person.key)];
    let answer = app.send_bytes("POST", path, b"{}".to_vec(), &json).await;
    assert_eq!(answer.error(), "415 UNSUPPORTED_MEDIA_TYPE");
    assert_eq!(app.rows("images").len(), 1);
}

async fn a_drawing_that_would_take_everything_is_not_taken(app: App) {
    let ada = Artist::new(&app, "ada").await;
    let svg = |inside: &str| {
        format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 20 10\">{inside}</svg>")
            .into_bytes()
    };
    let filtered = |step: &str| {
        svg(&format!(
            "<filter id=\"f\">{step}</filter><rect width=\"20\" height=\"10\" filter=\"url(#f)\"/>"
        ))
    };
    let nine = "<use href=\"#a\"/>".repeat(900);
    for (bomb, why) in [
        (
            svg(
                "<pattern id=\"p\" patternUnits=\"userSpaceOnUse\" width=\"400000\" height=\"400000\"><rect \
                 width=\"1\" height=\"1\"/></pattern><rect width=\"20\" height=\"10\" fill=\"url(#p)\"/>",
            ),
            "takes too much to draw",
        ),
        (
            filtered("<feTurbulence baseFrequency=\".1\" numOctaves=\"4000000000\"/>"),
            "takes too much to draw",
        ),
        (filtered("<feMorphology operator=\"dilate\" radius=\"1000\"/>"), "takes too much to draw"),
        (svg(&format!("<g id=\"a\">{}</g>{nine}", "<rect/>".repeat(900))), "too many parts"),
        (
            svg("<image width=\"9\" height=\"9\" href=\"data:image/png;base64,iVBORw0KGgo=\"/>"),
            "an image inside the SVG",
        ),
    ] {
        let answer = upload(&ada, &bomb).await;
        assert_eq!(answer.error(), "400 UNSUPPORTED_FORMAT", "{answer:?}");
        assert!(answer.text().contains(why), "{why}: {answer:?}");
    }
    // As a logo neither, and the server goes on.
    let (body, kind) = crate::brands::logos::form(&filtered("<feMorphology radius=\"1000\"/>"));
    let headers = [("content-type", kind.as_str()), ("x-api-key", ada.person.key.as_str())];
    let path = format!("/api/v1/brands/{}/logo/file", ada.brand);
    let answer = ada.person.app.send_bytes("PUT", &path, body, &headers).await;
    assert_eq!(answer.error(), "400 INVALID_LOGO", "{answer:?}");
    assert!(answer.text().contains("takes too much to draw"), "{answer:?}");
    let shadow = "<feGaussianBlur stdDeviation=\".5\"/>";
    assert_eq!(data(&upload(&ada, &filtered(shadow)).await)["mimeType"], "image/svg+xml");
    assert_eq!(app.rows("images").len(), 1);
}

/// Whatever its name is, and whatever it is said to be: `form` says neither.
async fn every_format_is_taken_for_what_it_is(app: App) {
    let ada = Artist::new(&app, "ada").await;
    let decoded = |text: &str| STANDARD.decode(text).expect("base64");
    for (name, file, kept_as, magic) in [
        ("PNG", png(7), "image/png", &b"\x89PNG\r\n\x1a\n"[..]),
        ("JPEG", decoded(JPEG), "image/jpeg", b"\xff\xd8\xff"),
        // What nothing shows through is kept as a photograph is.
        ("WebP", decoded(WEBP), "image/jpeg", b"\xff\xd8\xff"),
        ("GIF", decoded(GIF), "image/png", b"\x89PNG\r\n\x1a\n"),
    ] {
        let brought = data(&upload(&ada, &file).await);
        assert_eq!(
            (&brought["mimeType"], &brought["width"], &brought["height"], &brought["existing"]),
            (
                &json!(kept_as),
                &json!(40),
                &json!(if name == "PNG" { 30 } else { 24 }),
                &json!(false)
            ),
            "{name}"
        );
        let place =
            brought["imageUrl"].as_str().expect("a URL").replace("http://localhost:4600", "");
        let kept = app.get(&place, &[]).await;
        assert_eq!((kept.status, kept.header("content-type")), (200, kept_as), "{name}");
        assert!(kept.body.starts_with(magic), "{name}: {kept:?}");
        let seen = ada.image(brought["id"].as_str().expect("an id")).await;
        assert_eq!((&seen["status"], &seen["source"]), (&json!("completed"), &json!("uploaded")));
        // Cut off it is none.
        let cut = upload(&ada, &file[..file.len() - 3]).await;
        assert_eq!(cut.error(), "400 UNSUPPORTED_FORMAT", "{name}: {cut:?}");
    }
    assert_eq!(app.rows("images").len(), 4);
}

async fn a_small_file_of_many_pixels_is_not_taken(app: App) {
    let sites = Sites::start().await;
    let app = metered(app).await.among(&sites).await;
    let mut browser = app.person("ada").await;
    let key = browser.create_key("ci").await.secret;
    let person = Person::of(&app, browser.email(), &key).await;
    let ada = Artist { person, brand: super::studio::brand_of(&app, browser.email()) };
    ada.person.topup(3, "in_1").await;
    // A hundred bytes that say they are four billion pixels.
    let bomb = png_of((65_000, 65_000), (8, 2), &[0; 9]);
    assert!(bomb.len() < 200);
    sites.put("pictures.example/bomb.png", "image/png", &bomb);
    let asked = json!({ "brandSessionId": ada.brand });
    let token = tool(&app, &key, "bloom_create_image_upload_url", asked).await;
    let asked = json!({ "brandId": ada.brand });
    let logo_token = tool(&app, &key, "bloom_create_logo_upload_url", asked).await;
    let place = |url: &Value| url.as_str().expect("a URL").replace("http://localhost:4600", "");
    let before = (ada.standing().await, app.rows("brands"), ada.files());
    let (body, kind) = crate::brands::logos::form(&bomb);
    let kind = [("content-type", kind.as_str())];
    let with_key = [kind[0], ("x-api-key", key.as_str())];
    let from =
        json!({ "imageUrl": "https://pictures.example/bomb.png", "brandSessionId": ada.brand });
    let to_token = place(&token["structuredContent"]["uploadUrls"][0]);
    let to_logo = format!("/api/v1/brands/{}/logo/file", ada.brand);
    let to_logo_token = place(&logo_token["structuredContent"]["uploadUrl"]);
    for (what, answer, error) in [
        ("a file", upload(&ada, &bomb).await, "400 FILE_TOO_LARGE"),
        ("a URL", ada.ask("POST", "/uploads", Some(&from)).await, "400 FILE_TOO_LARGE"),
        (
            "with a token",
            app.send_bytes("POST", &to_token, body.clone(), &kind).await,
            "400 FILE_TOO_LARGE",
        ),
        (
            "a logo",
            app.send_bytes("PUT", &to_logo, body.clone(), &with_key).await,
            "400 INVALID_LOGO",
        ),
        (
            "a logo with a token",
            app.send_bytes("PUT", &to_logo_token, body, &kind).await,
            "400 INVALID_LOGO",
        ),
    ] {
        assert_eq!(answer.error(), error, "{what}: {answer:?}");
    }
    let form_token = browser.form_token().await;
    let field = format!(
        "--frontier\r\nContent-Disposition: form-data; name=\"form_token\"\r\n\r\n{form_token}\r\n"
    );
    let (body, _) = crate::brands::logos::form(&bomb);
    let body = [field.as_bytes(), &body].concat();
    let page = browser.post_raw(&format!("/brands/{}/logo", ada.brand), body, &kind).await;
    assert!(page.status == 422 && page.text().contains("too many pixels"), "{page:?}");
    app.keep_house().await;
    assert_eq!((ada.standing().await, app.rows("brands"), ada.files()), before);
    // Nothing is used up, and the server goes on.
    let (body, _) = crate::brands::logos::form(&png(2));
    assert_eq!(data(&app.send_bytes("POST", &to_token, body, &kind).await)["existing"], false);
}

async fn what_lies_at_a_url_is_brought(app: App) {
    let sites = Sites::start().await;
    let app = app.among(&sites).await;
    let ada = Artist::new(&app, "ada").await;
    sites.put("pictures.example/a.svg", "image/svg+xml", GREEN_LOGO);
    sites.put("pictures.example/page", "text/html", "<p>no picture</p>");
    let bring = async |url: &str| {
        let body = json!({ "imageUrl": url, "brandSessionId": ada.brand });
        ada.ask("POST", "/uploads", Some(&body)).await
    };
    let brought = data(&bring("https://pictures.example/a.svg").await);
    assert_eq!(
        (&brought["mimeType"], &brought["existing"]),
        (&json!("image/svg+xml"), &json!(false))
    );
    assert_eq!(data(&bring("https://pictures.example/a.svg").await)["existing"], true);
    for (url, error) in [
        ("https://pictures.example/page", "400 UNSUPPORTED_FORMAT"),
        ("https://pictures.example/gone", "400 DOWNLOAD_FAILED"),
    ] {
        let answer = bring(url).await;
        assert_eq!(answer.error(), error, "{url}: {answer:?}");
    }
}

async fn what_comes_slowly_or_without_an_end_is_not_brought(app: App) {
    let sites = Sites::start().await;
    let ada = Artist::new(&metered(app).await.among(&sites).await, "ada").await;
    ada.person.topup(1, "in_1").await;
    sites.put_endless("pictures.example/endless", "image/png");
    sites.put_slow("pictures.example/slow", "image/png");
    sites.put("pictures.example/a.svg", "image/svg+xml", GREEN_LOGO);
    let before = ada.standing().await;
    for (place, patience, error) in [
        ("endless", Duration::from_secs(60), "400 FILE_TOO_LARGE"),
        ("slow", Duration::from_millis(300), "400 DOWNLOAD_FAILED"),
    ] {
        sites.wait_at_most(patience);
        let url = format!("https://pictures.example/{place}");
        let body = json!({ "imageUrl": url, "brandSessionId": ada.brand });
        let answer = ada.ask("POST", "/uploads", Some(&body)).await;
        assert_eq!(answer.error(), error, "{place}: {answer:?}");
        let told = tool(&ada.person.app, &ada.person.key, "bloom_upload_image", body).await;
        assert_eq!(told["isError"], true, "{place}: {told}");
    }
    assert_eq!((ada.standing().await, ada.files()), (before, 0));
    sites.wait_at_most(Duration::from_secs(60));
    let body = json!({ "imageUrl": "https://pictures.example/a.svg", "brandSessionId": ada.brand });
    assert_eq!(data(&ada.ask("POST", "/uploads", Some(&body)).await)["existing"], false);
}

async fn what_lies_inside_is_not_brought(app: App) {
    let settings =
        FetchSettings { own_host: "localhost".into(), allow_private: false, extra_roots: vec![] };
    let guarded = Arc::new(GuardedFetcher::new(settings).expect("TLS"));
    let app = app.again(|options| options.fetcher = Some(guarded)).await;
    let ada = Artist::new(&app, "ada").await;
    for url in [
        "nowhere",
        "ftp://pictures.example/a.svg",
        "http://127.0.0.1/a.png",
        "http://169.254.169.254/latest",
        "http://[::1]/a.png",
        "http://localhost/a.png",
    ] {
        let body = json!({ "imageUrl": url, "brandSessionId": ada.brand });
        let answer = ada.ask("POST", "/uploads", Some(&body)).await;
        assert_eq!(answer.error(), "400 INVALID_URL", "{url}: {answer:?}");
    }
}

async fn whoever_has_a_token_brings_one_file(app: App) {
    let ada = Artist::new(&app, "ada").await;
    let asked = json!({ "brandSessionId": ada.brand, "count": 2 });
    let made = tool(&app, &ada.person.key, "bloom_create_image_upload_url", asked).await;
    let urls = made["structuredContent"]["uploadUrls"].as_array().expect("addresses").clone();
    assert_eq!(urls.len(), 2, "{made}");
    let place = |at: usize| urls[at].as_str().expect("a URL").replace("http://localhost:4600", "");
    let send = async |place: &str, file: &[u8]| {
        let (body, kind) = crate::brands::logos::form(file);
        app.send_bytes("POST", place, body, &[("content-type", kind.as_str())]).await
    };
    // What is no text is no token either.
    for none in ["%ff", "x", "%00"] {
        let answer = send(&format!("/api/v1/images/uploads/file/signed/{none}"), &png(3)).await;
        assert_eq!(answer.error(), "401 INVALID_UPLOAD_TOKEN", "{none}");
    }
    // What is not taken uses nothing up.
    assert_eq!(send(&place(0), b"no image").await.error(), "400 UNSUPPORTED_FORMAT");
    let brought = data(&send(&place(0), &png(3)).await);
    assert_eq!(brought["existing"], false);
    assert_eq!(send(&place(0), &png(4)).await.error(), "401 INVALID_UPLOAD_TOKEN");
    let seen = ada.image(brought["id"].as_str().expect("an id")).await;
    assert_eq!(seen["brandSessionId"], json!(ada.brand));
    app.advance(Duration::from_secs(15 * 60));
    assert_eq!(send(&place(1), &png(5)).await.error(), "401 INVALID_UPLOAD_TOKEN");
    assert_eq!(app.rows("images").len(), 1);
}

async fn a_token_ends_with_the_key_that_asked_for_it(app: App) {
    let mut owner = app.person("eve").await;
    let ada = Artist::new(&app, "ada").await;
    let brand = super::studio::brand_of(&app, owner.email());
    for (what, shade) in [("revoked", 7), ("over", 4)] {
        let made = owner.create_key(what).await;
        let asked = json!({ "brandSessionId": brand, "count": 2 });
        let urls = tool(&app, &made.secret, "bloom_create_image_upload_url", asked).await;
        let urls = &urls["structuredContent"]["uploadUrls"];
        let asked = json!({ "brandId": brand });
        let logo = tool(&app, &made.secret, "bloom_create_logo_upload_url", asked).await;
        let place = |url: &Value| url.as_str().expect("a URL").replace("http://localhost:4600", "");
        let send = async |method: &str, url: &Value, file: &[u8]| {
            let (body, kind) = crate::brands::logos::form(file);
            app.send_bytes(method, &place(url), body, &[("content-type", kind.as_str())]).await
        };
        assert_eq!(data(&send("POST", &urls[0], &png(shade)).await)["existing"], false);
        let set = match what {
            "revoked" => "revoked_at = 1, revoked_by = 'owner'",
            _ => "expires_at = 1",
        };
        app.database().run(&format!("UPDATE api_keys SET {set} WHERE name = '{what}'"));
        let late = send("POST", &urls[1], &png(9)).await;
        assert_eq!(late.error(), "401 INVALID_UPLOAD_TOKEN", "{what}: {late:?}");
        let logo_url = &logo["structuredContent"]["uploadUrl"];
        let late = send("PUT", logo_url, GREEN_LOGO.as_bytes()).await;
        assert_eq!(late.error(), "401 INVALID_UPLOAD_TOKEN", "{what}: {late:?}");
    }
    // Another key of another person was never asked.
    assert_eq!(data(&upload(&ada, &png(1)).await)["existing"], false);
}

async fn a_workspace_has_room_for_so_much(app: App) {
    let app = app.again(|options| options.storage_quota = Some(4_000)).await;
    let ada = Artist::new(&app, "ada").await;
    let mut taken = 0;
    let refused = loop {
        let answer = upload(&ada, &png(u8::try_from(taken).expect("few"))).await;
        if answer.status != 200 {
            break answer;
        }
        taken += 1;
        assert!(taken < 100, "it is full some time");
    };
    assert!(taken > 0 && refused.error() == "403 FORBIDDEN", "{taken}: {refused:?}");
    assert!(refused.text().contains("room"), "{refused:?}");
    assert_eq!(data(&upload(&ada, &png(0)).await)["existing"], true, "what is there needs no room");
}
