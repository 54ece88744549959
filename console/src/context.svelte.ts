// What the page is about: the organization and the project of the path, and what the caller may do in the project. Which buttons can
// be pressed follows from it; the server has the last word all the same.

import { get, ifKnown, type Answer } from "./api";
import { router } from "./router.svelte";
import { session } from "./session.svelte";

type Mine = Answer<"/v2.1/projects/{project_name}/permissions/mine", "get">;
export type ProjectRow = Answer<"/v2.1/projects", "get">[number];

class Context {
  projects = $state.raw<ProjectRow[] | null>(null);
  #mine = $state.raw<{ project: string; mine: Mine | null } | null>(null);

  project = $derived(router.at?.inBraces["p"] ?? null);
  organization = $derived(router.at?.inBraces["o"] ?? this.projects?.find(({ name }) => name === this.project)?.organization_name ?? null);
  administers = $derived(this.organization !== null && session.administers(this.organization));

  readProjects = async (): Promise<void> => {
    this.projects = await get("/v2.1/projects", {}, { query: { limit: 1000 } });
  };

  readRights = async (project: string): Promise<void> => {
    if (this.#mine?.project === project) return;
    this.#mine = null;
    const mine = await ifKnown(get("/v2.1/projects/{project_name}/permissions/mine", { project_name: project })).catch(() => null);
    if (this.project === project) this.#mine = { project, mine };
  };

  /** Read again after something was refused or granted. */
  forgetRights(): void {
    const project = this.project;
    this.#mine = null;
    if (project) void this.readRights(project);
  }

  /** Why the caller may not; null where they may, or where it is not known. */
  lacks(permission: string, resource?: string): string | null {
    const mine = this.#mine?.project === this.project ? this.#mine?.mine : null;
    if (!mine || mine.administers || mine.project.includes(permission)) return null;
    if (resource && mine.objects.some((object) => object.resource === resource && object.permissions?.includes(permission))) return null;
    return `This takes the permission ${permission}. Whoever manages access to the project can give it.`;
  }
}

export const context = new Context();
