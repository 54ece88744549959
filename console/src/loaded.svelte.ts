// What a page has asked for, while it comes, when it is there and when it was refused. Asked anew when what the question was made of
// changes; the answer that is there stays in sight until the next one comes.

import { Refusal } from "./api";

export class Loaded<T> {
  value = $state.raw<T>();
  refusal = $state.raw<Refusal | null>(null);
  /** Nothing moves for answers that come at once. */
  slow = $state(false);
  #times = $state(0);

  constructor(load: (signal: AbortSignal) => Promise<T>) {
    $effect(() => {
      void this.#times;
      const controller = new AbortController();
      const timer = setTimeout(() => (this.slow = true), 150);
      const ended = (): void => {
        clearTimeout(timer);
        if (!controller.signal.aborted) this.slow = false;
      };
      load(controller.signal).then(
        (value) => {
          ended();
          if (controller.signal.aborted) return;
          this.value = value;
          this.refusal = null;
        },
        (cause: unknown) => {
          ended();
          if (!controller.signal.aborted) this.refusal = refusal(cause);
        },
      );
      return () => {
        clearTimeout(timer);
        controller.abort();
      };
    });
  }

  again = (): void => {
    this.refusal = null;
    this.#times += 1;
  };
}

/** Whatever went wrong, with a sentence. */
export function refusal(cause: unknown): Refusal {
  if (cause instanceof Refusal) return cause;
  console.error(cause);
  return new Refusal(0, "The console itself went wrong here. Reload the page; if it stays so, its log says where.");
}
