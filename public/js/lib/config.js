import { requestJson } from "./http.js";

/**
 * @typedef {{ supabase_url: string, publishable_key: string, payments_enabled: boolean,
 *   files_enabled: boolean, currency: string | null, shop: import("./shop.js").Identity, password_min_length: number,
 *   self_refund_days: number, withdrawal: { days: number, waiver: string | null },
 *   tax: "inclusive" | "exclusive" | null,
 *   captcha: { provider: "hcaptcha" | "turnstile", site_key: string } | null }} Config
 */

/** @type {Promise<Config> | null} */
let known = null;

/**
 * What this deployment is connected to. Asked once a page, and again when `fresh`; a failure is not kept.
 * @param {{ fresh?: boolean }} [options]
 * @returns {Promise<Config>}
 */
export function loadConfig({ fresh = false } = {}) {
  if (fresh) known = null;
  known ??= requestJson("/api/config").catch((error) => {
    known = null;
    throw error;
  });
  return known;
}
