//! The documentation in the server: every page in Markdown and, made from that, in HTML.
//!
//! What is written stands in `templates/documentation`; what can be known stands nowhere but where the code has it: the
//! operations come from the description that is served, and codes, scopes, limits, prices and tools from their
//! tables (`docs/adr/0029-documentation-from-the-tables.md`). Everything hangs on the configuration only, so it is
//! written once, when somebody first asks.

mod examples;
mod guides;
mod markdown;
mod meanings;
mod operations;
mod schema;

use std::collections::HashMap;

use askama::Template;
use bloom_service::Settings;

use self::guides::{
    Authentication, Errors, ForAgents, Index, Limits, Mcp, Quickstart, Reference, Workspaces,
};
use self::operations::{Body, OperationPage};
use crate::api::openapi;

/// Where it begins.
pub(crate) const PATH: &str = "/docs";
/// The pages of operations are below this.
pub(crate) const REFERENCE: &str = "/docs/api";

/// All of it.
pub(crate) struct Docs {
    pages: HashMap<String, Page>,
    guides: Vec<Place>,
    for_agents: String,
    in_full: String,
}

/// A page.
pub(crate) struct Page {
    /// Where its HTML is.
    pub(crate) path: String,
    pub(crate) title: String,
    /// Its first paragraph.
    lead: String,
    pub(crate) markdown: String,
    pub(crate) html: String,
    /// The request that can be tried on it.
    pub(crate) trial: Option<Trial>,
}

/// A guide, as it is led to from every page.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) path: String,
    pub(crate) title: String,
}

/// A request that its reader can send from the page.
#[derive(Debug, Clone)]
pub(crate) struct Trial {
    pub(crate) method: String,
    /// From the root on, with parameters in braces.
    pub(crate) path: String,
    pub(crate) needs_key: bool,
    pub(crate) parameters: Vec<TrialField>,
    /// The JSON that is sent, as an example to change.
    pub(crate) json: Option<String>,
    /// Whether a file is sent.
    pub(crate) has_file: bool,
}

/// A value that goes with a trial.
#[derive(Debug, Clone)]
pub(crate) struct TrialField {
    pub(crate) name: String,
    /// `path`, `query`, `header` or `form`.
    pub(crate) place: String,
    pub(crate) is_required: bool,
    pub(crate) meaning: String,
    /// What it is one of; nothing for any text.
    pub(crate) words: Vec<String>,
}

/// What a path below [`PATH`] leads to.
pub(crate) enum Found<'a> {
    /// A page, to be shown as HTML.
    Html(&'a Page),
    /// Markdown.
    Markdown(&'a str),
    /// A text for agents.
    Text(&'a str),
}

impl Docs {
    /// Writes it, for a server at an origin.
    ///
    /// # Errors
    /// When a template fails, which none does.
    pub(crate) fn write(origin: &str, settings: &Settings) -> Result<Self, askama::Error> {
        let o = origin;
        let document = openapi::document();
        let parts = operations::parts(origin, &document);
        let guide = |name: &str, text: String| Page::new(format!("{PATH}/{name}"), text, o);
        let guides = vec![
            guide("quickstart", Quickstart { o }.render()?),
            guide("authentication", Authentication { o, settings }.render()?),
            guide("errors", Errors { o, groups: Errors::groups() }.render()?),
            guide("limits", Limits { o, settings }.render()?),
            guide("workspaces", Workspaces { o }.render()?),
            guide("mcp", Mcp { o }.render()?),
        ];
        let index = Index { o, guides: &guides, parts: &parts }.render()?;
        let for_agents = ForAgents { o, guides: &guides, parts: &parts }.render()?;
        let reference = Reference { o, parts: &parts }.render()?;
        let reference = Page::new(REFERENCE.to_owned(), reference, o);
        let mut all = vec![Page::new(PATH.to_owned(), index, o)];
        all.extend(guides);
        all.push(reference);
        let places = all.iter().map(Place::of).collect();
        for page in parts.iter().flat_map(|part| &part.pages) {
            let path = format!("{REFERENCE}/{}", page.id);
            all.push(Page { trial: Some(page.trial()), ..Page::new(path, page.render()?, o) });
        }
        let texts: Vec<_> = all.iter().map(|page| page.markdown.as_str()).collect();
        let in_full = texts.join("\n");
        let pages = all.into_iter().map(|page| (page.path.clone(), page)).collect();
        Ok(Self { pages, guides: places, for_agents, in_full })
    }

    /// What is at a path.
    pub(crate) fn find(&self, path: &str) -> Option<Found<'_>> {
        match path.strip_prefix(PATH)? {
            "/llms.txt" => return Some(Found::Text(&self.for_agents)),
            "/llms-full.txt" => return Some(Found::Text(&self.in_full)),
            _ => {}
        }
        match path.strip_suffix(markdown::MARKDOWN) {
            Some(path) => self.pages.get(path).map(|page| Found::Markdown(&page.markdown)),
            None => self.pages.get(path).map(Found::Html),
        }
    }

    /// Every page, by its path.
    #[cfg(test)]
    pub(crate) fn all(&self) -> Vec<&Page> {
        let mut all: Vec<_> = self.pages.values().collect();
        all.sort_by(|a, b| a.path.cmp(&b.path));
        all
    }

    /// The pages that every page leads to, in order.
    pub(crate) fn places(&self) -> &[Place] {
        &self.guides
    }
}

impl Page {
    fn new(path: String, mut markdown: String, origin: &str) -> Self {
        // Templates end without a line end.
        markdown.push('\n');
        Self {
            path,
            title: markdown::title(&markdown).to_owned(),
            lead: markdown::lead(&markdown).to_owned(),
            html: markdown::html(&markdown, origin),
            markdown,
            trial: None,
        }
    }
}

impl Place {
    fn of(page: &Page) -> Self {
        Self { path: page.path.clone(), title: page.title.clone() }
    }
}

impl OperationPage {
    fn trial(&self) -> Trial {
        let parameters = self.parameters.iter().map(|one| TrialField {
            name: one.name.clone(),
            place: one.place.clone(),
            is_required: one.is_required,
            meaning: one.meaning.clone(),
            words: one.words.clone(),
        });
        let brand = TrialField {
            name: "brandSessionId".to_owned(),
            place: "form".to_owned(),
            is_required: true,
            meaning: "The brand.".to_owned(),
            words: Vec::new(),
        };
        let (json, has_file, is_of_brand) = match &self.body {
            Body::Nothing => (None, false, false),
            Body::Json(example, _) => (serde_json::to_string_pretty(example).ok(), false, false),
            Body::File(_, is_of_brand, _) => (None, true, *is_of_brand),
        };
        Trial {
            method: self.method.clone(),
            path: self.path.clone(),
            needs_key: !self.is_open,
            parameters: parameters.chain(is_of_brand.then_some(brand)).collect(),
            json,
            has_file,
        }
    }
}

#[cfg(test)]
pub(crate) fn sample() -> Docs {
    let origin = "http://localhost:4600";
    Docs::write(origin, &Settings::at(origin)).expect("it is written")
}
