/** Calls by name: each property is a function, or a step on the way to one. */
export interface RemoteModule {
  (...args: unknown[]): Promise<unknown>;
  readonly [name: string]: RemoteModule;
}

export function moduleProxy(call: (path: string, args: unknown[]) => Promise<unknown>, path: readonly string[] = []): RemoteModule {
  const target = (...args: unknown[]): Promise<unknown> => call(path.join("."), args);
  return new Proxy(target, {
    get(_target, name) {
      // A promise resolving to this object looks for `then`: it must not become a remote call.
      if (typeof name === "symbol" || name === "then") return undefined;
      return moduleProxy(call, [...path, name]);
    },
  }) as unknown as RemoteModule;
}
