import { language, t } from "./texts.js";

/** HTML is in English: data-text names the text that takes its place. @param {ParentNode} place */
export function translate(place) {
  for (const element of place.querySelectorAll("[data-text]")) {
    const text = t(element.getAttribute("data-text") ?? "");
    if (element instanceof HTMLMetaElement) element.content = text;
    else element.textContent = text;
  }
}

document.documentElement.lang = language;
translate(document);
document.documentElement.removeAttribute("data-translating");
