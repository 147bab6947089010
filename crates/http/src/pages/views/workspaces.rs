//! `/settings/workspaces/{id}`: a team workspace and its people.

use askama::Template;
use bloom_domain::workspaces::Role;

use super::{Field, Layout, Moment, PartLinks, Problem, problems};

/// The page of a team workspace.
#[derive(Debug, Template)]
#[template(path = "workspace.html")]
pub(crate) struct TeamPage {
    /// The frame.
    pub(crate) layout: Layout,
    /// The workspace's id, as it stands in paths.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
    /// The role that the form to invite begins with.
    pub(crate) role: Role,
    /// What was just done, as one sentence, or nothing.
    pub(crate) done: Option<String>,
    /// Who was just invited, and the link when the reader has to pass it on: the only time it is there to
    /// see.
    pub(crate) invited: Option<(String, Option<String>)>,
    /// Whether the workspace is there, so that its credits can be looked at.
    pub(crate) is_there: bool,
    /// Whether the reader may see what was done to it.
    pub(crate) can_see_activity: bool,
    /// Whether the reader may give it another name.
    pub(crate) can_rename: bool,
    /// The roles that the reader may invite to.
    pub(crate) invites_to: Vec<Role>,
    /// Whether the reader may leave.
    pub(crate) can_leave: bool,
    /// Whether the reader may delete it.
    pub(crate) can_delete: bool,
    /// Whether the reader may restore it once it is deleted.
    pub(crate) can_restore: bool,
    /// Whether somebody pays for its plan.
    pub(crate) is_paid_for: bool,
    /// Until when it can be restored; none when it is not deleted.
    pub(crate) deleted_until: Option<Moment>,
    /// The new name, as typed.
    pub(crate) new_name: Field,
    /// Whom to invite, as typed.
    pub(crate) email: Field,
    /// The name that confirms a deletion, as typed.
    pub(crate) confirmed: Field,
    /// Everybody in it.
    pub(crate) people: Vec<MemberRow>,
    /// The ways to the others.
    pub(crate) more_people: Option<PartLinks>,
    /// Who is invited, for those who may invite.
    pub(crate) invitations: Vec<InvitationRow>,
    /// The ways to the others.
    pub(crate) more_invitations: Option<PartLinks>,
}

/// Somebody in the workspace.
#[derive(Debug, Clone)]
pub(crate) struct MemberRow {
    /// The account's id, as it stands in paths.
    pub(crate) id: String,
    /// What they want to be called.
    pub(crate) name: Option<String>,
    /// Their address.
    pub(crate) email: String,
    /// Their role.
    pub(crate) role: Role,
    /// Whether it is the reader.
    pub(crate) is_me: bool,
    /// When they came.
    pub(crate) joined: Moment,
    /// Whether the reader may remove them.
    pub(crate) can_be_removed: bool,
    /// The other role that the reader may give them.
    pub(crate) other_role: Option<Role>,
    /// Whether the reader may make them the owner.
    pub(crate) can_own: bool,
    /// The name that confirms that, as typed.
    pub(crate) confirmed: Field,
}

/// Somebody who is invited.
#[derive(Debug, Clone)]
pub(crate) struct InvitationRow {
    /// The invitation's id, as it stands in paths.
    pub(crate) id: String,
    /// Their address.
    pub(crate) email: String,
    /// What they would be.
    pub(crate) role: Role,
    /// When it was sent.
    pub(crate) sent: Moment,
    /// When its link ends.
    pub(crate) ends: Moment,
    /// Whether the reader may take it back.
    pub(crate) can_be_withdrawn: bool,
}

/// The id of the field in which making somebody the owner was not confirmed: it is one at a time.
const REFUSED: &str = "own-name";

/// The id of such a field, by the place of its member in the list.
fn own_field(member: &MemberRow, index: &usize) -> String {
    match member.confirmed.error {
        Some(_) => REFUSED.to_owned(),
        None => format!("{REFUSED}-{index}"),
    }
}

/// What a role is called.
fn role_name(role: &Role) -> &'static str {
    match *role {
        Role::Owner => "Owner",
        Role::Admin => "Admin",
        Role::Member => "Member",
    }
}

/// What a role may do, as a person reads it.
fn role_words(role: &Role) -> &'static str {
    match *role {
        Role::Owner => "May do everything.",
        Role::Admin => "Works here, and looks after members and the name.",
        Role::Member => "Works here.",
    }
}

impl TeamPage {
    fn problems(&self) -> Vec<Problem> {
        let fields = [
            (REFUSED, self.people.iter().find_map(|one| one.confirmed.error.as_ref())),
            ("workspace-name", self.new_name.error.as_ref()),
            ("invite-email", self.email.error.as_ref()),
            ("confirm-name", self.confirmed.error.as_ref()),
        ];
        problems(None, &fields)
    }
}

/// `/invitations/{token}`: what somebody is invited to.
#[derive(Debug, Template)]
#[template(path = "invitation.html")]
pub(crate) struct InvitationPage {
    /// The frame.
    pub(crate) layout: Layout,
    /// The path of this page, where the answer goes.
    pub(crate) path: String,
    /// The workspace's name.
    pub(crate) workspace: String,
    /// Who sent the invitation.
    pub(crate) invited_by: String,
    /// Whom it was sent to.
    pub(crate) email: String,
    /// What they would be.
    pub(crate) role: Role,
    /// The workspace's page, when the reader belongs to it already.
    pub(crate) belongs_to: Option<String>,
    /// Who is signed in; nobody when the reader has to sign in first.
    pub(crate) account: Option<String>,
    /// Signs in, as somebody else too, then comes back here.
    pub(crate) sign_in_href: String,
    /// Makes an account, then comes back here; none when this server makes none.
    pub(crate) sign_up_href: Option<String>,
}

#[cfg(test)]
impl TeamPage {
    fn sample() -> Self {
        let member = |email: &str, role, is_me| MemberRow {
            id: "01935a2e-7b1c-7def-8a90-3c5d1e2f4a6f".into(),
            name: Some("Ada Lovelace".into()),
            email: email.into(),
            role,
            is_me,
            joined: Moment::sample("3 weeks ago"),
            can_be_removed: !is_me,
            other_role: (!is_me).then_some(Role::Admin),
            can_own: !is_me,
            confirmed: Field::default(),
        };
        Self {
            layout: Layout::sample_signed_in(),
            id: "01935a2e-7b1c-7def-8a90-3c5d1e2f4a70".into(),
            name: "Analytical Engines".into(),
            role: Role::Member,
            done: None,
            invited: None,
            is_there: true,
            can_see_activity: true,
            can_rename: true,
            invites_to: Role::GIVEN.to_vec(),
            can_leave: false,
            can_delete: true,
            can_restore: true,
            is_paid_for: false,
            deleted_until: None,
            new_name: Field { value: "Analytical Engines".into(), error: None },
            email: Field::default(),
            confirmed: Field::default(),
            people: vec![
                member("ada@example.com", Role::Owner, true),
                member("charles@example.com", Role::Member, false),
            ],
            more_people: None,
            more_invitations: None,
            invitations: vec![InvitationRow {
                id: "01935a2e-7b1c-7def-8a90-3c5d1e2f4a71".into(),
                email: "mary@example.com".into(),
                role: Role::Member,
                sent: Moment::sample("4 minutes ago"),
                ends: Moment::sample("in 6 days"),
                can_be_withdrawn: true,
            }],
        }
    }

    /// Every state of the page.
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        let hostile = || String::from(super::tests::HOSTILE);
        let field = || Field { value: hostile(), error: Some(hostile()) };
        let moment = || Moment { iso: hostile(), exact: hostile(), relative: hostile() };
        let plain = || Self {
            can_see_activity: false,
            can_rename: false,
            invites_to: Vec::new(),
            can_leave: true,
            can_delete: false,
            can_restore: false,
            invitations: Vec::new(),
            ..Self::sample()
        };
        let sample = Self::sample();
        let hostile_page = Self {
            layout: Layout { signed_in_as: Some(hostile()), form_token: hostile() },
            id: hostile(),
            name: hostile(),
            done: Some(hostile()),
            invited: Some((hostile(), Some(hostile()))),
            can_leave: true,
            new_name: field(),
            email: field(),
            confirmed: field(),
            people: sample
                .people
                .iter()
                .map(|one| MemberRow {
                    id: hostile(),
                    name: Some(hostile()),
                    email: hostile(),
                    joined: moment(),
                    ..one.clone()
                })
                .collect(),
            invitations: sample
                .invitations
                .iter()
                .map(|one| InvitationRow {
                    id: hostile(),
                    email: hostile(),
                    sent: moment(),
                    ends: moment(),
                    ..one.clone()
                })
                .collect(),
            ..Self::sample()
        };
        let link = "http://localhost:8080/invitations/sample".to_owned();
        vec![
            ("workspace", Self::sample()),
            ("workspace-member", plain()),
            (
                "workspace-many",
                Self {
                    people: Self::sample().people.into_iter().cycle().take(8).collect(),
                    more_people: Some(PartLinks::sample()),
                    invitations: Self::sample().invitations.into_iter().cycle().take(8).collect(),
                    more_invitations: Some(PartLinks::sample()),
                    ..Self::sample()
                },
            ),
            (
                "workspace-invited",
                Self { invited: Some(("mary@example.com".into(), Some(link))), ..Self::sample() },
            ),
            (
                "workspace-invited-by-mail",
                Self { invited: Some(("mary@example.com".into(), None)), ..Self::sample() },
            ),
            ("workspace-paid-for", Self { is_paid_for: true, ..Self::sample() }),
            (
                "workspace-deleted",
                Self {
                    is_paid_for: true,
                    deleted_until: Some(Moment::sample("in 30 days")),
                    can_rename: false,
                    can_delete: false,
                    invites_to: Vec::new(),
                    ..Self::sample()
                },
            ),
            ("workspace-deleted-hostile", Self { deleted_until: Some(moment()), ..plain() }),
            ("workspace-hostile", hostile_page),
        ]
    }
}

#[cfg(test)]
impl InvitationPage {
    /// Every state of the page.
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        let hostile = || String::from(super::tests::HOSTILE);
        let sample = || Self {
            layout: Layout::sample_signed_in(),
            path: "/invitations/sample".into(),
            workspace: "Analytical Engines".into(),
            invited_by: "ada@example.com".into(),
            email: "mary@example.com".into(),
            role: Role::Admin,
            belongs_to: None,
            account: Some("mary@example.com".into()),
            sign_in_href: "/sign-in?next=%2Finvitations%2Fsample".into(),
            sign_up_href: None,
        };
        vec![
            ("invitation", sample()),
            (
                "invitation-stranger",
                Self {
                    layout: Layout::default(),
                    account: None,
                    sign_up_href: Some("/sign-up?next=%2Finvitations%2Fsample".into()),
                    ..sample()
                },
            ),
            (
                "invitation-for-another",
                Self {
                    belongs_to: Some("/settings/workspaces/sample".into()),
                    account: Some("ada@example.com".into()),
                    ..sample()
                },
            ),
            (
                "invitation-hostile",
                Self {
                    layout: Layout { signed_in_as: Some(hostile()), form_token: hostile() },
                    path: hostile(),
                    workspace: hostile(),
                    invited_by: hostile(),
                    email: hostile(),
                    account: Some(hostile()),
                    sign_in_href: hostile(),
                    sign_up_href: Some(hostile()),
                    ..sample()
                },
            ),
        ]
    }
}
