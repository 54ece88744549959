//! Whom and what the examples tell of: Ada, her organization `acme` and its project `vision`.
//!
//! Bodies and parameters name the same ids, so a reader can follow an object from one call to the next.

pub(super) const ORGANIZATION: &str = "acme";
pub(super) const PROJECT: &str = "vision";
pub(super) const DEPLOYMENT: &str = "classifier";
pub(super) const PIPELINE: &str = "sorting-line";
pub(super) const INSTANCE_TYPE: &str = "512mb";
pub(super) const USER_ID: &str = "0b9a1f7e-32f5-4c2b-9a53-6f2f3b0f6d11";
pub(super) const SERVICE_USER_ID: &str = "13a9ba27-6888-4528-826e-8e1002eab13d";
pub(super) const REVISION_ID: &str = "019e7056-2800-7a1c-8d0f-1c5b8f3a7e10";
pub(super) const VOUCHER_CODE: &str = "WORKSHOP-2099";
pub(super) const VARIABLE_ID: &str = "5f0c1f6a-8a3b-4d0e-9a7e-2f6b8f0d4c31";
pub(super) const SESSION_ID: &str = "b1f6a9d4-2c58-4e7b-8f03-6a9d1e5c7b20";
pub(super) const AUDIT_ID: &str = "9d3e4b62-0a31-4f6c-8d0f-1c5b8f3a7e10";
pub(super) const ROLE_ASSIGNMENT_ID: &str = "7c2a7f5e-5b0e-4e33-8a4d-2f0f8d1f9b21";
pub(super) const WORKSPACE_ID: &str = "ccd05d1a553b4e188ea878e7dcb85e47";
pub(super) const ACCESS_KEY: &str = "13A9BA2768884528826E";
pub(super) const PROJECT_ID: &str = "5a1be2b0-79a5-4c34-9e8e-3f7f6a1c2d90";
/// The request that made the change.
pub(super) const CHANGING_REQUEST_ID: &str = "13a9ba2768884528826e8e1002eab13d";
pub(super) const REQUEST_ID: &str = "019aaa4b-5c00-7c3d-9a2f-6b1e0d8f4a11";
