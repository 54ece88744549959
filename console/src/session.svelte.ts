// Who is signed in. The session itself is a cookie that no script can read; this holds what the server says about it.

import { get, post, Refusal, remove, whenSignInIsNeeded, type Answer } from "./api";

type Session = Answer<"/session", "get">;
type Person = Session["user"];

class Sessions {
  /** Undefined until the server has been asked; null where nobody is signed in. */
  current = $state.raw<Session | null | undefined>(undefined);
  /** Why somebody is asked to sign in over the page they are on; null while nobody is. */
  asking = $state<"ended" | "fresh" | null>(null);
  /** Whether a sign-in link was opened: then somebody who is signed in already stays where it can be used. */
  linking = $state(location.hash.startsWith("#link="));
  #answer: ((signedIn: boolean) => void) | null = null;

  constructor() {
    whenSignInIsNeeded(async (why) => {
      // A page may ask before it is known who is signed in.
      await this.#known;
      return this.#ask(why);
    });
  }

  get person(): Person | null {
    return this.current?.user ?? null;
  }

  administers(organization: string): boolean {
    return this.current?.organizations.some(({ name, administers }) => name === organization && administers) ?? false;
  }

  async read(): Promise<void> {
    try {
      this.current = await get("/session", {}, { quiet: true });
    } catch (refusal) {
      if (!(refusal instanceof Refusal) || refusal.status !== 401) throw refusal;
      this.current = null;
    }
  }

  /** Why nobody can tell who is signed in: the server was not reached, or could not look. */
  failed = $state.raw<Refusal | null>(null);
  #known: Promise<void> = Promise.resolve();
  begin = (): Promise<void> => {
    this.failed = null;
    this.#known = this.read().catch((cause: unknown) => {
      this.failed = cause instanceof Refusal ? cause : new Refusal(0, String(cause));
    });
    return this.#known;
  };

  /** With a token or a link, neither of which is kept. */
  async open(by: { token: string } | { link: string }): Promise<void> {
    const before = this.person?.id;
    const opened = await post("/session", {}, by, { quiet: true });
    tell.postMessage("signed in");
    if (before && before !== opened.user.id) return this.#leave();
    this.current = opened;
    this.#done(true);
  }

  /** What this tab holds of a person goes with the page. */
  async close(everywhere = false): Promise<void> {
    await remove("/session", {}, { query: { everywhere: everywhere || undefined }, quiet: true });
    tell.postMessage("signed out");
    location.assign("/console/sign-in");
  }

  /** Somebody else is signed in by now: nothing of this page is theirs, and what waits for a sign-in is not theirs to do. */
  #leave(): void {
    this.#done(false);
    location.reload();
  }

  /** Looks who is signed in, when the page comes to the front again or another tab says so. */
  async lookAgain(): Promise<void> {
    const before = this.person?.id;
    if (!before || this.asking) return;
    try {
      const now = await get("/session", {}, { quiet: true });
      if (now.user.id !== before) this.#leave();
    } catch {
      // Whoever is signed in no more hears so with the next call, and keeps what they have typed.
    }
  }

  /** Nobody wants to sign in again: what waited for it is refused. */
  giveUp(): void {
    this.#done(false);
  }

  #asked: Promise<boolean> | null = null;
  #ask(why: "ended" | "fresh"): Promise<boolean> {
    // Before the first sign-in there is a page for it.
    if (!this.current) return Promise.resolve(false);
    this.asking = why;
    // Several calls of one page meet the end of one session.
    this.#asked ??= new Promise((answer) => {
      this.#answer = answer;
    });
    return this.#asked;
  }

  #done(signedIn: boolean): void {
    this.asking = null;
    this.#asked = null;
    this.#answer?.(signedIn);
    this.#answer = null;
  }
}

/** Between the tabs of a browser, which share one cookie: who is signed in now. */
const tell = new BroadcastChannel("tenantry-session");

export const session = new Sessions();
tell.addEventListener("message", () => void session.lookAgain());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") void session.lookAgain();
});
