import { session } from "./session.js";
import { t } from "./texts.js";

/** @typedef {{ problem: string | null }} LinkOutcome */

/**
 * Takes in what a confirmation link left in the address: tokens, or why the link did not work.
 * The address is cleaned first, so that neither a reload nor a copied link carries a token.
 * @returns {Promise<LinkOutcome>}
 */
export async function takeSessionLink() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  // What the link says of it is not shown: anybody can write a link.
  const failed = fragment.has("error") || fragment.has("error_code") || fragment.has("error_description");
  const tokens = {
    access_token: fragment.get("access_token") ?? "",
    refresh_token: fragment.get("refresh_token") ?? "",
    expires_in: Number(fragment.get("expires_in") ?? 0),
  };
  if (!failed && !tokens.access_token) return { problem: null };
  history.replaceState(history.state, "", location.pathname + location.search);
  if (failed) return { problem: t("auth.link_failed") };
  // Nobody who is signed in is moved to another account by following a link.
  if (session.user) return { problem: null };
  try {
    await session.adopt(tokens);
    return { problem: null };
  } catch {
    return { problem: t("auth.link_elsewhere") };
  }
}
