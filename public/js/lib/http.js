const TIMEOUT_SECONDS = 20;
const LONGEST_RETRY_AFTER_SECONDS = 300;

/** A request that did not succeed. `status` is 0 when no answer came at all. */
export class RequestError extends Error {
  /**
   * @param {{ status: number, code: string, message?: string, details?: Record<string, unknown>,
   *   retryAfterSeconds?: number | null }} about
   */
  constructor({ status, code, message = "", details = {}, retryAfterSeconds = null }) {
    super(message || code);
    this.name = "RequestError";
    this.status = status;
    this.code = code;
    this.sentence = message;
    this.details = details;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/**
 * Fetches JSON; anything but a 2xx with a readable answer is a RequestError.
 * @param {string} url
 * @param {{ method?: string, headers?: Record<string, string>, body?: unknown, cache?: RequestCache,
 *   timeoutSeconds?: number, begun?: Promise<Response> }} [options] begun: this request, where it is under way
 * @returns {Promise<any>}
 */
export async function requestJson(url, { body, headers, timeoutSeconds = TIMEOUT_SECONDS, begun, ...init } = {}) {
  /** @type {Record<string, string>} */
  const json = body === undefined ? {} : { "Content-Type": "application/json" };
  let response;
  let answer;
  try {
    const send = () =>
      fetch(url, {
        ...init,
        headers: { Accept: "application/json", ...json, ...headers },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(timeoutSeconds * 1000),
      });
    response = await (begun ?? send());
    answer = await response.text();
  } catch {
    throw new RequestError({ status: 0, code: navigator.onLine ? "unreachable" : "offline" });
  }
  const data = parse(answer);
  if (response.ok && data !== undefined) return data;
  throw new RequestError({
    status: response.ok ? 502 : response.status,
    ...describe(data),
    retryAfterSeconds: retryAfter(response.headers.get("Retry-After")),
  });
}

/** @param {string} text */
function parse(text) {
  if (text === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Our functions answer {error: {code, message}}, some with more beside them; Supabase Auth {error_code, msg}.
 * @param {any} data
 */
function describe(data) {
  const { code, message, ...details } = Object(data?.error);
  if (data?.weak_password?.reasons) details.reasons = data.weak_password.reasons;
  return {
    code: String(code ?? data?.error_code ?? "unknown"),
    message: String(message ?? data?.msg ?? ""),
    details,
  };
}

/** @param {string | null} header seconds, the only form our functions send */
function retryAfter(header) {
  const seconds = Number(header);
  return header && seconds > 0 ? Math.min(Math.ceil(seconds), LONGEST_RETRY_AFTER_SECONDS) : null;
}
