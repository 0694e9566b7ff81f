/** `NODE_OPTIONS` that have a process, and those that it starts, believe that it is `moment` as they start. */
export function startedAt(moment: string): string {
  const module = `
    globalThis.Date = class extends Date {
      static #ahead = ${Date.parse(moment)} - ${Date.now()};
      constructor(...args) { args.length === 0 ? super(Date.now()) : super(...args); }
      static now() { return super.now() + this.#ahead; }
    };`;
  return `--import data:text/javascript,${encodeURIComponent(module)}`;
}
