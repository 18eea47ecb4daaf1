/**
 * The policy that a deployment's pages carry themselves. The header of vercel.json is the same for every deployment
 * and allows every Supabase project; a page has to keep to both, so this narrows it to the one that is configured.
 */

/** Besides our own site. As the providers' documentation says. @type {Record<string, string[]>} */
const CAPTCHA_HOSTS = {
  hcaptcha: ["https://hcaptcha.com", "https://*.hcaptcha.com"],
  turnstile: ["https://challenges.cloudflare.com"],
};
/**
 * No other character may reach the policy: a semicolon would begin a directive, a star would allow every host, and a
 * quotation mark would end the page's attribute.
 */
const ORIGIN = /^https?:\/\/[a-z0-9_.-]+(:[0-9]+)?$/;
const PROJECT = /^([a-z0-9]+)\.supabase\.co$/;

/**
 * @param {Record<string, string | undefined>} env the deployment's variables
 * @returns {string | null} null: the project is not known at build
 */
export function connectPolicy(env) {
  const project = origin(env.SUPABASE_URL);
  if (!project) return null;
  const storage = origin(env.STORAGE_S3_ENDPOINT) ?? storageOf(project);
  const provider = env.CAPTCHA_PROVIDER?.trim() || "hcaptcha";
  const captcha = env.CAPTCHA_SITE_KEY?.trim() ? (CAPTCHA_HOSTS[provider] ?? []) : [];
  const allowed = new Set(["'self'", project, ...(storage ? [storage] : []), ...captcha]);
  return `connect-src ${[...allowed].join(" ")}`;
}

/** An address that is none is told by /api/health. @param {string | undefined} address */
function origin(address = "") {
  if (!URL.canParse(address.trim())) return null;
  const url = new URL(address.trim());
  return ORIGIN.test(url.origin) ? url.origin : null;
}

/** The project's own endpoint for files, where none is set. @param {string} project */
function storageOf(project) {
  const [, reference] = PROJECT.exec(new URL(project).hostname) ?? [];
  return reference ? `https://${reference}.storage.supabase.co` : null;
}
