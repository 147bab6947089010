//! The tools of images, each called as a model calls it.

use serde_json::{Value, json};

use super::changes::{brought, poster};
use super::engines::picture;
use super::studio::Artist;
use crate::mcp::{call, tool, tool_of_version};
use crate::support::sites::Sites;
use crate::support::{App, on_both};

on_both!(
    every_tool_of_images_does_what_it_says,
    a_url_that_is_brought_under_a_name_is_fetched_once,
    results_link_to_their_images,
    these_are_the_tools,
);

/// What a tool gives, as structure; the same stands there as text.
fn given(result: &Value) -> Value {
    assert_eq!(result["isError"], false, "{result}");
    let text = result["content"][0]["text"].as_str().expect("a text");
    let text: Value = serde_json::from_str(text).expect("JSON");
    assert_eq!(text, result["structuredContent"]);
    text
}

async fn every_tool_of_images_does_what_it_says(app: App) {
    let sites = Sites::start().await;
    let ada = Artist::new(&app.among(&sites).await, "ada").await;
    let (app, key, brand) = (&ada.person.app, ada.person.key.as_str(), &ada.brand);
    let use_tool =
        async |name: &str, arguments: Value| given(&tool(app, key, name, arguments).await);

    let order = json!({
        "prompt": "\"Spring sale\" 30% off", "brandSessionId": brand, "aspectRatio": "21:9", "idempotencyKey": "k1"
    });
    let asked = use_tool("bloom_generate_image", order.clone()).await;
    assert_eq!((&asked["status"], &asked["engine"]), (&json!("pending"), &json!("compose")));
    assert_eq!(use_tool("bloom_generate_image", order).await, asked, "it is asked for once");
    assert_eq!(app.rows("images").len(), 1);
    ada.work().await;
    let first = asked["ids"][0].as_str().expect("an id");
    let seen = use_tool("bloom_get_image", json!({ "imageId": first, "timeout": 5 })).await;
    assert_eq!((&seen["status"], &seen), (&json!("completed"), &ada.image(first).await));

    let change = json!({ "imageId": first, "prompt": "Make it navy", "brandSessionId": brand });
    let changed = use_tool("bloom_generate_image", change).await["ids"][0].clone();
    let wide = json!({ "imageId": first, "targetAspectRatio": "16:9", "brandSessionId": brand });
    let resized = use_tool("bloom_resize_image", wide).await["id"].clone();
    let own = brought(&ada, &poster()).await;
    let of_own = json!({ "imageId": own, "brandSessionId": brand, "idempotencyKey": "k2" });
    let cut = use_tool("bloom_remove_background", of_own.clone()).await;
    assert_eq!(use_tool("bloom_remove_background", of_own.clone()).await, cut);
    let traced = use_tool("bloom_vectorize_image", of_own).await["id"].clone();
    ada.work().await;
    for (id, action) in [
        (&changed, "edit"),
        (&resized, "resize"),
        (&cut["id"], "remove-background"),
        (&traced, "vectorize"),
    ] {
        let made = use_tool("bloom_get_image", json!({ "imageId": id, "wait": false })).await;
        let found = (&made["status"], &made["actionType"]);
        assert_eq!(found, (&json!("completed"), &json!(action)), "{made}");
    }

    sites.put("pictures.example/poster.png", "image/png", poster());
    let from =
        json!({ "imageUrl": "https://pictures.example/poster.png", "brandSessionId": brand });
    let uploaded = use_tool("bloom_upload_image", from).await;
    assert_eq!((&uploaded["id"], &uploaded["existing"]), (&json!(own), &json!(true)));
    let urls = json!({ "brandSessionId": brand, "count": 3 });
    let urls = use_tool("bloom_create_image_upload_url", urls).await;
    assert_eq!(urls["uploadUrls"].as_array().map(Vec::len), Some(3), "{urls}");

    let listed = use_tool("bloom_list_images", json!({ "limit": 4 })).await;
    assert_eq!(listed["images"].as_array().map(Vec::len), Some(4));
    let after = json!({ "limit": 4, "cursor": listed["nextCursor"] });
    let rest = use_tool("bloom_list_images", after).await;
    assert_eq!(
        (rest["images"].as_array().map(Vec::len), &rest["hasMore"]),
        (Some(2), &json!(false))
    );
    let uploads = use_tool("bloom_list_images", json!({ "source": "uploaded" })).await;
    assert_eq!(uploads["images"][0]["id"], json!(own));

    let sought = json!({ "brandSessionId": brand, "query": "spring sale" });
    let found = use_tool("bloom_search_user_images", sought).await;
    let best = &found["candidates"][0];
    assert!(best["engine"] == "compose" && best["url"].is_string(), "{found}");

    let named = json!({ "imageIds": [first, own] });
    assert_eq!(use_tool("bloom_delete_images", named).await, json!({ "deletedCount": 2 }));
    let gone = tool(app, key, "bloom_get_image", json!({ "imageId": first })).await;
    assert_eq!(gone["isError"], true, "{gone}");
}

/// What lies at the URL changes meanwhile, so that fetching it again would bring another image.
async fn a_url_that_is_brought_under_a_name_is_fetched_once(app: App) {
    let sites = Sites::start().await;
    let ada = Artist::new(&app.among(&sites).await, "ada").await;
    let (app, key) = (&ada.person.app, ada.person.key.as_str());
    let upload = async |url: &str, name: Option<&str>| {
        let mut arguments = json!({ "imageUrl": url, "brandSessionId": ada.brand });
        if let Some(name) = name {
            arguments["idempotencyKey"] = json!(name);
        }
        tool(app, key, "bloom_upload_image", arguments).await
    };
    let url = "https://pictures.example/of-the-day.png";
    sites.put("pictures.example/of-the-day.png", "image/png", poster());
    let first = given(&upload(url, Some("k1")).await);
    assert_eq!(first["existing"], false, "{first}");
    sites.put("pictures.example/of-the-day.png", "image/png", picture(64, 48));
    assert_eq!(given(&upload(url, Some("k1")).await), first, "the first answer once more");
    assert_eq!(app.rows("images").len(), 1);
    let elsewhere = upload("https://pictures.example/another.png", Some("k1")).await;
    assert_eq!(elsewhere["isError"], true, "{elsewhere}");
    assert!(elsewhere.to_string().contains("sent with another request"), "{elsewhere}");
    for name in [Some("k2"), None] {
        let other = given(&upload(url, name).await);
        assert_ne!(other["id"], first["id"], "{name:?}: what lies there now");
    }
    assert_eq!(app.rows("images").len(), 2);
}

async fn results_link_to_their_images(app: App) {
    let ada = Artist::new(&app, "ada").await;
    let id = brought(&ada, &poster()).await;
    let image = ada.image(&id).await;
    let links = async |version: &str, name: &str, arguments: Value| {
        let result = tool_of_version(&app, &ada.person.key, version, name, arguments).await;
        let content = result["content"].as_array().expect("content").clone();
        assert_eq!(content[0]["type"], "text", "the text comes first");
        content[1..].to_vec()
    };
    let named = json!({ "imageId": id });
    let link = links("2025-06-18", "bloom_get_image", named.clone()).await;
    assert_eq!(
        (link.len(), &link[0]["type"], &link[0]["uri"]),
        (1, &json!("resource_link"), &image["imageUrl"])
    );
    assert_eq!(link[0]["name"], format!("image {id}"));
    assert_eq!(links("2025-11-25", "bloom_list_images", json!({})).await.len(), 1);
    assert_eq!(links("2025-11-25", "bloom_check_credits", json!({})).await.len(), 0);
    // A client that is older than links gets none.
    assert_eq!(links("2025-03-26", "bloom_get_image", named).await.len(), 0);
    let on_its_way = ada.ids(&ada.generate(&ada.order()).await).remove(0);
    let pending = json!({ "imageId": on_its_way, "wait": false });
    assert_eq!(links("2025-06-18", "bloom_get_image", pending).await.len(), 0);
}

async fn these_are_the_tools(app: App) {
    let ada = Artist::new(&app, "ada").await;
    let answer = call(&app, &ada.person.key, "tools/list", json!({})).await;
    let tools = answer["result"]["tools"].as_array().expect("tools").clone();
    // Whether each reads only, destroys, comes to the same when it is called twice, and reaches out.
    let expected = [
        ("bloom_check_credits", [true, false, true, false]),
        ("bloom_whoami", [true, false, true, false]),
        ("bloom_onboard_brand", [false, false, false, true]),
        ("bloom_get_brand", [true, false, true, false]),
        ("bloom_list_brands", [true, false, true, false]),
        ("bloom_delete_brand", [false, true, true, false]),
        ("bloom_update_brand_logo", [false, true, true, true]),
        ("bloom_create_logo_upload_url", [false, false, false, false]),
        ("bloom_generate_image", [false, false, false, false]),
        ("bloom_get_image", [true, false, true, false]),
        ("bloom_list_images", [true, false, true, false]),
        ("bloom_search_user_images", [true, false, true, false]),
        ("bloom_delete_images", [false, true, true, false]),
        ("bloom_upload_image", [false, false, true, true]),
        ("bloom_create_image_upload_url", [false, false, false, false]),
        ("bloom_resize_image", [false, false, false, false]),
        ("bloom_remove_background", [false, false, false, false]),
        ("bloom_vectorize_image", [false, false, false, false]),
    ];
    assert_eq!(tools.len(), expected.len());
    for (tool, (name, [reads, destroys, is_idempotent, reaches_out])) in tools.iter().zip(expected)
    {
        assert_eq!(tool["name"], name);
        let hints = json!({
            "readOnlyHint": reads, "destructiveHint": destroys, "idempotentHint": is_idempotent,
            "openWorldHint": reaches_out,
        });
        assert_eq!(tool["annotations"], hints, "{name}");
        assert!(tool["title"].is_string() && tool["description"].is_string(), "{name}");
        let output = &tool["outputSchema"];
        assert!(output["properties"].as_object().is_some_and(|all| !all.is_empty()), "{name}");
        let makes = matches!(
            name,
            "bloom_onboard_brand"
                | "bloom_generate_image"
                | "bloom_upload_image"
                | "bloom_resize_image"
                | "bloom_remove_background"
                | "bloom_vectorize_image"
        );
        let takes_key = tool["inputSchema"]["properties"].get("idempotencyKey").is_some();
        assert_eq!(takes_key, makes, "{name}");
    }
}
