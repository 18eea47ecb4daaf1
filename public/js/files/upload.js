import { RequestError } from "../lib/http.js";

/** An upload may take as long as it moves. */
const STALLED_AFTER_SECONDS = 60;

/**
 * Puts a file where the server said. XMLHttpRequest, because fetch does not tell how far it is.
 * @param {import("./files-api.js").UploadTarget} target
 * @param {File} file
 * @param {{ onProgress: (share: number) => void, signal: AbortSignal }} options share: 0 to 1
 * @returns {Promise<void>}
 */
export function upload({ method, url, headers }, file, { onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const fail = () => reject(failure(request));
    const stall = patience(() => request.abort());
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => {
      stall.begin();
      onProgress(total ? loaded / total : 0);
    };
    request.onload = () => (request.status >= 200 && request.status < 300 ? resolve() : fail());
    request.onerror = request.onabort = fail;
    request.onloadend = () => stall.end();
    signal.addEventListener("abort", () => request.abort(), { once: true });
    stall.begin();
    request.send(file);
  });
}

/** @param {() => void} onStall */
function patience(onStall) {
  /** @type {number | undefined} */
  let timer;
  const end = () => clearTimeout(timer);
  const begin = () => {
    end();
    timer = setTimeout(onStall, STALLED_AFTER_SECONDS * 1000);
  };
  return { begin, end };
}

/** @param {XMLHttpRequest} request */
function failure({ status }) {
  if (status) return new RequestError({ status, code: "upload_refused" });
  return new RequestError({ status: 0, code: navigator.onLine ? "upload_interrupted" : "offline" });
}
