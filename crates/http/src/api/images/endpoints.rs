//! The endpoints of images.

use axum::routing::{MethodFilter, on};
use bloom_domain::images::{ActionType, Source, Status};
use bloom_service::operations;
use http::StatusCode;

use super::super::admission::{route, route_with};
use super::super::endpoints::{
    Body, CURSOR, Endpoint, Form, IN_WORKSPACE, LIMIT, Parameter, Place, TIMEOUT, WAIT, schema,
};
use super::super::errors::ErrorCode;
use super::{
    AskedView, DeletedCountView, DeletedView, Generate, ImageView, ImagesView, changes as remaking,
    delete, delete_many, generate, get, list, search as finding, uploads as bringing,
};

const ID: Parameter =
    Parameter { name: "id", place: Place::Path, description: "The image's id.", form: Form::Uuid };

const TOKEN: Parameter = Parameter {
    name: "token",
    place: Place::Path,
    description: "What lets whoever has it upload one image, within 15 minutes.",
    form: Form::Uuid,
};

/// What an image may be sent as.
const FILES: &[&str] =
    &["image/png", "image/jpeg", "image/webp", "image/avif", "image/gif", "image/svg+xml"];

const IDS: Parameter = Parameter {
    name: "ids",
    place: Place::Query,
    description: "Ids of images, at most 100, with commas between.",
    form: Form::Text(0, None),
};

const LISTED: [Parameter; 11] = [
    IDS,
    IN_WORKSPACE,
    Parameter {
        name: "brandSessionId",
        place: Place::Query,
        description: "Only those of this brand.",
        form: Form::Uuid,
    },
    LIMIT,
    CURSOR,
    Parameter {
        name: "source",
        place: Place::Query,
        description: "Only those from one source.",
        form: Form::Words(|| Source::ALL.iter().map(|one| one.as_str()).collect()),
    },
    Parameter {
        name: "status",
        place: Place::Query,
        description: "Only those that are so far.",
        form: Form::Words(|| Status::ALL.iter().map(|one| one.as_str()).collect()),
    },
    Parameter {
        name: "actionType",
        place: Place::Query,
        description: "Only those that were made so.",
        form: Form::Words(|| ActionType::ALL.iter().map(|one| one.as_str()).collect()),
    },
    Parameter {
        name: "includeUrls",
        place: Place::Query,
        description: "Whether each image comes with its URL; it does when this is left out.",
        form: Form::OpenFlag,
    },
    WAIT,
    TIMEOUT,
];

/// All of them.
pub(in crate::api) fn all() -> impl Iterator<Item = Endpoint> {
    library().into_iter().chain(changes()).chain(uploads()).chain([search()])
}

fn library() -> [Endpoint; 5] {
    [
        Endpoint {
            operation: &operations::IMAGES_LIST,
            method: "get",
            path: "/images",
            summary: "The images within reach, the newest first; or those that ids names, in that order.",
            parameters: &LISTED,
            body: None,
            status: StatusCode::OK,
            errors: &[
                ErrorCode::InvalidCursor,
                ErrorCode::WorkspaceNotFound,
                ErrorCode::BrandUnknown,
            ],
            data: schema::<ImagesView>,
            route: || route(MethodFilter::GET, &operations::IMAGES_LIST, list),
        },
        Endpoint {
            operation: &operations::IMAGES_DELETE_MANY,
            method: "delete",
            path: "/images",
            summary: "Deletes images for good; those that are not there are not counted.",
            parameters: &[Parameter { place: Place::NeededQuery, ..IDS }],
            body: None,
            status: StatusCode::OK,
            errors: &[],
            data: schema::<DeletedCountView>,
            route: || route(MethodFilter::DELETE, &operations::IMAGES_DELETE_MANY, delete_many),
        },
        Endpoint {
            operation: &operations::IMAGES_GET,
            method: "get",
            path: "/images/{id}",
            summary: "An image.",
            parameters: &[ID, WAIT, TIMEOUT],
            body: None,
            status: StatusCode::OK,
            errors: &[ErrorCode::ImageNotFound],
            data: schema::<ImageView>,
            route: || route(MethodFilter::GET, &operations::IMAGES_GET, get),
        },
        Endpoint {
            operation: &operations::IMAGES_DELETE,
            method: "delete",
            path: "/images/{id}",
            summary: "Deletes an image for good, with its URL; one that is being made costs nothing then.",
            parameters: &[ID],
            body: Some(Body::Ignored),
            status: StatusCode::OK,
            errors: &[ErrorCode::ImageNotFound],
            data: schema::<DeletedView>,
            route: || route(MethodFilter::DELETE, &operations::IMAGES_DELETE, delete),
        },
        Endpoint {
            operation: &operations::IMAGES_GENERATE,
            method: "post",
            path: "/images/generations",
            summary: "Asks for images of a brand; each costs what it costs once it is there, and nothing if it fails.",
            parameters: &[],
            body: Some(Body::Json(schema::<Generate>)),
            status: StatusCode::ACCEPTED,
            errors: &[
                ErrorCode::SessionMissingBrandImage,
                ErrorCode::ReferenceLimitExceeded,
                ErrorCode::InsufficientCredits,
                ErrorCode::PaymentRequired,
                ErrorCode::FeatureNotEntitled,
                ErrorCode::ReferenceImageNotFound,
                ErrorCode::BrandNotReady,
                ErrorCode::BrandUnknown,
            ],
            data: schema::<AskedView>,
            route: || route_with(MethodFilter::POST, &operations::IMAGES_GENERATE, generate),
        },
    ]
}

fn changes() -> [Endpoint; 4] {
    [
        Endpoint {
            operation: &operations::IMAGES_EDIT,
            method: "post",
            path: "/images/{id}/edit",
            summary: "Asks for an image changed as a prompt says; the other one stays.",
            parameters: &[ID],
            body: Some(Body::Json(schema::<remaking::Edit>)),
            status: StatusCode::ACCEPTED,
            errors: &[
                ErrorCode::EditSubjectNotCompleted,
                ErrorCode::EditSubjectNoStoragePath,
                ErrorCode::SessionMissingBrandImage,
                ErrorCode::ReferenceLimitExceeded,
                ErrorCode::InsufficientCredits,
                ErrorCode::PaymentRequired,
                ErrorCode::FeatureNotEntitled,
                ErrorCode::EditSubjectNotFound,
                ErrorCode::ReferenceImageNotFound,
                ErrorCode::BrandNotReady,
                ErrorCode::BrandUnknown,
            ],
            data: schema::<remaking::AskedOneView>,
            route: || route_with(MethodFilter::POST, &operations::IMAGES_EDIT, remaking::edit),
        },
        Endpoint {
            operation: &operations::IMAGES_RESIZE,
            method: "post",
            path: "/images/{id}/resize",
            summary: "Asks for an image in another ratio; the other one stays.",
            parameters: &[ID],
            body: Some(Body::Json(schema::<remaking::Resize>)),
            status: StatusCode::ACCEPTED,
            errors: &[
                ErrorCode::ImageNotCompleted,
                ErrorCode::ImageNotResizable,
                ErrorCode::SameAspectRatio,
                ErrorCode::InsufficientCredits,
                ErrorCode::PaymentRequired,
                ErrorCode::ImageNotFound,
                ErrorCode::SessionNotFound,
            ],
            data: schema::<remaking::AskedOneView>,
            route: || route_with(MethodFilter::POST, &operations::IMAGES_RESIZE, remaking::resize),
        },
        Endpoint {
            operation: &operations::IMAGES_REMOVE_BACKGROUND,
            method: "post",
            path: "/images/{id}/remove-background",
            summary: "Asks for an image without its background, where that is plain or was composed here; the other one stays.",
            parameters: &[ID],
            body: Some(Body::Json(schema::<remaking::Remake>)),
            status: StatusCode::ACCEPTED,
            errors: &[
                ErrorCode::ImageNotCompleted,
                ErrorCode::ImageNotRemovableBackground,
                ErrorCode::InsufficientCredits,
                ErrorCode::PaymentRequired,
                ErrorCode::ImageNotFound,
                ErrorCode::SessionNotFound,
            ],
            data: schema::<remaking::AskedOneView>,
            route: || {
                let operation = &operations::IMAGES_REMOVE_BACKGROUND;
                route_with(MethodFilter::POST, operation, remaking::remove_background)
            },
        },
        Endpoint {
            operation: &operations::IMAGES_VECTORIZE,
            method: "post",
            path: "/images/{id}/vectorize",
            summary: "Asks for an image as paths, in SVG; the other one stays.",
            parameters: &[ID],
            body: Some(Body::Json(schema::<remaking::Remake>)),
            status: StatusCode::ACCEPTED,
            errors: &[
                ErrorCode::ImageNotCompleted,
                ErrorCode::ImageNotVectorizable,
                ErrorCode::ImageTooSmall,
                ErrorCode::InsufficientCredits,
                ErrorCode::PaymentRequired,
                ErrorCode::ImageNotFound,
                ErrorCode::SessionNotFound,
            ],
            data: schema::<remaking::AskedOneView>,
            route: || {
                let operation = &operations::IMAGES_VECTORIZE;
                route_with(MethodFilter::POST, operation, remaking::vectorize)
            },
        },
    ]
}

fn uploads() -> [Endpoint; 3] {
    [
        Endpoint {
            operation: &operations::IMAGES_UPLOAD,
            method: "post",
            path: "/images/uploads",
            summary: "Brings the image at a URL; the same file of a brand is kept once.",
            parameters: &[],
            body: Some(Body::Json(schema::<bringing::Upload>)),
            status: StatusCode::OK,
            errors: &[
                ErrorCode::InvalidUrl,
                ErrorCode::DownloadFailed,
                ErrorCode::UnsupportedFormat,
                ErrorCode::FileTooLarge,
                ErrorCode::BrandNotFound,
            ],
            data: schema::<bringing::UploadedView>,
            route: || route_with(MethodFilter::POST, &operations::IMAGES_UPLOAD, bringing::upload),
        },
        Endpoint {
            operation: &operations::IMAGES_UPLOAD_FILE,
            method: "post",
            path: "/images/uploads/file",
            summary: "Brings an image as a file; the same file of a brand is kept once.",
            parameters: &[],
            body: Some(Body::FileOfBrand(FILES)),
            status: StatusCode::OK,
            errors: &[
                ErrorCode::UnsupportedFormat,
                ErrorCode::FileTooLarge,
                ErrorCode::BrandUnknown,
            ],
            data: schema::<bringing::UploadedView>,
            route: || {
                route(MethodFilter::POST, &operations::IMAGES_UPLOAD_FILE, bringing::upload_file)
            },
        },
        Endpoint {
            operation: &operations::IMAGES_UPLOAD_FILE_SIGNED,
            method: "post",
            path: "/images/uploads/file/signed/{token}",
            summary: "Brings an image as a file, for whoever has a token for that and no credential.",
            parameters: &[TOKEN],
            body: Some(Body::File(FILES)),
            status: StatusCode::OK,
            errors: &[
                ErrorCode::UnsupportedFormat,
                ErrorCode::FileTooLarge,
                ErrorCode::InvalidUploadToken,
            ],
            data: schema::<bringing::UploadedView>,
            route: || on(MethodFilter::POST, bringing::upload_file_signed),
        },
    ]
}

fn search() -> Endpoint {
    Endpoint {
        operation: &operations::IMAGES_SEARCH,
        method: "post",
        path: "/images/search",
        summary: "Finds images of a brand by words and by what they mean, the nearest first.",
        parameters: &[],
        body: Some(Body::Json(schema::<finding::Search>)),
        status: StatusCode::OK,
        errors: &[ErrorCode::InvalidCursor, ErrorCode::BrandUnknown],
        data: schema::<finding::FoundView>,
        route: || route_with(MethodFilter::POST, &operations::IMAGES_SEARCH, finding::search),
    }
}
