//! The tool table: one entry for each tool, with the operations it stands for.
//!
//! To add a tool, write it in the file of its concept and add an entry here. A test holds the table to
//! `bloom_service::operations`, so an operation without a tool is one that somebody decided to leave out.

use std::future::ready;
use std::sync::Arc;

use axum::extract::Request;
use bloom_domain::idempotency::IdempotencyKey;
use bloom_domain::senders::Sender;
use bloom_service::brands::Asker;
use bloom_service::idempotency::{self, Once, Reserved};
use bloom_service::operations::{self, Effect, Operation};
use bloom_service::{Error, Principal, last_use};
use futures_util::future::BoxFuture;
use rmcp::handler::server::tool::{schema_for_input, schema_for_output};
use rmcp::model::{self, JsonObject, ToolAnnotations};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::brands::UploadView;
use super::{accounts, brands, credits, images};
use crate::api::accounts::AccountView;
use crate::api::admission::{Call, too_narrow};
use crate::api::brands::{BeginningView, BrandView, BrandsView, DeletedBrandView};
use crate::api::credits::CreditsView;
use crate::api::envelope;
use crate::api::errors::ApiError;
use crate::api::images::changes::AskedOneView;
use crate::api::images::search::FoundView;
use crate::api::images::uploads::UploadedView;
use crate::api::images::{DeletedCountView, ImageView, ImagesView};
use crate::app::App;
use crate::face::Face;

/// A tool.
pub(crate) struct Tool {
    /// What it is called by.
    pub(crate) name: &'static str,
    /// What people see instead.
    pub(crate) title: &'static str,
    /// What a model reads when it decides whether to call it.
    pub(crate) description: &'static str,
    /// The operations behind it; never empty. A call is noted under the first.
    pub(crate) operations: &'static [&'static Operation],
    /// The schema of its arguments.
    input: fn() -> Arc<JsonObject>,
    /// The schema of its result.
    output: fn() -> Arc<JsonObject>,
    /// What a client may tell its person before it is called.
    hints: Hints,
    run: for<'a> fn(&'a Caller, JsonObject) -> BoxFuture<'a, Result<Value, ToolError>>,
}

/// What a tool does beside what its operations say.
#[derive(Debug, Clone, Copy, Default)]
struct Hints {
    /// It takes away what cannot be had again.
    destroys: bool,
    /// Calling it twice comes to the same.
    is_idempotent: bool,
    /// It reaches beyond the person's own things on this server.
    reaches_out: bool,
}

/// What changes nothing.
const READS: Hints = Hints { destroys: false, is_idempotent: true, reaches_out: false };

/// What makes something and costs.
const MAKES: Hints = Hints { destroys: false, is_idempotent: false, reaches_out: false };

/// All of them.
pub(crate) static ALL: [Tool; 18] = [
    Tool {
        name: "bloom_check_credits",
        title: "Check credits",
        description: "What can be spent in a workspace: the balance, and whether it matters at all. \
                      Without workspaceId, the personal workspace.",
        operations: &[&operations::CREDITS_GET],
        input: input_schema::<credits::Arguments>,
        output: schema_for_output::<CreditsView>,
        hints: READS,
        run: |caller, arguments| Box::pin(credits::check(caller, arguments)),
    },
    Tool {
        name: "bloom_whoami",
        title: "Who am I",
        description: "The account that every call here acts for: its email address and name.",
        operations: &[&operations::ACCOUNT_GET],
        input: input_schema::<accounts::Arguments>,
        output: schema_for_output::<AccountView<'static>>,
        hints: READS,
        run: |caller, arguments| Box::pin(accounts::whoami(caller, arguments)),
    },
    Tool {
        name: "bloom_onboard_brand",
        title: "Add a brand",
        description: "Makes a brand of a site: its page is read for logo, colours, typefaces, voice and \
                      summary. Costs nothing. Answers at once with status analyzing; bloom_get_brand with wait \
                      says when it is ready, or logo_required when the logo has to be brought.",
        operations: &[&operations::BRANDS_CREATE],
        input: input_schema::<brands::Onboard>,
        output: schema_for_output::<BeginningView>,
        hints: Hints { destroys: false, is_idempotent: false, reaches_out: true },
        run: |caller, arguments| Box::pin(brands::onboard(caller, arguments)),
    },
    Tool {
        name: "bloom_get_brand",
        title: "Get a brand",
        description: "A brand with everything that is known of it, each finding with its source and \
                      confidence. With wait, answers once its page has been read.",
        operations: &[&operations::BRANDS_GET],
        input: input_schema::<brands::Get>,
        output: schema_for_output::<BrandView>,
        hints: READS,
        run: |caller, arguments| Box::pin(brands::get(caller, arguments)),
    },
    Tool {
        name: "bloom_list_brands",
        title: "List brands",
        description: "The person's brands, the newest first: of all their workspaces, or of one.",
        operations: &[&operations::BRANDS_LIST],
        input: input_schema::<brands::List>,
        output: schema_for_output::<BrandsView>,
        hints: READS,
        run: |caller, arguments| Box::pin(brands::list(caller, arguments)),
    },
    Tool {
        name: "bloom_delete_brand",
        title: "Delete a brand",
        description: "Deletes a brand for good, with all that was corrected of it. Ask the person first.",
        operations: &[&operations::BRANDS_DELETE],
        input: input_schema::<brands::OfBrand>,
        output: schema_for_output::<DeletedBrandView>,
        hints: Hints { destroys: true, is_idempotent: true, reaches_out: false },
        run: |caller, arguments| Box::pin(brands::delete(caller, arguments)),
    },
    Tool {
        name: "bloom_update_brand_logo",
        title: "Choose a logo",
        description: "Chooses the logo of a brand by its URL. It is fetched afterwards: bloom_get_brand shows \
                      it, or in logoError what is wrong with it. For a file, bloom_create_logo_upload_url.",
        operations: &[&operations::BRANDS_UPDATE_LOGO],
        input: input_schema::<brands::UpdateLogo>,
        output: schema_for_output::<BeginningView>,
        hints: Hints { destroys: true, is_idempotent: true, reaches_out: true },
        run: |caller, arguments| Box::pin(brands::update_logo(caller, arguments)),
    },
    Tool {
        name: "bloom_create_logo_upload_url",
        title: "Make an upload address for a logo",
        description: "An address to which a logo file can be sent once, within 15 minutes and without a \
                      credential: for files that are on the person's machine.",
        operations: &[
            &operations::BRANDS_UPLOAD_LOGO_FILE,
            &operations::BRANDS_UPLOAD_LOGO_FILE_SIGNED,
        ],
        input: input_schema::<brands::OfBrand>,
        output: schema_for_output::<UploadView>,
        hints: Hints { destroys: false, is_idempotent: false, reaches_out: false },
        run: |caller, arguments| Box::pin(brands::create_upload(caller, arguments)),
    },
    Tool {
        name: "bloom_generate_image",
        title: "Make an image",
        description: "Asks for images of a brand: new ones of a prompt, or with imageId another one changed as \
                      the prompt says. The server's own engine composes: it sets the words of the prompt in the \
                      brand's colours, typefaces and logo, over patterns or over images that are referred to; it \
                      is no image model. The server may have image models for fast, standard or pro; an image \
                      tells its engine. Costs credits: 1 for each 2K image, 2 for each 4K one, nothing for what \
                      fails. Answers at once; bloom_get_image waits for an image.",
        operations: &[&operations::IMAGES_GENERATE, &operations::IMAGES_EDIT],
        input: input_schema::<images::Generate>,
        output: schema_for_output::<images::Generated>,
        hints: MAKES,
        run: |caller, arguments| Box::pin(images::generate(caller, arguments)),
    },
    Tool {
        name: "bloom_get_image",
        title: "Get an image",
        description: "An image, with the URL of its bytes once they are there. Waits until it is done unless \
                      wait is false; ask again when it is still pending or generating.",
        operations: &[&operations::IMAGES_GET],
        input: input_schema::<images::Get>,
        output: schema_for_output::<ImageView>,
        hints: READS,
        run: |caller, arguments| Box::pin(images::get(caller, arguments)),
    },
    Tool {
        name: "bloom_list_images",
        title: "List images",
        description: "The person's images, the newest first: of all their workspaces and brands, or of one.",
        operations: &[&operations::IMAGES_LIST],
        input: input_schema::<images::List>,
        output: schema_for_output::<ImagesView>,
        hints: READS,
        run: |caller, arguments| Box::pin(images::list(caller, arguments)),
    },
    Tool {
        name: "bloom_search_user_images",
        title: "Find images",
        description: "Finds images of a brand by the words of their prompts and of what they show and, in English, \
                      by what these mean, the nearest first.",
        operations: &[&operations::IMAGES_SEARCH],
        input: input_schema::<images::Search>,
        output: schema_for_output::<FoundView>,
        hints: READS,
        run: |caller, arguments| Box::pin(images::search(caller, arguments)),
    },
    Tool {
        name: "bloom_delete_images",
        title: "Delete images",
        description: "Deletes images for good, with their URLs. Ask the person first.",
        operations: &[&operations::IMAGES_DELETE_MANY, &operations::IMAGES_DELETE],
        input: input_schema::<images::Delete>,
        output: schema_for_output::<DeletedCountView>,
        hints: Hints { destroys: true, is_idempotent: true, reaches_out: false },
        run: |caller, arguments| Box::pin(images::delete(caller, arguments)),
    },
    Tool {
        name: "bloom_upload_image",
        title: "Bring an image",
        description: "Brings the image at a URL into the library of a brand, to be referred to. Costs nothing; \
                      the same file is kept once.",
        operations: &[&operations::IMAGES_UPLOAD],
        input: input_schema::<images::Upload>,
        output: schema_for_output::<UploadedView>,
        hints: Hints { destroys: false, is_idempotent: true, reaches_out: true },
        run: |caller, arguments| Box::pin(images::upload(caller, arguments)),
    },
    Tool {
        name: "bloom_create_image_upload_url",
        title: "Make upload addresses for images",
        description: "Addresses to which an image file each can be sent once, within 15 minutes and without a \
                      credential: for files that are on the person's machine.",
        operations: &[&operations::IMAGES_UPLOAD_FILE, &operations::IMAGES_UPLOAD_FILE_SIGNED],
        input: input_schema::<images::CreateUploads>,
        output: schema_for_output::<images::Uploads>,
        hints: MAKES,
        run: |caller, arguments| Box::pin(images::create_uploads(caller, arguments)),
    },
    Tool {
        name: "bloom_resize_image",
        title: "Bring an image into another ratio",
        description: "Asks for an image in another ratio; the other one stays. What was composed here is laid \
                      out anew, anything else is cropped or extended. Costs 1 credit, nothing if it fails.",
        operations: &[&operations::IMAGES_RESIZE],
        input: input_schema::<images::Resize>,
        output: schema_for_output::<AskedOneView>,
        hints: MAKES,
        run: |caller, arguments| Box::pin(images::resize(caller, arguments)),
    },
    Tool {
        name: "bloom_remove_background",
        title: "Remove a background",
        description: "Asks for an image without its background; the other one stays. Works for what this \
                      server composed and where the background is plain, and says so where it is not. Costs 1 credit, nothing if it fails.",
        operations: &[&operations::IMAGES_REMOVE_BACKGROUND],
        input: input_schema::<images::Remake>,
        output: schema_for_output::<AskedOneView>,
        hints: MAKES,
        run: |caller, arguments| Box::pin(images::remove_background(caller, arguments)),
    },
    Tool {
        name: "bloom_vectorize_image",
        title: "Turn an image into paths",
        description: "Asks for an image as an SVG of few colours; the other one stays. Costs 1 credit, nothing \
                      if it fails.",
        operations: &[&operations::IMAGES_VECTORIZE],
        input: input_schema::<images::Remake>,
        output: schema_for_output::<AskedOneView>,
        hints: MAKES,
        run: |caller, arguments| Box::pin(images::vectorize(caller, arguments)),
    },
];

/// The schema of arguments. They are structs, and so JSON objects, as the protocol demands.
fn input_schema<T: JsonSchema + 'static>() -> Arc<JsonObject> {
    let mut schema = schema_for_input::<T>().unwrap_or_default();
    // Some clients look for it even when nothing is taken.
    Arc::make_mut(&mut schema).entry("properties").or_insert_with(|| json!({}));
    schema
}

/// The tool of a name.
pub(crate) fn find(name: &str) -> Option<&'static Tool> {
    ALL.iter().find(|tool| tool.name == name)
}

impl Tool {
    /// The tool as the protocol lists it.
    pub(crate) fn describe(&self) -> model::Tool {
        let only_reads = self.operations.iter().all(|operation| operation.effect == Effect::Read);
        let Hints { destroys, is_idempotent, reaches_out } = self.hints;
        let annotations = ToolAnnotations::new()
            .read_only(only_reads)
            .destructive(destroys)
            .idempotent(is_idempotent)
            .open_world(reaches_out);
        model::Tool::new(self.name, self.description, (self.input)())
            .with_title(self.title)
            .with_raw_output_schema((self.output)())
            .with_annotations(annotations)
    }

    /// Runs it, as far as the access of its caller reaches, and notes the use.
    pub(crate) fn run<'a>(
        &self,
        caller: &'a Caller,
        arguments: JsonObject,
    ) -> BoxFuture<'a, Result<Value, ToolError>> {
        // The request was noted and counted when it was admitted.
        if let Some(operation) = self.operations.first() {
            last_use::name(&caller.principal, operation);
        }
        let beyond = self.operations.iter().find(|operation| !caller.principal.may(operation));
        match beyond.and_then(|operation| operation.scope) {
            Some(scope) => {
                let Caller { app, principal, .. } = caller;
                let error = too_narrow(app, Face::Mcp, principal, scope);
                let error = match principal.can_ask_for_more() {
                    true => ToolError::TooNarrow(error),
                    false => ToolError::Refused(error.message().to_owned()),
                };
                Box::pin(ready(Err(error)))
            }
            None => (self.run)(caller, arguments),
        }
    }
}

/// Who calls, and what they call it with.
pub(crate) struct Caller {
    pub(crate) app: App,
    pub(crate) principal: Principal,
    /// Where the request came from, as the audit keeps it.
    sender: Sender,
}

impl Caller {
    /// Takes an admitted request apart.
    pub(crate) fn of(call: Call) -> (Self, Request) {
        let sender = call.sender();
        let Call { app, principal, request, .. } = call;
        (Self { app, principal, sender }, request)
    }

    /// Whoever calls, as somebody who asks for something of a brand.
    pub(crate) fn asker(&self) -> Result<Asker, Error> {
        Asker::with_credential(&self.app.service, &self.principal, &self.sender)
    }

    /// A write that is done once for each key, answered with the view of what it made; or what was answered under
    /// the key before. The API's answers stand under keys of its own: it words them otherwise.
    pub(crate) async fn once<T: 'static, V: Serialize + 'static>(
        &self,
        operation: &'static Operation,
        key: Option<&str>,
        asked: &[u8],
        view: fn(&T) -> V,
    ) -> Result<Result<Once<T>, Value>, ToolError> {
        let write = move |made: &T| envelope::write(&view(made));
        let Some(key) = key else { return Ok(Ok(Once::new(None, write))) };
        let key = IdempotencyKey::parse(key.as_bytes())
            .map_err(|error| ToolError::Arguments(format!("The idempotencyKey {error}.")))?;
        let asked = [b"tool ".as_slice(), asked].concat();
        let service = &self.app.service;
        match idempotency::reserve(service, &self.principal, operation, &key, &asked).await? {
            Reserved::New(reservation) => Ok(Ok(Once::new(Some(reservation), write))),
            Reserved::Done(answer) => {
                Ok(Err(serde_json::from_slice(&answer.bytes).unwrap_or_default()))
            }
        }
    }
}

/// Why a tool gives no result.
#[derive(Debug)]
pub(crate) enum ToolError {
    /// The arguments are not what its schema describes: a fault of the client, told by JSON-RPC.
    Arguments(String),
    /// It was not done, and the model that called it can do something about that: a result that says
    /// what.
    Refused(String),
    /// The same, for want of a plan or of credits: whoever looks after that must do something.
    Barred(ApiError),
    /// The access token does not reach it. No model can do something about that; a client can ask the
    /// person for more, and does when the whole request is refused with a challenge.
    TooNarrow(ApiError),
    /// The server failed: the whole request does.
    Failed(ApiError),
}

impl From<Error> for ToolError {
    fn from(error: Error) -> Self {
        match error {
            Error::WorkspaceNotFound => Self::Refused(
                "You have no such workspace. Leave workspaceId out for the personal one, \
                 or ask the person for the id of another."
                    .to_owned(),
            ),
            Error::PersonalOutOfReach => Self::Refused(
                "What you came with does not reach the personal workspace. Give workspaceId, the id of one \
                 that it reaches; the person can tell it."
                    .to_owned(),
            ),
            Error::BrandNotFound => {
                Self::Refused("You have no such brand. bloom_list_brands lists yours.".to_owned())
            }
            error @ (Error::InvalidUrl(_)
            | Error::InvalidLogo(_)
            | Error::InvalidCursor
            | Error::TooManyWaiting { .. }
            | Error::BrandNotReady
            | Error::BrandLacksLogo
            | Error::ImageNotFound
            | Error::ReferenceNotFound
            | Error::IdempotencyInProgress { .. }
            | Error::IdempotencyKeyReused) => {
                Self::Refused(ApiError::from(error).message().to_owned())
            }
            Error::PlanUpgradeRequired
            | Error::FeatureNotEntitled(_)
            | Error::PaymentRequired
            | Error::InsufficientCredits { .. }
            | Error::CreditsOwed { .. }
            | Error::OverBudget { .. } => Self::Barred(error.into()),
            other => Self::Failed(other.into()),
        }
    }
}

/// What the API has words for.
impl From<ApiError> for ToolError {
    fn from(error: ApiError) -> Self {
        match error.code().status() {
            status if status.is_client_error() => Self::Refused(error.message().to_owned()),
            _ => Self::Failed(error),
        }
    }
}

/// Reads the arguments of a call.
pub(crate) fn arguments<T: DeserializeOwned>(arguments: JsonObject) -> Result<T, ToolError> {
    serde_json::from_value(Value::Object(arguments)).map_err(|error| {
        ToolError::Arguments(format!("The arguments do not fit the inputSchema: {error}."))
    })
}

/// The result of a call.
pub(crate) fn result<T: Serialize>(view: &T) -> Result<Value, ToolError> {
    serde_json::to_value(view)
        .map_err(|error| ToolError::Failed(Error::Internal(error.to_string()).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Operations that no tool stands for: no model is handed the keys.
    const WITHOUT_TOOL: [&str; 9] = [
        "apiKeys.create",
        "apiKeys.get",
        "apiKeys.import",
        "apiKeys.list",
        "apiKeys.revoke",
        "apiKeys.revokeSelf",
        "apiKeys.rotate",
        "apiKeys.verify",
        "workspaces.list",
    ];

    #[test]
    fn every_operation_has_a_tool_or_is_left_out_on_purpose() {
        let behind = ALL.iter().flat_map(|tool| tool.operations).map(|operation| operation.id);
        let mut named: Vec<_> = behind.chain(WITHOUT_TOOL).collect();
        let mut known: Vec<_> = operations::ALL.iter().map(|operation| operation.id).collect();
        named.sort_unstable();
        named.dedup();
        known.sort_unstable();
        assert_eq!(named, known);
        assert!(ALL.iter().all(|tool| !tool.operations.is_empty()));
    }

    #[test]
    fn names_differ_and_schemas_are_of_objects() {
        for tool in &ALL {
            assert!(tool.name.starts_with("bloom_"), "{}", tool.name);
            assert!(std::ptr::eq(find(tool.name).unwrap(), tool), "{}", tool.name);
            assert_eq!((tool.input)()["type"], "object", "{}", tool.name);
            assert_eq!((tool.output)()["type"], "object", "{}", tool.name);
        }
    }
}
