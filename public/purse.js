/**
 * Purse from any app: balance, spending, checkout and history for browsers; holds and paid work for
 * servers. One module without dependencies, for browsers, Node.js 20, Deno and edge runtimes.
 * Its types are in purse.d.ts.
 *
 * Every call may be repeated: one that spends or sets aside has an idempotency key. So a call that
 * ends in an UnavailableError is sent again with the same key, after the time that Retry-After asks
 * for, as long as the call's patience lasts.
 */

const TIMEOUT_SECONDS = 30;
const PATIENCE_SECONDS = 20;
const HOLD_SECONDS = 15 * 60;
const CONFIRM_SECONDS = 120;
const LONGEST_PAUSE_SECONDS = 5;

/** Any refusal, and every failure. `status` is 0 if no answer came; then the outcome is unknown. */
export class PurseError extends Error {
  constructor({ code, message, status, details = {}, retryAfterSeconds = null }) {
    super(message || code);
    this.name = new.target.name;
    this.code = code;
    this.status = status;
    this.details = details;
    this.retryAfterSeconds = retryAfterSeconds;
    this.idempotencyKey = null;
  }
}

/** 402: `available` credits are fewer than the `required` ones. Nothing was spent. */
export class InsufficientCreditsError extends PurseError {
  constructor(about) {
    super(about);
    this.available = about.details.available;
    this.required = about.details.required;
  }
}

/** 401: the access token or the secret key is missing or refused. */
export class UnauthorizedError extends PurseError {}

/** 409: contradicts an earlier request or the present state. */
export class ConflictError extends PurseError {}

/** 429, 503, 504, or no usable answer: the outcome may be unknown. Try again with the same key. */
export class UnavailableError extends PurseError {}

/** A signed-in user's purse, over the HTTP API of a Purse site. */
export class Purse {
  #site;
  #accessToken;
  #options;

  /** `accessToken` returns the user's Supabase access token; it is asked before every request. */
  constructor(site, { accessToken, ...options }) {
    this.#site = String(site).replace(/\/+$/, "");
    this.#accessToken = accessToken;
    this.#options = options;
  }

  /** Balance, held and available credits. */
  async balance({ signal } = {}) {
    return summary(await this.#credits({ limit: 1 }, signal));
  }

  /**
   * A page of the history, newest first: all of it, or the entries of `kind`, of `feature` or with the text `q`. While
   * next_cursor is not null there may be more, also after a page that is short or empty.
   */
  async history({ limit = 20, cursor, kind, feature, q, signal } = {}) {
    const query = { limit, cursor, kind: kinds(kind)?.join(","), feature, q: q?.trim() || undefined };
    const { transactions, next_cursor } = await this.#credits(query, signal);
    return { transactions, next_cursor };
  }

  /** The packages on sale and what features cost. */
  catalogue({ signal } = {}) {
    return this.#call("GET", "/api/packages", { isPublic: true, signal });
  }

  /** What is offered to this user alone. Buy one with `checkout(offer.id)`. */
  async offers({ signal } = {}) {
    const { offers } = await this.#call("GET", "/api/offers", { signal });
    return offers;
  }

  /** Spends what a feature costs. */
  async spend(feature, { quantity = 1, idempotencyKey, signal } = {}) {
    let replayed = false;
    const spent = await this.#call("POST", "/api/credits", {
      body: { feature, quantity },
      idempotencyKey: idempotencyKey ?? newKey(),
      signal,
      onHeaders: (headers) => (replayed = headers.get("Idempotent-Replayed") === "true"),
    });
    return { ...spent, replayed };
  }

  /** Opens a checkout for a package or an offer: send the person to its `url`. */
  checkout(packageType, { currency, returnUrl, cancelUrl, withdrawalWaiver, idempotencyKey, signal } = {}) {
    const body = {
      package_type: packageType,
      currency,
      return_url: returnUrl,
      cancel_url: cancelUrl,
      withdrawal_waiver: withdrawalWaiver,
    };
    const key = idempotencyKey ?? newKey();
    return this.#call("POST", "/api/create-checkout-session", { body, idempotencyKey: key, signal });
  }

  /** Waits until a payment is decided; after `timeoutSeconds` returns what is known, or null. */
  async confirmed(sessionId, { timeoutSeconds = CONFIRM_SECONDS, signal } = {}) {
    const deadline = Date.now() + timeoutSeconds * 1000;
    for (let wait = 0.5; ; wait = Math.min(wait * 1.5, LONGEST_PAUSE_SECONDS)) {
      const answer = await this.#credits({ limit: 1, session_id: sessionId }, signal);
      const { purchase, purchase_lookup: lookup } = answer;
      if (isDecided(purchase) || lookup === "not_found" || Date.now() + wait * 1000 > deadline) return purchase;
      await pause(wait, signal);
    }
  }

  #credits(query, signal) {
    const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
    return this.#call("GET", `/api/credits?${new URLSearchParams(given)}`, { signal });
  }

  #call(method, path, { body, idempotencyKey, isPublic = false, ...more }) {
    const headers = idempotencyKey === undefined ? {} : { "Idempotency-Key": idempotencyKey };
    const token = () => (typeof this.#accessToken === "function" ? this.#accessToken() : this.#accessToken);
    return repeated({
      ...this.#options,
      ...more,
      idempotencyKey,
      refusal: refusalOfSite,
      request: async () => {
        const caller = isPublic ? {} : bearer(await token());
        return [this.#site + path, { method, headers: { ...headers, ...caller }, body }];
      },
    });
  }
}

/** Any user's purse, for the app's server: Postgres functions by the Supabase secret key. */
export class ServerPurse {
  #rpc;
  #secretKey;
  #options;

  constructor({ supabaseUrl, secretKey, ...options }) {
    if (typeof document !== "undefined") throw new Error("The secret key must never be in a browser.");
    if (!supabaseUrl || !secretKey) throw new TypeError("ServerPurse needs supabaseUrl and secretKey.");
    this.#rpc = `${String(supabaseUrl).replace(/\/+$/, "")}/rest/v1/rpc/`;
    this.#secretKey = secretKey;
    this.#options = options;
  }

  /** Runs `work` for a feature's price: holds it first, captures it on success, else releases it. */
  async paid(feature, user, work, { quantity = 1, atMost, holdSeconds = HOLD_SECONDS, idempotencyKey } = {}) {
    const held = await this.hold(feature, user, { quantity, seconds: holdSeconds, idempotencyKey });
    if (held.status !== "held") {
      const message = "This was asked for before and has ended. Start again.";
      throw new ConflictError({ code: `hold_${held.status}`, status: 409, message });
    }
    const job = { hold: held, charge: held.credits };
    let result;
    try {
      result = await work(job);
    } catch (error) {
      await this.#releaseIfPossible(held.hold_id);
      throw error;
    }
    if (job.charge === 0) await this.#releaseIfPossible(held.hold_id);
    else await this.#captureOrRelease(job, atMost);
    return result;
  }

  /** Balance, held and available credits of a user. */
  async balance(user, { signal } = {}) {
    return summary(await this.#credits(user, { signal }));
  }

  /** A page of a user's history, newest first; `kind`, `feature` and `q` choose as in Purse.history. */
  async history(user, { kind, feature, q, ...options } = {}) {
    const chosen = { p_kinds: kinds(kind), p_feature: feature, p_query: q?.trim() || undefined };
    const { transactions, next_cursor } = await this.#credits(user, { limit: 20, ...options, chosen });
    return { transactions, next_cursor };
  }

  /** Spends what a feature costs. */
  spend(feature, user, { quantity = 1, idempotencyKey, signal } = {}) {
    const about = { p_user_id: user, p_feature: feature, p_quantity: quantity };
    return this.#call("spend_credits", about, { idempotencyKey: idempotencyKey ?? newKey(), signal });
  }

  /** Sets a feature's price aside; the hold lapses by itself after `seconds`. */
  hold(feature, user, { quantity = 1, seconds = HOLD_SECONDS, idempotencyKey, signal } = {}) {
    const about = { p_user_id: user, p_feature: feature, p_quantity: quantity, p_seconds: seconds };
    return this.#call("hold_credits", about, { idempotencyKey: idempotencyKey ?? newKey(), signal });
  }

  /** Spends a hold: whole, or `charge` credits of it; up to `atMost` if the excess is free. */
  capture(holdId, { charge = null, atMost = null, signal } = {}) {
    return this.#call("capture_hold", { p_hold_id: holdId, p_credits: charge, p_at_most: atMost }, { signal });
  }

  /** Sets a hold's credits free again. */
  async release(holdId, { signal } = {}) {
    await this.#call("release_hold", { p_hold_id: holdId }, { signal });
  }

  /** A capture that was refused frees the credits. One without an answer may have spent them. */
  async #captureOrRelease({ hold, charge }, atMost) {
    try {
      await this.capture(hold.hold_id, { charge, atMost });
    } catch (error) {
      if (!(error instanceof UnavailableError)) await this.#releaseIfPossible(hold.hold_id);
      throw error;
    }
  }

  /** A failed release hides no other error: the hold lapses by itself. */
  async #releaseIfPossible(holdId) {
    try {
      await this.release(holdId);
    } catch (error) {
      if (!(error instanceof PurseError)) throw error;
    }
  }

  #credits(user, { limit = 1, cursor = null, chosen = {}, signal } = {}) {
    const about = { p_user_id: user, p_limit: limit, p_cursor: cursor, ...chosen };
    return this.#call("refresh_credits", about, { signal });
  }

  #call(name, given, { idempotencyKey, signal }) {
    const key = this.#secretKey;
    const body = idempotencyKey === undefined ? given : { ...given, p_idempotency_key: idempotencyKey };
    const headers = { apikey: key, ...bearer(key) };
    return repeated({
      ...this.#options,
      idempotencyKey,
      signal,
      refusal: refusalOfDatabase,
      request: () => [this.#rpc + name, { method: "POST", headers, body }],
    });
  }
}

/** Sends a request until it is answered, refused, or the patience is over. */
async function repeated({ request, refusal, idempotencyKey, patienceSeconds = PATIENCE_SECONDS, signal, ...options }) {
  const deadline = Date.now() + patienceSeconds * 1000;
  for (let backOff = 0.5; ; backOff = Math.min(backOff * 2, LONGEST_PAUSE_SECONDS)) {
    try {
      return await answered(await request(), { refusal, signal, ...options });
    } catch (error) {
      if (error instanceof PurseError) error.idempotencyKey = idempotencyKey ?? null;
      const wait = error.retryAfterSeconds ?? backOff;
      if (!(error instanceof UnavailableError) || Date.now() + wait * 1000 > deadline) throw error;
      await pause(wait, signal);
    }
  }
}

async function answered([url, { method, headers, body }], { refusal, signal, onHeaders, ...options }) {
  const { timeoutSeconds = TIMEOUT_SECONDS, fetch = globalThis.fetch } = options;
  signal?.throwIfAborted();
  const ending = new AbortController();
  const abort = () => ending.abort();
  const timer = setTimeout(abort, timeoutSeconds * 1000);
  signal?.addEventListener("abort", abort);
  let response, text;
  try {
    response = await fetch(url, {
      method,
      headers: { Accept: "application/json", ...(body ? { "Content-Type": "application/json" } : {}), ...headers },
      body: body && JSON.stringify(body),
      signal: ending.signal,
    });
    text = await response.text();
  } catch {
    signal?.throwIfAborted();
    throw new UnavailableError({
      code: "no_answer",
      status: 0,
      message: "No answer came, so the outcome is unknown. Try again with the same idempotency key.",
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
  const answer = parsed(text);
  if (response.ok && answer !== undefined) {
    onHeaders?.(response.headers);
    return answer;
  }
  const seconds = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  throw refusal(response.ok ? 502 : response.status, answer, Number.isNaN(seconds) ? null : seconds);
}

/** An integer that JavaScript would round is refused: nothing here is nearly a balance. */
function parsed(text) {
  if (text === "") return null;
  for (const [token] of /\d{16}/.test(text) ? text.matchAll(/"(?:[^"\\]|\\.)*"|\d{16,}/g) : []) {
    if (token[0] === '"' || Number.isSafeInteger(Number(token))) continue;
    throw new PurseError({ code: "inexact_number", status: 200, message: `JavaScript cannot hold ${token} exactly.` });
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusalOfSite(status, answer, retryAfterSeconds) {
  const { code, message = `HTTP ${status}`, ...details } = answer?.error ?? {};
  // Something in between answered, not the site: the outcome is unknown.
  if (code === undefined && status >= 500) return unknownOutcome(status, retryAfterSeconds);
  return errorOf({ status, code: code ?? `http_${status}`, message, details, retryAfterSeconds });
}

/** PostgREST's error: our refusals have an SQLSTATE PTxyz, where xyz is the HTTP status. */
function refusalOfDatabase(status, error, retryAfterSeconds) {
  const { code: state, details, message = `HTTP ${status}` } = error ?? {};
  const code = typeof state === "string" ? state : `http_${status}`;
  if (code === "PT402")
    return errorOf({ status: 402, code: "insufficient_credits", message, details: JSON.parse(details) });
  if (/^PT\d{3}$/.test(code)) {
    // The detail is our code, or the number that the caller has to keep to.
    const reason = /^[a-z_]+$/.test(details ?? "") ? details : "out_of_bounds";
    const refused = Number(code.slice(2));
    return errorOf({ status: refused, code: reason, message, details: { detail: details }, retryAfterSeconds });
  }
  // No connection, out of resources, shutting down, a lock that is not free in time, read-only.
  const isPassing = /^(?:PGRST00[0-3]|08|53|57|40|55P03|25006)/.test(code);
  if (!isPassing && status >= 500) return unknownOutcome(status, retryAfterSeconds);
  return errorOf({ status: isPassing ? 503 : status, code, message, retryAfterSeconds });
}

function unknownOutcome(status, retryAfterSeconds) {
  const message = "No usable answer came, so the outcome is unknown. Try again with the same idempotency key.";
  return new UnavailableError({ code: `http_${status}`, status, message, retryAfterSeconds });
}

function errorOf(about) {
  const { status } = about;
  if (status === 401) return new UnauthorizedError(about);
  if (status === 402) return new InsufficientCreditsError(about);
  if (status === 409) return new ConflictError(about);
  return new ([429, 503, 504].includes(status) ? UnavailableError : PurseError)(about);
}

function summary({ balance, held, available, low, low_threshold, next_expiry }) {
  return { balance, held, available, low, low_threshold, next_expiry };
}

function isDecided(purchase) {
  if (purchase?.status !== "paid") return purchase !== null && purchase.status !== "open";
  return purchase.credited === purchase.credits || purchase.refunded > 0;
}

/** One kind or several, as a list; undefined for none. */
function kinds(kind) {
  const list = [kind ?? []].flat();
  return list.length > 0 ? list : undefined;
}

function bearer(token) {
  return token ? { Authorization: `Bearer ${token}` } : {};
}

function newKey() {
  return crypto.randomUUID();
}

function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const abort = () => (clearTimeout(timer), reject(signal.reason));
    const timer = setTimeout(() => (signal?.removeEventListener("abort", abort), resolve()), seconds * 1000);
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { once: true });
  });
}
