// The operator's token: a credential that no session stands for, in the memory of this tab and nowhere else. It is forgotten after a
// quarter of an hour of silence, on locking, and with the page.

import { Refusal } from "./api";

const SILENCE = 15 * 60_000;

class Operator {
  #token = $state.raw<string | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;

  get open(): boolean {
    return this.#token !== null;
  }
  unlock(token: string): void {
    this.#token = token;
    this.#wait();
  }
  lock = (): void => {
    this.#token = null;
    clearTimeout(this.#timer);
  };
  /** What goes into the options of a call. */
  get by(): { token: string } {
    if (this.#token === null) throw new Refusal(401, "These pages are locked.");
    this.#wait();
    return { token: this.#token };
  }
  #wait(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.lock, SILENCE);
  }
}

export const operator = new Operator();
