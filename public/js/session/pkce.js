const VERIFIER_BYTES = 48;

/** A secret that stays in this browser: a link counts only together with it (RFC 7636). @returns {string} */
export const newVerifier = () => base64url(crypto.getRandomValues(new Uint8Array(VERIFIER_BYTES)));

/**
 * Returns the hash of the secret, as Supabase Auth takes it. Browsers hash only on https and on localhost;
 * on another address without https the secret itself is sent.
 * @param {string} verifier
 * @returns {Promise<import("./auth-client.js").Challenge>}
 */
export async function challengeOf(verifier) {
  if (!crypto.subtle) return { code_challenge: verifier, code_challenge_method: "plain" };
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return { code_challenge: base64url(new Uint8Array(hash)), code_challenge_method: "s256" };
}

/** @param {Uint8Array} bytes */
const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
