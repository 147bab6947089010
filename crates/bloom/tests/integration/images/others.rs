//! Images and brands of somebody else, named by whoever came to know their ids: as if there were none.

use serde_json::{Value, json};

use super::changes::{brought, poster};
use super::studio::Artist;
use super::uploads::png;
use crate::credits::person::metered;
use crate::mcp::tool;
use crate::support::{App, NOTHING, on_both};

on_both!(an_image_of_somebody_else_is_as_good_as_none, no_tool_knows_what_is_somebody_elses,);

/// Ada with credits and an image, and Bob with an image: both, and the ids of the images.
async fn both(app: App) -> (Artist, String, Artist, String) {
    let ada = Artist::new(&metered(app).await, "ada").await;
    let bob = Artist::new(&ada.person.app, "bob").await;
    for artist in [&ada, &bob] {
        artist.person.topup(5, &format!("in_{}", artist.brand)).await;
    }
    let (own, theirs) = (brought(&ada, &png(1)).await, brought(&bob, &poster()).await);
    (ada, own, bob, theirs)
}

async fn an_image_of_somebody_else_is_as_good_as_none(app: App) {
    let (ada, own, bob, theirs) = both(app).await;
    let before = ada.standing().await;
    let of_brand = |more: Value| {
        let mut body = json!({ "brandSessionId": ada.brand });
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        body
    };
    let referring = |ids: &[&str]| of_brand(json!({ "prompt": "x", "referenceImageIds": ids }));
    let edit = format!("/{own}/edit");
    let asks = |id: &str| {
        [
            ("/generations".to_owned(), referring(&[id]), "404 REFERENCE_IMAGE_NOT_FOUND"),
            ("/generations".to_owned(), referring(&[&own, id]), "404 REFERENCE_IMAGE_NOT_FOUND"),
            (edit.clone(), referring(&[id]), "404 REFERENCE_IMAGE_NOT_FOUND"),
            (edit.clone(), referring(&[&own, id]), "404 REFERENCE_IMAGE_NOT_FOUND"),
            (format!("/{id}/edit"), referring(&[]), "404 EDIT_SUBJECT_NOT_FOUND"),
            (
                format!("/{id}/resize"),
                of_brand(json!({ "targetAspectRatio": "1:1" })),
                "404 IMAGE_NOT_FOUND",
            ),
            (format!("/{id}/remove-background"), of_brand(json!({})), "404 IMAGE_NOT_FOUND"),
            (format!("/{id}/vectorize"), of_brand(json!({})), "404 IMAGE_NOT_FOUND"),
        ]
    };
    for ((path, body, error), (nowhere, nothing, _)) in asks(&theirs).into_iter().zip(asks(NOTHING))
    {
        let refused = ada.ask("POST", &path, Some(&body)).await;
        assert_eq!(refused.error(), error, "{path} {body}: {refused:?}");
        let missing = ada.ask("POST", &nowhere, Some(&nothing)).await;
        assert_eq!(refused.text(), missing.text(), "{path} {body}: they are told the same");
    }
    assert_eq!(ada.standing().await, before);
    // Nothing but whose it is was against it.
    let order =
        json!({ "prompt": "x", "brandSessionId": bob.brand, "referenceImageIds": [theirs] });
    assert_eq!(bob.generate(&order).await.status, 202);
}

async fn no_tool_knows_what_is_somebody_elses(app: App) {
    let (ada, own, bob, theirs) = both(app).await;
    let app = &ada.person.app;
    let (before, brands) = (ada.standing().await, app.rows("brands"));
    let calls = |image: &str, brand: &str| {
        let of = &ada.brand;
        [
            (
                "generate_image",
                json!({ "prompt": "x", "brandSessionId": of, "referenceImageIds": [image] }),
            ),
            ("generate_image", json!({ "prompt": "x", "brandSessionId": of, "imageId": image })),
            (
                "generate_image",
                json!({ "prompt": "x", "brandSessionId": of, "imageId": own, "referenceImageIds": [own, image] }),
            ),
            ("generate_image", json!({ "prompt": "x", "brandSessionId": brand })),
            ("get_image", json!({ "imageId": image })),
            ("get_image", json!({ "imageId": image, "wait": false })),
            (
                "resize_image",
                json!({ "imageId": image, "targetAspectRatio": "1:1", "brandSessionId": of }),
            ),
            (
                "resize_image",
                json!({ "imageId": own, "targetAspectRatio": "1:1", "brandSessionId": brand }),
            ),
            ("remove_background", json!({ "imageId": image, "brandSessionId": of })),
            ("vectorize_image", json!({ "imageId": image, "brandSessionId": of })),
            ("list_images", json!({ "brandSessionId": brand })),
            ("search_user_images", json!({ "brandSessionId": brand, "query": "x" })),
            (
                "upload_image",
                json!({ "brandSessionId": brand, "imageUrl": "https://pictures.example/a.png" }),
            ),
            ("create_image_upload_url", json!({ "brandSessionId": brand })),
            ("get_brand", json!({ "brandId": brand })),
            (
                "update_brand_logo",
                json!({ "brandId": brand, "logoUrl": "https://pictures.example/a.png" }),
            ),
            ("create_logo_upload_url", json!({ "brandId": brand })),
            ("delete_brand", json!({ "brandId": brand })),
        ]
    };
    let missing = calls(NOTHING, NOTHING);
    for ((name, arguments), (_, nothing)) in calls(&theirs, &bob.brand).into_iter().zip(missing) {
        let name = format!("bloom_{name}");
        let refused = tool(app, &ada.person.key, &name, arguments.clone()).await;
        assert_eq!(refused["isError"], true, "{name} {arguments}: {refused}");
        let missing = tool(app, &ada.person.key, &name, nothing).await;
        assert_eq!(refused, missing, "{name} {arguments}: they are told the same");
    }
    // What is deleted is counted, and that is none.
    for id in [theirs.as_str(), NOTHING] {
        let deleted =
            tool(app, &ada.person.key, "bloom_delete_images", json!({ "imageIds": [id] })).await;
        assert_eq!(deleted["structuredContent"], json!({ "deletedCount": 0 }), "{id}: {deleted}");
    }
    let listed = tool(app, &ada.person.key, "bloom_list_images", json!({})).await;
    let listed = listed["structuredContent"]["images"].as_array().expect("images").clone();
    assert!(listed.len() == 1 && listed[0]["id"] == json!(own), "{listed:?}");
    assert_eq!((ada.standing().await, app.rows("brands")), (before, brands));
    assert_eq!(bob.image(&theirs).await["status"], "completed");
}
