//! Every operation of the API: its id, the scope it needs and what it does.
//!
//! This is the one list. The endpoint table gives each operation its route and schemas; tests hold
//! the tables together, so an operation cannot be added to one of them alone.

use bloom_domain::access::BloomScope;

/// What an operation does to the person's things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing changes.
    Read,
    /// Something is made or paid for, so that doing it twice is not doing it once.
    Create,
    /// Something changes; the second time nothing more does.
    Change,
}

/// An operation of the API.
#[derive(Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its name on every face: OpenAPI's `operationId`.
    pub id: &'static str,
    /// The scope that a narrowed credential needs; `None` for what any credential may do.
    pub scope: Option<BloomScope>,
    /// What it does.
    pub effect: Effect,
    /// Whether it is asked without a credential: something else in the request lets it.
    pub is_open: bool,
}

impl Operation {
    const fn new(id: &'static str, scope: BloomScope, effect: Effect) -> Self {
        Self { id, scope: Some(scope), effect, is_open: false }
    }
}

/// `GET /account`: who the credential acts for.
pub static ACCOUNT_GET: Operation = Operation::new("account.get", BloomScope::Read, Effect::Read);
/// `POST /api-keys`: makes a key.
pub static API_KEYS_CREATE: Operation =
    Operation::new("apiKeys.create", BloomScope::KeysAdmin, Effect::Create);
/// `GET /api-keys/{id}`: one key.
pub static API_KEYS_GET: Operation =
    Operation::new("apiKeys.get", BloomScope::KeysAdmin, Effect::Read);
/// `POST /api-keys/import`: takes over keys that another system made.
pub static API_KEYS_IMPORT: Operation =
    Operation::new("apiKeys.import", BloomScope::KeysAdmin, Effect::Create);
/// `GET /api-keys`: the person's keys.
pub static API_KEYS_LIST: Operation =
    Operation::new("apiKeys.list", BloomScope::KeysAdmin, Effect::Read);
/// `POST /api-keys/{id}/revoke`: ends a key.
pub static API_KEYS_REVOKE: Operation =
    Operation::new("apiKeys.revoke", BloomScope::KeysAdmin, Effect::Change);
/// `POST /api-keys/self/revoke`: a key ends itself.
pub static API_KEYS_REVOKE_SELF: Operation =
    Operation { id: "apiKeys.revokeSelf", scope: None, effect: Effect::Change, is_open: false };
/// `POST /api-keys/{id}/rotate`: gives a key another secret.
pub static API_KEYS_ROTATE: Operation =
    Operation::new("apiKeys.rotate", BloomScope::KeysAdmin, Effect::Create);
/// `POST /api-keys/verify`: whether a text is a good key of the person, and what it may do.
pub static API_KEYS_VERIFY: Operation =
    Operation::new("apiKeys.verify", BloomScope::KeysAdmin, Effect::Read);
/// `POST /brands`: makes a brand, to be read from its page.
pub static BRANDS_CREATE: Operation =
    Operation::new("brands.create", BloomScope::Write, Effect::Create);
/// `DELETE /brands/{id}`: deletes a brand.
pub static BRANDS_DELETE: Operation =
    Operation::new("brands.delete", BloomScope::Write, Effect::Change);
/// `GET /brands/{id}`: a brand.
pub static BRANDS_GET: Operation = Operation::new("brands.get", BloomScope::Read, Effect::Read);
/// `GET /brands`: the brands within reach.
pub static BRANDS_LIST: Operation = Operation::new("brands.list", BloomScope::Read, Effect::Read);
/// `PUT /brands/{id}/logo`: chooses the logo at a URL.
pub static BRANDS_UPDATE_LOGO: Operation =
    Operation::new("brands.updateLogo", BloomScope::Write, Effect::Change);
/// `PUT /brands/{id}/logo/file`: chooses a file as the logo.
pub static BRANDS_UPLOAD_LOGO_FILE: Operation =
    Operation::new("brands.uploadLogoFile", BloomScope::Write, Effect::Change);
/// `PUT /brands/{id}/logo/file/signed/{token}`: the same for whoever holds a token for that.
pub static BRANDS_UPLOAD_LOGO_FILE_SIGNED: Operation = Operation {
    id: "brands.uploadLogoFileSigned",
    scope: None,
    effect: Effect::Change,
    is_open: true,
};
/// `GET /credits`: what can be spent.
pub static CREDITS_GET: Operation = Operation::new("credits.get", BloomScope::Read, Effect::Read);
/// `DELETE /images/{id}`: deletes an image.
pub static IMAGES_DELETE: Operation =
    Operation::new("images.delete", BloomScope::Write, Effect::Change);
/// `DELETE /images`: deletes images.
pub static IMAGES_DELETE_MANY: Operation =
    Operation::new("images.deleteMany", BloomScope::Write, Effect::Change);
/// `POST /images/{id}/edit`: asks for an image changed.
pub static IMAGES_EDIT: Operation =
    Operation::new("images.edit", BloomScope::Generate, Effect::Create);
/// `POST /images/generations`: asks for images.
pub static IMAGES_GENERATE: Operation =
    Operation::new("images.generate", BloomScope::Generate, Effect::Create);
/// `GET /images/{id}`: one image.
pub static IMAGES_GET: Operation = Operation::new("images.get", BloomScope::Read, Effect::Read);
/// `GET /images`: the images within reach.
pub static IMAGES_LIST: Operation = Operation::new("images.list", BloomScope::Read, Effect::Read);
/// `POST /images/{id}/remove-background`: asks for an image without its background.
pub static IMAGES_REMOVE_BACKGROUND: Operation =
    Operation::new("images.removeBackground", BloomScope::Generate, Effect::Create);
/// `POST /images/{id}/resize`: asks for an image in another ratio.
pub static IMAGES_RESIZE: Operation =
    Operation::new("images.resize", BloomScope::Generate, Effect::Create);
/// `POST /images/search`: finds images by words and by what they mean.
pub static IMAGES_SEARCH: Operation =
    Operation::new("images.search", BloomScope::Read, Effect::Read);
/// `POST /images/uploads`: keeps the image at a URL. The same file is kept once.
pub static IMAGES_UPLOAD: Operation =
    Operation::new("images.upload", BloomScope::Write, Effect::Create);
/// `POST /images/uploads/file`: keeps a file. The same file is kept once.
pub static IMAGES_UPLOAD_FILE: Operation =
    Operation::new("images.uploadFile", BloomScope::Write, Effect::Create);
/// `POST /images/uploads/file/signed/{token}`: the same for whoever holds a token for that.
pub static IMAGES_UPLOAD_FILE_SIGNED: Operation =
    Operation { id: "images.uploadFileSigned", scope: None, effect: Effect::Change, is_open: true };
/// `POST /images/{id}/vectorize`: asks for an image as paths.
pub static IMAGES_VECTORIZE: Operation =
    Operation::new("images.vectorize", BloomScope::Generate, Effect::Create);
/// `GET /workspaces`: where the person belongs.
pub static WORKSPACES_LIST: Operation =
    Operation::new("workspaces.list", BloomScope::Read, Effect::Read);

/// All of them.
pub static ALL: [&Operation; 31] = [
    &ACCOUNT_GET,
    &API_KEYS_CREATE,
    &API_KEYS_GET,
    &API_KEYS_IMPORT,
    &API_KEYS_LIST,
    &API_KEYS_REVOKE,
    &API_KEYS_REVOKE_SELF,
    &API_KEYS_ROTATE,
    &API_KEYS_VERIFY,
    &BRANDS_CREATE,
    &BRANDS_DELETE,
    &BRANDS_GET,
    &BRANDS_LIST,
    &BRANDS_UPDATE_LOGO,
    &BRANDS_UPLOAD_LOGO_FILE,
    &BRANDS_UPLOAD_LOGO_FILE_SIGNED,
    &CREDITS_GET,
    &IMAGES_DELETE,
    &IMAGES_DELETE_MANY,
    &IMAGES_EDIT,
    &IMAGES_GENERATE,
    &IMAGES_GET,
    &IMAGES_LIST,
    &IMAGES_REMOVE_BACKGROUND,
    &IMAGES_RESIZE,
    &IMAGES_SEARCH,
    &IMAGES_UPLOAD,
    &IMAGES_UPLOAD_FILE,
    &IMAGES_UPLOAD_FILE_SIGNED,
    &IMAGES_VECTORIZE,
    &WORKSPACES_LIST,
];
