/**
 * @typedef {{ personId: string, state: string }} News  state: what a tab has read of this person's credits, to compare
 */

const NAME = `purse ${new URL(import.meta.url).origin}`;

/**
 * What the tabs of this browser tell each other about a person's credits, as "news". A page that was left has no
 * channel: an open one keeps some browsers from showing it again as it was.
 */
class Tabs extends EventTarget {
  /** @type {BroadcastChannel | null} */
  #channel = null;

  constructor() {
    super();
    addEventListener("pagehide", () => this.#close());
    addEventListener("pageshow", () => this.#open());
    this.#open();
  }

  /** @param {News} news */
  tell(news) {
    this.#channel?.postMessage(news);
  }

  #open() {
    if (this.#channel) return;
    this.#channel = new BroadcastChannel(NAME);
    this.#channel.addEventListener("message", ({ data }) => {
      if (isNews(data)) this.dispatchEvent(new CustomEvent("news", { detail: data }));
    });
  }

  #close() {
    this.#channel?.close();
    this.#channel = null;
  }
}

/** Any page of this origin may speak on the channel, also an older version of ours. @param {any} data */
const isNews = (data) => typeof data?.personId === "string" && typeof data.state === "string";

export const tabs = new Tabs();
