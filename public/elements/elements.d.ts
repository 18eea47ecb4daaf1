/** Types of connect.js, the elements and their events. What travels is described in openapi.d.ts. */
import type { Purse } from "../purse.js";

export { ConflictError, InsufficientCreditsError, PurseError, UnauthorizedError, UnavailableError } from "../purse.js";

type Token = string | null | undefined;
/** Asked before every request for an access token of the Supabase project; null for nobody. */
export type AccessToken = () => Token | Promise<Token>;

type Answer = Promise<{ data: { session: { access_token: string } | null }; error: unknown }>;
/** What connect() needs of a supabase-js client. */
export type SupabaseClientLike = {
  auth: {
    getSession(): Answer;
    refreshSession(): Answer;
    onAuthStateChange(callback: () => void): unknown;
  };
};

/** This site's client for the person who is signed in. */
export interface ConnectedPurse extends Purse {
  /** Asks who is signed in and reads the balance again. Throws what the function that was connected throws. */
  refresh(): Promise<void>;
}

/**
 * Tells the elements on this page who is signed in. Called once a page; throws an Error the second time, and a
 * TypeError for anything else than these.
 */
export function connect(source: SupabaseClientLike | AccessToken | { accessToken: AccessToken }): ConnectedPurse;

/** In credits. */
export type BalanceChange = { balance: number; available: number };
/** A purchase has settled. `order_id` is also in the history. */
export type CreditPurchase = { credits: number; order_id: string };
/** In credits. */
export type Shortage = { required: number; available: number };
/** `package`: the pack that somebody wants to buy, if any. */
export type SignInWish = { package: string | null };

export interface CreditEventMap {
  "credits:changed": CustomEvent<BalanceChange>;
  "credits:purchased": CustomEvent<CreditPurchase>;
  "credits:insufficient": CustomEvent<Shortage>;
  /** Cancel it and show the app's sign-in. */
  "credits:sign-in": CustomEvent<SignInWish>;
  /** Cancel it to do something else than showing a store. */
  "credits:buy": CustomEvent<Record<string, never>>;
}

/** Attributes: `feature` and `quantity`, what the page is about to charge for. */
export interface CreditBalanceElement extends HTMLElement {}
/** Attributes: `return-url` and `cancel-url`, where the buyer goes after the payment page. */
export interface CreditStoreElement extends HTMLElement {}
export interface CreditHistoryElement extends HTMLElement {}

declare global {
  interface GlobalEventHandlersEventMap extends CreditEventMap {}
  interface HTMLElementTagNameMap {
    "credit-balance": CreditBalanceElement;
    "credit-store": CreditStoreElement;
    "credit-history": CreditHistoryElement;
  }
}
