import { requestJson } from "./http.js";

/**
 * @typedef {{ supabase_url: string, publishable_key: string, payments_enabled: boolean,
 *   files_enabled: boolean, currency: string | null, shop: import("./shop.js").Identity, password_min_length: number,
 *   self_refund_days: number, withdrawal: { days: number, waiver: string | null },
 *   tax: "inclusive" | "exclusive" | null,
 *   captcha: { provider: "hcaptcha" | "turnstile", site_key: string } | null }} Config
 */

/** An answer that was asked for since then is fresh: a page's parts all begin at once. */
const FRESH_FOR_MS = 5000;

/** @type {Promise<Config> | null} */
let known = null;
let askedAt = -Infinity;

/**
 * What this deployment is connected to. Asked once a page, and again when `fresh`; a failure is not kept.
 * @param {{ fresh?: boolean }} [options]
 * @returns {Promise<Config>}
 */
export function loadConfig({ fresh = false } = {}) {
  const isOld = performance.now() - askedAt > FRESH_FOR_MS;
  if (fresh && isOld) known = null;
  known ??= ask(fresh && askedAt > 0 ? "no-cache" : "default");
  return known;
}

/** @param {RequestCache} cache @returns {Promise<Config>} */
function ask(cache) {
  askedAt = performance.now();
  return requestJson("/api/config", { cache }).catch((error) => {
    known = null;
    throw error;
  });
}
