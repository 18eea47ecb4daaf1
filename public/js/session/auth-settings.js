import * as auth from "./auth-client.js";
import { loadConfig } from "../lib/config.js";

/**
 * @typedef {{ external: Record<string, boolean>, disable_signup?: boolean,
 *   password_min_length?: number }} AuthSettings
 */

/** @type {Promise<AuthSettings> | null} */
let known = null;

/** Reads the Supabase project's settings, once a page; a failure is not kept. */
export function loadAuthSettings() {
  known ??= auth.readSettings().catch((error) => {
    known = null;
    throw error;
  });
  return /** @type {Promise<AuthSettings>} */ (known);
}

/** The fewest characters of a password: as the project tells, else as this deployment is set. */
export async function passwordMinLength() {
  const [settings, config] = await Promise.all([loadAuthSettings().catch(() => null), loadConfig()]);
  return settings?.password_min_length ?? config.password_min_length;
}
