import * as auth from "./auth-client.js";
import { loadAuthSettings } from "./auth-settings.js";
import { h } from "../lib/dom.js";
import { session } from "./session.js";
import { errandOptions } from "./sign-in-mails.js";
import { t } from "../lib/texts.js";

/** The providers' own names, by Supabase's. @type {Record<string, string>} */
const NAMES = {
  apple: "Apple",
  azure: "Microsoft",
  bitbucket: "Bitbucket",
  discord: "Discord",
  facebook: "Facebook",
  figma: "Figma",
  fly: "Fly.io",
  github: "GitHub",
  gitlab: "GitLab",
  google: "Google",
  kakao: "Kakao",
  keycloak: "Keycloak",
  linkedin_oidc: "LinkedIn",
  notion: "Notion",
  slack_oidc: "Slack",
  snapchat: "Snapchat",
  spotify: "Spotify",
  twitch: "Twitch",
  twitter: "X",
  workos: "WorkOS",
  zoom: "Zoom",
};

/** A button for each provider that the Supabase project has; nothing where it has none. */
class AuthProviders extends HTMLElement {
  connectedCallback() {
    this.hidden = true;
    session.addEventListener("change", () => this.#load());
    this.#load();
  }

  async #load() {
    if (session.user || this.hasChildNodes()) return;
    // Without an answer people sign in by the form.
    const { external } = await loadAuthSettings().catch(() => ({ external: {} }));
    const names = Object.keys(NAMES).filter(
      (name) => /** @type {Record<string, boolean>} */ (external)[name],
    );
    if (!names.length) return;
    this.replaceChildren(h("p", { class: "auth__or" }, t("auth.or")), ...names.map(providerButton));
    this.hidden = false;
  }
}

/** @param {string} name */
function providerButton(name) {
  const leave = async () => {
    const { challenge, returnTo } = await errandOptions("provider", {
      back: location.pathname + location.search,
    });
    location.assign(await auth.providerAddress(name, challenge, returnTo));
  };
  return h(
    "button",
    { class: "button button--quiet button--wide", type: "button", onclick: leave },
    t("auth.provider", { name: NAMES[name] }),
  );
}

customElements.define("auth-providers", AuthProviders);
