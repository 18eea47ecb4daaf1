/** Types of purse.js. What travels is described in openapi.d.ts, which `make types` generates. */
import type { components } from "./openapi.js";

type Schemas = components["schemas"];

/** Credits and minor currency units are whole numbers; ids are strings. */
export type Balance = Pick<
  Schemas["Credits"],
  "balance" | "held" | "available" | "low" | "low_threshold" | "next_expiry"
>;
export type History = Pick<Schemas["Credits"], "transactions" | "next_cursor">;
export type Transaction = Schemas["Transaction"];
export type Kind = Transaction["kind"];
export type Catalogue = Schemas["Catalogue"];
export type Offer = Schemas["Offer"];
export type CheckoutSession = Schemas["CheckoutSession"];
export type Purchase = Schemas["Purchase"];
/** `replayed`: this repeats the answer to an earlier request under the same key. */
export type Spend = Schemas["Spend"] & { replayed: boolean };
export type Capture = { transaction_id: string; captured: number; balance: number; replayed: boolean };
export type Hold = {
  hold_id: string;
  credits: number;
  status: "held" | "captured" | "released" | "lapsed";
  /** RFC 3339, UTC. */
  expires_at: string;
  replayed: boolean;
};

export type Options = {
  /** How long one attempt may take; 30 unless set. */
  timeoutSeconds?: number;
  /** How long a call may be repeated after an UnavailableError, in seconds; 20 unless set, 0 for never. */
  patienceSeconds?: number;
  /** Used in place of the global one. */
  fetch?: typeof globalThis.fetch;
};
type Abortable = { signal?: AbortSignal };
type Keyed = Abortable & {
  /** The same request under the same key is carried out once. Made anew for each call unless set. */
  idempotencyKey?: string;
};
type Page = Abortable & {
  limit?: number;
  cursor?: string;
  /** Only entries of this kind, or of these. */
  kind?: Kind | Kind[];
  /** Only entries of this feature. */
  feature?: string;
  /** Only entries with this text, in any case, in the name of the file, feature or package or in the reason. */
  q?: string;
};

type About = {
  code: string;
  message?: string;
  status: number;
  details?: Record<string, unknown>;
  retryAfterSeconds?: number | null;
};

/** Any refusal, and every failure. */
export class PurseError extends Error {
  constructor(about: About);
  /** Stable, in snake_case; from Postgres also an SQLSTATE. */
  readonly code: string;
  /** The HTTP status; 0 if no answer came. */
  readonly status: number;
  readonly details: Record<string, unknown>;
  readonly retryAfterSeconds: number | null;
  /** The key of the request. Repeat with it: the outcome may be unknown. */
  idempotencyKey: string | null;
}
/** 402: nothing was spent. */
export class InsufficientCreditsError extends PurseError {
  readonly available: number;
  readonly required: number;
}
/** 401: the access token or the secret key is missing or refused. */
export class UnauthorizedError extends PurseError {}
/** 409: contradicts an earlier request or the present state. */
export class ConflictError extends PurseError {}
/** 429, 503, 504, or no usable answer: the outcome may be unknown. Try again with the same key. */
export class UnavailableError extends PurseError {}

type Token = string | null | undefined;

/** A signed-in user's purse, over the HTTP API of a Purse site. Every method may throw a PurseError. */
export class Purse {
  constructor(site: string | URL, options: Options & { accessToken: Token | (() => Token | Promise<Token>) });
  balance(options?: Abortable): Promise<Balance>;
  history(options?: Page): Promise<History>;
  catalogue(options?: Abortable): Promise<Catalogue>;
  offers(options?: Abortable): Promise<Offer[]>;
  spend(feature: string, options?: Keyed & { quantity?: number }): Promise<Spend>;
  /**
   * `currency` is the one that the person wishes to pay in; where the package has no price in it, its own counts.
   * The addresses must be within ALLOWED_ORIGINS; without them the person returns to the Purse site.
   */
  checkout(
    packageType: string,
    options?: Keyed & { currency?: string; returnUrl?: string; cancelUrl?: string; withdrawalWaiver?: string },
  ): Promise<CheckoutSession>;
  /** Waits until the payment is paid, processing at a bank, failed, expired or a mismatch. */
  confirmed(sessionId: string, options?: Abortable & { timeoutSeconds?: number }): Promise<Purchase | null>;
}

export type Job = {
  readonly hold: Hold;
  /** Credits to spend: those held, unless the work sets another number; 0 charges nothing. */
  charge: number;
};

/** Any user's purse, for the app's server. `user` is a user's id in Supabase Auth. */
export class ServerPurse {
  constructor(options: Options & { supabaseUrl: string; secretKey: string });
  paid<T>(
    feature: string,
    user: string,
    work: (job: Job) => T | Promise<T>,
    options?: { quantity?: number; atMost?: number; holdSeconds?: number; idempotencyKey?: string },
  ): Promise<T>;
  balance(user: string, options?: Abortable): Promise<Balance>;
  history(user: string, options?: Page): Promise<History>;
  spend(feature: string, user: string, options?: Keyed & { quantity?: number }): Promise<Spend>;
  hold(feature: string, user: string, options?: Keyed & { quantity?: number; seconds?: number }): Promise<Hold>;
  capture(holdId: string, options?: Abortable & { charge?: number; atMost?: number }): Promise<Capture>;
  release(holdId: string, options?: Abortable): Promise<void>;
}
