import { newVerifier } from "./pkce.js";

/**
 * A request of this browser that a mail or a provider completes.
 * @typedef {"sign-up" | "sign-in" | "recovery" | "address" | "provider"} Purpose
 * @typedef {{ purpose: Purpose, verifier: string, email: string, at: number, back: string,
 *   packageId: string | null }} Errand
 *   at: when, in ms since 1970; back: the page to go on with; packageId: the pack to go on with
 */

const KEY = "purse.errands";
const KEPT_FOR_MS = 24 * 60 * 60 * 1000;
/** As long as a code holds. A phone may load this page anew while its person reads the mail. */
const CODE_HOLDS_MS = 60 * 60 * 1000;
/** Supabase Auth mails one address no more often than this. */
const RESEND_AFTER_SECONDS = 60;

/** All errands that may still come back, newest first. @returns {Errand[]} */
export function errands() {
  try {
    /** @type {Errand[]} */
    const all = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return all.filter(({ at }) => Date.now() - at < KEPT_FOR_MS);
  } catch {
    return [];
  }
}

/** The errand of a purpose, if there is one. @param {Purpose} purpose */
export const errandFor = (purpose) => errands().find((errand) => errand.purpose === purpose) ?? null;

/**
 * Begins an errand, or repeats it: the secret stays, so that the newest mail counts whichever was asked for.
 * @param {Purpose} purpose
 * @param {{ email?: string, back?: string, packageId?: string | null }} about
 * @returns {Errand}
 */
export function beginErrand(purpose, { email = "", back, packageId } = {}) {
  const known = errandFor(purpose);
  const errand = {
    purpose,
    verifier: known?.verifier ?? newVerifier(),
    email,
    at: Date.now(),
    back: back ?? known?.back ?? "/",
    // Only the pack that is wanted now: one that was given up must not come back.
    packageId: packageId ?? null,
  };
  write([errand, ...errands().filter((other) => other.purpose !== purpose)]);
  return errand;
}

/** @param {Purpose} purpose */
export function endErrand(purpose) {
  write(errands().filter((errand) => errand.purpose !== purpose));
}

/** Undoes beginErrand. @param {Purpose} purpose @param {Errand | null} before */
export function putBack(purpose, before) {
  const others = errands().filter((errand) => errand.purpose !== purpose);
  write(before ? [before, ...others] : others);
}

/** Forgets all errands: signing out leaves no address behind. */
export const forgetErrands = () => write([]);

/** Whether the code of its mail may still be entered. @param {Errand} errand */
export const isCodeAwaited = ({ at }) => Date.now() - at < CODE_HOLDS_MS;

/** How many seconds until the next mail may be asked for. @param {Errand | null} errand */
export const waitSeconds = (errand) =>
  errand ? Math.max(0, Math.ceil(RESEND_AFTER_SECONDS - (Date.now() - errand.at) / 1000)) : 0;

/** @param {Errand[]} all */
function write(all) {
  try {
    if (all.length) localStorage.setItem(KEY, JSON.stringify(all));
    else localStorage.removeItem(KEY);
  } catch {
    // The link then leads to where the code of the mail is asked for.
  }
}
