//! The whole HTTP surface on one page. No logic here.

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;
use crate::{api, billing, docs, downloads, health, leaks, logos, mcp, oauth, pages};

/// The paths whose next segment is a secret.
const SECRET: [&str; 8] = [
    "/setup/",
    "/sign-up/",
    "/invitations/",
    "/logos/",
    "/img/",
    "/verify-email/",
    "/change-email/",
    "/reset-password/",
];
/// What stands before a secret further down a path.
const SIGNED: &str = "/signed/";

/// Every path this server answers.
pub(crate) fn build(app: App) -> Router {
    let routes = Router::new()
        .route("/", get(pages::home::show))
        .route("/sign-up", get(pages::sign_up::show).post(pages::sign_up::submit))
        .route(
            "/sign-up/{token}",
            get(pages::sign_up_links::show).post(pages::sign_up_links::submit),
        )
        .route("/setup/{token}", get(pages::setup::show).post(pages::setup::submit))
        .route("/sign-in", get(pages::sign_in::show).post(pages::sign_in::submit))
        .route("/sign-out", post(pages::sign_out::submit))
        .route(oauth::AUTHORIZE, get(pages::authorize::begin).post(pages::authorize::forward))
        .route(oauth::END_SESSION, get(pages::end_session::show).post(pages::end_session::forward))
        .route("/authorize", get(pages::authorize::show).post(pages::authorize::submit))
        .route("/settings", get(pages::settings::show))
        .route("/mcp", get(pages::settings::go_to_keys))
        .route("/developers", get(pages::settings::go_to_keys))
        .route("/settings/api-keys", get(pages::settings::go_to_keys).post(pages::api_keys::create))
        .route(pages::which_key::PATH, get(pages::which_key::show).post(pages::which_key::submit))
        .route(
            pages::env_file::PATH,
            get(pages::settings::go_to_keys).post(pages::env_file::submit),
        )
        .route("/settings/api-keys/{id}", get(pages::key::show))
        .route(
            "/settings/api-keys/{id}/options",
            get(pages::settings::go_to_keys).post(pages::key::narrow),
        )
        .route("/settings/apps/{id}/usage", get(pages::usage::show_of_app))
        .route(
            "/settings/api-keys/{id}/budget",
            get(pages::budgets::show_of_key).post(pages::budgets::set_of_key),
        )
        .route(
            "/settings/apps/{id}/budget",
            get(pages::budgets::show_of_app).post(pages::budgets::set_of_app),
        )
        .route(
            "/settings/api-keys/{id}/rotate",
            get(pages::settings::go_to_keys).post(pages::api_keys::rotate),
        )
        .route(
            "/settings/api-keys/{id}/end-overlap",
            get(pages::settings::go_to_keys).post(pages::api_keys::end_overlap),
        )
        .route(
            "/settings/api-keys/{id}/revoke",
            get(pages::revoke_key::show).post(pages::revoke_key::submit),
        )
        .route(
            "/settings/apps/{id}/revoke",
            get(pages::settings::go_to_apps).post(pages::apps::revoke),
        )
        .route(
            "/settings/workspaces",
            get(pages::workspaces::go_to_list).post(pages::workspaces::create),
        )
        .route("/settings/workspaces/{id}", get(pages::workspaces::show))
        .route("/settings/workspaces/{id}/activity", get(pages::activity::show_of_team))
        .merge(brands())
        .merge(images())
        .merge(credits())
        .merge(workspace_forms())
        .merge(developer())
        .merge(security())
        .route(
            "/invitations/{token}",
            get(pages::invitations::show).post(pages::invitations::submit),
        )
        .route("/report-key", get(pages::report_key::show).post(pages::report_key::submit))
        .route("/settings/activity", get(pages::activity::show))
        .route(docs::PATH, get(pages::docs::show))
        .route("/docs.md", get(pages::docs::show))
        .route("/docs/{*page}", get(pages::docs::show))
        .route("/assets/{name}", get(pages::asset));
    let known = pages::slashes::Pages::of(&app, routes.clone());
    let pages = routes
        .fallback(pages::not_found)
        .method_not_allowed_fallback(pages::method_not_allowed)
        .layer(axum::middleware::from_fn_with_state(app.clone(), pages::submissions::once))
        .layer(axum::middleware::from_fn_with_state(known, pages::slashes::leave_out))
        .layer(axum::middleware::from_fn_with_state(app.clone(), pages::again::keep))
        .layer(axum::middleware::from_fn_with_state(app.clone(), pages::around));
    Router::new()
        .merge(pages)
        .merge(api::routes())
        .merge(mcp::routes())
        .merge(oauth::routes(&app))
        .merge(billing::routes())
        .merge(leaks::routes())
        .merge(logos::routes())
        .merge(downloads::routes())
        .route("/healthz", get(health::show))
        .with_state(app)
}

/// What was made, and the form for another image.
fn images() -> Router<App> {
    use pages::images as forms;

    let of = |form| format!("/images/{{id}}/{form}");
    Router::new()
        .route("/images", get(forms::show).post(forms::create))
        .route("/images/{id}", get(forms::show_one))
        .route(&of("edit"), get(forms::go_to_it).post(forms::edit))
        .route(&of("resize"), get(forms::go_to_it).post(forms::resize))
        .route(&of("remove-background"), get(forms::go_to_it).post(forms::remove_background))
        .route(&of("vectorize"), get(forms::go_to_it).post(forms::vectorize))
        .route(&of("delete"), get(forms::go_to_it).post(forms::delete))
        .route(&of("restore"), get(forms::go_to_it).post(forms::restore))
}

/// Brands, and what is known of each.
fn brands() -> Router<App> {
    use pages::brands as forms;

    let of = |form| format!("/brands/{{id}}/{form}");
    Router::new()
        .route("/brands", get(forms::show).post(forms::create))
        .route("/brands/{id}", get(forms::show_one).post(forms::correct))
        .route(&of("read"), get(forms::go_to_it).post(forms::read_again))
        .route(&of("logo"), get(forms::go_to_it).post(forms::choose_logo))
        .route(&of("delete"), get(forms::go_to_it).post(forms::delete))
}

/// What became of the credits of a workspace.
fn credits() -> Router<App> {
    use pages::credits as pages;

    let of_team = "/settings/workspaces/{id}/credits";
    Router::new()
        .route("/settings/credits", get(pages::show_own))
        .route("/settings/credits/{file}", get(pages::export_own))
        .route(of_team, get(pages::show_of_team))
        .route(&format!("{of_team}/{{file}}"), get(pages::export_of_team))
}

/// The apps that a person makes themselves.
fn developer() -> Router<App> {
    use pages::developer as forms;

    let of = |form| format!("/settings/developer/{{id}}/{form}");
    Router::new()
        .route("/settings/developer", get(forms::show).post(forms::create))
        .route("/settings/developer/{id}", get(forms::show_one).post(forms::update))
        .route(&of("secret"), get(forms::go_to_it).post(forms::rotate_secret))
        .route(&of("token"), get(forms::go_to_it).post(forms::renew_management))
        .route(&of("switch"), get(forms::go_to_it).post(forms::switch))
        .route(&of("delete"), get(forms::go_to_it).post(forms::delete))
}

/// How a person signs in, and where they are.
fn security() -> Router<App> {
    use pages::{
        email, name, openid, own_data, passkeys, password, proof, reset, security,
        sign_out_everywhere,
    };

    let at = |form: &str| format!("{}/{form}", security::PATH);
    Router::new()
        .route(security::PATH, get(security::show))
        .route(proof::PATH, get(proof::show).post(proof::submit))
        .route(&at("name"), get(security::go_to_it).post(name::submit))
        .route(&at("email"), get(email::show).post(email::submit))
        .route(&at("verify-email"), get(security::go_to_it).post(email::send_verification))
        .route("/verify-email/{token}", get(email::show_verification).post(email::verify))
        .route("/change-email/{token}", get(email::show_change).post(email::change))
        .route(reset::PATH, get(reset::show).post(reset::submit))
        .route("/reset-password/{token}", get(reset::show_link).post(reset::submit_link))
        .route(&at("passkeys"), get(passkeys::show).post(passkeys::add))
        .route(&at("passkeys/{id}/remove"), get(security::go_to_it).post(passkeys::remove))
        .route(&at("confirm/passkey"), get(security::go_to_it).post(passkeys::prove))
        .route("/sign-in/passkey", get(pages::home::go_to_sign_in).post(passkeys::sign_in))
        .route(&at("openid"), get(openid::show).post(openid::begin_link))
        .route(&at("openid/{id}/remove"), get(security::go_to_it).post(openid::remove))
        .route(&at("confirm/openid"), get(security::go_to_it).post(openid::begin_proof))
        .route("/sign-in/openid", get(pages::home::go_to_sign_in).post(openid::begin))
        .route(openid::ANSWER_PATH, get(openid::answer))
        .route(&at("export"), get(own_data::export))
        .route(&at("delete"), get(own_data::show_deletion).post(own_data::delete))
        .route(&at("password"), get(password::show).post(password::submit))
        .route(&at("sessions/{id}/end"), get(security::go_to_it).post(security::end_session))
        .route(
            &at("sign-out-everywhere"),
            get(security::go_to_it).post(sign_out_everywhere::submit),
        )
}

/// The forms on the page of a team workspace.
fn workspace_forms() -> Router<App> {
    use pages::workspaces as forms;

    let of = |form| format!("/settings/workspaces/{{id}}/{form}");
    Router::new()
        .route(&of("name"), get(forms::go_to_it).post(forms::rename))
        .route(&of("invitations"), get(forms::go_to_it).post(forms::invite))
        .route(&of("invitations/{one}/withdraw"), get(forms::go_to_it).post(forms::withdraw))
        .route(&of("members/{one}/remove"), get(forms::go_to_it).post(forms::remove))
        .route(&of("members/{one}/role"), get(forms::go_to_it).post(forms::set_role))
        .route(&of("members/{one}/own"), get(forms::go_to_it).post(forms::transfer))
        .route(&of("leave"), get(forms::go_to_it).post(forms::leave))
        .route(&of("delete"), get(forms::go_to_it).post(forms::delete))
        .route(&of("restore"), get(forms::go_to_it).post(forms::restore))
}

/// A path as it may be logged: what a mail leads to, and the token of an upload, are secrets.
pub(crate) fn without_secrets(path: &str) -> &str {
    if let Some(secret) = SECRET.into_iter().find(|secret| path.starts_with(secret)) {
        return secret;
    }
    path.find(SIGNED).map_or(path, |at| &path[..at + SIGNED.len()])
}
