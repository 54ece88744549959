// Asks before somebody leaves what they have changed and not saved.

import { router } from "./router.svelte";

/** For as long as the part that calls this is there. */
export function unsaved(changed: () => boolean): void {
  $effect(() => {
    const stays = (): boolean => !changed() || window.confirm("What you have changed here is not saved. Leave it?");
    const unload = (event: BeforeUnloadEvent): void => {
      if (changed()) event.preventDefault();
    };
    router.guard = stays;
    window.addEventListener("beforeunload", unload);
    return () => {
      if (router.guard === stays) router.guard = null;
      window.removeEventListener("beforeunload", unload);
    };
  });
}
