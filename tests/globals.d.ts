// What the checks of types (tsconfig.json) cannot know of tests and benchmarks.

declare module "node:net" {
  interface Server {
    /** None of them listens on a pipe. */
    address(): AddressInfo;
  }
}

declare global {
  /** What tests put into a page, and read there. */
  interface Window {
    ask: any;
    axe: any;
    complain: any;
    held: any;
    measured: any;
    models: any;
    shows: any;
    shifts: any;
  }
  /** Of entries of `layout-shift`, which Chromium alone has. */
  interface PerformanceEntry {
    hadRecentInput?: boolean;
    value?: number;
    sources?: any[];
  }
}

export {};
