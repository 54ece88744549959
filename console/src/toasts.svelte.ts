// What was done, said once in a corner. Where it can be undone, it stays for ten seconds, and while the focus is on it.

export interface Toast {
  id: number;
  text: string;
  undo: (() => void | Promise<void>) | null;
}

class Toasts {
  all = $state.raw<Toast[]>([]);
  #timers = new Map<number, ReturnType<typeof setTimeout>>();
  #last = 0;

  say(text: string, undo: Toast["undo"] = null): void {
    const id = ++this.#last;
    this.all = [...this.all.slice(-3), { id, text, undo }];
    this.start(id, undo ? 10_000 : 5_000);
  }
  start(id: number, milliseconds = 5_000): void {
    this.stop(id);
    this.#timers.set(
      id,
      setTimeout(() => this.drop(id), milliseconds),
    );
  }
  stop(id: number): void {
    clearTimeout(this.#timers.get(id));
  }
  drop(id: number): void {
    this.stop(id);
    this.#timers.delete(id);
    this.all = this.all.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
