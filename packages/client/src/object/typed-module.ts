/* The types of a module as an object: of one whose members are known, and of any other. */
import type { AnyModule, KeywordArguments } from "./module-proxy.ts";
import type { ResultOf } from "./remote-iterable.ts";
import type { Positional, RemoteObject } from "./remote-object.ts";

/**
 * A module on the host: each member is a function, or a step on the way to one.
 *
 * @typeParam M what the module holds, such as `typeof import("node:os")` or an interface of your own. Without it, every name is taken and nothing is known of results.
 * @typeParam How whether results come as values, or stay on the host
 */
export type RemoteModule<M = unknown, How extends "value" | "object" = "value"> = unknown extends M ? AnyModule : TypedModule<M, How>;

/** Names that never are members of the host's module: `await`, JSON.stringify and the like look for them. */
type OfTools = "then" | "toJSON" | "asymmetricMatch" | "$$typeof" | "nodeType" | "constructor" | "prototype" | "valueOf" | "toString";

/** The members of a module that can be called, or lead to one that can. What is a constant, {@link RemoteClient.constant} reads. */
export type TypedModule<M, How extends "value" | "object"> = {
  readonly [K in keyof M as K extends OfTools | symbol ? never : M[K] extends object ? K : never]: Member<M[K], How>;
};

type Member<F, How extends "value" | "object"> = F extends abstract new (...args: infer A) => infer R
  ? RemoteFunction<A, Result<R, How>> & TypedModule<F, How>
  : F extends (...args: infer A) => infer R
    ? RemoteFunction<A, Result<R, How>> & TypedModule<F, How>
    : TypedModule<F, How>;

type Result<R, How> = How extends "object" ? RemoteObject<Awaited<R>> : ResultOf<R>;

/** A function on the host. Its arguments may be calls and objects on the host, and keyword arguments may be the last. */
export interface RemoteFunction<A extends readonly unknown[], R> {
  (...args: Positional<A>): Promise<R>;
  (...args: WithKeywords<A>): Promise<R>;
}

/** The first of these arguments, however many, and keyword arguments for others. */
type WithKeywords<A extends readonly unknown[]> = number extends A["length"]
  ? [...Positional<A>, KeywordArguments]
  : Beginnings<Required<A>>;
type Beginnings<A extends readonly unknown[]> = A extends readonly [infer F, ...infer Rest]
  ? [KeywordArguments] | [Positional<[F]>[0], ...Beginnings<Rest>]
  : [KeywordArguments];
