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
 * @typedef {{ method?: string, headers?: Record<string, string>, body?: unknown, cache?: RequestCache,
 *   timeoutSeconds?: number, begun?: Promise<Response> }} RequestOptions  begun: this request, where it is under way
 */

/**
 * Fetches JSON; anything but a 2xx with a readable answer is a RequestError.
 * @param {string} url of another site, or a path of this one, wherever the page is
 * @param {RequestOptions} [options]
 * @returns {Promise<any>}
 */
export async function requestJson(url, options) {
  const [response, answer] = await exchange(url, options, (received) => received.text());
  const data = parse(answer);
  if (response.ok && data !== undefined) return data;
  throw refusal(response, data);
}

/**
 * Fetches a file; anything but a 2xx is a RequestError.
 * @param {string} url
 * @param {RequestOptions} [options]
 * @returns {Promise<{ file: Blob, headers: Headers }>}
 */
export async function requestFile(url, options) {
  const [response, file] = await exchange(url, options, (received) => received.blob());
  if (response.ok) return { file, headers: response.headers };
  throw refusal(response, parse(await file.text()));
}

/**
 * @template T
 * @param {string} url
 * @param {RequestOptions | undefined} options
 * @param {(response: Response) => Promise<T>} read
 * @returns {Promise<[Response, T]>}
 */
async function exchange(url, { body, headers, timeoutSeconds = TIMEOUT_SECONDS, begun, ...init } = {}, read) {
  /** @type {Record<string, string>} */
  const json = body === undefined ? {} : { "Content-Type": "application/json" };
  try {
    const send = () =>
      fetch(new URL(url, import.meta.url), {
        ...init,
        headers: { Accept: "application/json", ...json, ...headers },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(timeoutSeconds * 1000),
      });
    const response = await (begun ?? send());
    return [response, await read(response)];
  } catch {
    throw new RequestError({ status: 0, code: navigator.onLine ? "unreachable" : "offline" });
  }
}

/** @param {Response} response @param {unknown} data what it says about itself */
function refusal(response, data) {
  return new RequestError({
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
