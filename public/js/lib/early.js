// A deploy puts it into the pages themselves, and their policy allows it by its hash. It runs before the first
// paint, so that nobody sees the page of the other state, other colours, or another language flash by. session.js,
// shop.js and texts.js keep the marks true from then on. It also asks for what the modules will ask for, because
// they take a while to load.
(function () {
  const PAUSE_MS = 2000;
  const root = document.documentElement;
  const { ask, askFiles, readSignedOut, signedIn, signedOut, later, ...texts } = document.currentScript?.dataset ?? {};
  let session = null;
  let hasFiles = false;
  try {
    session = JSON.parse(localStorage.getItem("purse.session") ?? "null");
    const shop = JSON.parse(localStorage.getItem("purse.shop") ?? "null");
    hasFiles = shop?.files === true;
    const { color } = shop?.identity ?? {};
    if (color) {
      root.toggleAttribute("data-branded", true);
      root.style.setProperty("--brand", color);
    }
    const used = localStorage.getItem("purse.texts") ?? "en";
    if (Object.hasOwn(texts, used)) {
      root.lang = used;
      root.toggleAttribute("data-translating", true);
      loadModules(texts[used]);
    }
  } catch {
    // Without storage the page begins signed out, in its own colours and in English.
  }
  root.dataset.session = session ? "in" : "out";
  if (readSignedOut && !session) load({ rel: "preload", as: "fetch", crossOrigin: "", href: readSignedOut });
  loadModules(session ? signedIn : signedOut);
  // What may be wanted later is there then, also after a deploy that removes it. The page itself comes first.
  const loadOthers = () => [signedIn, signedOut, later].forEach(loadModules);
  addEventListener("load", () => setTimeout(loadOthers, PAUSE_MS));
  askFor([ask, hasFiles && askFiles], session ?? {});
  // The first number that a page writes takes a browser long. There is time for it while everything is on its way.
  setTimeout(() => new Intl.NumberFormat(root.lang));

  addEventListener("error", ({ target }) => recover(/** @type {HTMLScriptElement & HTMLLinkElement} */ (target)), true);

  /** @param {string | undefined} addresses with spaces between them */
  function loadModules(addresses) {
    for (const href of addresses?.match(/\S+/g) ?? []) load({ rel: "modulepreload", href });
  }

  /** @param {Partial<HTMLLinkElement>} link */
  function load(link) {
    document.head.append(Object.assign(document.createElement("link"), link));
  }

  /**
   * A deploy while the page loads: the files of this version are gone. The page is loaded anew, at most once a
   * minute. A browser may have kept that a file is missing, so it asks for it once more.
   * @param {HTMLScriptElement & HTMLLinkElement} element
   */
  async function recover({ src, href }) {
    const address = src || href;
    if (!address || !new URL(address, location.href).pathname.startsWith("/assets/")) return;
    try {
      if (Date.now() - Number(sessionStorage.getItem("purse.reloaded")) < 60_000) return;
      sessionStorage.setItem("purse.reloaded", String(Date.now()));
    } catch {
      return;
    }
    await fetch(address, { cache: "reload" }).catch(() => null);
    location.reload();
  }

  /**
   * With a token that session.js would use as it is: it refreshes one that ends within a minute.
   * early-answers.js hands the answers over.
   * @param {(string | false | undefined)[]} paths
   * @param {{ access_token?: string, expires_at?: number, user?: { id?: string } }} session
   */
  function askFor(paths, { access_token: token, expires_at, user }) {
    if (!token || !user?.id || !(Number(expires_at) - Date.now() / 1000 > 60)) return;
    const answers = new Map();
    for (const path of paths) {
      // The token is for our own functions alone.
      if (!path || !path.startsWith("/api/")) continue;
      const answer = fetch(path, {
        headers: { Accept: "application/json", Authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(20_000),
      });
      // Whoever takes the answer hears of the failure.
      answer.catch(() => null);
      answers.set(path, answer);
    }
    Object.assign(globalThis, { purseEarly: { token, answers } });
  }
})();
