//! The tools of brands.

use serde_json::{Value, json};

use super::Owner;
use crate::mcp::{call, tool};
use crate::support::{App, NOTHING, on_both};

on_both!(
    a_model_makes_looks_at_and_deletes_a_brand,
    a_model_is_told_what_to_do,
    a_call_under_a_key_makes_one_brand,
    the_tools_say_what_they_do,
);

async fn a_model_makes_looks_at_and_deletes_a_brand(app: App) {
    let ada = Owner::new(&app).await;
    let (app, key) = (&ada.app, ada.key.as_str());
    let made =
        tool(app, key, "bloom_onboard_brand", json!({ "url": "https://kobalt.example" })).await;
    let id =
        made["structuredContent"]["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    assert_eq!(made["structuredContent"]["status"], "analyzing");
    app.do_jobs().await;
    let asked = json!({ "brandId": id, "wait": true, "timeout": 5 });
    let brand = tool(app, key, "bloom_get_brand", asked).await["structuredContent"].clone();
    // The same as by the API.
    assert_eq!(brand, ada.get(&id).await);
    let list = tool(app, key, "bloom_list_brands", json!({ "limit": 1 })).await;
    assert_eq!(list["structuredContent"]["brands"][0]["id"], id);
    let logo = json!({ "brandId": id, "logoUrl": "https://kobalt.example/none.svg" });
    let logo = tool(app, key, "bloom_update_brand_logo", logo).await;
    assert_eq!(logo["structuredContent"], json!({ "id": id, "status": "ready" }));
    let deleted = tool(app, key, "bloom_delete_brand", json!({ "brandId": id })).await;
    assert_eq!(deleted["structuredContent"]["name"], "Kobalt");
    let gone = tool(app, key, "bloom_get_brand", json!({ "brandId": id })).await;
    assert_eq!(gone["isError"], true, "{gone}");
}

async fn a_model_is_told_what_to_do(app: App) {
    let ada = Owner::new(&app).await;
    for (name, arguments, text) in [
        ("bloom_get_brand", json!({ "brandId": NOTHING }), "bloom_list_brands"),
        ("bloom_get_brand", json!({ "brandId": "x" }), "bloom_list_brands"),
        ("bloom_onboard_brand", json!({ "url": "nowhere" }), "https://"),
        ("bloom_list_brands", json!({ "cursor": "x" }), "nextCursor"),
        ("bloom_create_logo_upload_url", json!({ "brandId": NOTHING }), "bloom_list_brands"),
    ] {
        let answer = tool(&ada.app, &ada.key, name, arguments).await;
        assert_eq!(answer["isError"], true, "{name}: {answer}");
        assert!(answer["content"][0]["text"].as_str().unwrap().contains(text), "{name}: {answer}");
    }
    for (name, arguments) in [
        ("bloom_get_brand", json!({ "brandId": NOTHING, "timeout": 0 })),
        ("bloom_list_brands", json!({ "limit": 101 })),
        ("bloom_onboard_brand", json!({ "url": "https://a.example", "idempotencyKey": "" })),
    ] {
        let params = json!({ "name": name, "arguments": arguments });
        let answer = call(&ada.app, &ada.key, "tools/call", params).await;
        assert_eq!(answer["error"]["code"], -32602, "{name}: {answer}");
    }
}

async fn a_call_under_a_key_makes_one_brand(app: App) {
    let ada = Owner::new(&app).await;
    let asked = |url: &str| json!({ "url": url, "idempotencyKey": "k1" });
    let make = async |url: &str| tool(&ada.app, &ada.key, "bloom_onboard_brand", asked(url)).await;
    let first = make("https://kobalt.example").await;
    assert_eq!(
        make("https://kobalt.example").await["structuredContent"],
        first["structuredContent"]
    );
    assert_eq!(ada.app.rows("brands").len(), 1);
    let other = make("https://app.example").await;
    assert_eq!(other["isError"], true, "{other}");
}

async fn the_tools_say_what_they_do(app: App) {
    let ada = Owner::new(&app).await;
    let answer = call(&ada.app, &ada.key, "tools/list", json!({})).await;
    let tools = answer["result"]["tools"].as_array().unwrap();
    let hints = |name: &str| -> Value {
        let tool = tools.iter().find(|tool| tool["name"] == name);
        tool.unwrap_or_else(|| panic!("no {name}"))["annotations"].clone()
    };
    let expected = |reads: bool, destroys: bool, idempotent: bool, reaches_out: bool| json!({ "readOnlyHint": reads, "destructiveHint": destroys, "idempotentHint": idempotent, "openWorldHint": reaches_out });
    assert_eq!(hints("bloom_onboard_brand"), expected(false, false, false, true));
    assert_eq!(hints("bloom_get_brand"), expected(true, false, true, false));
    assert_eq!(hints("bloom_list_brands"), expected(true, false, true, false));
    assert_eq!(hints("bloom_delete_brand"), expected(false, true, true, false));
    assert_eq!(hints("bloom_update_brand_logo"), expected(false, true, true, true));
    assert_eq!(hints("bloom_create_logo_upload_url"), expected(false, false, false, false));
}
