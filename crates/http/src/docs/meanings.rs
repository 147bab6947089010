//! What each error code means and what to do about it, for whoever reads about it before it happens. The message
//! of an error says it of the request at hand.

use bloom_service::operations::Operation;

pub(super) use crate::api::errors::ErrorCode;

use crate::api::endpoints;

/// Codes that no operation answers: they are about paths and methods, or the MCP server's own.
const OF_NO_OPERATION: [ErrorCode; 3] =
    [ErrorCode::NotFound, ErrorCode::MethodNotAllowed, ErrorCode::NotAcceptable];

/// Every code, by status, and in the order of the contract among those with one status.
pub(super) fn all() -> Vec<ErrorCode> {
    let mut all = OF_NO_OPERATION.to_vec();
    for code in endpoints::all().flat_map(|endpoint| endpoint.errors()) {
        if !all.contains(&code) {
            all.push(code);
        }
    }
    all.sort_by_key(|code| (code.status().as_u16(), *code as usize));
    all
}

/// The codes that an operation answers, by status.
pub(super) fn of_operation(operation: &Operation) -> Vec<ErrorCode> {
    let found = endpoints::all().find(|endpoint| endpoint.operation == operation);
    let mut codes = found.map(|endpoint| endpoint.errors()).unwrap_or_default();
    codes.sort_by_key(|code| (code.status().as_u16(), *code as usize));
    codes
}

/// What a code means, and what to do.
pub(super) fn of(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::BadRequest => {
            "A header, the query or the body has another form than the operation takes. The message names the part."
        }
        ErrorCode::InvalidUrl => "Send an absolute http or https URL.",
        ErrorCode::InvalidLogo => {
            "The file is no image that is read here, shows nothing, or is larger than 5 MiB."
        }
        ErrorCode::InvalidCursor => {
            "Send `nextCursor` as it was, with the same filters, or leave it out to begin anew."
        }
        ErrorCode::SessionMissingBrandImage => "The brand has no logo yet. Bring one.",
        ErrorCode::ReferenceLimitExceeded => "Refer to fewer images: 10, or 9 for an edit.",
        ErrorCode::EditSubjectNotCompleted | ErrorCode::ImageNotCompleted => {
            "The image is not there yet, or failed. Wait for it with `wait=true`."
        }
        ErrorCode::EditSubjectNoStoragePath => "The image has no file. Take another.",
        ErrorCode::ImageNotResizable => "No other ratio can be made of this image.",
        ErrorCode::ImageNotRemovableBackground => "This image has no background to remove.",
        ErrorCode::ImageNotVectorizable => "No paths can be made of this image.",
        ErrorCode::ImageTooSmall => "The image has too few pixels for this.",
        ErrorCode::SameAspectRatio => "The image has this ratio already.",
        ErrorCode::DownloadFailed => {
            "The file could not be fetched. Look whether the URL opens without a sign-in."
        }
        ErrorCode::UnsupportedFormat => "Send a PNG, JPEG, WebP, GIF or SVG.",
        ErrorCode::FileTooLarge => "Send a file of at most 20 MiB and 50 million pixels.",
        ErrorCode::Unauthorized => {
            "No credential, or not a good one, or one that has ended. `WWW-Authenticate` and the message say which."
        }
        ErrorCode::InvalidUploadToken => {
            "The address is unknown, used or older than 15 minutes. Ask for another."
        }
        ErrorCode::PaymentRequired => {
            "The plan of the workspace that pays is paused. `error.data.action_url` is where that is changed."
        }
        ErrorCode::InsufficientCredits => {
            "Too few credits, credits owed, or a budget that leaves too little. `error.data.action_url` leads to the page where a person sees what there is: the plan's, or that of the budget, which they can change there."
        }
        ErrorCode::AccountBanned => "The account is suspended. Ask whoever runs this server.",
        ErrorCode::Forbidden => {
            "The credential may not do this. `WWW-Authenticate` names the scopes to ask for; without it, the message says what else is in the way."
        }
        ErrorCode::FeatureNotEntitled => "The plan does not include this, such as 4K images.",
        ErrorCode::NotFound => "There is no such path. Look at the reference.",
        ErrorCode::WorkspaceNotFound => {
            "You have no such workspace, or this credential does not reach it."
        }
        ErrorCode::ApiKeyNotFound => "You have no such API key.",
        ErrorCode::BrandNotFound | ErrorCode::BrandUnknown | ErrorCode::SessionNotFound => {
            "You have no such brand."
        }
        ErrorCode::ImageNotFound | ErrorCode::EditSubjectNotFound => "You have no such image.",
        ErrorCode::ReferenceImageNotFound => {
            "You have no such image among those that are referred to, or it is not there yet."
        }
        ErrorCode::MethodNotAllowed => "The path takes other methods: those in `Allow`.",
        ErrorCode::NotAcceptable => {
            "`Accept` names neither what is answered nor everything. Of the MCP server only."
        }
        ErrorCode::BrandNotReady => {
            "The brand's page is still being read, or could not be. Wait for it with `wait=true`."
        }
        ErrorCode::IdempotencyInProgress => {
            "The first request with this `Idempotency-Key` is being worked on. Ask again after `Retry-After` seconds."
        }
        ErrorCode::ApiKeyLimitReached => {
            "The account has as many working keys, or kinds of imported keys, as it may have. Revoke one first."
        }
        ErrorCode::ApiKeyExists => {
            "A key that is to be imported is known already. The message says which."
        }
        ErrorCode::ApiKeyEnded => "The key is revoked or has expired. Make another.",
        ErrorCode::PayloadTooLarge => "The body is too large.",
        ErrorCode::UnsupportedMediaType => {
            "Send `application/json`, or `multipart/form-data` where there is a file."
        }
        ErrorCode::IdempotencyKeyReused => {
            "The `Idempotency-Key` was sent with another request, or by another credential. Send a new one."
        }
        ErrorCode::TooManyRequests => "Wait `Retry-After` seconds. One retry is enough.",
        ErrorCode::InternalServerError | ErrorCode::InternalError => {
            "A defect. Whoever runs this server finds its cause under the `x-request-id` of the answer."
        }
        ErrorCode::ServiceUnavailable => {
            "The server is busy or stopping. Nothing was done: try again after `Retry-After` seconds."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_meaning_is_a_sentence_for_a_table() {
        for code in all() {
            let meaning = of(code);
            assert!(meaning.ends_with('.') && !meaning.contains(['|', '\n', '<']), "{meaning}");
        }
    }
}
