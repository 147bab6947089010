//! The part of the endpoint table that is about brands.

use axum::routing::{MethodFilter, on};
use bloom_service::operations;
use http::StatusCode;

use super::super::admission::{route, route_with};
use super::super::endpoints::{
    Body, CURSOR, Endpoint, Form, IN_WORKSPACE, LIMIT, Parameter, Place, TIMEOUT, WAIT, schema,
};
use super::super::errors::ErrorCode;
use super::{
    BeginningView, BrandView, BrandsView, Create, DeletedBrandView, UpdateLogo, create, delete,
    get, list, update_logo, upload_logo, upload_logo_signed,
};

const ID: Parameter =
    Parameter { name: "id", place: Place::Path, description: "The brand's id.", form: Form::Uuid };

const TOKEN: Parameter = Parameter {
    name: "token",
    place: Place::Path,
    description: "What lets whoever has it upload one logo, within 15 minutes.",
    form: Form::Uuid,
};

/// What a logo may be sent as.
const LOGOS: &[&str] =
    &["image/png", "image/jpeg", "image/webp", "image/svg+xml", "image/avif", "image/gif"];

/// All of them.
pub(in crate::api) fn all() -> [Endpoint; 7] {
    let [list, create, get, delete] = themselves();
    let [update, upload, upload_signed] = logos();
    [list, create, get, delete, update, upload, upload_signed]
}

fn themselves() -> [Endpoint; 4] {
    [
        Endpoint {
            operation: &operations::BRANDS_LIST,
            method: "get",
            path: "/brands",
            summary: "The brands within reach, the newest first.",
            parameters: &[IN_WORKSPACE, LIMIT, CURSOR],
            body: None,
            status: StatusCode::OK,
            errors: &[ErrorCode::InvalidCursor, ErrorCode::WorkspaceNotFound],
            data: schema::<BrandsView>,
            route: || route(MethodFilter::GET, &operations::BRANDS_LIST, list),
        },
        Endpoint {
            operation: &operations::BRANDS_CREATE,
            method: "post",
            path: "/brands",
            summary: "Makes a brand, which is then read from its page. Costs nothing.",
            parameters: &[],
            body: Some(Body::Json(schema::<Create>)),
            status: StatusCode::ACCEPTED,
            errors: &[
                ErrorCode::InvalidUrl,
                ErrorCode::WorkspaceNotFound,
                ErrorCode::InternalError,
            ],
            data: schema::<BeginningView>,
            route: || route_with(MethodFilter::POST, &operations::BRANDS_CREATE, create),
        },
        Endpoint {
            operation: &operations::BRANDS_GET,
            method: "get",
            path: "/brands/{id}",
            summary: "A brand, with everything that is known of it; waits until it has been read, if asked to.",
            parameters: &[ID, WAIT, TIMEOUT],
            body: None,
            status: StatusCode::OK,
            errors: &[ErrorCode::BrandNotFound],
            data: schema::<BrandView>,
            route: || route(MethodFilter::GET, &operations::BRANDS_GET, get),
        },
        Endpoint {
            operation: &operations::BRANDS_DELETE,
            method: "delete",
            path: "/brands/{id}",
            summary: "Deletes a brand for good.",
            parameters: &[ID],
            body: Some(Body::Ignored),
            status: StatusCode::OK,
            errors: &[ErrorCode::BrandNotFound],
            data: schema::<DeletedBrandView>,
            route: || route(MethodFilter::DELETE, &operations::BRANDS_DELETE, delete),
        },
    ]
}

fn logos() -> [Endpoint; 3] {
    [
        Endpoint {
            operation: &operations::BRANDS_UPDATE_LOGO,
            method: "put",
            path: "/brands/{id}/logo",
            summary: "Chooses the logo at a URL. It is fetched afterwards; what is wrong with it then stands \
                      in logoError.",
            parameters: &[ID],
            body: Some(Body::Json(schema::<UpdateLogo>)),
            status: StatusCode::ACCEPTED,
            errors: &[ErrorCode::InvalidLogo, ErrorCode::BrandNotFound],
            data: schema::<BeginningView>,
            route: || route_with(MethodFilter::PUT, &operations::BRANDS_UPDATE_LOGO, update_logo),
        },
        Endpoint {
            operation: &operations::BRANDS_UPLOAD_LOGO_FILE,
            method: "put",
            path: "/brands/{id}/logo/file",
            summary: "Chooses a file as the logo.",
            parameters: &[ID],
            body: Some(Body::File(LOGOS)),
            status: StatusCode::ACCEPTED,
            errors: &[ErrorCode::InvalidLogo, ErrorCode::BrandNotFound],
            data: schema::<BeginningView>,
            route: || route(MethodFilter::PUT, &operations::BRANDS_UPLOAD_LOGO_FILE, upload_logo),
        },
        Endpoint {
            operation: &operations::BRANDS_UPLOAD_LOGO_FILE_SIGNED,
            method: "put",
            path: "/brands/{id}/logo/file/signed/{token}",
            summary: "Chooses a file as the logo, for whoever has a token for that and no credential.",
            parameters: &[ID, TOKEN],
            body: Some(Body::File(LOGOS)),
            status: StatusCode::ACCEPTED,
            errors: &[
                ErrorCode::InvalidLogo,
                ErrorCode::InvalidUploadToken,
                ErrorCode::BrandNotFound,
            ],
            data: schema::<BeginningView>,
            route: || on(MethodFilter::PUT, upload_logo_signed),
        },
    ]
}
