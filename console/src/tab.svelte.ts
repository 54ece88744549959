// A service user's token for trying requests, in the memory of this tab alone: request endpoints take no session. Gone on reload, on
// leaving the project, and after a quarter of an hour in which it was not used.

const SILENCE = 15 * 60_000;

class Tab {
  #token = $state.raw<{ project: string; token: string } | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;

  keep(project: string, token: string): void {
    this.#token = { project, token };
    this.#wait();
  }
  has(project: string): boolean {
    return this.#token?.project === project;
  }
  take(project: string): string | null {
    if (this.#token?.project !== project) return null;
    this.#wait();
    return this.#token.token;
  }
  forget(): void {
    this.#token = null;
    clearTimeout(this.#timer);
  }
  #wait(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.forget(), SILENCE);
  }
}

export const tab = new Tab();
