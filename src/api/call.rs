//! What a handler is given: a call, typed by what it is about, so that a handler finds all that it needs.
//!
//! The first round trip finds what the path names, and the dispatcher makes the call from it; a row of the table that
//! pairs an access with a handler that needs more does not compile:
//!
//! ```
//! use tenantry::api::call::{Answer, Call, Handler, OnTarget};
//! use tenantry::domain::TargetKind;
//!
//! fn answer() -> Answer<OnTarget> {
//!     |_: &mut Call<'_, OnTarget>| Box::pin(async { todo!() })
//! }
//! Handler::OnTarget(TargetKind::Pipeline, answer());
//! ```
//!
//! ```compile_fail,E0308
//! use tenantry::api::call::{Answer, Call, Handler, OnTarget};
//!
//! fn answer() -> Answer<OnTarget> {
//!     |_: &mut Call<'_, OnTarget>| Box::pin(async { todo!() })
//! }
//! Handler::OnProject(answer());
//! ```

use std::ops::{Deref, DerefMut};

use super::Context;
use crate::domain::TargetKind;
use crate::error::Error;
use crate::platform::Local;
use crate::store::organizations::Organization;
use crate::store::projects::Project;
use crate::store::targets::Target;
use crate::store::workspaces::Workspace;
use crate::web::response::Response;

/// A call whose caller may make it, with what it is about.
pub struct Call<'a, About = Anything> {
    context: Context<'a>,
    about: About,
}

/// About nothing that the first round trip looks up by the path.
pub struct Anything;

/// About the organization in the path, which the caller is a member of.
pub struct OnOrganization(Organization);

/// About the project in the path, which the caller has a part in.
pub struct OnProject(Project);

/// About the deployment or pipeline in the path, which exists, in a project that the caller has a part in.
pub struct OnTarget {
    project: Project,
    target: Target,
}

/// About the workspace in the path, which is open to the caller, in a project that the caller has a part in.
pub struct OnWorkspace {
    project: Project,
    workspace: Workspace,
}

/// A function that answers a call.
pub type Answer<About> =
    for<'a, 'b> fn(&'a mut Call<'b, About>) -> Local<'a, Result<Response, Error>>;

/// What answers a route, and what the first round trip has to find for it.
#[derive(Clone, Copy)]
pub enum Handler {
    /// Nothing but the caller.
    Anything(Answer<Anything>),
    /// The organization in the path.
    OnOrganization(Answer<OnOrganization>),
    /// The project in the path.
    OnProject(Answer<OnProject>),
    /// The project in the path, and the target of this kind in it.
    OnTarget(TargetKind, Answer<OnTarget>),
    /// The project in the path of the ModelArts-compatible surface.
    OnWorkspaces(Answer<OnProject>),
    /// The same, and the workspace in it.
    OnWorkspace(Answer<OnWorkspace>),
}

impl<'a, About> Call<'a, About> {
    /// For the app, once it has checked that the caller may make the call.
    pub(crate) fn new(context: Context<'a>, about: About) -> Self {
        Self { context, about }
    }
}

/// A project, or a deployment in it: what calls on variables are about.
pub trait Placed {
    /// The project in the path.
    fn project(&self) -> &Project;
    /// The deployment in the path, if it names one.
    fn target(&self) -> Option<&Target>;
}

impl Placed for OnProject {
    fn project(&self) -> &Project {
        &self.0
    }

    fn target(&self) -> Option<&Target> {
        None
    }
}

impl Placed for OnTarget {
    fn project(&self) -> &Project {
        &self.project
    }

    fn target(&self) -> Option<&Target> {
        Some(&self.target)
    }
}

impl<About: Placed> Call<'_, About> {
    /// What it is about.
    pub(crate) fn about(&self) -> &About {
        &self.about
    }
}

impl<'a, About> Deref for Call<'a, About> {
    type Target = Context<'a>;

    fn deref(&self) -> &Context<'a> {
        &self.context
    }
}

impl<'a, About> DerefMut for Call<'a, About> {
    fn deref_mut(&mut self) -> &mut Context<'a> {
        &mut self.context
    }
}

impl OnOrganization {
    pub(crate) fn new(organization: Organization) -> Self {
        Self(organization)
    }
}

impl OnProject {
    pub(crate) fn new(project: Project) -> Self {
        Self(project)
    }
}

impl OnTarget {
    pub(crate) fn new(project: Project, target: Target) -> Self {
        Self { project, target }
    }
}

impl OnWorkspace {
    pub(crate) fn new(project: Project, workspace: Workspace) -> Self {
        Self { project, workspace }
    }
}

impl Call<'_, OnOrganization> {
    /// The organization in the path.
    pub(crate) fn organization(&self) -> &Organization {
        &self.about.0
    }
}

impl Call<'_, OnProject> {
    /// The project in the path.
    pub(crate) fn project(&self) -> &Project {
        &self.about.0
    }
}

impl Call<'_, OnTarget> {
    /// The project in the path.
    pub(crate) fn project(&self) -> &Project {
        &self.about.project
    }

    /// The deployment or pipeline in the path.
    pub(crate) fn target(&self) -> &Target {
        &self.about.target
    }
}

impl Call<'_, OnWorkspace> {
    /// The project in the path.
    pub(crate) fn project(&self) -> &Project {
        &self.about.project
    }

    /// The workspace in the path.
    pub(crate) fn workspace(&self) -> &Workspace {
        &self.about.workspace
    }
}
