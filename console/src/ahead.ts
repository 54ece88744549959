// Calls of the console that the document of the API does not have yet, in the document's own shape. A call that has landed there is
// taken away here.

interface Does<Answer, Body = undefined> {
  responses: { 200: { content: { "application/json": Answer } } };
  requestBody: { content: { "application/json": Body } };
}
interface DoesSilently {
  responses: { 204: object };
}

export interface Person {
  id: string;
  email: string;
  name: string | null;
  surname: string | null;
}
export interface Session {
  id: string;
  user: Person;
  method: "token" | "link" | "passkey" | "oidc";
  creation_date: string;
  expiry_date: string;
  fresh_until: string;
  organizations: { name: string; administers: boolean }[];
}
export interface SessionRow {
  id: string;
  method: string;
  creation_date: string;
  expiry_date: string;
  last_used: string | null;
  user_agent: string;
  current: boolean;
}
export interface Link {
  link: string;
  expiry_date: string;
}
export interface Methods {
  token: boolean;
  link: boolean;
  passkey: boolean;
  oidc: unknown[];
}
export interface Mine {
  project: string[];
  objects: { resource_type?: string; resource?: string; permissions?: string[] }[];
  administers: boolean;
}
export interface Limits {
  projects?: number | null;
  users?: number | null;
  deployments?: number | null;
  deployment_versions?: number | null;
  pipelines?: number | null;
  pipeline_versions?: number | null;
}
export interface OriginCheck {
  origin: string;
  preflight: boolean;
  call: boolean;
  listed_by: unknown;
  sentence: string;
}

export interface Ahead {
  "/session/methods": { get: Does<Methods> };
  "/session": {
    get: Does<Session>;
    post: Does<Session, { token: string } | { link: string }>;
    delete: DoesSilently;
  };
  "/session/list": { get: Does<SessionRow[]> };
  "/session/list/{session_id}": { delete: DoesSilently };
  "/session/link": { post: Does<Link> };
  "/session/link/preview": { post: Does<{ email: string; expiry_date: string }, { link: string }> };
  "/session/token": { put: Does<{ token: string }>; delete: DoesSilently };
  "/operator/v1/users/{user_id}/sign-in-link": { post: Does<Link, { hours: number }> };
  "/operator/v1/users/{user_id}/sessions": { get: Does<SessionRow[]>; delete: DoesSilently };
  "/v2.1/projects/{project_name}/permissions/mine": { get: Does<Mine> };
  "/v2.1/organizations/{organization_name}/limits": { get: Does<Limits> };
  "/v2.1/projects/{project_name}/origins/check": { get: Does<OriginCheck> };
}
